"""Distances on the earth, and where US ZIP codes lie."""

import csv
import gzip
import math
from functools import cache
from pathlib import Path
from typing import NamedTuple

EARTH_MILES = 3958.7613
ZIP_FILE = Path(__file__).parent / "zip_centroids.csv.gz"


class Point(NamedTuple):
    """A place in degrees north and east."""

    lat: float
    lon: float


def miles(a: Point, b: Point) -> float:
    """Great-circle distance in statute miles (haversine)."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half = math.sin((lat_b - lat_a) / 2) ** 2
    half += math.cos(lat_a) * math.cos(lat_b) * math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_MILES * math.asin(math.sqrt(min(1.0, half)))


@cache
def zip_centroids() -> dict[str, Point]:
    """Centre of each ZIP code tabulation area of the US census, by five-digit ZIP."""
    with gzip.open(ZIP_FILE, "rt", encoding="ascii", newline="") as file:
        return {row[0]: Point(float(row[1]), float(row[2])) for row in csv.reader(file)}


def zip_point(code: str | None) -> Point | None:
    """The centre of a ZIP or ZIP+4, or None where the census knows no such area (PO boxes, say)."""
    return zip_centroids().get((code or "")[:5])
