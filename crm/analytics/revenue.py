"""Answers of the page Revenue: money by month and service line, and by source. Only for those who may see it."""

from dataclasses import dataclass
from functools import partial

import pandas as pd

from crm.analytics import charts, frames, links, metrics, rank_charts
from crm.analytics.drawing import Figure
from crm.analytics.periods import says_months
from crm.analytics.queries import UNKNOWN_SOURCE
from crm.analytics.question import Answer, Question
from crm.analytics.tables import Column, Kind, Row, Table, known, rows_of
from crm.core.errors import NotAllowed
from crm.core.formats import money, month, number

TOP = 12
NO_MONEY = "No referral of this period carries an amount."
COLUMN_OF_ESTIMATE = {"estimate": metrics.ESTIMATED}
KIND_LABELS = {"paid": "paid", "net": "net", "billed": "billed"}


@dataclass(frozen=True)
class Money:
    """Which money a page shows, of those that the data have; kinds are never added up."""

    kind: str | None
    kinds: list[str]

    @property
    def label(self) -> str:
        """`paid`, `net` or `billed`."""
        return KIND_LABELS.get(self.kind or "", "known")


@dataclass(frozen=True)
class Estimate:
    """What referrals without an amount may be worth: cents by month, and how many referrals those are."""

    cents: "pd.Series[float]"
    referrals: int


def money_of(question: Question) -> Money:
    """The kind of money that a question asks for, or that the data have."""
    if not question.viewer.sees_revenue:
        raise NotAllowed
    question = question.with_money()
    kinds = metrics.money_kinds(question.inside)
    if question.filters.estimate:
        valued = {kind for kind, _ in question.options.values.values()}
        kinds = [kind for kind in frames.MONEY if kind in kinds or kind in valued]
    return Money(metrics.money_kind(kinds, question.filters.money), kinds)


def by_line(question: Question) -> Answer:
    """Money per month, one column per service line; months that are not over are marked."""
    question = question.with_money()
    chosen, window = money_of(question), question.window
    kind = chosen.kind or "paid"
    frame = frames.volumes(
        question.session, question.viewer, question.filters, window.months, "month", "line", money=True
    )
    names = question.options.lines
    table = metrics.money_by_line(frame, window, kind, names)
    urls = question.month_links()
    found = _estimate(question, frame, kind)
    drawn = table if found is None else table.assign(estimate=found.cents).rename(columns=COLUMN_OF_ESTIMATE)
    url = links.referral_rows(question.filters, window.months)
    return Answer(
        tabulate=lambda: _line_table(table, names, urls, kind, url, found),
        draw=lambda: charts.stacked_months(
            drawn, window, {**names, metrics.ESTIMATED: "Estimated"}, question.options.colors, urls
        ),
        says=f"{chosen.label.capitalize()} per month, {says_months(window.months)}",
        coverage=says_priced(question, window.months) if found is None else _says_estimate(question, found),
        empty=question.empty or ("" if chosen.kind and len(drawn.columns) else NO_MONEY),
    )


def _estimate(question: Question, frame: pd.DataFrame, kind: str) -> Estimate | None:
    """What the referrals without an amount may be worth; nothing unless asked for, or where no line has a value."""
    if not question.filters.estimate or not question.options.values:
        return None
    cents, referrals = metrics.estimated_money(frame, question.window, kind, question.options.values)
    return Estimate(cents, referrals) if referrals else None


def _says_estimate(question: Question, found: Estimate) -> str:
    priced, received = question.in_window("priced"), question.in_window("received")
    rest = received - priced
    which = "the rest is" if found.referrals == rest else f"{number(found.referrals)} of the others are"
    value = "the average value of the service line"
    return f"{number(priced)} of {number(received)} referrals carry an amount; {which} estimated at {value}"


