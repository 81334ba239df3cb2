"""The worker: takes jobs from the table one by one and runs them; a job whose worker was killed is run again."""

import signal
import threading
from types import FrameType

import structlog
from flask import Flask
from sqlalchemy.exc import OperationalError

from crm.accounts import queries as accounts
from crm.accounts.viewer import SYSTEM
from crm.audit.trail import Actor
from crm.core import clock, engine
from crm.core.db import commit, db
from crm.core.errors import RoundsError
from crm.core.logs import fault
from crm.jobs import services
from crm.jobs.models import Job, JobState
from crm.jobs.run import Cancelled, Handler, Run

log = structlog.get_logger()
IDLE_SECONDS = 0.5
TROUBLE_SECONDS = 5
STOPPED = "This stopped because of a fault on our side. Nothing was half done. It was noted for the administrator."


def work(app: Flask, handlers: dict[str, Handler]) -> None:
    """Run jobs until told to stop (SIGTERM or Ctrl-C), which waits for the running one."""
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, ask_to_stop)
    is_begun = False
    while not stop.is_set():
        try:
            if not is_begun:
                _release(app)
                is_begun = True
            if not run_next(app, handlers):
                stop.wait(IDLE_SECONDS)
        except OperationalError as trouble:
            # Locked, full or away: the worker outlives that, and the server with it.
            log.warning("worker waits for the database", **fault(trouble))
            stop.wait(TROUBLE_SECONDS)


def _release(app: Flask) -> None:
    with app.app_context():
        engine.set_reading(on=False)
        services.release_running(db.session())
        commit()


def run_waiting(app: Flask, handlers: dict[str, Handler]) -> int:
    """Run everything that waits, and return how many jobs that were (for tests and commands)."""
    count = 0
    while run_next(app, handlers):
        count += 1
    return count


def run_next(app: Flask, handlers: dict[str, Handler]) -> bool:
    """Run one waiting job, if there is one."""
    with app.app_context():
        engine.set_reading(on=False)
        db.session.info.clear()
        job = services.claim_next(db.session())
        if job is None:
            db.session.rollback()
            return False
        job_id, kind, is_over = job.id, job.kind, job.state.is_over
        commit()
        if not is_over:
            engine.set_holder(f"job {job_id} {kind}")
            _run(job_id, kind, handlers)
        return True


def _run(job_id: int, kind: str, handlers: dict[str, Handler]) -> None:
    state, says, url = JobState.FAILED, STOPPED, ""
    try:
        run = _prepare(job_id)
        handlers[kind](run)
        state, says, url = JobState.DONE, run.says, run.url
    except Cancelled:
        state, says = JobState.CANCELLED, "Cancelled. Nothing was kept."
    except RoundsError as problem:
        says = problem.says
    except OperationalError as trouble:
        log.warning("job waits for the database", job=job_id, kind=kind, **fault(trouble))
        db.session.rollback()
        services.run_again_later(db.session(), job_id)
        commit()
        return
    except Exception as problem:  # noqa: BLE001 whatever it is, the next job runs
        log.error("job failed", job=job_id, kind=kind, **fault(problem))
    db.session.rollback()
    job = db.session.get(Job, job_id)
    if job is not None:
        services.end(job, state, says, url)
    commit()


def _prepare(job_id: int) -> Run:
    """The job's run, on behalf of its owner with the rights that they hold now."""
    job = db.session.get_one(Job, job_id)
    owner = accounts.find_user(db.session(), job.owner_id)
    if owner is not None and not owner.is_active:
        raise RoundsError("The account that asked for this was closed.")
    viewer = accounts.viewer_of(owner) if owner else SYSTEM
    organization = accounts.find_organization(db.session())
    clock.set_zone(organization.time_zone if organization else clock.DEFAULT_ZONE)
    db.session.info["actor"] = Actor(viewer.id, viewer.name, "job")
    run = Run(job_id=job_id, payload=dict(job.payload), viewer=viewer)
    commit()
    return run
