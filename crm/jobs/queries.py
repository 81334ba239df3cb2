"""Reads of the room jobs."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.errors import NotFound
from crm.jobs.models import Job, JobState

TRAY_SIZE = 8
TRAY_DAYS = timedelta(days=3)


def get_job(session: Session, viewer: Viewer, job_id: int) -> Job:
    """One of a person's own jobs."""
    job = session.get(Job, job_id)
    if job is None or job.owner_id != viewer.id:
        raise NotFound
    return job


def tray(session: Session, viewer: Viewer) -> list[Job]:
    """A person's jobs of the last days, the newest first."""
    query = select(Job).where(Job.owner_id == viewer.id, Job.created_at > clock.now() - TRAY_DAYS)
    return list(session.scalars(query.order_by(Job.id.desc()).limit(TRAY_SIZE)))


def count_running(session: Session, viewer: Viewer) -> int:
    """How many of a person's jobs wait or run."""
    states = (JobState.QUEUED, JobState.RUNNING)
    query = select(func.count()).select_from(Job).where(Job.owner_id == viewer.id, Job.state.in_(states))
    return session.scalar(query) or 0


def count_waiting(session: Session) -> int:
    """How many jobs of all people wait for the worker."""
    return session.scalar(select(func.count()).select_from(Job).where(Job.state == JobState.QUEUED)) or 0
