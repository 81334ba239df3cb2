"""Tests of which months a page shows, which are whole, and which can be compared."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.analytics.filters import Filters, Period
from crm.analytics.periods import (
    MAX_MONTHS,
    Span,
    Window,
    is_incomplete,
    says_months,
    says_short,
    says_so_far,
    window_of,
    year_to_date,
)

NOV = 2026 * 12 + 10
TODAY = date(2026, 11, 20)
THREE_YEARS = frozenset(range(NOV - 36, NOV + 1))
RUNNING = Span(THREE_YEARS, NOV, TODAY, is_incomplete=True)
OVER = Span(THREE_YEARS - {NOV}, NOV - 1, date(2026, 10, 31), is_incomplete=False)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period.MONTHS_12, NOV - 12, NOV), (Period.MONTHS_24, NOV - 24, NOV), (Period.MONTHS_36, NOV - 36, NOV),
        (Period.YEAR, NOV - 10, NOV), (Period.QUARTER, NOV - 3, NOV - 1), (Period.MONTH, NOV - 1, NOV - 1),
    ],
)  # fmt: skip
def test_periods_hold_whole_months_and_the_running_one(period: Period, first: int, last: int) -> None:
    months = window_of(Filters(period=period), RUNNING).months
    assert (months[0], months[-1]) == (first, last)


def test_without_a_running_month_twelve_months_are_twelve() -> None:
    assert list(window_of(Filters(), OVER).months) == list(range(NOV - 12, NOV))


def test_without_data_there_is_no_month() -> None:
    window = window_of(Filters(), Span())
    assert not window.months
    assert window.is_empty
    assert window.whole == window.comparable == ()


def test_own_months_may_lie_anywhere_but_are_not_endless() -> None:
    window = window_of(Filters(period=Period.OWN, first=1990 * 12, last=NOV + 24_000), RUNNING)
    assert len(window.months) == MAX_MONTHS
    assert window.is_empty


def test_the_running_month_is_never_compared() -> None:
    window = window_of(Filters(), RUNNING)
    assert window.incomplete == NOV
    assert NOV not in window.whole
    assert window.comparable == tuple(range(NOV - 12, NOV))
    assert window.year_before == tuple(range(NOV - 24, NOV - 12))


def test_months_without_a_year_before_are_not_compared() -> None:
    young = Span(frozenset(range(NOV - 15, NOV + 1)), NOV, TODAY, is_incomplete=True)
    assert window_of(Filters(), young).comparable == (NOV - 3, NOV - 2, NOV - 1)


def test_a_gap_is_told_and_not_compared() -> None:
    span = Span(THREE_YEARS - {NOV - 4, NOV - 5}, NOV, TODAY, is_incomplete=True)
    window = window_of(Filters(), span)
    assert window.gaps == (NOV - 5, NOV - 4)
    assert NOV - 4 not in window.comparable


def test_months_before_all_data_are_no_gap() -> None:
    span = Span(frozenset({NOV - 1, NOV}), NOV, TODAY, is_incomplete=True)
    assert window_of(Filters(), span).gaps == ()


def test_year_to_date_ends_with_the_last_whole_month() -> None:
    assert list(year_to_date(window_of(Filters(), RUNNING)).months) == list(range(NOV - 10, NOV))
    january = Span(THREE_YEARS | {NOV + 1, NOV + 2}, NOV + 2, date(2027, 1, 9), is_incomplete=True)
    assert list(year_to_date(window_of(Filters(), january)).months) == list(range(NOV - 10, NOV + 2))
    late = Span(frozenset({NOV - 2, NOV - 1, NOV}), NOV, TODAY, is_incomplete=True)
    assert list(year_to_date(window_of(Filters(), late)).months) == [NOV - 2, NOV - 1], "since the data begin"


@pytest.mark.parametrize(
    ("month", "through", "received", "expected"),
    [
        (NOV, TODAY, 900, True),  # it is not over
        (NOV, None, 900, True),
        (NOV - 1, date(2026, 10, 31), 900, False),
        (NOV - 1, date(2026, 10, 28), 900, False),  # a weekend at the end
        (NOV - 1, date(2026, 10, 20), 900, True),  # half of it is missing
        (NOV - 1, date(2026, 10, 20), 4, False),  # so few that eleven silent days are no wonder
        (NOV - 1, None, 900, False),  # a monthly count
    ],
)
def test_a_month_is_incomplete_when_it_goes_on_or_its_end_is_missing(
    month: int, through: date | None, received: int, expected: bool
) -> None:
    assert is_incomplete(month, today=TODAY, through=through, received=received) is expected


def test_months_in_words() -> None:
    assert says_months((NOV,)) == "Nov 2026"
    assert says_months(range(NOV - 2, NOV + 1)) == "Sep to Nov 2026"
    assert says_months((NOV - 12, NOV)) == "Nov 2025 to Nov 2026"
    assert says_months(()) == "no month"
    assert says_short((NOV - 1,)) == "Oct"
    assert says_short((NOV - 2, NOV - 1)) == "Sep–Oct"
    assert says_short((NOV, NOV + 2)) == "Nov 2026–Jan 2027"
    assert says_so_far(window_of(Filters(), RUNNING)) == "1–20 Nov"
    assert says_so_far(window_of(Filters(), OVER)) == ""


@given(
    known=st.frozensets(st.integers(NOV - 60, NOV), min_size=1),
    period=st.sampled_from([p for p in Period if p is not Period.OWN]),
    running=st.booleans(),
)
def test_whole_and_comparable_months_are_parts_of_the_window(
    known: frozenset[int], period: Period, running: bool
) -> None:
    window: Window = window_of(Filters(period=period), Span(known, max(known), None, is_incomplete=running))
    assert set(window.comparable) <= set(window.whole) <= set(window.months)
    assert all(month in known and month - 12 in known for month in window.comparable)
    assert not set(window.gaps) & known
