"""The cast of the tests: a few named people and places, so that the access tests read as prose.

Maren manages outreach. Dana is the liaison of the North, Tomas of the South. Priya does marketing, Arjun analyzes,
Carol looks after compliance, Adam administers. Olentangy lies in the North, Southgate in the South.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm.accounts import queries as accounts
from crm.accounts.models import Organization, User, UserRole, UserTerritory
from crm.accounts.passwords import hash_password
from crm.accounts.permissions import Role
from crm.accounts.viewer import Viewer
from crm.directory.models import (
    Affiliation,
    Contact,
    ContactRole,
    Practice,
    PracticeStatus,
    Provider,
    Territory,
    Tier,
)

PASSWORD = "correct horse battery staple"
HASH = hash_password(PASSWORD)


@dataclass
class Cast:
    """Everybody and every place by name."""

    organization: Organization
    north: Territory
    south: Territory
    maren: User
    dana: User
    tomas: User
    priya: User
    arjun: User
    carol: User
    adam: User
    olentangy: Practice
    southgate: Practice
    okonjo: Provider
    becker: Provider
    marisol: Contact
    lena: Contact

    @property
    def everybody(self) -> dict[str, User]:
        """All people by their first name."""
        return {name: getattr(self, name) for name in ("maren", "dana", "tomas", "priya", "arjun", "carol", "adam")}

    @staticmethod
    def viewer(user: User) -> Viewer:
        """A person as queries and services see them."""
        return accounts.viewer_of(user)


def person(session: Session, name: str, *roles: Role, territories: tuple[Territory, ...] = ()) -> User:
    """Somebody who can sign in with PASSWORD."""
    user = _person(name, *roles, territories=territories)
    session.add(user)
    session.flush()
    return user


def _person(name: str, *roles: Role, territories: tuple[Territory, ...] = ()) -> User:
    email = f"{name.split(maxsplit=1)[0].lower()}@harborspecialty.example"
    user = User(email=email, name=name, password_hash=HASH)
    user.roles = [UserRole(role=role) for role in roles]
    user.territories = [UserTerritory(territory_id=territory.id) for territory in territories]
    return user


def practice(session: Session, name: str, territory: Territory | None, **values: Any) -> Practice:
    """A practice; values replace the usual ones."""
    row = _practice(name, territory, **values)
    session.add(row)
    session.flush()
    return row


def _practice(name: str, territory: Territory | None, **values: Any) -> Practice:
    usual: dict[str, Any] = {
        "tier": Tier.B, "status": PracticeStatus.ACTIVE, "address1": "7420 Riverbend Parkway", "city": "Worthington",
        "state": "OH", "zip": "43085", "latitude": 40.0931, "longitude": -83.0180, "phone": "+16145550142",
    }  # fmt: skip
    return Practice(name=name, territory_id=territory.id if territory else None, **(usual | values))


def provider(session: Session, first: str, last: str, npi: str, at: Practice, **values: Any) -> Provider:
    """A clinician who works at a practice."""
    row = _provider(first, last, npi, at, **values)
    session.add(row)
    session.flush()
    return row


def _provider(first: str, last: str, npi: str, at: Practice, **values: Any) -> Provider:
    usual: dict[str, Any] = {"credentials": "MD", "taxonomy": "207Q00000X", "specialty": "Family Medicine"}
    row = Provider(first_name=first, last_name=last, npi=npi, **(usual | values))
    row.affiliations = [Affiliation(practice_id=at.id, is_primary=True, starts_on=date(2022, 3, 1))]
    return row


def contact(session: Session, first: str, last: str, at: Practice, **values: Any) -> Contact:
    """Somebody of the staff."""
    row = _contact(first, last, at, **values)
    session.add(row)
    session.flush()
    return row


def _contact(first: str, last: str, at: Practice, **values: Any) -> Contact:
    usual = {"role": ContactRole.REFERRAL_COORDINATOR}
    return Contact(first_name=first, last_name=last, practice_id=at.id, **(usual | values))


@pytest.fixture
def cast(database: Any) -> Cast:
    """The cast, on a database that is otherwise empty."""
    session: Session = database()
    organization = Organization(
        name="Harbor Specialty Group", city="Columbus, OH", row_key_secret="0" * 64, latitude=40.0, longitude=-83.0,
        address="1 Harbor Way, Columbus, OH 43215",
    )  # fmt: skip
    north, south = Territory(name="North", zip_prefixes="430 43085"), Territory(name="South", zip_prefixes="431")
    session.add_all([organization, north, south])
    session.flush()
    olentangy = _practice("Olentangy Family Medicine", north, tier=Tier.A)
    southgate = _practice(
        "Southgate Internal Medicine", south, address1="88 Canal Road", city="Grove City", zip="43123",
        latitude=39.8814, longitude=-83.0930, phone="+16145550177",
    )  # fmt: skip
    people = {
        "maren": _person("Maren Oakes", Role.MANAGER),
        "dana": _person("Dana Whitfield", Role.LIAISON, territories=(north,)),
        "tomas": _person("Tomas Rivera", Role.LIAISON, territories=(south,)),
        "priya": _person("Priya Raman", Role.MARKETING),
        "arjun": _person("Arjun Mehta", Role.ANALYST),
        "carol": _person("Carol Finch", Role.COMPLIANCE),
        "adam": _person("Adam Stone", Role.ADMIN),
    }
    session.add_all([olentangy, southgate, *people.values()])
    session.flush()
    staff = {
        "okonjo": _provider("Nadia", "Okonjo", "1730482910", olentangy, email="nadia.okonjo@olentangy.example"),
        "becker": _provider("Ruth", "Becker", "1588203640", southgate, email="ruth.becker@southgate.example"),
        "marisol": _contact("Marisol", "Trent", olentangy, email="marisol@olentangy.example", mobile="+16145550143"),
        "lena": _contact("Lena", "Ortiz", southgate, email="lena@southgate.example"),
    }
    session.add_all(staff.values())
    session.commit()
    return Cast(
        organization=organization, north=north, south=south, olentangy=olentangy, southgate=southgate, **people, **staff
    )  # fmt: skip
