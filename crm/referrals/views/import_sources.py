"""Sources of a waiting file that match no practice: a person says what one is, before the import."""

from collections.abc import Callable

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.core import formats
from crm.core.db import commit, db
from crm.core.errors import Conflict, Invalid
from crm.core.web import allow, page
from crm.referrals import import_queries, unmatched_services
from crm.referrals.blueprint import bp
from crm.referrals.forms import optional_id
from crm.referrals.kinds import KIND_WORDS
from crm.referrals.models import ImportState, ReferralImport, SourceKind
from crm.referrals.source_services import WITHOUT_NAME
from crm.referrals.views.import_check import check_context, check_soon

MOST_AT_ONCE = 25


@bp.post("/imports/<int:import_id>/sources/decide")
@allow(Permission.REFERRALS_IMPORT)
def import_source_decide(import_id: int) -> ResponseReturnValue:
    """Say which practice a source of a waiting file is, or several at once, each as `key:practice`."""
    sent = request.form.getlist("chosen")[:MOST_AT_ONCE]
    pairs = [(key, number) for key, _, number in (one.partition(":") for one in sent)]
    pairs = pairs or [(request.form.get("key", ""), request.form.get("practice_id", ""))]

    def say(batch: ReferralImport) -> str:
        named = [
            unmatched_services.decide(db.session(), current_viewer(), batch, key, optional_id(number) or 0)
            for key, number in pairs
        ]
        what = named[0] if len(named) == 1 else formats.plural(len(named), "source")
        return f"{what} {'is' if len(named) == 1 else 'are'} remembered, for this file and for later ones."

    return _answer(import_id, say)


@bp.post("/imports/<int:import_id>/sources/set-apart")
@allow(Permission.REFERRALS_IMPORT)
def import_source_set_apart(import_id: int) -> ResponseReturnValue:
    """Say that a source of a waiting file is no practice."""
    said = request.form.get("kind", "")
    kind = next((option for option in SourceKind if option == said), SourceKind.PRACTICE)

    def say(batch: ReferralImport) -> str:
        key = request.form.get("key", "")
        unmatched_services.set_apart(db.session(), current_viewer(), batch, key, kind)
        name = " Its name is not kept." if kind in WITHOUT_NAME else ""
        return f"Kept apart from practices as “{KIND_WORDS[kind]}”, in later files too.{name}"

    return _answer(import_id, say)


@bp.post("/imports/<int:import_id>/sources/undo")
@allow(Permission.REFERRALS_IMPORT)
def import_source_undo(import_id: int) -> ResponseReturnValue:
    """Take back what was said of a source of a waiting file."""

    def say(batch: ReferralImport) -> str:
        unmatched_services.undo(db.session(), current_viewer(), batch, request.form.get("key", ""))
        return "Undone."

    return _answer(import_id, say)


def _answer(import_id: int, say: Callable[[ReferralImport], str]) -> ResponseReturnValue:
    """Do what somebody says of a source, and come back to the check page."""
    batch = import_queries.get_import(db.session(), current_viewer(), import_id)
    try:
        told = say(batch)
    except Invalid as problem:
        return _refused(import_id, problem)
    except Conflict as problem:
        db.session.rollback()
        flash(problem.says, "bad")
        return redirect(url_for("referrals.import_page", import_id=import_id, _anchor="sources"))
    is_checked_again = batch.state is ImportState.CHECKING
    commit()
    if is_checked_again:
        check_soon(import_id)
    flash(told, "good")
    return redirect(url_for("referrals.import_page", import_id=import_id, _anchor="sources"))


def _refused(import_id: int, problem: Invalid) -> ResponseReturnValue:
    """The check page as it was, with what is wrong beside its source."""
    db.session.rollback()
    batch = import_queries.get_import(db.session(), current_viewer(), import_id)
    if batch.state is not ImportState.WAITING:
        return redirect(url_for("referrals.import_page", import_id=import_id))
    body, _ = page(
        "referrals/import_check.html", **check_context(batch), fault=problem.says, fault_at=request.form.get("key", "")
    )
    return body, problem.status
