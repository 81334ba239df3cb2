"""Reads of providers, contacts and affiliations: one of them, and filtered lists of them by the page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, false, func, nulls_last, or_, select, true
from sqlalchemy.orm import Session, contains_eager, joinedload

from crm.accounts.viewer import Viewer
from crm.core.errors import NotFound
from crm.core.paging import Page, paginate
from crm.directory.models import Affiliation, Contact, ContactRole, Practice, Provider
from crm.directory.npi import clean_npi
from crm.directory.queries import MAX_ID, scope_practices
from crm.directory.search_keys import words_of

MIN_DIGITS = 4
PROVIDER_SORTS = ("name", "specialty", "practices")
CONTACT_SORTS = ("name", "practice", "role", "relationship")
MISSING = "This person does not exist, or belongs to a territory that you do not look after."

AnySelect = TypeVar("AnySelect", bound=Select[Any])


@dataclass(frozen=True)
class PeopleFilter:
    """What a list of people is narrowed to; empty filters do not narrow."""

    q: str = ""
    specialty: str = ""
    role: ContactRole | None = None
    territory: int | None = None
    strength: int | None = None  # known at least so well, 1 to 4
    retired: bool = False  # only retired ones, which are left out otherwise


def scope_providers(query: AnySelect, viewer: Viewer) -> AnySelect:
    """Keep providers who work, or worked, at a practice that the viewer sees."""
    if viewer.territory_ids is None:
        return query
    seen = scope_practices(select(Affiliation.provider_id).join(Affiliation.practice), viewer)
    return query.where(Provider.id.in_(seen))


def scope_contacts(query: AnySelect, viewer: Viewer) -> AnySelect:
    """Keep contacts of the practices that the viewer sees."""
    if viewer.territory_ids is None:
        return query
    return query.where(Contact.practice_id.in_(scope_practices(select(Practice.id), viewer)))


def get_provider(session: Session, viewer: Viewer, provider_id: int) -> Provider:
    """A provider in the viewer's scope, retired or not; otherwise NotFound."""
    query = scope_providers(select(Provider), viewer).where(Provider.id == provider_id)
    provider = session.scalar(query) if 0 < provider_id <= MAX_ID else None
    if provider is None:
        raise NotFound(MISSING)
    return provider


def find_provider_by_npi(session: Session, npi: str) -> Provider | None:
    """The provider with an NPI, wherever they work: the number is unique everywhere."""
    return session.scalar(select(Provider).where(Provider.npi == npi))


def get_contact(session: Session, viewer: Viewer, contact_id: int) -> Contact:
    """A contact in the viewer's scope with their practice, retired or not; otherwise NotFound."""
    query = scope_contacts(select(Contact).options(joinedload(Contact.practice)), viewer)
    contact = session.scalar(query.where(Contact.id == contact_id)) if 0 < contact_id <= MAX_ID else None
    if contact is None:
        raise NotFound(MISSING)
    return contact


def get_affiliation(session: Session, viewer: Viewer, affiliation_id: int) -> Affiliation:
    """A provider's place at a practice in the viewer's scope, with both; otherwise NotFound."""
    query = (
        select(Affiliation)
        .join(Affiliation.practice)
        .options(contains_eager(Affiliation.practice), joinedload(Affiliation.provider))
        .where(Affiliation.id == affiliation_id)
    )
    found = session.scalar(scope_practices(query, viewer)) if 0 < affiliation_id <= MAX_ID else None
    if found is None:
        raise NotFound(MISSING)
    return found


def list_affiliations(session: Session, viewer: Viewer, provider_ids: Iterable[int]) -> list[Affiliation]:
    """Where some providers work or worked, among the practices that the viewer sees; the present ones first."""
    query = (
        select(Affiliation)
        .join(Affiliation.practice)
        .options(contains_eager(Affiliation.practice))
        .where(Affiliation.provider_id.in_(list(provider_ids)))
        .order_by(Affiliation.ends_on.is_not(None), Affiliation.is_primary.desc(), Practice.name, Affiliation.id)
    )
    return list(session.scalars(scope_practices(query, viewer)))


def list_providers(
    session: Session, viewer: Viewer, filters: PeopleFilter, sort: str = "name", number: int | None = 1
) -> Page[Provider]:
    """One page of the providers that match."""
    query = scope_providers(select(Provider), viewer).where(*_provider_conditions(filters, viewer))
    columns: dict[str, list[Any]] = {
        "specialty": [Provider.specialty, *_by_name(Provider)],
        "practices": [_practice_count(viewer), *_by_name(Provider)],
    }
    order = _order(sort, columns.get(sort.removeprefix("-"), _by_name(Provider)))
    return paginate(session, query.order_by(*order, Provider.id), number)


