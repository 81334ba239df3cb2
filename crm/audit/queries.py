"""Reads of the room audit."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from crm.audit.models import Action, AuditEvent
from crm.core import clock


@dataclass(frozen=True)
class AuditFilters:
    """What to show of the trail; empty means everything."""

    action: Action | None = None
    actor_id: int | None = None
    kind: str = ""
    object_id: int | None = None
    first_on: date | None = None
    last_on: date | None = None
    text: str = ""


def events(filters: AuditFilters) -> Select[AuditEvent]:
    """The events that pass the filters, newest first."""
    query = select(AuditEvent).order_by(AuditEvent.id.desc())
    if filters.action:
        query = query.where(AuditEvent.action == filters.action)
    if filters.actor_id:
        query = query.where(AuditEvent.actor_id == filters.actor_id)
    if filters.kind:
        query = query.where(AuditEvent.object_kind == filters.kind)
    if filters.object_id:
        query = query.where(AuditEvent.object_id == filters.object_id)
    if filters.first_on:
        query = query.where(AuditEvent.at >= clock.at(filters.first_on, 0))
    if filters.last_on:
        query = query.where(AuditEvent.at < clock.at(filters.last_on + timedelta(days=1), 0))
    if filters.text:
        query = query.where(AuditEvent.object_label.icontains(filters.text, autoescape=True))
    return query


def events_of(session: Session, kind: str, object_id: int, limit: int = 20) -> list[AuditEvent]:
    """The latest events of one object; `kind` is its table's name."""
    query = events(AuditFilters(kind=kind, object_id=object_id)).limit(limit)
    return list(session.scalars(query))
