"""Tests of the estimated travel times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.geo import Point
from crm.route_planning.travel import Roads, day_matrix, door_seconds, drive_seconds, road_miles

COLUMBUS, WORTHINGTON, CLEVELAND = Point(39.9612, -82.9988), Point(40.0931, -83.0180), Point(41.4993, -81.6944)
places = st.builds(Point, st.floats(39, 41), st.floats(-84, -82))


def test_a_trip_across_town_takes_about_as_long_as_it_does() -> None:
    assert road_miles(COLUMBUS, WORTHINGTON) == pytest.approx(11.9, abs=0.5)
    assert 18 * 60 < drive_seconds(COLUMBUS, WORTHINGTON) < 30 * 60


def test_a_long_trip_is_driven_faster_than_a_short_one() -> None:
    def mph(a: Point, b: Point) -> float:
        return road_miles(a, b) / drive_seconds(a, b) * 3600

    assert mph(COLUMBUS, CLEVELAND) > 45 > 35 > mph(COLUMBUS, WORTHINGTON)


def test_parking_counts_at_stops_but_not_at_home_and_not_within_one_building() -> None:
    matrix = day_matrix(COLUMBUS, [WORTHINGTON, WORTHINGTON], COLUMBUS)
    way = drive_seconds(COLUMBUS, WORTHINGTON)
    assert matrix[0][1] == way + 240
    assert matrix[1][3] == way
    assert matrix[1][2] == 0
    assert door_seconds(COLUMBUS, WORTHINGTON, Roads(park_minutes=10)) == way + 600


def test_figures_are_settable() -> None:
    assert drive_seconds(COLUMBUS, WORTHINGTON, Roads(detour=2)) > drive_seconds(COLUMBUS, WORTHINGTON)


@given(places, places, places)
def test_a_way_round_never_takes_less_time(a: Point, b: Point, c: Point) -> None:
    assert door_seconds(a, c) <= door_seconds(a, b) + door_seconds(b, c) + 2  # each leg is rounded


@given(places, places)
def test_both_ways_take_the_same_time_and_none_at_all_to_the_same_place(a: Point, b: Point) -> None:
    assert drive_seconds(a, b) == drive_seconds(b, a) >= 0
    assert drive_seconds(a, a) == 0
