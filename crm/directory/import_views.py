"""Pages of imports from CMS files: the list, a new one, its check, its progress, its receipt."""

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from config import Config
from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.queries import user_names
from crm.core import engine
from crm.core.db import commit, db, write_transaction
from crm.core.errors import Invalid, TooLarge
from crm.core.paging import paginate
from crm.core.web import allow, arg_int, is_htmx, page, partial, passive, takes_file
from crm.directory import import_queries, import_services
from crm.directory.import_forms import FilterForm, UploadForm
from crm.directory.import_models import DirectoryImport, DirectoryImportState
from crm.directory.importing.checking import check_content
from crm.directory.importing.counts import Counts
from crm.directory.importing.filters import filter_of, in_words
from crm.directory.importing.reading import MEGABYTE
from crm.directory.importing.rows import Reason
from crm.exports import csv_writer
from crm.jobs.models import Job

bp = Blueprint("directory_imports", __name__, url_prefix="/directory/imports")
State = DirectoryImportState
BUSY = (State.CHECKING, State.RUNNING)


@bp.get("")
@allow(Permission.DIRECTORY_IMPORT)
def imports() -> ResponseReturnValue:
    """All imports, the newest first."""
    rows = paginate(db.session(), import_queries.imports_query(), arg_int("page"))
    rows.url_for = lambda number: url_for("directory_imports.imports", page=number)
    lines = [(batch, Counts.of(batch.counts)) for batch in rows.rows]
    names, kept_for = user_names(db.session()), import_services.KEPT_FOR
    return page("directory/imports.html", page=rows, lines=lines, names=names, kept_for=kept_for)


@bp.route("/new", methods=["GET", "POST"])
@allow(Permission.DIRECTORY_IMPORT)
@takes_file
def import_new() -> ResponseReturnValue:
    """Choose a file and which part of it is wanted."""
    form = UploadForm()
    config: Config = current_app.config["ROUNDS"]
    if form.is_sent():
        with form.problems():
            import_id = _take_in(form, config.max_upload_mb * MEGABYTE)
            return redirect(url_for("directory_imports.import_page", import_id=import_id))
    return page("directory/import_new.html", form=form, max_mb=config.max_upload_mb)


def _take_in(form: UploadForm, max_bytes: int) -> int:
    viewer, file, wanted = current_viewer(), form.file.data, form.wanted()
    write_transaction()  # begins anew: what the page has read so far is not to hold the lock while the file is read
    try:
        batch = import_services.take_in(
            db.session(), viewer, str(file.filename), file.stream, kind=form.chosen_kind(), wanted=wanted,
            max_bytes=max_bytes,
        )  # fmt: skip
    except (Invalid, TooLarge) as problem:
        raise Invalid(file=problem.says) from None
    import_id = batch.id
    commit()
    _check_soon(import_id)
    return import_id


def _check_soon(import_id: int) -> None:
    """Check a small file at once, without holding the lock for writing, or let a job check a large one."""
    batch = import_queries.get_import(db.session(), import_id)
    if batch.total_rows > import_services.CHECKED_AT_ONCE:
        import_services.begin_check(db.session(), current_viewer(), batch)
        commit()
        return
    wanted = filter_of(batch.filters)
    content = import_queries.find_content(db.session(), import_id) or b""
    engine.set_reading(on=True)
    db.session.rollback()
    found = check_content(db.session(), content, wanted, lambda _done: None)
    write_transaction()
    import_services.keep_check(db.session(), import_queries.get_import(db.session(), import_id), found)
    commit()


@bp.get("/<int:import_id>")
@allow(Permission.DIRECTORY_IMPORT)
def import_page(import_id: int) -> ResponseReturnValue:
    """One import: its check, its progress or its receipt."""
    batch = import_queries.get_import(db.session(), import_id)
    if batch.state in BUSY and batch.job_id is not None:
        return page("directory/import_progress.html", **_progress(batch))
    if batch.state is State.WAITING:
        return page("directory/import_check.html", **_check(batch, _filter_form(batch)))
    return page("directory/import_receipt.html", **_receipt(batch))


