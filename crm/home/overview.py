"""The Overview, home of managers and analysts: four headlines, growth, what changed, revenue, top sources, outreach."""

from typing import TYPE_CHECKING, Any

from flask import request
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.analytics.catalog import CHARTS
from crm.analytics.chips import filter_bar
from crm.analytics.filters import Filters, Period
from crm.analytics.links import address, referral_rows
from crm.core import clock
from crm.core.db import db
from crm.core.web import allow, page
from crm.home.blueprint import bp

if TYPE_CHECKING:
    from crm.analytics.question import Question

TOP_SOURCES = 8
SCALES = {"month": ("Month", Period.MONTH), "quarter": ("Quarter", Period.QUARTER), "year": ("Year", Period.YEAR)}


@bp.route("/overview")
@allow(Permission.ANALYTICS_VIEW)
def overview() -> ResponseReturnValue:
    """How referrals are going: for the person who answers for them."""
    from crm.analytics.question import ask

    chosen = request.args.get("period", "")
    scale = chosen if chosen in SCALES else "month"
    args = {name: value for name, value in request.args.items() if name not in ("period", "from", "to")}
    question = ask(db.session(), current_viewer(), args, clock.today()).with_money()
    return page("home/overview.html", **_context(question, scale))


def _context(question: "Question", scale: str) -> dict[str, Any]:
    from crm.analytics import headlines
    from crm.analytics.outreach import LEGEND
    from crm.analytics.periods import says_months
    from crm.analytics.question import limits
    from crm.analytics.sources import coverage

    lately = question.about(Period.YEAR if scale == "year" else Period.QUARTER)
    return {
        "question": question,
        "lately": lately,
        "rows_url": referral_rows(question.filters, question.window.months),
        "tiles": headlines.tiles(question, SCALES[scale][1]),
        "lately_coverage": coverage(lately),
        "lately_months": says_months(lately.compared),
        "changed": headlines.changed_rows(lately),
        "says_changed": headlines.says_changed(lately) if lately.has_year_before else "",
        "rows": headlines.source_rows(lately, limit=TOP_SOURCES),
        "limits": limits(question),
        "answers": _answers(question),
        "contact_legend": LEGEND,
        "charts": CHARTS,
        "params": question.filters.params(),
        "lately_params": lately.filters.params(),
        "segments": _segments(question.filters, scale),
        "bar": filter_bar(question.filters, question.options, question.window.months, lambda f: _url(f, scale)),
        "scale": scale,
    }


def _answers(question: "Question") -> dict[str, Any]:
    from crm.analytics.answers import ANSWERS

    names = ["referrals-by-month", "visits-and-referrals"]
    names += ["revenue-by-month"] if question.viewer.sees_revenue else []
    return {name: ANSWERS[name](question) for name in names}


def _segments(filters: Filters, scale: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": _url(filters, name), "is_current": name == scale} for name, (label, _) in SCALES.items()
    ]


def _url(filters: Filters, scale: str) -> str:
    words = {name: value for name, value in filters.params().items() if name not in ("period", "from", "to")}
    words |= {} if scale == "month" else {"period": scale}
    return address("home.overview", words)
