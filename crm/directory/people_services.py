"""Writes about people: providers and where they work, and the other contacts at a practice."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core import clock
from crm.core.db import check_version
from crm.core.errors import Invalid
from crm.core.patient_words import check_texts
from crm.directory.models import Affiliation, Contact, Practice, Provider
from crm.directory.people_queries import find_provider_by_npi
from crm.directory.services import flush
from crm.directory.values import read_record

ALL_DAYS = 127
NPI_TAKEN = "Another provider has this NPI already. Add that provider to the practice instead."


def create_provider(
    session: Session, values: Mapping[str, Any], *, practice: Practice | None = None, weekdays: int = 31
) -> Provider:
    """Add a provider, at a practice from now on when one is given."""
    provider = Provider(last_name="")
    _fill_provider(session, provider, values)
    session.add(provider)
    flush(session)
    if practice is not None:
        add_affiliation(session, provider, practice, weekdays=weekdays, is_primary=True)
    return provider


def change_provider(
    session: Session, provider: Provider, values: Mapping[str, Any], *, version: int | None = None
) -> None:
    """Change a provider; Conflict when somebody saved after `version`."""
    check_version(provider, version)
    _fill_provider(session, provider, values)
    flush(session)


def retire_person(session: Session, person: Provider | Contact) -> None:
    """Take somebody out of lists; what they did stays."""
    person.retired_on = person.retired_on or clock.today()
    flush(session)


def bring_back_person(session: Session, person: Provider | Contact) -> None:
    """Put a retired provider or contact back into lists."""
    person.retired_on = None
    flush(session)


def add_affiliation(
    session: Session,
    provider: Provider,
    practice: Practice,
    *,
    weekdays: int = 31,
    is_primary: bool = False,
    starts_on: date | None = None,
) -> Affiliation:
    """Say that a provider works at a practice; Invalid when they do already."""
    same = select(Affiliation).where(
        Affiliation.provider_id == provider.id, Affiliation.practice_id == practice.id, Affiliation.ends_on.is_(None)
    )
    if session.scalar(same.limit(1)) is not None:
        raise Invalid(provider_id=f"{provider.name} works at {practice.name} already.")
    _check_free_day(session, provider.id, practice.id, starts_on, None)
    affiliation = Affiliation(
        provider=provider, practice=practice, weekdays=weekdays & ALL_DAYS, is_primary=is_primary, starts_on=starts_on
    )
    session.add(affiliation)
    _keep_one_primary(session, affiliation)
    flush(session)
    return affiliation


def change_affiliation(
    session: Session,
    affiliation: Affiliation,
    *,
    weekdays: int,
    is_primary: bool,
    starts_on: date | None,
    ends_on: date | None,
    version: int | None = None,
) -> None:
    """Change when a provider is at a practice; Conflict when somebody saved after `version`."""
    check_version(affiliation, version)
    if starts_on and ends_on and ends_on < starts_on:
        raise Invalid(ends_on="The last day lies before the first.")
    _check_free_day(session, affiliation.provider_id, affiliation.practice_id, starts_on, affiliation.id)
    affiliation.weekdays, affiliation.is_primary = weekdays & ALL_DAYS, is_primary
    affiliation.starts_on, affiliation.ends_on = starts_on, ends_on
    _keep_one_primary(session, affiliation)
    flush(session)


def end_affiliation(session: Session, affiliation: Affiliation) -> None:
    """The provider has left: today is the last day."""
    today = clock.today()
    affiliation.ends_on = max(today, affiliation.starts_on) if affiliation.starts_on else today
    affiliation.is_primary = False
    flush(session)


def create_contact(session: Session, practice: Practice, values: Mapping[str, Any]) -> Contact:
    """Add a contact to a practice."""
    contact = Contact(practice=practice, last_name="")
    with session.no_autoflush:
        _fill_contact(contact, values)
    session.add(contact)
    flush(session)
    return contact


def change_contact(
    session: Session, contact: Contact, values: Mapping[str, Any], *, version: int | None = None
) -> None:
    """Change a contact; Conflict when somebody saved after `version`."""
    check_version(contact, version)
    _fill_contact(contact, values)
    flush(session)


def _fill_provider(session: Session, provider: Provider, values: Mapping[str, Any]) -> None:
    given = _read_person(values)
    if not given.get("last_name", provider.last_name):
        raise Invalid(last_name="Give the last name.")
    npi = given.get("npi")
    if npi is not None and npi != provider.npi and find_provider_by_npi(session, npi) is not None:
        raise Invalid(npi=NPI_TAKEN)
    for field, value in given.items():
        setattr(provider, field, value)


def _read_person(values: Mapping[str, Any]) -> dict[str, Any]:
    given = read_record({name: value for name, value in values.items() if name != "names_no_patient"})
    is_confirmed = bool(values.get("names_no_patient"))
    check_texts(is_confirmed=is_confirmed, note=given.get("note"), prefers=given.get("prefers"))
    return given


def _fill_contact(contact: Contact, values: Mapping[str, Any]) -> None:
    given = _read_person(values)
    if not given.get("last_name", contact.last_name):
        raise Invalid(last_name="Give the last name.")
    for field, value in given.items():
        setattr(contact, field, value)


def _check_free_day(
    session: Session, provider_id: int, practice_id: int, starts_on: date | None, except_id: int | None
) -> None:
    """Two spells of one provider at one practice cannot begin on the same day."""
    query = select(Affiliation.id).where(
        Affiliation.provider_id == provider_id,
        Affiliation.practice_id == practice_id,
        Affiliation.starts_on == starts_on,
    )
    with session.no_autoflush:
        others = [id_ for id_ in session.scalars(query) if id_ != except_id]
    if others and starts_on is not None:
        raise Invalid(starts_on="This provider began here on this day already.")


def _keep_one_primary(session: Session, affiliation: Affiliation) -> None:
    """A provider has one primary practice: the last that was said to be it."""
    if not affiliation.is_primary:
        return
    query = select(Affiliation).where(Affiliation.provider_id == affiliation.provider.id, Affiliation.is_primary)
    with session.no_autoflush:
        others = [row for row in session.scalars(query) if row is not affiliation]
    for row in others:
        row.is_primary = False
