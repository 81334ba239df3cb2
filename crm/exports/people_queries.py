"""Reads of the people on a list: who matches the filters, and who of them may come out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core import formats
from crm.directory.models import (
    Affiliation,
    Channel,
    Consent,
    Contact,
    ContactPermission,
    Practice,
    PracticeStatus,
    PracticeTag,
    Provider,
)
from crm.directory.queries import scope_practices
from crm.exports.filters import NOBODY, ListFilter, Who
from crm.exports.reach import Addresses, candidates
from crm.exports.suppression import Answer, Decision, Reason, count_reasons, sift
from crm.referrals.queries import volume_subquery
from crm.visits.queries import last_visit_subquery

CONTACT, PROVIDER = "contact", "provider"
_PRACTICE_PLACE = {
    "address1": Practice.address1,
    "address2": Practice.address2,
    "city": Practice.city,
    "state": Practice.state,
    "zip": Practice.zip,
}


class Key(NamedTuple):
    """One person at one practice."""

    kind: str
    id: int
    practice_id: int


class Member(NamedTuple):
    """Somebody who matches the filters, with what the suppression rule needs."""

    key: Key
    last_name: str
    first_name: str
    is_at_do_not_visit: bool
    addresses: Addresses

    @property
    def order(self) -> tuple[Any, ...]:
        """By name; people of one name always in the same order."""
        return (self.last_name.casefold(), self.first_name.casefold(), *self.key)


@dataclass(frozen=True)
class Sifted:
    """Everybody who matches, each with a decision."""

    rows: list[tuple[Member, Decision]]

    @property
    def held_back(self) -> dict[str, int]:
        """How many do not come out, by reason."""
        return count_reasons(decision for _, decision in self.rows)

    @property
    def exported(self) -> int:
        """How many come out."""
        return sum(decision.is_exported for _, decision in self.rows)

    @property
    def suppressed(self) -> int:
        """How many do not come out."""
        return len(self.rows) - self.exported

    def shown(self, which: str) -> list[tuple[Member, Decision]]:
        """The rows of one tab: `out`, `held`, or all."""
        if which not in ("out", "held"):
            return self.rows
        return [row for row in self.rows if row[1].is_exported == (which == "out")]


def sift_list(session: Session, viewer: Viewer, filters: ListFilter, today: date) -> Sifted:
    """Who is on a list now, and who of them may come out; at most three statements."""
    members = list_members(session, viewer, filters, today)
    answers = answers_for(session, filters.channel)
    candidate = candidates(filters.channel)
    rows = ((m, candidate(m.addresses, f"{m.first_name} {m.last_name}", m.is_at_do_not_visit)) for m in members)
    decided = list(sift(rows, answers, only_allowed=filters.allowed))
    if filters.reachable:
        decided = [row for row in decided if row[1].reason is not Reason.NO_ADDRESS]
    return Sifted(decided)


def list_members(session: Session, viewer: Viewer, filters: ListFilter, today: date) -> list[Member]:
    """Everybody who matches, by name; a provider of several practices once, at the main one that matches."""
    found: dict[tuple[str, int], Member] = {}
    for kind, query in _people_selects(viewer, filters, today):
        names = [column["name"] for column in query.column_descriptions][6:]
        for id_, practice_id, last, first, status, _order, *values in session.execute(query):
            known = {name: value for name, value in zip(names, values, strict=True) if value}
            member = Member(
                Key(kind, id_, practice_id), last, first, status is PracticeStatus.DO_NOT_VISIT, Addresses(**known)
            )
            found.setdefault((kind, id_), member)
    return sorted(found.values(), key=lambda member: member.order)


def answers_for(session: Session, channel: Channel) -> dict[str, Answer]:
    """What was said about every address of a channel."""
    query = select(
        ContactPermission.address, ContactPermission.consent, ContactPermission.decided_on, ContactPermission.source
    ).where(ContactPermission.channel == channel)
    return {
        address: Answer(consent is Consent.ALLOWED, decided_on, source)
        for address, consent, decided_on, source in session.execute(query)
    }


def _people_selects(viewer: Viewer, filters: ListFilter, today: date) -> Iterator[tuple[str, Select[Any]]]:
    practices = _practice_ids(viewer, filters, today)
    if filters.who is not Who.PROVIDERS:
        yield CONTACT, _contacts(filters, practices, today)
    if filters.who is not Who.CONTACTS and not filters.role:
        yield PROVIDER, _providers(filters, practices, today)


def _contacts(filters: ListFilter, practices: Select[int], today: date) -> Select[Any]:
    columns = _address_columns(Contact, filters.channel)
    query = (
        select(Contact.id, Contact.practice_id, Contact.last_name, Contact.first_name, Practice.status, Contact.id)
        .add_columns(*columns)
        .join(Contact.practice)
        .where(Contact.retired_on.is_(None), Contact.practice_id.in_(practices))
    )
    if filters.role:
        query = query.where(Contact.role.in_(filters.role))
    if filters.specialty:
        query = query.where(Contact.practice_id.in_(_practices_with(filters.specialty, today)))
    return query


def _providers(filters: ListFilter, practices: Select[int], today: date) -> Select[Any]:
    columns = _address_columns(Provider, filters.channel)
    query = (
        select(
            Provider.id, Affiliation.practice_id, Provider.last_name, Provider.first_name, Practice.status,
            Affiliation.is_primary,
        )
        .add_columns(*columns)
        .join(Affiliation.provider)
        .join(Affiliation.practice)
        .where(Provider.retired_on.is_(None), Affiliation.practice_id.in_(practices), *_is_present(today))
        .order_by(Affiliation.is_primary.desc(), Affiliation.id)
    )  # fmt: skip
    if filters.specialty:
        query = query.where(Provider.specialty.in_(filters.specialty))
    return query


def _address_columns(person: type[Contact] | type[Provider], channel: Channel) -> list[Any]:
    by_channel: dict[Channel, dict[str, Any]] = {
        Channel.EMAIL: {"email": person.email},
        Channel.PHONE: {"phone": person.phone, "mobile": person.mobile, "practice_phone": Practice.phone},
        Channel.TEXT: {"mobile": person.mobile},
        Channel.FAX: {"fax": person.fax, "practice_fax": Practice.fax},
        Channel.MAIL: _PRACTICE_PLACE,
    }
    return [column.label(name) for name, column in by_channel[channel].items()]


def _practice_ids(viewer: Viewer, filters: ListFilter, today: date) -> Select[int]:
    query = scope_practices(select(Practice.id), viewer).where(Practice.retired_on.is_(None))
    query = query.where(*_practice_conditions(filters))
    if filters.asks_volume:
        last = formats.month_of(today) - 1
        volume = volume_subquery(last - filters.months + 1, last)
        received = func.coalesce(volume.c.received, 0)
        query = query.outerjoin(volume, volume.c.practice_id == Practice.id)
        if filters.at_least is not None:
            query = query.where(received >= filters.at_least)
        if filters.at_most is not None:
            query = query.where(received <= filters.at_most)
    if filters.unseen is not None or filters.seen is not None:
        last_visit = last_visit_subquery()
        query = query.outerjoin(last_visit, last_visit.c.practice_id == Practice.id)
        query = query.where(*_seen_conditions(filters, last_visit.c.last_on, today))
    return query


def _seen_conditions(filters: ListFilter, last_on: Any, today: date) -> Iterator[ColumnElement[bool]]:
    if filters.unseen is not None:
        yield or_(last_on.is_(None), last_on <= today - timedelta(days=filters.unseen))
    if filters.seen is not None:
        yield last_on >= today - timedelta(days=filters.seen)


def _practice_conditions(filters: ListFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        column.in_(values)
        for column, values in (
            (Practice.tier, filters.tier),
            (Practice.status, filters.status),
            (Practice.kind, filters.kind),
            (Practice.territory_id, filters.territory),
        )
        if values
    ]
    if filters.owner:
        nobody = [Practice.owner_id.is_(None)] if NOBODY in filters.owner else []
        found.append(or_(Practice.owner_id.in_(filters.owner), *nobody))
    if filters.city:
        found.append(func.lower(Practice.city) == filters.city.lower())
    if filters.zip:
        found.append(or_(*(Practice.zip.startswith(prefix) for prefix in filters.zip)))
    if filters.tag:
        found.append(Practice.id.in_(select(PracticeTag.practice_id).where(PracticeTag.tag.in_(filters.tag))))
    return found


def _practices_with(specialties: Sequence[str], today: date) -> Select[int]:
    return (
        select(Affiliation.practice_id)
        .join(Affiliation.provider)
        .where(Provider.specialty.in_(specialties), Provider.retired_on.is_(None), *_is_present(today))
    )


def _is_present(today: date) -> tuple[ColumnElement[bool], ...]:
    return (
        or_(Affiliation.starts_on.is_(None), Affiliation.starts_on <= today),
        or_(Affiliation.ends_on.is_(None), Affiliation.ends_on >= today),
    )
