"""Writes of the room route_planning: the frame of a day, its stops and their order, and visits out of stops."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, time

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.accounts.queries import get_user
from crm.accounts.viewer import Viewer
from crm.core.db import check_version
from crm.core.errors import Conflict, Invalid
from crm.directory.models import Practice, PracticeStatus
from crm.route_planning import queries
from crm.route_planning.arrangement import Arrangement, Basics, Place
from crm.route_planning.day_items import PLAN_KEY, has_own_time, items_of, visit_of
from crm.route_planning.models import RoutePlan, RouteStop
from crm.route_planning.schedule import time_of
from crm.visits.models import Visit, VisitState
from crm.visits.services import VisitEntry, cancel_visit, plan_visit

MOST_STOPS = 25
MISSING_START = "Say first where the day starts: none of these practices has a place on the map yet."


@dataclass(frozen=True)
class Added:
    """What came of adding practices."""

    added: int
    there_already: int
    not_found: int


def change_basics(session: Session, viewer: Viewer, day: date, basics: Basics, *, version: int | None) -> RoutePlan:
    """Change where and when a day starts and ends, and how long a visit takes; the order is made anew."""
    plan = queries.find_plan(session, _own_id(viewer), day)
    if plan is None:
        plan = _new_plan(session, viewer, day, basics)
    else:
        check_version(plan, version)
        _set_basics(plan, basics)
    session.flush()
    if not plan.is_in_typed_order:
        order_stops(session, viewer, plan)
    return plan


def add_stops(session: Session, viewer: Viewer, day: date, practice_ids: Collection[int]) -> Added:
    """Put practices on a day's plan; those that are on it already stay where they are."""
    wanted = queries.find_practices(session, viewer, practice_ids)
    closed = [practice.name for practice in wanted if practice.status is PracticeStatus.DO_NOT_VISIT]
    if closed:
        raise Invalid(f"{closed[0]} asked not to be visited.")
    plan = _plan_for(session, viewer, day, wanted)
    _adopt_visits(session, viewer, plan)
    there = {stop.practice_id for stop in plan.stops}
    new = [practice for practice in wanted if practice.id not in there]
    if len(plan.stops) + len(new) > MOST_STOPS:
        raise Invalid(f"A day takes at most {MOST_STOPS} stops. Nothing was added.")
    for practice in new:
        _append(session, plan, practice)
    if new and not plan.is_in_typed_order:
        order_stops(session, viewer, plan)
    return Added(len(new), len(wanted) - len(new), len(set(practice_ids)) - len(wanted))


def remove_stop(session: Session, plan: RoutePlan, stop: RouteStop) -> Visit | None:
    """Take a stop off the plan, with the visit that the plan made of it; returns that visit when it was cancelled."""
    visit = session.get(Visit, stop.visit_id) if stop.visit_id else None
    if visit is not None and visit.is_promised:
        raise Invalid("This visit is promised. Cancel the visit itself when the practice knows.")
    plan.stops.remove(stop)
    session.flush()
    _number(plan.stops)
    session.flush()
    if visit is None or visit.state is not VisitState.PLANNED:
        return None
    cancel_visit(session, visit)
    return visit


def move_stop(session: Session, viewer: Viewer, plan: RoutePlan, stop: RouteStop, steps: int) -> None:
    """Move a stop up or down. From now on the order is the person's own."""
    _adopt_visits(session, viewer, plan)
    order = sorted(plan.stops, key=lambda row: (row.position, row.id))
    at = order.index(stop)
    to = min(max(at + steps, 0), len(order) - 1)
    order.insert(to, order.pop(at))
    _number(order, is_typed=True)
    plan.is_in_typed_order = True
    session.flush()


def order_for_me(session: Session, viewer: Viewer, plan: RoutePlan) -> None:
    """Give the order back to Rounds."""
    plan.is_in_typed_order = False
    _adopt_visits(session, viewer, plan)
    order_stops(session, viewer, plan)


def order_stops(session: Session, viewer: Viewer, plan: RoutePlan) -> None:
    """Put the stops into the order that drives least and keeps what was promised; unplaced ones come last."""
    arrangement = arrange(session, viewer, plan)
    order = [arrangement.items[number - 1] for number in arrangement.best_order()]
    places = {item.id: place for place, item in enumerate(order) if item.kind == "stop"}
    _number(sorted(plan.stops, key=lambda stop: (places.get(stop.id, len(order)), stop.typed_position)))
    session.flush()


