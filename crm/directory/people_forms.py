"""Forms of people: provider, where and when a provider works, contact, and what may be sent to an address."""

from typing import Any

from wtforms import BooleanField, DateField, HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from crm.core.forms import ChoiceField, Form, ManyField, PhoneField, optional_int
from crm.core.patient_check import NotePart
from crm.directory.forms import REQUIRED, VersionPart
from crm.directory.hours import WEEKDAYS
from crm.directory.models import Affiliation, Channel, Consent, ContactRole

RELATIONSHIPS = ("Not known", "Met once", "Getting to know us", "Good", "Strong")
DAY_CHOICES = [(str(number), name) for number, name in enumerate(WEEKDAYS)]
MONDAY_TO_FRIDAY = [str(number) for number in range(5)]


def weekday_bits(days: list[str] | None) -> int:
    """["0", "2"] -> 5: Monday and Wednesday."""
    return sum(1 << int(day) for day in days or [])


class PersonPart(NotePart, VersionPart):
    """What providers and contacts have in common."""

    first_name = StringField("First name", validators=[Length(max=60)])
    last_name = StringField("Last name", validators=[DataRequired(REQUIRED), Length(max=60)])
    email = StringField("Email", validators=[Length(max=200)])
    phone = PhoneField("Phone", validators=[Length(max=40)])
    mobile = PhoneField("Mobile", validators=[Length(max=40)])
    fax = PhoneField("Fax", validators=[Length(max=40)])
    note = TextAreaField("Note", validators=[Length(max=2000)])


class ProviderForm(PersonPart):
    """A clinician."""

    middle_name = StringField("Middle name", validators=[Length(max=60)])
    suffix = StringField("Suffix", validators=[Length(max=20)])
    credentials = StringField("Credentials", validators=[Length(max=60)])
    npi = StringField("NPI", validators=[Length(max=20)])
    specialty = StringField("Specialty", validators=[Length(max=200)])
    taxonomy = StringField("Taxonomy code", validators=[Length(max=10)])


class NewProviderForm(ProviderForm):
    """A clinician and the practice where they work."""

    practice_id = ChoiceField("Practice", coerce=optional_int, validate_choice=False)
    weekdays = ManyField("Days present", choices=DAY_CHOICES, default=MONDAY_TO_FRIDAY)


class AffiliationForm(VersionPart):
    """When a provider is at a practice."""

    weekdays = ManyField("Days present", choices=DAY_CHOICES, default=MONDAY_TO_FRIDAY)
    is_primary = BooleanField("This is where the provider mainly works")
    starts_on = DateField("First day", validators=[Optional()])
    ends_on = DateField("Last day", validators=[Optional()])


class NewAffiliationForm(Form):
    """Which provider also works at a practice."""

    provider_id = ChoiceField("Provider", coerce=optional_int, validate_choice=False)
    weekdays = ManyField("Days present", choices=DAY_CHOICES, default=MONDAY_TO_FRIDAY)
    is_primary = BooleanField("This is where the provider mainly works")
    starts_on = DateField("First day", validators=[Optional()])


def affiliation_data(affiliation: Affiliation) -> dict[str, Any]:
    """What the form of an affiliation shows at first."""
    present = [value for value, _ in DAY_CHOICES if affiliation.is_present(int(value))]
    return {
        "weekdays": present, "is_primary": affiliation.is_primary,
        "starts_on": affiliation.starts_on, "ends_on": affiliation.ends_on, "version": str(affiliation.version),
    }  # fmt: skip


class ContactForm(PersonPart):
    """Any other person at a practice."""

    role = ChoiceField("Role", choices=[(role.value, role.label) for role in ContactRole])
    job_title = StringField("Job title", validators=[Length(max=60)])
    relationship_strength = ChoiceField(
        "How well we know them", coerce=int, choices=[(number, word) for number, word in enumerate(RELATIONSHIPS)]
    )
    prefers = StringField("How they like to be reached", validators=[Length(max=200)])

    def values(self, *apart: str) -> dict[str, Any]:
        """What was typed, with the role as the value that rows hold."""
        found = super().values(*apart)
        return found | {"role": ContactRole(found["role"])}


class NewContactForm(ContactForm):
    """A contact and the practice where they work."""

    practice_id = ChoiceField("Practice", coerce=optional_int, validate_choice=False)


class PermissionForm(Form):
    """What somebody said about a channel."""

    channel = ChoiceField("Channel", choices=[(channel.value, channel.label) for channel in Channel])
    address = StringField("Address or number", validators=[DataRequired(REQUIRED), Length(max=200)])
    consent = ChoiceField(
        "Answer", choices=[*((consent.value, consent.label) for consent in Consent), ("unknown", "Not asked")]
    )
    decided_on = DateField("Day", validators=[Optional()])
    source = StringField("How we know", validators=[Length(max=200)])
    next = HiddenField()
