"""Pages of territories: which there are, who looks after them, and putting practices where their ZIP belongs."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts import queries as accounts
from crm.accounts.permissions import Permission
from crm.core.db import commit, db
from crm.core.errors import Conflict
from crm.core.formats import plural
from crm.core.web import allow, page
from crm.directory import territory_queries, territory_services
from crm.directory.blueprint import bp
from crm.directory.models import Territory
from crm.directory.territory_forms import TerritoryForm


@bp.get("/territories")
@allow(Permission.TERRITORIES_EDIT)
def territories() -> ResponseReturnValue:
    """All territories with their practices and people."""
    return page(
        "directory/territories.html",
        rows=territory_queries.list_territory_rows(db.session()),
        unplaced=territory_queries.count_without_territory(db.session()),
    )


@bp.route("/territories/new", methods=["GET", "POST"])
@allow(Permission.TERRITORIES_EDIT)
def territory_new() -> ResponseReturnValue:
    """Add a territory."""
    form = _form(TerritoryForm())
    if form.is_sent():
        with form.problems():
            territory_services.create_territory(
                db.session(), name=form.name.data or "", prefixes=form.zip_prefixes.data or "",
                user_ids=form.users.data or [],
            )  # fmt: skip
            commit()
            flash("Added the territory.", "good")
            return redirect(url_for("directory.territories"))
    return page("directory/territory_edit.html", form=form, territory=None)


@bp.route("/territories/<int:territory_id>/edit", methods=["GET", "POST"])
@allow(Permission.TERRITORIES_EDIT)
def territory_edit(territory_id: int) -> ResponseReturnValue:
    """Change a territory's name, ZIP prefixes and people."""
    territory = territory_queries.get_territory(db.session(), territory_id)
    form = _form(TerritoryForm(data=_data(territory)))
    if form.is_sent():
        with form.problems():
            territory_services.change_territory(
                db.session(), territory, name=form.name.data or "", prefixes=form.zip_prefixes.data or "",
                user_ids=form.users.data or [],
            )  # fmt: skip
            commit()
            flash("Saved.", "good")
            return redirect(url_for("directory.territories"))
    return page("directory/territory_edit.html", form=form, territory=territory)


@bp.route("/territories/move", methods=["GET", "POST"])
@allow(Permission.TERRITORIES_EDIT)
def territory_move() -> ResponseReturnValue:
    """See which practices would move by their ZIP, then move them."""
    is_only_unplaced = request.values.get("which", "unplaced") != "all"
    problem = ""
    if request.method == "POST":
        text = request.form.get("expected", "")
        expected = int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else -1  # noqa: PLR2004 a count
        try:
            moved = territory_services.move_by_prefix(
                db.session(), is_only_unplaced=is_only_unplaced, expected=expected
            )
            commit()
            flash(f"Moved {plural(moved, 'practice')}.", "good")
            return redirect(url_for("directory.territories"))
        except Conflict as conflict:
            db.session.rollback()
            problem = conflict.says
    names = {row.territory.id: row.territory.name for row in territory_queries.list_territory_rows(db.session())}
    moves = territory_queries.list_moves(db.session(), is_only_unplaced=is_only_unplaced)
    shown = page(
        "directory/territory_move.html", moves=moves, names=names, is_only_unplaced=is_only_unplaced, problem=problem,
        total=sum(len(move.practice_ids) for move in moves),
    )  # fmt: skip
    return (shown[0], 409) if problem else shown


def _form(form: TerritoryForm) -> TerritoryForm:
    people = accounts.list_users(db.session(), Permission.VISITS_EDIT)
    form.users.choices = [(user.id, user.name) for user in people]
    return form


def _data(territory: Territory) -> dict[str, object]:
    held = territory_queries.list_user_ids(db.session(), territory.id)
    return {"name": territory.name, "zip_prefixes": territory.zip_prefixes, "users": held}
