"""Reads of imports from CMS files: the list, one of them, its upload, the rows that stayed out."""

from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, undefer

from crm.core import clock
from crm.core.errors import NotFound
from crm.directory.import_models import DirectoryImport, DirectoryImportFile, DirectoryImportRefusal
from crm.directory.importing.counts import Counts
from crm.directory.importing.rows import Reason
from crm.directory.models import Practice, Territory
from crm.directory.queries import MAX_ID

LINES_SHOWN = 4


@dataclass(frozen=True)
class RefusalGroup:
    """The rows that stayed out for one reason: how many, and the first lines."""

    reason: str
    rows: int
    lines: list[int]


@dataclass(frozen=True)
class TerritoryCount:
    """New practices in a territory, or in none."""

    name: str | None
    practices: int


def imports_query() -> Select[DirectoryImport]:
    """All imports, the newest first."""
    return select(DirectoryImport).order_by(DirectoryImport.id.desc())


def get_import(session: Session, import_id: int) -> DirectoryImport:
    """One import, or NotFound."""
    batch = session.get(DirectoryImport, import_id) if 0 < import_id <= MAX_ID else None
    if batch is None:
        raise NotFound("This import does not exist.")
    return batch


def find_content(session: Session, import_id: int) -> bytes | None:
    """What waits to be imported; None when it is in, or was given up."""
    query = select(DirectoryImportFile).options(undefer(DirectoryImportFile.content))
    found = session.scalar(query.where(DirectoryImportFile.import_id == import_id))
    return found.content if found else None


def has_content(session: Session, import_id: int) -> bool:
    """Whether the upload is still there."""
    query = select(DirectoryImportFile.import_id).where(DirectoryImportFile.import_id == import_id)
    return session.scalar(query) is not None


def refusal_groups(session: Session, batch: DirectoryImport) -> list[RefusalGroup]:
    """Why rows stayed out, the commonest reason first."""
    table = DirectoryImportRefusal
    groups = []
    for reason, rows in Counts.of(batch.counts).reasons.most_common():
        lines = session.scalars(
            select(table.line)
            .where(table.import_id == batch.id, table.reason == Reason(reason))
            .order_by(table.line)
            .limit(LINES_SHOWN)
        )
        groups.append(RefusalGroup(Reason(reason).label, rows, list(lines)))
    return groups


def new_practices(session: Session, batch: DirectoryImport) -> list[TerritoryCount]:
    """How many practices an import has added to which territory, the most first."""
    if batch.started_at is None:
        return []
    query = (
        select(Territory.name, func.count())
        .select_from(Practice)
        .outerjoin(Territory, Territory.id == Practice.territory_id)
        .where(Practice.source == batch.kind.label, Practice.created_at >= batch.started_at)
        .where(Practice.created_at <= (batch.finished_at or clock.now()))
        .group_by(Territory.name)
    )
    counts = [TerritoryCount(name, rows) for name, rows in session.execute(query)]
    return sorted(counts, key=lambda count: (-count.practices, count.name is None, count.name or ""))


def refusals_query(import_id: int) -> Select[int, Reason]:
    """Line and reason of the rows that stayed out."""
    table = DirectoryImportRefusal
    return select(table.line, table.reason).where(table.import_id == import_id).order_by(table.line)


def count_refusals(session: Session, import_id: int) -> int:
    """How many of them are kept with their lines."""
    table = DirectoryImportRefusal
    return session.scalar(select(func.count()).select_from(table).where(table.import_id == import_id)) or 0
