"""Charts over months: growth, running totals, money by service line, visits beside referrals, one practice."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from crm.analytics.drawing import (
    MOST_TICKS_PHONE,
    TRANSPARENT,
    Figure,
    figure_of,
    hatched,
    line,
    links,
    money_axis,
    months_axis,
    note,
    paint,
    plain,
    value_range,
    values,
    whole,
)  # fmt: skip
from crm.analytics.metrics import CONTACT_COLORS, CONTACT_KINDS, ESTIMATED, NO_ACCESS, records
from crm.analytics.periods import YEAR, Window, says_so_far
from crm.core.formats import money, month_start, number, plural

CONTACT_LOOKS = {
    "In person": ("circle", "ink1"),
    "Lunch-and-learn": ("diamond", "chart2"),
    "Phone or video": ("circle-open", "ink1"),
    NO_ACCESS: ("x-thin", "ink1"),
}
KEYS = {
    "In person": {"color": "ink", "kind": "dot"},
    "Lunch-and-learn": {"color": "chart2", "kind": "diamond"},
    "Phone or video": {"color": "ink", "kind": "ring"},
    NO_ACCESS: {"color": "ink", "kind": "cross"},
}
LABEL_GAP = 0.072  # of the height of a stack, so that labels do not touch
NUMBER_AXIS = {"tickformat": ",d", "fixedrange": True}
YEARS = {"This year": "accent", "Last year": "last"}
AXIS_STARTS = "Axis starts at"


def month_lines(table: pd.DataFrame, window: Window, urls: Sequence[str], *, noun: str = "referral") -> Figure:
    """This period solid with dots, the year before in grey; the incomplete month hatched, hollow and never joined."""
    x, months = list(range(len(table))), [int(month) for month in table["month"]]
    now, before = values(table["now"]), values(table["before"])
    solid = [value if is_whole else None for value, is_whole in zip(now, table["is_whole"], strict=True)]
    low, high = value_range([*now, *before])
    hover = [_hover(row, noun) for row in records(table)]
    traces = [
        line(x, before, "last", name="Year before", hoverinfo="skip"),
        line(x, solid, "accent", name="This period", markers=True, hovertext=hover, **links(urls)),
    ]
    notes = _line_notes(solid, before, months)
    at = months.index(window.incomplete) if window.incomplete in months else None
    if at is not None and now[at] is not None:
        traces = [_hatch(at, low, high), *traces, _hollow(at, now[at], hover[at], urls[at])]
        notes += _so_far_notes(at, now[at], window, is_last=at == x[-1])
    if low > 0:
        notes.append(_paper(0, 0, f"{AXIS_STARTS} {number(low)}"))
    layout = {
        "xaxis": months_axis(months), "yaxis": {**NUMBER_AXIS, "range": [low, high]}, "annotations": notes, "bargap": 0,
        "hovermode": "x", "margin": {"t": 28, "r": 24},
    }  # fmt: skip
    return figure_of(traces, layout, {"xaxis": months_axis(months, MOST_TICKS_PHONE)})


def stacked_months(
    table: pd.DataFrame, window: Window, names: Mapping[int, str], colors: Mapping[int, str], urls: Sequence[str]
) -> Figure:
    """Money per month, one color per service line, labelled at the right; open months hatched, estimates crossed."""
    x, months = list(range(len(table))), [int(month) for month in table.index]
    is_open = [month == window.incomplete for month in months]
    edge = {"color": paint("surface"), "width": 1}
    traces = [
        {
            "type": "bar", "name": plain(names[key]), "x": x, "y": values(table[key]), "hoverinfo": "text",
            "hovertext": [_line_hover(names[key], m, v) for m, v in zip(months, values(table[key]), strict=True)],
            "marker": {**_stack_look(key, colors, is_open), "line": edge}, **links(urls),
        }
        for key in (int(column) for column in table.columns)
    ]  # fmt: skip
    low, high = float(table.clip(upper=0).sum(axis=1).min()), float(table.clip(lower=0).sum(axis=1).max())
    layout = {
        "barmode": "relative", "bargap": 0.28, "hovermode": "closest", "margin": {"r": 140, "t": 24},
        "xaxis": months_axis(months), "yaxis": money_axis(low * 1.05, max(high * 1.08, 100.0)),
        "annotations": _stack_notes(table, window, names, low, high),
    }  # fmt: skip
    return figure_of(traces, layout, {"xaxis": months_axis(months, MOST_TICKS_PHONE), "margin": {"r": 128}})


def _stack_look(key: int, colors: Mapping[int, str], is_open: list[bool]) -> dict[str, Any]:
    if key != ESTIMATED:
        return hatched(colors.get(key, "last"), is_open)
    crossed = {"shape": "x", "fgcolor": paint("ink3"), "bgcolor": paint("surface"), "size": 4, "solidity": 0.25}
    return {"color": paint("ink3"), "pattern": crossed}


def beside_visits(table: pd.DataFrame, contacts: pd.DataFrame, window: Window, urls: Sequence[str]) -> Figure:
    """Referrals per month above, visits of the same months below; two scales, one row of months."""
    figure = month_lines(table, window, urls)
    x, months = list(range(len(table))), [int(month) for month in contacts.index]
    for kind in CONTACT_KINDS:
        counts = [int(count) for count in contacts[kind]]
        if any(counts):
            hover = [f"<b>{month_start(m):%B %Y}</b><br>{kind}: {n}" for m, n in zip(months, counts, strict=True)]
            figure["data"].append({
                "type": "bar", "name": kind, "x": x, "y": counts, "yaxis": "y2", "width": 0.6, "hovertext": hover,
                "hoverinfo": "text", "marker": {"color": paint(CONTACT_COLORS[kind])},
            })  # fmt: skip
    layout = figure["layout"]
    layout["yaxis"]["domain"], layout["barmode"] = [0.38, 1], "stack"
    layout["yaxis2"] = {**NUMBER_AXIS, "domain": [0, 0.24], "rangemode": "tozero", "nticks": 4}
    layout["xaxis"]["anchor"] = "y2"
    starts = next((n for n in layout["annotations"] if n["text"].startswith(AXIS_STARTS)), None)
    if starts is not None:
        starts["y"] = layout["yaxis"]["domain"][0]
    layout["annotations"] += [_paper(0, 0.25, "Visits"), _paper(0, 1, "Referrals")]
    return figure


def practice_bars(
    table: pd.DataFrame, visits: pd.DataFrame, window: Window, urls: Sequence[str], *, this_year_from: int
) -> Figure:
    """Referrals of one practice per month as bars, its visits as marks in a lane under the axis."""
    months, now = [int(month) for month in table["month"]], values(table["now"])
    is_open = [month == window.incomplete for month in months]
    colors = ["accent" if month >= this_year_from else "last" for month in months]
    bars = {
        "type": "bar", "x": list(range(len(table))), "y": now, "hoverinfo": "text",
        "hovertext": [_hover(row, "referral") for row in records(table)], "marker": hatched(colors, is_open),
        "text": [number(v) if yes and v is not None else "" for v, yes in zip(now, is_open, strict=True)],
        "textposition": "outside", "textfont": {"size": 12}, "textangle": 0, "constraintext": "none",
        "cliponaxis": False, **links(urls),
    }  # fmt: skip
    marks = _visit_marks(visits, months)
    top = max([value for value in now if value is not None], default=0)
    lane_name = note(0, 0.05, "Visits", xref="paper", yref="paper", color="ink3", xanchor="right", yanchor="middle")
    lane_name["xshift"] = -8
    lane = {"visible": False, "fixedrange": True, "domain": [0, 0.1], "range": [-1, 1]}
    layout = {
        "xaxis": {**months_axis(months), "anchor": "y"}, "bargap": 0.3, "yaxis2": lane, "hovermode": "closest",
        "yaxis": {**NUMBER_AXIS, "domain": [0.34 if marks else 0, 1], "range": [0, max(top * 1.15, 4)], "nticks": 5},
        "annotations": [lane_name] if marks else [], "margin": {"l": 52, "b": 12 if marks else 40},
    }  # fmt: skip
    figure = figure_of([bars, *marks], layout, {"xaxis": {**months_axis(months, MOST_TICKS_PHONE), "anchor": "y"}})
    keys = [{"label": name, "color": color, "kind": "square"} for name, color in YEARS.items() if color in colors]
    figure["legend"] = [*keys, *({"label": mark["name"], **KEYS[mark["name"].rsplit(",", 1)[0]]} for mark in marks)]
    return figure


def _paper(x: float, y: float, text: str) -> dict[str, Any]:
    """Quiet words at a place of the whole drawing."""
    place = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "xshift": 4, "yshift": 2}
    return {**note(x, y, text, color="ink3"), **place}


def _visit_marks(visits: pd.DataFrame, months: list[int]) -> list[dict[str, Any]]:
    traces = []
    for kind, (symbol, color) in CONTACT_LOOKS.items():
        days = list(visits.loc[visits["kind"] == kind, "day"]) if len(visits) else []
        if days:
            places = [day.year * YEAR + day.month - 1 - months[0] - 0.5 + (day.day - 0.5) / 31 for day in days]
            look = {"symbol": symbol, "size": 9, "color": paint(color), "line": {"width": 1.75, "color": paint(color)}}
            traces.append({
                "type": "scatter", "mode": "markers", "x": places, "y": [0] * len(days), "yaxis": "y2", "marker": look,
                "name": f"{kind}, {len(days)}", "hoverinfo": "text", "cliponaxis": False,
                "hovertext": [f"{kind}, {day.day} {day:%b %Y}" for day in days],
            })  # fmt: skip
    return traces


def _hover(row: Any, noun: str) -> str:
    now = "No data" if math.isnan(row.now) else plural(int(row.now), noun) + ("" if row.is_whole else " so far")
    before = "" if math.isnan(row.before) else f"<br>{number(row.before)} a year before"
    return f"<b>{month_start(int(row.month)):%B %Y}</b><br>{now}{before}"


def _line_hover(name: str, month: int, cents: float | None) -> str:
    return f"<b>{plain(name)}</b><br>{month_start(month):%B %Y}: {money(whole(cents))}"


def _hatch(at: int, low: float, high: float) -> dict[str, Any]:
    pattern = {"shape": "/", "fgcolor": paint("line-strong"), "bgcolor": TRANSPARENT, "size": 7, "solidity": 0.16}
    return {
        "type": "bar", "x": [at], "y": [high - low], "base": [low], "width": [0.96], "hoverinfo": "skip",
        "marker": {"color": paint("line"), "pattern": pattern},
    }  # fmt: skip


def _hollow(at: int, value: float | None, hover: str, url: str) -> dict[str, Any]:
    ring = {"size": 9, "color": paint("surface"), "line": {"width": 2.25, "color": paint("accent")}}
    return {
        "type": "scatter", "mode": "markers", "x": [at], "y": [value], "marker": ring, "hovertext": [hover],
        "hoverinfo": "text", "cliponaxis": False, **links([url]),
    }  # fmt: skip


def _so_far_notes(at: int, value: float | None, window: Window, *, is_last: bool) -> list[dict[str, Any]]:
    end = "right" if is_last else "left"
    side: dict[str, Any] = {"xanchor": end, "align": end, "xshift": -10 if is_last else 10}
    days = says_so_far(window)
    words = f"<b>{number(value)} so far</b>" + (f"<br>{days}" if days else "")
    month = f"{month_start(window.incomplete or 0):%b} is incomplete"
    above: dict[str, Any] = {"xanchor": end, "xshift": 18 if is_last else -18}
    return [
        note(at, value, words, color="ink1", yanchor="middle", **side),
        note(at, 1, month, yref="paper", yanchor="bottom", **above),
    ]


def _line_notes(now: list[float | None], before: list[float | None], months: list[int]) -> list[dict[str, Any]]:
    """The last whole month with its number, and the name of each line where the two lie furthest apart."""
    last = max((place for place, value in enumerate(now) if value is not None), default=None)
    if last is None:
        return []
    words = f"<b>{month_start(months[last]):%b} {number(now[last])}</b>"
    end = "right" if last > 1 else "left"
    notes = [note(last, now[last], words, color="ink1", yshift=14, xanchor=end, xshift=10 if last > 1 else -6)]
    gaps = {
        place: a - b for place, (a, b) in enumerate(zip(now, before, strict=True))
        if a is not None and b is not None and place < last - 1
    }  # fmt: skip
    if gaps:
        at = max(gaps, key=lambda place: abs(gaps[place]))
        up = 1 if gaps[at] >= 0 else -1
        same_year = month_start(months[0]).year == month_start(months[-1]).year
        year = month_start(months[0]).year
        this, other = (str(year), str(year - 1)) if same_year else ("This period", "Year before")
        notes.append(note(at, now[at], f"<b>{this}</b>", color="accent", yshift=14 * up))
        notes.append(note(at, before[at], other, yshift=-14 * up))
    return notes


def _stack_notes(
    table: pd.DataFrame, window: Window, names: Mapping[int, str], low: float, high: float
) -> list[dict[str, Any]]:
    """Name and amount of each line at the right of the last whole month, moved apart where they would touch."""
    shown = [place for place, month in enumerate(table.index) if month in window.whole]
    if not shown:
        return []
    column = table.iloc[shown[-1]].fillna(0.0)
    height, floor = max((high - low) * 1.1, 1.0), -1.0
    notes, sum_so_far = [], 0.0
    for key, cents in column[column > 0].items():
        place = max((sum_so_far + cents / 2 - low) / height, floor + LABEL_GAP)
        floor, sum_so_far = place, sum_so_far + cents
        words = f"<b>{plain(names[int(str(key))])}</b>  {money(round(float(cents)))}"
        notes.append(note(1, place, words, xref="paper", yref="paper", xanchor="left", xshift=8, color="ink1"))
    first = month_start(int(table.index[shown[-1]]))
    head = note(
        1, 1, f"{first:%b %Y}", xref="paper", yref="paper", xanchor="left", yanchor="bottom", xshift=8, color="ink3"
    )
    return [*notes, head]
