"""A day as something that can be driven: chosen stops, planned visits and meetings, placed, ordered and timed.

Plain values in, plain values out. What has a place and what has not are kept apart: nothing is left out silently.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from itertools import pairwise

from crm.core.geo import Point
from crm.route_planning import schedule
from crm.route_planning.ordering import Day, best_order, insert_all
from crm.route_planning.schedule import StopTime, Timeline
from crm.route_planning.travel import USUAL, Roads, day_matrix, road_miles

Hours = Mapping[int, Sequence[tuple[time, time]]]
LATE_FROM = 60  # seconds; less is rounding


@dataclass(frozen=True)
class Place:
    """Where a day starts or ends."""

    name: str
    point: Point


@dataclass(frozen=True)
class Basics:
    """The frame of a day. Without a start it begins at its first stop."""

    starts_at: time
    start: Place | None
    end: Place | None
    visit_minutes: int = 20
    is_typed: bool = False  # a person fixed the order


@dataclass(frozen=True)
class Item:
    """Something of the day: a chosen stop, a visit planned elsewhere, or a meeting. `fixed` is a promised second."""

    kind: str  # "stop", "visit" or "meeting"
    id: int
    title: str
    point: Point | None
    minutes: int
    practice_id: int | None = None
    fixed: int | None = None
    hours: Hours = field(default_factory=dict)
    position: int = 0  # the place in the stored order; 0 when it is not stored
    typed_position: int = 0


@dataclass(frozen=True)
class Row:
    """One line of the timeline: the drive to it, its times, and what speaks against it."""

    number: int
    item: Item
    times: StopTime
    miles: float
    warnings: tuple[str, ...]

    @property
    def when(self) -> str:
        """`8:40-8:50` with a true dash, or one time when it is fixed."""
        begins = self.times.begins
        if self.times.is_fixed:
            return schedule.clock_text(begins)
        early = begins // schedule.FIVE_MINUTES * schedule.FIVE_MINUTES
        return f"{schedule.clock_text(early)}–{schedule.clock_text(early + self.times.latest - begins)}"


@dataclass(frozen=True)
class Way:
    """What an order costs."""

    driving: int
    miles: float
    ends_at: int


class Arrangement:
    """The placed items of a day with the times between them; items are numbered from 1 as in `ordering`."""

    def __init__(self, basics: Basics, items: Sequence[Item], roads: Roads = USUAL) -> None:
        self.basics = basics
        self.items = [item for item in items if item.point is not None]
        self.not_placed = [item for item in items if item.point is None]
        points = [item.point for item in self.items if item.point is not None]
        first = points[0] if points else Point(0, 0)
        self.start = basics.start.point if basics.start else first
        self.end = basics.end.point if basics.end else self.start
        self.points = [self.start, *points, self.end]
        self.roads = roads
        numbered = list(enumerate(self.items, 1))
        self.day = Day(
            seconds=day_matrix(self.start, points, self.end, roads),
            starts_at=schedule.seconds_of(basics.starts_at),
            minutes={number: item.minutes for number, item in numbered},
            fixed={number: item.fixed for number, item in numbered if item.fixed is not None},
        )

    def stored_order(self) -> list[int]:
        """The order that was saved; what is not stored in it is put where it costs least."""
        return self._with_the_rest(lambda item: item.position)

    def typed_order(self) -> list[int]:
        """The order in which the stops were chosen."""
        return self._with_the_rest(lambda item: item.typed_position)

    def best_order(self) -> list[int]:
        """The order that drives least and keeps what was promised."""
        return best_order(self.day, self.typed_order())

    def _with_the_rest(self, place_of: Callable[[Item], int]) -> list[int]:
        numbers = range(1, len(self.items) + 1)
        stored = [number for number in numbers if place_of(self.items[number - 1])]
        rest = [number for number in numbers if not place_of(self.items[number - 1])]
        # Fixed ones first: what is free is then put around them.
        rest.sort(key=lambda number: (number not in self.day.fixed, self.day.fixed.get(number, 0), number))
        return insert_all(self.day, sorted(stored, key=lambda number: place_of(self.items[number - 1])), rest)

    def timeline(self, order: Sequence[int]) -> Timeline:
        """The times of an order."""
        return schedule.timeline(self.day, order)

    def way(self, order: Sequence[int]) -> Way:
        """What an order costs in driving."""
        line = self.timeline(order)
        return Way(line.driving, sum(self.leg_miles(order)), line.ends_at)

    def leg_miles(self, order: Sequence[int]) -> list[float]:
        """Miles to each stop of an order, and of the way back."""
        places = [self.points[number] for number in (0, *order, len(self.points) - 1)]
        return [road_miles(a, b, self.roads) for a, b in pairwise(places)]

    def rows(self, order: Sequence[int], weekday: int, blocks: Sequence[tuple[int, int]] = ()) -> list[Row]:
        """The lines of the timeline. `blocks` are parts of the day that are taken by something without a place."""
        line, miles = self.timeline(order), self.leg_miles(order)
        return [
            Row(
                number,
                item := self.items[times.stop - 1],
                times,
                miles[number - 1],
                _warnings(item, times, weekday, blocks),
            )
            for number, times in enumerate(line.stops, 1)
        ]

    def extra_seconds(self, order: Sequence[int], point: Point) -> int:
        """How much more driving one more stop costs where it fits best."""
        item = Item("stop", 0, "", point, self.basics.visit_minutes)
        wider = Arrangement(self.basics, [*self.items, item], self.roads)
        tried = insert_all(wider.day, order, [len(wider.items)])
        return wider.way(tried).driving - self.way(order).driving


def _warnings(item: Item, times: StopTime, weekday: int, blocks: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    found = []
    if times.late >= LATE_FROM:
        found.append(f"{round(times.late / schedule.MINUTE)} min late")
    windows = schedule.hours_of(item.hours, weekday) if item.kind != "meeting" else None
    if (says := schedule.hours_warning(windows, times.begins, times.leaves)) is not None:
        found.append(says)
    if schedule.overlaps(times.begins, times.leaves, blocks):
        found.append("Overlaps a meeting")
    return tuple(found)
