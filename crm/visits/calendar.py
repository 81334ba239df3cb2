"""Where things stand in a calendar: weeks of a month, and lanes for what overlaps in a day. Pure rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from crm.core.formats import time_of_day

WEEK = 7
MINUTES_PER_HOUR = 60
DAY_MINUTES = 24 * MINUTES_PER_HOUR
SHORTEST = 30  # a block of fewer minutes could not be read
USUAL_MINUTES = 30
LONGEST_DAYS = 31
FIRST_HOUR, LAST_HOUR = 8, 18


@dataclass(frozen=True)
class Entry:
    """Something on a day. `start` and `end` count minutes from midnight; without a start it has no time yet."""

    day: date
    title: str
    url: str
    kind: str
    start: int | None = None
    end: int | None = None
    place: str = ""
    owner: str = ""
    is_fixed: bool = False

    @property
    def until(self) -> int:
        """Where its block ends: never too short to read, never past midnight."""
        start = self.start or 0
        end = self.end if self.end is not None else start + USUAL_MINUTES
        return min(max(end, start + SHORTEST), DAY_MINUTES)

    @property
    def time_words(self) -> str:
        """`10:30 am`, or nothing."""
        return "" if self.start is None else time_of_day(time(*divmod(self.start, MINUTES_PER_HOUR)))


class Placed(NamedTuple):
    """An entry in one of the lanes that its neighbors share."""

    entry: Entry
    lane: int
    lanes: int


def of_span(start: datetime, end: datetime, **values: Any) -> list[Entry]:
    """The entries of something that lasts from one moment to another on the wall clock: one for each day it touches."""
    found: list[Entry] = []
    day = start.date()
    while day <= end.date() and len(found) < LONGEST_DAYS:
        first = start.hour * MINUTES_PER_HOUR + start.minute if day == start.date() else 0
        last = end.hour * MINUTES_PER_HOUR + end.minute if day == end.date() else DAY_MINUTES
        if last > first or day == start.date():
            found.append(Entry(day=day, start=first, end=last, **values))
        day += timedelta(days=1)
    return found


def week_of(day: date) -> list[date]:
    """Monday to Sunday around a day."""
    monday = day - timedelta(days=day.weekday())
    return [monday + timedelta(days=n) for n in range(WEEK)]


def weeks_of_month(day: date) -> list[list[date]]:
    """The weeks, Monday to Sunday, that hold a day's month."""
    weeks = [week_of(day.replace(day=1))]
    while (following := weeks[-1][-1] + timedelta(days=1)).month == day.month:
        weeks.append(week_of(following))
    return weeks


def month_before(day: date) -> date:
    """The first day of the month before."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def month_after(day: date) -> date:
    """The first day of the month after."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """By day and time; what has no time yet stands first on its day."""
    return sorted(entries, key=lambda entry: (entry.day, -1 if entry.start is None else entry.start, entry.title))


def by_day(entries: Iterable[Entry]) -> dict[date, list[Entry]]:
    """Entries of each day that has any, in order."""
    days: dict[date, list[Entry]] = {}
    for entry in in_order(entries):
        days.setdefault(entry.day, []).append(entry)
    return days


def lanes(entries: Iterable[Entry]) -> list[Placed]:
    """Timed entries of one day in lanes, so that none covers another; those that touch in time share the width."""
    placed: list[Placed] = []
    cluster: list[tuple[Entry, int]] = []
    ends: list[int] = []
    for entry in in_order(entry for entry in entries if entry.start is not None):
        start = entry.start or 0
        if cluster and start >= max(ends):
            placed += _shared(cluster, len(ends))
            cluster, ends = [], []
        lane = next((n for n, end in enumerate(ends) if end <= start), len(ends))
        ends[lane : lane + 1] = [entry.until]
        cluster.append((entry, lane))
    return placed + _shared(cluster, len(ends))


def hours_shown(entries: Sequence[Entry]) -> tuple[int, int]:
    """First and last full hour of the week's drawing: the usual day, or more when something lies outside."""
    timed = [entry for entry in entries if entry.start is not None]
    first = min([FIRST_HOUR, *((entry.start or 0) // MINUTES_PER_HOUR for entry in timed)])
    last = max([LAST_HOUR, *(-(-entry.until // MINUTES_PER_HOUR) for entry in timed)])
    return first, last


def hour_of(moment: datetime) -> float:
    """10.5 for half past ten."""
    return moment.hour + moment.minute / MINUTES_PER_HOUR


def day_strip(entries: Iterable[Entry], next_url: str) -> list[dict[str, Any]]:
    """A day's timed visits for its drawing to scale (`ui.day_strip`)."""
    return [
        {
            "start": (entry.start or 0) / MINUTES_PER_HOUR,
            "end": entry.until / MINUTES_PER_HOUR,
            "kind": _drawn_as(entry, next_url),
            "label": entry.title,
        }
        for entry in in_order(entries)
        if entry.start is not None
    ]


def _drawn_as(entry: Entry, next_url: str) -> str:
    if entry.url == next_url:
        return "next"
    if entry.kind != "planned":
        return "done"
    return "fixed" if entry.is_fixed else "todo"


def _shared(cluster: list[tuple[Entry, int]], count: int) -> list[Placed]:
    return [Placed(entry, lane, count) for entry, lane in cluster]
