"""Links that open a day, or one leg of it, in the map apps of Google and Apple.

Only coordinates go into the link, and only when somebody presses it; no name and no note leaves Rounds.
"""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from crm.core.geo import Point

GOOGLE = "https://www.google.com/maps/dir/"
APPLE = "https://maps.apple.com/"
# Google's address takes nine stops between the start and the end.
MOST_BETWEEN = 9


class MapLink(NamedTuple):
    """A link with its words."""

    label: str
    url: str


def google_day(places: Sequence[Point]) -> list[MapLink]:
    """The whole day in Google Maps; more than nine stops between start and end are cut into parts that join up."""
    parts = [list(places[at : at + MOST_BETWEEN + 2]) for at in range(0, max(1, len(places) - 1), MOST_BETWEEN + 1)]
    return [
        MapLink("Google Maps" if len(parts) == 1 else f"Google Maps, part {n}", _google(part))
        for n, part in enumerate(parts, 1)
        if len(part) > 1
    ]


def apple_day(places: Sequence[Point]) -> MapLink | None:
    """The whole day in Apple Maps."""
    if len(places) < 2:  # noqa: PLR2004 a way has two ends
        return None
    there = " to:".join(_text(place) for place in places[1:])
    return MapLink("Apple Maps", f"{APPLE}?{urlencode({'saddr': _text(places[0]), 'daddr': there, 'dirflg': 'd'})}")


def google_leg(place: Point) -> str:
    """The way to one stop from wherever the person is, in Google Maps."""
    return f"{GOOGLE}?{urlencode({'api': 1, 'destination': _text(place), 'travelmode': 'driving'})}"


def apple_leg(place: Point) -> str:
    """The way to one stop from wherever the person is, in Apple Maps."""
    return f"{APPLE}?{urlencode({'daddr': _text(place), 'dirflg': 'd'})}"


def _google(places: Sequence[Point]) -> str:
    values = {"api": "1", "origin": _text(places[0]), "destination": _text(places[-1]), "travelmode": "driving"}
    if between := places[1:-1]:
        values["waypoints"] = "|".join(_text(place) for place in between)
    return f"{GOOGLE}?{urlencode(values)}"


def _text(place: Point) -> str:
    return f"{place.lat:.6f},{place.lon:.6f}"
