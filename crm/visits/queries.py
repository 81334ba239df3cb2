"""Reads of the room visits: single visits, lists, the calendar, counts per month, and who is due."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    Subquery,
    and_,
    case,
    extract,
    func,
    literal,
    nulls_last,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased, contains_eager, lazyload, selectinload

from crm.accounts.models import User
from crm.accounts.queries import get_organization
from crm.accounts.viewer import Viewer
from crm.core import formats
from crm.core.days_between import DaysBetween
from crm.core.errors import NotFound
from crm.core.paging import Page, paginate
from crm.directory.models import Practice, PracticeStatus, Tier
from crm.directory.queries import MAX_ID, practices_in_scope, scope_practices
from crm.visits.cadence import Cadences, cadence_days, cadences_of, due_on, overdue_days
from crm.visits.models import Outcome, Visit, VisitMode, VisitPerson, VisitState, VisitTopic

MISSING = "This visit does not exist, or its practice is in a territory that you do not look after."
LOGGED = (VisitState.DONE, VisitState.NO_ACCESS)
SORTS: dict[str, Sequence[SQLColumnExpression[Any]]] = {
    "day": (Visit.visit_on, Visit.starts_at),
    "practice": (func.lower(Practice.name),),
    "owner": (func.lower(User.name),),
    "mode": (Visit.mode,),
    "state": (Visit.state,),
}


@dataclass(frozen=True)
class VisitFilter:
    """What a list of visits is narrowed to; empty means everything that the viewer may see."""

    first_on: date | None = None
    last_on: date | None = None
    owner_id: int | None = None
    modes: Collection[VisitMode] = field(default=())
    states: Collection[VisitState] = field(default=())
    practice_id: int | None = None
    territory_id: int | None = None
    words: str = ""


class VisitMonth(NamedTuple):
    """Done visits of one practice in one month (`formats.month_of`), by mode."""

    practice_id: int
    month: int
    mode: VisitMode
    visits: int


class DuePractice(NamedTuple):
    """A practice whose next visit is due. Without `due_on` it was never visited."""

    practice: Practice
    last_on: date | None
    due_on: date | None
    days_overdue: int
    planned_on: date | None


def last_visit_subquery() -> Subquery:
    """`practice_id`, `last_on`: the day of each practice's last done visit, for joining to other selects."""
    return _day_of_each("last_visit", "last_on", func.max(Visit.visit_on), Visit.state == VisitState.DONE)


def _day_of_each(name: str, column: str, day: ColumnElement[date], *conditions: ColumnElement[bool]) -> Subquery:
    """One row per practice. A look into the index for each beats grouping all visits: there are 50 times as many."""
    at = aliased(Practice)
    found = select(day).where(Visit.practice_id == at.id, *conditions).correlate(at).scalar_subquery()
    return select(at.id.label("practice_id"), found.label(column)).subquery(name)


def last_visits(session: Session, practice_ids: Collection[int]) -> dict[int, date]:
    """The day of the last done visit of those practices that had one."""
    if not practice_ids:
        return {}
    last = last_visit_subquery()
    rows = session.execute(select(last.c.practice_id, last.c.last_on).where(last.c.practice_id.in_(practice_ids)))
    return {row.practice_id: row.last_on for row in rows if row.last_on is not None}


def _in_scope(viewer: Viewer) -> Select[Visit]:
    # Each visit with its practice and owner in one statement; the owner's roles are not wanted.
    query = select(Visit).join(Visit.practice).join(Visit.owner)
    return scope_practices(query, viewer).options(
        contains_eager(Visit.practice),
        contains_eager(Visit.owner).options(lazyload(User.roles), lazyload(User.territories)),
    )


def _with_people(query: Select[Visit]) -> Select[Visit]:
    people = selectinload(Visit.people)
    return query.options(
        people.joinedload(VisitPerson.provider), people.joinedload(VisitPerson.contact), selectinload(Visit.topics)
    )


def get_visit(session: Session, viewer: Viewer, visit_id: int) -> Visit:
    """A visit with its practice, people and topics; NotFound when it lies out of scope."""
    query = _with_people(_in_scope(viewer)).where(Visit.id == visit_id)
    visit = session.scalars(query).first() if visit_id <= MAX_ID else None
    if visit is None:
        raise NotFound(MISSING)
    return visit


def find_by_client_key(session: Session, viewer: Viewer, client_key: str | None) -> Visit | None:
    """The visit that a form saved already, when it is sent a second time."""
    if not client_key:
        return None
    return session.scalars(_in_scope(viewer).where(Visit.client_key == client_key)).first()


