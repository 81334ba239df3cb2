"""Reads of the room route_planning: a day's plan, its stops, and what else stands in the day."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from crm.accounts.models import Organization, User
from crm.accounts.permissions import Permission
from crm.accounts.queries import find_organization, find_user
from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.errors import NotFound
from crm.core.geo import Point
from crm.directory.models import Practice
from crm.directory.queries import MAX_ID, scope_practices
from crm.meetings.models import Meeting
from crm.meetings.queries import list_between as meetings_between
from crm.route_planning.arrangement import Basics, Place
from crm.route_planning.models import RoutePlan, RouteStop
from crm.visits.models import Visit
from crm.visits.queries import list_between as visits_between

USUAL_START = time(8, 30)


@dataclass(frozen=True)
class DayRows:
    """Everything that is stored about a day of one person."""

    plan: RoutePlan | None
    stops: Sequence[RouteStop]
    visits: Sequence[Visit]
    meetings: Sequence[Meeting]


def owner_of(session: Session, viewer: Viewer, person_id: int | None) -> User:
    """Whose plan is looked at: one's own, or anybody's for those who see all territories; otherwise NotFound."""
    if person_id is not None and person_id != viewer.id and not viewer.may(Permission.ALL_TERRITORIES):
        raise NotFound("This plan does not exist, or it is somebody else's.")
    wanted = viewer.id if person_id is None else person_id
    user = find_user(session, wanted) if wanted and 0 < wanted <= MAX_ID else None
    if user is None:
        raise NotFound("This plan does not exist, or it is somebody else's.")
    return user


def find_plan(session: Session, owner_id: int, day: date) -> RoutePlan | None:
    """Somebody's plan of a day, if there is one."""
    return session.scalars(select(RoutePlan).where(RoutePlan.owner_id == owner_id, RoutePlan.plan_on == day)).first()


def get_stop(session: Session, owner_id: int, day: date, stop_id: int) -> RouteStop:
    """A stop of somebody's plan, or NotFound."""
    query = select(RouteStop).join(RouteStop.plan).where(RoutePlan.owner_id == owner_id, RoutePlan.plan_on == day)
    stop = session.scalars(query.where(RouteStop.id == stop_id)).first() if 0 < stop_id <= MAX_ID else None
    if stop is None:
        raise NotFound("This stop is not on the plan.")
    return stop


def list_stops(session: Session, viewer: Viewer, plan: RoutePlan | None) -> Sequence[RouteStop]:
    """The stops of a plan in their order, with practices and hours; those out of the viewer's scope are left out."""
    if plan is None or plan.id is None:
        return []
    query = select(RouteStop).join(RouteStop.practice).where(RouteStop.plan_id == plan.id)
    query = query.options(joinedload(RouteStop.practice).selectinload(Practice.hours))
    return session.scalars(scope_practices(query, viewer).order_by(RouteStop.position, RouteStop.id)).all()


def read_day(session: Session, viewer: Viewer, owner_id: int, day: date) -> DayRows:
    """A person's plan, visits and meetings of a day."""
    plan = find_plan(session, owner_id, day)
    start, end = clock.at(day, 0), clock.at(day + timedelta(days=1), 0)
    visits = visits_between(session, viewer, day, day, owner_id)
    meetings = meetings_between(session, viewer, start, end, owner_id)
    stops = list_stops(session, viewer, plan)
    at_visits, at_meetings = [v.practice for v in visits], [m.practice for m in meetings if m.practice]
    load_hours(session, [*at_visits, *at_meetings])
    return DayRows(plan, stops, visits, meetings)


def load_hours(session: Session, practices: Sequence[Practice]) -> None:
    """Load the office hours of some practices in one statement."""
    ids = {practice.id for practice in practices}
    if ids:
        session.scalars(select(Practice).where(Practice.id.in_(ids)).options(selectinload(Practice.hours))).all()


def find_practices(session: Session, viewer: Viewer, ids: Collection[int]) -> Sequence[Practice]:
    """The practices with these ids that can be planned: in scope and not retired, in the order of the ids."""
    wanted = [id_ for id_ in dict.fromkeys(ids) if 0 < id_ <= MAX_ID]
    query = scope_practices(select(Practice).where(Practice.id.in_(wanted), Practice.retired_on.is_(None)), viewer)
    found = {practice.id: practice for practice in session.scalars(query)}
    return [found[id_] for id_ in wanted if id_ in found]


def usual_places(session: Session, owner: User) -> dict[str, Place]:
    """Where somebody's days may start and end: at home and at the organization, as far as these are known."""
    organization = find_organization(session)
    found = {"home": _home(owner), "organization": _organization(organization)}
    return {key: place for key, place in found.items() if place is not None}


def usual_basics(session: Session, owner: User) -> Basics:
    """What a new day begins with: as on the last planned day, else from home or the organization and back."""
    query = select(RoutePlan).where(RoutePlan.owner_id == owner.id).order_by(RoutePlan.plan_on.desc()).limit(1)
    last = session.scalars(query).first()
    if last is not None:
        return replace(basics_of(last), is_typed=False)
    place = next(iter(usual_places(session, owner).values()), None)
    return Basics(USUAL_START, place, place)


def basics_of(plan: RoutePlan) -> Basics:
    """The frame of a stored day."""
    return Basics(
        plan.starts_at,
        Place(plan.start_name, Point(plan.start_latitude, plan.start_longitude)),
        Place(plan.end_name, Point(plan.end_latitude, plan.end_longitude)),
        plan.visit_minutes,
        plan.is_in_typed_order,
    )


def _home(owner: User) -> Place | None:
    if owner.home_latitude is None or owner.home_longitude is None:
        return None
    return Place("Home", Point(owner.home_latitude, owner.home_longitude))


def _organization(organization: Organization | None) -> Place | None:
    if organization is None or organization.latitude is None or organization.longitude is None:
        return None
    return Place(organization.name, Point(organization.latitude, organization.longitude))