def list_contacts(
    session: Session, viewer: Viewer, filters: PeopleFilter, sort: str = "name", number: int | None = 1
) -> Page[Contact]:
    """One page of the contacts that match, with their practices."""
    query = scope_contacts(select(Contact), viewer).where(*_contact_conditions(filters))
    key = sort.removeprefix("-")
    columns: dict[str, list[Any]] = {
        "practice": [Practice.name, *_by_name(Contact)],
        "role": [Contact.role, *_by_name(Contact)],
        "relationship": [Contact.relationship_strength, *_by_name(Contact)],
    }
    query = query.join(Contact.practice) if key == "practice" else query
    loaded = contains_eager(Contact.practice) if key == "practice" else joinedload(Contact.practice)
    order = _order(sort, columns.get(key, _by_name(Contact)))
    return paginate(session, query.options(loaded).order_by(*order, Contact.id), number)


def suggest_providers(session: Session, viewer: Viewer, text: str, limit: int) -> list[Provider]:
    """Providers to choose from while somebody types a name or an NPI."""
    query = scope_providers(select(Provider), viewer).where(Provider.retired_on.is_(None))
    query = query.where(or_(_named(Provider.search_key, text), _has_npi(text)))
    return list(session.scalars(query.order_by(*_by_name(Provider), Provider.id).limit(limit)))


def _by_name(person: type[Provider] | type[Contact]) -> list[Any]:
    return [person.last_name, person.first_name]


def _order(sort: str, columns: Sequence[Any]) -> list[Any]:
    first, *rest = columns
    if sort.startswith("-"):
        # Names run backwards as a whole, so that the index on both can be read backwards.
        rest = [column.desc() for column in rest] if sort == "-name" else rest
        return [nulls_last(first.desc()) if sort != "-name" else first.desc(), *rest]
    return [first, *rest]


def _provider_conditions(filters: PeopleFilter, viewer: Viewer) -> list[ColumnElement[bool]]:
    retired = Provider.retired_on.is_not(None) if filters.retired else Provider.retired_on.is_(None)
    found: list[ColumnElement[bool]] = [retired]
    if filters.q:
        found.append(or_(_named(Provider.search_key, filters.q), _has_npi(filters.q)))
    if filters.specialty:
        found.append(Provider.specialty == filters.specialty)
    if filters.territory is not None:
        query = select(Affiliation.provider_id).join(Affiliation.practice)
        places = scope_practices(query, viewer).where(Practice.territory_id == filters.territory)
        found.append(Provider.id.in_(places))
    return found


def _contact_conditions(filters: PeopleFilter) -> list[ColumnElement[bool]]:
    retired = Contact.retired_on.is_not(None) if filters.retired else Contact.retired_on.is_(None)
    found: list[ColumnElement[bool]] = [retired]
    if filters.q:
        found.append(or_(_named(Contact.search_key, filters.q), Contact.practice_id.in_(_practices_named(filters.q))))
    if filters.role is not None:
        found.append(Contact.role == filters.role)
    if filters.strength is not None:
        found.append(Contact.relationship_strength >= filters.strength)
    if filters.territory is not None:
        found.append(Contact.practice_id.in_(select(Practice.id).where(Practice.territory_id == filters.territory)))
    return found


def _practices_named(text: str) -> Select[int]:
    return select(Practice.id).where(_named(Practice.search_key, text))


def _named(key: Any, text: str) -> ColumnElement[bool]:
    words = words_of(text)
    if not words:
        return true() if not text.strip() else false()
    # Folded words hold only letters and digits: there is nothing to escape.
    return and_(*(or_(key.like(f"{word}%"), key.like(f"% {word}%")) for word in words))


def _has_npi(text: str) -> ColumnElement[bool]:
    digits = clean_npi(text)
    is_number = digits.isascii() and digits.isdecimal() and len(digits) >= MIN_DIGITS
    return Provider.npi.like(f"{digits}%") if is_number else false()


def _practice_count(viewer: Viewer) -> Any:
    query = select(func.count()).select_from(Affiliation).join(Practice, Practice.id == Affiliation.practice_id)
    query = query.where(Affiliation.provider_id == Provider.id, Affiliation.ends_on.is_(None))
    return scope_practices(query, viewer).correlate(Provider).scalar_subquery()
