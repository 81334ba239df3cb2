"""Reads of the list of practices: filtered, sorted, by the page; and the choices that its filters offer."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, false, func, nulls_last, or_, select, true
from sqlalchemy.orm import Session

from crm.accounts.models import User
from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.paging import PAGE_SIZE, Page
from crm.directory.models import (
    Affiliation,
    Practice,
    PracticeKind,
    PracticeStatus,
    PracticeTag,
    Provider,
    Tier,
)
from crm.directory.npi import clean_npi
from crm.directory.practice_filters import NOBODY, PracticeFilter
from crm.directory.queries import scope_practices
from crm.directory.search_keys import practice_key, words_of

MIN_CHANGE = 0.1  # a change of less than a tenth is neither up nor down
MIN_COUNT = 10  # nor is one from, or to, fewer than this
MIN_DIGITS = 3
MOST_TWINS = 5


@dataclass(frozen=True)
class Sources:
    """What higher rooms know of practices, to sort and filter by. None: this viewer does not see it."""

    last_visit: Subquery | None = None  # practice_id, last_on
    cadence: ColumnElement[int | None] | None = None  # days between visits, over Practice
    late: ColumnElement[int] | None = None  # days past the due day, over `last_visit` and Practice
    recent: Subquery | None = None  # practice_id, last90, before90


class PracticeRow(NamedTuple):
    """One line of the list."""

    id: int
    name: str
    city: str
    kind: PracticeKind
    tier: Tier | None
    status: PracticeStatus
    cadence_days: int | None
    retired_on: date | None
    owner_name: str | None
    providers: int


def select_practice_ids(viewer: Viewer, filters: PracticeFilter, sort: str, sources: Sources) -> Select[int]:
    """The ids of the practices that match, in order."""
    query = _joined(scope_practices(select(Practice.id), viewer), filters, sort, sources)
    query = query.where(*_conditions(filters), *_source_conditions(filters, sources))
    return query.order_by(*_order(sort, sources), Practice.name, Practice.id)


def count_practices(session: Session, viewer: Viewer, filters: PracticeFilter, sources: Sources) -> int:
    """How many practices match."""
    ids = select_practice_ids(viewer, filters, "name", sources).order_by(None).subquery()
    return session.scalar(select(func.count()).select_from(ids)) or 0


def page_of_ids(
    session: Session, viewer: Viewer, filters: PracticeFilter, sort: str, sources: Sources, number: int | None
) -> Page[int]:
    """One page of the practices that match, in order. What they are sorted by is not worked out for the count."""
    total = count_practices(session, viewer, filters, sources)
    number = min(max(number or 1, 1), max(1, -(-total // PAGE_SIZE)))
    query = select_practice_ids(viewer, filters, sort, sources)
    ids = session.scalars(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    return Page(list(ids), number, PAGE_SIZE, total)


def practice_rows(session: Session, ids: Sequence[int]) -> list[PracticeRow]:
    """The lines of one page, in the order of their ids; one statement."""
    query = (
        select(
            Practice.id, Practice.name, Practice.city, Practice.kind, Practice.tier, Practice.status,
            Practice.cadence_days, Practice.retired_on, User.name, _provider_count(),
        )
        .outerjoin(User, User.id == Practice.owner_id)
        .where(Practice.id.in_(ids))
    )  # fmt: skip
    found = {row[0]: PracticeRow(*row) for row in session.execute(query)}
    return [found[id_] for id_ in ids if id_ in found]


def practices_of(session: Session, viewer: Viewer, ids: Iterable[int]) -> list[Practice]:
    """The practices with these ids that the viewer sees."""
    wanted = [id_ for id_ in set(ids) if 0 < id_ < 2**31]
    query = scope_practices(select(Practice), viewer).where(Practice.id.in_(wanted))
    return list(session.scalars(query.order_by(Practice.name, Practice.id)))


def find_twins(
    session: Session, viewer: Viewer, *, name: str, zip_code: str, except_id: int | None = None
) -> list[Practice]:
    """Practices in scope with the same name at the same ZIP: most likely the same one."""
    key, zip5 = practice_key(name, ""), (zip_code or "")[:5]
    if not key or not zip5:
        return []
    query = scope_practices(select(Practice), viewer).where(
        Practice.zip.startswith(zip5, autoescape=True),
        or_(Practice.search_key == key, Practice.search_key.startswith(f"{key} ", autoescape=True)),
    )
    found = [p for p in session.scalars(query.order_by(Practice.id)) if practice_key(p.name, "") == key]
    return [practice for practice in found if practice.id != except_id][:MOST_TWINS]


def find_practice_by_npi(session: Session, npi: str) -> Practice | None:
    """The practice with an organization NPI, whoever looks after it: the number is unique everywhere."""
    return session.scalar(select(Practice).where(Practice.npi == npi))


def list_tags(session: Session, viewer: Viewer, most: int = 100) -> list[str]:
    """The tags in use in the viewer's scope, by name."""
    query = scope_practices(select(PracticeTag.tag).join(Practice, Practice.id == PracticeTag.practice_id), viewer)
    return list(session.scalars(query.distinct().order_by(PracticeTag.tag).limit(most)))


