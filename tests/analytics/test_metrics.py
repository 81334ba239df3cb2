"""Tests of what is counted, compared and ranked, against tables computed by hand."""

import math
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.analytics import metrics
from crm.analytics.periods import Span, Window

NOV = 2026 * 12 + 10
KNOWN = frozenset(range(NOV - 36, NOV + 1))
RUNNING = Span(KNOWN, NOV, date(2026, 11, 20), is_incomplete=True)


def monthly(counts: dict[int, int]) -> pd.DataFrame:
    return pd.DataFrame({"month": list(counts), "received": list(counts.values())})


def ranked(*pairs: tuple[int, int]) -> pd.DataFrame:
    """Sources 1, 2, ... with (before, now)."""
    frame = pd.DataFrame(
        [(n + 1, f"S{n + 1}", now, before, 0) for n, (before, now) in enumerate(pairs)],
        columns=["practice", "name", "now", "before", "both"],
    )
    return metrics.rank_sources(frame)


def test_growth_by_hand() -> None:
    counts = {NOV - 14: 90, NOV - 13: 100, NOV - 12: 80, NOV - 2: 99, NOV - 1: 110, NOV: 30}
    table = metrics.growth(monthly(counts), Window(range(NOV - 2, NOV + 1), RUNNING))
    assert list(table["now"]) == [99, 110, 30]
    assert list(table["before"]) == [90, 100, 80]
    assert list(table["is_whole"]) == [True, True, False]
    assert list(table["change"][:2]) == [9, 10]
    assert list(table["ratio"][:2]) == pytest.approx([0.1, 0.1])
    assert math.isnan(table["change"][2])  # a month that goes on is never a fall


def test_the_comparison_leaves_the_running_month_out() -> None:
    counts = {NOV - 13: 100, NOV - 12: 80, NOV - 1: 110, NOV: 30}
    found = metrics.compare(metrics.growth(monthly(counts), Window(range(NOV - 1, NOV + 1), RUNNING)))
    assert found is not None
    assert (found.now, found.before, found.months) == (110, 100, (NOV - 1,))
    assert found.says == "Oct 2026 is up 10.0% on the year before: 110 against 100"


@pytest.mark.parametrize(
    ("before", "now", "says"),
    [
        (100, 90, "Oct 2026 is down 10.0% on the year before: 90 against 100"),
        (100, 100, "Oct 2026 is level with the year before: 100 against 100"),
        (9, 12, "Oct 2026 against the year before: 12 against 9"),
        (0, 1204, "Oct 2026 against the year before: 1,204 against 0"),
    ],
)
def test_a_finding_never_gives_a_percentage_of_few(before: int, now: int, says: str) -> None:
    assert metrics.Comparison(now, before, (NOV - 1,)).says == says


def test_a_month_of_nobody_is_unknown_and_a_month_of_others_is_zero() -> None:
    span = Span(KNOWN - {NOV - 2}, NOV, date(2026, 11, 20), is_incomplete=True)
    table = metrics.growth(monthly({NOV - 1: 5}), Window(range(NOV - 3, NOV), span))
    assert table["now"][0] == 0
    assert math.isnan(table["now"][1])
    assert table["now"][2] == 5


def test_without_a_year_before_nothing_is_compared() -> None:
    young = Span(frozenset({NOV - 1, NOV}), NOV, date(2026, 11, 20), is_incomplete=True)
    table = metrics.growth(monthly({NOV - 1: 5, NOV: 2}), Window(range(NOV - 1, NOV + 1), young))
    assert metrics.compare(table) is None
    assert table["ratio"].isna().all()


def test_running_totals_by_hand() -> None:
    counts = {NOV - 15: 10, NOV - 14: 10, NOV - 13: 20, NOV - 3: 11, NOV - 2: 13, NOV - 1: 26}
    table = metrics.running_total(metrics.growth(monthly(counts), Window(range(NOV - 3, NOV), RUNNING)))
    assert list(table["now"]) == [11, 24, 50]
    assert list(table["before"]) == [10, 20, 40]
    assert list(table["ratio"]) == pytest.approx([0.1, 0.2, 0.25])


def test_sources_by_hand() -> None:
    table = ranked((249, 171), (40, 41), (0, 9), (12, 0), (20, 60), (0, 0))
    assert list(table["practice"]) == [1, 5, 2, 3, 4]  # largest first; nothing in either year is no source
    assert list(table["state"]) == ["declining", "growing", "steady", "new", "lapsed"]
    assert list(table["level"]) == [3, 3, 1, 3, 3]
    assert list(table["share"]) == pytest.approx([171 / 281, 60 / 281, 41 / 281, 9 / 281, 0])
    assert table["ratio"][0] == pytest.approx(171 / 249 - 1)
    assert math.isnan(table["ratio"][3])


def test_what_matched_nobody_counts_in_the_shares_but_is_no_source() -> None:
    frame = pd.DataFrame({"practice": [0, 7], "name": [None, "S"], "now": [25, 75], "before": [0, 70], "both": [0, 0]})
    table = metrics.rank_sources(frame)
    assert list(table["practice"]) == [7]
    assert table["share"][0] == 0.75


