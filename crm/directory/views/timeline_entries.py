"""Turns visits, meetings, tasks and changes of a practice into entries of its timeline."""

from collections.abc import Iterable
from datetime import date, time

from flask import url_for

from crm.accounts.viewer import Viewer
from crm.audit.models import Action, AuditEvent
from crm.core import clock, formats
from crm.directory.timeline import Entry, changed_words, day_words
from crm.meetings.models import Meeting, MeetingState
from crm.tasks.models import Task
from crm.visits.models import Visit, VisitMode, VisitState

ICONS = {VisitMode.LUNCH: "cup-hot", VisitMode.PHONE: "telephone", VisitMode.VIDEO: "camera"}


def visit_entries(visits: Iterable[Visit], names: dict[int, str]) -> list[Entry]:
    """Planned, logged and cancelled visits."""
    return [_visit(visit, names.get(visit.owner_id, "")) for visit in visits]


def meeting_entries(meetings: Iterable[Meeting], names: dict[int, str]) -> list[Entry]:
    """Meetings held at the practice or about it."""
    return [_meeting(meeting, names.get(meeting.owner_id, "")) for meeting in meetings]


def task_entries(tasks: Iterable[Task], names: dict[int, str]) -> list[Entry]:
    """Open tasks ahead, done ones on the day they were done."""
    return [_task(task, names.get(task.owner_id, "")) for task in tasks]


def change_entries(events: Iterable[AuditEvent]) -> list[Entry]:
    """What was changed, and by whom; never the values."""
    return [_change(event) for event in events]


def _visit(visit: Visit, owner: str) -> Entry:
    met = [person.provider or person.contact for person in visit.people]
    names = ", ".join(person.name for person in met if person is not None)
    is_ahead = visit.state is VisitState.PLANNED
    titles = {
        VisitState.PLANNED: f"Visit planned, {visit.mode.label.lower()}",
        VisitState.NO_ACCESS: "Visit, no access",
        VisitState.CANCELLED: "Visit cancelled",
    }
    usual = visit.mode.label if visit.mode in ICONS else f"Visit, {visit.mode.label.lower()}"
    meta = [f"Met {names}" if names and not is_ahead else names, *(row.topic for row in visit.topics), owner]
    return Entry(
        kind="visits",
        on=visit.visit_on,
        at=_hour(visit.starts_at),
        icon="door-closed" if visit.state is VisitState.NO_ACCESS else ICONS.get(visit.mode, "geo-alt"),
        title=titles.get(visit.state, usual),
        rest=f"objective {visit.outcome.label.lower()}" if visit.outcome else "",
        when=_when(visit.visit_on, visit.starts_at),
        text=visit.objective if is_ahead else visit.note or visit.objective,
        meta=" · ".join(part for part in meta if part),
        tone={VisitState.PLANNED: "planned", VisitState.DONE: "accent"}.get(visit.state, "quiet"),
        url=url_for("visits.visit", visit_id=visit.id),
        is_ahead=is_ahead,
    )


def _meeting(meeting: Meeting, owner: str) -> Entry:
    here = clock.local(meeting.starts_at)
    is_ahead = meeting.state is MeetingState.PLANNED and meeting.ends_at >= clock.now()
    rest = "" if meeting.state is MeetingState.PLANNED else meeting.state.label.lower()
    return Entry(
        kind="meetings",
        on=here.date(),
        at=_hour(here.time()),
        icon="people",
        title=f"Meeting: {meeting.title}",
        rest=rest,
        when=_when(here.date(), here.time()),
        meta=" · ".join(part for part in (meeting.place, owner) if part),
        tone="planned" if is_ahead else "info",
        url=url_for("meetings.meeting", meeting_id=meeting.id),
        is_ahead=is_ahead,
    )


def _task(task: Task, owner: str) -> Entry:
    is_open = task.done_at is None
    done_on = clock.local(task.done_at).date() if task.done_at else None
    tone = _due_tone(task.due_on) if is_open else "good"
    return Entry(
        kind="tasks",
        on=task.due_on if is_open else done_on,
        icon="check2-square",
        title=task.title,
        rest="" if is_open else "done",
        when=due_words(task.due_on) if is_open else day_words(done_on),
        text=task.note if is_open else "",
        meta=" · ".join(part for part in ("Task", owner) if part),
        tone=tone,
        when_tone=tone if is_open and tone in ("bad", "due") else "",
        url=url_for("tasks.task_edit", task_id=task.id),
        is_ahead=is_open,
    )


def _change(event: AuditEvent) -> Entry:
    changes = event.detail.get("changes")
    what = changed_words(changes) if isinstance(changes, dict) else ""
    title = {Action.CREATED: "Added", Action.IMPORTED: "Imported", Action.DELETED: "Removed"}.get(
        event.action, "Changed"
    )
    return Entry(
        kind="changes",
        on=clock.local(event.at).date(),
        at=_hour(clock.local(event.at).time()),
        icon="pencil" if title == "Changed" else "plus-lg",
        title=f"{title} {what}".strip() if what else f"{title} in the directory",
        when=formats.moment(event.at),
        meta=event.actor_name or "Rounds",
    )


def due_words(day: date | None) -> str:
    """`3 days overdue`, `Due today`, `Due in 3 days`."""
    if day is None:
        return ""
    days = (day - clock.today()).days
    if days < 0:
        return f"{formats.plural(-days, 'day')} overdue"
    return "Due today" if days == 0 else "Due tomorrow" if days == 1 else f"Due in {days} days"


def _due_tone(day: date | None) -> str:
    if day is None or day > clock.today():
        return "quiet"
    return "due" if day == clock.today() else "bad"


def _when(day: date, at: time | None) -> str:
    return f"{day_words(day)}, {formats.time_of_day(at)}" if at else day_words(day)


def _hour(at: time | None) -> float:
    return at.hour + at.minute / 60 if at else 0


def may_see_changes(viewer: Viewer) -> bool:
    """Who changes practices, or reads the trail anyway, sees what was changed."""
    return viewer.may("directory.edit") or viewer.may("audit.view")
