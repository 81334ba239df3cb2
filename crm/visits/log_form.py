"""The form that logs a visit in half a minute: every likely answer is filled in already."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session
from wtforms import DateField, HiddenField, StringField
from wtforms.validators import Length, Optional, ValidationError

from crm.accounts.queries import get_organization
from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.forms import ManyField
from crm.directory.models import Practice
from crm.directory.queries import People, list_people
from crm.visits import queries
from crm.visits.cadence import cadence_days, cadences_of
from crm.visits.follow_ups import Suggestion, suggest
from crm.visits.forms import OTHER, LogForm, shown
from crm.visits.models import Visit, VisitMode
from crm.visits.people import coordinator_name, extra_choices
from crm.visits.services import FollowUp, PersonKey, key_of

USUAL_TOPICS = ("Services", "Scheduling", "Reports", "Referral process", "Insurance")
TOPICS_SHOWN = 8
TOPICS_SINCE = timedelta(days=180)
VISITS_LOOKED_AT = 5


class NewLogForm(LogForm):
    """Logging, with what is to follow."""

    someone_else = StringField("Someone else", validators=[Length(max=120)])
    follow_ups = ManyField("Follow-up")
    other_follow_up = StringField("What else is to be done", validators=[Length(max=200)])
    other_follow_up_on = DateField("By when", validators=[Optional()])
    planned_id = HiddenField(validators=[Length(max=9)])

    suggestions: Sequence[Suggestion] = ()
    takes_newcomers = True

    def validate_other_follow_up(self, field: StringField) -> None:
        """What else is to be done must be said when its tile is chosen."""
        if OTHER in (self.follow_ups.data or []) and not field.data:
            raise ValidationError("Say what else is to be done, or take the tick away.")

    def validate_someone_else(self, field: StringField) -> None:
        """A newcomer is named, or somebody of the longer list is chosen."""
        if OTHER in (self.people.data or []) and not field.data and not self.more_people.data:
            raise ValidationError("Say who else was there, or take the tick away.")

    def offer_follow_ups(self, suggestions: Sequence[Suggestion]) -> None:
        """Offer the usual follow-ups as tiles."""
        self.suggestions = suggestions
        tiles = [(suggestion.key, suggestion.title) for suggestion in suggestions]
        self.follow_ups.choices = [*tiles, (OTHER, "Something else")]

    @property
    def notes(self) -> dict[str, str]:
        """The second line of each tile."""
        return {OTHER: "Choose a date", **{suggestion.key: suggestion.note for suggestion in self.suggestions}}

    @property
    def chosen_follow_ups(self) -> list[FollowUp]:
        """The tiles that were ticked, and what was typed beside them."""
        chosen = set(self.follow_ups.data or [])
        found = [FollowUp(row.title, row.due_on) for row in self.suggestions if row.key in chosen]
        if self.other_follow_up.data:
            found.append(FollowUp(self.other_follow_up.data, self.other_follow_up_on.data))
        return found


def new_client_key() -> str:
    """A key of one opened form; sent twice, it saves once."""
    return str(uuid4())


def offer_choices(
    session: Session, viewer: Viewer, practice: Practice, form: NewLogForm, planned: Visit | None
) -> None:
    """Offer the people, topics and follow-ups of a practice."""
    people: People = list_people(session, practice)
    form.offer_people(people, met_before(session, viewer, practice), extra_choices(planned.people) if planned else ())
    form.offer_topics(topics(session, viewer))
    cadence = cadence_days(practice.tier, practice.cadence_days, cadences_of(get_organization(session)))
    form.offer_follow_ups(suggest(clock.today(), cadence, coordinator_name(people)))


def likely(session: Session, viewer: Viewer, practice: Practice, planned: Visit | None) -> dict[str, Any]:
    """The answers that are filled in: what was planned, what is still open, and now."""
    here = clock.local(clock.now())
    values: dict[str, Any] = {"mode": VisitMode.IN_PERSON.value}
    if planned is not None:
        values = shown(planned) | {"planned_id": planned.id}
    else:
        values["objective"] = queries.open_objective(session, viewer, practice.id)
    return values | {"client_key": new_client_key(), "visit_on": here.date(), "starts_at": here.time()}


def met_before(session: Session, viewer: Viewer, practice: Practice) -> set[PersonKey]:
    """Who was met on the last visits."""
    before = queries.list_for_practice(session, viewer, practice.id, limit=VISITS_LOOKED_AT)
    return {key_of(person) for visit in before for person in visit.people}


def topics(session: Session, viewer: Viewer) -> list[str]:
    """What is spoken about most, filled up with the usual topics."""
    used = queries.list_topics(session, viewer, clock.today() - TOPICS_SINCE, TOPICS_SHOWN)
    return list(dict.fromkeys([*used, *USUAL_TOPICS]))[:TOPICS_SHOWN]
