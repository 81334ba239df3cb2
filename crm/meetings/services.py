"""Writes of the room meetings: plan, change, invite, hold and cancel."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from crm.accounts.queries import list_users
from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.db import check_version
from crm.core.errors import Conflict, Invalid
from crm.core.patient_words import check_texts
from crm.directory.models import Practice
from crm.directory.queries import list_people
from crm.meetings.models import Attendance, Attendee, Meeting, MeetingState

LONGEST = timedelta(days=14)
KINDS = ("user", "provider", "contact")


class Guest(NamedTuple):
    """Somebody to invite: `kind` is `user`, `provider` or `contact`."""

    kind: str
    id: int

    @property
    def text(self) -> str:
        """`contact-7`, as forms send it."""
        return f"{self.kind}-{self.id}"

    @classmethod
    def read(cls, text: str) -> "Guest":
        """Read what a form sent; Invalid when it is no such thing."""
        kind, _, number = text.partition("-")
        if kind not in KINDS or not number.isdecimal() or len(number) > 9:  # noqa: PLR2004 fits the column
            raise Invalid(guest="Choose somebody of the list.")
        return cls(kind, int(number))


@dataclass(frozen=True)
class MeetingEntry:
    """What somebody typed about a meeting; the times are on the organization's clock."""

    title: str
    starts_on: date
    starts_at: time
    ends_at: time
    ends_on: date | None = None
    place: str = ""
    agenda: str = ""
    names_no_patient: bool = False


def plan_meeting(
    session: Session, viewer: Viewer, entry: MeetingEntry, *, practice: Practice | None, guests: Sequence[Guest] = ()
) -> Meeting:
    """Plan a meeting and invite colleagues, and people of its practice."""
    meeting = Meeting(owner_id=viewer.id, state=MeetingState.PLANNED, practice=practice)
    _fill(meeting, entry)
    _check_guests(session, practice, guests)
    meeting.attendees = [_attendee(guest) for guest in dict.fromkeys(guests)]
    session.add(meeting)
    session.flush()
    return meeting


def change_meeting(
    session: Session, meeting: Meeting, entry: MeetingEntry, *, practice: Practice | None, version: int | None
) -> None:
    """Change what a meeting is about, when and where."""
    check_version(meeting, version)
    _fill(meeting, entry)
    meeting.practice = practice
    session.flush()


def invite(session: Session, meeting: Meeting, guest: Guest) -> None:
    """Add somebody to a meeting; the doors have checked that the viewer sees them. Twice is once."""
    _must_not_be_cancelled(meeting)
    if guest not in {guest_of(attendee) for attendee in meeting.attendees}:
        meeting.attendees.append(_attendee(guest))
    session.flush()


def uninvite(session: Session, meeting: Meeting, attendee_id: int) -> Guest | None:
    """Take somebody off a meeting; gives back whom, for undoing."""
    found = next((attendee for attendee in meeting.attendees if attendee.id == attendee_id), None)
    if found is None:
        return None
    guest = guest_of(found)
    meeting.attendees.remove(found)
    session.flush()
    return guest


def record_meeting(
    session: Session, meeting: Meeting, *, minutes: str, attendance: Mapping[int, Attendance], version: int | None,
    names_no_patient: bool = False,
) -> None:  # fmt: skip
    """Note who came and what was said; the meeting counts as held once it has begun."""
    check_version(meeting, version)
    _must_not_be_cancelled(meeting)
    if meeting.starts_at > clock.now():
        raise Conflict("This meeting is still to come.")
    check_texts(is_confirmed=names_no_patient, known_names=names_at(meeting), minutes=minutes)
    meeting.minutes, meeting.state = minutes, MeetingState.HELD
    for attendee in meeting.attendees:
        attendee.attendance = attendance.get(attendee.id, attendee.attendance)
    session.flush()