@bp.get("/<int:import_id>/progress")
@allow(Permission.DIRECTORY_IMPORT)
@passive
def import_progress(import_id: int) -> ResponseReturnValue:
    """How far the work is; htmx asks for it every second and opens the page when it is over."""
    batch = import_queries.get_import(db.session(), import_id)
    address = url_for("directory_imports.import_page", import_id=import_id)
    if not is_htmx():
        return redirect(address)
    headers = {} if batch.state in BUSY else {"HX-Redirect": address}
    return partial("directory/_import_progress.html", **_progress(batch)), 200, headers


@bp.post("/<int:import_id>/filter")
@allow(Permission.DIRECTORY_IMPORT)
def import_filter(import_id: int) -> ResponseReturnValue:
    """Another part of the file: check it again."""
    batch = import_queries.get_import(db.session(), import_id)
    form = FilterForm()
    if form.is_sent():
        with form.problems():
            import_services.change_filter(db.session(), batch, form.wanted())
            commit()
            _check_soon(import_id)
            return redirect(url_for("directory_imports.import_page", import_id=import_id))
        batch = import_queries.get_import(db.session(), import_id)
    if batch.state is not State.WAITING:
        return redirect(url_for("directory_imports.import_page", import_id=import_id))
    return page("directory/import_check.html", **_check(batch, form))


@bp.post("/<int:import_id>/import")
@allow(Permission.DIRECTORY_IMPORT)
def import_begin(import_id: int) -> ResponseReturnValue:
    """Bring the checked file in, or go on with it, in the background."""
    batch = import_queries.get_import(db.session(), import_id)
    import_services.begin_import(db.session(), current_viewer(), batch)
    commit()
    return redirect(url_for("directory_imports.import_page", import_id=import_id))


@bp.post("/<int:import_id>/give-up")
@allow(Permission.DIRECTORY_IMPORT)
def import_give_up(import_id: int) -> ResponseReturnValue:
    """Forget the file."""
    import_services.give_up(db.session(), import_queries.get_import(db.session(), import_id))
    commit()
    flash("Given up. The file is no longer kept here.", "good")
    return redirect(url_for("directory_imports.imports"))


@bp.get("/<int:import_id>/refused.csv")
@allow(Permission.DIRECTORY_IMPORT)
def import_refused_csv(import_id: int) -> ResponseReturnValue:
    """The rows that stay out: line and reason."""
    batch = import_queries.get_import(db.session(), import_id)
    rows = db.session.execute(import_queries.refusals_query(batch.id))
    body = b"".join(csv_writer.lines(("Line", "Reason"), ((line, Reason(reason).label) for line, reason in rows)))
    headers = {"Content-Disposition": f"attachment; filename=rows-refused-{batch.id}.csv"}
    return Response(body, mimetype="text/csv", headers=headers)


def _filter_form(batch: DirectoryImport) -> FilterForm:
    wanted = filter_of(batch.filters)
    parts = {"states": sorted(wanted.states), "zips": wanted.zips, "codes": wanted.codes}
    return FilterForm(formdata=None, data={name: ", ".join(values) for name, values in parts.items()})


def _progress(batch: DirectoryImport) -> dict[str, Any]:
    job = db.session.get(Job, batch.job_id) if batch.job_id else None
    return {"batch": batch, "job": job}


def _check(batch: DirectoryImport, form: FilterForm) -> dict[str, Any]:
    wanted = filter_of(batch.filters)
    return {
        "batch": batch, "form": form, "counts": Counts.of(batch.counts), "chips": in_words(wanted),
        "groups": import_queries.refusal_groups(db.session(), batch),
    }  # fmt: skip


def _receipt(batch: DirectoryImport) -> dict[str, Any]:
    return {
        "batch": batch, "counts": Counts.of(batch.counts), "chips": in_words(filter_of(batch.filters)),
        "owner": user_names(db.session()).get(batch.owner_id or 0, ""),
        "groups": import_queries.refusal_groups(db.session(), batch),
        "territories": import_queries.new_practices(db.session(), batch),
        "can_go_on": import_queries.has_content(db.session(), batch.id),
    }  # fmt: skip
