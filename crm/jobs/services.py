"""Writes of the room jobs: put work into the queue, take it out, note its progress and its end."""

from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.errors import Conflict
from crm.jobs.models import Job, JobState

LEASE = timedelta(minutes=5)
RETRY_AFTER = timedelta(seconds=20)
MAX_TRIES = 3


def enqueue(session: Session, *, kind: str, title: str, payload: dict[str, Any], viewer: Viewer) -> Job:
    """Queue a piece of work. It becomes visible to the worker when the caller's transaction commits."""
    job = Job(kind=kind, title=title[:200], payload=payload, owner_id=viewer.id)
    session.add(job)
    session.flush()
    return job


def claim_next(session: Session) -> Job | None:
    """Take the oldest job that waits, or whose worker died (its lease ran out); None when there is none.

    After three tries a job is parked as failed: whatever kills its worker must not do so for ever.
    """
    now = clock.now()
    is_free = or_(
        Job.state == JobState.QUEUED,
        (Job.state == JobState.RUNNING) & (Job.leased_until < now),
    )
    # SQLite takes its write lock at BEGIN IMMEDIATE; PostgreSQL needs the row lock.
    job = session.scalars(
        select(Job).where(is_free).order_by(Job.id).limit(1).with_for_update(skip_locked=True)
    ).first()
    if job is None:
        return None
    job.tries += 1
    if job.tries > MAX_TRIES:
        end(
            job,
            JobState.FAILED,
            "Stopped after three tries. Nothing was half done; please try again or tell an administrator.",
        )
        session.flush()
        return job
    job.state = JobState.RUNNING
    job.leased_until = now + LEASE
    job.started_at = job.started_at or now
    session.flush()
    return job


def note_progress(session: Session, job_id: int, done: int, total: int, says: str) -> bool:
    """Write progress, renew the lease, and tell whether somebody asked to cancel."""
    session.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(done=done, total=total, says=says[:500], leased_until=clock.now() + LEASE)
    )
    return bool(session.scalar(select(Job.is_cancel_asked).where(Job.id == job_id)))


def run_again_later(session: Session, job_id: int) -> None:
    """Give a job up for the moment, when the database was locked, full or away; three tries are all it gets."""
    session.execute(update(Job).where(Job.id == job_id).values(leased_until=clock.now() + RETRY_AFTER))


def end(job: Job, state: JobState, says: str, url: str = "") -> None:
    """Note how a job ended."""
    job.state, job.says, job.finished_at, job.leased_until = state, says[:500], clock.now(), None
    job.result_url = url or job.result_url
    if state is JobState.DONE and job.total:
        job.done = job.total


def ask_cancel(job: Job) -> None:
    """Ask a job to stop: at once while it waits, at its next step while it runs."""
    if job.state.is_over:
        raise Conflict("This has ended already.")
    job.is_cancel_asked = True
    if job.state is JobState.QUEUED:
        end(job, JobState.CANCELLED, "Cancelled before it began.")


def release_running(session: Session) -> None:
    """At the worker's start: what a former worker left running is run again. There is one worker at a time."""
    session.execute(update(Job).where(Job.state == JobState.RUNNING).values(leased_until=clock.now() - LEASE))
