"""Answers of the page Outreach: visits beside referrals, without claiming that one causes the other."""

from datetime import date

import pandas as pd

from crm.accounts.permissions import Permission
from crm.analytics import charts, frames, links, metrics
from crm.analytics.drawing import Figure
from crm.analytics.periods import YEAR, Window, says_months
from crm.analytics.question import Answer, Question
from crm.analytics.rank_charts import ranked_bars
from crm.analytics.tables import Column, Kind, Table, rows_of
from crm.core.formats import month, month_start, number, percent, plural

TOP = 12
LATELY = 3  # whole months of a practice's headline
FEW = 10  # below it a percentage says nothing
CLEAR_CHANGE = 0.1  # a change is colored from here on
NO_VISITS = "No visits were logged in this period."
LEGEND = [{"label": kind, "color": color} for kind, color in metrics.CONTACT_COLORS.items()]
NO_PROOF = (
    "Liaisons choose whom they visit, and referrals rise and fall for many reasons. Lines that move together are no "
    "proof that visits changed anything."
)


def beside_visits(question: Question) -> Answer:
    """Referrals and visits of the same months, on scales of their own."""
    window = question.window
    contacts = metrics.visits_by_month(
        frames.visits(question.session, question.viewer, question.filters, window.months), window.months
    )
    table, urls = question.growth, question.month_links()
    columns = (
        Column("Month", Kind.TEXT), Column("Referrals"), *(Column(kind) for kind in contacts.columns),
        Column("Note", Kind.TEXT),
    )  # fmt: skip
    records = (
        (month(int(m)), now, *(int(count) for count in counts), "" if is_whole else "Incomplete")
        for m, now, is_whole, counts in zip(
            table["month"], table["now"], table["is_whole"], metrics.records(contacts), strict=True
        )
    )
    received = question.in_window("received")
    made = int(contacts.drop(columns=[metrics.NO_ACCESS]).to_numpy().sum())
    return Answer(
        tabulate=lambda: Table(columns, rows_of(records, urls)),
        draw=lambda: charts.beside_visits(table, contacts, window, urls),
        says=f"{plural(made, 'visit')} and {plural(received, 'referral')}, {says_months(window.months)}",
        coverage=_visits_note(question),
        empty=question.empty,
    )


def most_visited(question: Question) -> Answer:
    """The practices visited most, with what they sent in the same months."""
    months = question.window.months
    found = frames.visited(question.session, question.viewer, question.filters, months, TOP)
    ids = [int(id_) for id_ in found["practice"]]
    sent = frames.volumes(question.session, question.viewer, question.filters, months, "practice", practices=ids)
    received = dict(zip(sent["practice"], sent["received"], strict=True))
    counts = [int(received.get(id_, 0)) for id_ in ids]
    urls = [links.referral_rows(question.filters, months, source=id_) for id_ in ids]
    records = (
        (row.name, row.tier or "", row.visits, row.last_on, count)
        for row, count in zip(metrics.records(found), counts, strict=True)
    )
    columns = (
        Column("Practice", Kind.TEXT), Column("Tier", Kind.TEXT), Column("Visits"), Column("Last visit", Kind.TEXT),
        Column("Referrals"),
    )  # fmt: skip
    texts = [
        f"{plural(int(v), 'visit')}, {plural(n, 'referral')}" for v, n in zip(found["visits"], counts, strict=True)
    ]
    return Answer(
        tabulate=lambda: Table(columns, rows_of(records, urls)),
        draw=lambda: ranked_bars([str(n) for n in found["name"]], [float(v) for v in found["visits"]], texts, urls),
        says=f"Visits made {says_months(months)}, with the referrals of the same months",
        coverage=_visits_note(question),
        empty="" if len(found) else NO_VISITS,
    )


def practice_answer(question: Question, practice_id: int, length: int) -> Answer:
    """The chart of a practice's page: its months, this year and last, with its visits in a lane below."""
    span = question.window.span
    if span.last is None:
        return Answer(lambda: Table(()), Figure, empty="No referrals yet.")
    window, this_year_from = Window(range(span.last - length + 1, span.last + 1), span), span.last - YEAR + 1
    filters = question.filters.changed(source=practice_id, territory=None)
    frame = frames.volumes(question.session, question.viewer, filters, window.with_year_before, "month")
    table = metrics.growth(frame, window)
    visits = practice_visits(question, practice_id, month_start(window.months.start))
    is_silent = not float(table["now"].sum()) and visits.empty
    urls = [links.referral_rows(filters, [m]) for m in window.months]
    return Answer(
        tabulate=lambda: _practice_table(table, visits, urls),
        draw=lambda: {
            **charts.practice_bars(table, visits, window, urls, this_year_from=this_year_from),
            "headline": practice_headline(table, window),
        },
        empty=f"No referrals and no visits in the last {length} months." if is_silent else "",
    )


def practice_headline(table: pd.DataFrame, window: Window) -> dict[str, str]:
    """The last whole months beside the same ones a year before, as number, change and words."""
    months = (window.comparable or window.whole)[-LATELY:]
    rows = table[table["month"].isin(months)]
    now, before = int(rows["now"].sum()), int(rows["before"].sum())
    says = says_months(months)
    if not months or not window.comparable:
        return {"value": number(now), "says": says}
    words = {"value": number(now), "says": f"{says}, against {number(before)} a year earlier"}
    if before < FEW:
        return words
    ratio = now / before - 1
    kind = "plain" if abs(ratio) < CLEAR_CHANGE else ("good" if ratio > 0 else "bad")
    return {**words, "change": percent(abs(ratio)), "direction": "up" if ratio >= 0 else "down", "kind": kind}


def _practice_table(table: pd.DataFrame, visits: pd.DataFrame, urls: list[str]) -> Table:
    made = [day.year * YEAR + day.month - 1 for day in visits.loc[visits["kind"] != metrics.NO_ACCESS, "day"]]
    columns = (
        Column("Month", Kind.TEXT), Column("Referrals"), Column("Year before"), Column("Visits made"),
        Column("Note", Kind.TEXT),
    )  # fmt: skip
    records = (
        (month(int(row.month)), row.now, row.before, made.count(int(row.month)), "" if row.is_whole else "Incomplete")
        for row in metrics.records(table)
    )
    return Table(columns, rows_of(records, urls))


def practice_visits(question: Question, practice_id: int, first: date) -> pd.DataFrame:
    """Day and kind of contact of each visit, for those who may see visits."""
    if not question.viewer.may(Permission.VISITS_VIEW):
        return pd.DataFrame({"day": [], "kind": []})
    frame = frames.visit_days(question.session, question.viewer, practice_id, first)
    return frame.assign(kind=metrics.contact_kinds(frame))


def _visits_note(question: Question) -> str:
    filters = question.filters
    if filters.line is not None or filters.site is not None or filters.payer is not None:
        return "Visits are not split by service line, site or payer: all are counted."
    return "Planned and cancelled visits are not counted"
