"""Reads of the room meetings: single meetings, lists, and those of a stretch of time."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, contains_eager, lazyload, selectinload

from crm.accounts.models import User
from crm.accounts.queries import list_users
from crm.accounts.viewer import Viewer
from crm.core.errors import NotFound
from crm.core.paging import Page, paginate
from crm.directory.models import Practice
from crm.directory.queries import MAX_ID
from crm.directory.search import search
from crm.meetings.models import Attendee, Meeting, MeetingState


def _is_visible(viewer: Viewer) -> ColumnElement[bool]:
    # A meeting at a practice comes with the practice; one elsewhere is seen by its owner and its colleagues.
    if viewer.territory_ids is None:
        return Meeting.id.is_not(None)
    invited = Meeting.attendees.any(Attendee.user_id == viewer.id)
    at_practice = Practice.territory_id.in_(viewer.territory_ids)
    return or_(at_practice, Meeting.practice_id.is_(None) & or_(Meeting.owner_id == viewer.id, invited))


def _in_scope(viewer: Viewer) -> Select[Meeting]:
    query = select(Meeting).outerjoin(Meeting.practice).join(Meeting.owner).where(_is_visible(viewer))
    return query.options(
        contains_eager(Meeting.practice),
        contains_eager(Meeting.owner).options(lazyload(User.roles), lazyload(User.territories)),
    )


def _with_attendees(query: Select[Meeting]) -> Select[Meeting]:
    attendees = selectinload(Meeting.attendees)
    return query.options(
        attendees.joinedload(Attendee.user).options(lazyload(User.roles), lazyload(User.territories)),
        attendees.joinedload(Attendee.provider),
        attendees.joinedload(Attendee.contact),
    )


def get_meeting(session: Session, viewer: Viewer, meeting_id: int) -> Meeting:
    """A meeting with its practice and attendees; NotFound when it lies out of scope."""
    query = _with_attendees(_in_scope(viewer)).where(Meeting.id == meeting_id)
    meeting = session.scalars(query).first() if meeting_id <= MAX_ID else None
    if meeting is None:
        raise NotFound("This meeting does not exist, or you do not see it.")
    return meeting


def list_for_practice(session: Session, viewer: Viewer, practice_id: int, limit: int = 20) -> Sequence[Meeting]:
    """A practice's meetings with attendees, the latest first."""
    query = _with_attendees(_in_scope(viewer)).where(Meeting.practice_id == practice_id)
    return session.scalars(query.order_by(Meeting.starts_at.desc(), Meeting.id.desc()).limit(limit)).all()


def list_between(
    session: Session, viewer: Viewer, start: datetime, end: datetime, owner_id: int | None = None
) -> Sequence[Meeting]:
    """Meetings that touch a stretch of time, cancelled ones left out, in the order of the clock."""
    query = _in_scope(viewer).where(
        Meeting.starts_at < end, Meeting.ends_at > start, Meeting.state != MeetingState.CANCELLED
    )
    if owner_id is not None:
        query = query.where(or_(Meeting.owner_id == owner_id, Meeting.attendees.any(Attendee.user_id == owner_id)))
    return session.scalars(query.order_by(Meeting.starts_at, Meeting.id)).all()


_LATEST_FIRST = (Meeting.starts_at.desc(), Meeting.id.desc())
_TAKES_PLACE = Meeting.state != MeetingState.CANCELLED
_VIEWS: dict[str, Callable[[datetime], tuple[Sequence[ColumnElement[bool]], Sequence[ColumnElement[Any]]]]] = {
    "upcoming": lambda now: ((_TAKES_PLACE, Meeting.ends_at > now), (Meeting.starts_at.asc(), Meeting.id.asc())),
    "past": lambda now: ((_TAKES_PLACE, Meeting.ends_at <= now), _LATEST_FIRST),
    "cancelled": lambda _: ((Meeting.state == MeetingState.CANCELLED,), _LATEST_FIRST),
}


def list_meetings(
    session: Session, viewer: Viewer, now: datetime, view: str = "upcoming", number: int | None = 1
) -> Page[Meeting]:
    """One page of meetings: those to come, those past, or the cancelled ones."""
    tests, order = _VIEWS.get(view, _VIEWS["upcoming"])(now)
    return paginate(session, _with_attendees(_in_scope(viewer)).where(*tests).order_by(*order), number)


class Suggestion(NamedTuple):
    """Somebody who could be invited, as a line of the list under the field."""

    value: str
    label: str
    note: str


def suggest_guests(session: Session, viewer: Viewer, words: str, limit: int) -> list[Suggestion]:
    """Colleagues, and providers and contacts in scope, whose names fit what was typed."""
    users = [user for user in list_users(session) if words.casefold() in user.name.casefold()]
    found = [Suggestion(f"user-{user.id}", user.name, "Colleague") for user in users]
    hits = [hit for hit in search(session, viewer, words, limit * 3) if hit.kind in ("provider", "contact")]
    return [*found, *(Suggestion(f"{hit.kind}-{hit.id}", hit.label, hit.detail) for hit in hits)][:limit]
