"""Pages of analytics: growth, sources, revenue, service, outreach; and each chart as JSON, table and file."""

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.analytics import links
from crm.analytics.catalog import CHARTS, Chart
from crm.analytics.chips import filter_bar
from crm.analytics.filters import parse
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock
from crm.core.db import db, separate_transaction
from crm.core.errors import NotAllowed, NotFound
from crm.core.web import allow, arg_int, page, partial
from crm.directory.queries import get_practice
from crm.exports import csv_writer

if TYPE_CHECKING:
    from crm.analytics.question import Answer, Question

bp = Blueprint("analytics", __name__, url_prefix="/analytics")
TABS = (
    ("Growth", "growth", Permission.ANALYTICS_VIEW),
    ("Sources", "sources", Permission.ANALYTICS_VIEW),
    ("Revenue", "revenue", Permission.REVENUE_VIEW),
    ("Service", "service", Permission.ANALYTICS_VIEW),
    ("Outreach", "outreach", Permission.ANALYTICS_VIEW),
)
WAIT_BY = ("month", "source", "site", "payer")
SHORT, LONG = 12, 24  # months of a practice's chart
PRACTICE_TITLE = "Referrals received per month"


@bp.route("")
@allow(Permission.ANALYTICS_VIEW)
def growth() -> ResponseReturnValue:
    """Referrals by month against last year."""
    from crm.analytics import headlines

    question = _question()
    rows_url = links.referral_rows(question.filters, question.window.months)
    names = ["referrals-by-month", "year-to-date"]
    return _page(question, "growth", names, figures=headlines.growth(question), rows_url=rows_url)


@bp.route("/sources")
@allow(Permission.ANALYTICS_VIEW)
def sources() -> ResponseReturnValue:
    """Who refers, who grows, who declines."""
    from crm.analytics import headlines

    question = _question()
    rows = headlines.source_rows(question, is_all=request.args.get("all") == "1")
    more = links.address("analytics.sources", {**question.filters.params(), "all": "1"})
    return _page(
        question, "sources", ["growing-sources", "declining-sources", "sources"],
        states=headlines.states(question), rows=rows, more_url=more,
    )  # fmt: skip


@bp.route("/revenue")
@allow(Permission.REVENUE_VIEW)
def revenue() -> ResponseReturnValue:
    """Money by month and service line, and by source."""
    from crm.analytics.revenue import money_of

    question = _question().with_money()
    chosen, filters = money_of(question), question.filters
    kinds = [
        {"label": kind.capitalize(), "url": _url("revenue", question, money=kind), "is_current": kind == chosen.kind}
        for kind in chosen.kinds
    ]
    estimates = [
        {"label": label, "url": _url("revenue", question, estimate=value), "is_current": value == filters.estimate}
        for label, value in (("Stated amounts", None), ("With estimates", "1"))
        if question.options.values
    ]
    return _page(
        question, "revenue", ["revenue-by-month", "revenue-by-source"], kinds=kinds, kind=chosen.label,
        estimates=estimates,
    )  # fmt: skip


@bp.route("/service")
@allow(Permission.ANALYTICS_VIEW)
def service() -> ResponseReturnValue:
    """How far referrals came, how long patients waited, and how long practices waited for a report."""
    names = [
        "referrals-by-status",
        "time-to-appointment",
        "wait-by-month",
        "wait-by-source",
        "wait-by-site",
        "wait-by-payer",
        "seen-by-month",
        "seen-by-line",
        "report-by-month",
        "report-by-line",
    ]
    return _page(_question(), "service", names)


@bp.route("/outreach")
@allow(Permission.ANALYTICS_VIEW)
def outreach() -> ResponseReturnValue:
    """Visits beside referrals."""
    from crm.analytics.outreach import LEGEND, NO_PROOF

    names = ["visits-and-referrals", "most-visited"]
    return _page(_question(), "outreach", names, no_proof=NO_PROOF, contact_legend=LEGEND)


@bp.route("/charts/<name>.json")
@allow(Permission.ANALYTICS_VIEW)
def chart(name: str) -> ResponseReturnValue:
    """A chart for the browser to draw."""
    from crm.analytics.drawing import answer, narrow

    _chart(name)
    figure = _answer(name).figure
    figure = narrow(figure) if request.args.get("size") == "narrow" else figure
    return Response(answer(figure), mimetype="application/json")


@bp.route("/charts/<name>/table")
@allow(Permission.ANALYTICS_VIEW)
def chart_table(name: str) -> ResponseReturnValue:
    """The numbers of a chart as a table."""
    found = _chart(name)
    return partial("analytics/_table.html", title=found.title, answer=_answer(name))


