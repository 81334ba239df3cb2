"""Tests of what may be written about practices, and what is refused."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit.models import AuditEvent
from crm.core import clock, geo
from crm.core.errors import Conflict, Invalid
from crm.directory import services
from crm.directory.hours import DayHours
from crm.directory.models import (
    Channel,
    Consent,
    ContactPermission,
    Practice,
    PracticeGroup,
    Tier,
)
from tests.cast import Cast


@pytest.fixture
def session(database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def values(**more: Any) -> dict[str, Any]:
    return {"name": "Antrim Community Clinic", "zip": "43085", **more}


def test_a_practice_goes_where_its_zip_belongs(cast: Cast, session: Session) -> None:
    made = services.create_practice(session, cast.viewer(cast.maren), values(phone="614 555 0100", state="oh"))
    assert (made.territory_id, made.phone, made.state) == (cast.north.id, "+16145550100", "OH")
    assert made.point == geo.zip_point("43085")
    assert made.is_placed_by_zip
    assert made.search_key == "antrim community clinic"


def test_a_chosen_territory_wins_over_the_zip(cast: Cast, session: Session) -> None:
    made = services.create_practice(session, cast.viewer(cast.maren), values(territory_id=cast.south.id))
    assert made.territory_id == cast.south.id


def test_an_unknown_zip_leaves_a_practice_unplaced(cast: Cast, session: Session) -> None:
    made = services.create_practice(session, cast.viewer(cast.maren), values(zip="00000"))
    assert (made.territory_id, made.point, made.is_placed_by_zip) == (None, None, False)


def test_a_liaison_adds_only_to_own_territories(cast: Cast, session: Session) -> None:
    dana = cast.viewer(cast.dana)
    assert services.create_practice(session, dana, values()).territory_id == cast.north.id
    assert services.create_practice(session, dana, values(name="B", zip="99999")).territory_id == cast.north.id
    for wrong, field in (
        (values(name="C", zip="43123"), "zip"),
        (values(name="D", territory_id=cast.south.id), "territory_id"),
    ):
        with pytest.raises(Invalid) as problem:
            services.create_practice(session, dana, wrong)
        assert set(problem.value.fields) == {field}


def test_a_liaison_cannot_move_a_practice_away(cast: Cast, session: Session) -> None:
    with pytest.raises(Invalid):
        services.change_practice(session, cast.viewer(cast.dana), cast.olentangy, {"territory_id": cast.south.id})
    session.expire_all()
    assert cast.olentangy.territory_id == cast.north.id


def test_typed_coordinates_stay_when_the_zip_changes(cast: Cast, session: Session) -> None:
    maren = cast.viewer(cast.maren)
    made = services.create_practice(session, maren, values(latitude=40.1, longitude=-83.1))
    assert (made.latitude, made.is_placed_by_zip) == (40.1, False)
    services.change_practice(session, maren, made, {"zip": "43123"})
    assert made.latitude == 40.1
    services.change_practice(session, maren, made, {"latitude": None, "longitude": None})
    assert made.point == geo.zip_point("43123")
    services.change_practice(session, maren, made, {"zip": "43085"})
    assert made.point == geo.zip_point("43085")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"), ({"npi": "1234567890"}, "npi"), ({"zip": "x"}, "zip"),
        ({"latitude": 40.0}, "longitude"),
        ({"owner_id": 999_999}, "owner_id"), ({"tags": "x" * 41}, "tags"), ({"website": "ftp://x.example"}, "website"),
        ({"note": "SSN 123-45-6789"}, "note"), ({"email": "nobody"}, "email"),
    ],
)  # fmt: skip
def test_wrong_values_name_their_field_and_change_nothing(
    cast: Cast, session: Session, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as problem:
        services.create_practice(session, cast.viewer(cast.maren), values(**wrong))
    assert field in problem.value.fields
    session.rollback()
    assert session.scalar(select(Practice).where(Practice.name == "Antrim Community Clinic")) is None


def test_a_practice_with_the_same_npi_is_refused(cast: Cast, session: Session) -> None:
    cast.olentangy.npi = "1234567893"
    session.flush()
    with pytest.raises(Invalid) as problem:
        services.create_practice(session, cast.viewer(cast.maren), values(npi="1234 567 893"))
    assert problem.value.fields == {"npi": services.NPI_TAKEN}
    services.change_practice(session, cast.viewer(cast.maren), cast.olentangy, {"npi": "1234567893"})


def test_the_same_name_and_zip_is_asked_about(cast: Cast, session: Session) -> None:
    maren = cast.viewer(cast.maren)
    same = values(name="OLENTANGY  Family Medicine")
    with pytest.raises(Invalid) as problem:
        services.create_practice(session, maren, same)
    assert set(problem.value.fields) == {"is_separate"}
    assert services.create_practice(session, maren, same, is_separate=True).id != cast.olentangy.id


def test_two_edits_of_one_version_cannot_both_win(cast: Cast, session: Session) -> None:
    maren, seen = cast.viewer(cast.maren), cast.olentangy.version
    services.change_practice(session, maren, cast.olentangy, {"best_time": "Tue"}, version=seen)
    with pytest.raises(Conflict):
        services.change_practice(session, maren, cast.olentangy, {"best_time": "Wed"}, version=seen)
    assert cast.olentangy.best_time == "Tue"


def test_groups_are_found_again_by_name(cast: Cast, session: Session) -> None:
    maren = cast.viewer(cast.maren)
    services.change_practice(session, maren, cast.olentangy, {"group_name": "Northbank Physicians"})
    services.change_practice(session, maren, cast.southgate, {"group_name": "northbank physicians"})
    assert cast.olentangy.group_id == cast.southgate.group_id is not None
    services.change_practice(session, maren, cast.southgate, {"group_name": None})
    assert cast.southgate.group is None
    assert len(session.scalars(select(PracticeGroup)).all()) == 1


def test_tags_are_kept_added_and_taken_off(cast: Cast, session: Session) -> None:
    maren = cast.viewer(cast.maren)
    services.change_practice(session, maren, cast.olentangy, {"tags": "Portal, Imaging champion"})
    services.add_tag(session, cast.olentangy, "portal, Lunch-friendly")
    assert {row.tag for row in cast.olentangy.tags} == {"Portal", "Imaging champion", "Lunch-friendly"}
    services.change_practice(session, maren, cast.olentangy, {"tags": "Portal"})
    assert [row.tag for row in cast.olentangy.tags] == ["Portal"]


def test_retire_and_bring_back(cast: Cast, session: Session) -> None:
    services.retire_practice(session, cast.olentangy)
    assert cast.olentangy.retired_on == clock.today()
    services.bring_back_practice(session, cast.olentangy)
    assert cast.olentangy.retired_on is None


def test_hours_are_replaced_as_a_whole(cast: Cast, session: Session) -> None:
    week = [DayHours(0, time(8), time(17), time(12), time(13)), DayHours(4, time(8), time(12)), DayHours(5)]
    services.set_hours(session, cast.olentangy, week)
    assert len(cast.olentangy.hours) == 3
    before = cast.olentangy.version
    services.set_hours(session, cast.olentangy, week[1:], version=before)
    assert [row.weekday for row in cast.olentangy.hours] == [4]
    assert cast.olentangy.version == before + 1
    with pytest.raises(Conflict):
        services.set_hours(session, cast.olentangy, [], version=before)


def test_wrong_hours_name_their_day(cast: Cast, session: Session) -> None:
    with pytest.raises(Invalid) as problem:
        services.set_hours(session, cast.olentangy, [DayHours(0, time(8), time(17)), DayHours(2, time(9), time(8))])
    assert set(problem.value.fields) == {"opens_2"}
    assert cast.olentangy.hours == []


def test_many_at_once_leaves_other_territories_alone(cast: Cast, session: Session) -> None:
    both = [cast.olentangy.id, cast.southgate.id, 999_999, 10**30]
    assert services.change_many(session, cast.viewer(cast.dana), both, owner_id=cast.dana.id) == 1
    assert (cast.olentangy.owner_id, cast.southgate.owner_id) == (cast.dana.id, None)
    assert services.change_many(session, cast.viewer(cast.maren), both, tier=Tier.A) == 1
    assert services.change_many(session, cast.viewer(cast.maren), both, tag="Portal") == 2
    assert services.change_many(session, cast.viewer(cast.maren), both, tag="portal") == 0
    assert services.change_many(session, cast.viewer(cast.maren), both, owner_id=None) == 1


def test_many_at_once_has_a_limit_and_checks_the_owner(cast: Cast, session: Session) -> None:
    maren = cast.viewer(cast.maren)
    with pytest.raises(Invalid):
        services.change_many(session, maren, range(1, services.MAX_BULK + 2), tier=Tier.A)
    with pytest.raises(Invalid):
        services.change_many(session, maren, [cast.olentangy.id], owner_id=999_999)
    cast.tomas.is_active = False
    with pytest.raises(Invalid):
        services.change_many(session, maren, [cast.olentangy.id], owner_id=cast.tomas.id)


def test_permission_hangs_on_the_address(cast: Cast, session: Session) -> None:
    priya = cast.viewer(cast.priya)
    said = services.record_permission(session, priya, Channel.EMAIL, " Marisol@Olentangy.example", Consent.ALLOWED)
    assert (said.address, said.decided_on, said.source) == (
        "marisol@olentangy.example",
        clock.today(),
        "Told Priya Raman",
    )
    again = services.record_permission(
        session,
        priya,
        Channel.EMAIL,
        "MARISOL@olentangy.example",
        Consent.OPTED_OUT,
        date(2026, 1, 2),
        "Unsubscribe link",
    )
    assert again is said
    assert (said.consent, said.decided_on, said.source) == (Consent.OPTED_OUT, date(2026, 1, 2), "Unsubscribe link")
    services.forget_permission(session, Channel.EMAIL, "marisol@olentangy.example")
    services.forget_permission(session, Channel.EMAIL, "marisol@olentangy.example")
    assert session.scalars(select(ContactPermission)).all() == []


@pytest.mark.parametrize("address", ["", "no address", "614 555"])
def test_permission_needs_an_address(cast: Cast, session: Session, address: str) -> None:
    for channel in (Channel.EMAIL, Channel.FAX):
        with pytest.raises(Invalid) as problem:
            services.record_permission(session, cast.viewer(cast.priya), channel, address, Consent.ALLOWED)
        assert set(problem.value.fields) == {"address"}


def test_permission_is_never_of_tomorrow(cast: Cast, session: Session) -> None:
    tomorrow = clock.today() + timedelta(days=1)
    with pytest.raises(Invalid):
        services.record_permission(
            session, cast.viewer(cast.priya), Channel.EMAIL, "a@b.example", Consent.ALLOWED, tomorrow
        )


def test_changes_are_in_the_trail_without_the_note_and_the_search_key(cast: Cast, session: Session) -> None:
    services.change_practice(
        session, cast.viewer(cast.maren), cast.olentangy, {"name": "New Name", "note": "Ask for the side window."}
    )
    query = select(AuditEvent).where(AuditEvent.object_kind == "practice", AuditEvent.object_id == cast.olentangy.id)
    changes = list(session.scalars(query.order_by(AuditEvent.id)))[-1].detail["changes"]
    assert changes == {"name": ["Olentangy Family Medicine", "New Name"], "note": "changed"}
