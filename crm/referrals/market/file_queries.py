"""Reads of files of market data: the files, what was taken in of one, whom a file may concern, who receives most."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core.errors import NotFound
from crm.directory.importing.wording import sentence_case
from crm.directory.models import Practice, Provider
from crm.directory.queries import CHUNK, MAX_ID
from crm.directory.taxonomy import specialty_of
from crm.referrals.market.models import MarketDestination, MarketImport, MarketState, MarketUpload, OurNpi


class Destination(NamedTuple):
    """Somebody who receives: all patients of its pairs, and whether it is ours."""

    npi: str
    name: str
    kind: str
    patients: int
    transactions: int | None
    is_ours: bool


def get_market_import(session: Session, viewer: Viewer, market_import_id: int) -> MarketImport:
    """One file. Whoever may import sees all of them, so the viewer only stands for the permission."""
    found = session.get(MarketImport, market_import_id) if 0 < market_import_id <= MAX_ID else None
    if found is None or viewer.territory_ids is not None:
        raise NotFound("There is no such file of market data.")
    return found


def market_imports_query(viewer: Viewer) -> Select[MarketImport]:
    """All files, the newest first; none for somebody who sees only some territories."""
    query = select(MarketImport).order_by(MarketImport.id.desc())
    return query if viewer.territory_ids is None else query.where(MarketImport.id < 0)


def list_done(session: Session) -> list[MarketImport]:
    """The files whose pairs are read, the newest months first."""
    query = select(MarketImport).where(MarketImport.state == MarketState.DONE)
    return list(session.scalars(query.order_by(MarketImport.last_month.desc(), MarketImport.id.desc())))


def find_twin(
    session: Session, batch: MarketImport, source: str, first: int | None, last: int | None
) -> MarketImport | None:
    """A file that is in and cannot stand beside this one: it has the same pairs, or the same source and months."""
    is_of_them = (
        (MarketImport.layout == batch.layout)
        & (func.lower(MarketImport.source) == source.lower())
        & (MarketImport.first_month == first)
        & (MarketImport.last_month == last)
    )
    query = select(MarketImport).where(
        MarketImport.state == MarketState.DONE,
        MarketImport.id != batch.id,
        or_(MarketImport.content_hash == batch.content_hash, is_of_them),
    )
    is_same = MarketImport.content_hash == batch.content_hash
    return session.scalars(query.order_by(is_same.desc(), MarketImport.id.desc())).first()


def find_upload(session: Session, import_id: int) -> MarketUpload | None:
    """The waiting pairs of a file, or None when they were removed."""
    return session.get(MarketUpload, import_id)


def known_npis(session: Session) -> frozenset[str]:
    """Every NPI of the directory, and those that are ours: a pair with one of these concerns us."""
    known: set[str] = set()
    for query in (select(Provider.npi), select(Practice.npi), select(OurNpi.npi)):
        known.update(npi for npi in session.scalars(query) if npi)
    return frozenset(known)


def directory_words(session: Session, npis: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """NPI, name and kind of those among some NPIs that stand in the directory."""
    wanted = sorted(npis)
    for start in range(0, len(wanted), CHUNK):
        piece = wanted[start : start + CHUNK]
        places = select(Practice.npi, Practice.name, Practice.taxonomy).where(Practice.npi.in_(piece))
        for npi, name, taxonomy in session.execute(places):
            yield str(npi), name, specialty_of(taxonomy) if taxonomy else ""
        for person in session.scalars(select(Provider).where(Provider.npi.in_(piece))):
            kind = specialty_of(person.taxonomy) if person.taxonomy else sentence_case(person.specialty)
            yield str(person.npi), person.name, kind


def top_destinations(session: Session, import_id: int, limit: int, *, without_ours: bool = False) -> list[Destination]:
    """Who receives most in a file."""
    found = MarketDestination
    query = (
        select(
            found.npi, found.name, found.kind, found.patients, found.transactions, OurNpi.id.is_not(None), OurNpi.name
        )
        .outerjoin(OurNpi, OurNpi.npi == found.npi)
        .where(found.import_id == import_id)
        .order_by(found.patients.desc(), found.npi)
        .limit(limit)
    )
    if without_ours:
        query = query.where(OurNpi.id.is_(None))
    rows = session.execute(query)
    return [Destination(row[0], row[6] or row[1], row[2], row[3], row[4], bool(row[5])) for row in rows]


def list_our_npis(session: Session) -> list[OurNpi]:
    """The NPIs that are ours, by name."""
    return list(session.scalars(select(OurNpi).order_by(func.lower(OurNpi.name), OurNpi.npi)))


def get_our_npi(session: Session, our_npi_id: int) -> OurNpi:
    """One NPI of ours."""
    found = session.get(OurNpi, our_npi_id) if 0 < our_npi_id <= MAX_ID else None
    if found is None:
        raise NotFound("There is no such NPI of ours.")
    return found


def count_destinations(session: Session, import_id: int) -> int:
    """How many receive in a file."""
    query = select(func.count()).select_from(MarketDestination).where(MarketDestination.import_id == import_id)
    return session.scalar(query) or 0