def list_specialties(session: Session, most: int = 300) -> list[str]:
    """The specialties of the providers in the directory, by name."""
    query = select(Provider.specialty).where(Provider.specialty != "").distinct().order_by(Provider.specialty)
    return list(session.scalars(query.limit(most)))


def suggest_practices(session: Session, viewer: Viewer, text: str, limit: int) -> list[Practice]:
    """Practices to choose from while somebody types a name, a town or a number."""
    query = scope_practices(select(Practice), viewer).where(Practice.retired_on.is_(None), _mentions(text))
    return list(session.scalars(query.order_by(Practice.name, Practice.id).limit(limit)))


def _provider_count() -> Any:
    today = clock.today()
    return (
        select(func.count())
        .select_from(Affiliation)
        .join(Provider, Provider.id == Affiliation.provider_id)
        .where(
            Affiliation.practice_id == Practice.id,
            Provider.retired_on.is_(None),
            or_(Affiliation.starts_on.is_(None), Affiliation.starts_on <= today),
            or_(Affiliation.ends_on.is_(None), Affiliation.ends_on >= today),
        )
        .correlate(Practice)
        .scalar_subquery()
    )


def _joined(query: Select[int], filters: PracticeFilter, sort: str, sources: Sources) -> Select[int]:
    key = sort.removeprefix("-")
    wants_visits = key in ("last", "due") or filters.never or filters.due is not None or filters.unseen is not None
    if wants_visits and sources.last_visit is not None:
        query = query.outerjoin(sources.last_visit, sources.last_visit.c.practice_id == Practice.id)
    if sources.recent is not None and (key in ("referrals", "change") or filters.trend):
        query = query.outerjoin(sources.recent, sources.recent.c.practice_id == Practice.id)
    if key == "owner":
        query = query.outerjoin(User, User.id == Practice.owner_id)
    return query


def _conditions(filters: PracticeFilter) -> list[ColumnElement[bool]]:
    tests: list[tuple[Any, Callable[[Any], ColumnElement[bool]]]] = [
        (filters.q, _mentions),
        (filters.tier, Practice.tier.in_),
        (filters.status, Practice.status.in_),
        (filters.kind, Practice.kind.in_),
        (filters.territory, Practice.territory_id.in_),
        (filters.owner, _owned_by),
        (filters.tag, _tagged),
        (filters.specialty, _has_specialty),
        (filters.zip, lambda prefix: Practice.zip.startswith(prefix, autoescape=True)),
    ]
    retired = Practice.retired_on.is_not(None) if filters.retired else Practice.retired_on.is_(None)
    return [retired, *(test(value) for value, test in tests if value)]


