"""Tables of the room visits: a visit, the people met, the topics spoken about."""

from datetime import date, time
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.accounts.models import User
from crm.core.db import Audited, Key, Model, Name, Short, Timestamped, Versioned, choice
from crm.directory.models import Contact, Practice, Provider


class VisitState(StrEnum):
    """Where a visit stands."""

    PLANNED = "planned"
    DONE = "done"
    NO_ACCESS = "no_access"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """The state in words."""
        return self.value.replace("_", " ").capitalize()


class VisitMode(StrEnum):
    """How the practice was met."""

    IN_PERSON = "in_person"
    DROP_OFF = "drop_off"
    PHONE = "phone"
    VIDEO = "video"
    LUNCH = "lunch"

    @property
    def label(self) -> str:
        """The mode in words."""
        return {"lunch": "Lunch-and-learn", "drop_off": "Drop-off"}.get(self, self.value.replace("_", " ").capitalize())


class Outcome(StrEnum):
    """Whether the objective was met, coded after the visit."""

    MET = "met"
    PARTLY = "partly"
    NOT_YET = "not_yet"

    @property
    def label(self) -> str:
        """The outcome in words."""
        return self.value.replace("_", " ").capitalize()


class Visit(Audited, Versioned, Timestamped, Model):
    """A visit of a liaison to a practice, planned or logged."""

    __tablename__ = "visit"
    __table_args__ = (
        Index("ix_visit_practice_day", "practice_id", "state", "visit_on"),
        Index("ix_visit_owner_day", "owner_id", "visit_on"),
        Index("ix_visit_day", "visit_on", "state", "mode", "practice_id"),
    )

    id: Mapped[Key]
    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    state: Mapped[VisitState] = mapped_column(choice(VisitState), default=VisitState.PLANNED)
    mode: Mapped[VisitMode] = mapped_column(choice(VisitMode), default=VisitMode.IN_PERSON)
    visit_on: Mapped[date]
    starts_at: Mapped[time | None]  # on the organisation's clock
    minutes: Mapped[int | None]
    objective: Mapped[Name] = mapped_column(default="")
    outcome: Mapped[Outcome | None] = mapped_column(choice(Outcome))
    note: Mapped[str] = mapped_column(String(4000), default="")
    materials: Mapped[Name] = mapped_column(default="")
    is_promised: Mapped[bool] = mapped_column(default=False)  # the practice was told this time
    client_key: Mapped[str | None] = mapped_column(String(36), unique=True)  # one per form: a double click saves once

    practice: Mapped[Practice] = relationship()
    owner: Mapped[User] = relationship()
    people: Mapped[list["VisitPerson"]] = relationship(cascade="all, delete-orphan", back_populates="visit")
    topics: Mapped[list["VisitTopic"]] = relationship(cascade="all, delete-orphan", order_by="VisitTopic.topic")

    audit_hides: ClassVar[frozenset[str]] = frozenset({"note"})

    @property
    def audit_label(self) -> str:
        """Named after its day and practice."""
        return f"Visit of {self.visit_on:%Y-%m-%d} to practice {self.practice_id}"


class VisitPerson(Model):
    """Somebody met, or to be met: a provider or a contact."""

    __tablename__ = "visit_person"
    __table_args__ = (
        CheckConstraint("(provider_id IS NULL) <> (contact_id IS NULL)", name="one_person"),
        UniqueConstraint("visit_id", "provider_id"),
        UniqueConstraint("visit_id", "contact_id"),
    )

    id: Mapped[Key]
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"))
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("provider.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)

    visit: Mapped[Visit] = relationship(back_populates="people")
    provider: Mapped[Provider | None] = relationship()
    contact: Mapped[Contact | None] = relationship()


class VisitTopic(Model):
    """Something that was spoken about."""

    __tablename__ = "visit_topic"

    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), primary_key=True)
    topic: Mapped[Short] = mapped_column(primary_key=True)
