"""Files of every generation are recognized, and whatever else is chosen is refused with a sentence that helps."""

import gzip
import io
import json
from pathlib import Path

import pytest

from crm.core.errors import Invalid, TooLarge
from crm.directory.importing.headers import recognize
from crm.directory.importing.reading import MAX_LINE, Row, open_table
from crm.directory.importing.rows import FileKind, Reason
from crm.directory.importing.upload import pack, unpacked
from tests.directory import cms_files
from tests.directory.cms_files import NPPES_8, NPPES_330, clinician, dac_row, npi_of, written

NPI = npi_of(11_111_111)
GENERATIONS = {
    "nppes_330": (cms_files.nppes_330([clinician(NPI)]), FileKind.NPPES),
    "nppes_floats": (cms_files.nppes_floats([clinician(NPI)]), FileKind.NPPES),
    "nppes_41": (cms_files.nppes_41([clinician(NPI)]), FileKind.NPPES),
    "nppes_21": (cms_files.nppes_21([clinician(NPI)]), FileKind.NPPES),
    "nppes_8": (cms_files.nppes_8([clinician(NPI)]), FileKind.NPPES),
    "dac_40": (cms_files.dac_40([dac_row(NPI)]), FileKind.DAC),
    "dac_14": (cms_files.dac_14([dac_row(NPI)]), FileKind.DAC),
    "dac_7": (cms_files.dac_7([dac_row(NPI)]), FileKind.DAC),
    "compare_42": (cms_files.compare_42([dac_row(NPI)]), FileKind.DAC),
}


def read(data: bytes, most: int | None = None) -> tuple[list[str], list[Row]]:
    with open_table(io.BytesIO(data), most) as table:
        return table.header, list(table.rows)


@pytest.mark.parametrize("name", GENERATIONS)
def test_each_generation_is_recognized(name: str) -> None:
    data, kind = GENERATIONS[name]
    header, rows = read(data)
    layout = recognize(header)
    assert (layout.kind, len(rows), rows[0].line, rows[0].fault) == (kind, 1, 2, None)
    assert rows[0].cells[layout.at("npi")] == NPI
    assert recognize(header, kind).columns == layout.columns


@pytest.mark.parametrize("name", GENERATIONS)
def test_the_other_kind_is_not_taken_for_it(name: str) -> None:
    data, kind = GENERATIONS[name]
    other = FileKind.DAC if kind is FileKind.NPPES else FileKind.NPPES
    with pytest.raises(Invalid, match=r"^This is not an? .* file: its columns are those of an? .* file\.$"):
        recognize(read(data)[0], other)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("NPI,Endpoint Type,Endpoint", "endpoint"),
        ('"NPI","Provider Secondary Practice Location Address- Address Line 1"', "pl_pfile"),
        ("NPI,Provider Other Organization Name,Provider Other Organization Name Type Code", "othername_pfile"),
        ("number,basic.first_name,basic.last_name,taxonomies", "web service"),
        ("Rndrng_NPI,Rndrng_Prvdr_Last_Org_Name", "Medicare file of services"),
        ("NPI,LAST_NAME,FIRST_NAME,PARTB,DME", "Order and Referring"),
        (f"{NPI},Individual,,WHITCOMB", "no header"),
        ("Patient,Birth date,Visit", "no column NPI"),
        ("NPI,Color,Size", "lacks the columns"),
        ("just a note to myself", "no column NPI"),
    ],
)
def test_other_files_are_told_what_they_are(header: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        recognize(read(f"{header}\n".encode())[0])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"), (b"  \n\n ", "empty"), (gzip.compress(b"", mtime=0), "empty"),
        (b"PK\x03\x04rest", "ZIP archive"), (b"%PDF-1.7", "PDF"), (b"\x89PNG\r\n", "picture"),
        (b"\xd0\xcf\x11\xe0abc", "Excel"), (b"SQLite format 3\x00", "database"), (b'{"results": []}', "JSON"),
        (b"<!doctype html>", "web page"), (b"NPI,\x00\x01\x02binary", "binary"),
        (gzip.compress(b"NPI,a\n" * 9000, mtime=0)[:60], "cut off"), (b"\x1f\x8b\x08junk that is no gzip", "cut off"),
    ],
)  # fmt: skip
def test_what_is_no_csv_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read(data)


def test_a_small_file_that_unpacks_to_a_large_one_is_refused() -> None:
    bomb = gzip.compress(b"NPI,a\n" + b"0,0\n" * 5_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(TooLarge, match="unpacks to more than 5 MB"):
        read(bomb, 5_000_000)


def test_a_value_that_never_ends_stops_with_its_line() -> None:
    with pytest.raises(Invalid, match="begins on line 3 never ends"):
        read(b'NPI,a\n1,2\n2,"open\n3,4\n')
    with pytest.raises(Invalid, match="line 2 never ends"):
        read(b'NPI,a\n2,"' + b"x" * 200_000 + b'"\n3,4\n')
    with pytest.raises(Invalid, match="longer than"):
        read(b"NPI,a\n1," + b"x" * (MAX_LINE + 5))


def test_a_spoiled_row_is_passed_on_with_its_reason_and_the_others_are_read() -> None:
    lines = [
        b"NPI,name,city",
        b'1,"A" B,C',
        b"2,\x00,C",
        b"3,B",
        b"4,B,C,D",
        b"5,B,C,,",
        b",,",
        b"",
        b'6,"two\nlines",C',
    ]
    rows = read(b"\n".join(lines))[1]
    assert [(row.line, row.fault) for row in rows] == [
        (2, Reason.QUOTE), (3, Reason.BINARY), (4, Reason.CELLS), (5, Reason.CELLS), (6, None), (7, None), (8, None),
        (9, None),
    ]  # fmt: skip
    assert rows[-1].cells == ["6", "two\nlines", "C"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "latin-1"])
def test_encodings(encoding: str) -> None:
    text = written(NPPES_8, [clinician(NPI, "MUÑOZ")]).decode()
    header, rows = read(text.encode(encoding))
    assert recognize(header).kind is FileKind.NPPES
    assert rows[0].cells[3] == "MUÑOZ"


def test_only_the_columns_that_are_used_are_kept_of_an_upload() -> None:
    rows = [{**clinician(NPI), "Employer Identification Number (EIN)": "SECRET-1"}, {"NPI": "x"}]
    data = written(NPPES_330, rows) + b"cut,off\n"
    packed = pack(io.BytesIO(data), None, 1_000_000)
    assert (packed.kind, packed.rows) == (FileKind.NPPES, 3)
    assert b"SECRET" not in gzip.decompress(packed.content)
    with unpacked(packed.content) as (layout, kept):
        lines = list(kept)
    assert [(row.line, row.fault) for row in lines] == [(2, None), (3, None), (4, Reason.CELLS)]
    assert lines[0].cells[layout.at("last_name")] == "WHITCOMB"


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="header but no rows"):
        pack(io.BytesIO(written(NPPES_330, [])), None, 1_000_000)


def test_the_header_of_2015_is_recognized_without_a_row() -> None:
    header = [name.replace("Provider Sex Code", "Provider Gender Code") for name in NPPES_330[:329]]
    assert len(recognize(header).columns) == 50
    assert json.loads(json.dumps(recognize(header).columns))["npi"] == 0
