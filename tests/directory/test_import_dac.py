"""What a Doctors & Clinicians file becomes: people with their places of work, groups, one practice for each."""

from typing import Any

import pytest
from sqlalchemy import select

from crm.directory.importing.dac import split_name
from crm.directory.importing.rows import RowFilter
from crm.directory.models import PracticeGroup
from tests.cast import Cast
from tests.directory import cms_files
from tests.directory.bringing_in import bring_in, places_of, practices, snapshot, the_provider
from tests.directory.cms_files import (
    clinician,
    compare_42,
    dac_7,
    dac_14,
    dac_40,
    dac_row,
    npi_of,
    nppes_330,
    organization,
)

ADA, BEN, CAM = (npi_of(number) for number in (41, 42, 43))
CLINIC = npi_of(91)
HEART = {"org_nm": "RIVERBEND HEART GROUP, LLC", "org_pac_id": "7810917770"}
FAMILY = {"org_nm": "SCIOTO FAMILY CARE", "org_pac_id": "4183939077"}
ELSEWHERE = {"adr_ln_1": "88 CANAL RD", "adr_ln_2": "STE 2", "cty": "GROVE CITY", "zip": "431231111"}


def test_one_person_on_many_rows_works_at_many_places(database: Any, cast: Cast) -> None:
    rows = [
        dac_row(ADA, "MCDONALD", pri_spec="CARDIOVASCULAR DISEASE (CARDIOLOGY)", **HEART),
        dac_row(ADA, "MCDONALD", pri_spec="CARDIOVASCULAR DISEASE (CARDIOLOGY)", **HEART, **ELSEWHERE),
        dac_row(ADA, "MCDONALD", pri_spec="CARDIOVASCULAR DISEASE (CARDIOLOGY)", **HEART, **ELSEWHERE),
        dac_row(BEN, "OKAFOR", **HEART),
    ]
    counts = bring_in(database, dac_40(rows))
    assert (counts.read, counts.added, counts.unchanged, counts.providers_added) == (4, 3, 1, 2)
    ada = the_provider(database, ADA)
    assert (ada.name, ada.specialty, ada.taxonomy) == ("Ada McDonald, MD", "Cardiology", "207RC0000X")
    assert ada.source == "CMS Doctors & Clinicians"
    assert places_of(database, ADA) == ["Olentangy Family Medicine", "Riverbend Heart Group, LLC"]
    [group] = database().scalars(select(PracticeGroup)).all()
    assert (group.name, group.pac_id) == ("Riverbend Heart Group, LLC", "7810917770")
    assert [work.is_primary for work in ada.affiliations] == [True, False]
    assert cast.olentangy.group is group, "the only practice at the address, and it had no group yet"
    assert cast.olentangy.name == "Olentangy Family Medicine"
    south = practices(database)[2]
    assert (south.territory, south.phone, south.address_line) == (
        cast.south, "+16145550142", "88 Canal Rd, Ste 2, Grove City, OH 43123-1111",
    )  # fmt: skip


def test_two_groups_at_one_address_are_two_practices(database: Any) -> None:
    bring_in(database, dac_40([dac_row(ADA, **HEART), dac_row(BEN, **FAMILY), dac_row(CAM, "LUND", **FAMILY)]))
    assert [place.name for place in practices(database)] == ["Riverbend Heart Group, LLC", "Scioto Family Care"]
    assert places_of(database, BEN) == places_of(database, CAM) == ["Scioto Family Care"]


def test_nppes_and_this_file_mean_the_same_practice(database: Any) -> None:
    here = {"line1": "7420 RIVERBEND PARKWAY"}
    bring_in(database, nppes_330([clinician(ADA, **here), organization(CLINIC, "RIVERBEND HEART GROUP", **here)]))
    counts = bring_in(database, dac_40([dac_row(ADA, **HEART), dac_row(BEN, **HEART)]))
    [place] = practices(database)
    assert (place.name, place.npi, place.group.pac_id if place.group else "") == (
        "Riverbend Heart Group", CLINIC, "7810917770",
    )  # fmt: skip
    assert (counts.updated, counts.added) == (1, 1)
    assert places_of(database, BEN) == [place.name]


