"""Tests of invented numbers and places: they pass every check and belong to nobody."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.geo import Point, miles, zip_centroids
from crm.demo import identifiers
from crm.demo.names import FIRST_NAMES, LANDMARKS, LAST_NAMES, unique_practice_name
from crm.demo.places import TERRITORIES, all_places, spot, zip_prefixes
from crm.demo.specialties import SERVICE_LINES, SITE_SHARES, SITES, SPECIALTIES
from crm.directory.npi import is_npi

COLUMBUS = Point(39.96, -83.0)


@given(st.integers(0, 99_999_999))
def test_npis_are_valid_and_of_the_kind_that_was_never_issued(number: int) -> None:
    assert is_npi(identifiers.npi(number))
    assert identifiers.npi(number).startswith("2")


def test_npis_do_not_repeat() -> None:
    assert len({identifiers.npi(number) for number in range(100_000)}) == 100_000


@pytest.mark.parametrize(
    "areas",
    [identifiers.PRACTICE_AREAS, identifiers.FAX_AREAS, identifiers.MOBILE_AREAS],
    ids=["phone", "fax", "mobile"],
)
def test_phones_are_those_set_aside_for_fiction(areas: tuple[str, ...]) -> None:
    numbers = {identifiers.phone(number, areas) for number in range(5_000)}
    assert len(numbers) == 100 * len(areas)
    assert all(re.fullmatch(r"\+1\d{3}55501\d\d", number) for number in numbers)


def test_kinds_of_number_never_share_an_area() -> None:
    areas = [*identifiers.PRACTICE_AREAS, *identifiers.FAX_AREAS, *identifiers.MOBILE_AREAS]
    assert len(areas) == len(set(areas))


def test_addresses_end_where_nobody_can_register() -> None:
    assert identifiers.domain("Bexley Women's Health", 17) == "bexley-womens-health-17.example"
    assert identifiers.mailbox("Nadia", "Okonjo") == "nadia.okonjo"


def test_every_zip_is_near_columbus_and_known_to_the_census() -> None:
    places = all_places()
    assert len(places) > 55
    assert len({place.zip for place in places}) == len(places)
    for place in places:
        assert miles(zip_centroids()[place.zip], COLUMBUS) < 45, place


@pytest.mark.parametrize("territory", TERRITORIES)
def test_the_zips_of_a_territory_fit_its_field(territory: str) -> None:
    codes = zip_prefixes(territory)
    assert len(codes) <= 500
    assert all(len(code) == 5 for code in codes.split())


def test_practices_stand_near_the_centre_of_their_zip() -> None:
    rng = np.random.default_rng(1)
    assert all(miles(spot(rng, "43085"), zip_centroids()["43085"]) < 2 for _ in range(50))


def test_an_unknown_zip_is_refused() -> None:
    with pytest.raises(LookupError, match="99999"):
        spot(np.random.default_rng(1), "99999")


def test_shares_belong_to_lines_and_sites() -> None:
    assert all(len(specialty.lines) == len(SERVICE_LINES) for specialty in SPECIALTIES)
    assert all(sum(specialty.lines) == pytest.approx(1, abs=0.02) for specialty in SPECIALTIES)
    assert len(SITE_SHARES) == len(TERRITORIES)
    assert all(len(shares) == len(SITES) and sum(shares) == pytest.approx(1) for shares in SITE_SHARES)


def test_names_do_not_repeat() -> None:
    for names in (FIRST_NAMES, LAST_NAMES, LANDMARKS):
        assert len(names) == len(set(names))


def test_a_taken_name_gets_its_town_and_then_a_number() -> None:
    taken: set[str] = set()
    names = [unique_practice_name("Whetstone", "Pediatrics", "Powell", taken) for _ in range(3)]
    assert names == ["Whetstone Pediatrics", "Whetstone Pediatrics of Powell", "Whetstone Pediatrics 2"]
