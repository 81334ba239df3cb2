"""Reads of shares of care: where the sources in somebody's scope send patients, in one file of market data.

A provider counts at one practice: the one where they mainly work today. A practice's own NPI counts for it too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.directory.models import Affiliation, Practice, Provider, Tier
from crm.directory.queries import CHUNK, scope_practices
from crm.referrals.market.file_queries import list_done
from crm.referrals.market.filters import Level, ShareFilter
from crm.referrals.market.models import MarketDestination, MarketEdge, MarketImport, MarketReach, MarketSetting, OurNpi
from crm.referrals.market.period import period_words
from crm.referrals.market.share import Basis, Care, Segment, Thresholds, segment_of, usual_basis

COMPETITORS = 3
EDGE, DESTINATION, REACH = MarketEdge, MarketDestination, MarketReach


class Competitor(NamedTuple):
    """Another place that receives patients of a source."""

    name: str
    patients: int


@dataclass(frozen=True)
class Comparison:
    """With whom we are compared in a file: the kinds that are ours, and on how many patients the others' stand."""

    file: MarketImport
    basis: Basis
    kinds: tuple[str, ...]
    known: int  # patients at others whose kind is known
    unknown: int


@dataclass(frozen=True)
class PracticeCare:
    """What the page of a practice says: in the newest file, where its patients go."""

    file: MarketImport
    care: Care
    segment: Segment
    competitors: list[Competitor]

    @property
    def months(self) -> str:
        """The months of the file."""
        return period_words(self.file.first_month, self.file.last_month)


class SourceRow(NamedTuple):
    """One source and where its patients go. `provider_id` is 0 for a practice as a whole."""

    practice_id: int
    provider_id: int
    name: str
    place: str
    tier: Tier | None
    care: Care


def thresholds(session: Session) -> Thresholds:
    """Where segments begin: as somebody set it, or as usual."""
    row = session.scalars(select(MarketSetting)).first()
    return Thresholds(row.loyal_from, row.splitter_from) if row else Thresholds()


def compare(session: Session, file: MarketImport, wanted: Basis | None) -> Comparison:
    """With whom we are compared in a file, as asked for or as usual."""
    ours = select(OurNpi.npi)
    of_file = select(DESTINATION.kind).where(DESTINATION.import_id == file.id, DESTINATION.kind != "")
    kinds = tuple(sorted(session.scalars(of_file.where(DESTINATION.npi.in_(ours)).distinct())))
    known = func.coalesce(func.sum(case((DESTINATION.kind != "", DESTINATION.patients), else_=0)), 0)
    sums = select(known, func.coalesce(func.sum(DESTINATION.patients), 0))
    row = session.execute(sums.where(DESTINATION.import_id == file.id, DESTINATION.npi.not_in(ours))).one()
    with_kind, whole = int(row[0]), int(row[1])
    usual = usual_basis(with_kind, whole - with_kind, has_kind=bool(kinds))
    return Comparison(file, wanted or usual, kinds, with_kind, whole - with_kind)


def list_sources(session: Session, viewer: Viewer, comparison: Comparison, chosen: ShareFilter) -> list[SourceRow]:
    """Every source in scope that shares patients with anybody in the file; whatever its segment, in no order."""
    source, is_person = _sources(), chosen.by is Level.PROVIDERS
    query = _reaching(comparison, source)
    name, place = (_person_name(), Practice.name) if is_person else (Practice.name, Practice.city)
    key = source.c.provider_id if is_person else literal(0)
    grouped: list[Any] = [Practice.id, Practice.name, Practice.city, Practice.tier]
    if is_person:
        query = query.join(Provider, Provider.id == source.c.provider_id)
        grouped += [source.c.provider_id, Provider.last_name, Provider.first_name]
    query = scope_practices(query, viewer).where(*_conditions(chosen)).group_by(*grouped)
    rows = session.execute(query.with_only_columns(Practice.id, key, name, place, Practice.tier, *_sums()))
    return [SourceRow(row[0], row[1], row[2], row[3], row[4], _care(comparison, row[5:])) for row in rows]


