"""What usually follows a visit, and when."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from crm.visits.follow_ups import suggest, working_day

TUESDAY = date(2026, 11, 17)
DAYS = st.dates(date(2000, 1, 1), date(2099, 1, 1))


def test_the_tiles_of_a_tier_a_practice() -> None:
    send, call, again = suggest(TUESDAY, 30, "Lena Ortiz")
    assert (send.title, send.due_on, send.note) == ("Send material", date(2026, 11, 18), "Tomorrow")
    assert (call.title, call.due_on, call.note) == ("Call Lena Ortiz", date(2026, 11, 24), "Tue 24 Nov")
    assert (again.due_on, again.note) == (date(2026, 12, 17), "In 30 days, 17 Dec")


def test_before_the_weekend_tomorrow_is_monday() -> None:
    assert suggest(date(2026, 11, 20), 30, None)[0].note == "Mon 23 Nov"


def test_without_a_coordinator_the_practice_is_called() -> None:
    assert suggest(TUESDAY, None, None)[1].title == "Call the practice"


@given(DAYS, st.none() | st.integers(1, 365))
def test_follow_ups_lie_ahead_and_on_working_days(today: date, cadence: int | None) -> None:
    for suggestion in suggest(today, cadence, None):
        assert suggestion.due_on > today
        assert suggestion.due_on.weekday() < 5


@given(DAYS)
def test_a_working_day_is_the_day_itself_or_at_most_two_later(day: date) -> None:
    assert 0 <= (working_day(day) - day).days <= 2
    assert working_day(working_day(day)) == working_day(day)
