"""A meeting as an event of a calendar file, without the addresses of those who opted out of email."""

from sqlalchemy.orm import Session

from crm.core.calendar_files import CalendarEvent
from crm.directory.addresses import email_key
from crm.directory.models import Channel, Consent
from crm.directory.queries import permissions_for
from crm.meetings.models import Meeting, MeetingState


def meeting_event(session: Session, meeting: Meeting, url: str) -> CalendarEvent:
    """The event of a meeting. Calendar programs write to attendees, so opted-out addresses stay out."""
    return CalendarEvent(
        uid=f"meeting-{meeting.id}@rounds",
        title=meeting.title,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        changed_at=meeting.updated_at,
        place=meeting.place or (meeting.practice.address_line if meeting.practice else ""),
        text=meeting.agenda,
        url=url,
        sequence=meeting.version - 1,
        is_cancelled=meeting.state is MeetingState.CANCELLED,
        organizer=(meeting.owner.name, meeting.owner.email),
        attendees=_attendees(session, meeting),
    )


def _attendees(session: Session, meeting: Meeting) -> list[tuple[str, str]]:
    people = [attendee.user or attendee.provider or attendee.contact for attendee in meeting.attendees]
    rows = [(person.name, person.email) for person in people if person is not None and person.email]
    said = permissions_for(session, [(Channel.EMAIL, email_key(email)) for _, email in rows])
    refused = {address for (_, address), row in said.items() if row.consent is Consent.OPTED_OUT}
    return [(name, email) for name, email in rows if email_key(email) not in refused]
