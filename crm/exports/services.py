"""Writes of the room exports: saved lists, the order for an export, its finished file and receipt."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock
from crm.core.db import check_version
from crm.core.errors import Conflict, Invalid, TooMany
from crm.exports import queries
from crm.exports.columns import known
from crm.exports.filters import ListFilter, in_words
from crm.exports.models import ContactList, Export, ExportFile, ExportFormat
from crm.jobs.services import enqueue

KIND = "exports.export"
MOST_EXPORTS, MOST_EXPORTS_IN = 20, timedelta(minutes=10)
SENT_TWICE = timedelta(seconds=10)
MAX_TITLE = 200


def create_list(session: Session, viewer: Viewer, name: str, filters: ListFilter) -> ContactList:
    """Save filters under a name."""
    contact_list = ContactList(owner_id=viewer.id, filters=filters.values())
    _name(session, contact_list, name)
    session.add(contact_list)
    _flush_name(session)
    return contact_list


def rename_list(session: Session, contact_list: ContactList, name: str, *, version: int | None) -> None:
    """Give a list another name."""
    check_version(contact_list, version)
    _name(session, contact_list, name)
    _flush_name(session)


def change_filters(session: Session, contact_list: ContactList, filters: ListFilter, *, version: int | None) -> None:
    """Save other filters under the name that a list has."""
    check_version(contact_list, version)
    contact_list.filters = filters.values()
    session.flush()


def retire_list(session: Session, contact_list: ContactList) -> None:
    """Take a list off the overview; its exports keep their receipts."""
    contact_list.retired_on = clock.today()
    session.flush()


def restore_list(session: Session, contact_list: ContactList) -> None:
    """Put a retired list back."""
    contact_list.retired_on = None
    session.flush()


def _name(session: Session, contact_list: ContactList, name: str) -> None:
    twin = queries.find_list_by_name(session, name)
    if twin is not None and twin.id != contact_list.id:
        retired = " It is retired; choose another name." if twin.retired_on else ""
        raise Invalid(name=f"There is a list with this name already.{retired}")
    contact_list.name = name


def _flush_name(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise Conflict("Somebody saved a list with this name at the same moment.") from None


@dataclass(frozen=True)
class Order:
    """What somebody wants exported, how, and what for."""

    title: str
    filters: ListFilter
    columns: Sequence[str]
    file_format: ExportFormat
    purpose: str
    list_id: int | None = None


def order_export(session: Session, viewer: Viewer, order: Order) -> Export:
    """Write down what is wanted and queue the work. Who may come out is decided when the job runs, not now.

    A form that is sent twice orders once.
    """
    lately = queries.list_exports_since(session, viewer, clock.now() - MOST_EXPORTS_IN)
    for export in lately:
        is_fresh = export.finished_at is None and export.created_at > clock.now() - SENT_TWICE
        if is_fresh and _is_of(export, order):
            return export
    if len(lately) >= MOST_EXPORTS:
        raise TooMany("You have asked for many exports in a short time. Please wait a few minutes.", retry_after=600)
    export = Export(
        title=order.title[:MAX_TITLE],
        owner_id=viewer.id,
        list_id=order.list_id,
        channel=order.filters.channel.value,
        purpose=order.purpose,
        filters=order.filters.values(),
        in_words=[words.text for words in in_words(order.filters, queries.namer(session))],
        columns=known(order.columns),
        file_format=order.file_format,
    )
    session.add(export)
    session.flush()
    payload = {"export_id": export.id}
    job = enqueue(session, kind=KIND, title=f"Export {order.title}", payload=payload, viewer=viewer)
    export.job_id, job.result_url = job.id, f"/exports/{export.id}"
    session.flush()
    return export


def _is_of(export: Export, order: Order) -> bool:
    asked = (order.title[:MAX_TITLE], order.purpose, order.filters.values(), order.file_format, order.list_id)
    found = (export.title, export.purpose, export.filters, export.file_format, export.list_id)
    return asked == found and list(export.columns) == list(known(order.columns))


@dataclass(frozen=True)
class Made:
    """A finished file with what its receipt says."""

    name: str
    content: bytes
    suppression: bytes
    rows: int
    reasons: dict[str, int]


def keep_file(session: Session, export: Export, made: Made) -> None:
    """Keep a finished file, write its receipt and the audit event; done a second time it replaces the first."""
    export.rows, export.reasons = made.rows, made.reasons
    export.suppressed = sum(made.reasons.values())
    export.sha256 = hashlib.sha256(made.content).hexdigest()
    export.finished_at = clock.now()
    session.merge(ExportFile(export_id=export.id, name=made.name, content=made.content, suppression=made.suppression))
    record(
        session, Action.EXPORTED, "export", object_id=export.id, label=export.title, channel=export.channel,
        rows=export.rows, suppressed=export.suppressed, reasons=made.reasons, filters=export.filters,
        columns=export.columns, purpose=export.purpose, sha256=export.sha256,
    )  # fmt: skip
    session.flush()


def remove_old_files(session: Session) -> int:
    """Remove the files of exports that are older than seven days; their receipts stay."""
    ids = list(queries.old_file_ids(session))
    if ids:
        session.execute(delete(ExportFile).where(ExportFile.export_id.in_(ids)))
    return len(ids)


def record_download(session: Session, export: Export, what: str) -> None:
    """Note in the audit trail that somebody took a file."""
    record(
        session, Action.EXPORTED, queries.DOWNLOADS, object_id=export.id, label=what, export=export.title,
        rows=export.rows, sha256=export.sha256,
    )  # fmt: skip
