"""What each person allows us to send, as pills: allowed, opted out or not asked, per address and number."""

from collections.abc import Iterable
from dataclasses import dataclass

from crm.core import formats
from crm.core.db import db
from crm.directory.addresses import key_for
from crm.directory.models import Channel, Consent, Contact, Provider
from crm.directory.queries import permissions_for

Person = Provider | Contact
STATES = {Consent.ALLOWED: "allowed", Consent.OPTED_OUT: "refused"}


@dataclass(frozen=True)
class Pill:
    """One channel of one person."""

    channel: Channel
    address: str
    state: str
    note: str = ""


def addresses_of(person: Person) -> list[tuple[Channel, str]]:
    """The ways to reach a person that we know, each as typed."""
    pairs = [
        (Channel.TEXT, person.mobile), (Channel.EMAIL, person.email), (Channel.PHONE, person.phone or person.mobile),
        (Channel.FAX, person.fax),
    ]  # fmt: skip
    return [(channel, address) for channel, address in pairs if address]


def pills_of(people: Iterable[Person]) -> dict[tuple[str, int], list[Pill]]:
    """The pills of some people, by table and id; one statement."""
    known = {(person.__tablename__, person.id): addresses_of(person) for person in people}
    keys = {(channel, key_for(channel, address)) for pairs in known.values() for channel, address in pairs}
    found = permissions_for(db.session(), keys)
    pills: dict[tuple[str, int], list[Pill]] = {}
    for owner, pairs in known.items():
        pills[owner] = []
        for channel, address in pairs:
            row = found.get((channel, key_for(channel, address)))
            note = f"{row.consent.label} since {formats.day(row.decided_on)}. {row.source}" if row else ""
            pills[owner].append(Pill(channel, address, STATES[row.consent] if row else "unknown", note))
    return pills
