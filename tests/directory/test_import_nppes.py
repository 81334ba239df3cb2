"""What an NPPES file becomes: providers, practices grouped by their address, and who works where."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from crm.audit.models import AuditEvent
from crm.directory.importing.rows import RowFilter
from crm.directory.models import Affiliation, Practice, PracticeKind, PracticeStatus
from crm.directory.search_keys import practice_key
from tests.cast import Cast
from tests.directory import cms_files
from tests.directory.bringing_in import bring_in, places_of, practices, snapshot, the_provider
from tests.directory.cms_files import clinician, deactivated, npi_of, nppes_330, organization

ADA, BEN, CAM, DEE = (npi_of(number) for number in (41, 42, 43, 44))
CLINIC, HOSPITAL, DRUGS = (npi_of(number) for number in (91, 92, 93))
ELSEWHERE = {"line1": "88 CANAL RD", "city": "GROVE CITY", "zip": "431231111"}


def test_a_person_becomes_a_provider_at_a_practice_of_the_address(database: Any, cast: Cast) -> None:
    row = clinician(
        ADA, "MCDONALD-O'NEIL", "ADA", middle="B", suffix="JR", credentials="M.D., PH.D.",
        line1="100 CANAL ROAD", line2="SUITE 4", city="WESTERVILLE", zip="430811234", fax="6145550143",
    )  # fmt: skip
    counts = bring_in(database, nppes_330([row]))
    assert (counts.read, counts.added, counts.providers_added, counts.practices_added) == (1, 1, 1, 1)
    ada = the_provider(database, ADA)
    assert (ada.name, ada.middle_name, ada.specialty) == ("Ada McDonald-O'Neil Jr., MD, PhD", "B", "Family medicine")
    assert (ada.taxonomy, ada.source, ada.phone, ada.search_key) == ("207Q00000X", "NPPES", None, "mcdonald oneil ada")
    [work] = ada.affiliations
    place = work.practice
    assert (work.is_primary, work.weekdays, work.starts_on, work.ends_on) == (True, 31, None, None)
    assert place.name == "Ada McDonald-O'Neil, 100 Canal Road"
    assert place.address_line == "100 Canal Road, Suite 4, Westerville, OH 43081-1234"
    assert (place.phone, place.fax, place.npi) == ("+16145550142", "+16145550143", None)
    assert (place.status, place.tier, place.kind, place.source) == (
        PracticeStatus.TARGET, None, PracticeKind.PHYSICIAN, "NPPES",
    )  # fmt: skip
    assert place.territory is cast.north
    assert place.is_placed_by_zip
    assert place.point is not None
    assert place.search_key == practice_key(place.name, place.city)


def test_people_at_one_address_share_a_practice_that_is_named_after_them(database: Any) -> None:
    same = {"line1": "100 CANAL RD", "line2": "STE 4"}
    other = {"line1": "100 Canal Road", "line2": "Suite 4"}
    bring_in(database, nppes_330([clinician(ADA, "WHITCOMB", "ADA", **same)]))
    assert [place.name for place in practices(database)] == ["Ada Whitcomb, 100 Canal Rd"]
    bring_in(database, nppes_330([clinician(BEN, "OKAFOR", "BEN", **other)]))
    assert [place.name for place in practices(database)] == ["Whitcomb and Okafor, 100 Canal Rd"]
    more = [clinician(CAM, "LUND", "CAM", **other), clinician(DEE, "REYES", "DEE", **same)]
    bring_in(database, nppes_330(more))
    assert [place.name for place in practices(database)] == ["Whitcomb, Okafor and others, 100 Canal Rd"]
    assert practices(database)[0].search_key == practice_key(practices(database)[0].name, "Worthington")
    bring_in(database, nppes_330([clinician(npi_of(45), "STONE", "EVA", line1="100 CANAL RD", line2="STE 5")]))
    assert len(practices(database)) == 2


@pytest.mark.parametrize("is_first", [True, False])
def test_an_organization_at_the_address_gives_the_practice_its_name(database: Any, is_first: bool) -> None:
    people, group = clinician(ADA), organization(CLINIC, "RIVERBEND FAMILY MEDICINE, LLC", code="261QP2300X")
    bring_in(database, nppes_330([group, people] if is_first else [people, group]))
    [place] = practices(database)
    assert (place.name, place.npi) == ("Riverbend Family Medicine, LLC", CLINIC)
    assert places_of(database, ADA) == ["Riverbend Family Medicine, LLC"]


def test_the_name_on_the_door_is_preferred_to_the_legal_one(database: Any) -> None:
    names = {"other_name": "RIVERBEND HEART CLINIC", "other_type": "3"}
    former = {"other_name": "OLD NAME INC", "other_type": "4", **ELSEWHERE}
    bring_in(
        database, nppes_330([organization(CLINIC, "RH HOLDINGS", **names), organization(DRUGS, "DRUGS", **former)])
    )
    assert [place.name for place in practices(database)] == ["Riverbend Heart Clinic", "Drugs"]


def test_clinicians_do_not_work_at_the_pharmacy_in_the_lobby(database: Any) -> None:
    rows = [
        organization(DRUGS, "LOBBY PHARMACY", code="3336C0003X"),
        clinician(ADA, "WHITCOMB"),
        organization(HOSPITAL, "RIVERBEND HOSPITAL", code="282N00000X"),
        clinician(BEN, "OKAFOR"),
        clinician(CAM, "LUND", code="183500000X"),
    ]
    bring_in(database, nppes_330(rows))
    kinds = {place.name: place.kind for place in practices(database)}
    assert kinds == {"Lobby Pharmacy": PracticeKind.PHARMACY, "Riverbend Hospital": PracticeKind.HOSPITAL}
    assert places_of(database, ADA) == places_of(database, BEN) == ["Riverbend Hospital"]
    assert places_of(database, CAM) == ["Lobby Pharmacy"]


def test_the_primary_specialty_is_the_one_whose_switch_is_set(database: Any) -> None:
    switches = {
        "Healthcare Provider Primary Taxonomy Switch_1": "N", "Healthcare Provider Taxonomy Code_2": "207RC0000X",
        "Healthcare Provider Primary Taxonomy Switch_2": "Y",
    }  # fmt: skip
    bring_in(database, nppes_330([clinician(ADA, code="174400000X", **switches), clinician(BEN, code="999Z99999X")]))
    assert the_provider(database, ADA).specialty == "Cardiology"
    assert the_provider(database, BEN).specialty == the_provider(database, BEN).taxonomy == "999Z99999X"


@pytest.mark.parametrize(
    "where",
    [
        {"line1": ""}, {"line1": "PO BOX 12"}, {"zip": ""}, {"zip": "123456"}, {"country": "AU"},
        {"line1": "", "zip": "", "state": "AMMAN"},
    ],
)  # fmt: skip
def test_without_an_address_the_provider_goes_in_without_a_practice(database: Any, where: dict[str, str]) -> None:
    counts = bring_in(database, nppes_330([clinician(ADA, **where)]))
    assert (counts.added, counts.without_place, practices(database)) == (1, 1, [])
    assert the_provider(database, ADA).phone == "+16145550142"


def test_a_deactivated_npi_stays_out_and_retires_whom_it_belonged_to(database: Any, cast: Cast) -> None:
    bring_in(database, nppes_330([clinician(ADA), organization(CLINIC, "RIVERBEND CLINIC", **ELSEWHERE)]))
    cast.southgate.npi = HOSPITAL
    ends = [deactivated(npi) for npi in (ADA, CLINIC, HOSPITAL, BEN, cast.okonjo.npi or "")]
    counts = bring_in(database, nppes_330(ends))
    assert (counts.updated, counts.retired, counts.reasons) == (3, 3, {"deactivated": 2})
    assert the_provider(database, ADA).retired_on == cast.okonjo.retired_on == date(2019, 3, 16)
    assert cast.southgate.retired_on is None, "a practice that somebody typed stays"
    cast.okonjo.retired_on = None  # somebody brings her back: that stays
    database.commit()
    again = bring_in(database, nppes_330(ends))
    assert (again.unchanged, again.updated, cast.okonjo.retired_on) == (3, 0, None)


def test_an_npi_that_is_active_again_comes_back(database: Any) -> None:
    bring_in(database, nppes_330([clinician(ADA)]))
    bring_in(database, nppes_330([deactivated(ADA)]))
    back = clinician(ADA, ended="03/16/2019", back="05/01/2020")
    counts = bring_in(database, nppes_330([back]))
    assert (counts.updated, the_provider(database, ADA).retired_on) == (1, None)


def test_with_a_filter_the_unknown_deactivated_are_not_wanted_rather_than_refused(database: Any) -> None:
    bring_in(database, nppes_330([clinician(ADA)]))
    wanted = RowFilter(states=frozenset({"OH"}))
    counts = bring_in(database, nppes_330([deactivated(ADA), deactivated(BEN)]), wanted)
    assert (counts.updated, counts.filtered, counts.refused) == (1, 1, 0)


def test_only_what_is_wanted_goes_in(database: Any) -> None:
    rows = [
        clinician(ADA), clinician(BEN, state="KY"), clinician(CAM, zip="432150000"), clinician(DEE, code="363A00000X"),
        organization(CLINIC, "RIVERBEND CLINIC", code="207Q00000X"),
    ]  # fmt: skip
    wanted = RowFilter(frozenset({"OH"}), ("430",), ("207Q",))
    counts = bring_in(database, nppes_330(rows), wanted)
    assert (counts.added, counts.updated, counts.filtered) == (1, 1, 3)
    assert [place.name for place in practices(database)] == ["Riverbend Clinic"]


def test_rows_that_cannot_go_in_are_refused_one_by_one(database: Any) -> None:
    rows = [
        clinician(""), clinician("1234567890"), clinician(ADA), clinician(ADA, "OTHER"), clinician(BEN, ""),
        organization(CLINIC, ""), clinician(CAM, "L" * 61), organization(DRUGS, "N" * 201),
    ]  # fmt: skip
    counts = bring_in(database, nppes_330(rows) + b"cut,off\r\n")
    assert (counts.read, counts.added, counts.refused) == (9, 1, 8)
    assert counts.reasons == {"no_npi": 1, "bad_npi": 1, "repeated": 1, "no_name": 2, "too_long": 2, "cells": 1}
    assert the_provider(database, ADA).last_name == "Whitcomb"


def test_somebody_who_moves_leaves_the_place_that_the_last_import_noted(database: Any, cast: Cast) -> None:
    bring_in(database, nppes_330([clinician(ADA)]))
    typed = Affiliation(provider=the_provider(database, ADA), practice=cast.southgate)
    database.add(typed)
    database.commit()
    counts = bring_in(database, nppes_330([clinician(ADA, line1="9 NEW STREET")]))
    assert (counts.added, counts.affiliations_added, counts.affiliations_ended) == (1, 1, 1)
    assert places_of(database, ADA) == ["Southgate Internal Medicine", "Ada Whitcomb, 9 New Street"]
    assert [work.is_primary for work in the_provider(database, ADA).affiliations if not work.ends_on] == [False, True]
    before = snapshot(database)
    assert bring_in(database, nppes_330([clinician(ADA, line1="9 NEW STREET")])).unchanged == 1
    assert snapshot(database) == before


def test_a_practice_that_people_typed_is_found_by_its_address(database: Any, cast: Cast) -> None:
    row = clinician(ADA, line1="7420 RIVERBEND PARKWAY", zip="43085")
    group = organization(CLINIC, "OLENTANGY FAMILY MEDICINE LLC", line1="7420 Riverbend Pkwy")
    bring_in(database, nppes_330([row, group]))
    assert len(practices(database)) == 2
    assert places_of(database, ADA) == ["Olentangy Family Medicine"]
    assert (cast.olentangy.npi, cast.olentangy.name, cast.olentangy.source) == (CLINIC, "Olentangy Family Medicine", "")


def test_another_organization_at_a_typed_address_is_a_practice_of_its_own(database: Any, cast: Cast) -> None:
    bring_in(database, nppes_330([organization(CLINIC, "SCIOTO IMAGING CENTER", line1="7420 Riverbend Pkwy")]))
    assert cast.olentangy.npi is None
    assert [place.name for place in practices(database)][2:] == ["Scioto Imaging Center"]


@pytest.mark.parametrize("write", [cms_files.nppes_330, cms_files.nppes_floats, cms_files.nppes_41, cms_files.nppes_21])
def test_every_generation_gives_the_same_person_and_place(database: Any, write: Any) -> None:
    bring_in(database, write([clinician(ADA, zip="021391234", state="MA", city="CAMBRIDGE")]))
    ada = the_provider(database, ADA)
    assert (ada.name, ada.affiliations[0].practice.zip) == ("Ada Whitcomb, MD", "02139-1234")


def test_the_smallest_excerpt_has_no_places_but_for_organizations(database: Any) -> None:
    counts = bring_in(database, cms_files.nppes_8([clinician(ADA), organization(CLINIC, "RIVERBEND CLINIC")]))
    assert (counts.added, counts.without_place, places_of(database, ADA)) == (2, 1, [])
    [place] = practices(database)
    assert (place.name, place.city, place.state, place.source_key) == ("Riverbend Clinic", "Worthington", "OH", None)
    bring_in(database, nppes_330([organization(CLINIC, "RIVERBEND CLINIC")]))
    assert (place.address1, place.source_key) == ("7420 Riverbend Parkway", "43085 7420 riverbend pkwy")


def test_bulk_rows_leave_no_event_each(database: Any, cast: Cast) -> None:
    before = len(database().scalars(select(AuditEvent)).all())
    bring_in(database, nppes_330([clinician(ADA)]))
    assert len(database().scalars(select(AuditEvent)).all()) == before
    assert len(database().scalars(select(Practice)).all()) == 3 - (cast.olentangy.zip == "43085")
