"""The one table of the room jobs: the row is the queue, the progress and the receipt."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Key, Model, Name, Short, Timestamped, UtcDateTime, choice


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(Timestamped, Model):
    """A piece of work. A worker holds a lease on it while it runs; when the lease runs out, it is run again."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_waiting", "state", "id"),)

    id: Mapped[Key]
    kind: Mapped[Short]  # which handler runs it, `referrals.import` say
    title: Mapped[Name]  # in the user's words
    state: Mapped[JobState] = mapped_column(choice(JobState), default=JobState.QUEUED)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    says: Mapped[str] = mapped_column(String(500), default="")
    result_url: Mapped[Name] = mapped_column(default="")
    tries: Mapped[int] = mapped_column(default=0)
    is_cancel_asked: Mapped[bool] = mapped_column(default=False)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when its owner saw that it is over
