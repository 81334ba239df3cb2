"""Tests of who is on a list: each filter, what is in scope, and what they need of the database."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm.core import clock, formats
from crm.directory.models import (
    Affiliation,
    Channel,
    Consent,
    ContactRole,
    PracticeKind,
    PracticeStatus,
    PracticeTag,
    Tier,
)
from crm.exports.detail_queries import details
from crm.exports.filters import ListFilter, Who
from crm.exports.people_queries import sift_list
from crm.exports.suppression import Reason
from crm.visits.models import Visit, VisitState
from tests.cast import Cast, contact, provider
from tests.exports.people import many_contacts, say
from tests.pages import count_statements
from tests.volumes import sent

Names = Callable[..., set[str]]


@pytest.fixture
def names(cast: Cast, database: Any) -> Names:
    """The last names of those who match some filters, as Priya sees them."""

    def find(**values: Any) -> set[str]:
        found = sift_list(database(), cast.viewer(cast.priya), ListFilter(**values), clock.today())
        return {member.last_name for member, _ in found.rows}

    return find


def test_everybody_who_is_there(names: Names) -> None:
    assert names() == {"Okonjo", "Becker", "Trent", "Ortiz"}
    assert names(who=Who.CONTACTS) == {"Trent", "Ortiz"}
    assert names(who=Who.PROVIDERS) == {"Okonjo", "Becker"}


def test_by_practice(cast: Cast, names: Names, database: Any) -> None:
    cast.southgate.kind, cast.southgate.status = PracticeKind.HOSPITAL, PracticeStatus.LAPSED
    cast.southgate.owner_id = cast.tomas.id
    cast.olentangy.tags = [PracticeTag(tag="imaging")]
    database().commit()
    south, north = {"Becker", "Ortiz"}, {"Okonjo", "Trent"}
    assert names(tier=(Tier.A,)) == north
    assert names(kind=(PracticeKind.HOSPITAL,)) == names(status=(PracticeStatus.LAPSED,)) == south
    assert names(territory=(cast.south.id,)) == names(owner=(cast.tomas.id,)) == names(city="GROVE city") == south
    assert names(owner=(0,)) == names(zip=("430",)) == names(tag=("imaging",)) == north
    assert names(owner=(0, cast.tomas.id)) == names(zip=("430", "431")) == north | south
    assert names(tier=(Tier.A,), territory=(cast.south.id,)) == set()


def test_by_person(cast: Cast, names: Names, database: Any) -> None:
    contact(database(), "Ola", "Nurse", cast.olentangy, role=ContactRole.NURSE)
    provider(database(), "Ivo", "Heart", "1003000126", cast.southgate, specialty="Cardiology")
    assert names(role=(ContactRole.NURSE,)) == {"Nurse"}
    assert names(specialty=("Cardiology",)) == {"Heart", "Ortiz"}  # and the staff where a cardiologist works
    assert names(specialty=("Cardiology",), who=Who.PROVIDERS) == {"Heart"}


def test_who_left_or_retired_is_not_on_it(cast: Cast, names: Names, database: Any) -> None:
    cast.marisol.retired_on = date(2024, 1, 1)
    cast.becker.affiliations[0].ends_on = clock.today() - timedelta(days=1)
    assert names() == {"Okonjo", "Ortiz"}
    cast.southgate.retired_on = date(2024, 1, 1)
    assert names() == {"Okonjo"}
    cast.okonjo.retired_on = date(2024, 1, 1)
    assert names() == set()


def test_by_referral_volume(cast: Cast, names: Names, database: Any) -> None:
    last = formats.month_of(clock.today()) - 1
    for month, received in ((last, 20), (last - 5, 10), (last - 11, 30), (last + 1, 500)):
        sent(database(), cast.olentangy, month, received)
    database().commit()
    north = {"Okonjo", "Trent"}
    assert names(at_least=51) == north  # 60 in twelve whole months; the present one does not count
    assert names(at_least=101) == set()
    assert names(at_least=26, months=6) == north
    assert names(at_least=26, months=3) == set()
    assert names(at_most=0) == {"Becker", "Ortiz"}
    assert names(at_most=100) == north | {"Becker", "Ortiz"}


def test_by_last_visit(cast: Cast, names: Names, database: Any) -> None:
    today = clock.today()
    database().add_all(
        [
            Visit(
                practice=cast.olentangy,
                owner_id=cast.dana.id,
                visit_on=today - timedelta(days=40),
                state=VisitState.DONE,
            ),
            Visit(practice=cast.olentangy, owner_id=cast.dana.id, visit_on=today, state=VisitState.PLANNED),
        ]
    )
    database().commit()
    assert names(unseen=30) == {"Okonjo", "Trent", "Becker", "Ortiz"}  # never seen counts as not seen
    assert names(unseen=60) == {"Becker", "Ortiz"}
    assert names(seen=60) == {"Okonjo", "Trent"}
    assert names(seen=30) == set()


def test_a_provider_of_several_practices_is_there_once_at_the_main_one(cast: Cast, database: Any) -> None:
    cast.okonjo.affiliations.append(Affiliation(practice_id=cast.southgate.id, is_primary=False))
    database().commit()
    viewer = cast.viewer(cast.priya)

    def places(**values: Any) -> list[int]:
        found = sift_list(database(), viewer, ListFilter(who=Who.PROVIDERS, **values), clock.today())
        return [member.key.practice_id for member, _ in found.rows if member.last_name == "Okonjo"]

    assert places() == [cast.olentangy.id]
    assert places(territory=(cast.south.id,)) == [cast.southgate.id]


def test_a_liaison_with_the_right_would_see_own_territories_only(cast: Cast, database: Any) -> None:
    found = sift_list(database(), cast.viewer(cast.dana), ListFilter(), clock.today())
    assert {member.last_name for member, _ in found.rows} == {"Okonjo", "Trent"}


def reasons(session: Session, cast: Cast, **values: Any) -> dict[str, Reason | None]:
    found = sift_list(session, cast.viewer(cast.priya), ListFilter(**values), clock.today())
    return {member.last_name: decision.reason for member, decision in found.rows}


def test_an_opt_out_binds_the_address_whoever_has_it(cast: Cast, database: Any) -> None:
    session = database()
    contact(session, "Zoe", "Zither", cast.southgate, email=" Marisol@OLENTANGY.example ")
    say(session, Channel.EMAIL, "marisol@olentangy.example", Consent.OPTED_OUT)
    assert reasons(session, cast) == {
        "Okonjo": None, "Becker": None, "Ortiz": None, "Trent": Reason.OPTED_OUT, "Zither": Reason.OPTED_OUT,
    }  # fmt: skip


def test_an_opt_out_binds_its_channel_only(cast: Cast, database: Any) -> None:
    session = database()
    say(session, Channel.TEXT, "+16145550143", Consent.OPTED_OUT)
    assert reasons(session, cast, channel=Channel.TEXT)["Trent"] is Reason.OPTED_OUT
    assert reasons(session, cast, channel=Channel.PHONE)["Trent"] is None
    assert reasons(session, cast)["Trent"] is None


def test_held_back_people_are_counted(cast: Cast, database: Any) -> None:
    session = database()
    cast.southgate.status = PracticeStatus.DO_NOT_VISIT
    contact(session, "No", "Address", cast.olentangy)
    contact(session, "Same", "Trent", cast.olentangy, email="MARISOL@olentangy.example")
    say(session, Channel.EMAIL, "nadia.okonjo@olentangy.example", Consent.ALLOWED)
    found = sift_list(session, cast.viewer(cast.priya), ListFilter(), clock.today())
    assert found.held_back == {"no_address": 1, "do_not_visit": 2, "duplicate": 1}
    assert (found.exported, found.suppressed, len(found.rows)) == (2, 4, 6)
    assert len(found.shown("out")) == 2
    assert len(found.shown("held")) == 4
    assert [
        d.reason for _, d in sift_list(session, cast.viewer(cast.priya), ListFilter(reachable=True), clock.today()).rows
    ].count(Reason.NO_ADDRESS) == 0
    yes = sift_list(session, cast.viewer(cast.priya), ListFilter(allowed=True), clock.today())
    assert [member.last_name for member, decision in yes.rows if decision.is_exported] == ["Okonjo"]


def test_details_take_the_same_statements_for_one_as_for_fifty(cast: Cast, database: Any) -> None:
    session = database()
    many_contacts(session, cast, 60)
    viewer = cast.viewer(cast.priya)
    with count_statements() as for_all:
        keys = [member.key for member, _ in sift_list(session, viewer, ListFilter(), clock.today()).rows]
    assert len(for_all) == 3
    counts = []
    for number in (1, 50):
        with count_statements() as statements:
            found = details(session, keys[:number])
        assert len(found) == number
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6


def test_details_say_what_a_file_needs(cast: Cast, database: Any) -> None:
    cast.olentangy.owner_id = cast.dana.id
    cast.olentangy.tags = [PracticeTag(tag="imaging"), PracticeTag(tag="early")]
    database().commit()
    found = sift_list(database(), cast.viewer(cast.priya), ListFilter(), clock.today())
    known = details(database(), [member.key for member, _ in found.rows])
    by_name = {detail.last_name: detail for detail in known.values()}
    okonjo, trent = by_name["Okonjo"], by_name["Trent"]
    assert (okonjo.name, okonjo.role, okonjo.npi) == ("Nadia Okonjo, MD", "Family Medicine", "1730482910")
    assert (trent.name, trent.role, trent.npi) == ("Marisol Trent", "Referral coordinator", "")
    assert (trent.practice, trent.tier, trent.territory, trent.owner) == (
        "Olentangy Family Medicine",
        "A",
        "North",
        "Dana Whitfield",
    )
    assert (trent.tags, trent.last_visit, trent.kind, trent.status) == (
        "early, imaging",
        None,
        "Physician practice",
        "Active",
    )
