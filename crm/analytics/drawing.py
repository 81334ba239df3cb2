"""The parts that all charts are drawn with, and the only file that knows Plotly: colors, axes, notes, links, figures.

Colors are palette names; the browser has the theme and the fonts. Plotly accepts a name only as `var(--name)`;
`answer` takes that wrapping off again. Plotly is imported with the first chart, so that the program starts fast.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import pandas as pd

from crm.core.formats import money, month_start

Figure = dict[str, Any]
WRAPPED = re.compile(rb'"var\(--([a-z0-9@.-]+)\)"')
TRANSPARENT = "rgba(0,0,0,0)"
MOST_TICKS, MOST_TICKS_PHONE = 14, 6
NAME_LENGTH, NAME_LENGTH_PHONE = 34, 18
SEVERAL = 3  # fewer show no course that a cut axis would make clearer
SMALL = 20  # counts below this always begin at zero
STEPS = (1, 2, 3, 6, 12, 24, 1000)


def answer(figure: Figure) -> bytes:
    """Strict JSON of a figure (never NaN), with bare palette names."""
    return WRAPPED.sub(rb'"\1"', orjson.dumps(figure))


def nothing(says: str) -> Figure:
    """Words in place of a chart."""
    return {"data": [], "layout": {}, "empty": says}


def figure_of(traces: Iterable[Mapping[str, Any]], layout: Mapping[str, Any], phone: Mapping[str, Any]) -> Figure:
    """A figure checked by Plotly, without its default template; `phone` is laid over the layout on a narrow screen."""
    import plotly.graph_objects as go

    drawn: Figure = go.Figure(data=list(traces), layout={"showlegend": False, **layout}).to_plotly_json()
    drawn["layout"].pop("template", None)
    return {**drawn, "phone": {"layout": dict(phone)}}


def narrow(figure: Figure) -> Figure:
    """A figure for a small card: what is meant for a phone counts on every screen."""
    layout = dict(figure["layout"])
    for name, value in figure.get("phone", {}).get("layout", {}).items():
        layout[name] = {**layout.get(name, {}), **value} if isinstance(value, dict) else value
    return {**figure, "layout": layout}


def paint(name: str) -> str:
    """A palette name in the form that Plotly lets through."""
    return f"var(--{name})"


def line(x: Sequence[float], y: Sequence[float | None], color: str, **more: Any) -> dict[str, Any]:
    """A line; unknown months are gaps. `markers=True` adds dots."""
    dots = more.pop("markers", False)
    look = {"marker": {"size": 6, "color": paint(color)}} if dots else {}
    return {
        "type": "scatter", "mode": "lines+markers" if dots else "lines", "x": list(x), "y": list(y),
        "line": {"color": paint(color), "width": 2.25 if dots else 2}, "connectgaps": False, "cliponaxis": False,
        "hoverinfo": "text", **look, **more,
    }  # fmt: skip


def note(x: float, y: float | None, text: str, *, color: str = "ink2", **more: Any) -> dict[str, Any]:
    """Words at a place of the chart."""
    font = {"color": paint(color), "size": 12}
    return {"x": x, "y": y, "text": text, "showarrow": False, "font": font, **more}


def hatched(colors: str | list[str], is_hatched: Sequence[bool]) -> dict[str, Any]:
    """The look of bars of which some are hatched because their month is not over."""
    fill = paint(colors) if isinstance(colors, str) else [paint(color) for color in colors]
    shapes = ["/" if yes else "" for yes in is_hatched]
    return {"color": fill, "pattern": {"shape": shapes, "fgcolor": fill, "bgcolor": paint("surface"), "size": 5}}


def links(urls: Sequence[str]) -> dict[str, Any]:
    """Makes each point lead to the rows behind it."""
    return {"customdata": list(urls), "meta": {"links": True}} if any(urls) else {}


def months_axis(months: Iterable[int], most: int = MOST_TICKS) -> dict[str, Any]:
    """An axis of months at the places 0, 1, 2, ...: at most so many names, the year under its first one."""
    shown = list(months)
    step = next(s for s in STEPS if math.ceil(len(shown) / s) <= most)
    places = [i for i in range(len(shown)) if (len(shown) - 1 - i) % step == 0]
    texts, year = [], 0
    for place in places:
        first = month_start(shown[place])
        texts.append(f"{first:%b}<br>{first.year}" if first.year != year else f"{first:%b}")
        year = first.year
    return {
        "tickvals": places, "ticktext": texts, "tickangle": 0, "fixedrange": True, "showgrid": False,
        "range": [-0.6, len(shown) - 0.4],
    }  # fmt: skip


def names_axis(names: Sequence[str], most: int = NAME_LENGTH) -> dict[str, Any]:
    """An axis of names from the top down, long ones cut."""
    cut = [name if len(name) <= most else f"{name[: most - 1].rstrip()}…" for name in names]
    return {
        "tickvals": list(range(len(names))), "ticktext": [plain(name) for name in cut], "automargin": True,
        "range": [len(names) - 0.4, -0.6], "fixedrange": True, "showgrid": False, "zeroline": False,
    }  # fmt: skip


def value_range(values: Iterable[float | None]) -> tuple[float, float]:
    """A range with room for labels. It begins at zero unless several numbers all lie in the upper half."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    if low >= 0 and high <= 0:
        return 0.0, 5.0
    if low > high / 2 and low > SMALL and len(known) >= SEVERAL:
        step = 10.0 ** math.floor(math.log10(high)) / 5
        base = max(math.floor((low - max(high - low, step) * 0.3) / step) * step, 0.0)
        return base, high + (high - base) * 0.14
    return (0.0 if low >= 0 else low * 1.15), (high * 1.14 if high > 0 else 0.0)


def money_axis(low: float, high: float) -> dict[str, Any]:
    """Four steps of round money between two amounts in cents."""
    span = max(high - low, 100.0)
    step = 10.0 ** math.floor(math.log10(span))
    step = next(s for s in (step / 5, step / 4, step / 2, step, step * 2) if span / s <= 5)  # noqa: PLR2004 ticks
    first = math.ceil(low / step)
    ticks = [step * (first + i) for i in range(int((high - first * step) / step) + 1)]
    return {
        "tickvals": ticks,
        "ticktext": [money(round(tick)) for tick in ticks],
        "range": [low, high],
        "fixedrange": True,
    }


def values(column: "pd.Series[Any]") -> list[float | None]:
    """Numbers of a column; what is unknown is None."""
    return [float(value) if pd.notna(value) and math.isfinite(value) else None for value in column]


def whole(value: float | None) -> int | None:
    """A number rounded to a whole one."""
    return None if value is None else round(value)


def plain(name: str) -> str:
    """A name as plain text: Plotly reads a little markup."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
