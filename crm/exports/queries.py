"""Reads of saved lists and of exports: who took what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from crm.accounts.permissions import Role
from crm.accounts.queries import user_names
from crm.accounts.viewer import Viewer
from crm.audit.models import AuditEvent
from crm.core import clock
from crm.core.errors import NotFound
from crm.core.paging import Page, paginate
from crm.directory.models import Channel, Consent, ContactPermission, Territory
from crm.directory.queries import MAX_ID
from crm.exports.filters import Namer
from crm.exports.models import ContactList, Export, ExportFile
from crm.jobs.models import Job

FILE_KEPT = timedelta(days=7)
DOWNLOADS = "export_file"  # what the audit trail calls a download
RECENT = 10


def list_contact_lists(session: Session) -> Sequence[ContactList]:
    """The saved lists by name, retired ones left out."""
    query = select(ContactList).where(ContactList.retired_on.is_(None)).order_by(func.lower(ContactList.name))
    return session.scalars(query).all()


def get_contact_list(session: Session, list_id: int, *, include_retired: bool = False) -> ContactList:
    """One saved list, or NotFound."""
    found = session.get(ContactList, list_id) if 0 < list_id <= MAX_ID else None
    if found is None or (found.retired_on is not None and not include_retired):
        raise NotFound("This list does not exist, or it was retired.")
    return found


def find_list_by_name(session: Session, name: str) -> ContactList | None:
    """A saved list with a name, in whatever case, retired or not."""
    return session.scalars(select(ContactList).where(func.lower(ContactList.name) == name.lower())).first()


def sees_all_exports(viewer: Viewer) -> bool:
    """Managers and compliance see everybody's exports, others their own."""
    return bool({Role.MANAGER, Role.COMPLIANCE} & viewer.roles)


def _in_scope(viewer: Viewer) -> Select[Export]:
    query = select(Export)
    return query if sees_all_exports(viewer) else query.where(Export.owner_id == viewer.id)


def get_export(session: Session, viewer: Viewer, export_id: int) -> Export:
    """An export that the viewer made, or any for managers and compliance; otherwise NotFound."""
    query = _in_scope(viewer).where(Export.id == export_id)
    found = session.scalars(query).first() if 0 < export_id <= MAX_ID else None
    if found is None:
        raise NotFound("This export does not exist, or somebody else made it.")
    return found


def recent_exports(session: Session, viewer: Viewer, limit: int = RECENT) -> Sequence[Export]:
    """The latest exports that the viewer may see."""
    return session.scalars(_in_scope(viewer).order_by(Export.id.desc()).limit(limit)).all()


def list_exports(session: Session, viewer: Viewer, number: int | None) -> Page[Export]:
    """One page of the exports that the viewer may see, the latest first."""
    return paginate(session, _in_scope(viewer).order_by(Export.id.desc()), number)


def exports_of_list(session: Session, viewer: Viewer, list_id: int, limit: int = 5) -> Sequence[Export]:
    """The latest exports of a saved list."""
    return session.scalars(
        _in_scope(viewer).where(Export.list_id == list_id).order_by(Export.id.desc()).limit(limit)
    ).all()


def find_job(session: Session, export: Export) -> Job | None:
    """The job that makes, or made, the file of an export."""
    return session.get(Job, export.job_id) if export.job_id else None


def find_file(session: Session, export: Export) -> ExportFile | None:
    """The file of an export while it is kept: seven days."""
    if export.finished_at is None or export.finished_at < clock.now() - FILE_KEPT:
        return None
    return session.get(ExportFile, export.id)


def count_opt_outs_since(session: Session, export: Export) -> int:
    """How many addresses of an export's channel were opted out after its file was made: it may hold some of them."""
    query = select(func.count()).select_from(ContactPermission)
    query = query.where(
        ContactPermission.channel == Channel(export.channel), ContactPermission.consent == Consent.OPTED_OUT
    )
    return session.scalar(query.where(ContactPermission.updated_at > export.finished_at)) or 0


def old_file_ids(session: Session) -> Sequence[int]:
    """Exports whose files are older than seven days."""
    query = select(ExportFile.export_id).join(Export, Export.id == ExportFile.export_id)
    return session.scalars(query.where(Export.finished_at < clock.now() - FILE_KEPT)).all()


def list_exports_since(session: Session, viewer: Viewer, moment: datetime) -> Sequence[Export]:
    """What somebody asked for since a moment, the latest first."""
    query = select(Export).where(Export.owner_id == viewer.id, Export.created_at > moment)
    return session.scalars(query.order_by(Export.id.desc())).all()


@dataclass(frozen=True)
class Download:
    """One download of a file: who and when."""

    name: str
    at: datetime
    what: str


def list_downloads(session: Session, export: Export, limit: int = 20) -> list[Download]:
    """Who downloaded the file of an export, the latest first: the audit trail knows."""
    query = (
        select(AuditEvent.actor_name, AuditEvent.at, AuditEvent.object_label)
        .where(AuditEvent.object_kind == DOWNLOADS, AuditEvent.object_id == export.id)
        .order_by(AuditEvent.id.desc())
        .limit(limit)
    )
    return [Download(*row) for row in session.execute(query)]


def recent_opt_outs(session: Session, limit: int = 8) -> Sequence[ContactPermission]:
    """The addresses that were opted out lately."""
    query = select(ContactPermission).where(ContactPermission.consent == Consent.OPTED_OUT)
    return session.scalars(
        query.order_by(ContactPermission.decided_on.desc(), ContactPermission.id.desc()).limit(limit)
    ).all()


def count_opt_outs(session: Session) -> int:
    """How many addresses are opted out."""
    query = select(func.count()).select_from(ContactPermission)
    return session.scalar(query.where(ContactPermission.consent == Consent.OPTED_OUT)) or 0


def namer(session: Session) -> Namer:
    """Names of territories and owners, for filters in words."""
    names: dict[str, dict[int, str]] = {
        "territory": {row.id: row.name for row in session.execute(select(Territory.id, Territory.name))},
        "owner": user_names(session),
    }
    return lambda kind, id_: names[kind].get(id_, f"{kind} {id_}")
