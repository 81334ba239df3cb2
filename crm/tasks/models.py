"""The one table of the room tasks."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.accounts.models import User
from crm.core.db import Audited, Key, Model, Name, Timestamped, UtcDateTime, Versioned
from crm.directory.models import Practice


class Task(Audited, Versioned, Timestamped, Model):
    """Something to do. Open while `done_at` is empty. What it came from is a visit or a meeting, or nothing."""

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_owner_open", "owner_id", "done_at", "due_on"),
        Index("ix_task_practice", "practice_id"),
    )

    id: Mapped[Key]
    title: Mapped[Name]
    note: Mapped[str] = mapped_column(String(2000), default="")
    due_on: Mapped[date | None]
    owner_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    practice_id: Mapped[int | None] = mapped_column(ForeignKey("practice.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"), index=True)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    practice: Mapped[Practice | None] = relationship()
    owner: Mapped[User] = relationship(foreign_keys=[owner_id])

    audit_hides: ClassVar[frozenset[str]] = frozenset({"note"})
