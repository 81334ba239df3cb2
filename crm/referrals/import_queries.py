"""Reads of imports: the imports themselves, their refused rows, and the directory for matching."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from sqlalchemy import Select, Table, func, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core import engine
from crm.core.errors import NotFound
from crm.directory.models import Affiliation, Practice, Provider
from crm.directory.queries import MAX_ID
from crm.referrals.importing.facts import VALUES, Facts, Ints, numbers
from crm.referrals.importing.matching import Place, Sources, Stay
from crm.referrals.importing.rows import Named
from crm.referrals.models import (
    ImportRefusal,
    ImportUpload,
    Referral,
    ReferralImport,
    ReferralSource,
    ServiceLine,
    Site,
)
from crm.referrals.queries import is_counted, is_shown, of_import
from crm.referrals.rollup_models import ReferralTotalMonth

ROWS = cast(Table, Referral.__table__)
SOURCES = cast(Table, ReferralSource.__table__)
PIECE = 5_000


def get_import(session: Session, viewer: Viewer, import_id: int) -> ReferralImport:
    """One import. Whoever may import sees all of them, so the viewer only stands for the permission. Who is about to
    change it waits for others who do."""
    lock = None if engine.is_reading() else True
    found = session.get(ReferralImport, import_id, with_for_update=lock) if 0 < import_id <= MAX_ID else None
    if found is None or viewer.territory_ids is not None:
        raise NotFound("There is no such import.")
    return found


def imports_query(viewer: Viewer) -> Select[ReferralImport]:
    """All imports, the newest first; none for somebody who sees only some territories."""
    query = select(ReferralImport).order_by(ReferralImport.id.desc())
    return query if viewer.territory_ids is None else query.where(ReferralImport.id < 0)


def find_upload(session: Session, import_id: int) -> ImportUpload | None:
    """The waiting rows of an import, or None when they were removed."""
    return session.get(ImportUpload, import_id)


def refusals_query(import_id: int) -> Select[int, str, str]:
    """Line, column and reason of each refused row, in the order of the file."""
    query = select(ImportRefusal.line, ImportRefusal.column, ImportRefusal.reason)
    return query.where(ImportRefusal.import_id == import_id).order_by(ImportRefusal.line, ImportRefusal.id)


def source_ids(session: Session, keys: Sequence[bytes]) -> dict[bytes, int]:
    """The sources that have one of these keys."""
    pieces = _among(session, SOURCES.c.key, [SOURCES.c.id], keys)
    return {bytes(key): id_ for rows in pieces for key, id_ in rows}


def read_facts(session: Session, ids: Ints) -> Facts:
    """The values of rows in the order of their ids, which must be there."""
    columns = [ROWS.c[name] for name in VALUES]
    read, parts = [np.empty(0, dtype=np.int64)], [Facts.of_rows([])]
    for rows in _among(session, ROWS.c.id, columns, ids.tolist()):
        read.append(numbers((row[0] for row in rows), len(rows)))
        parts.append(Facts.of_rows([row[1:] for row in rows]))
    there = np.concatenate(read)
    order = np.argsort(there)
    return Facts.joined(parts).take(order[np.searchsorted(there[order], ids)])


def _among(session: Session, key: Any, columns: Sequence[Any], wanted: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The rows with one of these keys, some thousand at a time: the key and the columns as the driver gives them. The
    types of SQLAlchemy would take longer than everything else, and its IN would be written anew for each list."""
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    names = ", ".join(f'"{column.name}"' for column in (key, *columns))
    for start in range(0, len(wanted), PIECE):
        some = wanted[start : start + PIECE]
        among = f"IN ({', '.join('?' * len(some))})" if is_sqlite else "= ANY(%s)"
        query = f'SELECT {names} FROM {key.table.name} WHERE "{key.name}" {among}'
        found = connection.exec_driver_sql(query, tuple(some) if is_sqlite else (list(some),))
        yield found.cursor.fetchall()
        found.close()


