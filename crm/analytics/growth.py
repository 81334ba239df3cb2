"""Answers of the page Growth: referrals by month against last year, and the year to date."""

import pandas as pd

from crm.analytics import charts, links, metrics
from crm.analytics.periods import says_months
from crm.analytics.question import Answer, Question
from crm.analytics.tables import Column, Kind, Row, Table, known, rows_of
from crm.core.formats import month

COLUMNS = (
    Column("Month", Kind.TEXT),
    Column("Referrals"),
    Column("Year before"),
    Column("Change", Kind.SIGNED),
    Column("Change", Kind.SIGNED_PERCENT, "%"),
    Column("Note", Kind.TEXT),
)
SO_FAR = "Incomplete, not compared"


def by_month(question: Question) -> Answer:
    """Referrals received per month beside the same months a year before."""
    table, window = question.growth, question.window
    compared = metrics.compare(table)
    urls = question.month_links()
    return Answer(
        tabulate=lambda: _table(table, urls, _total(question, table)),
        draw=lambda: charts.month_lines(table, window, urls),
        says=compared.says if compared else _says_alone(question),
        coverage=question.coverage(),
        empty=question.empty,
    )


def to_date(question: Question) -> Answer:
    """Referrals since January beside the year before, as running totals of whole months."""
    window = question.to_date
    sums = metrics.running_total(metrics.growth(question.monthly, window))
    first = window.months.start
    urls = [links.referral_rows(question.filters, range(first, m + 1)) for m in window.months]
    compared = metrics.compare(metrics.growth(question.monthly, window))
    nothing = question.empty or ("" if len(window.months) else "No month of this period is over yet.")
    return Answer(
        tabulate=lambda: _table(sums, urls, None),
        draw=lambda: charts.month_lines(sums, window, urls),
        says=compared.says if compared else "",
        coverage=question.coverage(window.months),
        empty=nothing or ("" if question.in_window("received", window.months) else "No referrals match these filters."),
    )


def _table(table: pd.DataFrame, urls: list[str], total: Row | None) -> Table:
    records = (
        (month(int(r.month)), r.now, r.before, r.change, _share(r), "" if r.is_whole else SO_FAR)
        for r in metrics.records(table)
    )
    return Table(COLUMNS, rows_of(records, urls), total)


def _share(row: object) -> float | None:
    """The change as a share; never on counts so small that it means nothing."""
    small = min(getattr(row, "now"), getattr(row, "before")) < metrics.FEW  # noqa: B009 a row of a frame has no type
    return None if small else getattr(row, "ratio")  # noqa: B009


def _total(question: Question, table: pd.DataFrame) -> Row:
    url = links.referral_rows(question.filters, question.window.months)
    return Row(("All", known(float(table["now"].sum())), known(float(table["before"].sum())), None, None, ""), url)


def _says_alone(question: Question) -> str:
    whole = question.window.whole
    return f"{says_months(whole)}; no year before to compare with" if whole else "No whole month yet"
