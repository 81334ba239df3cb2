"""Tests of the links into map apps."""

from urllib.parse import parse_qs, urlsplit

import pytest

from crm.core.geo import Point
from crm.route_planning.map_links import apple_day, apple_leg, google_day, google_leg


def places(count: int) -> list[Point]:
    return [Point(40 + n / 100, -83) for n in range(count)]


def test_a_day_opens_with_all_its_stops_in_order() -> None:
    (link,) = google_day(places(4))
    values = parse_qs(urlsplit(link.url).query)
    assert link.label == "Google Maps"
    assert values["origin"] == ["40.000000,-83.000000"]
    assert values["waypoints"] == ["40.010000,-83.000000|40.020000,-83.000000"]
    assert values["destination"] == ["40.030000,-83.000000"]
    apple = apple_day(places(3))
    assert apple is not None
    assert parse_qs(urlsplit(apple.url).query)["daddr"] == ["40.010000,-83.000000 to:40.020000,-83.000000"]


@pytest.mark.parametrize(("count", "parts"), [(2, 1), (11, 1), (12, 2), (21, 2), (22, 3), (32, 4)])
def test_a_long_day_is_cut_into_parts_that_join_up(count: int, parts: int) -> None:
    links = google_day(places(count))
    assert len(links) == parts
    values = [parse_qs(urlsplit(link.url).query) for link in links]
    assert all(len(v.get("waypoints", [""])[0].split("|")) <= 9 for v in values)
    assert [v["origin"] for v in values[1:]] == [v["destination"] for v in values[:-1]]
    assert values[-1]["destination"] == [f"{40 + (count - 1) / 100:.6f},-83.000000"]


def test_no_way_no_link() -> None:
    assert google_day(places(1)) == google_day([]) == []
    assert apple_day(places(1)) is None


def test_one_leg_starts_where_the_person_is() -> None:
    assert "origin" not in google_leg(places(1)[0])
    assert "destination=40.000000%2C-83.000000" in google_leg(places(1)[0])
    assert apple_leg(places(1)[0]).startswith("https://maps.apple.com/?daddr=40.000000")
