"""Forms of practices: the practice itself, its office hours, a view of the list."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any

from wtforms import BooleanField, FloatField, HiddenField, IntegerField, StringField, TextAreaField, TimeField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from crm.accounts.models import User
from crm.core.errors import Conflict
from crm.core.forms import ChoiceField, Form, PhoneField, Problems, optional_int
from crm.core.patient_check import NotePart
from crm.directory.hours import WEEKDAYS, DayHours, day_hours
from crm.directory.models import Practice, PracticeKind, PracticeStatus, Territory, Tier

REQUIRED = "Fill this in."
NOBODY = ("", "Nobody")
ON_THE_EARTH = (NumberRange(-90, 90), NumberRange(-180, 180))


class VersionPart(Form):
    """For forms of rows that two people may edit: `subject` is the row, whose version is sent along."""

    version = HiddenField()
    subject: Any = None

    @property
    def seen_version(self) -> int | None:
        """The version that the form was filled in from."""
        text = str(self.version.data or "")
        return int(text) if text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004 fits the column

    def problems(self) -> Problems:
        """After a conflict the form carries the newer version, so that saving once more overwrites knowingly."""
        return VersionProblems(self)

    def values(self, *apart: str) -> dict[str, Any]:
        """What was typed, without the fields that are no values of the row."""
        left_out = {"csrf_token", "version", *apart}
        return {name: field.data for name, field in self._fields.items() if name not in left_out}


class VersionProblems(Problems):
    """Catches what a service refuses; a conflict also renews the version in the form."""

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Whether the exception was one of ours, and is dealt with."""
        is_dealt_with = super().__exit__(kind, problem, trace)
        if isinstance(problem, Conflict) and isinstance(self.form, VersionPart) and self.form.subject is not None:
            self.form.version.data = str(self.form.subject.version)
        return is_dealt_with


class PracticeForm(NotePart, VersionPart):
    """A place that refers."""

    name = StringField("Name", validators=[DataRequired(REQUIRED), Length(max=200)])
    kind = ChoiceField("Kind", choices=[(kind.value, kind.label) for kind in PracticeKind])
    status = ChoiceField("Status", choices=[(status.value, status.label) for status in PracticeStatus])
    tier = ChoiceField("Tier", default="", choices=[("", "None yet"), *((tier.value, tier.value) for tier in Tier)])
    owner_id = ChoiceField("Owner", coerce=optional_int)
    territory_id = ChoiceField("Territory", coerce=optional_int)
    group_name = StringField("Parent group", validators=[Length(max=200)])
    npi = StringField("Organization NPI", validators=[Length(max=20)])
    address1 = StringField("Street", validators=[Length(max=200)])
    address2 = StringField("Suite or building", validators=[Length(max=200)])
    city = StringField("City", validators=[Length(max=60)])
    state = StringField("State", validators=[Length(max=2)])
    zip = StringField("ZIP", validators=[Length(max=10)])
    latitude = FloatField("Latitude", validators=[Optional(), ON_THE_EARTH[0]])
    longitude = FloatField("Longitude", validators=[Optional(), ON_THE_EARTH[1]])
    phone = PhoneField("Phone", validators=[Length(max=40)])
    fax = PhoneField("Fax", validators=[Length(max=40)])
    email = StringField("Email", validators=[Length(max=200)])
    website = StringField("Website", validators=[Length(max=200)])
    best_time = StringField("Best time to visit", validators=[Length(max=200)])
    cadence_days = IntegerField("Days between visits", validators=[Optional(), NumberRange(1, 730)])
    tags = StringField("Tags", validators=[Length(max=1300)])
    note = TextAreaField("Note", validators=[Length(max=2000)])
    is_separate = BooleanField("This is another practice than the one that is there already")

    def offer(self, owners: Sequence[User], territories: Sequence[Territory], *, by_zip: str) -> None:
        """Fill in the choices."""
        self.owner_id.choices = [NOBODY, *((user.id, user.name) for user in owners)]
        self.territory_id.choices = [("", by_zip), *((territory.id, territory.name) for territory in territories)]

    def values(self, *apart: str) -> dict[str, Any]:
        """What was typed, with the choices as the values that rows hold."""
        found = super().values("is_separate", *apart)
        found |= {
            "kind": PracticeKind(found["kind"]),
            "status": PracticeStatus(found["status"]),
            "tier": Tier(found["tier"]) if found["tier"] else None,
        }
        return found


def practice_data(practice: Practice) -> dict[str, Any]:
    """What the form of a practice shows at first. A point that only stands for the ZIP is not shown as typed."""
    names = (
        "name address1 address2 city state zip phone fax email website best_time note npi owner_id territory_id "
        "cadence_days"
    )
    data = {name: getattr(practice, name) for name in names.split()}
    if not practice.is_placed_by_zip:
        data |= {"latitude": practice.latitude, "longitude": practice.longitude}
    return data | {
        "kind": practice.kind.value, "status": practice.status.value,
        "tier": practice.tier.value if practice.tier else "",
        "group_name": practice.group.name if practice.group else "", "version": str(practice.version),
        "tags": ", ".join(row.tag for row in practice.tags),
    }  # fmt: skip


class HoursForm(VersionPart):
    """Office hours, four times per weekday; the fields are added below."""

    def day(self, weekday: int) -> list[Any]:
        """The four fields of a weekday."""
        return [self[f"{name}_{weekday}"] for name in HOUR_FIELDS]

    def days(self) -> list[DayHours]:
        """What was typed."""
        return [DayHours(weekday, *(field.data for field in self.day(weekday))) for weekday in range(len(WEEKDAYS))]


HOUR_FIELDS = {
    "opens": "Opens", "closes": "Closes", "lunch_from": "Lunch from", "lunch_to": "Lunch to",
}  # fmt: skip
for _weekday, _day in enumerate(WEEKDAYS):
    for _name, _label in HOUR_FIELDS.items():
        setattr(HoursForm, f"{_name}_{_weekday}", TimeField(f"{_day}, {_label.lower()}", validators=[Optional()]))


def hours_data(practice: Practice) -> dict[str, Any]:
    """What the form of office hours shows at first."""
    data: dict[str, Any] = {"version": str(practice.version)}
    for weekday in range(len(WEEKDAYS)):
        day = day_hours(practice.hours, weekday)
        data |= {f"{name}_{weekday}": getattr(day, name) for name in HOUR_FIELDS}
    return data


class ViewForm(Form):
    """A name for the filters of a list."""

    name = StringField("Name of the view", validators=[DataRequired(REQUIRED), Length(max=60)])
    query = HiddenField(validators=[Length(max=2000)])