def newest_care(session: Session, viewer: Viewer, practice_id: int) -> PracticeCare | None:
    """Where the patients of a practice go, by the newest file; None when there is none, it is not in it, or nobody said
    which NPIs are ours."""
    file = next(iter(list_done(session)), None)
    if file is None or session.scalar(select(OurNpi.id).limit(1)) is None:
        return None
    comparison = compare(session, file, None)
    care = care_of_practice(session, viewer, comparison, practice_id)
    segment = segment_of(care, thresholds(session))
    if segment is None:
        return None
    others = top_competitors(session, comparison, Level.PRACTICES, [practice_id])
    return PracticeCare(file, care, segment, others.get(practice_id, []))


def care_of_practice(session: Session, viewer: Viewer, comparison: Comparison, practice_id: int) -> Care:
    """Where the patients of one practice go; nothing when it lies out of the viewer's scope."""
    source = _sources(Level.PRACTICES, [practice_id])
    query = _sending(comparison, source).join(Practice, Practice.id == source.c.practice_id)
    is_ours, is_alike = OurNpi.id.is_not(None), DESTINATION.kind.in_(comparison.kinds)
    sums = [
        func.coalesce(func.sum(case((condition, EDGE.patients), else_=0)), 0)
        for condition in (EDGE.patients > 0, is_alike, is_ours, and_(is_ours, is_alike))
    ]
    query = scope_practices(query, viewer).where(Practice.id == practice_id)
    return _care(comparison, session.execute(query.with_only_columns(*sums)).one())


def top_competitors(
    session: Session, comparison: Comparison, by: Level, ids: Sequence[int]
) -> dict[int, list[Competitor]]:
    """The other destinations to which each practice (or provider) sends most, those compared with us only.

    The ids are those of rows that the viewer was shown already.
    """
    found: dict[int, list[Competitor]] = {}
    for start in range(0, len(ids), CHUNK):
        for key, npi, name, patients in session.execute(_ranked(comparison, by, ids[start : start + CHUNK])):
            found.setdefault(key, []).append(Competitor(name or f"NPI {npi}", int(patients)))
    return found


def _ranked(comparison: Comparison, by: Level, ids: Sequence[int]) -> Select[Any]:
    source = _sources(by, ids)
    key = source.c.provider_id if by is Level.PROVIDERS else source.c.practice_id
    patients = func.sum(EDGE.patients)
    place = func.row_number().over(partition_by=key, order_by=(patients.desc(), EDGE.to_npi))
    others = [OurNpi.id.is_(None), key.in_(ids)]
    if comparison.basis is Basis.KIND:
        others.append(DESTINATION.kind.in_(comparison.kinds))
    sums = (
        _sending(comparison, source)
        .where(*others)
        .group_by(key, EDGE.to_npi, DESTINATION.name)
        .with_only_columns(
            key.label("key"), EDGE.to_npi.label("npi"), DESTINATION.name.label("name"), patients.label("patients"),
            place.label("place"),
        )
        .subquery()
    )  # fmt: skip
    query = select(sums.c.key, sums.c.npi, sums.c.name, sums.c.patients)
    return query.where(sums.c.place <= COMPETITORS).order_by(sums.c.key, sums.c.place)


def _sources(by: Level | None = None, ids: Sequence[int] = ()) -> Subquery:
    """Each NPI that refers, with its practice and (0 for the practice's own NPI) its provider; never one of ours.

    With a level and ids only those of these practices or providers: then nothing else is looked at.
    """
    ours, home = select(OurNpi.npi), _homes(by, ids)
    people = select(Provider.npi.label("npi"), home.c.practice_id, Provider.id.label("provider_id"))
    people = people.join(home, and_(home.c.provider_id == Provider.id, home.c.place == 1))
    is_person = exists().where(Provider.npi == Practice.npi)
    places = select(Practice.npi, Practice.id, literal(0)).where(Practice.retired_on.is_(None), ~is_person)
    if by is Level.PRACTICES:
        places = places.where(Practice.id.in_(ids))
    return union_all(
        people.where(Provider.npi.is_not(None), Provider.npi.not_in(ours)),
        places.where(Practice.npi.is_not(None), Practice.npi.not_in(ours)),
    ).subquery()


