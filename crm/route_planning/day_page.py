"""What the page of a day shows: the timeline with practices and visits, totals, the map, and whom else to see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from crm.accounts.models import User
from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.geo import Point
from crm.directory.models import Practice
from crm.meetings.models import Meeting
from crm.route_planning import map_links, queries
from crm.route_planning.arrangement import Arrangement, Basics, Item, Row, Way
from crm.route_planning.day_items import blocks_of, items_of, visit_of
from crm.route_planning.models import RoutePlan, RouteStop
from crm.route_planning.schedule import StopTime, time_of
from crm.visits.models import Visit, VisitState
from crm.visits.queries import DuePractice, due_practices

DUE_SHOWN = 8
HOUR = 3600
TOWN_ABOVE = 0.014  # degrees


@dataclass(frozen=True)
class Line:
    """One stop of the page: its times, and the rows behind it."""

    row: Row
    practice: Practice | None
    visit: Visit | None
    stop: RouteStop | None

    @property
    def is_over(self) -> bool:
        """Whether the visit was made, or tried."""
        return self.visit is not None and self.visit.state in (VisitState.DONE, VisitState.NO_ACCESS)

    @property
    def has_other_time(self) -> bool:
        """Whether the plan moved a visit of its own since it was saved."""
        visit = self.visit
        is_own = visit is not None and self.stop is not None and self.stop.visit_id == visit.id
        if visit is None or not is_own or visit.state is not VisitState.PLANNED or visit.is_promised:
            return False
        return visit.starts_at != time_of(self.row.times.begins)

    @property
    def mark(self) -> str:
        """How the stop is drawn."""
        if self.is_over:
            return "done"
        return "fixed" if self.row.times.is_fixed else "movable"


@dataclass(frozen=True)
class Due:
    """A practice that is due, and how many minutes more driving it costs."""

    due: DuePractice
    extra_minutes: int | None


@dataclass(frozen=True)
class DayPage:
    """Everything on the page of a day."""

    day: date
    owner: User
    plan: RoutePlan | None
    basics: Basics
    arrangement: Arrangement
    lines: Sequence[Line]
    not_placed: Sequence[Line]
    elsewhere: Sequence[Meeting]
    way: Way
    typed_way: Way
    last_drive: int

    @property
    def saves_seconds(self) -> int:
        """How much less driving than in the order typed."""
        return self.typed_way.driving - self.way.driving

    @property
    def movable(self) -> list[int]:
        """The ids of the stops that can be moved, in their order."""
        return [line.stop.id for line in self.lines if line.stop is not None]

    @property
    def unsaved(self) -> int:
        """How many stops are no visits yet."""
        return sum(line.stop is not None and line.visit is None for line in (*self.lines, *self.not_placed))

    @property
    def needs_saving(self) -> bool:
        """Whether stops are no visits yet, or visits that the plan made have other times by now."""
        return self.unsaved > 0 or any(line.has_other_time for line in self.lines)

    @property
    def places(self) -> list[Point]:
        """The way as points, from the start to the end."""
        points = [line.row.item.point for line in self.lines if line.row.item.point is not None]
        return [self.arrangement.start, *points, self.arrangement.end] if points else []


def load_day(session: Session, viewer: Viewer, owner: User, day: date) -> DayPage:
    """Read, arrange and time a person's day."""
    rows = queries.read_day(session, viewer, owner.id, day)
    basics = queries.basics_of(rows.plan) if rows.plan else queries.usual_basics(session, owner)
    items = items_of(rows.stops, rows.visits, rows.meetings, basics.visit_minutes)
    arrangement = Arrangement(basics, items)
    order, typed = arrangement.stored_order(), arrangement.typed_order()
    line = arrangement.timeline(order)
    found = _Rows(rows)
    return DayPage(
        day, owner, rows.plan, basics, arrangement,
        lines=[found.line(row) for row in arrangement.rows(order, day.weekday(), blocks_of(rows.meetings))],
        not_placed=[found.line(_untimed(item)) for item in arrangement.not_placed],
        elsewhere=[meeting for meeting in rows.meetings if meeting.practice is None],
        way=arrangement.way(order), typed_way=arrangement.way(typed), last_drive=line.last_drive,
    )  # fmt: skip


