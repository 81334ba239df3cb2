"""Forms of the room referrals: typing in, the file to import, service lines and sites."""

from typing import Any

from flask_wtf.file import FileField
from wtforms import DateField, DecimalField, IntegerField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from crm.core.errors import Invalid
from crm.core.forms import ChoiceField, Form, SegmentField, optional_int
from crm.referrals.importing.profiles import SavedOptions
from crm.referrals.list_filters import month_text, read_month
from crm.referrals.models import PayerClass, Referral, ReferralStatus, RevenueKind, ServiceLine
from crm.referrals.services import Entry, LineValue

MAX_DOLLARS = 1_000_000_000
DATE_ORDERS = [("", "Month first, 03/04 is March 4"), ("day", "Day first, 03/04 is April 3")]


def optional_id(value: object) -> int | None:
    """The number that a search field sends, or None."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004 fits the database


def month_of_text(_form: Form, field: Any) -> None:
    """A month as a month field sends it, when one was given."""
    if field.data and read_month(field.data) is None:
        raise ValidationError("Write the month as 2026-03.")


class UploadForm(Form):
    """The file of referrals."""

    file = FileField("File")
    month = StringField("Month of the counts", [Optional(), Length(max=7), month_of_text])

    def validate_file(self, field: FileField) -> None:
        """A file must have been chosen."""
        if not field.data or not getattr(field.data, "filename", ""):
            raise ValidationError("Choose a file.")


class ProfileForm(Form):
    """How the files of one sending system are read, but for its columns, of which each profile has its own."""

    name = StringField("Name", [DataRequired("Give it a name."), Length(max=60)])
    service_line = StringField("Service line, where none is named", [Optional(), Length(max=60)])
    site = StringField("Site, where none is named", [Optional(), Length(max=60)])
    day_first = ChoiceField("Dates are written", choices=DATE_ORDERS, default="")

    def options(self) -> SavedOptions:
        """What a profile says in place of the file."""
        return SavedOptions(self.typed("service_line"), self.typed("site"), day_first=bool(self.day_first.data))


class ProfileNameForm(Form):
    """The name under which the reading of a waiting file is kept."""

    name = StringField("Name of the profile", [DataRequired("Give it a name."), Length(max=60)])


class EntryForm(Form):
    """One referral, or the count of a month."""

    kind = SegmentField(
        "What do you add?", choices=[("event", "One referral"), ("month", "A month’s count")], default="event"
    )
    practice_id = StringField("Practice", [InputRequired("Choose a practice."), Length(max=9)])
    received_on = DateField("Received on", [Optional()])
    month = StringField("Month", [Optional(), Length(max=7), month_of_text])
    count = IntegerField(
        "Number of referrals", [Optional(), NumberRange(0, 1_000_000, "A whole number from 0 to 1,000,000.")]
    )
    provider_id = StringField("Provider", [Optional(), Length(max=9)])
    service_line_id = ChoiceField("Service line", coerce=optional_int)
    site_id = ChoiceField("Site", coerce=optional_int)
    payer = ChoiceField(
        "Payer class", choices=[(p.value, p.label) for p in PayerClass], default=PayerClass.UNKNOWN.value
    )
    status = ChoiceField(
        "Status", choices=[(s.value, s.label) for s in ReferralStatus], default=ReferralStatus.RECEIVED.value
    )
    appointment_on = DateField("Appointment on", [Optional()])
    seen_on = DateField("Seen on", [Optional()])
    revenue = DecimalField("Revenue", [Optional(), NumberRange(-MAX_DOLLARS, MAX_DOLLARS, "Too large an amount.")])
    revenue_kind = ChoiceField(
        "The amount is", default="", choices=[("", "Not said"), *((k.value, k.label) for k in RevenueKind)]
    )

    def validate_practice_id(self, field: StringField) -> None:
        """The id of a practice; whether it exists is for the service."""
        if optional_id(field.data) is None:
            raise ValidationError("Choose a practice of the list.")

    def validate_provider_id(self, field: StringField) -> None:
        """The id of a provider, or nothing."""
        if field.data and optional_id(field.data) is None:
            raise ValidationError("Choose a provider of the list.")

    def entry(self) -> Entry:
        """What was typed in, as the service takes it. Raises Invalid when its day or its number is missing."""
        is_event = self.kind.data == "event"
        if is_event and self.received_on.data is None:
            raise Invalid(received_on="Say on which day it was received.")
        if not is_event and self.count.data is None:
            raise Invalid(count="Say how many referrals.")
        return Entry(
            practice_id=optional_id(self.practice_id.data) or 0,
            received_on=self.received_on.data if is_event else None,
            month=None if is_event else read_month(self.month.data or ""),
            count=1 if is_event else self.count.data or 0,
            provider_id=optional_id(self.provider_id.data),
            service_line_id=self.service_line_id.data,
            site_id=self.site_id.data,
            payer=PayerClass(self.payer.data),
            status=ReferralStatus(self.status.data),
            appointment_on=self.appointment_on.data if is_event else None,
            seen_on=self.seen_on.data if is_event else None,
            revenue_cents=None if self.revenue.data is None else round(self.revenue.data * 100),
            revenue_kind=RevenueKind(self.revenue_kind.data) if self.revenue_kind.data else None,
        )

    @staticmethod
    def values_of(row: Referral) -> dict[str, Any]:
        """What the form shows of a row that was typed in."""
        return {
            "kind": "event" if row.received_on else "month",
            "practice_id": row.practice_id,
            "received_on": row.received_on,
            "month": month_text(row.month),
            "count": row.count,
            "provider_id": row.provider_id,
            "service_line_id": row.service_line_id,
            "site_id": row.site_id,
            "payer": row.payer.value,
            "status": row.status.value,
            "appointment_on": row.appointment_on,
            "seen_on": row.seen_on,
            "revenue": None if row.revenue_cents is None else row.revenue_cents / 100,
            "revenue_kind": row.revenue_kind.value if row.revenue_kind else "",
        }


class ServiceLineForm(Form):
    """A service line's name, its colour in charts, and what a referral of it is worth on average."""

    name = StringField("Name", [InputRequired("Give it a name."), Length(max=60)])
    position = ChoiceField("Color in charts", coerce=int, choices=[(n, f"Color {n}") for n in range(1, 9)])
    value = DecimalField("Average value of a referral", [Optional(), NumberRange(0, MAX_DOLLARS, "From $0 on.")])
    value_kind = ChoiceField(
        "The value is", default="", choices=[("", "Not said"), *((k.value, k.label) for k in RevenueKind)]
    )

    def line_value(self) -> LineValue:
        """The value as the service takes it; either part may be missing."""
        cents = None if self.value.data is None else round(self.value.data * 100)
        return LineValue(cents, RevenueKind(self.value_kind.data) if self.value_kind.data else None)

    @staticmethod
    def values_of(line: ServiceLine, *, sees_revenue: bool) -> dict[str, Any]:
        """What the form shows of a service line."""
        shown: dict[str, Any] = {"name": line.name, "position": line.position}
        if sees_revenue and line.value_cents is not None and line.value_kind is not None:
            shown |= {"value": line.value_cents / 100, "value_kind": line.value_kind.value}
        return shown


class SiteForm(Form):
    """A site's name."""

    name = StringField("Name", [InputRequired("Give it a name."), Length(max=60)])
