"""Tests of office hours as values."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.directory.hours import (
    DayHours,
    Span,
    clock_words,
    day_hours,
    drawing,
    lunch_of,
    scale,
    state_words,
)

LUNCH = [Span(0, time(8), time(12)), Span(0, time(13), time(16, 30))]


@pytest.mark.parametrize(
    ("day", "fault"),
    [
        (DayHours(0), ""),
        (DayHours(0, time(8), time(17)), ""),
        (DayHours(0, time(8), time(17), time(12), time(13)), ""),
        (DayHours(0, time(8)), "both"),
        (DayHours(0, None, time(8)), "both"),
        (DayHours(0, time(17), time(8)), "after it opens"),
        (DayHours(0, time(8), time(8)), "after it opens"),
        (DayHours(0, time(8), time(17), time(12)), "end of lunch"),
        (DayHours(0, time(8), time(17), time(7), time(9)), "inside"),
        (DayHours(0, None, None, time(12), time(13)), "opening hours too"),
    ],
)
def test_fault(day: DayHours, fault: str) -> None:
    assert (fault in day.fault) if fault else not day.fault


times = st.times().map(lambda t: t.replace(second=0, microsecond=0))
days = st.builds(DayHours, st.just(3), *[st.none() | times] * 4)


@given(days)
def test_what_is_stored_is_shown_again(day: DayHours) -> None:
    if not day.fault:
        assert day_hours(day.spans, 3) == day
        assert day_hours(day.spans, 2) == DayHours(2)


def test_lunch() -> None:
    assert lunch_of(LUNCH, 0) == (time(12), time(13))
    assert lunch_of(LUNCH, 1) is None
    assert lunch_of([Span(0, time(8), time(10)), Span(0, time(15), time(17))], 0) is None  # a split day


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (time(7), "Opens at 8 am"),
        (time(8), "Open now until 12 pm"),
        (time(12), "Closed for lunch until 1 pm"),
        (time(16, 29), "Open now until 4:30 pm"),
        (time(16, 30), "Closed for today"),
    ],
)
def test_state_words(now: time, words: str) -> None:
    assert state_words(LUNCH, 0, now) == words


def test_state_of_a_closed_day_and_of_an_unknown_week() -> None:
    assert state_words(LUNCH, 6, time(9)) == "Closed today"
    assert state_words([], 0, time(9)) == ""


def test_drawing() -> None:
    rows = drawing(LUNCH)
    assert [row["day"] for row in rows] == ["Mon", "Tue", "Wed", "Thu", "Fri"]
    assert rows[0] == {"day": "Mon", "open": [(8.0, 12.0), (13.0, 16.5)], "closed": [(12.0, 13.0)]}
    assert rows[1]["open"] == []
    assert [row["day"] for row in drawing([Span(5, time(9), time(12))])][-1] == "Sat"


def test_scale_holds_everything() -> None:
    assert scale([]) == (7, 18)
    assert scale([Span(0, time(6, 30), time(20, 15))]) == (5, 22)


@pytest.mark.parametrize(
    ("moment", "words"), [(time(0), "12 am"), (time(12), "12 pm"), (time(8, 5), "8:05 am"), (time(23, 59), "11:59 pm")]
)
def test_clock_words(moment: time, words: str) -> None:
    assert clock_words(moment) == words