def list_due(session: Session, viewer: Viewer, page: DayPage, limit: int = DUE_SHOWN) -> list[Due]:
    """Practices that are due and not on the plan, each with what it would cost."""
    there = {line.practice.id for line in (*page.lines, *page.not_placed) if line.practice}
    found = due_practices(session, viewer, clock.today(), limit + len(there))
    order = page.arrangement.stored_order()
    return [
        Due(row, _extra(page.arrangement, order, row.practice.point)) for row in found if row.practice.id not in there
    ][:limit]


def map_data(page: DayPage, url_for_practice: Any) -> dict[str, Any]:
    """The stops, legs and towns of the map."""
    stops = [_marker(line, url_for_practice) for line in page.lines]
    ends = _ends(page) if page.lines or page.basics.start else []
    points = [[point.lat, point.lon] for point in page.places]
    legs = [{"points": points[:-1], "kind": "line"}, {"points": points[-2:], "kind": "dashed"}] if points else []
    return {"stops": [*stops, *ends], "legs": legs, "towns": _towns(page)}


def links(page: DayPage) -> list[map_links.MapLink]:
    """The day in other map apps."""
    apple = map_links.apple_day(page.places)
    return [*map_links.google_day(page.places), *([apple] if apple else [])]


def strip(page: DayPage) -> dict[str, Any]:
    """The day drawn to scale."""
    items = [
        {
            "start": line.row.times.begins / HOUR,
            "end": line.row.times.leaves / HOUR,
            "kind": "todo" if line.mark == "movable" else line.mark,
            "label": line.row.item.title,
        }
        for line in page.lines
    ]
    starts = [item["start"] for item in items if isinstance(item["start"], float)]
    first = int(min([page.arrangement.day.starts_at / HOUR, *starts]))
    last = min(24, max(first + 2, -int(-page.way.ends_at // HOUR)))
    return {"items": items, "first": first, "last": last + (last - first) % 2}


class _Rows:
    """Finds the stored rows behind an item."""

    def __init__(self, rows: queries.DayRows) -> None:
        self.stops = {stop.id: stop for stop in rows.stops}
        self.visits = {visit.id: visit for visit in rows.visits}
        self.meetings = {meeting.id: meeting for meeting in rows.meetings}
        self.all_visits = rows.visits

    def line(self, row: Row) -> Line:
        item = row.item
        if item.kind == "stop":
            stop = self.stops[item.id]
            return Line(row, stop.practice, visit_of(stop, self.all_visits), stop)
        if item.kind == "visit":
            visit = self.visits[item.id]
            return Line(row, visit.practice, visit, None)
        return Line(row, self.meetings[item.id].practice, None, None)


def _untimed(item: Item) -> Row:
    return Row(0, item, StopTime(0, 0, 0, 0, 0, 0, is_fixed=item.fixed is not None), 0.0, ())


def _extra(arrangement: Arrangement, order: list[int], point: Point | None) -> int | None:
    if point is None or not arrangement.items:
        return None
    return max(0, round(arrangement.extra_seconds(order, point) / 60))


def _marker(line: Line, url_for_practice: Any) -> dict[str, Any]:
    item, point = line.row.item, line.row.item.point or Point(0, 0)
    return {
        "n": line.row.number, "label": item.title, "note": line.row.when, "lat": point.lat, "lon": point.lon,
        "kind": line.mark, "color": "accent", "url": url_for_practice(item.practice_id) if item.practice_id else None,
    }  # fmt: skip


def _ends(page: DayPage) -> list[dict[str, Any]]:
    start, end = page.basics.start, page.basics.end
    found = [place for place in (start, end if end and start and end.point != start.point else None) if place]
    return [{"label": p.name, "lat": p.point.lat, "lon": p.point.lon, "kind": "home"} for p in found]


def _towns(page: DayPage) -> list[dict[str, Any]]:
    """Each town of a stop once, above its northernmost stop so that the marker does not hide the name."""
    towns: dict[str, Point] = {}
    for line in page.lines:
        practice = line.practice
        if practice is not None and practice.city and practice.point is not None:
            towns[practice.city] = max(towns.get(practice.city, practice.point), practice.point)
    return [{"name": name, "lat": point.lat + TOWN_ABOVE, "lon": point.lon} for name, point in towns.items()]
