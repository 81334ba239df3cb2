"""Sources: those without a practice, with the practices that they may be; what was decided about others, and undo."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.queries import user_names
from crm.accounts.viewer import Viewer
from crm.core import formats
from crm.core.arguments import arg_words, plain_words
from crm.core.db import commit, db
from crm.core.errors import Conflict, Invalid
from crm.core.web import allow, arg_int, page
from crm.referrals import source_queries, source_services
from crm.referrals.blueprint import bp
from crm.referrals.forms import optional_id
from crm.referrals.kinds import APART, KIND_WORDS
from crm.referrals.models import ReferralSource, SourceKind
from crm.referrals.source_services import Followed


@bp.get("/sources")
@allow(Permission.REFERRALS_IMPORT)
def sources() -> ResponseReturnValue:
    """Sources without a practice, those of the most referrals first."""
    return page("referrals/sources.html", **_waiting(_text(), arg_int("page")))


@bp.get("/sources/decided")
@allow(Permission.REFERRALS_IMPORT)
def sources_decided() -> ResponseReturnValue:
    """What people said about sources, the last first."""
    session, viewer, text = db.session(), current_viewer(), _text()
    found = source_queries.list_decided(session, viewer, text, arg_int("page"))
    found.url_for = lambda number: url_for("referrals.sources_decided", page=number, q=text or None)
    return page(
        "referrals/sources_decided.html", page=found, text=text, names=user_names(session),
        label_of=source_queries.label_of, kind_of=source_queries.kind_of, words=KIND_WORDS,
        coverage=source_queries.coverage(session, viewer),
    )  # fmt: skip


@bp.post("/sources/<int:source_id>/decide")
@allow(Permission.REFERRALS_IMPORT)
def source_decide(source_id: int) -> ResponseReturnValue:
    """Say which practice a source is."""

    def say(source: ReferralSource) -> str:
        label, chosen = source_queries.label_of(source), optional_id(request.form.get("practice_id"))
        return f"{label} is remembered. {_told(source_services.decide_source(*_who(), source, chosen or 0))}"

    return _answer(source_id, say, _back())


@bp.post("/sources/<int:source_id>/leave")
@allow(Permission.REFERRALS_IMPORT)
def source_leave(source_id: int) -> ResponseReturnValue:
    """Leave a source without a practice, and ask no more."""

    def say(source: ReferralSource) -> str:
        source_services.leave_source(*_who(), source)
        return "Left without a practice. Its referrals count in totals, and it is not asked for again."

    return _answer(source_id, say, _back())


@bp.post("/sources/<int:source_id>/set-apart")
@allow(Permission.REFERRALS_IMPORT)
def source_set_apart(source_id: int) -> ResponseReturnValue:
    """Say that a source is no practice: a patient, an advert."""
    said = request.form.get("kind", "")
    kind = next((option for option in SourceKind if option == said), SourceKind.PRACTICE)

    def say(source: ReferralSource) -> str:
        followed = source_services.set_apart(*_who(), source, kind)
        name = " Its name is not kept." if kind in source_services.WITHOUT_NAME else ""
        background = " Its referrals follow in the background." if followed.job else ""
        return f"Kept apart from practices as “{KIND_WORDS[kind]}”, in later files too.{name}{background}"

    return _answer(source_id, say, _back())


@bp.post("/sources/<int:source_id>/undo")
@allow(Permission.REFERRALS_IMPORT)
def source_undo(source_id: int) -> ResponseReturnValue:
    """Take back what was said about a source."""

    def say(source: ReferralSource) -> str:
        return f"Undone. {_told(source_services.undo_decision(*_who(), source))}"

    return _answer(source_id, say, url_for("referrals.sources_decided"))


@bp.post("/sources/look-again")
@allow(Permission.REFERRALS_IMPORT)
def sources_look_again() -> ResponseReturnValue:
    """Look again for the practices of all rows without one, as a job."""
    source_services.look_again(db.session(), current_viewer())
    commit()
    flash("Rounds looks again, in the background. What it finds appears here.", "info")
    return redirect(url_for("referrals.sources"))


def _who() -> tuple[Session, Viewer]:
    return db.session(), current_viewer()


def _answer(source_id: int, say: Callable[[ReferralSource], str], back: str) -> ResponseReturnValue:
    """Do what somebody says of a source, and tell what came of it."""
    source = source_queries.get_source(*_who(), source_id)
    try:
        told = say(source)
    except Invalid as problem:
        return _refused(source, problem)
    except Conflict as problem:
        flash(problem.says, "bad")
        return redirect(back)
    commit()
    flash(told, "good")
    return redirect(back)


def _text() -> str:
    return arg_words("q")


def _waiting(text: str, number: int | None, **more: Any) -> dict[str, Any]:
    session, viewer = db.session(), current_viewer()
    found = source_queries.list_waiting(session, viewer, text, number)
    found.url_for = lambda n: url_for("referrals.sources", page=n, q=text or None)
    coverage = source_queries.coverage(session, viewer)
    shown = {"page": found, "text": text, "coverage": coverage, "kinds": APART, "fault": "", "fault_at": None}
    return {**shown, **more}


def _refused(source: ReferralSource, problem: Invalid) -> ResponseReturnValue:
    """The list as it was, with what is wrong beside its source."""
    source_id = source.id
    db.session.rollback()
    body, _ = page("referrals/sources.html", **_waiting(*_place(), fault=problem.says, fault_at=source_id))
    return body, problem.status


def _place() -> tuple[str, int | None]:
    """Where in the list somebody was who sent a form."""
    number = request.form.get("page", "")
    return plain_words(request.form.get("q", "")), optional_id(number)


def _back() -> str:
    text, number = _place()
    return url_for("referrals.sources", page=number if number != 1 else None, q=text or None)


def _told(followed: Followed) -> str:
    if followed.job is not None:
        return "Its referrals are moved in the background."
    return f"{formats.plural(followed.rows, 'row')} moved." if followed.rows else "No row had to be moved."