def test_months_in_both_periods_are_left_out_of_the_test() -> None:
    frame = pd.DataFrame({"practice": [1], "name": ["S"], "now": [260], "before": [230], "both": [200]})
    alone = ranked((30, 60))
    assert metrics.rank_sources(frame)["p"][0] == alone["p"][0]
    assert metrics.rank_sources(frame)["state"][0] == "growing"
    assert ranked((230, 260))["state"][0] == "steady"


def test_states_are_counted_with_their_change() -> None:
    counted = metrics.count_states(ranked((249, 171), (40, 41), (0, 9), (12, 0), (20, 60)))
    assert counted == {
        "new": (1, 9), "growing": (1, 40), "steady": (1, 1), "declining": (1, -78), "lapsed": (1, -12),
    }  # fmt: skip
    assert metrics.count_states(ranked())["new"] == (0, 0)


def test_movers_and_changes() -> None:
    table = ranked((249, 171), (40, 41), (0, 9), (12, 0), (20, 60))
    assert list(metrics.movers(table, 1, 2)["practice"]) == [5, 3]
    assert list(metrics.movers(table, -1, 9)["practice"]) == [1, 4]
    assert list(metrics.changed(table, 3)["practice"]) == [1, 5, 4]  # the steady one never


def test_the_funnel_by_hand() -> None:
    frame = pd.DataFrame({"received": [100], "scheduled": [20], "seen": [50], "declined": [5], "lost": [10]})
    table = metrics.funnel(frame)
    assert list(table["referrals"]) == [100, 70, 50, 15, 5, 10]
    assert list(table["share"]) == pytest.approx([1, 0.7, 0.5, 0.15, 0.05, 0.1])
    assert metrics.funnel(frame.iloc[:0])["share"].isna().all()


def test_days_by_hand() -> None:
    frame = pd.DataFrame({"site": [1, 1, 1, 2], "days": [3, 7, 30, 4], "referrals": [5, 4, 1, 2]})
    table = metrics.wait_summary(frame, "site")
    assert list(table["median"]) == [3, 4]
    assert table["high"][0] == 7
    assert math.isnan(table["high"][1])  # nine of ten of two says nothing
    assert metrics.wait_total(frame) == (12, 4, 7)
    assert metrics.wait_total(frame.iloc[:0]) == (0, None, None)


@given(st.lists(st.integers(-5, 90), min_size=1, max_size=80), st.sampled_from([0.5, 0.9]))
def test_days_within_is_the_nearest_rank(waits: list[int], share: float) -> None:
    frame = pd.DataFrame({"days": waits, "referrals": 1})
    assert metrics.days_within(frame, share) == sorted(waits)[math.ceil(share * len(waits) - 1e-9) - 1]


@given(st.lists(st.integers(-5, 400), max_size=50))
def test_every_wait_stands_in_one_bar(waits: list[int]) -> None:
    table = metrics.histogram(pd.DataFrame({"days": waits, "referrals": 1}, dtype="int64"), 5, 60)
    assert table["referrals"].sum() == len(waits)
    assert len(table) == 13


def test_kinds_of_money_are_chosen_and_never_mixed() -> None:
    frame = pd.DataFrame({"paid": [0.0], "net": [5.0], "billed": [9.0]})
    assert metrics.money_kinds(frame) == ["net", "billed"]
    assert metrics.money_kind(metrics.money_kinds(frame), None) == "net"
    assert metrics.money_kind(metrics.money_kinds(frame), "billed") == "billed"
    assert metrics.money_kind(metrics.money_kinds(frame), "paid") == "net"  # there is none
    assert metrics.money_kinds(frame.drop(columns=["paid", "net", "billed"])) == []
    assert metrics.money_kind([], "paid") is None


def test_money_by_line_by_hand() -> None:
    frame = pd.DataFrame(
        {"month": [NOV - 1, NOV - 1, NOV, NOV], "line": [1, 2, 1, 0], "paid": [100.0, 50.0, -30.0, 7.0]}
    )
    span = Span(KNOWN - {NOV - 2}, NOV, None, is_incomplete=True)
    lines = {1: "Cardiology", 2: "Imaging", 3: "Sleep", 0: "No service line"}
    table = metrics.money_by_line(frame, Window(range(NOV - 2, NOV + 1), span), "paid", lines)
    assert list(table.columns) == [1, 2, 0]  # in the order of the lines, without empty ones
    assert list(table.loc[NOV - 1]) == [100, 50, 0]
    assert list(table.loc[NOV]) == [-30, 0, 7]
    assert table.loc[NOV - 2].isna().all()


def test_visits_are_counted_by_the_kind_of_contact() -> None:
    frame = pd.DataFrame({
        "month": [NOV] * 5, "mode": ["in_person", "drop_off", "lunch", "video", "lunch"],
        "state": ["done", "done", "done", "done", "no_access"], "visits": [4, 2, 1, 3, 5],
    })  # fmt: skip
    table = metrics.visits_by_month(frame, range(NOV - 1, NOV + 1))
    assert list(table.loc[NOV]) == [6, 1, 3, 5]
    assert list(table.loc[NOV - 1]) == [0, 0, 0, 0]
    assert metrics.visits_by_month(frame.iloc[:0], range(NOV, NOV + 1)).to_numpy().sum() == 0
