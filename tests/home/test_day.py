"""Tests of the rest of the day: promised visits at their time, drives only where the way is known."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.geo import Point
from crm.home.day import Stop, fixed_second, plan_rest, strip_hours

HOME, NEAR, FAR = Point(40.0, -83.0), Point(40.02, -83.0), Point(40.3, -83.0)
NINE, NOON = 9 * 3600, 12 * 3600
points = st.none() | st.builds(Point, st.floats(39.5, 40.5), st.floats(-83.5, -82.5))
stops = st.lists(st.builds(Stop, points, st.integers(5, 90), st.none() | st.integers(0, 86_000)), max_size=6)


def test_a_movable_stop_is_left_for_at_once() -> None:
    rest = plan_rest([Stop(NEAR, 20)], HOME, HOME, NINE)
    (leg,) = rest.legs
    assert leg.leave_by == NINE
    assert leg.arrives == leg.begins == NINE + leg.drive
    assert leg.ends == leg.begins + 20 * 60
    assert leg.miles == pytest.approx(1.38 * 1.3, rel=0.01)
    assert rest.home_at is not None
    assert rest.home_at > leg.ends


def test_a_promised_visit_is_left_for_just_in_time() -> None:
    (leg,) = plan_rest([Stop(NEAR, 20, NOON)], HOME, HOME, NINE).legs
    assert leg.begins == NOON
    assert leg.leave_by == NOON - leg.drive
    assert leg.is_fixed
    assert not leg.late


def test_lateness_is_told() -> None:
    (leg,) = plan_rest([Stop(FAR, 20, NINE + 60)], HOME, HOME, NINE).legs
    assert leg.late == leg.drive - 60


def test_no_drive_is_invented_for_an_unknown_place() -> None:
    first, second = plan_rest([Stop(None, 20), Stop(NEAR, 20)], HOME, HOME, NINE).legs
    assert first.miles is None
    assert first.drive == 0
    assert second.miles is None


def test_without_a_known_start_nobody_is_sent_home() -> None:
    rest = plan_rest([Stop(NEAR, 20)], None, None, NINE)
    assert rest.home_at is None
    assert rest.legs[0].miles is None


def test_an_empty_day_has_no_end() -> None:
    assert plan_rest([], HOME, HOME, NINE).home_at is None


@given(stops, points, st.integers(0, 80_000))
def test_times_follow_each_other(day: list[Stop], here: Point | None, starts_at: int) -> None:
    rest = plan_rest(day, here, here, starts_at)
    assert len(rest.legs) == len(day)
    before = starts_at
    for leg in rest.legs:
        assert before <= leg.arrives <= leg.begins <= leg.ends
        assert leg.leave_by >= before
        before = leg.ends


@pytest.mark.parametrize(
    ("starts_at", "is_promised", "is_in_plan", "fixed"),
    [
        (time(12), True, True, NOON),
        (time(12), False, True, None),
        (time(12), False, False, NOON),
        (None, True, True, None),
    ],
)
def test_what_must_keep_its_time(
    starts_at: time | None, is_promised: bool, is_in_plan: bool, fixed: int | None
) -> None:
    assert fixed_second(starts_at, is_promised=is_promised, is_in_plan=is_in_plan) == fixed


@pytest.mark.parametrize(
    ("spans", "shown"), [([], (8, 16)), ([(7.5, 8.0)], (7, 17)), ([(9.0, 17.2)], (8, 18)), ([(1.0, 23.9)], (1, 24))]
)
def test_the_strip_shows_whole_hours(spans: list[tuple[float, float]], shown: tuple[int, int]) -> None:
    assert strip_hours(spans) == shown
