"""Tests of workbooks column by column: what the child process writes is what each cell says, row by row."""

import io
from datetime import date, datetime, time, timedelta
from itertools import chain

import pytest
import xlsxwriter
from hypothesis import example, given
from hypothesis import strategies as st

from crm.core.errors import Invalid, TooLarge
from crm.referrals.importing import workbook_child as child
from crm.referrals.importing.kept import kept_lines
from crm.referrals.importing.reading import read_file
from crm.referrals.importing.sheets import Limits, Line, Sheet
from crm.referrals.importing.survey import survey
from crm.referrals.importing.upload import pack, unpack
from crm.referrals.importing.workbook import sheets_of
from tests.referrals.files import OKONJO, with_member, workbook

HEADER = ("Referral Date", "Ref NPI", "Referring Practice", "Status")
SIGNS = {0x00: " ", 0x1C: " ", 0x1D: " ", 0x1E: " ", 0x1F: " "}
cells = st.one_of(
    st.sampled_from(["", "Seen", "Zoë", "a\x1fb", "\x1e", " ", "0", "TRUE", True, False, 0.0, -0.0, 1.0, 1, 2.5, 1e17]),
    st.sampled_from([None, date(2026, 3, 1), datetime(2026, 3, 1), datetime(2026, 3, 1, 9, 30)]),  # noqa: DTZ001 no zone
    st.sampled_from([time(12), timedelta(days=1, hours=12), timedelta(0)]),
    st.text(max_size=5),
    st.floats(allow_nan=False, allow_infinity=False),
)


