"""Reads of what a table or a file says about people on a list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.accounts.queries import user_names
from crm.directory.models import Contact, Practice, PracticeTag, Provider, Territory
from crm.exports.people_queries import CONTACT, PROVIDER, Key
from crm.visits.queries import last_visits

CHUNK = 500


@dataclass(frozen=True)
class Detail:
    """What a table or a file says about one person."""

    key: Key
    first_name: str
    last_name: str
    credentials: str
    role: str
    npi: str
    practice: str
    kind: str
    tier: str
    status: str
    address1: str
    address2: str
    city: str
    state: str
    zip: str
    territory: str
    owner: str
    tags: str
    last_visit: date | None

    @property
    def name(self) -> str:
        """`Nadia Okonjo, MD`."""
        person = f"{self.first_name} {self.last_name}".strip()
        return f"{person}, {self.credentials}" if self.credentials else person


def details(session: Session, keys: Iterable[Key]) -> dict[Key, Detail]:
    """What is known of some people; the same few statements for one as for fifty."""
    known = list(keys)
    found: dict[Key, Detail] = {}
    owners = user_names(session)
    for start in range(0, len(known), CHUNK):
        chunk = known[start : start + CHUNK]
        practice_ids = sorted({key.practice_id for key in chunk})
        tags, seen = _tags(session, practice_ids), last_visits(session, practice_ids)
        people = _people(session, chunk)
        places = _places(session, practice_ids)
        for key in chunk:
            if (person := people.get((key.kind, key.id))) and (place := places.get(key.practice_id)):
                owner = owners.get(place["owner_id"] or 0, "")
                values = {name: value for name, value in place.items() if name != "owner_id"}
                found[key] = Detail(
                    key=key, **person, **values, owner=owner, tags=", ".join(tags.get(key.practice_id, ())),
                    last_visit=seen.get(key.practice_id),
                )  # fmt: skip
    return found


def _people(session: Session, keys: Sequence[Key]) -> dict[tuple[str, int], dict[str, str]]:
    contacts = select(Contact.id, Contact.first_name, Contact.last_name, Contact.role, Contact.job_title).where(
        Contact.id.in_([key.id for key in keys if key.kind == CONTACT])
    )
    providers = select(
        Provider.id, Provider.first_name, Provider.last_name, Provider.credentials, Provider.specialty, Provider.npi
    ).where(Provider.id.in_([key.id for key in keys if key.kind == PROVIDER]))
    found: dict[tuple[str, int], dict[str, str]] = {}
    for id_, first, last, role, title in session.execute(contacts):
        found[CONTACT, id_] = _person(first, last, "", title or role.label, "")
    for id_, first, last, credentials, specialty, npi in session.execute(providers):
        found[PROVIDER, id_] = _person(first, last, credentials, specialty, npi or "")
    return found


def _person(first: str, last: str, credentials: str, role: str, npi: str) -> dict[str, str]:
    return {"first_name": first, "last_name": last, "credentials": credentials, "role": role, "npi": npi}


def _places(session: Session, practice_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    query = (
        select(Practice.id, Practice.name.label("practice"), Practice.kind, Practice.tier, Practice.status)
        .add_columns(Practice.address1, Practice.address2, Practice.city, Practice.state, Practice.zip)
        .add_columns(Practice.owner_id, func.coalesce(Territory.name, "").label("territory"))
        .outerjoin(Practice.territory)
        .where(Practice.id.in_(practice_ids))
    )
    places = {}
    for row in session.execute(query).mappings():
        texts = {
            "kind": row["kind"].label,
            "tier": row["tier"].value if row["tier"] else "",
            "status": row["status"].label,
        }
        places[row["id"]] = {name: value for name, value in row.items() if name != "id"} | texts
    return places


def _tags(session: Session, practice_ids: Sequence[int]) -> dict[int, list[str]]:
    query = select(PracticeTag.practice_id, PracticeTag.tag).where(PracticeTag.practice_id.in_(practice_ids))
    found: dict[int, list[str]] = {}
    for practice_id, tag in session.execute(query.order_by(PracticeTag.tag)):
        found.setdefault(practice_id, []).append(tag)
    return found
