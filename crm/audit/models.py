"""The one table of the room audit. Database triggers refuse to change or delete its rows (migration 0001)."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.core import clock
from crm.core.db import Key, Model, Moment, Name, Short, choice


class Action(StrEnum):
    """What was done."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    REFUSED = "refused"
    IMPORTED = "imported"
    TAKEN_BACK = "taken_back"
    EXPORTED = "exported"
    VIEWED = "viewed"

    @property
    def label(self) -> str:
        """The action in words."""
        return self.value.replace("_", " ").capitalize()


class AuditEvent(Model):
    """One thing that happened: who, when, what, to which object, from where."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_object", "object_kind", "object_id"),)

    id: Mapped[Key]
    at: Mapped[Moment] = mapped_column(default=clock.now, index=True)
    action: Mapped[Action] = mapped_column(choice(Action), index=True)
    actor_id: Mapped[int | None] = mapped_column(index=True)
    actor_name: Mapped[Name] = mapped_column(default="")
    object_kind: Mapped[Short] = mapped_column(default="")
    object_id: Mapped[int | None]
    object_label: Mapped[Name] = mapped_column(default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    address: Mapped[Short] = mapped_column(default="")
    request_id: Mapped[str] = mapped_column(String(24), default="")
