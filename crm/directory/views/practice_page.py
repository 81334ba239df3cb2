"""The page of one practice: who is there, when, where, what it sends, and everything that happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue

from crm.accounts import queries as accounts
from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.viewer import Viewer
from crm.audit.queries import events_of
from crm.core import clock, geo
from crm.core.db import db
from crm.core.web import allow, page
from crm.directory import briefing, hours, queries, timeline
from crm.directory.blueprint import bp
from crm.directory.models import Practice, PracticeStatus
from crm.directory.queries import People
from crm.directory.views import timeline_entries as entries
from crm.directory.views.pills import Pill, pills_of
from crm.directory.views.practice_sources import cadences
from crm.meetings import queries as meetings
from crm.referrals import queries as referrals
from crm.referrals.market.share_queries import newest_care
from crm.tasks import queries as tasks
from crm.tasks.models import Task
from crm.visits import queries as visits
from crm.visits.cadence import cadence_days, due_on
from crm.visits.models import Visit, VisitState

MOST = 200
NEAR = 0.05  # miles: closer than this there is nothing to say


@dataclass(frozen=True)
class Known:
    """What the other rooms know of a practice, as far as this viewer may see it."""

    visits: Sequence[Visit]
    tasks: Sequence[Task]
    counts: referrals.RecentCounts | None
    by_provider: Mapping[int, int] | None  # referrals of the last 90 days
    objective: str

    @property
    def last_on(self) -> date | None:
        """The day of the last visit that took place."""
        return max((visit.visit_on for visit in self.visits if visit.state is VisitState.DONE), default=None)


@bp.get("/practices/<int:practice_id>")
@allow(Permission.DIRECTORY_VIEW)
def practice(practice_id: int) -> ResponseReturnValue:
    """Everything about one practice."""
    viewer, session = current_viewer(), db.session()
    found = queries.get_practice(session, viewer, practice_id)
    people = queries.list_people(session, found)
    known = _known(viewer, found)
    names = accounts.user_names(session)
    kind = timeline.read_kind(request.args.get("show"))
    return page(
        "directory/practice.html",
        practice=found,
        people=people,
        pills=_pills(people),
        known=known,
        due_on=_due_on(found, known),
        distance=_distance(found),
        brief=_brief(found, people, known),
        hours=_hours(found),
        map_data=_map(found),
        timeline=timeline.arrange(
            _entries(viewer, found, known, names), kind=kind, is_whole=request.args.get("whole") == "1"
        ),
        timeline_kind=kind,
        timeline_kinds=timeline.KINDS,
        weekday=clock.today().weekday(),
        market=newest_care(session, viewer, found.id) if viewer.may(Permission.REFERRALS_VIEW) else None,
        may_edit=viewer.may(Permission.DIRECTORY_EDIT),
    )


def _known(viewer: Viewer, found: Practice) -> Known:
    session = db.session()
    sees_visits = viewer.may(Permission.VISITS_VIEW)
    counts, by_provider = None, None
    if viewer.may(Permission.REFERRALS_VIEW):
        counts = referrals.recent_counts(session, viewer, [found.id], clock.today()).get(found.id)
        by_provider = referrals.recent_by_provider(session, viewer, found.id, clock.today())
    return Known(
        visits=visits.list_for_practice(session, viewer, found.id, limit=MOST) if sees_visits else [],
        tasks=_tasks(viewer, found.id),
        counts=counts,
        by_provider=by_provider,
        objective=visits.open_objective(session, viewer, found.id) if sees_visits else "",
    )


def _tasks(viewer: Viewer, practice_id: int) -> list[Task]:
    if not viewer.may(Permission.TASKS_VIEW):
        return []
    still_open = tasks.list_for_practice(db.session(), viewer, practice_id)
    return [*still_open, *tasks.list_for_practice(db.session(), viewer, practice_id, is_open=False)]


def _due_on(found: Practice, known: Known) -> date | None:
    if found.status is PracticeStatus.DO_NOT_VISIT or found.retired_on is not None:
        return None
    return due_on(known.last_on, cadence_days(found.tier, found.cadence_days, cadences()))


def _distance(found: Practice) -> str:
    organization = getattr(g, "organization", None)
    if found.point is None or organization is None or organization.latitude is None or organization.longitude is None:
        return ""
    miles = geo.miles(found.point, geo.Point(organization.latitude, organization.longitude))
    return f"{miles:.1f} mi from {organization.name}" if miles > NEAR else ""


def _brief(found: Practice, people: People, known: Known) -> list[briefing.Item]:
    """Only for those who visit: for anybody else there is no door to walk through."""
    if found.retired_on is not None or not current_viewer().may(Permission.VISITS_EDIT):
        return []
    weekday = clock.today().weekday()
    still_open = {
        task.title: briefing.OpenTask(task.title, task.due_on, entries.due_words(task.due_on))
        for task in reversed(known.tasks)
        if task.done_at is None
    }
    away = [row.provider.name for row in people.providers if row.weekdays and not row.is_present(weekday)]
    return briefing.brief(
        tasks=list(reversed(still_open.values())),
        last90=known.counts.last90 if known.counts else None,
        before90=known.counts.before90 if known.counts else None,
        lunch=hours.lunch_of(found.hours, weekday),
        objective=known.objective,
        away=away if weekday < hours.WORKING_DAYS else [],
    )


def _entries(viewer: Viewer, found: Practice, known: Known, names: dict[int, str]) -> list[timeline.Entry]:
    session = db.session()
    rows = [*entries.visit_entries(known.visits, names), *entries.task_entries(known.tasks, names)]
    if viewer.may(Permission.MEETINGS_VIEW):
        rows += entries.meeting_entries(meetings.list_for_practice(session, viewer, found.id, limit=MOST), names)
    if entries.may_see_changes(viewer):
        rows += entries.change_entries(events_of(session, Practice.__tablename__, found.id, limit=MOST))
    return rows


def _hours(found: Practice) -> dict[str, Any]:
    here = clock.local(clock.now())
    first, last = hours.scale(found.hours)
    return {
        "rows": hours.drawing(found.hours),
        "first": first,
        "last": last,
        "now": hours.hour_of(here.time()),
        "state": hours.state_words(found.hours, here.weekday(), here.time()),
    }


def _map(found: Practice) -> dict[str, Any] | None:
    if found.point is None:
        return None
    stop = {"n": str(found.tier or ""), "label": found.name, "lat": found.point.lat, "lon": found.point.lon}
    stops, legs = [{**stop, "kind": "next"}], []
    organization = getattr(g, "organization", None)
    if organization is not None and organization.latitude is not None and organization.longitude is not None:
        home = {"n": "", "label": organization.name, "kind": "home"}
        stops.append({**home, "lat": organization.latitude, "lon": organization.longitude})
        way = [[found.point.lat, found.point.lon], [organization.latitude, organization.longitude]]
        legs.append({"points": way, "kind": "dashed"})
    return {"stops": stops, "legs": legs}


def _pills(people: People) -> dict[tuple[str, int], list[Pill]]:
    return pills_of([row.provider for row in people.providers] + list(people.contacts))
