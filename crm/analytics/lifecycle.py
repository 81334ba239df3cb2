"""Answers of the page Service about what came of referrals: the seen rate, and how soon a report was sent."""

import pandas as pd

from crm.analytics import frames, links, metrics, rank_charts
from crm.analytics.question import Answer, Question
from crm.analytics.tables import Column, Kind, Row, Table, rows_of
from crm.core.formats import month, number, percent, plural
from crm.referrals.models import Wait

TOO_RECENT = "Too recent"
NO_RIPE = "No month of this period is old enough: a referral gets two whole months to be seen."
NO_REPORTS = "No referral of this period has both a day seen and a day on which its report was sent."
SEEN_COLUMNS = (Column("Received"), Column("Seen"), Column("Seen rate", Kind.PERCENT, "%"))
REPORT_COLUMNS = (
    Column("Seen", unit="referrals"),
    Column("Report sent", unit="referrals"),
    Column("With a report", Kind.PERCENT, "% of seen"),
    Column("Median", unit="days"),
    Column("90th percentile", unit="days"),
)


def seen_by_month(question: Question) -> Answer:
    """The share of the referrals received in each month that were seen; months that are too recent have none."""
    ripe = set(metrics.ripe_months(question.window))
    table = metrics.seen_rates(question.inside, "month").sort_values("month", ascending=False, ignore_index=True)
    table["rate"] = table["rate"].where(table["month"].isin(ripe))
    table["note"] = ["" if m in ripe else TOO_RECENT for m in table["month"]]
    names = [month(int(m)) for m in table["month"]]
    urls = [links.referral_rows(question.filters, [int(m)], status="seen") for m in table["month"]]
    records = [
        (name, row.received, row.seen, row.rate, row.note)
        for name, row in zip(names, metrics.records(table), strict=True)
    ]
    columns = (Column("Month", Kind.TEXT), *SEEN_COLUMNS, Column("Note", Kind.TEXT))
    told = table["rate"].notna()
    return _seen_answer(
        question, Table(columns, rows_of(records, urls)), table[told],
        [name for name, yes in zip(names, told, strict=True) if yes],
        [url for url, yes in zip(urls, told, strict=True) if yes],
    )  # fmt: skip


def seen_by_line(question: Question) -> Answer:
    """The share seen of the referrals received per service line, over the months that are old enough."""
    ripe = metrics.ripe_months(question.window)
    frame = frames.volumes(question.session, question.viewer, question.filters, ripe, "line")
    table = metrics.seen_rates(frame, "line").sort_values(["received", "line"], ascending=[False, True])
    table = table[table["rate"].notna()].reset_index(drop=True)
    names = [question.options.label("line", line) for line in table["line"]]
    urls = [links.referral_rows(question.filters, ripe, line=int(line), status="seen") for line in table["line"]]
    records = [
        (name, row.received, row.seen, row.rate) for name, row in zip(names, metrics.records(table), strict=True)
    ]
    received, seen = int(table["received"].sum()), int(table["seen"].sum())
    total = Row(("All", received, seen, seen / received)) if received else None
    columns = (Column("Service line", Kind.TEXT), *SEEN_COLUMNS)
    return _seen_answer(question, Table(columns, rows_of(records, urls), total), table, names, urls)


def report_by_month(question: Question) -> Answer:
    """Median and 90th percentile of the days from visit to report, by month received."""
    found = _reports(question, "month").sort_values("month", ascending=False, ignore_index=True)
    names = [month(int(m)) for m in found["month"]]
    urls = [links.referral_rows(question.filters, [int(m)], reported=1) for m in found["month"]]
    return _report_answer("Month", found, names, urls, question.empty)


def report_by_line(question: Question) -> Answer:
    """The same per service line, the largest first."""
    found = _reports(question, "line").sort_values(["seen", "line"], ascending=[False, True], ignore_index=True)
    names = [question.options.label("line", line) for line in found["line"]]
    months = question.window.months
    urls = [links.referral_rows(question.filters, months, line=int(line), reported=1) for line in found["line"]]
    return _report_answer("Service line", found, names, urls, question.empty)


def _seen_answer(question: Question, table: Table, told: pd.DataFrame, names: list[str], urls: list[str]) -> Answer:
    received, seen = int(told["received"].sum()), int(told["seen"].sum())
    texts = [f"{percent(row.rate, 0)}, {number(row.seen)} of {number(row.received)}" for row in metrics.records(told)]
    return Answer(
        tabulate=lambda: table,
        draw=lambda: rank_charts.ranked_bars(names, [float(rate) for rate in told["rate"]], texts, urls),
        says=f"{percent(seen / received)} were seen, {number(seen)} of {number(received)}" if received else "",
        coverage=f"Of {number(received)} referrals received in months with two whole months since",
        empty=question.empty or ("" if received else NO_RIPE),
    )


def _reports(question: Question, key: str) -> pd.DataFrame:
    months = question.window.months
    asked = (question.session, question.viewer, question.filters, months, key)
    volumes = question.inside if key == "month" else frames.volumes(*asked)
    return metrics.report_summary(frames.waits(*asked, wait=Wait.REPORT), volumes, key)


def _report_answer(head: str, found: pd.DataFrame, names: list[str], urls: list[str], empty: str) -> Answer:
    records = [
        (name, row.seen, row.referrals, row.share, row.median, row.high)
        for name, row in zip(names, metrics.records(found), strict=True)
    ]
    told = found["referrals"] > 0
    shown = [name for name, yes in zip(names, told, strict=True) if yes]
    lead = [url for url, yes in zip(urls, told, strict=True) if yes]
    seen, reports = int(found["seen"].sum()), int(found["referrals"].sum())
    return Answer(
        tabulate=lambda: Table((Column(head, Kind.TEXT), *REPORT_COLUMNS), rows_of(records, urls)),
        draw=lambda: rank_charts.day_spans(shown, found[told], lead, what="a report"),
        says="Dot: half of the reports were sent within so many days; ring: nine of ten",
        coverage=f"{plural(reports, 'report')} with a day seen and a day sent, of {number(seen)} seen",
        empty=empty or ("" if reports else NO_REPORTS),
    )
