"""Pages of the room jobs: the tray, a job's progress, cancel."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.core.db import commit, db
from crm.core.web import is_htmx, page, partial, passive, signed_in
from crm.jobs import queries, services

bp = Blueprint("jobs", __name__, url_prefix="/jobs")
STOP_ASKING = 286  # what tells htmx that a page need not be asked for any more


@bp.get("/tray")
@signed_in
@passive
def tray() -> ResponseReturnValue:
    """What runs and what has ended lately, for the tray at the top right."""
    return partial("jobs/_tray.html", jobs=queries.tray(db.session(), current_viewer()))


@bp.get("/<int:job_id>")
@signed_in
@passive
def job(job_id: int) -> ResponseReturnValue:
    """One job's progress; htmx asks for its inner part until the job is over, then goes to its receipt."""
    found = queries.get_job(db.session(), current_viewer(), job_id)
    if is_htmx():
        headers = {"HX-Redirect": found.result_url} if found.state.is_over and found.result_url else {}
        return partial("jobs/_progress.html", job=found), STOP_ASKING if found.state.is_over else 200, headers
    if found.state.is_over and found.result_url:
        return redirect(found.result_url)
    return page("jobs/job.html", job=found)


@bp.post("/<int:job_id>/cancel")
@signed_in
def cancel(job_id: int) -> ResponseReturnValue:
    """Ask a job to stop."""
    found = queries.get_job(db.session(), current_viewer(), job_id)
    services.ask_cancel(found)
    commit()
    return redirect(url_for("jobs.job", job_id=job_id))
