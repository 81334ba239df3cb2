"""Cells, addresses, numbers and filters as people and tools damage them."""

import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.core.errors import Invalid
from crm.directory.importing.addresses import is_post_box, place_key, street_lines
from crm.directory.importing.applying import phone_number
from crm.directory.importing.cells import day_of, is_blank, number_of, state_of, text_of, zip_of
from crm.directory.importing.filters import filter_of, in_words, read_filter, stored_filter
from crm.directory.importing.rows import RowFilter
from crm.directory.importing.seen import SeenNumbers
from crm.directory.phones import e164
from crm.directory.values import read_zip
from tests.directory.cms_files import npi_of


@pytest.mark.parametrize(
    ("cell", "zip_code"),
    [
        ("43085", "43085"), ("430851234", "43085-1234"), ("43085-1234", "43085-1234"), ("43085.0", "43085"),
        ("688482168.0", "68848-2168"), ("4416", "04416"), ("41023134", "04102-3134"), ("501", "00501"),
        ("6050123", "00605-0123"), ("430850000", "43085"), ("", ""), ("nan", ""), ("12", ""), ("123456", ""),
        ("1234567890", ""), ("K1A 0B1", ""),
    ],
)  # fmt: skip
def test_zip_codes_are_mended_where_only_one_is_meant(cell: str, zip_code: str) -> None:
    assert zip_of(cell) == zip_code


@given(st.text(max_size=15))
def test_a_zip_is_one_or_nothing(cell: str) -> None:
    found = zip_of(cell)
    assert not found or read_zip(found) == found


def test_cells_that_say_nothing_are_empty() -> None:
    assert [text_of(cell) for cell in ("", "  ", "nan", "NaN", "<UNAVAIL>", "NULL")] == [""] * 6
    assert [text_of(cell) for cell in (" NA ", "NAN", "A  B\tC")] == ["NA", "NAN", "A B C"]
    assert [number_of(cell) for cell in ("1.0", "1234567893.0", "1.5", "NaN")] == ["1", "1234567893", "1.5", ""]
    assert [state_of(cell) for cell in ("oh", "Ohio", " NEW YORK ", "ZZ", "AMMAN", "")] == [
        "OH",
        "OH",
        "NY",
        "",
        "",
        "",
    ]
    assert [day_of(cell) for cell in ("03/16/2019", "2019-03-16", "8/9/2006", "soon", "")] == [
        date(2019, 3, 16), date(2019, 3, 16), date(2006, 8, 9), None, None,
    ]  # fmt: skip
    assert is_blank(["", " ", "\t"])
    assert is_blank([])
    assert not is_blank(["", "0"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("600 PROFESSIONAL DR", "160A"), ("600 Professional Drive", "Suite 160-A")),
        (("1824 KING STREET", "SUITE 300"), ("1824 KING ST STE 300", "")),
        (("345 23RD AVENUE NORTH", "SUITE #209"), ("345 23rd Ave N", "# 209")),
        (("ONE COMMERCE AVE", ""), ("1 COMMERCE AVENUE", "")),
        (("200 HAWKINS DR", "DEPT OF PSYCHIATRY"), ("200 HAWKINS DR", "ATTN: BILLING")),
        (("999 E MURRAY RD", "SUITE102"), ("999 EAST MURRAY ROAD", "UNIT 102")),
        (("350 MAIN ST", "3RD FLOOR"), ("350 MAIN ST FL 3RD", "")),
    ],
)
def test_one_place_however_it_is_written(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert place_key(*one, "43085") == place_key(*other, "43085-1234") != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("600 MAIN ST", "STE 1"), ("600 MAIN ST", "STE 2")),
        (("600 MAIN ST", "STE 1"), ("600 MAIN ST", "")),
        (("600 N MAIN ST", ""), ("600 S MAIN ST", "")),
        (("300 TOWER RD", ""), ("300 OFFICE PARK DR", "")),
    ],
)
def test_other_places(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert place_key(*one, "43085") != place_key(*other, "43085")
    assert place_key(*one, "43085") != place_key(*one, "43086")


def test_the_street_is_found_and_post_boxes_are_told() -> None:
    assert street_lines("ST. JUDE HOSPITAL", "262 DANNY THOMAS PL") == ("262 DANNY THOMAS PL", "ST. JUDE HOSPITAL")
    assert street_lines("262 DANNY THOMAS PL", "STE 4") == ("262 DANNY THOMAS PL", "STE 4")
    assert is_post_box("P.O. BOX 12", "")
    assert is_post_box("PO BOX 12", "STE 1")
    assert not is_post_box("12 BOXWOOD RD", "")
    assert not is_post_box("PO BOX 12", "88 CANAL RD")
    assert place_key("", "", "43085") == ""


def test_numbers_are_read_as_everywhere_else() -> None:
    chance = random.Random(3)
    for _ in range(400):
        number = f"{chance.randrange(10**10):010d}"
        assert phone_number(number) == e164(number), number
    assert phone_number("") is None
    assert phone_number("(614) 555-0142") == "+16145550142"


def test_filters_are_read_as_people_write_them() -> None:
    wanted = read_filter(["oh, New York", "KY"], ["430 43215*"], ["207q,2085R0202X"])
    assert wanted == RowFilter(frozenset({"OH", "NY", "KY"}), ("430", "43215"), ("207Q", "2085R0202X"))
    assert filter_of(stored_filter(wanted)) == wanted
    assert in_words(wanted) == ["State KY, NY, OH", "ZIP 430…, 43215", "Taxonomy 207Q…, 2085R0202X"]
    assert not read_filter().is_set
    assert in_words(RowFilter()) == []


def test_a_filter_that_cannot_be_understood_names_its_field() -> None:
    with pytest.raises(Invalid) as problem:
        read_filter(["OH, XX"], ["43x"], ["family"])
    assert set(problem.value.fields) == {"states", "zips", "codes"}


def test_rows_must_agree_with_every_part_of_a_filter() -> None:
    wanted = RowFilter(frozenset({"OH"}), ("430",), ("207Q", "208"))
    assert wanted.takes("OH", "43085-1234", ("363L00000X", "207Q00000X"))
    assert not wanted.takes("KY", "43085", ("207Q00000X",))
    assert not wanted.takes("OH", "43215", ("207Q00000X",))
    assert not wanted.takes("OH", "43085", ("207R00000X",))
    assert not wanted.takes("OH", "43085", ())


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 99_999_999), max_size=30))
def test_every_npi_is_new_once(numbers: list[int]) -> None:
    seen, known = SeenNumbers(), set()
    for number in numbers:
        assert seen.add(npi_of(number)) is (number not in known)
        known.add(number)
