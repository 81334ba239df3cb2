"""Forms of the room meetings: plan and change a meeting, and record it."""

from typing import Any

from wtforms import DateField, HiddenField, StringField, TextAreaField, TimeField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from crm.accounts.models import User
from crm.core import clock
from crm.core.forms import ChoiceField, Form, ManyField, SegmentField, optional_int
from crm.core.patient_check import NotePart
from crm.directory.queries import People
from crm.meetings.models import Attendance, Meeting
from crm.meetings.services import Guest, MeetingEntry

VERSION_DIGITS = 9


class VersionedPart(NotePart):
    """Forms of one meeting that two people may have open."""

    version = HiddenField(validators=[Length(max=VERSION_DIGITS)])
    subject: Meeting | None = None

    @property
    def seen_version(self) -> int | None:
        """The version that the form was filled in from."""
        text = self.version.data or ""
        return int(text) if text.isdecimal() else None

    def on_conflict(self) -> None:
        """Carry the newer version, so that saving once more overwrites knowingly."""
        if self.subject is not None:
            self.version.data = str(self.subject.version)


class MeetingForm(VersionedPart):
    """A meeting: what, when, where."""

    title = StringField("Title", validators=[DataRequired("Give the meeting a title."), Length(max=200)])
    starts_on = DateField("Date", validators=[InputRequired("Choose a day.")])
    starts_at = TimeField("From", validators=[InputRequired("Choose a time.")])
    ends_at = TimeField("To", validators=[InputRequired("Choose a time.")])
    ends_on = DateField("Last day", validators=[Optional()])
    place = StringField("Place", validators=[Length(max=200)])
    practice_id = ChoiceField("Practice", coerce=optional_int, validate_choice=False)
    agenda = TextAreaField("Agenda", validators=[Length(max=4000)])

    def entry(self) -> MeetingEntry:
        """What was typed; only for a form without faults."""
        values = {name: self[name].data for name in ("starts_on", "starts_at", "ends_at", "ends_on")}
        return MeetingEntry(
            title=self.title.data or "",
            place=self.place.data or "",
            agenda=self.agenda.data or "",
            names_no_patient=bool(self.names_no_patient.data),
            **values,
        )


class NewMeetingForm(MeetingForm):
    """A meeting, with whom to invite."""

    colleagues = ManyField("Colleagues")
    people = ManyField("People of the practice")

    def offer(self, users: list[User], people: People | None) -> None:
        """Offer colleagues, and whoever is at the practice."""
        self.colleagues.choices = [(Guest("user", user.id).text, user.name) for user in users]
        rows = (
            [(Guest("provider", row.provider_id).text, row.provider.name) for row in people.providers] if people else []
        )
        rows += [(Guest("contact", row.id).text, row.name) for row in people.contacts] if people else []
        self.people.choices = rows

    def guests(self) -> list[Guest]:
        """Whom to invite."""
        return [Guest.read(value) for value in [*(self.colleagues.data or []), *(self.people.data or [])]]


class RecordForm(VersionedPart):
    """What was said, and who came; the attendance fields are added by `with_attendees`."""

    minutes = TextAreaField("Minutes", validators=[Length(max=8000)])

    def attendance(self, meeting: Meeting) -> dict[int, Attendance]:
        """Who came, by the id of the attendee's row."""
        return {
            row.id: Attendance(self[f"came_{row.id}"].data) for row in meeting.attendees if self[f"came_{row.id}"].data
        }


class InviteForm(Form):
    """Somebody to invite, found by typing."""

    guest = StringField("Invite", validators=[DataRequired("Choose somebody of the list."), Length(max=20)])


def record_form(meeting: Meeting) -> type[RecordForm]:
    """The form to record one meeting, with a choice for each person who was invited."""
    came = [(Attendance.CAME.value, "Came"), (Attendance.ABSENT.value, "Did not come")]
    fields: dict[str, Any] = {
        f"came_{row.id}": SegmentField(name_of(row), choices=came, validators=[Optional()]) for row in meeting.attendees
    }
    return type("RecordForm", (RecordForm,), fields)


def name_of(attendee: Any) -> str:
    """How somebody who is invited is called."""
    person = attendee.user or attendee.provider or attendee.contact
    return person.name if person is not None else "Somebody"


def shown(meeting: Meeting) -> dict[str, Any]:
    """What a form shows of a meeting, on the organization's clock."""
    start, end = clock.local(meeting.starts_at), clock.local(meeting.ends_at)
    return {
        "title": meeting.title,
        "starts_on": start.date(),
        "starts_at": start.time(),
        "ends_on": end.date() if end.date() != start.date() else None,
        "ends_at": end.time(),
        "place": meeting.place,
        "practice_id": meeting.practice_id,
        "agenda": meeting.agenda,
        "version": meeting.version,
    }
