"""Tests of what every chart promises: strict JSON, colors by name, no template, the incomplete month never joined."""

import json
from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.analytics import charts, drawing, metrics, rank_charts
from crm.analytics.drawing import Figure
from crm.analytics.periods import Span, Window

NOV = 2026 * 12 + 10
SPAN = Span(frozenset(range(NOV - 36, NOV + 1)), NOV, date(2026, 11, 20), is_incomplete=True)
WINDOW = Window(range(NOV - 3, NOV + 1), SPAN)
URLS = [f"/referrals?n={n}" for n in range(4)]
NAMES = {1: "Cardiology", 2: "<b>Imaging & more</b>"}


def table(now: list[float | None], before: list[float | None]) -> pd.DataFrame:
    return pd.DataFrame({
        "month": list(WINDOW.months), "now": now, "before": before, "is_whole": [True, True, True, False],
    }).astype({"now": "float64", "before": "float64"})  # fmt: skip


def sent(figure: Figure) -> Any:
    """The figure as the browser reads it; NaN would not be JSON."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(drawing.answer(figure), parse_constant=refuse)


def money(rows: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, index=list(WINDOW.months), columns=[1, 2], dtype="float64")


def all_figures() -> dict[str, Figure]:
    growth = table([1100, 1200, None, 948], [1000, 1150, 1180, 1210])
    contacts = metrics.visits_by_month(
        pd.DataFrame({"month": [NOV], "mode": ["lunch"], "state": ["done"], "visits": [3]}), WINDOW.months
    )
    visits = pd.DataFrame({"day": [date(2026, 9, 16), date(2026, 10, 8)], "kind": ["Lunch-and-learn", "No access"]})
    bars = pd.DataFrame({"days": [0, 5, 10], "referrals": [3, 9, 1]})
    amounts = money([[1e6, 2e6], [1e6, -5e5], [float("nan")] * 2, [3e5, 0]])
    days = pd.DataFrame({"median": [9.0, 4.0], "high": [31.0, float("nan")], "referrals": [120, 3]})
    return {
        "lines": charts.month_lines(growth, WINDOW, URLS),
        "stack": charts.stacked_months(amounts, WINDOW, NAMES, {1: "chart1"}, URLS),
        "visits": charts.beside_visits(growth, contacts, WINDOW, URLS),
        "practice": charts.practice_bars(growth, visits, WINDOW, URLS, this_year_from=NOV - 1),
        "bars": rank_charts.ranked_bars(["A", "<i>B"], [5.0, 3.0], ["5", "3"], URLS[:2], marks=[6.0, 0.0]),
        "histogram": rank_charts.day_histogram(bars, 5, {"Half": 6}),
        "spans": rank_charts.day_spans(["A", "B"], days, URLS[:2]),
    }  # fmt: skip


@pytest.mark.parametrize("name", list(all_figures()))
def test_a_chart_is_small_strict_and_without_colors_of_its_own(name: str) -> None:
    figure = all_figures()[name]
    text = drawing.answer(figure).decode()
    assert "template" not in sent(figure)["layout"]
    assert "var(--" not in text
    assert "#" not in text.replace("&#", "")
    assert len(text) < 8_000
    assert sent(figure)["phone"]["layout"]


def test_the_incomplete_month_is_hollow_and_never_joined() -> None:
    figure = sent(all_figures()["lines"])
    hatch, before, solid, hollow = figure["data"]
    assert solid["y"] == [1100, 1200, None, None]
    assert before["y"] == [1000, 1150, 1180, 1210]
    assert hollow["x"] == [3]
    assert hollow["marker"]["color"] == "surface"
    assert hatch["marker"]["pattern"]["shape"] == "/"
    words = [note["text"] for note in figure["layout"]["annotations"]]
    assert "<b>948 so far</b><br>1–20 Nov" in words
    assert "Nov is incomplete" in words


def test_an_axis_that_does_not_begin_at_zero_says_so() -> None:
    high = sent(charts.month_lines(table([1100, 1200, 1300, None], [1000, 1100, 1200, None]), WINDOW, URLS))
    low = sent(charts.month_lines(table([3, 14, 2, None], [0, 9, 4, None]), WINDOW, URLS))
    assert high["layout"]["yaxis"]["range"][0] > 0
    assert any(note["text"].startswith("Axis starts at") for note in high["layout"]["annotations"])
    assert low["layout"]["yaxis"]["range"][0] == 0
    assert not any(note["text"].startswith("Axis") for note in low["layout"]["annotations"])


def test_an_axis_of_one_or_two_numbers_begins_at_zero() -> None:
    assert drawing.value_range([948, None])[0] == 0
    assert drawing.value_range([948, 930])[0] == 0
    assert drawing.value_range([948, 930, 951])[0] > 0


def test_points_lead_to_their_rows() -> None:
    solid = sent(all_figures()["lines"])["data"][2]
    assert solid["customdata"] == URLS
    assert solid["meta"] == {"links": True}


def test_names_are_text_and_not_markup() -> None:
    figure = sent(all_figures()["bars"])
    assert figure["layout"]["yaxis"]["ticktext"] == ["A", "&lt;i&gt;B"]
    assert "<i>" not in json.dumps(sent(all_figures()["stack"])["data"])


def test_the_years_bars_have_their_colors_and_the_last_one_is_hatched() -> None:
    figure = sent(all_figures()["practice"])
    bars, *rest = figure["data"]
    marks = [trace for trace in rest if trace["type"] == "scatter"]
    assert bars["marker"]["color"] == ["last", "last", "accent", "accent"]
    assert bars["marker"]["pattern"]["shape"] == ["", "", "", "/"]
    assert bars["text"][-1] == "948"
    assert {mark["name"]: mark["marker"]["symbol"] for mark in marks} == {
        "Lunch-and-learn, 1": "diamond", "No access, 1": "x-thin",
    }  # fmt: skip


def test_a_small_card_takes_what_is_meant_for_a_phone() -> None:
    figure = charts.month_lines(table([1, 2, 3, 4], [None] * 4), WINDOW, URLS)
    wide = {**figure, "phone": {"layout": {"xaxis": {"tickvals": [0]}, "height": 3}}}
    small = drawing.narrow(wide)
    assert small["layout"]["xaxis"]["tickvals"] == [0]
    assert small["layout"]["height"] == 3
    assert small["layout"]["xaxis"]["range"] == figure["layout"]["xaxis"]["range"]


values = st.lists(st.none() | st.floats(-1e12, 1e12) | st.just(float("nan")), min_size=4, max_size=4)


@given(values, values)
def test_no_numbers_break_a_line(now: list[float | None], before: list[float | None]) -> None:
    figure = sent(charts.month_lines(table(now, before), WINDOW, URLS))
    low, high = figure["layout"]["yaxis"]["range"]
    assert low < high


@given(
    st.lists(st.lists(st.floats(-1e13, 1e13) | st.just(float("nan")), min_size=2, max_size=2), min_size=4, max_size=4)
)
def test_no_amounts_break_a_stack(rows: list[list[float]]) -> None:
    figure = sent(charts.stacked_months(money(rows), WINDOW, NAMES, {}, URLS))
    assert len(figure["layout"]["yaxis"]["tickvals"]) <= 12


@given(st.integers(1, 140), st.sampled_from([6, 14]))
def test_months_are_never_crowded_and_the_last_one_is_named(count: int, most: int) -> None:
    axis = drawing.months_axis(range(NOV - count + 1, NOV + 1), most)
    assert len(axis["tickvals"]) <= most
    assert axis["tickvals"][-1] == count - 1
