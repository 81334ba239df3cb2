"""Tests of what may be written about providers, affiliations and contacts."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm.core import clock
from crm.core.errors import Conflict, Invalid
from crm.directory import people_services as services
from crm.directory.models import Affiliation, ContactRole
from tests.cast import Cast


@pytest.fixture
def session(database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def affiliation(cast: Cast) -> Affiliation:
    return cast.okonjo.affiliations[0]


def test_create_provider_at_a_practice(cast: Cast, session: Session) -> None:
    made = services.create_provider(
        session, {"first_name": "Gareth", "last_name": "Lindqvist", "npi": "1234 567 893", "phone": "614 555 0111"},
        practice=cast.olentangy, weekdays=0b10101,
    )  # fmt: skip
    assert (made.npi, made.phone, made.search_key) == ("1234567893", "+16145550111", "lindqvist gareth")
    place = made.affiliations[0]
    assert (place.practice_id, place.days, place.is_primary) == (cast.olentangy.id, [0, 2, 4], True)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"last_name": ""}, "last_name"), ({"npi": "1"}, "npi"), ({"npi": "1730482910"}, "npi"), ({"email": "x"}, "email"),
     ({"taxonomy": "abc"}, "taxonomy"), ({"note": "MBI 1EG4-TE5-MK73"}, "note")],
)  # fmt: skip
def test_create_provider_refuses(cast: Cast, session: Session, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as problem:
        services.create_provider(session, {"last_name": "Lindqvist", **wrong})
    assert field in problem.value.fields


def test_change_provider_keeps_the_own_npi_and_notices_conflicts(cast: Cast, session: Session) -> None:
    seen = cast.okonjo.version
    services.change_provider(session, cast.okonjo, {"npi": "1730482910", "credentials": "DO"}, version=seen)
    assert cast.okonjo.name == "Nadia Okonjo, DO"
    with pytest.raises(Conflict):
        services.change_provider(session, cast.okonjo, {"credentials": "MD"}, version=seen)
    with pytest.raises(Invalid):
        services.change_provider(session, cast.okonjo, {"npi": cast.becker.npi})


def test_a_provider_works_at_several_practices_with_one_main_one(cast: Cast, session: Session) -> None:
    services.add_affiliation(session, cast.okonjo, cast.southgate, weekdays=1, is_primary=True)
    assert not affiliation(cast).is_primary
    with pytest.raises(Invalid):
        services.add_affiliation(session, cast.okonjo, cast.southgate)


def test_who_left_may_come_back(cast: Cast, session: Session) -> None:
    services.end_affiliation(session, affiliation(cast))
    assert (affiliation(cast).ends_on, affiliation(cast).is_primary) == (clock.today(), False)
    again = services.add_affiliation(session, cast.okonjo, cast.olentangy, starts_on=clock.today() + timedelta(days=30))
    assert again.id != affiliation(cast).id


def test_two_spells_cannot_begin_on_one_day(cast: Cast, session: Session) -> None:
    services.end_affiliation(session, affiliation(cast))
    with pytest.raises(Invalid) as problem:
        services.add_affiliation(session, cast.okonjo, cast.olentangy, starts_on=affiliation(cast).starts_on)
    assert set(problem.value.fields) == {"starts_on"}


def test_change_affiliation(cast: Cast, session: Session) -> None:
    days = {"starts_on": date(2022, 3, 1), "ends_on": None}
    services.change_affiliation(session, affiliation(cast), weekdays=0b1000011, is_primary=True, **days)
    assert affiliation(cast).days == [0, 1, 6]
    with pytest.raises(Invalid):
        services.change_affiliation(
            session,
            affiliation(cast),
            weekdays=1,
            is_primary=True,
            starts_on=date(2022, 3, 1),
            ends_on=date(2022, 2, 1),
        )


def test_end_of_something_that_has_not_begun(cast: Cast, session: Session) -> None:
    affiliation(cast).starts_on = clock.today() + timedelta(days=9)
    services.end_affiliation(session, affiliation(cast))
    assert affiliation(cast).ends_on == affiliation(cast).starts_on


def test_contacts(cast: Cast, session: Session) -> None:
    made = services.create_contact(
        session, cast.olentangy, {"last_name": "Petrik", "mobile": "614 555 0122", "role": ContactRole.OFFICE_MANAGER}
    )
    assert (made.practice_id, made.mobile, made.first_name) == (cast.olentangy.id, "+16145550122", "")
    seen = made.version
    services.change_contact(session, made, {"first_name": "Joanne"}, version=seen)
    assert (made.name, made.search_key) == ("Joanne Petrik", "petrik joanne")
    with pytest.raises(Conflict):
        services.change_contact(session, made, {"first_name": "J"}, version=seen)
    with pytest.raises(Invalid):
        services.create_contact(session, cast.olentangy, {"last_name": " "})


def test_a_doubtful_note_passes_once_confirmed(cast: Cast, session: Session) -> None:
    doubtful = {"note": "Patient John Miller asked for her."}
    with pytest.raises(Invalid) as problem:
        services.change_contact(session, cast.marisol, doubtful)
    assert "names_no_patient" in problem.value.fields
    services.change_contact(session, cast.marisol, {**doubtful, "names_no_patient": True})
    assert cast.marisol.note


def test_people_are_retired_and_brought_back(cast: Cast, session: Session) -> None:
    for person in (cast.okonjo, cast.marisol):
        services.retire_person(session, person)
        assert person.retired_on == clock.today()
        services.bring_back_person(session, person)
        assert person.retired_on is None
