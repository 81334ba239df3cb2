"""The query string of the list: what is read, and that nonsense counts as not given."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.visits.list_filters import PERIODS, ListQuery, period_days, read_query
from crm.visits.models import VisitMode, VisitState

NAMES = ("q", "period", "owner", "mode", "state", "practice", "territory", "sort")


def test_a_full_query_is_read_and_written_the_same() -> None:
    values = {
        "q": ["spine"], "period": ["90"], "owner": ["3"], "mode": ["phone", "lunch"], "state": ["done"],
        "practice": ["7"], "territory": ["2"], "sort": ["practice"],
    }  # fmt: skip
    query = read_query(values)
    assert query.modes == (VisitMode.PHONE, VisitMode.LUNCH)
    assert query.states == (VisitState.DONE,)
    assert query.arguments() == {
        "q": "spine", "period": "90", "owner": 3, "mode": ["phone", "lunch"], "state": ["done"], "practice": 7,
        "territory": 2, "sort": "practice",
    }  # fmt: skip
    assert query.count == 6


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.text(max_size=20), min_size=1, max_size=3)))
def test_nonsense_counts_as_not_given(values: dict[str, list[str]]) -> None:
    query = read_query(values)
    query.filter(date(2026, 11, 22))
    query.words.encode("utf-8")
    assert "\x00" not in query.words
    again = {k: [str(x) for x in v] if isinstance(v, list) else [str(v)] for k, v in query.arguments().items()}
    assert read_query(again) == query


def test_an_empty_query_narrows_nothing() -> None:
    assert read_query({}) == ListQuery()
    assert ListQuery().arguments() == {}


@pytest.mark.parametrize("period", [*PERIODS, ""])
@given(st.dates(date(2001, 1, 1), date(2099, 1, 1)))
def test_a_period_begins_before_it_ends(period: str, today: date) -> None:
    first, last = period_days(period, today)
    assert first is None or last is None or first <= last
    if period not in ("", "coming"):
        assert first is not None
        assert last is not None
        assert first <= today <= last
