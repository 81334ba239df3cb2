"""Tables of the room meetings: a meeting and those invited to it."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.accounts.models import User
from crm.core.db import Audited, Key, Model, Name, Timestamped, UtcDateTime, Versioned, choice
from crm.directory.models import Contact, Practice, Provider


class MeetingState(StrEnum):
    """Where a meeting stands."""

    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """The state in words."""
        return self.value.capitalize()


class Attendance(StrEnum):
    """Whether somebody comes, or came."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CAME = "came"
    ABSENT = "absent"

    @property
    def label(self) -> str:
        """The attendance in words."""
        return "Did not come" if self is Attendance.ABSENT else self.value.capitalize()


class Meeting(Audited, Versioned, Timestamped, Model):
    """A meeting or event, at a practice or elsewhere."""

    __tablename__ = "meeting"
    __table_args__ = (Index("ix_meeting_owner_start", "owner_id", "starts_at"),)

    id: Mapped[Key]
    title: Mapped[Name]
    state: Mapped[MeetingState] = mapped_column(choice(MeetingState), default=MeetingState.PLANNED)
    owner_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    practice_id: Mapped[int | None] = mapped_column(ForeignKey("practice.id"), index=True)
    place: Mapped[Name] = mapped_column(default="")
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    agenda: Mapped[str] = mapped_column(String(4000), default="")
    minutes: Mapped[str] = mapped_column(String(8000), default="")

    practice: Mapped[Practice | None] = relationship()
    owner: Mapped[User] = relationship()
    attendees: Mapped[list["Attendee"]] = relationship(cascade="all, delete-orphan", back_populates="meeting")

    audit_hides: ClassVar[frozenset[str]] = frozenset({"agenda", "minutes"})


class Attendee(Model):
    """Somebody invited to a meeting: a colleague, a provider or a contact."""

    __tablename__ = "meeting_attendee"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN user_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN provider_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN contact_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_person",
        ),
        UniqueConstraint("meeting_id", "user_id"),
        UniqueConstraint("meeting_id", "provider_id"),
        UniqueConstraint("meeting_id", "contact_id"),
    )

    id: Mapped[Key]
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("provider.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    attendance: Mapped[Attendance] = mapped_column(choice(Attendance), default=Attendance.INVITED)

    meeting: Mapped[Meeting] = relationship(back_populates="attendees")
    user: Mapped[User | None] = relationship()
    provider: Mapped[Provider | None] = relationship()
    contact: Mapped[Contact | None] = relationship()
