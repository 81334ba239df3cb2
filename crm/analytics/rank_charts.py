"""Charts of things side by side: ranked bars, a histogram of days, and spans from median to 90th percentile."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from crm.analytics.drawing import (
    NAME_LENGTH_PHONE,
    Figure,
    figure_of,
    line,
    links,
    names_axis,
    note,
    paint,
    plain,
    values,
)
from crm.core.formats import number, plural

LETTER = 6.2  # pixels, on average
NARROW, PHONE = 400, 185  # pixels of the drawing beside the names: in half of a desk's page, and on a phone
MOST_ROOM = 0.78  # for the numbers, of that


def ranked_bars(
    names: Sequence[str],
    sizes: Sequence[float],
    texts: Sequence[str],
    urls: Sequence[str],
    *,
    marks: Sequence[float] | None = None,
    color: str | Sequence[str] = "chart1",
) -> Figure:
    """One horizontal bar per row with its number beside it; `marks` are the same a year before."""
    y = list(range(len(names)))
    fill = paint(color) if isinstance(color, str) else [paint(name) for name in color]
    hover = [f"<b>{plain(name)}</b><br>{plain(text)}" for name, text in zip(names, texts, strict=True)]
    low, high = min([0.0, *sizes]), max([0.0, *sizes, *(marks or ())])
    traces: list[dict[str, Any]] = [{
        "type": "bar", "orientation": "h", "x": list(sizes), "y": y, "marker": {"color": fill}, "hovertext": hover,
        "hoverinfo": "text", **links(urls),
    }]  # fmt: skip
    if marks is not None:
        look = {"symbol": "line-ns", "size": 15, "line": {"width": 2, "color": paint("ink1")}}
        traces.append({
            "type": "scatter", "mode": "markers", "x": list(marks), "y": y, "hoverinfo": "skip", "marker": look,
            "cliponaxis": False,
        })  # fmt: skip
    notes = [
        note(1, place, plain(text), xref="paper", xanchor="right", color="ink1") for place, text in enumerate(texts)
    ]
    longest = max((len(text) for text in texts), default=0)
    span = high - low or 1.0
    layout = {
        "xaxis": {"visible": False, "fixedrange": True, "range": [low, high + span * _room(longest, NARROW)]},
        "yaxis": names_axis(names),
        "bargap": 0.5, "hovermode": "closest", "annotations": notes, "margin": {"t": 0, "b": 0},
    }  # fmt: skip
    phone = {
        "yaxis": names_axis(names, NAME_LENGTH_PHONE),
        "xaxis": {"range": [low, high + span * _room(longest, PHONE)]},
    }
    return figure_of(traces, layout, phone)


def _room(letters: int, width: int) -> float:
    """How much longer the axis must be than its bars, so that so many letters stand beside the longest one."""
    share = min((letters * LETTER + 20) / width, MOST_ROOM)
    return share / (1 - share)


def day_histogram(table: pd.DataFrame, width: int, marks: Mapping[str, float]) -> Figure:
    """How many referrals waited how long; `marks` are named days, drawn as dotted lines."""
    starts, counts = [int(day) for day in table["days"]], [int(count) for count in table["referrals"]]
    labels = [f"{day} to {day + width - 1} days" for day in starts[:-1]] + [f"{starts[-1]} days or more"]
    hover = [f"<b>{label}</b><br>{plural(count, 'referral')}" for label, count in zip(labels, counts, strict=True)]
    top = max(counts) * 1.2 or 5
    bars = {
        "type": "bar", "x": [day + width / 2 for day in starts], "y": counts, "width": width * 0.86, "hovertext": hover,
        "hoverinfo": "text", "marker": {"color": paint("chart1")},
    }  # fmt: skip
    places = {label: min(day + 0.5, starts[-1] + width / 2) for label, day in marks.items()}
    dotted = {"color": paint("ink1"), "width": 1.5, "dash": "dot"}
    lines = [{**line([day, day], [0, top], "ink1", hoverinfo="skip"), "line": dotted} for day in places.values()]
    beside = {"xanchor": "left", "yanchor": "top", "xshift": 5, "bgcolor": paint("surface")}
    notes = [
        note(day, top, label, color="ink1", yshift=-18 * place, **beside)
        for place, (label, day) in enumerate(places.items())
    ]
    ticks = starts[::2]
    layout = {
        "xaxis": {
            "tickvals": ticks, "ticktext": [f"{day}+" if day == starts[-1] else str(day) for day in ticks],
            "title": {"text": "Days"}, "fixedrange": True,
        },
        "yaxis": {"range": [0, top], "fixedrange": True, "tickformat": ",d"}, "annotations": notes,
        "hovermode": "closest",
    }  # fmt: skip
    return figure_of(
        [bars, *lines], layout, {"xaxis": {"tickvals": starts[::4], "ticktext": [str(d) for d in starts[::4]]}}
    )


def day_spans(
    names: Sequence[str], table: pd.DataFrame, urls: Sequence[str], *, what: str = "an appointment"
) -> Figure:
    """Per row the median as a dot and the 90th percentile as a ring, in days until `what`."""
    y, median, high = list(range(len(names))), values(table["median"]), values(table["high"])
    hover = [
        _span_hover(name, m, h, f"{plural(int(count), 'referral')} with {what}")
        for name, m, h, count in zip(names, median, high, table["referrals"], strict=True)
    ]
    joins = [
        {**line([m, h], [place, place], "last"), "hoverinfo": "skip"}
        for place, (m, h) in enumerate(zip(median, high, strict=True)) if m is not None and h is not None
    ]  # fmt: skip
    dots = {"type": "scatter", "mode": "markers", "y": y, "hovertext": hover, "hoverinfo": "text", "cliponaxis": False}
    ring = {"size": 9, "color": paint("surface"), "line": {"width": 2, "color": paint("accent")}}
    traces = [
        *joins,
        {**dots, "x": high, "marker": ring, **links(urls)},
        {**dots, "x": median, "marker": {"size": 11, "color": paint("accent")}, **links(urls)},
    ]
    right = max([value for value in [*median, *high] if value is not None], default=1.0)
    notes = [
        note(
            1,
            place,
            number(m) + (f", {number(h)}" if h is not None else ""),
            xref="paper",
            xanchor="right",
            color="ink1",
        )
        for place, (m, h) in enumerate(zip(median, high, strict=True))
    ]
    head = {"xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom"}
    notes.append(note(1, 1, "Half, nine of ten", color="ink3", **head))
    layout = {
        "margin": {"t": 22},
        "xaxis": {"range": [0, right * 1.3 + 1], "title": {"text": "Days"}, "fixedrange": True, "showgrid": True},
        "yaxis": names_axis(names), "hovermode": "closest", "annotations": notes,
    }  # fmt: skip
    return figure_of(traces, layout, {"yaxis": names_axis(names, NAME_LENGTH_PHONE)})


def _span_hover(name: str, median: float | None, high: float | None, known: str) -> str:
    further = f", nine of ten within {number(high)}" if high is not None else ""
    return f"<b>{plain(name)}</b><br>Half within {number(median)} days{further}<br>{known}"