def list_for_practice(session: Session, viewer: Viewer, practice_id: int, limit: int = 20) -> Sequence[Visit]:
    """A practice's visits with people and topics, the latest first."""
    query = _with_people(_in_scope(viewer)).where(Visit.practice_id == practice_id)
    return session.scalars(query.order_by(Visit.visit_on.desc(), Visit.id.desc()).limit(limit)).all()


def list_visits(
    session: Session, viewer: Viewer, filters: VisitFilter, sort: str = "-day", number: int | None = 1
) -> Page[Visit]:
    """One page of the visits that match, with practice, owner and people."""
    sort = sort if sort.removeprefix("-") in SORTS else "-day"
    columns = SORTS[sort.removeprefix("-")]
    order = [_ordered(column, is_falling=sort.startswith("-")) for column in columns]
    query = _with_people(_in_scope(viewer)).where(*_conditions(filters))
    count = _counted(viewer, filters)
    return paginate(session, query.order_by(*order, Visit.id.desc()), number, count=count)


def _ordered(column: SQLColumnExpression[Any], *, is_falling: bool) -> ColumnElement[Any]:
    # Only where there are empty values: with NULLS LAST on the day PostgreSQL would sort all visits for one page.
    ordered = column.desc() if is_falling else column.asc()
    return nulls_last(ordered) if column is Visit.starts_at else ordered


def _counted(viewer: Viewer, filters: VisitFilter) -> Select[int]:
    """How many visits match: their practices are looked at only when they decide."""
    query = select(func.count()).select_from(Visit).where(*_conditions(filters))
    if viewer.territory_ids is None and filters.territory_id is None:
        return query
    return scope_practices(query.join(Visit.practice), viewer)


def list_about(session: Session, viewer: Viewer, words: str, limit: int) -> Sequence[Visit]:
    """The latest visits to practices of that name, or with these words in their objective."""
    query = _in_scope(viewer).where(_mentions(words))
    return session.scalars(query.order_by(Visit.visit_on.desc(), Visit.id.desc()).limit(limit)).all()


def list_between(
    session: Session, viewer: Viewer, first_on: date, last_on: date, owner_id: int | None = None
) -> Sequence[Visit]:
    """The visits of some days, cancelled ones left out, in the order of the clock."""
    filters = VisitFilter(first_on, last_on, owner_id)
    query = _in_scope(viewer).where(*_conditions(filters), Visit.state != VisitState.CANCELLED)
    return session.scalars(query.order_by(Visit.visit_on, nulls_last(Visit.starts_at.asc()), Visit.id)).all()


def _conditions(filters: VisitFilter) -> list[ColumnElement[bool]]:
    tests: list[tuple[Any, Callable[[Any], ColumnElement[bool]]]] = [
        (filters.first_on, lambda day: Visit.visit_on >= day),
        (filters.last_on, lambda day: Visit.visit_on <= day),
        (filters.owner_id, lambda owner: Visit.owner_id == owner),
        (filters.modes, Visit.mode.in_),
        (filters.states, Visit.state.in_),
        (filters.practice_id, lambda practice: Visit.practice_id == practice),
        (filters.territory_id, lambda territory: Practice.territory_id == territory),
        (filters.words, _mentions),
    ]
    return [test(value) for value, test in tests if value]


def _mentions(words: str) -> ColumnElement[bool]:
    # The names of the practices are looked through once, not again for each of their visits.
    named = select(Practice.id).where(Practice.name.icontains(words, autoescape=True))
    return or_(Visit.practice_id.in_(named), Visit.objective.icontains(words, autoescape=True))


def visits_by_month(
    session: Session, viewer: Viewer, practice_ids: Collection[int] | None, first_month: int, last_month: int
) -> list[VisitMonth]:
    """Done visits per practice, month and mode; `practice_ids` None means every practice in scope."""
    month = (extract("year", Visit.visit_on) * 12 + extract("month", Visit.visit_on) - 1).label("month")
    query = (
        select(Visit.practice_id, month, Visit.mode, func.count().label("visits"))
        .join(Visit.practice)
        .where(
            Visit.state == VisitState.DONE,
            Visit.visit_on >= formats.month_start(first_month),
            Visit.visit_on < formats.month_start(last_month + 1),
        )
        .group_by(Visit.practice_id, month, Visit.mode)
        .order_by(Visit.practice_id, month, Visit.mode)
    )
    if practice_ids is not None:
        query = query.where(Visit.practice_id.in_(practice_ids))
    rows = session.execute(scope_practices(cast("Select[Any]", query), viewer))
    return [VisitMonth(row.practice_id, int(row.month), row.mode, row.visits) for row in rows]


def open_objective(session: Session, viewer: Viewer, practice_id: int) -> str:
    """What the last logged visit set out to do, when that was not reached; else nothing."""
    query = _in_scope(viewer).where(
        Visit.practice_id == practice_id, Visit.state.in_([VisitState.DONE, VisitState.NO_ACCESS])
    )
    last = session.scalars(query.order_by(Visit.visit_on.desc(), Visit.id.desc()).limit(1)).first()
    return last.objective if last is not None and last.outcome is not Outcome.MET else ""


