"""Tests of the XLSX writer: texts stay texts."""

import io
import re
import zipfile

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.exports.xlsx_writer import MAX_CELL, Sheet, workbook

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    '=HYPERLINK("http://x.example")',
    "http://x.example",
    "mailto:a@x.example",
    "0012",
    "1e5",
    "\t=1",
]


def parts(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_no_formula_no_link_and_no_guessed_number() -> None:
    data = workbook([Sheet("People", ["Name"], [[text] for text in HOSTILE])])
    xml = parts(data)
    sheet = xml["xl/worksheets/sheet1.xml"]
    assert "<f>" not in sheet
    assert "<f " not in sheet
    assert "hyperlink" not in "".join(xml.values()).replace("=HYPERLINK(", "")
    assert len(re.findall(r't="(?:s|inlineStr|str)"', sheet)) == len(HOSTILE) + 1
    cells = openpyxl.load_workbook(io.BytesIO(data))["People"]
    assert [row[0].value for row in cells.iter_rows(min_row=2)] == HOSTILE
    assert {row[0].data_type for row in cells.iter_rows()} == {"s"}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30), min_size=1, max_size=5)
)
def test_any_text_comes_back_as_it_was(texts: list[str]) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(workbook([Sheet("People", ["Name"], [[t] for t in texts])])))["People"]
    # openpyxl reads the two code points that XML cannot hold as something else; no name has them.
    expected = [t for t in texts if "\ufffe" not in t and "\uffff" not in t]
    if len(expected) == len(texts):
        assert [row[0].value for row in sheet.iter_rows(min_row=2)] == texts


def test_control_characters_do_not_break_the_file() -> None:
    data = workbook([Sheet("People", ["Name"], [["a\x01b\x0bc\0d"], ["x" * (MAX_CELL + 9)], [None], [7]])])
    cells = [row[0].value for row in openpyxl.load_workbook(io.BytesIO(data))["People"].iter_rows(min_row=2)]
    assert len(cells[1]) == MAX_CELL
    assert cells[2:] == [None, 7]


def test_several_sheets_and_one_of_pairs_without_a_header() -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(workbook([Sheet("People", ["Name"], []), Sheet("Receipt", [], [["Made by", "Priya"]], [20, 90])]))
    )
    assert book.sheetnames == ["People", "Receipt"]
    assert [c.value for c in book["Receipt"][1]] == ["Made by", "Priya"]
