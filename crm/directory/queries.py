"""Reads that every room needs: a practice in somebody's scope, the people in it, and what may be sent to whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload

from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.errors import NotFound
from crm.directory.models import (
    Affiliation,
    Channel,
    Contact,
    ContactPermission,
    Practice,
    Provider,
    Territory,
)

MAX_ID = 2**31 - 1
CHUNK = 500  # bound values in one statement; SQLite and PostgreSQL both take more

AnySelect = TypeVar("AnySelect", bound=Select[Any])


@dataclass(frozen=True)
class People:
    """Who is at a practice now: providers through their affiliations, and contacts."""

    providers: list[Affiliation]
    contacts: list[Contact]


def scope_practices(query: AnySelect, viewer: Viewer) -> AnySelect:
    """Keep only what hangs on practices of the viewer's territories; the query must contain Practice."""
    if viewer.territory_ids is None:
        return query
    return query.where(Practice.territory_id.in_(viewer.territory_ids))


def practices_in_scope(viewer: Viewer, *, include_retired: bool = False) -> Select[Practice]:
    """The practices that a viewer sees, retired ones only when asked for."""
    query = scope_practices(select(Practice), viewer)
    return query if include_retired else query.where(Practice.retired_on.is_(None))


def find_practice(session: Session, viewer: Viewer, practice_id: int) -> Practice | None:
    """A practice in the viewer's scope, retired or not, or None."""
    if not 0 < practice_id <= MAX_ID:
        return None
    return session.scalar(practices_in_scope(viewer, include_retired=True).where(Practice.id == practice_id))


def get_practice(session: Session, viewer: Viewer, practice_id: int) -> Practice:
    """A practice in the viewer's scope, retired or not; otherwise NotFound."""
    practice = find_practice(session, viewer, practice_id)
    if practice is None:
        raise NotFound("This practice does not exist, or it is in a territory that you do not look after.")
    return practice


def list_people(session: Session, practice: Practice) -> People:
    """Who is at a practice today, the primary providers first."""
    return People(
        providers=list(session.scalars(_present_affiliations(practice))),
        contacts=list(
            session.scalars(
                select(Contact)
                .where(Contact.practice_id == practice.id, Contact.retired_on.is_(None))
                .order_by(Contact.relationship_strength.desc(), Contact.last_name, Contact.first_name, Contact.id)
            )
        ),
    )


def list_territories(session: Session, viewer: Viewer) -> list[Territory]:
    """The territories that a viewer sees, by name."""
    query = select(Territory).order_by(Territory.name)
    if viewer.territory_ids is not None:
        query = query.where(Territory.id.in_(viewer.territory_ids))
    return list(session.scalars(query))


def permissions_for(
    session: Session, addresses: Iterable[tuple[Channel, str]]
) -> dict[tuple[Channel, str], ContactPermission]:
    """What was said about each (channel, normalised address); pairs that nobody asked about are left out."""
    wanted = {(channel, address) for channel, address in addresses if address}
    texts = sorted({address for _, address in wanted})
    found: dict[tuple[Channel, str], ContactPermission] = {}
    for start in range(0, len(texts), CHUNK):
        rows = session.scalars(
            select(ContactPermission).where(ContactPermission.address.in_(texts[start : start + CHUNK]))
        )
        found |= {(row.channel, row.address): row for row in rows if (row.channel, row.address) in wanted}
    return found


def _present_affiliations(practice: Practice) -> Select[Affiliation]:
    today = clock.today()
    return (
        select(Affiliation)
        .join(Affiliation.provider)
        .options(joinedload(Affiliation.provider))
        .where(
            Affiliation.practice_id == practice.id,
            Provider.retired_on.is_(None),
            or_(Affiliation.starts_on.is_(None), Affiliation.starts_on <= today),
            or_(Affiliation.ends_on.is_(None), Affiliation.ends_on >= today),
        )
        .order_by(Affiliation.is_primary.desc(), Provider.last_name, Provider.first_name, Affiliation.id)
    )
