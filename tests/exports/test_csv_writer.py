"""Tests of the CSV writer: nothing runs in a spreadsheet, nothing is lost on the way out and back in."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.exports.csv_writer import guarded, is_risky, lines, unguarded

PAYLOADS = [
    "=1+1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x.example")',
]
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
risky_starts = st.text(st.sampled_from(" \t\r\n\0\x0b\x1f\xa0\u200b\ufeff'"), max_size=4)


def read_back(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


@given(st.lists(st.lists(anything, min_size=2, max_size=2), max_size=8))
def test_what_goes_out_comes_back_in(rows: list[list[str]]) -> None:
    table = read_back(b"".join(lines(["Name", "Note"], rows)))
    assert table[0] == ["Name", "Note"]
    assert [[unguarded(cell) for cell in row] for row in table[1:]] == rows


@given(risky_starts, st.sampled_from(PAYLOADS))
def test_no_cell_can_begin_a_formula_whatever_stands_before_it(start: str, payload: str) -> None:
    cell = guarded(start + payload)
    assert isinstance(cell, str)
    assert cell.startswith("'")
    assert unguarded(cell) == start + payload


@given(anything)
def test_the_guard_goes_on_and_off(text: str) -> None:
    assert unguarded(str(guarded(text))) == text
    assert not is_risky(str(guarded(text))[:1])


@pytest.mark.parametrize(
    "text", ["Nadia Okonjo, MD", "(614) 555-0142", "O'Brien", "'quoted'", "3-4 people", "", "a=b", "'"]
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


@pytest.mark.parametrize("text", ["\tx", "\rx", "\nx", "\0x", "  \t =1", "\x01=1", "'=1", "''@x"])
def test_hidden_starts_are_seen(text: str) -> None:
    assert guarded(text) == "'" + text


def test_numbers_stay_numbers_and_nothing_stays_empty() -> None:
    assert b"".join(lines(["a", "b", "c"], [[-5, 1.5, None]])).endswith(b'"-5","1.5",""\r\n')


def test_every_field_is_quoted_and_the_file_says_that_it_is_utf_8() -> None:
    data = b"".join(lines(["Name"], [['Ann "Annie" Núñez'], ["Bo\r\nCo"]]))
    assert data == '\ufeff"Name"\r\n"Ann ""Annie"" Núñez"\r\n"Bo\r\nCo"\r\n'.encode()


def test_lines_come_one_by_one() -> None:
    def endless():  # type: ignore[no-untyped-def]
        while True:
            yield ["x"]

    stream = lines(["Name"], endless())
    assert [next(stream) for _ in range(3)] == [b"\xef\xbb\xbf", b'"Name"\r\n', b'"x"\r\n']
