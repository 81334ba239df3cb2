"""Reads of source matching: which sources have no practice, what was decided about others, and how many are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.errors import NotFound
from crm.core.paging import Page, paginate
from crm.directory.models import Affiliation, Practice, Provider
from crm.directory.queries import MAX_ID, scope_practices
from crm.referrals.kinds import KIND_WORDS
from crm.referrals.models import Referral, ReferralImport, ReferralSource, SourceKind
from crm.referrals.queries import is_counted, is_shown
from crm.referrals.rollup_models import ReferralTotalMonth
from crm.referrals.source_suggestions import Clinician, Known, Place, Suggestion, Unknown, person_keys, suggest

PAGE_SIZE = 25


@dataclass(frozen=True)
class Coverage:
    """How many referrals there are, how many have a known practice, and how many came from no practice."""

    received: int
    matched: int
    apart: int

    @property
    def of_practices(self) -> int:
        """How many came from a practice, known or not."""
        return self.received - self.apart

    @property
    def unmatched(self) -> int:
        """How many lack a practice that they should have."""
        return self.of_practices - self.matched


@dataclass(frozen=True)
class Waiting:
    """A source that nobody knows yet, with what it sent and the practices that it may be."""

    source: ReferralSource
    referrals: int
    first_month: int  # of the files that name it
    last_month: int
    file_name: str
    more_files: int
    suggestions: list[Suggestion]

    @property
    def label(self) -> str:
        """What it is called."""
        return label_of(self.source)

    @property
    def is_forgotten(self) -> bool:
        """Whether only later files can say what it is called."""
        return is_forgotten(self.source)


def label_of(source: ReferralSource) -> str:
    """What a source is called: as files name it, else what it is."""
    otherwise = KIND_WORDS[kind_of(source)] if is_apart(source) else "Source without a name"
    return source.name or source.provider_name or source.npi or otherwise


def kind_of(source: ReferralSource) -> SourceKind:
    """What a source is: as a person says, else as its file does."""
    return source.decided_kind or source.kind


def is_apart(source: ReferralSource) -> bool:
    """Whether a source is no practice."""
    return kind_of(source) is not SourceKind.PRACTICE


def is_forgotten(source: ReferralSource) -> bool:
    """Whether a source lost its name because it was taken for a patient."""
    is_nameless = not (source.name or source.provider_name or source.npi)
    return source.decided_kind is SourceKind.PRACTICE and is_nameless


def get_source(session: Session, viewer: Viewer, source_id: int) -> ReferralSource:
    """One source. Whoever may import sees all of them, so the viewer only stands for the permission."""
    found = session.get(ReferralSource, source_id) if 0 < source_id <= MAX_ID else None
    if found is None or viewer.territory_ids is not None:
        raise NotFound("There is no such source.")
    return found


def has_rows(session: Session, source_id: int) -> bool:
    """Whether a source has rows that lie nowhere."""
    query = select(Referral.id).where(Referral.source_id == source_id, Referral.practice_id.is_(None))
    return session.scalar(query.limit(1)) is not None


def coverage(session: Session, viewer: Viewer) -> Coverage:
    """How many of all referrals have a known source; nothing for somebody who sees only some territories."""
    table = ReferralTotalMonth
    sums = [func.coalesce(func.sum(column), 0) for column in (table.received, table.matched, table.apart)]
    row = session.execute(select(*sums).where(is_shown(table), _sees_all(viewer))).one()
    return Coverage(*(int(value) for value in row))


def list_waiting(session: Session, viewer: Viewer, text: str, number: int | None) -> Page[Waiting]:
    """Sources without a practice, those of the most referrals first, each with the practices that it may be."""
    is_meant = (_is_open(), _sees_all(viewer), *_has(text))
    # Whether a source sent anything is known from one of its rows.
    sent_any = select(Referral.id).where(*_sent()).exists()
    count = select(func.count()).select_from(ReferralSource).where(*is_meant, sent_any)
    referrals = func.sum(Referral.count)
    query: Any = (
        # Sources come first: SQLite then takes their rows out of the index, else it reads each row without a practice.
        select(ReferralSource, referrals.label("referrals"), *_told())
        .outerjoin(Referral, and_(*_sent()))
        .where(*is_meant)
        .group_by(ReferralSource.id)
        .having(referrals > 0)
        .order_by(referrals.desc(), ReferralSource.id)
    )
    found = paginate(session, query, number, PAGE_SIZE, count=count)
    names = _file_names(session, [row.last_import for row in found.rows])
    sources = [row.ReferralSource for row in found.rows]
    suggestions, months = suggest_for(session, viewer, sources), _months(session, sources)
    rows = [
        Waiting(
            row.ReferralSource, int(row.referrals), *months[row.ReferralSource.id], names.get(row.last_import, ""),
            row.files - 1, suggestions[row.ReferralSource.id],
        )
        for row in found.rows
    ]  # fmt: skip
    return Page(rows, found.number, found.size, found.total)


def _sent() -> tuple[ColumnElement[bool], ...]:
    """Which rows without a practice are those of a source."""
    is_unmatched = (Referral.practice_id.is_(None), Referral.count > 0, is_counted())
    return (Referral.source_id == ReferralSource.id, *is_unmatched)


def _told() -> tuple[Any, ...]:
    """What is told of the rows of a source."""
    return (
        func.count(Referral.import_id.distinct()).label("files"),
        func.max(Referral.import_id).label("last_import"),
    )


def _months(session: Session, sources: list[ReferralSource]) -> dict[int, tuple[int, int]]:
    """The first and the last month of the files that name some sources, by the number of the source: those of their
    rows would have to be read row by row."""
    is_theirs = ReferralSource.id.in_([source.id for source in sources])
    pairs = select(Referral.source_id, Referral.import_id).join(ReferralSource, and_(*_sent())).where(is_theirs)
    files = pairs.distinct().subquery()
    first, last = func.min(ReferralImport.first_month), func.max(ReferralImport.last_month)
    query = select(files.c.source_id, first, last).join(ReferralImport, ReferralImport.id == files.c.import_id)
    return {id_: (start, end) for id_, start, end in session.execute(query.group_by(files.c.source_id))}


def _is_open() -> ColumnElement[bool]:
    return and_(ReferralSource.kind == SourceKind.PRACTICE, ReferralSource.decided_at.is_(None))


def _sees_all(viewer: Viewer) -> ColumnElement[bool]:
    return true() if viewer.territory_ids is None else false()


def _has(text: str) -> list[ColumnElement[bool]]:
    columns = (ReferralSource.name, ReferralSource.provider_name, ReferralSource.city)
    return [
        or_(
            *(column.icontains(word, autoescape=True) for column in columns),
            ReferralSource.npi.startswith(word, autoescape=True),
            ReferralSource.zip.startswith(word, autoescape=True),
        )
        for word in text[:200].split()[:6]
    ]


def _file_names(session: Session, import_ids: list[int]) -> dict[int, str]:
    query = select(ReferralImport.id, ReferralImport.file_name).where(ReferralImport.id.in_(import_ids))
    return {row.id: row.file_name for row in session.execute(query)}


def list_decided(session: Session, viewer: Viewer, text: str, number: int | None) -> Page[Any]:
    """Sources about which a person decided, the last first: the source, and the name of its practice."""
    query: Any = (
        select(ReferralSource, Practice.name.label("practice"), Practice.city)
        .outerjoin(Practice, Practice.id == ReferralSource.practice_id)
        .where(ReferralSource.decided_at.is_not(None), _sees_all(viewer), *_has(text))
        .order_by(ReferralSource.decided_at.desc(), ReferralSource.id.desc())
    )
    return paginate(session, query, number, PAGE_SIZE)


def suggest_for(session: Session, viewer: Viewer, sources: Sequence[Unknown]) -> dict[int, list[Suggestion]]:
    """The practices that some sources most likely are, by the number of the source: a fixed number of statements."""
    if not sources:
        return {}
    columns: Any = select(Practice.id, Practice.name, Practice.city, Practice.zip)
    active = scope_practices(columns, viewer).where(Practice.retired_on.is_(None)).order_by(Practice.id)
    places = [Place(*row) for row in session.execute(active)]
    decided = select(ReferralSource.name, ReferralSource.practice_id).where(ReferralSource.practice_id.is_not(None))
    chosen = [(row.name, row.practice_id or 0) for row in session.execute(decided)]
    return suggest(sources, Known(places, _clinicians(session, sources), chosen))


def _clinicians(session: Session, sources: Sequence[Unknown]) -> list[Clinician]:
    """Providers who may be those that the sources name, each once for every practice at which they work or worked."""
    npis = {source.npi for source in sources if source.npi}
    keys = {key for source in sources for key in person_keys(source.provider_name)}
    named = or_(Provider.npi.in_(npis), Provider.search_key.in_(keys))
    query = select(Provider, Affiliation.practice_id, Affiliation.ends_on).join(Affiliation).where(named)
    today, found = clock.today(), session.execute(query.order_by(Provider.id, Affiliation.practice_id, Affiliation.id))
    return [
        Clinician(person.npi, person.search_key, person.name, at, ends_on if ends_on and ends_on < today else None)
        for person, at, ends_on in found
    ]
