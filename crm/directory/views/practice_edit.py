"""Pages that change one practice: add, edit, office hours, tags, retire and bring back."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts import queries as accounts
from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.viewer import Viewer
from crm.core.db import commit, db
from crm.core.errors import Invalid
from crm.core.web import allow, page
from crm.directory import practice_queries, queries, services
from crm.directory.blueprint import bp
from crm.directory.forms import HoursForm, PracticeForm, hours_data, practice_data
from crm.directory.hours import WEEKDAYS
from crm.directory.models import Practice


@bp.route("/practices/new", methods=["GET", "POST"])
@allow(Permission.DIRECTORY_EDIT)
def practice_new() -> ResponseReturnValue:
    """Add a practice."""
    viewer = current_viewer()
    form = PracticeForm(data={"name": request.args.get("name", "")[:200], "owner_id": _own_id(viewer)})
    _offer(form, viewer)
    if form.is_sent():
        with form.problems():
            practice = services.create_practice(
                db.session(), viewer, form.values(), is_separate=bool(form.is_separate.data)
            )
            practice_id = practice.id
            commit()
            flash("Added. Now add the people who work there.", "good")
            return redirect(url_for("directory.practice", practice_id=practice_id))
    return _edit_page(form, viewer, None)


@bp.route("/practices/<int:practice_id>/edit", methods=["GET", "POST"])
@allow(Permission.DIRECTORY_EDIT)
def practice_edit(practice_id: int) -> ResponseReturnValue:
    """Change a practice."""
    viewer = current_viewer()
    practice = queries.get_practice(db.session(), viewer, practice_id)
    form = PracticeForm(data=practice_data(practice))
    form.subject = practice
    _offer(form, viewer, practice)
    if form.is_sent():
        with form.problems():
            services.change_practice(db.session(), viewer, practice, form.values(), version=form.seen_version)
            commit()
            flash("Saved.", "good")
            return redirect(url_for("directory.practice", practice_id=practice_id))
    return _edit_page(form, viewer, practice)


@bp.route("/practices/<int:practice_id>/hours", methods=["GET", "POST"])
@allow(Permission.DIRECTORY_EDIT)
def practice_hours(practice_id: int) -> ResponseReturnValue:
    """Change a practice's office hours."""
    practice = queries.get_practice(db.session(), current_viewer(), practice_id)
    form = HoursForm(data=hours_data(practice))
    form.subject = practice
    if form.is_sent():
        with form.problems():
            services.set_hours(db.session(), practice, form.days(), version=form.seen_version)
            commit()
            flash("Saved the office hours.", "good")
            return redirect(url_for("directory.practice", practice_id=practice_id))
    return page("directory/practice_hours.html", form=form, practice=practice, weekdays=WEEKDAYS)


@bp.post("/practices/<int:practice_id>/tags")
@allow(Permission.DIRECTORY_EDIT)
def practice_tag(practice_id: int) -> ResponseReturnValue:
    """Put a tag on a practice."""
    practice = queries.get_practice(db.session(), current_viewer(), practice_id)
    text = "".join(letter for letter in request.form.get("tag", "")[:1300] if letter.isprintable())
    try:
        services.add_tag(db.session(), practice, text)
    except Invalid as problem:
        db.session.rollback()
        flash(problem.says, "due")
    commit()
    return redirect(url_for("directory.practice", practice_id=practice_id))


@bp.post("/practices/<int:practice_id>/retire")
@allow(Permission.DIRECTORY_EDIT)
def practice_retire(practice_id: int) -> ResponseReturnValue:
    """Take a practice out of lists and plans."""
    practice = queries.get_practice(db.session(), current_viewer(), practice_id)
    services.retire_practice(db.session(), practice)
    name = practice.name
    commit()
    undo = url_for("directory.practice_bring_back", practice_id=practice_id)
    flash({"text": f"{name} is retired. Its history stays.", "undo_url": undo}, "good")  # type: ignore[arg-type]
    return redirect(url_for("directory.practice", practice_id=practice_id))


@bp.post("/practices/<int:practice_id>/bring-back")
@allow(Permission.DIRECTORY_EDIT)
def practice_bring_back(practice_id: int) -> ResponseReturnValue:
    """Put a retired practice back into lists and plans."""
    practice = queries.get_practice(db.session(), current_viewer(), practice_id)
    services.bring_back_practice(db.session(), practice)
    commit()
    flash("The practice is back in lists and plans.", "good")
    return redirect(url_for("directory.practice", practice_id=practice_id))


def _own_id(viewer: Viewer) -> int | None:
    return viewer.id if viewer.may(Permission.VISITS_EDIT) and viewer.territory_ids is not None else None


def _offer(form: PracticeForm, viewer: Viewer, practice: Practice | None = None) -> None:
    session = db.session()
    owners = accounts.list_users(session, Permission.VISITS_EDIT)
    if practice is not None and practice.owner is not None and practice.owner not in owners:
        owners = [*owners, practice.owner]
    form.offer(owners, queries.list_territories(session, viewer), by_zip="By its ZIP")


def _edit_page(form: PracticeForm, viewer: Viewer, practice: Practice | None) -> ResponseReturnValue:
    twins = []
    if form.is_separate.errors:
        name, zip_code = form.name.data or "", form.zip.data or ""
        twins = practice_queries.find_twins(db.session(), viewer, name=name, zip_code=zip_code)
    return page(
        "directory/practice_edit.html", form=form, practice=practice, twins=twins, same_npi=_same_npi(form, viewer)
    )


def _same_npi(form: PracticeForm, viewer: Viewer) -> Practice | None:
    """The practice that has the NPI already, for a link, when the viewer may see it."""
    if services.NPI_TAKEN not in form.npi.errors:
        return None
    other = practice_queries.find_practice_by_npi(db.session(), (form.npi.data or "").replace(" ", ""))
    return queries.find_practice(db.session(), viewer, other.id) if other is not None else None
