"""Writes of the room tasks: give, change, finish, put off and hand over."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts.models import User
from crm.accounts.permissions import Permission
from crm.accounts.queries import find_user, viewer_of
from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.db import check_version
from crm.core.errors import Invalid
from crm.core.patient_words import check_texts
from crm.directory.models import Practice
from crm.tasks.models import Task

TITLE_LENGTH = 200
NOTE_LENGTH = 2000


@dataclass(frozen=True)
class TaskEntry:
    """What somebody typed about a task."""

    title: str
    owner_id: int
    due_on: date | None = None
    note: str = ""
    names_no_patient: bool = False


def add_task(
    session: Session,
    viewer: Viewer,
    entry: TaskEntry,
    *,
    practice: Practice | None = None,
    visit_id: int | None = None,
    meeting_id: int | None = None,
) -> Task:
    """Give somebody a task; the doors have checked that the viewer sees what it comes from."""
    owner = _check(session, entry, practice)
    task = Task(created_by_id=viewer.id, practice=practice, visit_id=visit_id, meeting_id=meeting_id)
    _fill(task, entry, owner)
    session.add(task)
    session.flush()
    return task


def change_task(session: Session, task: Task, entry: TaskEntry, *, version: int | None) -> None:
    """Change what a task says, when it is due and who does it."""
    check_version(task, version)
    _fill(task, entry, _check(session, entry, task.practice))
    session.flush()


def finish_task(session: Session, task: Task) -> None:
    """Mark a task done; once is enough."""
    task.done_at = task.done_at or clock.now()
    session.flush()


def reopen_task(session: Session, task: Task) -> None:
    """Take a task back from the done ones."""
    task.done_at = None
    session.flush()


def postpone_task(session: Session, task: Task, due_on: date | None) -> date | None:
    """Put a task off to another day; gives back the day it was due, for undoing."""
    _check_day(due_on)
    before, task.due_on = task.due_on, due_on
    session.flush()
    return before


def hand_over_task(session: Session, task: Task, owner_id: int) -> User:
    """Give a task to a colleague; gives back the new owner."""
    owner = _check_owner(session, owner_id, task.practice)
    task.owner = owner
    session.flush()
    return owner


def remove_tasks_of_visit(session: Session, visit_id: int) -> int:
    """Remove what came out of a visit that is taken back; gives back how many."""
    tasks = session.scalars(select(Task).where(Task.visit_id == visit_id)).all()
    for task in tasks:
        session.delete(task)
    session.flush()
    return len(tasks)


def looks_after(user: User, practice: Practice | None) -> bool:
    """Whether somebody sees what hangs on a practice, and so a task on it."""
    territories = viewer_of(user).territory_ids
    return practice is None or territories is None or practice.territory_id in territories


def _fill(task: Task, entry: TaskEntry, owner: User) -> None:
    task.title, task.note, task.due_on, task.owner = entry.title, entry.note, entry.due_on, owner


def _check(session: Session, entry: TaskEntry, practice: Practice | None) -> User:
    if not entry.title.strip():
        raise Invalid(title="Say what is to be done.")
    if len(entry.title) > TITLE_LENGTH or len(entry.note) > NOTE_LENGTH:
        raise Invalid(title=f"Keep it under {TITLE_LENGTH} characters, and the note under {NOTE_LENGTH:,}.")
    _check_day(entry.due_on)
    check_texts(is_confirmed=entry.names_no_patient, title=entry.title, note=entry.note)
    return _check_owner(session, entry.owner_id, practice)


def _check_day(day: date | None) -> None:
    if day is not None and not clock.is_in_our_time(day):
        raise Invalid(due_on="Choose a day of this century.")


def _check_owner(session: Session, owner_id: int, practice: Practice | None) -> User:
    owner = find_user(session, owner_id)
    if owner is None or not owner.is_active:
        raise Invalid(owner_id="Choose somebody of the list.")
    if not viewer_of(owner).may(Permission.TASKS_EDIT):
        raise Invalid(owner_id=f"{owner.name} does not work with tasks.")
    if not looks_after(owner, practice):
        raise Invalid(owner_id=f"{owner.name} does not look after the territory of this practice.")
    return owner
