"""Writes of the room visits: plan, log, change, move, cancel, and take back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Any, NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.db import check_version
from crm.core.errors import Conflict, Invalid
from crm.core.patient_words import check_texts
from crm.directory.models import Practice, PracticeStatus
from crm.directory.people_services import create_contact
from crm.directory.queries import People, list_people
from crm.tasks.services import TaskEntry, add_task, remove_tasks_of_visit
from crm.visits import queries
from crm.visits.models import Outcome, Visit, VisitMode, VisitPerson, VisitState, VisitTopic

LONGEST_MINUTES = 720
AWAY = (VisitMode.PHONE, VisitMode.VIDEO)


class PersonKey(NamedTuple):
    """Who was met: `kind` is `provider` or `contact`."""

    kind: str
    id: int

    @property
    def text(self) -> str:
        """`contact-7`, as forms send it."""
        return f"{self.kind}-{self.id}"

    @classmethod
    def read(cls, text: str) -> "PersonKey":
        """Read what a form sent, after it was checked against the choices."""
        kind, number = text.split("-")
        return cls(kind, int(number))


class FollowUp(NamedTuple):
    """Something to do after a visit."""

    title: str
    due_on: date | None


@dataclass(frozen=True)
class VisitEntry:
    """What somebody typed about a visit, planned or logged."""

    visit_on: date
    mode: VisitMode = VisitMode.IN_PERSON
    starts_at: time | None = None
    minutes: int | None = None
    objective: str = ""
    people: Sequence[PersonKey] = ()
    topics: Sequence[str] = ()
    outcome: Outcome | None = None
    is_no_access: bool = False
    is_promised: bool = False
    materials: str = ""
    note: str = ""
    names_no_patient: bool = False


def plan_visit(
    session: Session, viewer: Viewer, practice: Practice, entry: VisitEntry, *, client_key: str | None = None
) -> Visit:
    """Plan a visit; the same form sent twice plans once."""

    def write() -> Visit:
        _check_plan(practice, entry)
        visit = Visit(practice=practice, owner_id=viewer.id, state=VisitState.PLANNED, client_key=client_key)
        _fill(session, visit, entry)
        session.add(visit)
        return visit

    return _once(session, viewer, client_key, write)


def log_visit(
    session: Session,
    viewer: Viewer,
    practice: Practice,
    entry: VisitEntry,
    *,
    planned: Visit | None = None,
    follow_ups: Sequence[FollowUp] = (),
    newcomer: str = "",
    client_key: str | None = None,
) -> Visit:
    """Log a visit that took place (or was tried), on its planned row if there is one, with its follow-up tasks."""
    if planned is not None:
        # Two sends of one form wait for each other here, on PostgreSQL too.
        session.refresh(planned, with_for_update=True)

    def write() -> Visit:
        if planned is not None:
            _must_be(planned, VisitState.PLANNED)
        _check_logged(entry)
        visit = planned or Visit(practice=practice, owner_id=viewer.id)
        met = [*entry.people, _introduce(session, practice, newcomer)] if newcomer else entry.people
        _fill(session, visit, replace(entry, people=met), follow_ups)
        _close(visit, entry)
        visit.client_key = client_key
        session.add(visit)
        session.flush()
        _give_tasks(session, viewer, visit, follow_ups)
        return visit

    return _once(session, viewer, client_key, write)


def change_visit(session: Session, visit: Visit, entry: VisitEntry, *, version: int | None) -> None:
    """Change a visit as it stands; its state stays, but for "no access" of a logged one."""
    check_version(visit, version)
    if visit.state in queries.LOGGED:
        _check_logged(entry)
    else:
        _check_day(entry)
    _fill(session, visit, entry)
    if visit.state in queries.LOGGED:
        _close(visit, entry)
    session.flush()


def move_visit(session: Session, visit: Visit, visit_on: date, starts_at: time | None) -> None:
    """Move a planned visit to another day or time."""
    _must_be(visit, VisitState.PLANNED)
    _check_plan(visit.practice, VisitEntry(visit_on, visit.mode))
    visit.visit_on, visit.starts_at = visit_on, starts_at
    session.flush()


def cancel_visit(session: Session, visit: Visit) -> None:
    """Cancel a planned visit; it stays in the list as cancelled."""
    _must_be(visit, VisitState.PLANNED)
    visit.state = VisitState.CANCELLED
    session.flush()


def record_no_access(session: Session, visit: Visit) -> None:
    """Note that nobody could be met on a planned visit."""
    _must_be(visit, VisitState.PLANNED)
    if visit.visit_on > clock.today():
        raise Conflict("This visit is still to come.")
    visit.state = VisitState.NO_ACCESS
    session.flush()


def reopen_visit(session: Session, visit: Visit) -> None:
    """Put a cancelled or refused visit back on the plan."""
    _must_be(visit, VisitState.CANCELLED, VisitState.NO_ACCESS)
    visit.state, visit.outcome = VisitState.PLANNED, None
    session.flush()


def plan_of(visit: Visit) -> dict[str, Any]:
    """What a planned visit says, in plain values, so that logging it can be undone. The note stays on the visit."""
    return {
        "visit_on": visit.visit_on.isoformat(),
        "starts_at": visit.starts_at.isoformat() if visit.starts_at else None,
        "minutes": visit.minutes,
        "mode": visit.mode.value,
        "objective": visit.objective,
        "people": [list(key_of(person)) for person in visit.people],
    }


def take_back_visit(session: Session, visit: Visit, plan: dict[str, Any] | None) -> None:
    """Undo logging: the follow-up tasks go, and so does the visit, or it is planned again as `plan_of` had it."""
    remove_tasks_of_visit(session, visit.id)
    if plan is None:
        _delete(session, visit)
        return
    visit.state, visit.outcome, visit.client_key, visit.topics = VisitState.PLANNED, None, None, []
    visit.visit_on = date.fromisoformat(plan["visit_on"])
    visit.starts_at = time.fromisoformat(plan["starts_at"]) if plan["starts_at"] else None
    visit.minutes, visit.mode, visit.objective = plan["minutes"], VisitMode(plan["mode"]), plan["objective"]
    _set_people(visit, [PersonKey(kind, number) for kind, number in plan["people"]])
    session.flush()


def entry_of(visit: Visit) -> VisitEntry:
    """A visit as somebody would type it; a form replaces what it shows."""
    return VisitEntry(
        visit_on=visit.visit_on,
        mode=visit.mode,
        starts_at=visit.starts_at,
        minutes=visit.minutes,
        objective=visit.objective,
        people=tuple(key_of(person) for person in visit.people),
        topics=tuple(row.topic for row in visit.topics),
        outcome=visit.outcome,
        is_no_access=visit.state is VisitState.NO_ACCESS,
        is_promised=visit.is_promised,
        materials=visit.materials,
        note=visit.note,
    )


def key_of(person: VisitPerson) -> PersonKey:
    """Whom a row of a visit stands for."""
    if person.provider_id is not None:
        return PersonKey("provider", person.provider_id)
    return PersonKey("contact", person.contact_id or 0)


def _delete(session: Session, visit: Visit) -> None:
    try:
        with session.begin_nested():
            session.delete(visit)
    except IntegrityError:
        raise Conflict("Something else refers to this visit by now. Cancel or change it instead.") from None


def _once(session: Session, viewer: Viewer, client_key: str | None, write: Callable[[], Visit]) -> Visit:
    """Write what a form sent, or give back what it saved before.

    When two sends run at the same moment, the second one finds the key taken, and all that it wrote is undone.
    """
    if (saved := queries.find_by_client_key(session, viewer, client_key)) is not None:
        return saved
    try:
        with session.begin_nested():
            return write()
    except IntegrityError:
        saved = queries.find_by_client_key(session, viewer, client_key)
        if saved is None:
            raise Conflict("This form was saved before. Open a new one.") from None
        return saved


def _give_tasks(session: Session, viewer: Viewer, visit: Visit, follow_ups: Sequence[FollowUp]) -> None:
    for follow_up in follow_ups:
        # The words were checked for patients with the visit's own.
        task = TaskEntry(follow_up.title, visit.owner_id, follow_up.due_on, names_no_patient=True)
        add_task(session, viewer, task, practice=visit.practice, visit_id=visit.id)


def _fill(session: Session, visit: Visit, entry: VisitEntry, follow_ups: Sequence[FollowUp] = ()) -> None:
    there = list_people(session, visit.practice)
    _check_words(visit.practice, there, entry, follow_ups)
    _check_people(visit, there, entry.people)
    visit.visit_on, visit.starts_at, visit.minutes = entry.visit_on, entry.starts_at, entry.minutes
    visit.mode, visit.is_promised = entry.mode, entry.is_promised
    visit.objective, visit.note, visit.materials = entry.objective, entry.note, entry.materials
    _set_people(visit, entry.people)
    kept = {row.topic: row for row in visit.topics}
    visit.topics = [kept.get(topic) or VisitTopic(topic=topic) for topic in dict.fromkeys(entry.topics)]


def _introduce(session: Session, practice: Practice, name: str) -> PersonKey:
    first, _, last = " ".join(name.split()).rpartition(" ")
    try:
        contact = create_contact(session, practice, {"first_name": first, "last_name": last})
    except Invalid as problem:
        raise Invalid(someone_else=problem.says) from None
    return PersonKey("contact", contact.id)


def _close(visit: Visit, entry: VisitEntry) -> None:
    visit.state = VisitState.NO_ACCESS if entry.is_no_access else VisitState.DONE
    visit.outcome = None if entry.is_no_access else entry.outcome


def _set_people(visit: Visit, people: Sequence[PersonKey]) -> None:
    kept = {key_of(person): person for person in visit.people}
    visit.people = [kept.get(key) or VisitPerson(**{f"{key.kind}_id": key.id}) for key in dict.fromkeys(people)]


def _check_people(visit: Visit, there: People, people: Sequence[PersonKey]) -> None:
    allowed = {PersonKey("provider", row.provider_id) for row in there.providers}
    allowed |= {PersonKey("contact", row.id) for row in there.contacts} | {key_of(person) for person in visit.people}
    if not set(people) <= allowed:
        raise Invalid(people="Choose people who are at this practice.")


def _check_words(practice: Practice, there: People, entry: VisitEntry, follow_ups: Sequence[FollowUp]) -> None:
    known = [row.provider.name for row in there.providers] + [contact.name for contact in there.contacts]
    check_texts(
        is_confirmed=entry.names_no_patient,
        known_names=[*known, practice.name],
        objective=entry.objective,
        note=entry.note,
        materials=entry.materials,
        other_topic=", ".join(entry.topics),
        other_follow_up=", ".join(follow_up.title for follow_up in follow_ups),
    )


def _check_plan(practice: Practice, entry: VisitEntry) -> None:
    _check_day(entry)
    if entry.visit_on < clock.today():
        raise Invalid(visit_on="This day is over. Choose today or a later one, or log the visit.")
    if practice.retired_on is not None:
        raise Invalid("This practice is retired; visits to it cannot be planned.")
    if practice.status is PracticeStatus.DO_NOT_VISIT and entry.mode not in AWAY:
        raise Invalid(mode="This practice asked not to be visited. Phone or video is possible.")


def _check_logged(entry: VisitEntry) -> None:
    _check_day(entry)
    if entry.visit_on > clock.today():
        raise Invalid(visit_on="This day is still to come. Plan the visit instead.")
    if entry.objective and entry.outcome is None and not entry.is_no_access:
        raise Invalid(outcome="Say how far the objective was met.")


def _check_day(entry: VisitEntry) -> None:
    if not clock.is_in_our_time(entry.visit_on):
        raise Invalid(visit_on="Choose a day of this century.")
    if entry.minutes is not None and not 1 <= entry.minutes <= LONGEST_MINUTES:
        raise Invalid(minutes=f"Between 1 and {LONGEST_MINUTES} minutes.")


def _must_be(visit: Visit, *states: VisitState) -> None:
    if visit.state not in states:
        raise Conflict(f"This visit is {visit.state.label.lower()} by now.")
