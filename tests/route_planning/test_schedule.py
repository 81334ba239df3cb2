"""Tests of the timeline of a day and of the warnings about office hours."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.route_planning.ordering import Day
from crm.route_planning.schedule import (
    clock_text,
    hours_of,
    hours_warning,
    overlaps,
    seconds_of,
    spread,
    time_of,
    timeline,
)

HOUR = 3600
LUNCH = [(time(8), time(12)), (time(13), time(17))]


def test_a_day_is_driven_from_door_to_door() -> None:
    day = Day([[0, 600, 0], [600, 0, 900], [0, 900, 0]], 8 * HOUR, {1: 20})
    plan = timeline(day, [1])
    stop = plan.stops[0]
    assert (stop.drive, stop.arrives, stop.begins, stop.leaves) == (
        600,
        8 * HOUR + 600,
        8 * HOUR + 600,
        8 * HOUR + 1800,
    )
    assert stop.latest == stop.arrives + 600
    assert (plan.driving, plan.ends_at) == (1500, 8 * HOUR + 1800 + 900)


def test_a_promised_visit_begins_at_its_time_and_says_how_late_we_are() -> None:
    seconds = [[0, 600, 600, 0], [600, 0, 600, 600], [600, 600, 0, 600], [0, 600, 600, 0]]
    early = timeline(Day(seconds, 8 * HOUR, {1: 30, 2: 20}, {1: 9 * HOUR}), [1, 2])
    assert early.stops[0].waits == 50 * 60
    assert early.stops[0].latest == early.stops[0].begins == 9 * HOUR
    assert early.stops[1].arrives == 9 * HOUR + 40 * 60
    late = timeline(Day(seconds, 9 * HOUR, {1: 30, 2: 20}, {1: 9 * HOUR}), [1])
    assert late.stops[0].late == 600
    assert late.stops[0].begins == 9 * HOUR + 600


def test_an_empty_day_only_drives_home() -> None:
    assert timeline(Day([[0, 60], [60, 0]], 8 * HOUR, {}), []).ends_at == 8 * HOUR + 60


@pytest.mark.parametrize(
    ("hours", "begins", "leaves", "says"),
    [
        (None, 8.0, 8.5, None),
        ([], 8.0, 8.5, "Closed on this day"),
        (LUNCH, 8.0, 8.5, None),
        (LUNCH, 13.0, 17.0, None),
        (LUNCH, 7.5, 8.25, "Opens at 8:00"),
        (LUNCH, 6.0, 6.5, "Opens at 8:00"),
        (LUNCH, 11.75, 12.25, "Closed 12:00 to 1:00"),
        (LUNCH, 12.25, 12.5, "Closed 12:00 to 1:00"),
        (LUNCH, 12.75, 13.25, "Closed 12:00 to 1:00"),
        (LUNCH, 16.75, 17.25, "Closes at 5:00"),
        (LUNCH, 18.0, 18.5, "Closes at 5:00"),
        ([(time(13), time(17)), (time(8), time(12))], 12.0, 12.5, "Closed 12:00 to 1:00"),
    ],
)
def test_office_hours(hours: list[tuple[time, time]] | None, begins: float, leaves: float, says: str | None) -> None:
    assert hours_warning(hours, int(begins * HOUR), int(leaves * HOUR)) == says


def test_unknown_hours_are_not_closed_hours() -> None:
    assert hours_of({}, 1) is None
    assert hours_of({0: LUNCH}, 0) == LUNCH
    assert hours_of({0: LUNCH}, 1) == ()


def test_something_else_at_the_same_time_is_seen() -> None:
    assert overlaps(9 * HOUR, 10 * HOUR, [(9 * HOUR + 1800, 11 * HOUR)])
    assert not overlaps(9 * HOUR, 10 * HOUR, [(10 * HOUR, 11 * HOUR)])


def test_times_are_written_as_people_write_them() -> None:
    assert [clock_text(s) for s in (9 * HOUR + 300, 12 * HOUR, 13 * HOUR + 1800, 0)] == [
        "9:05",
        "12:00",
        "1:30",
        "12:00",
    ]
    assert time_of(9 * HOUR + 7 * 60 + 40) == time(9, 10)
    assert time_of(99 * HOUR) == time(23, 55)


@given(st.times(), st.integers(0, 36_000))
def test_times_go_both_ways_and_ranges_are_whole_five_minutes(at: time, driving: int) -> None:
    assert abs(seconds_of(time_of(seconds_of(at))) - seconds_of(at)) <= 300
    assert spread(driving) % 300 == 0
    assert spread(driving) >= 600
