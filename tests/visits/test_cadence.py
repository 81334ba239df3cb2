"""When the next visit is due: the rules, and that SQL and Python agree."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.visits.cadence import Cadences, cadence_days, due_on, overdue_days

USUAL = Cadences(30, 60, 90)
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("tier", "own", "days"),
    [
        ("A", None, 30),
        ("B", None, 60),
        ("C", None, 90),
        (None, None, None),
        ("A", 14, 14),
        (None, 45, 45),
        ("X", None, None),
    ],
)
def test_a_practice_has_its_own_cadence_or_its_tiers(tier: str | None, own: int | None, days: int | None) -> None:
    assert cadence_days(tier, own, USUAL) == days


@given(DAYS, st.integers(1, 3650))
def test_the_next_visit_is_due_after_the_cadence(last_on: date, days: int) -> None:
    due = due_on(last_on, days)
    assert due is not None
    assert (due - last_on).days == days


@given(DAYS, st.integers(0, 3650), st.integers(-400, 400))
def test_overdue_counts_the_days_past_the_due_day(last_on: date, days: int, after: int) -> None:
    due = due_on(last_on, days)
    assert due is not None
    assert overdue_days(due, due + timedelta(days=after)) == max(0, after)


@given(DAYS, st.integers(1, 1000), st.integers(0, 1000))
def test_a_longer_cadence_is_never_due_earlier(last_on: date, days: int, more: int) -> None:
    first, second = due_on(last_on, days), due_on(last_on, days + more)
    assert first is not None
    assert second is not None
    assert first <= second


def test_nothing_is_due_without_a_visit_or_without_a_cadence() -> None:
    assert due_on(None, 30) is None
    assert due_on(date(2026, 1, 1), None) is None
    assert overdue_days(None, date(2026, 1, 1)) == 0


def test_a_cadence_beyond_the_calendars_end_is_due_at_its_end() -> None:
    assert due_on(date(2026, 1, 1), 10_000_000) == date.max
