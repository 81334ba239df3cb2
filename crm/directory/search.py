"""Search over practices, providers and contacts: by the beginnings of words, by NPI and by phone number."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from crm.accounts.viewer import Viewer
from crm.core import formats
from crm.directory.models import Contact, Practice, Provider
from crm.directory.people_queries import scope_contacts, scope_providers
from crm.directory.queries import scope_practices
from crm.directory.search_keys import prefix_range, words_of

MIN_DIGITS = 4
NPI_DIGITS = 10
NOT_DIGITS = re.compile(r"[\s().+-]+")


@dataclass(frozen=True)
class Hit:
    """Something found: what it is, what to call it, and the page that shows it."""

    kind: str
    id: int
    label: str
    detail: str
    endpoint: str
    values: dict[str, int] = field(default_factory=dict)


def search(session: Session, viewer: Viewer, text: str, limit: int = 8) -> list[Hit]:
    """What somebody most likely means, practices first; nothing that lies out of their scope.

    Each kind is first looked up by the index (a word begins its key), and read through only when that finds too few.
    """
    words, digits = words_of(text), _digits(text)
    found = _by_number(session, viewer, digits, limit) if digits else []
    if found or not words:
        return found
    for lookup in (_practices, _providers, _contacts):
        found += lookup(session, viewer, words, limit)
    return _fair(found, limit)


def _fair(hits: Iterable[Hit], limit: int) -> list[Hit]:
    """Each kind gets its share; what one does not need, the others take."""
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.kind, []).append(hit)
    kept: list[Hit] = []
    while len(kept) < limit and any(groups.values()):
        kept += [group.pop(0) for group in groups.values() if group]
    order = list(groups)
    return sorted(kept[:limit], key=lambda hit: order.index(hit.kind))


def _digits(text: str) -> str:
    plain = NOT_DIGITS.sub("", text[:60])
    return plain if plain.isascii() and plain.isdecimal() and len(plain) >= MIN_DIGITS else ""


def _practices(session: Session, viewer: Viewer, words: list[str], limit: int) -> list[Hit]:
    query = scope_practices(select(Practice), viewer).where(Practice.retired_on.is_(None))
    order = (Practice.search_key, Practice.id)
    return [_practice_hit(row) for row in _two_steps(session, query, Practice.search_key, words, order, limit)]


def _providers(session: Session, viewer: Viewer, words: list[str], limit: int) -> list[Hit]:
    query = scope_providers(select(Provider), viewer).where(Provider.retired_on.is_(None))
    order = (Provider.search_key, Provider.id)
    return [_provider_hit(row) for row in _two_steps(session, query, Provider.search_key, words, order, limit)]


def _contacts(session: Session, viewer: Viewer, words: list[str], limit: int) -> list[Hit]:
    query = scope_contacts(select(Contact).options(joinedload(Contact.practice)), viewer)
    query = query.where(Contact.retired_on.is_(None))
    order = (Contact.search_key, Contact.id)
    return [_contact_hit(row) for row in _two_steps(session, query, Contact.search_key, words, order, limit)]


def _two_steps(
    session: Session, query: Select[Any], key: Any, words: list[str], order: tuple[Any, ...], limit: int
) -> list[Any]:
    in_order = query.where(_has_words(key, words)).order_by(*order).limit(limit)
    found = list(session.scalars(in_order.where(or_(*(_begins(key, word) for word in words)))))
    if len(found) < limit:
        known = {row.id for row in found}
        found += [row for row in session.scalars(in_order) if row.id not in known][: limit - len(found)]
    return found


def _begins(key: Any, word: str) -> ColumnElement[bool]:
    low, high = prefix_range(word)
    return and_(key >= low, key < high)


def _has_words(key: Any, words: list[str]) -> ColumnElement[bool]:
    # Folded words hold only letters and digits: there is nothing to escape.
    return and_(*(or_(_begins(key, word), key.like(f"% {word}%")) for word in words))


def _by_number(session: Session, viewer: Viewer, digits: str, limit: int) -> list[Hit]:
    practices = scope_practices(select(Practice), viewer).where(Practice.retired_on.is_(None))
    providers = scope_providers(select(Provider), viewer).where(Provider.retired_on.is_(None))
    contacts = scope_contacts(select(Contact).options(joinedload(Contact.practice)), viewer)
    contacts = contacts.where(Contact.retired_on.is_(None))
    phone = digits.removeprefix("1") if len(digits) > NPI_DIGITS else digits
    lookups: list[tuple[Select[Any], list[Any], Callable[[Any], Hit], Any]] = [
        (practices, [_starts(Practice.npi, digits), _starts(Practice.zip, digits)], _practice_hit, Practice),
        (practices, [_dials(Practice.phone, phone), _dials(Practice.fax, phone)], _practice_hit, Practice),
        (providers, [_starts(Provider.npi, digits)], _provider_hit, Provider),
        (providers, [_dials(c, phone) for c in (Provider.phone, Provider.mobile)], _provider_hit, Provider),
        (contacts, [_dials(c, phone) for c in (Contact.phone, Contact.mobile)], _contact_hit, Contact),
    ]
    found: dict[tuple[str, int], Hit] = {}
    for query, tests, hit, model in lookups:
        for row in session.scalars(query.where(or_(*tests)).order_by(model.search_key, model.id).limit(limit)):
            found.setdefault((hit(row).kind, row.id), hit(row))
    return list(found.values())[:limit]


def _starts(column: Any, digits: str) -> ColumnElement[bool]:
    return column.like(f"{digits}%")  # type: ignore[no-any-return]


def _dials(column: Any, digits: str) -> ColumnElement[bool]:
    return column.like(f"+1{digits}%")  # type: ignore[no-any-return]


def _practice_hit(practice: Practice) -> Hit:
    detail = " · ".join(part for part in (practice.kind.label, practice.city) if part)
    return Hit("practice", practice.id, practice.name, detail, "directory.practice", {"practice_id": practice.id})


def _provider_hit(provider: Provider) -> Hit:
    detail = " · ".join(part for part in (provider.specialty, formats.npi(provider.npi)) if part)
    return Hit("provider", provider.id, provider.name, detail, "directory.provider", {"provider_id": provider.id})


def _contact_hit(contact: Contact) -> Hit:
    detail = f"{contact.role.label} · {contact.practice.name}"
    return Hit("contact", contact.id, contact.name, detail, "directory.contact", {"contact_id": contact.id})
