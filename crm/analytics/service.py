"""Answers of the page Service: how far referrals came, and how long patients waited for an appointment."""

import pandas as pd

from crm.analytics import frames, links, metrics, rank_charts
from crm.analytics.periods import says_months
from crm.analytics.question import Answer, Question
from crm.analytics.tables import Column, Kind, Table, rows_of
from crm.core.formats import month, number, percent, plural

SPAN, LAST = 5, 60  # days: width of a bar, and where the last one begins
TOP = 10
STEP_COLORS = ("chart1", "chart1", "chart1", "last", "due", "bad")
# The status that the rows of a step have: "" is any; None is no single one, so that there is no list of them.
STEP_STATUS = ("", None, "seen", "received", "declined", "lost")
GROUPS = {"site": "Site", "payer": "Payer", "source": "Practice"}
NO_WAITS = "No referral of this period has both a received day and an appointment day."
WAIT_COLUMNS = (
    Column("With an appointment", unit="referrals"),
    Column("Median", unit="days"),
    Column("90th percentile", unit="days"),
)


def by_status(question: Question) -> Answer:
    """How far the referrals of the period have come."""
    window = question.window
    steps = metrics.funnel(question.inside)
    urls = [_step_link(question, status) for status in STEP_STATUS]
    records = ((row.step, row.referrals, row.share) for row in metrics.records(steps))
    columns = (Column("Step", Kind.TEXT), Column("Referrals"), Column("Of all received", Kind.PERCENT, "%"))
    texts = [
        f"{number(count)}, {percent(share, 0)}" if share == share else number(count)
        for count, share in zip(steps["referrals"], steps["share"], strict=True)
    ]
    return Answer(
        tabulate=lambda: Table(columns, rows_of(records, urls)),
        draw=lambda: rank_charts.ranked_bars(
            [str(step) for step in steps["step"]], [float(max(count, 0)) for count in steps["referrals"]], texts, urls,
            color=STEP_COLORS,
        ),
        says=f"Received {says_months(window.months)}; recent referrals are still on their way",
        coverage=question.coverage(),
        empty=question.empty,
    )  # fmt: skip


def waiting_time(question: Question) -> Answer:
    """How many referrals waited how many days for their appointment."""
    frame = frames.waits(question.session, question.viewer, question.filters, question.window.months)
    table = metrics.histogram(frame, SPAN, LAST)
    count, median, high = metrics.wait_total(frame)
    marks = {f"Half within {number(median)} days": median} if median is not None else {}
    marks |= {f"Nine of ten within {number(high)} days": high} if high is not None else {}
    labels = [f"{day} to {day + SPAN - 1}" for day in table["days"][:-1]] + [f"{LAST} or more"]
    records = zip(labels, table["referrals"], strict=True)
    return Answer(
        tabulate=lambda: Table((Column("Days", Kind.TEXT), Column("Referrals")), rows_of(records)),
        draw=lambda: rank_charts.day_histogram(table, SPAN, marks),
        says=_says_wait(count, median, high),
        coverage=_coverage(question, count),
        empty=question.empty or ("" if count else NO_WAITS),
    )


def wait_by_month(question: Question) -> Answer:
    """Median and 90th percentile of the days to appointment, by month received."""
    frame = frames.waits(question.session, question.viewer, question.filters, question.window.months, "month")
    found = metrics.wait_summary(frame, "month").sort_values("month", ascending=False, ignore_index=True)
    names = [month(int(m)) for m in found["month"]]
    urls = [links.referral_rows(question.filters, [int(m)], booked=1) for m in found["month"]]
    return _spans(question, "Month", names, found, urls)


def wait_by_source(question: Question) -> Answer:
    """Median and 90th percentile of the sources that send most."""
    months = question.compared
    sent = frames.sources(question.session, question.viewer, question.filters, months, ())
    top = sent[sent["practice"] > 0].nlargest(TOP, "now")
    names = {int(id_): str(name) for id_, name in zip(top["practice"], top["name"], strict=True)}
    return _by_group(question, "source", months, names)


def wait_by_site(question: Question) -> Answer:
    """Median and 90th percentile per site of ours."""
    return _by_group(question, "site", question.window.months)


def wait_by_payer(question: Question) -> Answer:
    """Median and 90th percentile per kind of insurance."""
    return _by_group(question, "payer", question.window.months)


def _by_group(
    question: Question, group: str, months: tuple[int, ...] | range, names: dict[int, str] | None = None
) -> Answer:
    """The largest groups first; with `names` only those practices."""
    key = "practice" if group == "source" else group
    frame = frames.waits(question.session, question.viewer, question.filters, months, key, practices=names)
    found = metrics.wait_summary(frame, key).sort_values(["referrals", key], ascending=[False, True]).head(TOP)
    labels = [names[value] if names else question.options.label(group, value) for value in found[key]]
    urls = [links.referral_rows(question.filters, months, booked=1, **{group: value}) for value in found[key]]
    return _spans(question, GROUPS[group], labels, found.reset_index(drop=True), urls)


def _spans(question: Question, head: str, names: list[str], found: pd.DataFrame, urls: list[str]) -> Answer:
    records = (
        (name, row.referrals, row.median, row.high) for name, row in zip(names, metrics.records(found), strict=True)
    )
    count = int(found["referrals"].sum())
    return Answer(
        tabulate=lambda: Table((Column(head, Kind.TEXT), *WAIT_COLUMNS), rows_of(records, urls)),
        draw=lambda: rank_charts.day_spans(names, found, urls),
        says="Dot: half got an appointment within so many days; ring: nine of ten",
        coverage=f"{plural(count, 'referral')} with a received day and an appointment day",
        empty="" if count else question.empty or NO_WAITS,
    )


def _says_wait(count: int, median: float | None, high: float | None) -> str:
    if not count or median is None:
        return ""
    further = f", nine of ten within {number(high)}" if high is not None else ""
    return f"Half of the patients got an appointment within {number(median)} days{further}"


def _coverage(question: Question, count: int) -> str:
    return f"{number(count)} of {number(question.in_window('received'))} referrals have an appointment day"


def _step_link(question: Question, status: str | None) -> str:
    if status is None:
        return ""
    more = {"status": status} if status else {}
    return links.referral_rows(question.filters, question.window.months, **more)