@bp.route("/charts/<name>.csv")
@allow(Permission.ANALYTICS_VIEW)
def chart_csv(name: str) -> ResponseReturnValue:
    """The numbers of a chart as a file; taking it is recorded."""
    return _file(name, _chart(name).title, _answer(name), filters=parse(request.args).params())


@bp.route("/practices/<int:practice_id>.json")
@allow(Permission.REFERRALS_VIEW)
def practice_chart(practice_id: int) -> ResponseReturnValue:
    """The chart of a practice's page: 24 months, or 12 for a phone (`?months=12`), with its visits."""
    from crm.analytics.drawing import answer

    length = SHORT if arg_int("months") == SHORT else LONG
    return Response(answer(_practice_answer(practice_id, length).figure), mimetype="application/json")


@bp.route("/practices/<int:practice_id>/table")
@allow(Permission.REFERRALS_VIEW)
def practice_table(practice_id: int) -> ResponseReturnValue:
    """The numbers of a practice's chart as a table."""
    return partial("analytics/_table.html", title=PRACTICE_TITLE, answer=_practice_answer(practice_id, LONG))


@bp.route("/practices/<int:practice_id>.csv")
@allow(Permission.REFERRALS_VIEW)
def practice_csv(practice_id: int) -> ResponseReturnValue:
    """The numbers of a practice's chart as a file; taking it is recorded."""
    found = _practice_answer(practice_id, LONG)
    return _file(f"practice-{practice_id}-referrals", PRACTICE_TITLE, found, practice_id=practice_id)


@bp.route("/practices/<int:practice_id>/figures")
@allow(Permission.REFERRALS_VIEW)
def practice_figures(practice_id: int) -> ResponseReturnValue:
    """What came of a practice's referrals of the last twelve months; htmx asks for it after the practice's page."""
    from crm.analytics import practice_figures as found
    from crm.analytics.periods import says_months
    from crm.analytics.question import ask

    get_practice(db.session(), current_viewer(), practice_id)
    question = ask(db.session(), current_viewer(), {"source": str(practice_id)}, clock.today())
    figures, months = found.practice_figures(question), says_months(question.window.months)
    return partial("analytics/_practice_figures.html", figures=figures, months=months)


def _file(name: str, title: str, found: "Answer", **about: Any) -> Response:
    """The table of a chart as CSV, with the event that says who took it."""
    from crm.analytics.tables import file_rows

    head, rows = file_rows(found.table)
    actor = db.session.info.get("actor")
    with separate_transaction() as session:
        record(session, Action.EXPORTED, "chart", label=title, actor=actor, rows=len(rows), **about)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(b"".join(csv_writer.lines(head, rows)), mimetype="text/csv", headers=headers)


def _practice_answer(practice_id: int, length: int) -> "Answer":
    from crm.analytics.outreach import practice_answer

    get_practice(db.session(), current_viewer(), practice_id)
    return practice_answer(_question(), practice_id, length)


def _question() -> "Question":
    from crm.analytics.question import ask

    return ask(db.session(), current_viewer(), request.args, clock.today())


def _chart(name: str) -> Chart:
    if name not in CHARTS:
        raise NotFound
    if not current_viewer().may(CHARTS[name].permission):
        raise NotAllowed
    return CHARTS[name]


def _answer(name: str) -> "Answer":
    from crm.analytics.answers import ANSWERS

    return ANSWERS[name](_question())


def _url(tab: str, question: "Question", **changes: Any) -> str:
    return links.address(f"analytics.{tab}", question.filters.changed(**changes).params())


def _page(question: "Question", tab: str, names: list[str], **context: Any) -> ResponseReturnValue:
    from crm.analytics.answers import ANSWERS
    from crm.analytics.question import limits

    viewer = current_viewer()
    tabs = [
        {"label": label, "url": _url(endpoint, question), "is_current": endpoint == tab}
        for label, endpoint, permission in TABS
        if viewer.may(permission)
    ]
    bar = filter_bar(
        question.filters, question.options, question.window.months,
        lambda filters: links.address(f"analytics.{tab}", filters.params()),
    )  # fmt: skip
    return page(
        f"analytics/{tab}.html", question=question, tabs=tabs, bar=bar, limits=limits(question), charts=CHARTS,
        answers={name: ANSWERS[name](question) for name in names}, params=question.filters.params(), **context,
    )  # fmt: skip