def arrange(session: Session, viewer: Viewer, plan: RoutePlan) -> Arrangement:
    """A stored day, ready to be ordered and timed."""
    rows = queries.read_day(session, viewer, plan.owner_id, plan.plan_on)
    return Arrangement(queries.basics_of(plan), items_of(rows.stops, rows.visits, rows.meetings, plan.visit_minutes))


def save_as_visits(session: Session, viewer: Viewer, plan: RoutePlan) -> int:
    """Make a planned visit of each stop that is none yet, and give the others their new times; twice does no harm."""
    _adopt_visits(session, viewer, plan)
    times = _times(session, viewer, plan)
    visits = queries.read_day(session, viewer, plan.owner_id, plan.plan_on).visits
    made = 0
    for stop in plan.stops:
        visit = visit_of(stop, visits)
        if visit is None:
            stop.visit_id = _make_visit(session, viewer, plan, stop, times.get(stop.id)).id
            made += 1
        elif visit.id == stop.visit_id and visit.state is VisitState.PLANNED and not visit.is_promised:
            visit.starts_at = times.get(stop.id, visit.starts_at)
    session.flush()
    return made


def _make_visit(session: Session, viewer: Viewer, plan: RoutePlan, stop: RouteStop, at: time | None) -> Visit:
    entry = VisitEntry(plan.plan_on, starts_at=at, minutes=plan.visit_minutes)
    return plan_visit(session, viewer, stop.practice, entry, client_key=f"{PLAN_KEY}{stop.id}")


def _times(session: Session, viewer: Viewer, plan: RoutePlan) -> dict[int, time]:
    arrangement = arrange(session, viewer, plan)
    line = arrangement.timeline(arrangement.stored_order())
    rows = [(arrangement.items[times.stop - 1], times) for times in line.stops]
    return {item.id: time_of(times.begins) for item, times in rows if item.kind == "stop"}


def _own_id(viewer: Viewer) -> int:
    if viewer.id is None:
        raise Invalid("Only people have plans.")
    return viewer.id


def _plan_for(session: Session, viewer: Viewer, day: date, practices: Sequence[Practice]) -> RoutePlan:
    plan = queries.find_plan(session, _own_id(viewer), day)
    if plan is not None:
        return plan
    basics = queries.usual_basics(session, get_user(session, _own_id(viewer)))
    if basics.start is None:
        first = next((practice for practice in practices if practice.point is not None), None)
        if first is None or first.point is None:
            raise Invalid(MISSING_START)
        place = Place(first.name, first.point)
        basics = Basics(basics.starts_at, place, place)
    return _new_plan(session, viewer, day, basics)


def _new_plan(session: Session, viewer: Viewer, day: date, basics: Basics) -> RoutePlan:
    plan = RoutePlan(owner_id=_own_id(viewer), plan_on=day)
    _set_basics(plan, basics)
    session.add(plan)
    _flush(session)
    return plan


def _set_basics(plan: RoutePlan, basics: Basics) -> None:
    start, end = basics.start, basics.end
    if start is None or end is None:
        raise Invalid(start="Choose where the day starts and ends.")
    plan.starts_at, plan.visit_minutes = basics.starts_at, basics.visit_minutes
    plan.start_name, plan.start_latitude, plan.start_longitude = start.name, start.point.lat, start.point.lon
    plan.end_name, plan.end_latitude, plan.end_longitude = end.name, end.point.lat, end.point.lon


def _adopt_visits(session: Session, viewer: Viewer, plan: RoutePlan) -> None:
    """Visits planned for the day without a time of their own become stops, so that they can be ordered."""
    visits = queries.read_day(session, viewer, plan.owner_id, plan.plan_on).visits
    there = {stop.practice_id: stop for stop in plan.stops}
    for visit in visits:
        if visit.state is not VisitState.PLANNED or has_own_time(visit):
            continue
        stop = there.get(visit.practice_id) or _append(session, plan, visit.practice)
        stop.visit_id = stop.visit_id or visit.id
        there[visit.practice_id] = stop
    session.flush()


def _append(session: Session, plan: RoutePlan, practice: Practice) -> RouteStop:
    last = max((stop.position for stop in plan.stops), default=0)
    typed = max((stop.typed_position for stop in plan.stops), default=0)
    stop = RouteStop(practice=practice, position=last + 1, typed_position=typed + 1)
    plan.stops.append(stop)
    _flush(session)
    return stop


def _number(stops: Sequence[RouteStop], *, is_typed: bool = False) -> None:
    for position, stop in enumerate(stops, 1):
        stop.position = position
        if is_typed:
            stop.typed_position = position


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise Conflict("This plan was changed at the same moment. Please try again.") from None
