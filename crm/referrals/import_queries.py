"""Reads of imports: the imports themselves, their refused rows, and the directory for matching."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from crm.accounts.viewer import Viewer
from crm.core.errors import NotFound
from crm.directory.models import Affiliation, Practice, Provider
from crm.directory.queries import MAX_ID
from crm.referrals.importing.matching import Place, Sources, Stay
from crm.referrals.importing.versions import VALUES
from crm.referrals.models import (
    ImportRefusal,
    ImportUpload,
    Referral,
    ReferralImport,
    ReferralTotalMonth,
    ServiceLine,
    Site,
)
from crm.referrals.queries import is_counted, is_shown

TABLE = Referral.__table__


def get_import(session: Session, viewer: Viewer, import_id: int) -> ReferralImport:
    """One import. Whoever may import sees all of them, so the viewer only stands for the permission."""
    found = session.get(ReferralImport, import_id) if 0 < import_id <= MAX_ID else None
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


def existing_rows(session: Session, keys: Iterable[str]) -> dict[str, Row[Any]]:
    """The newest versions of the rows that have one of these keys: id and all values."""
    columns = [TABLE.c.row_key, TABLE.c.id, *(TABLE.c[name] for name in VALUES)]
    rows = session.execute(select(*columns).where(TABLE.c.row_key.in_(list(keys)), TABLE.c.replaced_by.is_(None)))
    return {row.row_key: row for row in rows}


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
    return Sources.of(places, providers, stays)


def take_back_preview(session: Session, import_id: int) -> dict[str, int]:
    """What taking an import back would do now: rows removed, rows put back, rows that a later import has changed."""
    own = select(func.count()).select_from(Referral).where(Referral.import_id == import_id)
    earlier = aliased(Referral)
    is_version = (earlier.row_key == Referral.row_key) & (earlier.replaced_by == import_id)
    total = session.scalar(own) or 0
    kept = session.scalar(own.where(Referral.replaced_by.is_not(None))) or 0
    restored = session.scalar(own.where(Referral.replaced_by.is_(None)).join(earlier, is_version)) or 0
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
    own = select(line_id, func.sum(Referral.count)).where(Referral.import_id == batch.id, is_counted())
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
