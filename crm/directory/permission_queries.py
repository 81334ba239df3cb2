"""Reads of permissions to contact: all of them, and whether an address belongs to somebody in a viewer's scope."""

from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.directory.addresses import postal_key
from crm.directory.models import Channel, Contact, ContactPermission, Practice, Provider
from crm.directory.people_queries import scope_contacts, scope_providers
from crm.directory.queries import scope_practices

NUMBERS = (Channel.PHONE, Channel.TEXT, Channel.FAX)


def select_permissions(viewer: Viewer, text: str, consent: str | None) -> Select[ContactPermission]:
    """The recorded answers, latest first; only addresses in scope for those who do not see every territory."""
    query = select(ContactPermission).order_by(ContactPermission.decided_on.desc(), ContactPermission.id.desc())
    if text:
        query = query.where(ContactPermission.address.icontains(text, autoescape=True))
    if consent:
        query = query.where(ContactPermission.consent == consent)
    if viewer.territory_ids is not None:
        addresses = _addresses_in_scope(viewer)
        query = query.where(or_(*(ContactPermission.address.in_(found) for found in addresses)))
    return query


def is_known_in_scope(session: Session, viewer: Viewer, channel: Channel, key: str) -> bool:
    """Whether somebody at the viewer's practices has this address, so that the viewer may speak for it."""
    if viewer.territory_ids is None:
        return True
    if not key:
        return False
    if channel is Channel.MAIL:
        query = scope_practices(select(Practice), viewer).where(Practice.zip.startswith(key[:5], autoescape=True))
        return any(postal_key(p.address1, p.zip, p.address2) == key for p in session.scalars(query))
    return any(session.scalar(query.limit(1)) is not None for query in _owners(viewer, channel, key))


def _owners(viewer: Viewer, channel: Channel, key: str) -> list[Select[int]]:
    def has(*columns: Any) -> ColumnElement[bool]:
        if channel is Channel.EMAIL:
            return or_(*(func.lower(column) == key for column in columns))
        return or_(*(or_(column == key, column.startswith(f"{key};", autoescape=True)) for column in columns))

    is_email = channel is Channel.EMAIL
    of_practice = [Practice.email] if is_email else [Practice.phone, Practice.fax]
    of_provider = [Provider.email] if is_email else [Provider.phone, Provider.mobile, Provider.fax]
    of_contact = [Contact.email] if is_email else [Contact.phone, Contact.mobile, Contact.fax]
    return [
        scope_practices(select(Practice.id), viewer).where(has(*of_practice)),
        scope_providers(select(Provider.id), viewer).where(has(*of_provider)),
        scope_contacts(select(Contact.id), viewer).where(has(*of_contact)),
    ]


def _addresses_in_scope(viewer: Viewer) -> list[Select[Any]]:
    columns: list[Any] = [func.lower(Practice.email), Practice.phone, Practice.fax]
    found: list[Select[Any]] = [scope_practices(select(c), viewer) for c in columns]
    columns = [func.lower(Provider.email), Provider.phone, Provider.mobile, Provider.fax]
    found += [scope_providers(select(c), viewer) for c in columns]
    columns = [func.lower(Contact.email), Contact.phone, Contact.mobile, Contact.fax]
    return found + [scope_contacts(select(c), viewer) for c in columns]
