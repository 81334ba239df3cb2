"""The people who work at the demo organization: one named person per role, and liaisons as the scale asks."""

from dataclasses import dataclass
from datetime import date, datetime

from crm.accounts.permissions import Role
from crm.core.geo import zip_point
from crm.demo.names import FIRST_NAMES, LAST_NAMES
from crm.demo.places import TERRITORIES
from crm.demo.rows import Row, Rows, generator, pick
from crm.demo.scale import Scale

DOMAIN = "harborspecialty.example"
NAMED = (
    ("Maren Oakes", Role.MANAGER, None),
    ("Dana Whitfield", Role.LIAISON, 1),
    ("Tomas Reyes", Role.LIAISON, 3),
    ("Ines Calder", Role.LIAISON, 2),
    ("Owen Prescott", Role.LIAISON, 4),
    ("Priya Raman", Role.MARKETING, None),
    ("Arjun Mehta", Role.ANALYST, None),
    ("Carol Stafford", Role.COMPLIANCE, None),
    ("Adam Voss", Role.ADMIN, None),
)
HOME_ZIPS = ("43085", "43209", "43206", "43017")


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in."""

    id: int
    name: str
    email: str
    role: Role
    territory_id: int | None
    is_named: bool


def all_users(scale: Scale, seed: int) -> list[Person]:
    """The named people, then further liaisons."""
    people = [
        Person(number, name, f"{name.split()[0].lower()}@{DOMAIN}", role, territory_id, is_named=True)
        for number, (name, role, territory_id) in enumerate(NAMED, start=1)
    ]
    rng = generator(seed, "users")
    for extra in range(scale.liaisons - len(TERRITORIES)):
        name = f"{pick(rng, FIRST_NAMES)} {pick(rng, LAST_NAMES)}"
        email = f"liaison.{extra + 1}@{DOMAIN}"
        people.append(Person(len(people) + 1, name, email, Role.LIAISON, extra % len(TERRITORIES) + 1, is_named=False))
    return people


def liaisons_by_territory(people: list[Person]) -> dict[int, list[int]]:
    """Who looks after each territory."""
    return {
        number: [person.id for person in people if person.territory_id == number]
        for number in range(1, len(TERRITORIES) + 1)
    }


def user_row(person: Person, password_hash: str, since: datetime, welcomed_on: date) -> Row:
    """The row of a user; liaisons start their days from home."""
    home = zip_point(HOME_ZIPS[person.territory_id - 1]) if person.territory_id else None
    return {
        "id": person.id, "email": person.email, "name": person.name, "password_hash": password_hash, "is_active": True,
        "temporary_until": None,
        "home_address": f"Home, {HOME_ZIPS[person.territory_id - 1]}" if person.territory_id else "",
        "home_latitude": home.lat if home else None, "home_longitude": home.lon if home else None,
        "welcomed_on": welcomed_on, "version": 1, "created_at": since, "updated_at": since,
    }  # fmt: skip


def role_rows(people: list[Person]) -> Rows:
    """Who holds which role."""
    return [{"user_id": person.id, "role": person.role} for person in people]


def user_territory_rows(people: list[Person]) -> Rows:
    """Who looks after which territory."""
    return [
        {"user_id": person.id, "territory_id": person.territory_id}
        for person in people
        if person.territory_id is not None
    ]
