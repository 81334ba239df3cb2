"""Imports: the list, taking in a file, and the page of one import, whatever state it is in."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

from flask import Response, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from config import Config
from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.queries import user_names
from crm.core import clock, formats
from crm.core.db import commit, db, write_transaction
from crm.core.errors import Invalid, TooLarge
from crm.core.paging import paginate
from crm.core.web import allow, arg_int, is_htmx, page, partial, passive, takes_file
from crm.exports import csv_writer
from crm.jobs.models import Job
from crm.referrals import import_queries, import_services, preview_queries, profile_queries, take_back_queries
from crm.referrals.blueprint import bp
from crm.referrals.forms import UploadForm
from crm.referrals.importing import preview
from crm.referrals.importing.sheets import MEGABYTE, Limits
from crm.referrals.list_filters import read_month
from crm.referrals.market import services as market
from crm.referrals.market.layouts import MarketData
from crm.referrals.models import ImportState, MappingProfile, ReferralImport
from crm.referrals.origin_models import Door
from crm.referrals.views.import_check import check_context, check_soon

BUSY_STATES = (ImportState.CHECKING, ImportState.RUNNING, ImportState.TAKING_BACK)
LOOKED_UP_AT_ONCE = 20_000  # rows; what taking back more of them changes is fetched after the page


@bp.get("/imports")
@allow(Permission.REFERRALS_IMPORT)
def imports() -> ResponseReturnValue:
    """All imports, the newest first; files that were given up only on request."""
    session, query, is_all = db.session(), import_queries.imports_query(current_viewer()), bool(request.args.get("all"))
    given_up = paginate(session, query.where(ReferralImport.state == ImportState.FAILED), 1, 1).total
    shown = query if is_all else query.where(ReferralImport.state != ImportState.FAILED)
    rows = paginate(session, shown, arg_int("page"))
    rows.url_for = lambda number: url_for("referrals.imports", page=number, all=1 if is_all else None)
    return page(
        "referrals/imports.html",
        page=rows,
        names=user_names(session),
        doors=profile_queries.doors_of(session, [batch.id for batch in rows.rows]),
        kept_for=import_services.KEPT_FOR,
        given_up=given_up,
        is_all=is_all,
    )


@bp.route("/imports/new", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
@takes_file
def import_new() -> ResponseReturnValue:
    """Take in a file. It stays in memory until its patient columns are dropped."""
    form = UploadForm()
    config: Config = current_app.config["ROUNDS"]
    if form.is_sent():
        with form.problems():
            address = _take_in(form, Limits(max_bytes=config.max_upload_mb * MEGABYTE))
            return ("", 200, {"HX-Redirect": address}) if is_htmx() else redirect(address)
    return page("referrals/import_new.html", form=form, max_mb=config.max_upload_mb)


def _take_in(form: UploadForm, limits: Limits) -> str:
    """Keep the file for its check; the address at which it waits."""
    viewer, file = current_viewer(), form.file.data
    name, data, month = str(file.filename), file.read(), read_month(form.month.data or "")
    write_transaction()  # ends the one that has begun: reading takes seconds, in which nobody should wait for the lock
    try:
        batch = import_services.take_in_file(db.session(), viewer, name, data, month=month, limits=limits)
    except MarketData:
        return _hand_over(name, data, limits)
    except (Invalid, TooLarge) as problem:
        raise Invalid(file=problem.says) from None
    import_id = batch.id
    commit()
    check_soon(import_id)
    return url_for("referrals.import_page", import_id=import_id)


def _hand_over(name: str, data: bytes, limits: Limits) -> str:
    """A file of shared patients goes to its own room without being chosen again; the address at which it waits."""
    batch = market.take_in(db.session(), current_viewer(), name, BytesIO(data), max_bytes=limits.max_bytes)
    address = url_for("market.file", market_import_id=batch.id)
    commit()
    flash("This is market data, not referrals, so it is kept apart. Say which months it is about.", "info")
    return address


@bp.get("/imports/<int:import_id>")
@allow(Permission.REFERRALS_IMPORT)
def import_page(import_id: int) -> ResponseReturnValue:
    """One import: its check, its progress or its receipt."""
    batch = import_queries.get_import(db.session(), current_viewer(), import_id)
    if batch.state in BUSY_STATES:
        return page("referrals/import_progress.html", **_progress(batch))
    if batch.state is ImportState.WAITING:
        return page("referrals/import_check.html", **check_context(batch))
    return page("referrals/import_receipt.html", **_receipt(batch))


@bp.get("/imports/<int:import_id>/progress")
@allow(Permission.REFERRALS_IMPORT)
@passive
def import_progress(import_id: int) -> ResponseReturnValue:
    """How far the work on an import is; htmx asks for it every second and opens the page when it is over."""
    batch = import_queries.get_import(db.session(), current_viewer(), import_id)
    address = url_for("referrals.import_page", import_id=import_id)
    if not is_htmx():
        return redirect(address)
    headers = {} if batch.state in BUSY_STATES else {"HX-Redirect": address}
    return partial("referrals/_import_progress.html", **_progress(batch)), 200, headers


def _progress(batch: ReferralImport) -> dict[str, Any]:
    job = db.session.get(Job, batch.job_id) if batch.job_id else None
    return {
        "batch": batch,
        "job": job,
        "is_stopped": import_services.is_stopped(db.session(), batch),
        "may_cancel": job is not None and job.owner_id == current_viewer().id,
        "owner": user_names(db.session()).get(job.owner_id or 0, "") if job else "",
    }


def _receipt(batch: ReferralImport) -> dict[str, Any]:
    session = db.session()
    is_done = batch.state is ImportState.DONE
    return {
        "batch": batch,
        "owner": user_names(session).get(batch.owner_id or 0, ""),
        # The current month is not over, so a change against the same month a year before would say nothing.
        "is_partial": batch.last_month == formats.month_of(clock.today()),
        "lines": import_queries.by_service_line(session, batch) if is_done else [],
        "take_back": _take_back(batch) if is_done and _rows_of(batch) <= LOOKED_UP_AT_ONCE else None,
        **_origin(batch),
        "refused": preview.refused(batch),
    }


def _rows_of(batch: ReferralImport) -> int:
    return batch.added_rows + batch.updated_rows


def _origin(batch: ReferralImport) -> dict[str, Any]:
    """Through which door an import came, and the profile that reads files like it."""
    origin = profile_queries.find_origin(db.session(), batch.id)
    profile = db.session.get(MappingProfile, origin.profile_id) if origin and origin.profile_id else None
    return {"door": (origin.door if origin else Door.COMMAND).label, "profile": profile}


def _take_back(batch: ReferralImport) -> dict[str, Any]:
    """What taking an import back would do now: to rows, and to the referrals of each month."""
    session = db.session()
    rows = import_queries.take_back_preview(session, batch.id)
    return {
        **rows,
        "months": preview_queries.take_back_months(session, batch.id),
        "later": take_back_queries.later_imports(session, batch.id) if rows["kept"] else [],
        "matched": len(take_back_queries.matched_since(session, batch)),
        "example": take_back_queries.find_example(session, current_viewer(), batch.id) if rows["restored"] else None,
    }


@bp.get("/imports/<int:import_id>/take-back-preview")
@allow(Permission.REFERRALS_IMPORT)
def import_take_back_preview(import_id: int) -> ResponseReturnValue:
    """What taking back would do now; htmx asks for it when an import is large."""
    batch = import_queries.get_import(db.session(), current_viewer(), import_id)
    if not is_htmx() or batch.state is not ImportState.DONE:
        return redirect(url_for("referrals.import_page", import_id=import_id))
    return partial("referrals/_import_take_back.html", batch=batch, take_back=_take_back(batch))


@bp.get("/imports/<int:import_id>/refused.csv")
@allow(Permission.REFERRALS_IMPORT)
def import_refused_csv(import_id: int) -> ResponseReturnValue:
    """The rows that stay out: line, column, reason. No values: the file itself has them."""
    batch = import_queries.get_import(db.session(), current_viewer(), import_id)
    found = db.session.execute(import_queries.refusals_query(batch.id))
    rows: Iterator[Sequence[str | int]] = ((row[0], row[1], row[2]) for row in found)
    body = b"".join(csv_writer.lines(("Line", "Column", "Reason"), rows))
    headers = {"Content-Disposition": f"attachment; filename=rows-with-a-problem-{batch.id}.csv"}
    return Response(body, mimetype="text/csv", headers=headers)


@bp.get("/imports/<int:import_id>/note.txt")
@allow(Permission.REFERRALS_IMPORT)
def import_note(import_id: int) -> ResponseReturnValue:
    """A note to whoever makes the file: which columns to leave out next time."""
    batch = import_queries.get_import(db.session(), current_viewer(), import_id)
    body = partial("referrals/import_note.txt", batch=batch, refused=preview.refused(batch))
    headers = {"Content-Disposition": f"{'inline' if request.args.get('show') else 'attachment'}; filename=note.txt"}
    return Response(body, mimetype="text/plain", headers=headers)
