"""Forms of the room visits: log, plan, change and move a visit."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from crm.core.forms import Form, ManyField, SegmentField
from crm.core.patient_check import NotePart
from crm.directory.queries import People
from crm.visits.models import Outcome, Visit, VisitMode
from crm.visits.people import Choice, choices_of
from crm.visits.services import LONGEST_MINUTES, PersonKey, VisitEntry, key_of

MODE_CHOICES = [(mode.value, "Lunch" if mode is VisitMode.LUNCH else mode.label) for mode in VisitMode]
NO_ACCESS = "no_access"
OUTCOME_CHOICES = [*((outcome.value, outcome.label) for outcome in Outcome), (NO_ACCESS, "No access")]
CLIENT_KEY = re.compile(r"[0-9a-f-]{36}")
OTHER = "other"  # a chip that only opens the field beside it
CHIPS_SHOWN = 8
BAD_LENGTH = f"Between 1 and {LONGEST_MINUTES} minutes."
MAX_TOPIC = 60
VERSION_DIGITS = 9


class VisitPart(NotePart):
    """What planning and logging have in common."""

    visit_on = DateField("Date", validators=[InputRequired("Choose a day.")])
    starts_at = TimeField("Time", validators=[Optional()])
    minutes = IntegerField(
        "Length", validators=[Optional(), NumberRange(1, LONGEST_MINUTES, "Between 1 and 720 minutes.")]
    )
    mode = SegmentField("How", choices=MODE_CHOICES)
    people = ManyField("People met")
    more_people = ManyField("Others at this practice")
    objective = StringField("Objective", validators=[Length(max=200)])
    client_key = HiddenField(validators=[Length(max=36)])
    version = HiddenField(validators=[Length(max=10)])
    subject: Visit | None = None
    takes_newcomers = False

    def offer_people(self, people: People, met: Iterable[PersonKey] = (), extra: Sequence[Choice] = ()) -> None:
        """Offer whoever is at the practice, the first few as chips; `extra` are those of the visit who left since."""
        choices = choices_of(people, set(met), extra)
        self.people.choices = [(choice.value, choice.label) for choice in choices[:CHIPS_SHOWN]]
        self.more_people.choices = [(choice.value, choice.label) for choice in choices[CHIPS_SHOWN:]]
        if self.more_people.choices or self.takes_newcomers:
            self.people.choices.append((OTHER, "Someone else"))
            hidden = {choice.value for choice in choices[CHIPS_SHOWN:]} & set(self.more_people.data or [])
            self.people.data = [*(self.people.data or []), *([OTHER] if hidden else [])]

    @property
    def key(self) -> str | None:
        """The client key, if it is one."""
        key = self.client_key.data or ""
        return key if CLIENT_KEY.fullmatch(key) else None

    @property
    def seen_version(self) -> int | None:
        """The version that the form was filled in from."""
        text = self.version.data or ""
        return int(text) if text.isdecimal() and len(text) <= VERSION_DIGITS else None

    def on_conflict(self) -> None:
        """Carry the newer version, so that saving once more overwrites knowingly."""
        if self.subject is not None:
            self.version.data = str(self.subject.version)

    def values(self, entry: VisitEntry | None = None) -> VisitEntry:
        """What was typed, on top of what the visit says already."""
        chosen = [*(self.people.data or []), *(self.more_people.data or [])]
        visit_on = self.visit_on.data or date.min
        return replace(
            entry or VisitEntry(visit_on),
            visit_on=visit_on,
            starts_at=self.starts_at.data,
            minutes=self.minutes.data,
            mode=VisitMode(self.mode.data),
            people=tuple(PersonKey.read(value) for value in chosen if value != OTHER),
            objective=self.objective.data or "",
            names_no_patient=bool(self.names_no_patient.data),
        )


class PlanForm(VisitPart):
    """A visit to come."""

    people = ManyField("To meet")
    is_promised = BooleanField("We promised this time")

    def values(self, entry: VisitEntry | None = None) -> VisitEntry:
        """What was typed."""
        return replace(super().values(entry), is_promised=bool(self.is_promised.data))


class LogForm(VisitPart):
    """A visit that took place."""

    outcome = SegmentField("Outcome", choices=OUTCOME_CHOICES, validators=[Optional()])
    topics = ManyField("Topics")
    other_topic = StringField("Other topic", validators=[Length(max=MAX_TOPIC)])
    materials = StringField("Materials left", validators=[Length(max=200)])
    note = TextAreaField("Note", validators=[Length(max=4000)])

    def offer_topics(self, usual: Sequence[str]) -> None:
        """Offer the usual topics, and whichever the visit has already."""
        own = [row.topic for row in self.subject.topics] if self.subject else []
        self.topics.choices = [*((topic, topic) for topic in dict.fromkeys([*own, *usual])), (OTHER, "Other")]

    def values(self, entry: VisitEntry | None = None) -> VisitEntry:
        """What was typed."""
        topics = [topic for topic in self.topics.data or [] if topic != OTHER]
        if self.other_topic.data:
            topics.append(self.other_topic.data)
        is_no_access = self.outcome.data == NO_ACCESS
        return replace(
            super().values(entry),
            outcome=Outcome(self.outcome.data) if self.outcome.data and not is_no_access else None,
            is_no_access=is_no_access,
            topics=tuple(topics),
            materials=self.materials.data or "",
            note=self.note.data or "",
        )


class MoveForm(Form):
    """Another day for a planned visit."""

    visit_on = DateField("Date", validators=[InputRequired("Choose a day.")])
    starts_at = TimeField("Time", validators=[Optional()])


def shown(visit: Visit) -> dict[str, Any]:
    """What a form shows of a visit."""
    people = [key_of(person).text for person in visit.people]
    outcome = NO_ACCESS if visit.state.value == NO_ACCESS else (visit.outcome.value if visit.outcome else None)
    return {
        "visit_on": visit.visit_on,
        "starts_at": visit.starts_at,
        "minutes": visit.minutes,
        "mode": visit.mode.value,
        "people": people,
        "more_people": people,
        "objective": visit.objective,
        "outcome": outcome,
        "topics": [row.topic for row in visit.topics],
        "materials": visit.materials,
        "note": visit.note,
        "is_promised": visit.is_promised,
        "version": visit.version,
    }