def by_source(question: Question) -> Answer:
    """Money per source in the compared months, beside the year before."""
    question = question.with_money()
    chosen = money_of(question)
    kind = chosen.kind or "paid"
    frame = question.sources
    frame = frame.assign(money=frame[f"{kind}_now"], money_before=frame[f"{kind}_before"])
    frame = frame[(frame["money"] != 0) | (frame["money_before"] != 0)]
    frame = frame.sort_values(["money", "practice"], ascending=[False, True]).reset_index(drop=True)
    top = frame[(frame["practice"] > 0) & (frame["money"] > 0)].head(TOP)
    return Answer(
        tabulate=lambda: _source_table(question, frame, kind),
        draw=partial(_draw_sources, question, top),
        says=f"{chosen.label.capitalize()} for referrals received {says_months(question.compared)}",
        coverage=says_priced(question, question.compared),
        empty=question.empty or ("" if len(top) else NO_MONEY),
    )


def says_priced(question: Question, months: tuple[int, ...] | range) -> str:
    """`An amount is known for 1,204 of 1,310 referrals`."""
    priced, received = question.in_window("priced", months), question.in_window("received", months)
    return f"An amount is known for {number(priced)} of {number(received)} referrals"


def _draw_sources(question: Question, top: pd.DataFrame) -> Figure:
    dollars = [float(cents) / 100 for cents in top["money"]]
    marks = [max(float(cents) / 100, 0.0) for cents in top["money_before"]] if question.has_year_before else None
    return rank_charts.ranked_bars(
        [str(name) for name in top["name"]], dollars, [money(round(float(cents))) for cents in top["money"]],
        [links.referral_rows(question.filters, question.compared, source=int(id_)) for id_ in top["practice"]],
        marks=marks,
    )  # fmt: skip


def _line_table(
    table: pd.DataFrame, names: dict[int, str], urls: list[str], kind: str, url: str, found: Estimate | None
) -> Table:
    """The estimate has a column of its own, behind the sum of what is stated."""
    keys = [int(key) for key in table.columns]
    columns = (
        Column("Month", Kind.TEXT),
        *(Column(names.get(key, "Not known"), Kind.MONEY) for key in keys),
        Column(f"All {KIND_LABELS[kind]}", Kind.MONEY),
        *([] if found is None else [Column("Estimated", Kind.MONEY)]),
    )
    unknown = table.isna().all(axis=1)
    sums = table.sum(axis=1).mask(unknown)
    more = [] if found is None else [found.cents]
    records = (
        (month(int(m)), *(table.loc[m, key] for key in table.columns), sums[m], *(column[m] for column in more))
        for m in table.index
    )
    totals = [known(float(column.sum())) for column in (*(table[key] for key in table.columns), sums, *more)]
    return Table(columns, rows_of(records, urls), Row(("All", *totals), url))


def _source_table(question: Question, frame: pd.DataFrame, kind: str) -> Table:
    label = KIND_LABELS[kind].capitalize()
    columns = (
        Column("Practice", Kind.TEXT),
        Column(label, Kind.MONEY),
        Column("Year before", Kind.MONEY),
        Column("Change", Kind.SIGNED_MONEY),
        Column("Referrals"),
        Column(f"{label} per referral", Kind.MONEY),
    )
    told = question.has_year_before
    records = [
        (
            UNKNOWN_SOURCE if not r.practice else r.name, r.money, r.money_before if told else None,
            r.money - r.money_before if told else None, r.now, r.money / r.now if r.now else None,
        )
        for r in metrics.records(frame)
    ]  # fmt: skip
    urls = [links.referral_rows(question.filters, question.compared, source=int(id_)) for id_ in frame["practice"]]
    now, before = float(frame["money"].sum()), float(frame["money_before"].sum())
    count = int(question.sources["now"].sum())
    change = (known(before), known(now - before)) if told else (None, None)
    total = Row(("All", known(now), *change, count, known(now / count) if count else None))
    return Table(columns, rows_of(records, urls), total)
