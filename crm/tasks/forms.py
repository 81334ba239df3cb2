"""Forms of the room tasks."""

from wtforms import DateField, HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from crm.accounts.models import User
from crm.core.forms import ChoiceField, Form, optional_int
from crm.core.patient_check import NotePart
from crm.tasks.models import Task
from crm.tasks.services import NOTE_LENGTH, TITLE_LENGTH, TaskEntry

VERSION_DIGITS = 9
NO_TITLE = "Say what is to be done."


class TaskForm(NotePart):
    """A task, new or changed."""

    title = StringField(
        "What is to be done", validators=[DataRequired("Say what is to be done."), Length(max=TITLE_LENGTH)]
    )
    due_on = DateField("Due", validators=[Optional()])
    owner_id = ChoiceField("Who", coerce=optional_int, validators=[InputRequired("Choose somebody.")])
    note = TextAreaField("Note", validators=[Length(max=NOTE_LENGTH)])
    version = HiddenField(validators=[Length(max=VERSION_DIGITS)])
    subject: Task | None = None

    def offer_owners(self, users: list[User], now: User | None = None) -> None:
        """Offer the colleagues who work with tasks, and whoever has the task now."""
        choices = {user.id: user.name for user in [*users, *([now] if now else [])]}
        self.owner_id.choices = sorted(choices.items(), key=lambda choice: choice[1])

    @property
    def seen_version(self) -> int | None:
        """The version that the form was filled in from."""
        text = self.version.data or ""
        return int(text) if text.isdecimal() else None

    def on_conflict(self) -> None:
        """Carry the newer version, so that saving once more overwrites knowingly."""
        if self.subject is not None:
            self.version.data = str(self.subject.version)

    def values(self) -> TaskEntry:
        """What was typed."""
        return TaskEntry(
            title=self.title.data or "",
            owner_id=self.owner_id.data or 0,
            due_on=self.due_on.data,
            note=self.note.data or "",
            names_no_patient=bool(self.names_no_patient.data),
        )


class PostponeForm(Form):
    """Another day for a task."""

    due_on = DateField("Due", validators=[InputRequired("Choose a day.")])


class HandOverForm(Form):
    """Another owner for a task."""

    owner_id = ChoiceField("Who", coerce=optional_int, validate_choice=False)
