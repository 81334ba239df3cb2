"""What the pages of a waiting file share: its check, what the page of the check shows, and what was chosen there."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.queries import user_names
from crm.core import engine, formats
from crm.core.db import commit, db, write_transaction
from crm.core.errors import Invalid
from crm.core.web import is_htmx, partial
from crm.referrals import import_queries, import_services, profile_queries, unmatched_queries
from crm.referrals.forms import ProfileNameForm
from crm.referrals.importing import checking, preview, profiles
from crm.referrals.importing.headers import Target
from crm.referrals.kinds import APART
from crm.referrals.models import Grain, ImportState, ReferralImport
from crm.referrals.views import corrections_shown

CHANGED = "Somebody else changed how this file is read. Here is how it stands now."


def check_soon(import_id: int) -> None:
    """Check a small file at once, without holding the lock for writing, or let a job check a large one."""
    batch = db.session.get_one(ReferralImport, import_id)
    revision = batch.mapping["revision"]
    if batch.read_rows > import_services.CHECKED_AT_ONCE:
        import_services.begin_check(db.session(), current_viewer(), batch)
        commit()
        return
    engine.set_reading(on=True)
    db.session.rollback()
    summary = checking.summarize(db.session(), db.session.get_one(ReferralImport, import_id))
    write_transaction()
    batch = db.session.get_one(ReferralImport, import_id)
    if import_services.waits_for_check(batch, revision):  # else somebody was quicker, here or elsewhere
        import_services.keep_summary(db.session(), batch, summary)
        commit()


def check_context(batch: ReferralImport) -> dict[str, Any]:
    """What the check page shows."""
    session, viewer = db.session(), current_viewer()
    upload = import_queries.find_upload(session, batch.id)
    profile = batch.mapping.get("profile") or {}
    return {
        "batch": batch,
        "is_counted": import_services.surveyed_grain(batch) is Grain.MONTH,
        "columns": preview.column_lines(batch, upload.rows if upload else b"", sees_revenue=viewer.sees_revenue),
        "summary": unmatched_queries.summary_of(session, batch),
        "sources": unmatched_queries.list_open(session, viewer, batch),
        "said_sources": unmatched_queries.list_said(session, batch),
        "kinds": APART,
        "options": batch.mapping.get("options", {}),
        "refused": preview.refused(batch),
        "targets": preview.target_groups(batch.grain, [column["header"] for column in batch.mapping["columns"]]),
        "is_of_messages": preview.is_of_messages(batch),
        "recognized_by": preview.recognized_by(batch),
        "has_open_dates": preview.has_open_dates(batch, upload.rows if upload else b""),
        "profile": profile,
        "profiles": [
            s for s in profile_queries.list_saved(session) if profiles.takes(s, import_services.surveyed_grain(batch))
        ],
        "name_form": ProfileNameForm(name=profile.get("name") or profiles.name_after(batch.file_name)),
        "same_file": _same_file(batch),
        "problem_texts": corrections_shown.problem_texts(session, viewer, batch),
        "meanings": corrections_shown.meanings_told(batch),
        "corrections": corrections_shown.corrections_told(session, viewer, batch),
    }


def _same_file(batch: ReferralImport) -> dict[str, Any]:
    """When and by whom the same file was imported before."""
    session = db.session()
    origin = profile_queries.find_origin(session, batch.id)
    found = profile_queries.find_same_file(session, origin.file_key, but=batch.id) if origin else None
    if found is None:
        return {}
    who = user_names(session).get(found.owner_id or 0, "")
    return {"id": found.id, "when": formats.moment(found.finished_at), "who": who}


def answer_check(import_id: int) -> ResponseReturnValue:
    """The check page, or the inner part of it when htmx asks."""
    batch = import_queries.get_import(db.session(), current_viewer(), import_id)
    address = url_for("referrals.import_page", import_id=import_id)
    if not is_htmx():
        return redirect(address)
    if batch.state is not ImportState.WAITING:
        return "", 200, {"HX-Redirect": address}
    return partial("referrals/_import_check.html", **check_context(batch))


def answer_refused(import_id: int, problem: Invalid) -> ResponseReturnValue:
    """The inner part of the check page as it stands, with what is wrong with a choice. Raises it where no htmx asks."""
    if not is_htmx():
        raise problem
    db.session.rollback()
    batch = import_queries.get_import(db.session(), current_viewer(), import_id)
    return partial("referrals/_import_check.html", **check_context(batch), problem=problem.says), 422


def was_changed(batch: ReferralImport) -> bool:
    """Whether a form is of an earlier reading of a file than the one that somebody else has made since."""
    sent = request.form.get("revision", "")
    is_old = bool(sent) and sent != str(batch.mapping.get("revision"))
    return is_old and batch.mapping.get("by") != current_viewer().id


def answer_changed(import_id: int) -> ResponseReturnValue:
    """Show how a file is read by now, in place of a change that somebody made without knowing it."""
    flash(CHANGED, "due")
    address = url_for("referrals.import_page", import_id=import_id)
    return ("", 200, {"HX-Redirect": address}) if is_htmx() else redirect(address)


def sent_targets(count: int) -> dict[int, Target]:
    """The target that was sent for each column, by its place; one that does not exist counts as left out."""
    known = {target.value: target for target in Target}
    sent = {place: request.form.get(f"column-{place}") for place in range(count)}
    return {place: known.get(value, Target.LEAVE_OUT) for place, value in sent.items() if value is not None}