def answer_for(session: Session, meeting: Meeting, attendee_id: int, attendance: Attendance) -> None:
    """Note whether somebody comes."""
    for attendee in meeting.attendees:
        if attendee.id == attendee_id:
            attendee.attendance = attendance
    session.flush()


def cancel_meeting(session: Session, meeting: Meeting) -> None:
    """Cancel a planned meeting; it stays in the list as cancelled."""
    if meeting.state is not MeetingState.PLANNED:
        raise Conflict(f"This meeting is {meeting.state.label.lower()} by now.")
    meeting.state = MeetingState.CANCELLED
    session.flush()


def reopen_meeting(session: Session, meeting: Meeting) -> None:
    """Take a cancellation back."""
    if meeting.state is not MeetingState.CANCELLED:
        raise Conflict(f"This meeting is {meeting.state.label.lower()} by now.")
    meeting.state = MeetingState.PLANNED
    session.flush()


def guest_of(attendee: Attendee) -> Guest:
    """Whom a row of a meeting stands for."""
    if attendee.user_id is not None:
        return Guest("user", attendee.user_id)
    if attendee.provider_id is not None:
        return Guest("provider", attendee.provider_id)
    return Guest("contact", attendee.contact_id or 0)


def names_at(meeting: Meeting) -> list[str]:
    """The names that may stand in a meeting's texts: those of the people who are invited, and of the place."""
    people = (attendee.user or attendee.provider or attendee.contact for attendee in meeting.attendees)
    place = [meeting.practice.name] if meeting.practice else []
    return [person.name for person in people if person is not None] + place


def moment(day: date, at: time, field: str) -> datetime:
    """The moment of a wall-clock time; Invalid for a time that the clocks skip that day."""
    found = clock.at(day, at.hour, at.minute)
    if clock.local(found).time() != at.replace(second=0, microsecond=0):
        raise Invalid(**{field: "Clocks go forward that day: this time does not exist. Choose another."})
    return found


def _fill(meeting: Meeting, entry: MeetingEntry) -> None:
    if not entry.title.strip():
        raise Invalid(title="Give the meeting a title.")
    check_texts(
        is_confirmed=entry.names_no_patient, known_names=names_at(meeting), title=entry.title, agenda=entry.agenda,
        place=entry.place,
    )  # fmt: skip
    meeting.starts_at, meeting.ends_at = span(entry)
    meeting.title, meeting.place, meeting.agenda = entry.title, entry.place, entry.agenda


def span(entry: MeetingEntry) -> tuple[datetime, datetime]:
    """When a meeting begins and ends; Invalid when that cannot be."""
    ends_on = entry.ends_on or entry.starts_on
    if not clock.is_in_our_time(entry.starts_on):
        raise Invalid(starts_on="Choose a day of this century.")
    if not entry.starts_on <= ends_on <= entry.starts_on + LONGEST:
        raise Invalid(ends_on=f"The last day lies between the first and {LONGEST.days} days later.")
    start, end = moment(entry.starts_on, entry.starts_at, "starts_at"), moment(ends_on, entry.ends_at, "ends_at")
    if end <= start:
        raise Invalid(ends_at="The meeting ends before it begins.")
    return start, end


def _check_guests(session: Session, practice: Practice | None, guests: Iterable[Guest]) -> None:
    allowed = {Guest("user", user.id) for user in list_users(session)}
    if practice is not None:
        people = list_people(session, practice)
        allowed |= {Guest("provider", row.provider_id) for row in people.providers}
        allowed |= {Guest("contact", row.id) for row in people.contacts}
    if not set(guests) <= allowed:
        raise Invalid(people="Choose people who are at this practice, and colleagues.")


def _attendee(guest: Guest) -> Attendee:
    return Attendee(**{f"{guest.kind}_id": guest.id})


def _must_not_be_cancelled(meeting: Meeting) -> None:
    if meeting.state is MeetingState.CANCELLED:
        raise Conflict("This meeting is cancelled.")
