"""Office hours as values: checking them, drawing them, and saying what they mean right now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any, NamedTuple

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WORKING_DAYS = 5
# A longer gap between two open spells is a split day, not a lunch.
LONGEST_LUNCH = 2.5


class Span(NamedTuple):
    """Open from one time to another on a weekday (0 = Monday)."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True)
class DayHours:
    """One weekday as a form has it: open from, to, and closed for lunch from, to."""

    weekday: int
    opens: time | None = None
    closes: time | None = None
    lunch_from: time | None = None
    lunch_to: time | None = None

    @property
    def fault(self) -> str:
        """What is wrong with it, or ''."""
        if (self.opens is None) != (self.closes is None):
            return "Give both the opening and the closing time, or neither."
        if (self.lunch_from is None) != (self.lunch_to is None):
            return "Give both the start and the end of lunch, or neither."
        if self.opens is None or self.closes is None:
            return "Give the opening hours too." if self.lunch_from else ""
        if self.closes <= self.opens:
            return "It must close after it opens."
        if self.lunch_from and self.lunch_to and not self.opens < self.lunch_from < self.lunch_to < self.closes:
            return "Lunch must lie inside the opening hours."
        return ""

    @property
    def spans(self) -> list[Span]:
        """The open spells of the day; only of a day without fault."""
        if self.opens is None or self.closes is None:
            return []
        if self.lunch_from is None or self.lunch_to is None:
            return [Span(self.weekday, self.opens, self.closes)]
        return [Span(self.weekday, self.opens, self.lunch_from), Span(self.weekday, self.lunch_to, self.closes)]


def hour_of(moment: time) -> float:
    """`time(8, 30)` -> 8.5."""
    return moment.hour + moment.minute / 60


def clock_words(moment: time) -> str:
    """`time(12)` -> `12 pm`, `time(8, 30)` -> `8:30 am`."""
    half = "am" if moment.hour < 12 else "pm"  # noqa: PLR2004 noon
    hour = moment.hour % 12 or 12
    return f"{hour}:{moment.minute:02d} {half}" if moment.minute else f"{hour} {half}"


def day_hours(spans: Iterable[Any], weekday: int) -> DayHours:
    """What a form shows of the stored spans of a weekday: a second spell means that lunch lies between."""
    day = sorted((s for s in spans if s.weekday == weekday), key=lambda s: s.opens)
    if not day:
        return DayHours(weekday)
    if len(day) == 1:
        return DayHours(weekday, day[0].opens, day[0].closes)
    return DayHours(weekday, day[0].opens, day[-1].closes, day[0].closes, day[1].opens)


def lunch_of(spans: Iterable[Any], weekday: int) -> tuple[time, time] | None:
    """When the office closes for lunch on a weekday, if it does."""
    day = day_hours(spans, weekday)
    if day.lunch_from is None or day.lunch_to is None:
        return None
    is_lunch = hour_of(day.lunch_to) - hour_of(day.lunch_from) <= LONGEST_LUNCH
    return (day.lunch_from, day.lunch_to) if is_lunch else None


def drawing(spans: Sequence[Any]) -> list[dict[str, Any]]:
    """The rows of the `hours` macro; Saturday and Sunday only when it opens then."""
    last = max([WORKING_DAYS - 1, *(s.weekday for s in spans)])
    rows = []
    for weekday in range(last + 1):
        lunch = lunch_of(spans, weekday)
        day = sorted((hour_of(s.opens), hour_of(s.closes)) for s in spans if s.weekday == weekday)
        closed = [(hour_of(lunch[0]), hour_of(lunch[1]))] if lunch else []
        rows.append({"day": WEEKDAYS[weekday][:3], "open": day, "closed": closed})
    return rows


def scale(spans: Sequence[Any]) -> tuple[int, int]:
    """The first and last hour of the drawing."""
    opens = [int(hour_of(s.opens)) for s in spans]
    closes = [-int(-hour_of(s.closes) // 1) for s in spans]
    return min([8, *opens]) - 1, max([17, *closes]) + 1


def state_words(spans: Sequence[Any], weekday: int, now: time) -> str:
    """`Open now until 12 pm`, `Closed for lunch until 1 pm`, `Opens at 8 am`, `Closed for today`."""
    day = sorted((s for s in spans if s.weekday == weekday), key=lambda s: s.opens)
    if not day:
        return "Closed today" if spans else ""
    for span in day:
        if span.opens <= now < span.closes:
            return f"Open now until {clock_words(span.closes)}"
    later = [span for span in day if span.opens > now]
    if not later:
        return "Closed for today"
    if len(later) == len(day):
        return f"Opens at {clock_words(later[0].opens)}"
    return f"Closed for lunch until {clock_words(later[0].opens)}"
