"""Who can be met at a practice, as choices of a form, and how people are called in short."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from crm.directory.models import Contact, ContactRole, Provider
from crm.directory.queries import People
from crm.visits.models import VisitPerson
from crm.visits.services import PersonKey, key_of

DOCTORS = ("MD", "DO", "DPM", "DC", "DDS", "DMD", "OD", "PHD", "PSYD", "MBBS")


class Choice(NamedTuple):
    """A chip: the value that is sent, and the words on it."""

    value: str
    label: str


def short_name(person: Provider | Contact) -> str:
    """`Dr. Okonjo` for a doctor; the whole name, without credentials, for anybody else."""
    if isinstance(person, Provider):
        first = person.credentials.replace(".", "").upper().split(",")[0].split(" ")[0]
        if first in DOCTORS:
            return f"Dr. {person.last_name}"
    return f"{person.first_name} {person.last_name}".strip()


def name_of(person: VisitPerson) -> str:
    """How a person of a visit is called."""
    somebody = person.provider or person.contact
    return short_name(somebody) if somebody is not None else ""


def choices_of(people: People, met: Collection[PersonKey], extra: Sequence[Choice] = ()) -> list[Choice]:
    """Everybody at the practice; those met before, staff known well and main providers come first."""
    staff = people.contacts
    rows = [(PersonKey("provider", row.provider_id), short_name(row.provider), 1) for row in people.providers]
    rows += [(PersonKey("contact", row.id), short_name(row), 0 if row.relationship_strength else 2) for row in staff]
    rows.sort(key=lambda row: (row[0] not in met, row[2]))
    there = [Choice(key.text, label) for key, label, _ in rows]
    return [*(choice for choice in extra if choice.value not in {row.value for row in there}), *there]


def extra_choices(people: Sequence[VisitPerson]) -> list[Choice]:
    """Whoever is on a visit already, also when they have left the practice since."""
    return [Choice(key_of(person).text, name_of(person)) for person in people]


def coordinator_name(people: People) -> str | None:
    """Whom to call at a practice: the referral coordinator, else the scheduler, else the office manager."""
    order = (ContactRole.REFERRAL_COORDINATOR, ContactRole.SCHEDULER, ContactRole.OFFICE_MANAGER)
    known = [contact for role in order for contact in people.contacts if contact.role is role]
    return short_name(known[0]) if known else None
