"""When each stop of a day is reached and left, and what its office hours say to that.

Plain values in, plain values out; times are seconds of the day on the organisation's clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from itertools import pairwise

from crm.route_planning.ordering import Day

MINUTE = 60
FIVE_MINUTES = 300
DAY_SECONDS = 86_400
# A movable stop is told as a range: ten minutes, and a tenth of the driving since the last certain time.
LEAST_SPREAD = 600
SPREAD_SHARE = 0.1


@dataclass(frozen=True)
class StopTime:
    """One stop of the timeline. `latest` is the end of the arrival range; for a promised visit it is its time."""

    stop: int
    drive: int
    arrives: int
    begins: int
    leaves: int
    latest: int
    late: int = 0
    is_fixed: bool = False

    @property
    def waits(self) -> int:
        """Seconds to spare before a promised visit."""
        return self.begins - self.arrives


@dataclass(frozen=True)
class Timeline:
    """A whole day: its stops in order, the way back, and when it ends."""

    stops: tuple[StopTime, ...]
    last_drive: int
    starts_at: int
    ends_at: int

    @property
    def driving(self) -> int:
        """Seconds on the road, with parking."""
        return sum(stop.drive for stop in self.stops) + self.last_drive


def timeline(day: Day, order: Sequence[int]) -> Timeline:
    """Drive an order from the start of the day to its end."""
    here, clock, uncertain = 0, day.starts_at, 0
    stops = []
    for stop in order:
        leg = day.seconds[here][stop]
        arrives, uncertain = clock + leg, uncertain + leg
        is_fixed = stop in day.fixed
        begins = max(arrives, day.fixed.get(stop, arrives))
        if is_fixed:
            uncertain = 0
        latest = begins if is_fixed else arrives + spread(uncertain)
        clock = day.leaves(stop, arrives)
        stops.append(StopTime(stop, leg, arrives, begins, clock, latest, day.late(stop, arrives), is_fixed))
        here = stop
    last = day.seconds[here][day.end]
    return Timeline(tuple(stops), last, day.starts_at, clock + last)


def spread(driving: int) -> int:
    """How wide an arrival is told after so much driving: whole five minutes."""
    return -(-max(LEAST_SPREAD, round(driving * SPREAD_SHARE)) // FIVE_MINUTES) * FIVE_MINUTES


def hours_warning(weekday_hours: Sequence[tuple[time, time]] | None, begins: int, leaves: int) -> str | None:
    """What speaks against a visit at that time, or None.

    `weekday_hours` are the open windows of that weekday: empty when the practice is closed, None when nobody knows.
    """
    if weekday_hours is None:
        return None
    if not weekday_hours:
        return "Closed on this day"
    windows = sorted((seconds_of(opens), seconds_of(closes)) for opens, closes in weekday_hours)
    if any(opens <= begins and leaves <= closes for opens, closes in windows):
        return None
    if leaves <= windows[0][0] or begins < windows[0][0]:
        return f"Opens at {clock_text(windows[0][0])}"
    for (_, closes), (opens, _) in pairwise(windows):
        if begins < opens and leaves > closes:
            return f"Closed {clock_text(closes)} to {clock_text(opens)}"
    return f"Closes at {clock_text(windows[-1][1])}"


def hours_of(rows: Mapping[int, Sequence[tuple[time, time]]], weekday: int) -> Sequence[tuple[time, time]] | None:
    """The windows of a weekday: None when no hours are known at all; a day without windows is closed."""
    return rows.get(weekday, ()) if rows else None


def overlaps(begins: int, leaves: int, blocks: Sequence[tuple[int, int]]) -> bool:
    """Whether a visit collides with something else of the day that has no place on the map."""
    return any(begins < end and start < leaves for start, end in blocks)


def seconds_of(value: time) -> int:
    """A wall-clock time as seconds of the day."""
    return value.hour * 3600 + value.minute * MINUTE


def time_of(seconds: int) -> time:
    """Seconds of the day as a wall-clock time in whole five minutes; past midnight it stays at the end of the day."""
    rounded = min(round(seconds / FIVE_MINUTES) * FIVE_MINUTES, DAY_SECONDS - FIVE_MINUTES)
    return time(rounded // 3600, rounded % 3600 // MINUTE)


def clock_text(seconds: int) -> str:
    """Seconds of the day as `9:05`, or `1:30` in the afternoon: as liaisons write them."""
    minutes = round(seconds / MINUTE)
    hour = minutes // MINUTE % 24
    return f"{(hour - 1) % 12 + 1}:{minutes % MINUTE:02d}"
