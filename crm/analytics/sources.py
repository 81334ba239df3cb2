"""Answers of the page Sources: who refers, who grows, who declines, and whether that could be chance."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from crm.analytics import frames, links, metrics, rank_charts, significance
from crm.analytics.drawing import values
from crm.analytics.periods import says_months
from crm.analytics.queries import UNKNOWN_SOURCE
from crm.analytics.question import NO_DATA, NO_ROWS, Answer, Question
from crm.analytics.tables import Column, Kind, Row, Table, rows_of
from crm.core.formats import MINUS, number

TOP, MOVERS, SPARK_MONTHS = 12, 8, 12
COLUMNS = (
    Column("Practice", Kind.TEXT),
    Column("Tier", Kind.TEXT),
    Column("Referrals"),
    Column("Year before"),
    Column("Share", Kind.PERCENT, "%"),
    Column("Change", Kind.SIGNED),
    Column("Change", Kind.SIGNED_PERCENT, "%"),
    Column("Significance", Kind.TEXT),
    Column("State", Kind.TEXT),
)
NO_YEAR_BEFORE = "There is no year before to compare with yet."


def ranking(question: Question) -> Answer:
    """All sources, largest first; what matched no practice is the last row, so that the table adds up."""
    ranked = question.ranked
    top = ranked[ranked["now"] > 0].head(TOP)
    marks = [float(v) for v in top["before"]] if question.has_year_before else None
    return Answer(
        tabulate=lambda: _table(question, ranked, with_unmatched=True),
        draw=lambda: rank_charts.ranked_bars(
            [str(name) for name in top["name"]], [float(v) for v in top["now"]], [number(v) for v in top["now"]],
            _links(question, top), marks=marks,
        ),
        says=f"Received {says_months(question.compared)}; the mark shows the same months a year before",
        coverage=coverage(question),
        empty=_empty(question) or ("" if len(top) else "No referral of these months matched a practice."),
    )  # fmt: skip


def growing(question: Question) -> Answer:
    """The sources that sent most more than a year before."""
    return _movers(question, 1, "good", "No source sent more than a year before.")


def declining(question: Question) -> Answer:
    """The sources that sent most fewer than a year before."""
    return _movers(question, -1, "bad", "No source sent fewer than a year before.")


def sparks(question: Question, practice_ids: Iterable[int]) -> dict[int, list[float | None]]:
    """The last twelve whole months of some sources."""
    ids, end = list(practice_ids), question.window.span.last_whole
    if not ids or end is None:
        return {}
    months = range(end - SPARK_MONTHS + 1, end + 1)
    frame = frames.volumes(
        question.session, question.viewer, question.filters, months, "practice", "month", practices=ids
    )
    known = question.window.span.months
    return {id_: values(metrics.by_month(frame[frame["practice"] == id_], months, known, "received")) for id_ in ids}


def coverage(question: Question) -> str:
    """How many of the ranked months' referrals matched a practice."""
    return question.coverage(question.compared)


def _empty(question: Question) -> str:
    if question.window.span.last is None:
        return NO_DATA
    return "" if _sums(question.sources) != (0, 0) else NO_ROWS


def says_change(change: float) -> str:
    """`+48`, with a true minus sign."""
    return f"{'+' if change > 0 else MINUS if change < 0 else ''}{number(abs(change))}"


def _movers(question: Question, direction: int, color: str, none: str) -> Answer:
    moved = metrics.movers(question.ranked, direction, MOVERS)
    texts = [
        f"{says_change(change)}, {number(before)} to {number(now)}"
        for change, before, now in zip(moved["change"], moved["before"], moved["now"], strict=True)
    ]
    clear = [color if level > significance.WITHIN_CHANCE else "last" for level in moved["level"]]
    empty = _empty(question) or ("" if question.has_year_before else NO_YEAR_BEFORE) or ("" if len(moved) else none)
    return Answer(
        tabulate=lambda: _table(question, moved, with_unmatched=False),
        draw=lambda: rank_charts.ranked_bars(
            [str(name) for name in moved["name"]], [abs(float(v)) for v in moved["change"]], texts,
            _links(question, moved), color=clear,
        ),
        says=f"{says_months(question.compared)} against the same months a year before; grey is within chance",
        coverage=coverage(question),
        empty=empty,
    )  # fmt: skip


def _table(question: Question, ranked: pd.DataFrame, *, with_unmatched: bool) -> Table:
    told = question.has_year_before
    records = [_record(row, told=told) for row in metrics.records(ranked)]
    rows = rows_of(records, _links(question, ranked))
    if with_unmatched:
        rows += _unmatched(question)
        url = links.referral_rows(question.filters, question.compared)
        return Table(COLUMNS, rows, Row(("All", "", *_sums(question.sources), None, None, None, "", ""), url))
    return Table(COLUMNS, rows)


def _record(row: Any, *, told: bool) -> tuple[Any, ...]:
    if not told:
        return (row.name, row.tier or "", row.now, None, row.share, None, None, "", "")
    ratio = None if min(row.now, row.before) < metrics.FEW else row.ratio
    word = significance.WORDS[int(row.level)]
    return (row.name, row.tier or "", row.now, row.before, row.share, row.change, ratio, word, row.state.capitalize())


def _sums(frame: pd.DataFrame) -> tuple[int, int]:
    return int(frame["now"].sum()), int(frame["before"].sum())


def _unmatched(question: Question) -> list[Row]:
    frame = question.sources[question.sources["practice"] == 0]
    now, before = _sums(frame)
    if not now and not before:
        return []
    total = int(question.sources["now"].sum())
    url = links.referral_rows(question.filters, question.compared, source=0)
    return [Row((UNKNOWN_SOURCE, "", now, before, now / total if total else None, now - before, None, "", ""), url)]


def _links(question: Question, table: pd.DataFrame) -> list[str]:
    return [links.referral_rows(question.filters, question.compared, source=int(id_)) for id_ in table["practice"]]
