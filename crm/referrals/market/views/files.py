"""Files of market data: the list, taking one in, and the page of one, whatever state it is in."""

import io
from typing import Any

from flask import current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from config import Config
from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.queries import user_names
from crm.core.db import commit, db, write_transaction
from crm.core.errors import Invalid, TooLarge
from crm.core.paging import paginate
from crm.core.web import allow, arg_int, is_htmx, page, partial, passive, takes_file
from crm.jobs.models import Job
from crm.referrals.importing.sheets import MEGABYTE
from crm.referrals.market import file_queries, services
from crm.referrals.market.blueprint import bp
from crm.referrals.market.forms import AboutForm, FileForm
from crm.referrals.market.models import MarketImport, MarketState
from crm.referrals.market.period import period_words

TOP = 15


@bp.get("/files")
@allow(Permission.REFERRALS_IMPORT)
def files() -> ResponseReturnValue:
    """All files, the newest first."""
    session, viewer = db.session(), current_viewer()
    rows = paginate(session, file_queries.market_imports_query(viewer), arg_int("page"))
    rows.url_for = lambda number: url_for("market.files", page=number)
    return page("referrals/market/files.html", page=rows, names=user_names(session), period_words=period_words)


@bp.route("/files/new", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
@takes_file
def file_new() -> ResponseReturnValue:
    """Take in a file. Only its pairs that concern us are kept."""
    form = FileForm()
    config: Config = current_app.config["ROUNDS"]
    if form.is_sent():
        with form.problems():
            upload = form.file.data
            batch_id = _take_in(str(upload.filename), upload.read(), config.max_upload_mb * MEGABYTE)
            return redirect(url_for("market.file", market_import_id=batch_id))
    return page("referrals/market/file_new.html", form=form, max_mb=config.max_upload_mb)


def _take_in(name: str, data: bytes, max_bytes: int) -> int:
    viewer = current_viewer()
    write_transaction()  # ends the one that has begun: reading takes seconds, in which nobody should wait for the lock
    try:
        batch = services.take_in(db.session(), viewer, name, io.BytesIO(data), max_bytes=max_bytes)
    except (Invalid, TooLarge) as problem:
        raise Invalid(file=problem.says) from None
    batch_id = batch.id
    commit()
    return batch_id


@bp.route("/files/<int:market_import_id>", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
def file(market_import_id: int) -> ResponseReturnValue:
    """One file: what it is about, its progress or its receipt."""
    session, viewer = db.session(), current_viewer()
    batch = file_queries.get_market_import(session, viewer, market_import_id)
    form = AboutForm(data=AboutForm.values_of(batch))
    if form.is_sent():
        with form.problems():
            services.describe(session, batch, form.about())
            services.begin_import(session, viewer, batch)
            commit()
            return redirect(url_for("market.file", market_import_id=market_import_id))
        batch = file_queries.get_market_import(session, viewer, market_import_id)
    if batch.state is MarketState.WAITING:
        return page("referrals/market/file_check.html", **_check(batch, form))
    if batch.state in services.BUSY:
        return page("referrals/market/file_progress.html", **_progress(batch))
    return page("referrals/market/file_receipt.html", **_receipt(batch))


def _check(batch: MarketImport, form: AboutForm) -> dict[str, Any]:
    about = form.about()
    twin = file_queries.find_twin(db.session(), batch, about.source, about.first, about.last)
    # The form agrees to replace what the page shows, and nothing else that came in between.
    form.replaces_id.data = str(twin.id) if twin else ""
    words = services.twin_words(batch, twin) if twin else ""
    return {"batch": batch, "form": form, "twin": twin, "twin_words": words, "kept_for": services.KEPT_FOR}


@bp.get("/files/<int:market_import_id>/progress")
@allow(Permission.REFERRALS_IMPORT)
@passive
def file_progress(market_import_id: int) -> ResponseReturnValue:
    """How far the work on a file is; htmx asks for it every second and opens the page when it is over."""
    batch = file_queries.get_market_import(db.session(), current_viewer(), market_import_id)
    address = url_for("market.file", market_import_id=market_import_id)
    if not is_htmx():
        return redirect(address)
    headers = {} if batch.state in services.BUSY else {"HX-Redirect": address}
    return partial("referrals/market/_file_progress.html", **_progress(batch)), 200, headers


def _progress(batch: MarketImport) -> dict[str, Any]:
    job = db.session.get(Job, batch.job_id) if batch.job_id else None
    return {"batch": batch, "job": job, "is_stopped": services.is_stopped(db.session(), batch)}


def _receipt(batch: MarketImport) -> dict[str, Any]:
    session = db.session()
    is_done = batch.state is MarketState.DONE
    return {
        "batch": batch,
        "owner": user_names(session).get(batch.owner_id or 0, ""),
        "months": period_words(batch.first_month, batch.last_month),
        "destinations": file_queries.top_destinations(session, batch.id, TOP) if is_done else [],
        "count": file_queries.count_destinations(session, batch.id) if is_done else 0,
        "replaced": session.get(MarketImport, batch.replaces_id) if batch.replaces_id else None,
    }


@bp.post("/files/<int:market_import_id>/give-up")
@allow(Permission.REFERRALS_IMPORT)
def file_give_up(market_import_id: int) -> ResponseReturnValue:
    """Forget the file."""
    services.give_up(db.session(), file_queries.get_market_import(db.session(), current_viewer(), market_import_id))
    commit()
    flash("Given up. Nothing was imported, and nothing of the file is kept.", "good")
    return redirect(url_for("market.files"))


@bp.post("/files/<int:market_import_id>/take-back")
@allow(Permission.REFERRALS_IMPORT)
def file_take_back(market_import_id: int) -> ResponseReturnValue:
    """Take the file back, in the background."""
    viewer = current_viewer()
    batch = file_queries.get_market_import(db.session(), viewer, market_import_id)
    services.begin_take_back(db.session(), viewer, batch)
    commit()
    return redirect(url_for("market.file", market_import_id=market_import_id))


@bp.post("/files/<int:market_import_id>/try-again")
@allow(Permission.REFERRALS_IMPORT)
def file_try_again(market_import_id: int) -> ResponseReturnValue:
    """Go on after the work on a file has stopped."""
    viewer = current_viewer()
    batch = file_queries.get_market_import(db.session(), viewer, market_import_id)
    services.try_again(db.session(), viewer, batch)
    commit()
    return redirect(url_for("market.file", market_import_id=market_import_id))
