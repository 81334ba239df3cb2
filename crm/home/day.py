"""The rest of a liaison's day as times: when to leave, how long the drive is, when each stop is reached.

Plain values in, plain values out; times are seconds of the day on the organization's clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from crm.core.geo import Point
from crm.route_planning import travel
from crm.route_planning.ordering import Day
from crm.route_planning.schedule import seconds_of, timeline

USUAL_START = time(8, 30)
USUAL_MINUTES = 20
HOUR = 3600


@dataclass(frozen=True)
class Stop:
    """Something that is still to be driven to. `fixed` is the second of the day that was promised."""

    point: Point | None
    minutes: int
    fixed: int | None = None


@dataclass(frozen=True)
class Leg:
    """A stop with its times. `miles` is empty where the way to it is not known; `begins` is when the visit starts."""

    leave_by: int
    drive: int
    miles: float | None
    arrives: int
    latest: int
    begins: int
    ends: int
    late: int
    is_fixed: bool


@dataclass(frozen=True)
class Rest:
    """What is left of the day, and when it ends at home; `home_at` is empty where home is not known."""

    legs: tuple[Leg, ...]
    home_at: int | None


def plan_rest(stops: Sequence[Stop], here: Point | None, home: Point | None, starts_at: int) -> Rest:
    """Drive the stops in their order from here, not before `starts_at`; promised visits begin at their time."""
    points = _filled([here, *(stop.point for stop in stops), home])
    day = Day(
        seconds=travel.day_matrix(points[0], points[1:-1], points[-1]),
        starts_at=starts_at,
        minutes={number: stop.minutes for number, stop in enumerate(stops, 1)},
        fixed={number: stop.fixed for number, stop in enumerate(stops, 1) if stop.fixed is not None},
    )
    line = timeline(day, list(day.stops))
    legs = []
    for number, (stop, times) in enumerate(zip(stops, line.stops, strict=True), 1):
        before = stops[number - 2].point if number > 1 else here
        is_known = before is not None and stop.point is not None
        legs.append(
            Leg(
                leave_by=max(times.arrives, times.begins) - times.drive,
                drive=times.drive,
                miles=travel.road_miles(points[number - 1], points[number]) if is_known else None,
                arrives=times.arrives,
                latest=times.latest,
                begins=times.begins,
                ends=times.leaves,
                late=times.late,
                is_fixed=times.is_fixed,
            )
        )
    return Rest(tuple(legs), line.ends_at if home is not None and legs else None)


def _filled(points: Sequence[Point | None]) -> list[Point]:
    """Each unknown place stands where the one before it stands, so that no drive is invented for it."""
    known = next((point for point in points if point is not None), Point(0, 0))
    filled = []
    for point in points:
        known = point or known
        filled.append(known)
    return filled


def fixed_second(starts_at: time | None, *, is_promised: bool, is_in_plan: bool) -> int | None:
    """The time that a visit must keep: a promised one always, another one when nobody planned the day's route."""
    if starts_at is None or (is_in_plan and not is_promised):
        return None
    return seconds_of(starts_at)


def strip_hours(spans: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """The first and last hour of a drawing of the day: at least 8 to 16, whole hours, an even number of them."""
    first = int(min([8.0, *(start for start, _ in spans)]))
    last = -int(-max([16.0, *(end for _, end in spans)]) // 1)
    last = min(last + (last - first) % 2, 24)
    return first, last


def hours(seconds: int) -> float:
    """Seconds of the day as hours."""
    return seconds / HOUR
