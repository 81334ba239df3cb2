"""What stands in a day, out of stored rows: which visit belongs to which stop, and whose time is promised."""

from collections.abc import Sequence
from datetime import time

from crm.core import clock
from crm.directory.models import Practice
from crm.meetings.models import Meeting
from crm.route_planning.arrangement import Hours, Item
from crm.route_planning.models import RouteStop
from crm.route_planning.schedule import DAY_SECONDS, MINUTE, seconds_of
from crm.visits.models import Visit, VisitState

LEAST_MEETING = 5
PLAN_KEY = "plan-stop-"  # how the client key of a visit begins that a plan made


def items_of(
    stops: Sequence[RouteStop], visits: Sequence[Visit], meetings: Sequence[Meeting], visit_minutes: int
) -> list[Item]:
    """Chosen stops, then visits that are planned for the day but not among them, then meetings at a practice."""
    chosen = {stop.practice_id for stop in stops}
    by_stop = {stop.id: visit_of(stop, visits) for stop in stops}
    elsewhere = [v for v in visits if v.state is VisitState.PLANNED and v.practice_id not in chosen]
    found = [_stop(stop, by_stop[stop.id], visit_minutes) for stop in stops]
    found += [_visit(visit, visit_minutes) for visit in elsewhere]
    return found + [_meeting(meeting) for meeting in meetings if meeting.practice is not None]


def visit_of(stop: RouteStop, visits: Sequence[Visit]) -> Visit | None:
    """The visit that a stop stands for: its own, else one of the day at the same practice."""
    own = next((visit for visit in visits if visit.id == stop.visit_id), None)
    return own or next((visit for visit in visits if visit.practice_id == stop.practice_id), None)


def has_own_time(visit: Visit, *, is_linked: bool = False) -> bool:
    """Whether somebody gave a visit its time; the plan moves those to which it gave the time itself."""
    is_ours = is_linked or (visit.client_key or "").startswith(PLAN_KEY)
    return visit.starts_at is not None and (visit.is_promised or not is_ours)


def blocks_of(meetings: Sequence[Meeting]) -> list[tuple[int, int]]:
    """When the day is taken by meetings that have no place on the map."""
    return [_span(meeting) for meeting in meetings if meeting.practice is None or meeting.practice.point is None]


def hours_of(practice: Practice) -> Hours:
    """The office hours of a practice by weekday."""
    found: dict[int, list[tuple[time, time]]] = {}
    for row in practice.hours:
        found.setdefault(row.weekday, []).append((row.opens, row.closes))
    return found


def _stop(stop: RouteStop, visit: Visit | None, visit_minutes: int) -> Item:
    practice, is_linked = stop.practice, visit is not None and visit.id == stop.visit_id
    return Item(
        "stop", stop.id, practice.name, practice.point, (visit and visit.minutes) or visit_minutes, practice.id,
        _fixed(visit, is_linked=is_linked), hours_of(practice), stop.position, stop.typed_position,
    )  # fmt: skip


def _visit(visit: Visit, visit_minutes: int) -> Item:
    practice = visit.practice
    return Item(
        "visit", visit.id, practice.name, practice.point, visit.minutes or visit_minutes, practice.id,
        _fixed(visit), hours_of(practice),
    )  # fmt: skip


def _meeting(meeting: Meeting) -> Item:
    start, end = _span(meeting)
    point = meeting.practice.point if meeting.practice else None
    minutes = max(LEAST_MEETING, (end - start) // MINUTE)
    return Item("meeting", meeting.id, meeting.title, point, minutes, meeting.practice_id, start)


def _fixed(visit: Visit | None, *, is_linked: bool = False) -> int | None:
    is_held = visit is not None and has_own_time(visit, is_linked=is_linked)
    return seconds_of(visit.starts_at) if visit and visit.starts_at and is_held else None


def _span(meeting: Meeting) -> tuple[int, int]:
    start, end = clock.local(meeting.starts_at), clock.local(meeting.ends_at)
    begins = seconds_of(start.time())
    return begins, min(DAY_SECONDS, begins + round((end - start).total_seconds()))