def test_a_group_names_a_practice_that_only_its_people_had_named(database: Any) -> None:
    bring_in(database, nppes_330([clinician(CAM, "LUND", "CAM")]))
    bring_in(database, dac_40([dac_row(ADA, **HEART)]))
    [place] = practices(database)
    assert place.name == "Riverbend Heart Group, LLC"


def test_without_an_organization_people_share_the_practice_of_their_address(database: Any) -> None:
    rows = [dac_row(ADA), dac_row(BEN, "OKAFOR", "BEN"), dac_row(ADA, **ELSEWHERE)]
    bring_in(database, dac_14(rows))
    assert [place.name for place in practices(database)] == [
        "Whitcomb and Okafor, 7420 Riverbend Pkwy", "Ada Whitcomb, 88 Canal Rd",
    ]  # fmt: skip


def test_a_zip_without_its_zero_is_mended_and_blank_rows_are_counted(database: Any) -> None:
    counts = bring_in(database, dac_7([dac_row(ADA, zip="041023134", st="ME")], blank=3))
    assert (counts.read, counts.added, counts.blank) == (4, 1, 3)
    assert practices(database)[0].zip == "04102-3134"
    assert the_provider(database, ADA).name == "Ada Whitcomb"


def test_the_header_of_2017(database: Any) -> None:
    counts = bring_in(database, compare_42([dac_row(ADA, suff="JR.", **HEART)]))
    assert (counts.added, the_provider(database, ADA).suffix) == (1, "Jr.")
    assert practices(database)[0].group is not None


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("DAVID GILMAN", ["GILMAN", "DAVID", "", "", ""]),
        ("DAVID M J GILMAN JR.", ["GILMAN", "DAVID", "M J", "JR.", ""]),
        ("CHER", ["CHER", "", "", "", ""]),
        ("III", ["III", "", "", "", ""]),
        ("", ["", "", "", "", ""]),
    ],
)
def test_a_whole_name_is_parted(name: str, parts: list[str]) -> None:
    assert split_name(name) == parts


def test_filters_go_by_the_specialty_too(database: Any) -> None:
    rows = [dac_row(ADA), dac_row(BEN, pri_spec="UROLOGY"), dac_row(CAM, st="KY"), dac_row(npi_of(5), pri_spec="")]
    counts = bring_in(database, dac_40(rows), RowFilter(frozenset({"OH"}), (), ("207Q", "208")))
    assert (counts.added, counts.filtered) == (2, 2)


def test_what_this_file_says_does_not_overwrite_what_nppes_said(database: Any) -> None:
    bring_in(database, nppes_330([clinician(ADA, "WHITCOMB", "ADA", credentials="MD, PHD")]))
    counts = bring_in(database, dac_40([dac_row(ADA, "WHITCOMBE", "ADAH", Cred="", mid_nm="B", suff="SR")]))
    ada = the_provider(database, ADA)
    assert (ada.name, ada.middle_name) == ("Ada Whitcomb Sr., MD, PhD", "B")
    assert counts.updated == 1


@pytest.mark.parametrize("write", [cms_files.dac_40, cms_files.dac_14, cms_files.dac_7, cms_files.compare_42])
def test_every_generation_is_brought_in_once(database: Any, write: Any) -> None:
    rows = [dac_row(ADA, **HEART), dac_row(BEN, "OKAFOR", "BEN", **FAMILY), dac_row(ADA, **HEART, **ELSEWHERE)]
    first = bring_in(database, write(rows))
    before = snapshot(database)
    again = bring_in(database, write(rows))
    assert (first.added, again.unchanged) == (3, 3)
    assert snapshot(database) == before
