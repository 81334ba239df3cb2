"""Reads of the room tasks: who sees which, what is open, what is due."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, func, nulls_last, or_, select
from sqlalchemy.orm import Session, contains_eager, lazyload

from crm.accounts.models import User
from crm.accounts.permissions import Permission
from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.errors import NotFound
from crm.directory.models import Practice
from crm.directory.queries import MAX_ID
from crm.tasks.models import Task


def _is_visible(viewer: Viewer) -> ColumnElement[bool]:
    # Tasks on practices come with the practice; tasks on none are private to those who gave and got them, but for
    # whoever sees the whole team's field work. Without a view of visits there are only one's own.
    own = or_(Task.owner_id == viewer.id, Task.created_by_id == viewer.id)
    if not viewer.may(Permission.VISITS_VIEW):
        return own
    if viewer.territory_ids is None:
        return Task.id.is_not(None)
    on_practice = Practice.territory_id.in_(viewer.territory_ids)
    return or_(on_practice, Task.practice_id.is_(None) & own)


def _in_scope(viewer: Viewer) -> Select[Task]:
    query = select(Task).outerjoin(Task.practice).join(Task.owner).where(_is_visible(viewer))
    return query.options(
        contains_eager(Task.practice),
        contains_eager(Task.owner).options(lazyload(User.roles), lazyload(User.territories)),
    )


def _by_due(query: Select[Task]) -> Select[Task]:
    return query.order_by(nulls_last(Task.due_on.asc()), Task.id)


def get_task(session: Session, viewer: Viewer, task_id: int) -> Task:
    """A task with its practice and owner; NotFound when it lies out of scope."""
    task = session.scalars(_in_scope(viewer).where(Task.id == task_id)).first() if task_id <= MAX_ID else None
    if task is None:
        raise NotFound("This task does not exist, or you do not see it.")
    return task


def list_for_practice(session: Session, viewer: Viewer, practice_id: int, *, is_open: bool = True) -> Sequence[Task]:
    """A practice's open tasks, the most urgent first; or all of them."""
    query = _in_scope(viewer).where(Task.practice_id == practice_id)
    if is_open:
        query = query.where(Task.done_at.is_(None))
    return session.scalars(_by_due(query)).all()


def list_for_visit(session: Session, viewer: Viewer, visit_id: int) -> Sequence[Task]:
    """What came out of a visit."""
    return session.scalars(_by_due(_in_scope(viewer).where(Task.visit_id == visit_id))).all()


def list_for_meeting(session: Session, viewer: Viewer, meeting_id: int) -> Sequence[Task]:
    """What came out of a meeting."""
    return session.scalars(_by_due(_in_scope(viewer).where(Task.meeting_id == meeting_id))).all()


def list_open(session: Session, viewer: Viewer, owner_id: int | None = None, limit: int = 500) -> Sequence[Task]:
    """Open tasks that the viewer sees, of one owner or of all, the most urgent first."""
    query = _in_scope(viewer).where(Task.done_at.is_(None))
    if owner_id is not None:
        query = query.where(Task.owner_id == owner_id)
    return session.scalars(_by_due(query).limit(limit)).all()


def list_done(session: Session, viewer: Viewer, owner_id: int | None = None, limit: int = 50) -> Sequence[Task]:
    """The tasks done last, the latest first."""
    query = _in_scope(viewer).where(Task.done_at.is_not(None))
    if owner_id is not None:
        query = query.where(Task.owner_id == owner_id)
    return session.scalars(query.order_by(Task.done_at.desc(), Task.id.desc()).limit(limit)).all()


def count_due(session: Session, viewer: Viewer) -> int:
    """How many of the viewer's own open tasks are due today or overdue."""
    query = select(func.count(Task.id)).where(
        Task.owner_id == viewer.id, Task.done_at.is_(None), Task.due_on <= clock.today()
    )
    return session.scalar(query.outerjoin(Task.practice).where(_is_visible(viewer))) or 0
