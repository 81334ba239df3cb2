"""Tests of reading files: encodings, delimiters, line numbers, and everything that is refused in one clear sentence."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.errors import Conflict, Invalid, RoundsError, TooLarge
from crm.referrals.importing import source, text
from crm.referrals.importing.reading import read_file
from crm.referrals.importing.sheets import Limits, Piece, column_letter, counted, in_pieces
from crm.referrals.importing.text import guess_delimiter
from tests.referrals.files import csv_bytes, with_member, workbook
from tests.referrals.message_files import hl7, referral, service_request


def lines_of(name: str, data: bytes, limits: Limits | None = None) -> list[tuple[int, list[str]]]:
    return [line for sheet in read_file(name, data, limits) for line in sheet.lines()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_usual_encoding_is_understood(encoding: str) -> None:
    data = "Name,City\nMuñoz & Söhne,Zoë\n".encode(encoding)
    assert lines_of("a.csv", data) == [(1, ["Name", "City"]), (2, ["Muñoz & Söhne", "Zoë"])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_usual_delimiter_is_understood(delimiter: str) -> None:
    data = csv_bytes([["1", "a, b; c"], ["2", "d"]], ("id", "name"), delimiter)
    assert lines_of("a.txt", data)[1] == (2, ["1", "a, b; c"])


def test_identifiers_and_surnames_stay_text() -> None:
    data = b"NPI,ZIP,Last name\n0012345678,02139,NA\n"
    assert lines_of("a.csv", data)[1][1] == ["0012345678", "02139", "NA"]


def test_line_numbers_are_those_of_the_file() -> None:
    data = b'a,b\n\n1,"two\nlines"\n\n\n2,x\n'
    assert [line for line, _ in lines_of("a.csv", data)] == [1, 3, 7]


def test_all_line_endings_are_understood() -> None:
    for ending in (b"\n", b"\r\n", b"\r"):
        assert [v for _, v in lines_of("a.csv", ending.join([b"a,b", b"1,2", b""]))] == [["a", "b"], ["1", "2"]]


def test_an_unquoted_null_is_empty_unless_the_file_also_quotes_it() -> None:
    assert read_file("a.csv", b'"x","y"\n"1",NULL\n')[0].null_is_empty
    assert not read_file("a.csv", b'"x","y"\n"1","NULL"\n')[0].null_is_empty


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"  \n \n", "empty"),
        ("a.csv", b"a,b\n1,\x00\n", "binary"),
        ("a.csv", b"%PDF-1.7 ...", "PDF"),
        ("a.csv", b"\x89PNG\r\n", "picture"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "old or password-protected"),
        ("a.csv", b"PK\x03\x04rest", "named .csv, but"),
        ("a.xlsx", b"a,b\n1,2\n", "no Excel workbook"),
        ("a.docx", b"a,b\n1,2\n", ".docx are not read"),
        ("a.zip", b"PK\x03\x04rest", "damaged"),
        ("a.csv", b"\x1f\x8b\x08", "Name it .gz"),
        ("a.hl7", b"PK\x03\x04rest", "named .hl7, but"),
        ("a.xml", b"<Bundle/>", ".xml are not read here. Use CSV, TSV, XLSX, HL7 or FHIR JSON"),
        ("a.hl7", b"PID|1\r", "does not begin with an MSH segment"),
        ("a.hl7", b"MSH|^~\\&|\x00\x01\x02", "binary"),
        ("a.json", b'[{"a": "1"}]', "no FHIR"),
        ("noending", b"a,b\n1,2\n", "without a known ending"),
        ("a.csv", b'a,b\n1,"never ends\n', "line 2"),
        ("a.csv", b'a,b\n1,"x" y\n', "Line 2"),
        ("a.csv", "a,b\n1,ü".encode()[:-1], "cut off"),
        ("a.csv", "a,b\n1,2".encode("utf-16")[:-1], "cut off"),
        ("a.xlsx", b"PK\x03\x04" + b"x" * 200, "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(name: str, data: bytes, says: str) -> None:
    with pytest.raises(Invalid) as refusal:
        lines_of(name, data)
    assert says in refusal.value.says


@pytest.mark.parametrize("ending", ["csv", "txt", "tsv", "hl7"])
def test_messages_are_known_by_how_they_begin(ending: str) -> None:
    assert lines_of(f"a.{ending}", hl7(referral()))[1][1][0] == "R-1"
    assert lines_of("a.csv", b"MSH,Referral ID\nx,1\n")[0][1] == ["MSH", "Referral ID"]


def test_fhir_is_known_in_a_text_file() -> None:
    assert lines_of("a.txt", json.dumps(service_request()).encode())[1][1][0] == "REF-sr1"
    assert lines_of("a.txt", b'{"a",b\n1,2\n')[1][1] == ["1", "2"]


def test_limits_refuse_instead_of_cutting_off() -> None:
    data = csv_bytes([[n, n] for n in range(50)], ("a", "b"))
    with pytest.raises(TooLarge, match="rows"):
        lines_of("a.csv", data, Limits(max_rows=20))
    with pytest.raises(TooLarge, match="cells"):
        lines_of("a.csv", data, Limits(max_cells=40))
    with pytest.raises(Invalid, match="columns"):
        lines_of("a.csv", data, Limits(max_columns=1))
    with pytest.raises(TooLarge, match="MB"):
        read_file("a.csv", data, Limits(max_bytes=10))
    with pytest.raises(TooLarge, match="long"):
        list(counted(in_pieces((n, ["x"]) for n in range(10)), Limits(max_seconds=-1)))


def test_a_workbook_is_read_with_all_sheets_and_its_numbers_as_text() -> None:
    data = workbook(
        {"Counts": [["NPI", "When", "n"], [1730482910, "2026-03-01", 2.5]], "Hid": [["DOB"], ["x"]]}, hidden=["Hid"]
    )
    counts, hid = read_file("a.xlsx", data)
    assert (counts.name, counts.is_hidden, hid.is_hidden) == ("Counts", False, True)
    assert list(counts.lines())[1] == (2, ["1730482910", "2026-03-01", "2.5"])


def test_lines_of_a_workbook_count_from_its_first_row() -> None:
    data = workbook({"S": [[], [], ["", "Name"], ["", "x"]]})
    assert list(read_file("a.xlsx", data)[0].lines()) == [(3, ["", "Name"]), (4, ["", "x"])]


def test_hostile_workbooks_are_refused() -> None:
    good = workbook({"S": [["a"], ["b"]]})
    cases = {
        "macros": with_member(good, "xl/vbaProject.bin", b"x"),
        "other files": with_member(good, "xl/externalLinks/externalLink1.xml", b"<x/>"),
        "no Excel writes": with_member(good, "xl/more.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'),
        "formulas": with_member(
            good,
            "xl/worksheets/sheet1.xml",
            b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
            b'<c r="A1"><f>1+1</f></c></row></sheetData></worksheet>',
        ),
        "unpacks": with_member(good, "xl/big.bin", b"\0" * 700_000_000),
        "damaged": good[:-100],
        "no Excel workbook": with_member(workbook({"S": [["a"]]}), "x", b"").replace(b"xl/workbook", b"xl/workbxxk"),
    }
    for says, data in cases.items():
        with pytest.raises(RoundsError) as refusal:
            lines_of("a.xlsx", data)
        assert says in refusal.value.says


def test_a_spoiled_workbook_is_called_damaged_and_not_too_large() -> None:
    good = workbook({"S": [[f"Practice {n}", str(n)] for n in range(60)]})
    name = b"xl/worksheets/sheet1.xml"
    begins = good.index(name) + len(name)
    spoiled = good[:begins] + b"\xff" * 8 + good[begins + 8 :]  # no packed stream begins like this
    with pytest.raises(Invalid, match="damaged"):
        lines_of("a.xlsx", spoiled)
    chance, said = Random(3), []
    for _ in range(40):
        data = bytearray(good)
        for place in chance.sample(range(len(good)), 4):
            data[place] ^= chance.randrange(1, 256)
        try:
            lines_of("a.xlsx", bytes(data))
        except RoundsError as refusal:
            said.append(refusal.says)
    assert said
    assert not any("time or memory" in says for says in said)


def test_a_long_text_that_many_cells_share_is_refused() -> None:
    data = workbook({"S": [["A" * 32_000]] * 4_000})
    assert len(data) < 100_000, "small as a file"
    with pytest.raises(TooLarge, match="unpacks to more"):
        lines_of("a.xlsx", data)


def test_a_workbook_with_too_many_cells_is_refused() -> None:
    data = workbook({"S": [["a"] * 20 for _ in range(20)]})
    with pytest.raises(TooLarge, match="cells"):
        read_file("a.xlsx", data, Limits(max_sheet_cells=100))


def test_columns_have_the_letters_of_spreadsheets() -> None:
    assert [column_letter(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


@given(st.text(max_size=300))
def test_any_text_gives_a_delimiter(text: str) -> None:
    assert guess_delimiter(text) in ",;\t|"


def outcome_of(data: bytes) -> str:
    try:
        lines_of("a.csv", data)
    except RoundsError as refusal:
        return refusal.says
    return "read"


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_with_a_sentence(data: bytes) -> None:
    assert outcome_of(data)


cells = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8))
def test_what_was_written_is_read_again(rows: list[tuple[str, str, str]]) -> None:
    data = csv_bytes(rows, ("first", "second", "third"))
    found = [values for _, values in lines_of("a.csv", data)][1:]
    assert found == [list(row) for row in rows if any(row)]


def on_disk(folder: Path, data: bytes) -> Path:
    (folder / "a.csv").write_bytes(data)
    return folder / "a.csv"


parts_of_csv = st.sampled_from(
    ["a", "Zoë", "12", " ", ",", ",", ",", "\n", "\n", "\r\n", "\r", '"', '"x, y"', '"x\ny"', '""']
)


@given(st.lists(parts_of_csv, max_size=40).map("".join), st.integers(1, 12))
def test_text_is_read_as_csv_reads_it_however_it_is_cut(content: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "CHUNK", size)
        assert read_by(lambda: text._read(io.StringIO(content, newline=""), ",")) == read_by(lambda: plain(content))


def read_by(read: Callable[[], Iterator[Piece]]) -> tuple[list[tuple[int, list[str]]], str]:
    """The lines up to the first fault, and what it says."""
    lines: list[tuple[int, list[str]]] = []
    try:
        for piece in read():
            assert piece.widths == list(map(len, piece.rows))
            columns = zip(*piece.columns(max(piece.widths)), strict=True)
            assert [list(row[:width]) for row, width in zip(columns, piece.widths, strict=True)] == piece.rows
            lines += zip(piece.numbers, piece.rows, strict=True)
    except Invalid as problem:
        return [], str(problem)
    return lines, ""


def plain(content: str) -> Iterator[Piece]:
    reader = csv.reader(io.StringIO(content, newline=""), skipinitialspace=True, strict=True)
    line = 1
    try:
        for row in reader:
            if any(row):
                yield Piece([line], [row])
            line = reader.line_num + 1
    except csv.Error as problem:
        raise Invalid(text._csv_fault(str(problem), line)) from None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "cp1252"])
def test_a_file_on_the_disk_reads_like_one_in_memory(
    tmp_path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PIECE_BYTES", 7)  # so that characters and the quoted NULL lie across pieces
    data = 'Name,City\nMuñoz & Söhne,"two\nlines"\n\nx,"NULL"\n'.encode(encoding)
    (found,) = read_file("a.csv", on_disk(tmp_path, data))
    (known,) = read_file("a.csv", data)
    assert list(found.lines()) == list(found.lines()) == list(known.lines())
    assert [line for line, _ in found.lines()] == [1, 2, 5]
    assert not found.null_is_empty


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = on_disk(tmp_path, csv_bytes([[n, n] for n in range(400_000)], ("a", "b")))
    (sheet,) = read_file("a.csv", path)
    lines = sheet.lines()
    next(lines)
    with path.open("ab") as file:
        file.write(b"Zeb,Quill\n")
    with pytest.raises(Conflict, match="changed"):
        list(lines)
    with pytest.raises(Conflict, match="changed"):
        next(sheet.lines())


def test_faults_name_the_line_also_far_into_a_file() -> None:
    body = [f'{n},"x"' for n in range(1, 3_000)]
    for place, bad, says in ((2_600, '1,"x" y', "Line 2600"), (2_700, "1,\x00", "Line 2700")):
        broken = [*body[: place - 2], bad, *body[place - 1 :]]
        with pytest.raises(Invalid, match=says):
            lines_of("a.csv", "\n".join(["a,b", *broken]).encode())
