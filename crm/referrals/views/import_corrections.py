"""Rows of a waiting file that cannot go in, corrected by a person: one of them, or all that have the same fault."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.core import formats
from crm.core.db import commit, db
from crm.core.errors import Conflict
from crm.core.forms import Form
from crm.core.web import allow, page
from crm.referrals import correction_forms, correction_queries, correction_services, import_queries
from crm.referrals.blueprint import bp
from crm.referrals.importing.headers import DATES, Target
from crm.referrals.models import ImportState, ReferralImport
from crm.referrals.views.import_check import answer_changed, check_soon, was_changed

SHOWN_TEXTS = 25
NOT_WAITING = "This file is not waiting to be corrected. Open it again to see where it stands."
HINTS: dict[Target, str] = {
    **dict.fromkeys(DATES, "As 2026-03-14"),
    Target.MONTH: "As 2026-03",
    Target.COUNT: "A whole number",
    Target.SOURCE_NPI: "Ten digits",
}


@bp.route("/imports/<int:import_id>/lines/<int:line>", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
def import_line(import_id: int, line: int) -> ResponseReturnValue:
    """Correct one row that cannot go in."""
    session, viewer = db.session(), current_viewer()
    batch = import_queries.get_import(session, viewer, import_id)
    refusal = correction_queries.get_refusal(session, batch, line)
    if (elsewhere := _answer_elsewhere(batch)) is not None:
        return elsewhere
    cells = correction_queries.read_cells(session, batch, [line]).get(line)
    places = correction_queries.places_of(viewer, batch) if cells else []
    form = correction_forms.line_form(places, cells or [])
    if form.is_sent():
        with form.problems():
            typed = correction_forms.typed_cells(form, places)
            correction_services.correct_line(session, viewer, batch, line, typed)
            return _check_again(import_id, f"Line {formats.number(line)} was corrected.")
    return page(
        "referrals/import_line.html", form=form, batch=batch, refusal=refusal, places=places, hints=HINTS,
        alike=correction_queries.count_alike(session, batch, refusal) if cells else 0,
    )  # fmt: skip


@bp.route("/imports/<int:import_id>/lines/<int:line>/alike", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
def import_alike(import_id: int, line: int) -> ResponseReturnValue:
    """Correct all rows that have the same fault in the same column as a line."""
    session, viewer = db.session(), current_viewer()
    batch = import_queries.get_import(session, viewer, import_id)
    refusal = correction_queries.get_refusal(session, batch, line)
    if (elsewhere := _answer_elsewhere(batch)) is not None:
        return elsewhere
    alike = correction_queries.find_alike(session, viewer, batch, refusal)
    if alike is None:
        return redirect(url_for("referrals.import_line", import_id=import_id, line=line))
    form = correction_forms.alike_form(alike, SHOWN_TEXTS)
    if form.is_sent():
        with form.problems():
            said = correction_forms.said_in(form, alike)
            rows = correction_services.correct_alike(session, viewer, batch, alike, said)
            return _check_again(import_id, f"{formats.plural(rows, 'row')} {'was' if rows == 1 else 'were'} corrected.")
    return page(
        "referrals/import_alike.html", form=form, batch=batch, alike=alike, shown=_shown(form, alike.texts),
        hint=HINTS.get(alike.place.column.target), may_be_empty=correction_forms.may_be_empty(alike),
        kind=_kind_of_input(alike.place.column.target), is_status=alike.place.column.target is Target.STATUS,
    )  # fmt: skip


def _shown(form: Form, texts: list[correction_queries.Text]) -> list[dict[str, Any]]:
    """The texts of a column with their fields, and all the others together."""
    rows: list[dict[str, Any]] = [
        {"text": text.text, "lines": text.lines, "key": correction_forms.key_of(text.text)}
        for text in texts[:SHOWN_TEXTS]
    ]
    if len(texts) > 1:
        rows.append({"text": None, "lines": (), "key": correction_forms.OTHERS})
    return [{**row, "to": form[f"to_{row['key']}"], "empty": form[f"empty_{row['key']}"]} for row in rows]


def _kind_of_input(target: Target) -> str:
    return "date" if target in DATES else {Target.MONTH: "month", Target.COUNT: "number"}.get(target, "text")


def _answer_elsewhere(batch: ReferralImport) -> ResponseReturnValue | None:
    """The answer where a file does not wait for corrections any more, or was read another way meanwhile."""
    if batch.state is not ImportState.WAITING:
        if request.method == "POST":
            raise Conflict(NOT_WAITING)
        return redirect(url_for("referrals.import_page", import_id=batch.id))
    return answer_changed(batch.id) if request.method == "POST" and was_changed(batch) else None


@bp.post("/imports/<int:import_id>/corrections/undo")
@allow(Permission.REFERRALS_IMPORT)
def import_undo_correction(import_id: int) -> ResponseReturnValue:
    """Forget a correction: its rows read again as they came."""
    batch = import_queries.get_import(db.session(), current_viewer(), import_id)
    if batch.state is not ImportState.WAITING:
        raise Conflict(NOT_WAITING)
    correction_services.undo_correction(db.session(), current_viewer(), batch, request.form.get("key", ""))
    return _check_again(import_id, "Undone. The rows read again as they stand in your file.")


def _check_again(import_id: int, says: str) -> ResponseReturnValue:
    commit()
    check_soon(import_id)
    flash(says, "good")
    return redirect(url_for("referrals.import_page", import_id=import_id, _anchor="problems"))