def _source_conditions(filters: PracticeFilter, sources: Sources) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if sources.last_visit is not None and sources.late is not None and sources.cadence is not None:
        last_on = sources.last_visit.c.last_on
        if filters.never:
            found.append(last_on.is_(None))
        if filters.unseen is not None:
            found.append(or_(last_on.is_(None), last_on <= _days_ago(filters.unseen)))
        if filters.due is not None:
            found.append(Practice.status != PracticeStatus.DO_NOT_VISIT)
            found.append(sources.cadence.is_not(None))
            found.append(or_(last_on.is_(None), sources.late >= -filters.due))
    if filters.trend and sources.recent is not None:
        found.append(_moved(sources.recent, filters.trend))
    return found


def _days_ago(days: int) -> date:
    return date.fromordinal(max(1, clock.today().toordinal() - days))


def _moved(recent: Subquery, trend: str) -> ColumnElement[bool]:
    last, before = func.coalesce(recent.c.last90, 0), func.coalesce(recent.c.before90, 0)
    if trend == "down":
        return and_(before >= MIN_COUNT, last <= before * (1 - MIN_CHANGE))
    return and_(last >= MIN_COUNT, last >= before * (1 + MIN_CHANGE))


def _owned_by(owners: tuple[int, ...]) -> ColumnElement[bool]:
    people = [owner for owner in owners if owner != NOBODY]
    nobody = Practice.owner_id.is_(None) if NOBODY in owners else false()
    return or_(Practice.owner_id.in_(people), nobody)


def _tagged(tags: tuple[str, ...]) -> ColumnElement[bool]:
    return Practice.id.in_(select(PracticeTag.practice_id).where(PracticeTag.tag.in_(tags)))


def _has_specialty(specialties: tuple[str, ...]) -> ColumnElement[bool]:
    query = select(Affiliation.practice_id).join(Provider).where(Provider.specialty.in_(specialties))
    return Practice.id.in_(query.where(Provider.retired_on.is_(None)))


def _mentions(text: str) -> ColumnElement[bool]:
    words = words_of(text)
    if not words:
        return true() if not text.strip() else false()
    return or_(and_(*(_begins_a_word(word) for word in words)), _has_number(text))


def _begins_a_word(word: str) -> ColumnElement[bool]:
    # Folded words hold only letters and digits: there is nothing to escape.
    return or_(Practice.search_key.like(f"{word}%"), Practice.search_key.like(f"% {word}%"))


def _has_number(text: str) -> ColumnElement[bool]:
    digits = clean_npi(text).strip("+()").replace("(", "").replace(")", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) >= MIN_DIGITS):
        return false()
    starts = (Practice.npi.like(f"{digits}%"), Practice.zip.like(f"{digits}%"), Practice.phone.like(f"+1{digits}%"))
    return or_(*starts)


def _order(sort: str, sources: Sources) -> list[ColumnElement[Any]]:
    key, is_down = sort.removeprefix("-"), sort.startswith("-")
    columns = _sort_columns(key, sources)
    return [nulls_last(column.desc() if is_down else column.asc()) for column in columns]


def _sort_columns(key: str, sources: Sources) -> list[Any]:
    plain: dict[str, list[Any]] = {
        "name": [Practice.name],
        "kind": [Practice.kind], "tier": [Practice.tier], "providers": [_provider_count()], "owner": [User.name],
    }  # fmt: skip
    if key in plain:
        return plain[key]
    if key == "last" and sources.last_visit is not None:
        return [sources.last_visit.c.last_on]
    if key == "due" and sources.last_visit is not None and sources.late is not None and sources.cadence is not None:
        # Where nobody was yet is as good as due today; where nobody should go comes last.
        is_first = and_(sources.last_visit.c.last_on.is_(None), sources.cadence.is_not(None))
        days = case((Practice.status == PracticeStatus.DO_NOT_VISIT, None), (is_first, 0), else_=-sources.late)
        return [days, case((is_first, 1), else_=0)]
    if key in ("referrals", "change") and sources.recent is not None:
        return _recent_columns(key, sources.recent)
    return []


def _recent_columns(key: str, recent: Subquery) -> list[Any]:
    last, before = func.coalesce(recent.c.last90, 0), func.coalesce(recent.c.before90, 0)
    return [last] if key == "referrals" else [last * 1.0 / func.nullif(before, 0), last]