def id_ranges(session: Session, import_id: int, size: int) -> list[tuple[int, int]]:
    """The ids of the rows of an import, in ranges of at most so many: the first and the last of each."""
    ends = select(func.min(ROWS.c.id), func.max(ROWS.c.id)).where(of_import(import_id))
    first, last = session.execute(ends).one()
    return [] if first is None else [(at, min(at + size - 1, last)) for at in range(first, last + 1, size)]


def name_ids(session: Session, model: type[ServiceLine] | type[Site]) -> dict[str, int]:
    """The number of each service line or site by its name in small letters."""
    return {
        name.casefold(): id_ for id_, name in session.execute(select(model.id, model.name).order_by(model.id.desc()))
    }


def load_sources(session: Session) -> Sources:
    """The directory as matching needs it."""
    places = [
        Place(*row[:5], row[5] is not None)
        for row in session.execute(
            select(Practice.id, Practice.name, Practice.city, Practice.zip, Practice.npi, Practice.retired_on).order_by(
                Practice.id
            )
        )
    ]
    known = select(Provider.npi, Provider.id).where(Provider.npi.is_not(None))
    providers = {npi: id_ for npi, id_ in session.execute(known) if npi}
    stays: dict[int, list[Stay]] = {}
    columns = (Affiliation.practice_id, Affiliation.starts_on, Affiliation.ends_on, Affiliation.is_primary)
    for provider_id, practice_id, starts_on, ends_on, is_primary in session.execute(
        select(Affiliation.provider_id, *columns)
    ):
        stays.setdefault(provider_id, []).append(Stay(practice_id, starts_on, ends_on, is_primary))
    found = Sources.of(places, providers, stays)
    named = [getattr(ReferralSource, name) for name in Named._fields]
    decided = select(ReferralSource.practice_id, *named).where(ReferralSource.practice_id.is_not(None))
    found.decided = {Named(*row[1:]).key: row[0] for row in session.execute(decided)}
    return found


def take_back_preview(session: Session, import_id: int) -> dict[str, int]:
    """What taking an import back would do now: rows removed, rows put back, rows that a later import has changed."""
    own = select(func.count()).select_from(Referral).where(of_import(import_id))
    total = session.scalar(own) or 0
    kept = session.scalar(own.where(Referral.replaced_by.is_not(None))) or 0
    restored = session.scalar(own.where(Referral.replaced_by.is_(None), Referral.replaces_id.is_not(None))) or 0
    return {"removed": total - kept - restored, "restored": restored, "kept": kept}


@dataclass(frozen=True)
class LineOfImport:
    """A service line in the months of an import: what it brought, all that there is, and a year before."""

    name: str
    position: int
    brought: int
    now: int
    before: int


def by_service_line(session: Session, batch: ReferralImport) -> list[LineOfImport]:
    """The service lines of an import, the largest first."""
    line_id = func.coalesce(Referral.service_line_id, 0)
    own = select(line_id, func.sum(Referral.count)).where(of_import(batch.id), Referral.count > 0, is_counted())
    own = own.group_by(line_id)
    first, last = batch.first_month or 0, batch.last_month or 0
    now, before = _received_by_line(session, first, last), _received_by_line(session, first - 12, last - 12)
    known = {line.id: (line.name, line.position) for line in session.scalars(select(ServiceLine))}
    lines = [
        LineOfImport(*known.get(id_, ("No service line", 0)), int(count), now.get(id_, 0), before.get(id_, 0))
        for id_, count in session.execute(own)
    ]
    return sorted(lines, key=lambda line: (-line.brought, line.name))


def _received_by_line(session: Session, first: int, last: int) -> dict[int, int]:
    query = (
        select(ReferralTotalMonth.service_line_id, func.sum(ReferralTotalMonth.received))
        .where(ReferralTotalMonth.month.between(first, last), is_shown(ReferralTotalMonth))
        .group_by(ReferralTotalMonth.service_line_id)
    )
    return {id_: int(count) for id_, count in session.execute(query)}
