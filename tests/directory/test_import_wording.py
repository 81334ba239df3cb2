"""Capitals become readable names, and nothing but the case of letters changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.directory.importing.credentials import clean_credentials
from crm.directory.importing.wording import (
    address_case,
    organization_case,
    person_case,
    sentence_case,
    suffix_case,
)

CAPITALS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZÉÑÖ '-.,&/#0123456789", max_size=40)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("SMITH", "Smith"), ("MCDONALD", "McDonald"), ("MACDONALD", "MacDonald"), ("MACK", "Mack"), ("MACON", "Macon"),
        ("O'BRIEN", "O'Brien"), ("D'ANGELO-SMITH", "D'Angelo-Smith"), ("MC", "Mc"), ("DE LA CRUZ", "De La Cruz"),
        ("SMITH III", "Smith III"), ("LOUGH, JR.", "Lough, Jr."), ("ST. JOHN", "St. John"), ("MUÑOZ", "Muñoz"),
        ("J.R.", "J.R."), ("deSouza", "deSouza"), ("van der Berg", "van der Berg"), ("", ""),
    ],
)  # fmt: skip
def test_names_of_people(written: str, read: str) -> None:
    assert person_case(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ST LUKE'S CLINIC OF OHIO, LLC", "St Luke's Clinic of Ohio, LLC"),
        ("CUMBERLAND COUNTY HOSPITAL SYSTEM, INC", "Cumberland County Hospital System, Inc"),
        ("THE HEART CENTER AT RIVERBEND", "The Heart Center at Riverbend"),
        ("OPEN MRI OF BOISE, L.L.C.", "Open MRI of Boise, L.L.C."), ("A & A MEDICAL SUPPLY", "A & A Medical Supply"),
        ("3RD STREET FAMILY MEDICINE PC", "3rd Street Family Medicine PC"), ("CG MEDICAL INC.", "CG Medical Inc."),
        ("McKay Clinic", "McKay Clinic"),
    ],
)  # fmt: skip
def test_names_of_organizations(written: str, read: str) -> None:
    assert organization_case(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("7420 RIVERBEND PKWY STE 3B", "7420 Riverbend Pkwy Ste 3B"), ("12 NE 3RD ST", "12 NE 3rd St"),
        ("PO BOX 12", "PO Box 12"), ("88 AVE OF THE AMERICAS", "88 Ave of the Americas"), ("400 N ST", "400 N St"),
        ("DR. M L KING BLVD", "Dr. M L King Blvd"),
    ],
)  # fmt: skip
def test_addresses(written: str, read: str) -> None:
    assert address_case(written) == read


def test_suffixes_and_sentences() -> None:
    assert [suffix_case(text) for text in ("JR", "SR.", "iii", "IV", "")] == ["Jr.", "Sr.", "III", "IV", ""]
    assert sentence_case("GERIATRIC MEDICINE") == "Geriatric medicine"
    assert sentence_case("Clinic for Adults") == "Clinic for Adults"


@given(CAPITALS)
def test_case_changes_nothing_else_and_only_once(text: str) -> None:
    for change in (person_case, organization_case, address_case, sentence_case):
        once = change(text)
        assert once.upper() == text
        assert change(once) == once


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("M.D.", "MD"), ("M. D.", "MD"), ("M D", "MD"), ("MD, PHD", "MD, PhD"), ("M.D. FACS", "MD, FACS"),
        ("D.O. P C", "DO"), ("MD PA", "MD"), ("PA", "PA"), ("P.A.-C.", "PA-C"), ("PHARM.D.", "PharmD"),
        ("MSN,FNP", "MSN, FNP"), ("DDS/MD", "DDS, MD"), ("--", ""), ("N.A", ""), ("", ""), ("MD, MD", "MD"),
        ("PHYSICAL THERAPIST", "PHYSICAL THERAPIST"),
    ],
)  # fmt: skip
def test_credentials(written: str, read: str) -> None:
    assert clean_credentials(written) == read


@given(st.text(max_size=300))
def test_credentials_always_fit(text: str) -> None:
    assert len(clean_credentials(text)) <= 60
