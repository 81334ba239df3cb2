"""Puts Today together for one person: the day's stops with times, the next one in full, and what else is waiting."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

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
class Engagement:
    """A visit of today, or a meeting at a practice: something to drive to."""

    practice: Practice
    visit: Visit | None = None
    meeting: Meeting | None = None

    @property
    def starts_at(self) -> time | None:
        """When it is to begin, on the organization's clock."""
        if self.meeting is not None:
            return clock.local(self.meeting.starts_at).time()
        return self.visit.starts_at if self.visit else None

    @property
    def held_as(self) -> str:
        """Why its time is kept."""
        if self.meeting is not None:
            return "Meeting"
        return "Promised" if self.visit and self.visit.is_promised else "Planned"

    @property
    def reason(self) -> str:
        """What it is for, in a few words."""
        if self.meeting is not None:
            return f"Meeting · {self.meeting.title}"
        if self.visit is None:
            return ""
        mode = self.visit.mode.label if self.visit.mode is not VisitMode.IN_PERSON else ""
        return " · ".join(part for part in (mode, self.visit.objective) if part)

    def stop(self, plan: RoutePlan | None) -> driving.Stop:
        """The same for the drive; a meeting and a promise keep their time."""
        if self.meeting is not None:
            minutes = round((self.meeting.ends_at - self.meeting.starts_at).total_seconds() / 60)
            fixed = driving.fixed_second(self.starts_at, is_promised=True, is_in_plan=False)
            return driving.Stop(self.practice.point, minutes, fixed)
        visit, on_plan = self.visit, {stop.visit_id for stop in plan.stops} if plan else set()
        usual = plan.visit_minutes if plan else driving.USUAL_MINUTES
        is_promised, is_in_plan = bool(visit and visit.is_promised), bool(visit and visit.id in on_plan)
        fixed = driving.fixed_second(self.starts_at, is_promised=is_promised, is_in_plan=is_in_plan)
        return driving.Stop(self.practice.point, (visit and visit.minutes) or usual, fixed)


@dataclass(frozen=True)
class StopRow:
    """An engagement of today with its number in the day and its times; a logged visit has no leg."""

    number: int
    engagement: Engagement
    leg: driving.Leg | None
    hours: str = ""

    @property
    def practice(self) -> Practice:
        """Where it goes."""
        return self.engagement.practice

    @property
    def visit(self) -> Visit | None:
        """The visit, unless it is a meeting."""
        return self.engagement.visit

    @property
    def reason(self) -> str:
        """What it is for, in a few words."""
        return self.engagement.reason

    @property
    def arrival(self) -> str:
        """`10:05–10:15`, or one time for a promised visit."""
        if self.leg is None:
            return ""
        if self.leg.is_fixed or self.leg.latest <= self.leg.arrives:
            return clock_text(self.leg.begins)
        return f"{clock_text(self.leg.arrives)}–{clock_text(self.leg.latest)}"


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
        return len(self.logged) + sum(row.visit is not None for row in self.open)


def load_today(session: Session, viewer: Viewer, now: datetime) -> Today:
    """Read the day of a person as of now."""
    here = clock.local(now)
    today = here.date()
    rows = visits.list_between(session, viewer, today, today, viewer.id)
    plan = route_planning.find_plan(session, viewer.id or 0, today)
    route_planning.load_hours(session, [visit.practice for visit in rows])
    logged = [visit for visit in rows if visit.state in LOGGED]
    held = _meetings(session, viewer, today)
    ahead = [Engagement(v.practice, visit=v) for v in rows if v.state is VisitState.PLANNED]
    ahead += [Engagement(m.practice, meeting=m) for m in held if m.practice is not None and m.ends_at > now]
    ahead = _in_order(ahead, plan)
    rest = _rest(session, viewer, logged, ahead, plan, seconds_of(here.time()))
    open_rows = [
        StopRow(number, engagement, leg, _hours_words(engagement, today, leg))
        for number, (engagement, leg) in enumerate(zip(ahead, rest.legs, strict=True), len(logged) + 1)
    ]
    logged_rows = [StopRow(number, Engagement(v.practice, visit=v), None) for number, v in enumerate(logged, 1)]
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
        meetings=[(m, clock_text(seconds_of(clock.local(m.starts_at).time()))) for m in held if m.practice is None],
        next_visit=None if open_rows else visits.next_planned(session, viewer, today),
    )


def _meetings(session: Session, viewer: Viewer, today: date) -> Sequence[Meeting]:
    return meetings.list_between(session, viewer, clock.at(today, 0), clock.at(today + timedelta(days=1), 0), viewer.id)


def _in_order(ahead: list[Engagement], plan: RoutePlan | None) -> list[Engagement]:
    """The order of the plan; what is not on it comes where its time puts it, or last."""
    places = {stop.visit_id: stop.position for stop in plan.stops} if plan else {}
    is_placed = [item.visit is not None and item.visit.id in places for item in ahead]
    ordered = [item for item, placed in zip(ahead, is_placed, strict=True) if placed]
    ordered.sort(key=lambda item: places[item.visit.id if item.visit else None])
    for item in (item for item, placed in zip(ahead, is_placed, strict=True) if not placed):
        starts_at = item.starts_at
        later = (
            at for at, other in enumerate(ordered) if starts_at and other.starts_at and other.starts_at > starts_at
        )
        ordered.insert(next(later, len(ordered)), item)
    return ordered


def _rest(
    session: Session, viewer: Viewer, logged: list[Visit], ahead: list[Engagement], plan: RoutePlan | None, now: int
) -> driving.Rest:
    owner = route_planning.owner_of(session, viewer, viewer.id)
    usual = next((place.point for place in route_planning.usual_places(session, owner).values()), None)
    start = Point(plan.start_latitude, plan.start_longitude) if plan else usual
    end = Point(plan.end_latitude, plan.end_longitude) if plan else usual
    here = logged[-1].practice.point if logged else start
    begins = seconds_of(plan.starts_at if plan else driving.USUAL_START)
    return driving.plan_rest([item.stop(plan) for item in ahead], here, end, max(now, begins))


def _hours_words(engagement: Engagement, today: date, leg: driving.Leg) -> str:
    """Until when the office is open after the arrival; empty when its hours are not known, or do not matter."""
    practice = engagement.practice
    if engagement.meeting is not None or not practice.hours:
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
        visit = row.visit
        if visit is not None and visit.starts_at is not None:
            start = driving.hours(seconds_of(visit.starts_at))
            end = min(start + (visit.minutes or driving.USUAL_MINUTES) / 60, 24.0)
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
        objective=stop.visit.objective if stop.visit else "",
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
