"""The steps of an import: change how the file is read, check again, import, give up, take back, try again."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.core.db import commit, db
from crm.core.errors import Invalid
from crm.core.web import allow
from crm.referrals import import_queries, import_services, source_services, take_back_queries
from crm.referrals.blueprint import bp
from crm.referrals.import_services import Choices
from crm.referrals.list_filters import read_month
from crm.referrals.models import Grain, ImportState, ReferralImport
from crm.referrals.views.import_check import (
    answer_changed,
    answer_check,
    answer_refused,
    check_soon,
    sent_targets,
    was_changed,
)

MAX_NAME = 60
BEGUN = (ImportState.RUNNING, ImportState.DONE)


@bp.post("/imports/<int:import_id>/mapping")
@allow(Permission.REFERRALS_IMPORT)
def import_mapping(import_id: int) -> ResponseReturnValue:
    """Change what the columns are, and check again."""
    batch = import_queries.get_import(db.session(), current_viewer(), import_id)
    if was_changed(batch):
        return answer_changed(import_id)
    try:
        import_services.change_mapping(db.session(), batch, _choices(batch), by=current_viewer())
    except Invalid as problem:
        return answer_refused(import_id, problem)
    commit()
    check_soon(import_id)
    return answer_check(import_id)


def _choices(batch: ReferralImport) -> Choices:
    """What was sent."""
    grain = next((grain for grain in Grain if grain.value == request.form.get("grain")), batch.grain)
    text = request.form.get("month", "")
    month = read_month(text)
    if text and month is None:
        raise Invalid(month="Write the month as 2026-03.")
    targets = sent_targets(len(batch.mapping["columns"]))
    day_first = request.form.get("day_first") == "day"
    return Choices(targets, month, _tidy("service_line"), _tidy("site"), grain, day_first=day_first)


def _tidy(name: str) -> str:
    text = request.form.get(name, "").replace("\x00", "").encode("utf-8", "ignore").decode()
    return " ".join(text.split())[:MAX_NAME]


@bp.post("/imports/<int:import_id>/import")
@allow(Permission.REFERRALS_IMPORT)
def import_begin(import_id: int) -> ResponseReturnValue:
    """Import the checked file, in the background. Whoever comes second sees how far it is."""
    viewer = current_viewer()
    batch = import_queries.get_import(db.session(), viewer, import_id)
    if batch.state in BEGUN:
        flash("This import was begun already.", "info")
        return redirect(url_for("referrals.import_page", import_id=import_id))
    if was_changed(batch):
        return answer_changed(import_id)
    import_services.begin_import(db.session(), viewer, batch)
    commit()
    return redirect(url_for("referrals.import_page", import_id=import_id))


@bp.post("/imports/<int:import_id>/give-up")
@allow(Permission.REFERRALS_IMPORT)
def import_give_up(import_id: int) -> ResponseReturnValue:
    """Forget the file."""
    batch = import_queries.get_import(db.session(), current_viewer(), import_id)
    import_services.give_up(db.session(), batch)
    commit()
    flash("Given up. Nothing was imported, and nothing of the file is kept.", "good")
    return redirect(url_for("referrals.imports"))


@bp.post("/imports/<int:import_id>/take-back")
@allow(Permission.REFERRALS_IMPORT)
def import_take_back(import_id: int) -> ResponseReturnValue:
    """Take the import back, in the background. Whoever comes second sees how far it is."""
    viewer = current_viewer()
    batch = import_queries.get_import(db.session(), viewer, import_id)
    if batch.state in (ImportState.TAKING_BACK, ImportState.TAKEN_BACK):
        flash("This import is being taken back already, or was.", "info")
        return redirect(url_for("referrals.import_page", import_id=import_id))
    matched = take_back_queries.matched_since(db.session(), batch) if request.form.get("matches") == "forget" else []
    import_services.begin_take_back(db.session(), viewer, batch)
    source_services.forget_matches(db.session(), matched)
    commit()
    return redirect(url_for("referrals.import_page", import_id=import_id))


@bp.post("/imports/<int:import_id>/try-again")
@allow(Permission.REFERRALS_IMPORT)
def import_try_again(import_id: int) -> ResponseReturnValue:
    """Go on after the work on an import has stopped."""
    viewer = current_viewer()
    batch = import_queries.get_import(db.session(), viewer, import_id)
    import_services.try_again(db.session(), viewer, batch)
    commit()
    return redirect(url_for("referrals.import_page", import_id=import_id))