def _homes(by: Level | None, ids: Sequence[int]) -> Subquery:
    """The practices where providers work today, the main one first (`place` 1)."""
    today = clock.today()
    place = func.row_number().over(
        partition_by=Affiliation.provider_id, order_by=(Affiliation.is_primary.desc(), Affiliation.id)
    )
    query = (
        select(Affiliation.provider_id, Affiliation.practice_id, place.label("place"))
        .join(Practice, Practice.id == Affiliation.practice_id)
        .join(Provider, Provider.id == Affiliation.provider_id)
        .where(
            Practice.retired_on.is_(None),
            Provider.retired_on.is_(None),
            or_(Affiliation.starts_on.is_(None), Affiliation.starts_on <= today),
            or_(Affiliation.ends_on.is_(None), Affiliation.ends_on >= today),
        )
    )
    if by is Level.PROVIDERS:
        query = query.where(Affiliation.provider_id.in_(ids))
    elif by is Level.PRACTICES:
        worked = aliased(Affiliation)
        query = query.where(Affiliation.provider_id.in_(select(worked.provider_id).where(worked.practice_id.in_(ids))))
    return query.subquery()


def _sending(comparison: Comparison, source: Subquery) -> Select[Any]:
    """The pairs of sources, each with who receives."""
    import_id = comparison.file.id
    is_theirs = and_(EDGE.import_id == import_id, EDGE.from_npi == source.c.npi)
    is_named = and_(DESTINATION.import_id == import_id, DESTINATION.npi == EDGE.to_npi)
    query = select(source.c.npi).select_from(source).join(EDGE, is_theirs)
    return query.outerjoin(OurNpi, OurNpi.npi == EDGE.to_npi).outerjoin(DESTINATION, is_named)


def _reaching(comparison: Comparison, source: Subquery) -> Select[Any]:
    """Each source with its practice, what it sends to all and to our kind, and of both what comes to us."""
    import_id = comparison.file.id
    is_alike = case((REACH.kind.in_(comparison.kinds), REACH.patients), else_=0)
    reach = select(REACH.from_npi, func.sum(REACH.patients).label("whole"), func.sum(is_alike).label("alike"))
    sent = reach.where(REACH.import_id == import_id).group_by(REACH.from_npi).subquery("sent")
    is_named = and_(DESTINATION.import_id == import_id, DESTINATION.npi == EDGE.to_npi)
    is_own_kind = case((DESTINATION.kind.in_(comparison.kinds), EDGE.patients), else_=0)
    got = select(EDGE.from_npi, func.sum(EDGE.patients).label("ours"), func.sum(is_own_kind).label("ours_alike"))
    # An outer join begins with the few that are ours; SQLite would otherwise go through all pairs of the file.
    got = got.select_from(OurNpi).outerjoin(EDGE, and_(EDGE.import_id == import_id, EDGE.to_npi == OurNpi.npi))
    to_us = got.outerjoin(DESTINATION, is_named).group_by(EDGE.from_npi).subquery("to_us")
    query = select(source.c.npi, sent.c.whole, sent.c.alike, to_us.c.ours, to_us.c.ours_alike).select_from(source)
    query = query.join(sent, sent.c.from_npi == source.c.npi).outerjoin(to_us, to_us.c.from_npi == source.c.npi)
    return query.join(Practice, Practice.id == source.c.practice_id)


def _sums() -> tuple[ColumnElement[int], ...]:
    """Patients at all, at our kind, at us, at us as far as we are of our kind."""
    names = ("sent.whole", "sent.alike", "to_us.ours", "to_us.ours_alike")
    return tuple(func.coalesce(func.sum(literal_column(name)), 0) for name in names)


def _care(comparison: Comparison, sums: Sequence[Any]) -> Care:
    whole, alike, ours, ours_alike = (int(value) for value in sums)
    others = alike - ours_alike if comparison.basis is Basis.KIND else whole - ours
    return Care(ours, others, whole - ours - others)


def _person_name() -> ColumnElement[str]:
    return Provider.last_name + ", " + Provider.first_name


def _conditions(chosen: ShareFilter) -> list[ColumnElement[bool]]:
    found = []
    if chosen.tier is not None:
        found.append(Practice.tier == chosen.tier)
    if chosen.territory is not None:
        found.append(Practice.territory_id == chosen.territory)
    return found
