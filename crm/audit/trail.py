"""Writes the audit trail: by itself for every changed row of an audited model, and on request for the rest."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from crm.audit.models import Action, AuditEvent
from crm.core import clock
from crm.core.db import Audited

UNINTERESTING = {"version", "created_at", "updated_at", "search_key"}
MAX_TEXT = 200


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where. The doors put one into `session.info["actor"]`."""

    id: int | None
    name: str
    address: str = ""
    request_id: str = ""


NOBODY = Actor(None, "")


def record(
    session: Session,
    action: Action,
    kind: str = "",
    *,
    object_id: int | None = None,
    label: str = "",
    actor: Actor | None = None,
    **detail: Any,
) -> None:
    """Add one event to the trail, in the session's transaction. `detail` must never hold a secret or a patient."""
    who = actor or session.info.get("actor") or NOBODY
    _add(session, [_event(who, action, kind, object_id, label, detail)])


def install() -> None:
    """Listen to every session: each flush writes the events of the rows that it changed."""
    if not event.contains(Session, "after_flush", _write_events):
        event.listen(Session, "after_flush", _write_events)


def _write_events(session: Session, _context: object) -> None:
    dirty = [(row, _changes(row)) for row in session.dirty if isinstance(row, Audited)]
    found = [
        *((Action.CREATED, row, {}) for row in session.new if isinstance(row, Audited)),
        *((Action.CHANGED, row, {"changes": changes}) for row, changes in dirty if changes),
        *((Action.DELETED, row, {}) for row in session.deleted if isinstance(row, Audited)),
    ]
    who = session.info.get("actor") or NOBODY
    if found:
        _add(session, [_event_of(who, action, row, detail) for action, row, detail in found])


def _event_of(who: Actor, action: Action, row: Any, detail: dict[str, Any]) -> dict[str, Any]:
    return _event(who, action, row.__tablename__, getattr(row, "id", None), row.audit_label, detail)


def _event(
    who: Actor, action: Action, kind: str, object_id: int | None, label: str, detail: dict[str, Any]
) -> dict[str, Any]:
    return {
        "at": clock.now(), "action": action, "actor_id": who.id, "actor_name": who.name[:MAX_TEXT],
        "object_kind": kind, "object_id": object_id, "object_label": label[:MAX_TEXT],
        "detail": {name: _plain(value) for name, value in detail.items()},
        "address": who.address[:60], "request_id": who.request_id,
    }  # fmt: skip


def _add(session: Session, events: list[dict[str, Any]]) -> None:
    session.execute(AuditEvent.__table__.insert(), events)  # type: ignore[attr-defined]


def _changes(row: Any) -> dict[str, Any]:
    state = inspect(row)
    changes: dict[str, Any] = {}
    for column in state.mapper.column_attrs:
        history = state.attrs[column.key].history
        if column.key in UNINTERESTING or not history.has_changes():
            continue
        if column.key in row.audit_hides:
            changes[column.key] = "changed"
        else:
            before = history.deleted[0] if history.deleted else None
            changes[column.key] = [_plain(before), _plain(history.added[0] if history.added else None)]
    return changes


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    return value
