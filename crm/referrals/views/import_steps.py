"""The steps of an import: change how the file is read, check again, import, give up, take back, try again."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.core.db import commit, db
from crm.core.errors import Invalid
from crm.core.web import allow, is_htmx, partial
from crm.referrals import import_queries, import_services
from crm.referrals.blueprint import bp
from crm.referrals.import_services import Choices
from crm.referrals.importing.headers import Target
from crm.referrals.list_filters import read_month
from crm.referrals.models import Grain, ImportState, ReferralImport
from crm.referrals.views.imports import check_context, check_soon

MAX_NAME = 60


@bp.post("/imports/<int:import_id>/mapping")
@allow(Permission.REFERRALS_IMPORT)
def import_mapping(import_id: int) -> ResponseReturnValue:
    """Change what the columns are, and check again."""
    viewer = current_viewer()
    batch = import_queries.get_import(db.session(), viewer, import_id)
    import_services.change_mapping(db.session(), batch, _choices(batch))
    commit()
    check_soon(import_id)
    batch = import_queries.get_import(db.session(), viewer, import_id)
    address = url_for("referrals.import_page", import_id=import_id)
    if not is_htmx():
        return redirect(address)
    if batch.state is not ImportState.WAITING:
        return "", 200, {"HX-Redirect": address}
    return partial("referrals/_import_check.html", **check_context(batch))


def _choices(batch: ReferralImport) -> Choices:
    """What was sent; a target that does not exist counts as left out."""
    known = {target.value: target for target in Target}
    places = range(len(batch.mapping["columns"]))
    targets = {
        place: known.get(request.form[f"column-{place}"], Target.LEAVE_OUT)
        for place in places
        if f"column-{place}" in request.form
    }
    grain = Grain.MONTH if request.form.get("grain") == Grain.MONTH.value else batch.grain
    text = request.form.get("month", "")
    month = read_month(text)
    if text and month is None:
        raise Invalid(month="Write the month as 2026-03.")
    return Choices(targets, month, _tidy("service_line"), _tidy("site"), grain)


def _tidy(name: str) -> str:
    text = request.form.get(name, "").replace("\x00", "").encode("utf-8", "ignore").decode()
    return " ".join(text.split())[:MAX_NAME]


@bp.post("/imports/<int:import_id>/import")
@allow(Permission.REFERRALS_IMPORT)
def import_begin(import_id: int) -> ResponseReturnValue:
    """Import the checked file, in the background."""
    viewer = current_viewer()
    batch = import_queries.get_import(db.session(), viewer, import_id)
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
    """Take the import back, in the background."""
    viewer = current_viewer()
    batch = import_queries.get_import(db.session(), viewer, import_id)
    import_services.begin_take_back(db.session(), viewer, batch)
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
