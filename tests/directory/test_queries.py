"""Tests of what each person sees of the directory: scope, people at a practice, permissions, the filtered lists."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.core import clock
from crm.core.errors import NotFound
from crm.directory import people_queries, practice_queries, queries
from crm.directory.models import (
    Affiliation,
    Channel,
    Consent,
    ContactPermission,
    ContactRole,
    PracticeStatus,
    PracticeTag,
    Tier,
)
from crm.directory.people_queries import PeopleFilter
from crm.directory.practice_filters import PracticeFilter
from crm.directory.practice_queries import Sources
from tests.cast import Cast, contact, practice, provider


@pytest.fixture
def session(database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def names(session: Session, cast: Cast, who: str, **filters: Any) -> list[str]:
    viewer = cast.viewer(cast.everybody[who])
    query = practice_queries.select_practice_ids(viewer, PracticeFilter(**filters), "name", Sources())
    rows = practice_queries.practice_rows(session, list(session.scalars(query)))
    return [row.name.split()[0] for row in rows]


def test_a_liaison_sees_only_practices_of_own_territories(cast: Cast, session: Session) -> None:
    assert names(session, cast, "dana") == ["Olentangy"]
    assert names(session, cast, "tomas") == ["Southgate"]
    for who in ("maren", "priya", "arjun", "carol"):
        assert names(session, cast, who) == ["Olentangy", "Southgate"]


def test_a_practice_in_no_territory_is_seen_by_those_who_see_all(cast: Cast, session: Session) -> None:
    practice(session, "Nowhere Clinic", None)
    assert "Nowhere" in names(session, cast, "maren")
    assert "Nowhere" not in names(session, cast, "dana")


@pytest.mark.parametrize("practice_id", [0, -1, 2**31, 10**30, 999_999])
def test_missing_practices_and_those_of_others_are_alike(cast: Cast, session: Session, practice_id: int) -> None:
    dana = cast.viewer(cast.dana)
    with pytest.raises(NotFound) as missing:
        queries.get_practice(session, dana, practice_id)
    with pytest.raises(NotFound) as foreign:
        queries.get_practice(session, dana, cast.southgate.id)
    assert missing.value.says == foreign.value.says
    assert queries.find_practice(session, dana, cast.southgate.id) is None


def test_retired_practices_open_but_are_not_listed(cast: Cast, session: Session) -> None:
    cast.olentangy.retired_on = clock.today()
    session.flush()
    assert queries.get_practice(session, cast.viewer(cast.dana), cast.olentangy.id).id == cast.olentangy.id
    assert names(session, cast, "maren") == ["Southgate"]
    assert names(session, cast, "maren", retired=True) == ["Olentangy"]
    assert list(session.scalars(queries.practices_in_scope(cast.viewer(cast.dana)))) == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"q": "olen"}, ["Olentangy"]), ({"q": "medicine"}, ["Olentangy", "Southgate"]),
        ({"q": "family olen"}, ["Olentangy"]),
        ({"q": "grove"}, ["Southgate"]), ({"q": "%"}, []), ({"q": "_"}, []), ({"q": "lentangy"}, []),
        ({"q": "43123"}, ["Southgate"]), ({"q": "(614) 555-0177"}, ["Southgate"]), ({"q": "oleñtangy"}, ["Olentangy"]),
        ({"tier": (Tier.A,)}, ["Olentangy"]), ({"zip": "431"}, ["Southgate"]),
        ({"status": (PracticeStatus.LAPSED,)}, []),
        ({"tag": ("Portal",)}, ["Olentangy"]), ({"specialty": ("Family Medicine",)}, ["Olentangy", "Southgate"]),
        ({"specialty": ("Cardiology",)}, []), ({"owner": (0,)}, ["Southgate"]),
    ],
)  # fmt: skip
def test_filters(cast: Cast, session: Session, filters: dict[str, Any], found: list[str]) -> None:
    cast.olentangy.owner_id = cast.dana.id
    cast.olentangy.tags = [PracticeTag(tag="Portal")]
    session.flush()
    assert names(session, cast, "maren", **filters) == found


def test_filters_by_owner_and_territory(cast: Cast, session: Session) -> None:
    cast.olentangy.owner_id = cast.dana.id
    session.flush()
    assert names(session, cast, "maren", owner=(cast.dana.id,)) == ["Olentangy"]
    assert names(session, cast, "maren", owner=(0, cast.dana.id)) == ["Olentangy", "Southgate"]
    assert names(session, cast, "maren", territory=(cast.south.id,)) == ["Southgate"]
    assert names(session, cast, "dana", territory=(cast.south.id,)) == []


def test_rows_say_owner_and_count_present_providers(cast: Cast, session: Session) -> None:
    cast.olentangy.owner_id = cast.dana.id
    gone = provider(session, "Old", "Timer", "1234567893", cast.olentangy)
    gone.affiliations[0].ends_on = clock.today() - timedelta(days=1)
    session.flush()
    row = practice_queries.practice_rows(session, [cast.olentangy.id])[0]
    assert (row.owner_name, row.providers, row.tier) == ("Dana Whitfield", 1, Tier.A)


def test_people_are_those_present_today(cast: Cast, session: Session) -> None:
    today = clock.today()
    rows = {
        "left": Affiliation(practice_id=cast.olentangy.id, ends_on=today - timedelta(days=1)),
        "comes": Affiliation(practice_id=cast.olentangy.id, starts_on=today + timedelta(days=1)),
        "last day": Affiliation(practice_id=cast.olentangy.id, ends_on=today),
    }
    for number, (name, row) in enumerate(rows.items()):
        person = provider(session, "X", name, f"{number}", cast.southgate)
        row.provider_id = person.id
        session.add(row)
    contact(session, "Gone", "Away", cast.olentangy, retired_on=today)
    session.flush()
    people = queries.list_people(session, cast.olentangy)
    assert [row.provider.last_name for row in people.providers] == ["Okonjo", "last day"]
    assert [person.name for person in people.contacts] == ["Marisol Trent"]


def test_permissions_are_found_by_channel_and_address(cast: Cast, session: Session) -> None:
    said = {"consent": Consent.OPTED_OUT, "decided_on": date(2026, 1, 1)}
    session.add(ContactPermission(channel=Channel.EMAIL, address="a@x.example", **said))
    session.add(ContactPermission(channel=Channel.TEXT, address="+16145550143", **said))
    session.flush()
    keys = [
        (Channel.EMAIL, "a@x.example"),
        (Channel.FAX, "+16145550143"),
        (Channel.TEXT, "+16145550143"),
        (Channel.MAIL, ""),
    ]
    found = queries.permissions_for(session, keys)
    assert set(found) == {(Channel.EMAIL, "a@x.example"), (Channel.TEXT, "+16145550143")}
    many = [(Channel.EMAIL, f"{number}@x.example") for number in range(1200)] + keys
    assert set(queries.permissions_for(session, many)) == set(found)
    assert queries.permissions_for(session, []) == {}


def test_providers_are_seen_through_their_practices(cast: Cast, session: Session) -> None:
    dana = cast.viewer(cast.dana)
    assert [p.last_name for p in people_queries.list_providers(session, dana, PeopleFilter()).rows] == ["Okonjo"]
    with pytest.raises(NotFound):
        people_queries.get_provider(session, dana, cast.becker.id)
    session.add(Affiliation(provider_id=cast.becker.id, practice_id=cast.olentangy.id))
    session.flush()
    assert people_queries.get_provider(session, dana, cast.becker.id) is cast.becker
    places = people_queries.list_affiliations(session, dana, [cast.becker.id])
    assert [row.practice.name for row in places] == ["Olentangy Family Medicine"]


def test_contacts_are_seen_through_their_practice(cast: Cast, session: Session) -> None:
    dana = cast.viewer(cast.dana)
    assert [c.first_name for c in people_queries.list_contacts(session, dana, PeopleFilter()).rows] == ["Marisol"]
    with pytest.raises(NotFound):
        people_queries.get_contact(session, dana, cast.lena.id)
    with pytest.raises(NotFound):
        people_queries.get_affiliation(session, dana, cast.becker.affiliations[0].id)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"q": "oko"}, ["Okonjo"]), ({"q": "nadia"}, ["Okonjo"]), ({"q": "1588 203"}, ["Becker"]), ({"q": "%%"}, []),
        ({"specialty": "Family Medicine"}, ["Becker", "Okonjo"]), ({"specialty": "Nothing"}, []),
        ({"retired": True}, []),
    ],
)  # fmt: skip
def test_filters_of_providers(cast: Cast, session: Session, filters: dict[str, Any], found: list[str]) -> None:
    page = people_queries.list_providers(session, SYSTEM, PeopleFilter(**filters))
    assert [row.last_name for row in page.rows] == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"q": "southgate"}, ["Ortiz"]), ({"q": "trent mar"}, ["Trent"]), ({"role": ContactRole.NURSE}, []),
        ({"role": ContactRole.REFERRAL_COORDINATOR}, ["Ortiz", "Trent"]), ({"strength": 2}, ["Trent"]),
    ],
)  # fmt: skip
def test_filters_of_contacts(cast: Cast, session: Session, filters: dict[str, Any], found: list[str]) -> None:
    cast.marisol.relationship_strength = 3
    session.flush()
    page = people_queries.list_contacts(session, SYSTEM, PeopleFilter(**filters))
    assert [row.last_name for row in page.rows] == found


@pytest.mark.parametrize(
    "sort", ["name", "-name", "practice", "-practice", "role", "relationship", "-relationship", "x"]
)
def test_every_order_of_contacts_is_whole(cast: Cast, session: Session, sort: str) -> None:
    page = people_queries.list_contacts(session, SYSTEM, PeopleFilter(), sort)
    order = [row.last_name for row in page.rows]
    assert sorted(order) == ["Ortiz", "Trent"]
    if sort in ("name", "-practice"):
        assert order[0] == "Ortiz"
    if sort in ("-name", "practice"):
        assert order[0] == "Trent"


@pytest.mark.parametrize("sort", ["name", "-name", "specialty", "-specialty", "practices", "-practices"])
def test_every_order_of_providers_is_whole(cast: Cast, session: Session, sort: str) -> None:
    session.add(Affiliation(provider_id=cast.okonjo.id, practice_id=cast.southgate.id))
    session.flush()
    order = [row.last_name for row in people_queries.list_providers(session, SYSTEM, PeopleFilter(), sort).rows]
    assert sorted(order) == ["Becker", "Okonjo"]
    if sort in ("-practices", "-name"):
        assert order[0] == "Okonjo"


def test_suggestions_keep_to_the_scope(cast: Cast, session: Session) -> None:
    dana = cast.viewer(cast.dana)
    assert [p.id for p in practice_queries.suggest_practices(session, dana, "medicine", 5)] == [cast.olentangy.id]
    assert practice_queries.suggest_practices(session, dana, "southgate", 5) == []
    assert [p.id for p in people_queries.suggest_providers(session, dana, "", 5)] == [cast.okonjo.id]
    assert practice_queries.list_tags(session, dana) == []
    assert practice_queries.list_specialties(session) == ["Family Medicine"]


def test_twins_have_the_same_name_at_the_same_zip(cast: Cast, session: Session) -> None:
    maren = cast.viewer(cast.maren)
    same = {"name": "olentangy family medicine", "zip_code": "43085-9999"}
    assert practice_queries.find_twins(session, maren, **same) == [cast.olentangy]
    assert practice_queries.find_twins(session, maren, **same, except_id=cast.olentangy.id) == []
    assert practice_queries.find_twins(session, cast.viewer(cast.tomas), **same) == []
    assert practice_queries.find_twins(session, maren, name="Olentangy Family", zip_code="43085") == []
    assert practice_queries.find_twins(session, maren, name="Olentangy Family Medicine", zip_code="43123") == []
