"""Puts Today together for one person: the day's stops with times, the next one in full, and what else is waiting."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.geo import Point
from crm.directory import queries as directory
from crm.directory.models import Practice
from crm.home import day as driving
from crm.home import queries
from crm.home.briefing import Facts, Item, briefing
from crm.home.falls import months_words, whole_months
from crm.meetings import queries as meetings
from crm.meetings.models import Meeting
from crm.route_planning import queries as route_planning
from crm.route_planning.models import RoutePlan
from crm.route_planning.schedule import clock_text, seconds_of
from crm.tasks import queries as tasks
from crm.tasks.models import Task
from crm.visits import queries as visits
from crm.visits.models import Visit, VisitMode, VisitState
from crm.visits.queries import DuePractice

LOGGED = (VisitState.DONE, VisitState.NO_ACCESS)
DUE_SHOWN = 5
TASKS_SHOWN = 6


@dataclass(frozen=True)
class StopRow:
    """A visit of today with its number in the day and its times; a logged one has no leg."""

    number: int
    visit: Visit
    leg: driving.Leg | None
    hours: str = ""

    @property
    def practice(self) -> Practice:
        """Where it goes."""
        return self.visit.practice

    @property
    def arrival(self) -> str:
        """`10:05–10:15`, or one time for a promised visit."""
        if self.leg is None:
            return ""
        if self.leg.is_fixed or self.leg.latest <= self.leg.arrives:
            return clock_text(self.leg.begins)
        return f"{clock_text(self.leg.arrives)}–{clock_text(self.leg.latest)}"

    @property
    def reason(self) -> str:
        """What the visit is for, in a few words."""
        mode = self.visit.mode.label if self.visit.mode is not VisitMode.IN_PERSON else ""
        return " · ".join(part for part in (mode, self.visit.objective) if part)


@dataclass(frozen=True)
class Today:
    """Everything that the page shows."""

    day: date
    logged: Sequence[StopRow]
    open: Sequence[StopRow]
    home_at: str
    strip: Sequence[dict[str, object]]
    strip_hours: tuple[int, int]
    now: float
    know: Sequence[Item] = ()
    attention: Sequence[queries.Attention] = ()
    attention_months: str = ""
    due: Sequence[DuePractice] = ()
    overdue: Sequence[Task] = ()
    due_today: Sequence[Task] = ()
    meetings: Sequence[tuple[Meeting, str]] = ()  # with the time at which each begins
    next_visit: Visit | None = None

    @property
    def next(self) -> StopRow | None:
        """The stop to drive to now."""
        return self.open[0] if self.open else None

    @property
    def count(self) -> int:
        """How many visits the day has."""
        return len(self.logged) + len(self.open)


def load_today(session: Session, viewer: Viewer, now: datetime) -> Today:
    """Read the day of a person as of now."""
    here = clock.local(now)
    today = here.date()
    rows = visits.list_between(session, viewer, today, today, viewer.id)
    plan = route_planning.find_plan(session, viewer.id or 0, today)
    route_planning.load_hours(session, [visit.practice for visit in rows])
    logged = [visit for visit in rows if visit.state in LOGGED]
    planned = _in_order([visit for visit in rows if visit.state is VisitState.PLANNED], plan)
    rest = _rest(session, viewer, logged, planned, plan, seconds_of(here.time()))
    open_rows = [
        StopRow(number, visit, leg, _hours_words(visit.practice, today, leg))
        for number, (visit, leg) in enumerate(zip(planned, rest.legs, strict=True), len(logged) + 1)
    ]
    logged_rows = [StopRow(number, visit, None) for number, visit in enumerate(logged, 1)]
    strip = _strip(logged_rows, open_rows)
    spans = [(float(str(item["start"])), float(str(item["end"]))) for item in strip]
    open_tasks = tasks.list_open(session, viewer, viewer.id)
    return Today(
        day=today,
        logged=logged_rows,
        open=open_rows,
        home_at=clock_text(rest.home_at) if rest.home_at is not None else "",
        strip=strip,
        strip_hours=driving.strip_hours(spans),
        now=driving.hours(seconds_of(here.time())),
        know=_briefing(session, viewer, open_rows[0], today) if open_rows else (),
        attention=queries.list_falls(session, viewer, today),
        attention_months=months_words(whole_months(today)),
        due=visits.due_practices(session, viewer, today, DUE_SHOWN),
        overdue=[task for task in open_tasks if task.due_on is not None and task.due_on < today][:TASKS_SHOWN],
        due_today=[task for task in open_tasks if task.due_on == today][:TASKS_SHOWN],
        meetings=_meetings(session, viewer, today),
        next_visit=None if open_rows else visits.next_planned(session, viewer, today),
    )


def _meetings(session: Session, viewer: Viewer, today: date) -> list[tuple[Meeting, str]]:
    rows = meetings.list_between(session, viewer, clock.at(today, 0), clock.at(today + timedelta(days=1), 0), viewer.id)
    return [(meeting, clock_text(seconds_of(clock.local(meeting.starts_at).time()))) for meeting in rows]


def _in_order(planned: list[Visit], plan: RoutePlan | None) -> list[Visit]:
    """The order of the plan; visits that are not on it come where their time puts them, or last."""
    if plan is None:
        return planned
    places = {stop.visit_id: stop.position for stop in plan.stops}
    off_plan = [visit for visit in planned if visit.id not in places]
    ordered = sorted((visit for visit in planned if visit.id in places), key=lambda visit: places[visit.id])
    for visit in off_plan:
        later = (
            at
            for at, other in enumerate(ordered)
            if visit.starts_at and other.starts_at and other.starts_at > visit.starts_at
        )
        ordered.insert(next(later, len(ordered)), visit)
    return ordered


def _rest(
    session: Session, viewer: Viewer, logged: list[Visit], planned: list[Visit], plan: RoutePlan | None, now: int
) -> driving.Rest:
    owner = route_planning.owner_of(session, viewer, viewer.id)
    usual = next((place.point for place in route_planning.usual_places(session, owner).values()), None)
    start = Point(plan.start_latitude, plan.start_longitude) if plan else usual
    end = Point(plan.end_latitude, plan.end_longitude) if plan else usual
    here = logged[-1].practice.point if logged else start
    begins = seconds_of(plan.starts_at if plan else driving.USUAL_START)
    on_plan = {stop.visit_id for stop in plan.stops} if plan else set()
    stops = [
        driving.Stop(
            visit.id,
            visit.practice.point,
            visit.minutes or (plan.visit_minutes if plan else driving.USUAL_MINUTES),
            driving.fixed_second(visit.starts_at, is_promised=visit.is_promised, is_in_plan=visit.id in on_plan),
        )
        for visit in planned
    ]
    return driving.plan_rest(stops, here, end, max(now, begins))


def _hours_words(practice: Practice, today: date, leg: driving.Leg) -> str:
    """Until when the office is open after the arrival; empty when its hours are not known."""
    if not practice.hours:
        return ""
    spans = [
        (seconds_of(row.opens), seconds_of(row.closes)) for row in practice.hours if row.weekday == today.weekday()
    ]
    for opens, closes in sorted(spans):
        if leg.begins < closes:
            return f"until {clock_text(closes)}" if leg.begins >= opens else f"from {clock_text(opens)}"
    return "closed then" if spans else "closed today"


def _strip(logged: Sequence[StopRow], open_rows: Sequence[StopRow]) -> list[dict[str, object]]:
    items: list[dict[str, object]] = []
    for row in logged:
        if row.visit.starts_at is not None:
            start = driving.hours(seconds_of(row.visit.starts_at))
            end = min(start + (row.visit.minutes or driving.USUAL_MINUTES) / 60, 24.0)
            items.append({"start": start, "end": end, "kind": "done", "label": row.practice.name})
    for row in open_rows:
        if row.leg is not None and driving.hours(row.leg.ends) <= 24:  # noqa: PLR2004 what ends after midnight is not drawn
            kind = "next" if row is open_rows[0] else "todo"
            start, end = driving.hours(row.leg.begins), driving.hours(row.leg.ends)
            items.append({"start": start, "end": end, "kind": kind, "label": row.practice.name})
    return items


def _briefing(session: Session, viewer: Viewer, stop: StopRow, today: date) -> list[Item]:
    practice = stop.practice
    people = directory.list_people(session, practice)
    present = [row.provider.name.split(",")[0] for row in people.providers if row.is_present(today.weekday())]
    tip = next((f"{person.name}: {_lower_first(person.prefers)}" for person in people.contacts if person.prefers), "")
    promised = tasks.list_for_practice(session, viewer, practice.id)
    facts = Facts(
        promises=[(task.title, task.due_on) for task in promised],
        counts=queries.count_quarter(session, practice.id, today),
        present=present,
        tip=tip,
        objective=stop.visit.objective,
        last_visit_on=visits.last_visits(session, [practice.id]).get(practice.id),
    )
    return briefing(facts, today)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def summary(page: Today) -> str:
    """`2 of 6 visited · home by 3:05`."""
    if not page.count:
        return "No visits planned"
    parts = [f"{len(page.logged)} of {page.count} visited"]
    if page.home_at:
        parts.append(f"home by {page.home_at}")
    return " · ".join(parts)
