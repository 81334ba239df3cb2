"""How long driving takes, estimated from straight lines: no map server, no key, no network.

These are estimates, and every page that shows them says so. The road between two places is taken as the great-circle
distance times a detour factor; published averages for US roads lie between about 1.2 and 1.4. The speeds and the time
to park are our own round figures for a metropolitan area, not measurements. All are settable: pass other `Roads`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from crm.core.geo import Point, miles


class Band(NamedTuple):
    """A stretch of the road: up to so many miles from the start, driven at this speed."""

    until_miles: float
    mph: float


@dataclass(frozen=True)
class Roads:
    """What driving is like: detours, speeds by distance, and the minutes from the road to the door."""

    detour: float = 1.3
    bands: tuple[Band, ...] = (Band(2, 20), Band(8, 30), Band(20, 42), Band(math.inf, 58))
    park_minutes: float = 4


USUAL = Roads()


def road_miles(a: Point, b: Point, roads: Roads = USUAL) -> float:
    """Miles on the road between two places."""
    return miles(a, b) * roads.detour


def drive_seconds(a: Point, b: Point, roads: Roads = USUAL) -> int:
    """Seconds at the wheel between two places.

    Each stretch of the way has the speed of its band, so that a longer way never takes less time.
    """
    way, driven, seconds = road_miles(a, b, roads), 0.0, 0.0
    for band in roads.bands:
        stretch = max(0.0, min(way, band.until_miles) - driven)
        seconds += stretch / band.mph * 3600
        driven += stretch
    return round(seconds)


def door_seconds(a: Point, b: Point, roads: Roads = USUAL) -> int:
    """Seconds from one door to the next: driving and parking, or nothing at all within one building."""
    return drive_seconds(a, b, roads) + round(roads.park_minutes * 60) if a != b else 0


def day_matrix(start: Point, stops: Sequence[Point], end: Point, roads: Roads = USUAL) -> list[list[int]]:
    """Seconds between all places of a day: row and column 0 are the start, the last ones the end, stops between.

    Parking is counted at the stops only.
    """
    places = [start, *stops, end]
    last = len(places) - 1
    return [
        [
            door_seconds(a, b, roads) if 0 < column < last else drive_seconds(a, b, roads)
            for column, b in enumerate(places)
        ]
        for a in places
    ]