def find_planned(session: Session, viewer: Viewer, practice_id: int, day: date) -> Visit | None:
    """The viewer's planned visit that somebody who stands at the practice on `day` most likely means."""
    query = _with_people(_in_scope(viewer)).where(
        Visit.owner_id == viewer.id,
        Visit.practice_id == practice_id,
        Visit.state == VisitState.PLANNED,
        Visit.visit_on <= day,
    )
    return session.scalars(query.order_by(Visit.visit_on.desc(), Visit.id).limit(1)).first()


def next_planned(session: Session, viewer: Viewer, today: date) -> Visit | None:
    """The viewer's next planned visit from today on."""
    query = _in_scope(viewer).where(
        Visit.owner_id == viewer.id, Visit.state == VisitState.PLANNED, Visit.visit_on >= today
    )
    return session.scalars(query.order_by(Visit.visit_on, nulls_last(Visit.starts_at.asc()), Visit.id).limit(1)).first()


def cadence_column(cadences: Cadences) -> ColumnElement[int | None]:
    """Each practice's cadence in days, as `cadence.cadence_days` has it, in SQL."""
    days = ((Tier.A, cadences.a), (Tier.B, cadences.b), (Tier.C, cadences.c))
    by_tier = case(*((Practice.tier == tier, number) for tier, number in days))
    return func.coalesce(Practice.cadence_days, by_tier)


def late_column(today: date, last: Subquery, cadences: Cadences) -> ColumnElement[int]:
    """Days past the due day (negative before it), over Practice joined to `last_visit_subquery()`."""
    return DaysBetween(literal(today.isoformat()), last.c.last_on) - cadence_column(cadences)


def list_topics(session: Session, viewer: Viewer, since: date, limit: int = 8) -> list[str]:
    """What was spoken about most since a day."""
    query = (
        select(VisitTopic.topic)
        .join(Visit, Visit.id == VisitTopic.visit_id)
        .join(Visit.practice)
        .where(Visit.visit_on >= since)
        .group_by(VisitTopic.topic)
        .order_by(func.count().desc(), VisitTopic.topic)
        .limit(limit)
    )
    return list(session.scalars(scope_practices(query, viewer)))


def recent_practices(session: Session, viewer: Viewer, limit: int = 5) -> list[Practice]:
    """The practices that the viewer visited last."""
    last = func.max(Visit.visit_on)
    query = practices_in_scope(viewer).join(Visit, Visit.practice_id == Practice.id)
    query = query.where(Visit.owner_id == viewer.id, Visit.state.in_(LOGGED)).group_by(Practice.id)
    return list(session.scalars(query.order_by(last.desc(), Practice.name).limit(limit)))


def due_practices(
    session: Session, viewer: Viewer, today: date, limit: int = 20, *, include_planned: bool = False
) -> list[DuePractice]:
    """Practices whose visit is due by their cadence, most overdue first, then those never visited, by tier.

    Those with a visit planned from today on are left out unless asked for.
    """
    cadences = cadences_of(get_organization(session))
    last, planned = last_visit_subquery(), _planned_subquery(today)
    cadence = cadence_column(cadences)
    late = late_column(today, last, cadences)
    query = (
        practices_in_scope(viewer)
        .outerjoin(last, last.c.practice_id == Practice.id)
        .outerjoin(planned, planned.c.practice_id == Practice.id)
        .add_columns(last.c.last_on, planned.c.planned_on)
        .where(
            Practice.status != PracticeStatus.DO_NOT_VISIT,
            cadence.is_not(None),
            or_(last.c.last_on.is_(None), late >= 0),
        )
    )
    if not include_planned:
        query = query.where(planned.c.planned_on.is_(None))
    query = query.order_by(None).order_by(
        nulls_last(late.desc()), nulls_last(Practice.tier.asc()), Practice.name, Practice.id
    )
    return [_due(*row, today=today, cadences=cadences) for row in session.execute(query.limit(limit))]


def _due(
    practice: Practice, last_on: date | None, planned_on: date | None, *, today: date, cadences: Cadences
) -> DuePractice:
    due = due_on(last_on, cadence_days(practice.tier, practice.cadence_days, cadences))
    return DuePractice(practice, last_on, due, overdue_days(due, today), planned_on)


def _planned_subquery(today: date) -> Subquery:
    is_ahead = and_(Visit.state == VisitState.PLANNED, Visit.visit_on >= today)
    return _day_of_each("next_planned", "planned_on", func.min(Visit.visit_on), is_ahead)
