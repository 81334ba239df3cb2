"""In which order to see the stops of a day: on time for what was promised, with little driving, and home early.

Plain values in, plain values out. Stops are numbered from 1; 0 is the start and the last row of the matrix the end.
Up to nine stops the order is the best there is; above that it is a good one, improved until no single move helps.
The same day always gives the same order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

EXACT_UP_TO = 9
LONGEST_MOVED_RUN = 3


@dataclass(frozen=True)
class Day:
    """What is to be ordered: seconds between places, when the day starts, how long each stop takes, promised times."""

    seconds: Sequence[Sequence[int]]
    starts_at: int
    minutes: Mapping[int, int]  # stop -> length of the visit
    fixed: Mapping[int, int] = field(default_factory=dict)  # stop -> promised second of the day

    @property
    def end(self) -> int:
        """The number of the place where the day ends."""
        return len(self.seconds) - 1

    @property
    def stops(self) -> range:
        """The numbers of all stops."""
        return range(1, self.end)

    def leaves(self, stop: int, arrives: int) -> int:
        """When the visit ends: a promised one begins at its time and not before."""
        return max(arrives, self.fixed.get(stop, arrives)) + self.minutes[stop] * 60

    def late(self, stop: int, arrives: int) -> int:
        """Seconds after the promised time."""
        return max(0, arrives - self.fixed.get(stop, arrives))


class Cost(NamedTuple):
    """What makes an order worse, the gravest first: lateness at promised visits, then the price of the day.

    The price is driving and waiting, a minute at the wheel counting like two in a waiting room.
    """

    late: int
    price: int
    driving: int
    ends_at: int


def cost(day: Day, order: Sequence[int]) -> Cost:
    """What an order costs from the start to the end of the day."""
    late = driving = here = 0
    clock = day.starts_at
    for stop in order:
        leg = day.seconds[here][stop]
        late += day.late(stop, clock + leg)
        clock = day.leaves(stop, clock + leg)
        driving += leg
        here = stop
    last = day.seconds[here][day.end] if order else day.seconds[0][day.end]
    return _cost(late, driving + last, clock + last)


def _cost(late: int, driving: int, ends_at: int) -> Cost:
    # The end of the day holds driving once already, and waiting once.
    return Cost(late, driving + ends_at, driving, ends_at)


def keeps_promises_in_turn(day: Day, order: Sequence[int]) -> bool:
    """Whether promised visits stand in the order of their times."""
    times = [day.fixed[stop] for stop in order if stop in day.fixed]
    return times == sorted(times)


def best_order(day: Day, typed: Sequence[int] | None = None) -> list[int]:
    """The order to drive. It never costs more than the typed one, unless that one turns promised visits round."""
    if len(day.stops) <= EXACT_UP_TO:
        return _exact(day)
    starts = [insert_all(day, _in_turn(day), [stop for stop in day.stops if stop not in day.fixed])]
    if typed is not None and keeps_promises_in_turn(day, typed):
        starts.append(list(typed))
    return _improved(day, min(starts, key=lambda order: cost(day, order)))


def insert_all(day: Day, order: Sequence[int], stops: Sequence[int]) -> list[int]:
    """Put stops into an order, one after the other, each where it costs least; the rest keep their turn."""
    result = list(order)
    for stop in stops:
        tries = ([*result[:at], stop, *result[at:]] for at in range(len(result) + 1))
        result = min(tries, key=lambda tried: (not keeps_promises_in_turn(day, tried), cost(day, tried)))
    return result


def _in_turn(day: Day) -> list[int]:
    return sorted(day.fixed, key=lambda stop: (day.fixed[stop], stop))


class _Label(NamedTuple):
    """A way to have seen some stops, the last of them `order[-1]`."""

    late: int
    driving: int
    leaves: int
    order: tuple[int, ...]


def _exact(day: Day) -> list[int]:
    """Every subset of stops with every last stop, keeping only ways that no other one beats in all respects."""
    if not day.stops:
        return []
    ways: dict[tuple[int, int], list[_Label]] = {(0, 0): [_Label(0, 0, day.starts_at, ())]}
    for _ in day.stops:
        longer: dict[tuple[int, int], list[_Label]] = {}
        for (seen, here), labels in ways.items():
            for stop in _next_stops(day, seen):
                key = (seen | 1 << stop, stop)
                for label in labels:
                    _keep(longer.setdefault(key, []), _extended(day, label, here, stop))
        ways = longer
    last = [row[day.end] for row in day.seconds]
    finals = [
        (_cost(label.late, label.driving + last[here], label.leaves + last[here]), label.order)
        for (_, here), labels in ways.items()
        for label in labels
    ]
    return list(min(finals)[-1])


def _next_stops(day: Day, seen: int) -> list[int]:
    """What may come next: anything movable, and of the promised visits only the earliest open one."""
    left = [stop for stop in day.stops if not seen >> stop & 1]
    first = min((day.fixed[stop] for stop in left if stop in day.fixed), default=0)
    return [stop for stop in left if day.fixed.get(stop, first) == first]


def _extended(day: Day, label: _Label, here: int, stop: int) -> _Label:
    leg = day.seconds[here][stop]
    arrives = label.leaves + leg
    return _Label(
        label.late + day.late(stop, arrives), label.driving + leg, day.leaves(stop, arrives), (*label.order, stop)
    )


def _keep(labels: list[_Label], new: _Label) -> None:
    """Add a way unless another one is at least as good in all respects; drop those that it beats."""
    if any(old.late <= new.late and old.driving <= new.driving and old.leaves <= new.leaves for old in labels):
        return
    labels[:] = [
        old for old in labels if not (new.late <= old.late and new.driving <= old.driving and new.leaves <= old.leaves)
    ]
    labels.append(new)


def _improved(day: Day, order: list[int]) -> list[int]:
    """Take every reversal and move that helps, again and again until none does."""
    best, price, helped = order, cost(day, order), True
    while helped:
        helped = False
        for other in _neighbours(best):
            tried = cost(day, other)
            if tried < price and keeps_promises_in_turn(day, other):
                best, price, helped = other, tried, True
                break
    return best


def _neighbours(order: list[int]) -> Iterator[list[int]]:
    """Each order with one stretch reversed (2-opt), or with a run of up to three stops moved elsewhere (or-opt)."""
    size = len(order)
    for low in range(size - 1):
        for high in range(low + 2, size + 1):
            yield [*order[:low], *reversed(order[low:high]), *order[high:]]
    for length in range(1, LONGEST_MOVED_RUN + 1):
        for low in range(size - length + 1):
            run, rest = order[low : low + length], order[:low] + order[low + length :]
            for at in range(len(rest) + 1):
                if at != low:
                    yield [*rest[:at], *run, *rest[at:]]