def plain(cell: object) -> str:
    """How a cell looks."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return "0" if cell == 0 else repr(cell).removesuffix(".0")
    if isinstance(cell, datetime):
        return str(cell).removesuffix(" 00:00:00")
    if isinstance(cell, timedelta):
        return f"{cell.total_seconds():.0f} s"
    return "" if cell is None else str(cell).encode("utf-8", "replace").decode().translate(SIGNS)


def by_columns(sheet: Sheet) -> list[Line]:
    assert sheet.segments
    found = [segment for segment in sheet.segments() if len(segment.numbers)]
    return [
        (number, list(texts))
        for segment in found
        for number, *texts in zip(segment.numbers.tolist(), *(c.texts() for c in segment.columns), strict=True)
    ]


@given(
    st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), max_size=12)),
    st.integers(0, 2),
    st.sampled_from([(1, 3, 10**6), (100, 30_000, 10**6), (4, 4, 10)]),
)
@example([[True, 1.0], [1.0, True], [0.0, False], ["", 0.0]], 0, (100, 30_000, 10**6))
def test_each_cell_is_the_text_that_it_shows(
    rows: list[list[object]], indent: int, sizes: tuple[int, int, int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, size in zip(("FIRST_ROWS", "BLOCK_ROWS", "BLOCK_TEXT"), sizes, strict=True):
            patch.setattr(child, name, size)
        written = child.Rows()
        written.add(rows, len(rows[0]) if rows else 0)
    looks = [[*[""] * indent, *map(plain, row)] for row in rows]
    expected = [(number, row) for number, row in enumerate(looks, 1) if any(row)]
    sheets = sheets_of(b"".join(written.under("S", "hidden", indent)), Limits())
    assert [(sheet.name, sheet.is_hidden) for sheet in sheets] == ([("S", True)] if expected else [])
    for sheet in sheets:
        assert list(sheet.lines()) == list(sheet.lines()) == by_columns(sheet) == expected


def test_the_room_for_text_is_that_of_all_cells() -> None:
    for rows, size in (([["ab", 1.5], ["ab", ""]], 11), ([["é", "é"]], 6), ([["abc"]] * 3, 12)):
        child.Rows(size).add(rows, len(rows[0]))
        with pytest.raises(child.FaultyError, match="bomb"):
            child.Rows(size - 1).add(rows, len(rows[0]))


def test_a_large_sheet_is_looked_through_and_kept_as_a_small_one() -> None:
    rows = [
        (f"{n % 28 + 1:02d}/03/2026", OKONJO, f"Practice {n % 7} ", ("Seen", "", "NULL", "'=x")[n % 4])
        for n in range(31_000)
    ]
    main = survey(read_file("a.xlsx", workbook({"S": [["Report of Zeb Quill"], [], HEADER, *rows]}))).main
    assert (main.header_line, main.rows, main.columns[1].signs.npi_like) == (3, 31_000, 31_000)
    expected = [
        (line, [day, npi, name.strip(), {"'=x": "=x", "NULL": ""}.get(status, status)])
        for line, (day, npi, name, status) in enumerate(rows, 4)
    ]
    assert list(kept_lines(main)) == expected
    assert list(unpack(pack(main)[0])) == expected


def test_nothing_above_the_header_is_looked_at_or_kept() -> None:
    rows = [("03/14/2026", OKONJO, "Olentangy", "Seen")] * 3
    main = survey(read_file("a.xlsx", workbook({"S": [["Report of Zeb Quill"], HEADER, *rows]}))).main
    assert [column.signs.filled for column in main.columns] == [3] * 4
    words = chain.from_iterable(column.words for segment in main.segments() for column in segment.columns)
    assert set(words) == {*rows[0]}


@pytest.mark.parametrize(
    ("limits", "kind", "says"),
    [
        (Limits(max_columns=3), Invalid, "Line 1 has 4 columns"),
        (Limits(max_rows=3), TooLarge, "rows"),
        (Limits(max_cells=15), TooLarge, "cells"),
    ],
)
def test_limits_refuse_a_workbook_whole(limits: Limits, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        read_file("a.xlsx", workbook({"S": [HEADER, *[("03/14/2026", OKONJO, "x", "Seen")] * 3]}), limits)


@pytest.mark.parametrize("place", [b"A1048577", b"XFE1"])
def test_a_cell_where_excel_has_none_is_refused(place: bytes) -> None:
    rows = b'<sheetData><row r="%s"><c r="%s"><v>1</v></c></row></sheetData>' % (place.lstrip(b"AXFE"), place)
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</worksheet>' % rows
    with pytest.raises(Invalid, match="no Excel writes"):
        read_file("a.xlsx", with_member(workbook({"S": [["a"]]}), "xl/worksheets/sheet1.xml", sheet))


def test_a_workbook_of_blank_sheets_has_no_cells() -> None:
    with pytest.raises(Invalid, match="no sheet with cells"):
        read_file("a.xlsx", workbook({"S": [], "T": []}))


def test_dates_errors_and_merged_cells_of_a_workbook_read_as_before() -> None:
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        sheet, day = book.add_worksheet("S"), book.add_format({"num_format": "mm/dd/yyyy hh:mm"})
        sheet.merge_range("B3:C3", "Merged")
        sheet.write_datetime("B4", datetime(2026, 3, 1, 9, 30), day)  # noqa: DTZ001 no zone
        sheet.write_datetime("C4", datetime(2026, 3, 1), day)  # noqa: DTZ001 no zone
        sheet.write_formula("B5", "=1/0", None, "#DIV/0!")
        sheet.write_formula("C5", "=1+1", None, 2)
        sheet.write_boolean("B6", True)
        sheet.write_number("B7", 1)
    (sheet,) = read_file("a.xlsx", packed.getvalue())
    assert list(sheet.lines()) == [
        (3, ["", "Merged", ""]),
        (4, ["", "2026-03-01 09:30:00", "2026-03-01"]),
        (5, ["", "", "2"]),
        (6, ["", "TRUE", ""]),
        (7, ["", "1", ""]),
    ]


def test_notes_of_cells_are_a_sheet_that_is_only_looked_at() -> None:
    note = (
        b"<comments><commentList><comment><text><r><t>Zeb &amp; Kit</t></r></text></comment></commentList></comments>"
    )
    *_, notes = read_file("a.xlsx", with_member(workbook({"S": [["a"], ["b"]]}), "xl/comments1.xml", note))
    assert (notes.name, notes.is_hidden, notes.has_header) == ("Comments of cells", True, False)
    assert list(notes.lines()) == by_columns(notes) == [(1, ["Zeb & Kit"])]
