"""Tests of packed files: what is inside is read as if it were not packed; bombs, tricks and damage are refused."""

import gzip
import io
import random
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.core.errors import Invalid, RoundsError, TooLarge
from crm.referrals.importing.reading import read_file
from crm.referrals.importing.sheets import Limits
from crm.referrals.importing.survey import survey
from tests.referrals.files import OKONJO, events, workbook
from tests.referrals.message_files import CANARY, hl7, ndjson, parties, referral, service_request, zipped

SMALL = Limits(max_bytes=1_000_000)


def lines_of(name: str, data: bytes, limits: Limits = SMALL) -> list[tuple[int, list[str]]]:
    return [line for sheet in read_file(name, data, limits) for line in sheet.lines()]


@pytest.mark.parametrize("name", ["export.csv", "folder/sub/EXPORT.CSV", "export.tsv", "ref.txt"])
def test_one_packed_table_is_read_as_if_it_were_not(name: str) -> None:
    data = events(5)
    (sheet,) = read_file("export.zip", zipped({name: data}))
    assert (sheet.name, list(sheet.lines())) == ("", lines_of("export.csv", data))


def test_a_gzip_holds_one_file() -> None:
    assert lines_of("e.csv.gz", gzip.compress(events(5))) == lines_of("e.csv", events(5))
    both = gzip.compress(ndjson(service_request())) + gzip.compress(ndjson(*parties()))
    assert OKONJO in lines_of("ServiceRequest.ndjson.gz", both)[1][1]
    assert lines_of("e.xlsx.gz", gzip.compress(workbook({"S": [["a"], ["b"]]})))[1] == (2, ["b"])


def test_of_several_tables_each_is_a_sheet_and_the_referrals_are_the_main_one() -> None:
    book = workbook({"Notes": [["made by"], ["the export"]], "Codes": [["code", "words"], ["1", "x"]]})
    data = zipped(
        {"codes.csv": b"code,words\n1,x\n", "out/referrals.csv": events(5), "book.xlsx": book, "a.pdf": b"%PDF"}
    )
    sheets = read_file("x.zip", data)
    assert [sheet.name for sheet in sheets] == ["codes.csv", "referrals.csv", "book.xlsx: Notes", "book.xlsx: Codes"]
    assert survey(sheets).main.sheet.name == "referrals.csv"


def test_a_packed_table_with_a_patient_column_refuses_lines_with_too_few_cells() -> None:
    (sheet, _) = read_file("x.zip", zipped({"a.csv": events(1), "b.csv": events(1)}))
    assert not sheet.may_end_early
    assert read_file("x.xlsx", workbook({"S": [["a"], ["b"]]}))[0].may_end_early


def test_messages_in_several_files_are_read_as_one() -> None:
    export = {
        "Practitioner.ndjson": ndjson(*parties()[:2]),
        "ServiceRequest.ndjson": ndjson(service_request()),
        "Others.ndjson": ndjson(*parties()[2:]),
        "manifest.json": b'{"transactionTime": "2026-03-01", "output": []}',
    }
    (sheet,) = read_file("bulk.zip", zipped(export))
    assert sheet.name == "FHIR resources"
    assert OKONJO in list(sheet.lines())[1][1]
    (sheet,) = read_file("day.zip", zipped({"1.hl7": hl7(referral()), "2.hl7": hl7(referral("I14", sent="20260309"))}))
    assert [line for line, _ in sheet.lines()] == [0, 2]


def test_tables_and_messages_may_stand_beside_each_other() -> None:
    found = read_file("x.zip", zipped({"a.csv": events(1), "1.hl7": hl7(referral()), "note.json": b"{}"}))
    assert [sheet.name for sheet in found] == ["a.csv", "HL7 messages"]
    with pytest.raises(Invalid, match="no FHIR"):
        read_file("x.zip", zipped({"note.json": b"{}", "other.json": b"[]"}))


def test_hidden_files_and_folders_are_passed_over() -> None:
    rest = {
        "__MACOSX/._export.csv": b"\0\5\x16\7",
        ".DS_Store": b"x",
        "out/.hidden/x.csv": b"x",
        "empty.csv": b" \n",
        "d/": b"",
    }
    assert lines_of("x.zip", zipped({"export.csv": events(2), **rest})) == lines_of("export.csv", events(2))


def test_a_workbook_is_no_archive_and_an_archive_no_workbook() -> None:
    book = workbook({"S": [["a"], ["b"]]})
    assert lines_of("x.zip", book) == lines_of("x.xlsx", book)
    with pytest.raises(Invalid, match="no Excel workbook"):
        lines_of("x.xlsx", zipped({"a.csv": events(1)}))
    with pytest.raises(Invalid, match=r"Name it \.xlsx or \.zip"):
        lines_of("x.csv", zipped({"a.csv": events(1)}))


def with_flag(data: bytes, flag: int) -> bytes:
    """The same .zip with a flag set on its first entry."""
    changed = bytearray(data)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed[data.index(mark) + place] |= flag
    return bytes(changed)


def with_size(data: bytes, size: int) -> bytes:
    """The same .zip whose first entry declares another size."""
    changed = bytearray(data)
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", changed, data.index(mark) + place, size)
    return bytes(changed)


def by_method(method: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as file:
        file.writestr("a.csv", events(2))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("x.zip", zipped({"a.csv": b"a,b\n" + b"1,2\n" * 300_000}), "more than 1 MB"),
        ("x.zip", zipped({f"{n}.csv": b"0" * 400_000 for n in range(3)}), "more than 1 MB"),
        ("x.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 300_000), "more than 1 MB"),
        ("x.zip", zipped({f"{n}.csv": b"a" for n in range(21)}), "more than 20 files"),
        ("x.zip", zipped({f".{n}": b"a" for n in range(1_001)}), "more than 1,000 files"),
        ("x.zip", with_flag(zipped({"a.csv": events(1)}), 1), "password"),
        ("x.zip", by_method(zipfile.ZIP_BZIP2), "packed in a way"),
        ("x.zip", by_method(zipfile.ZIP_LZMA), "packed in a way"),
        ("x.zip", zipped({"a.csv": events(1), "b.zip": b"PK"}), "another packed file"),
        ("x.zip", zipped({"a.csv": zipped({"b.csv": events(1)})}), "another packed file"),
        ("x.zip", zipped({"a.txt": gzip.compress(b"a,b")}), "another packed file"),
        ("x.csv.gz", gzip.compress(gzip.compress(events(1))), "another packed file"),
        ("x.tar.gz", gzip.compress(events(1)), "another packed file"),
        ("x.zip", zipped({"a.pdf": b"%PDF", "b.docx": b"x"}), "no file that is read here"),
        ("x.gz", gzip.compress(events(1)), "no file that is read here"),
        ("x.zip", zipped({}), "no file that is read here"),
        ("x.zip", zipped({"a.csv": events(9)})[:-30], "damaged"),
        ("x.zip", b"PK\x03\x04rest", "damaged"),
        ("x.zip", events(2), "damaged"),
        ("x.zip", with_size(zipped({"a.csv": events(9)}), 20), "damaged"),
        ("x.csv.gz", gzip.compress(events(9))[:-12], "damaged"),
        ("x.csv.gz", events(2), "damaged"),
        ("x.zip", b" ", "empty"),
        ("x.zip", zipped({"a.csv": events(1), f"{CANARY}.csv": b"\x00\x01,"}), "File 2 in the packed file: "),
        (
            "x.zip",
            zipped({"a.csv": events(1), f"{CANARY}.csv": b'a,b\n1,"x'}),
            "File 2 in the packed file: The file ends",
        ),
        ("x.zip", zipped({f"{CANARY}.csv": b'a,b\n1,"x'}), "The file ends inside a quoted value"),
    ],
)
def test_what_is_unsafe_or_damaged_is_refused_in_one_sentence(name: str, data: bytes, says: str) -> None:
    with pytest.raises((Invalid, TooLarge)) as problem:
        lines_of(name, data)
    assert says in problem.value.says
    assert CANARY not in problem.value.says


def test_names_inside_are_never_used_as_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [
        "../up.csv",
        "/etc/abs.csv",
        "C:\\win.csv",
        "a/../../b.csv",
        "\u202eevil.csv",
        "x" * 300 + ".csv",
    ]
    for name in names:
        assert lines_of("x.zip", zipped({name: events(2)})) == lines_of("x.csv", events(2))
    assert list(tmp_path.rglob("*")) == []


def test_nothing_is_written_to_a_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    data = zipped({"a.csv": events(2_000), "1.hl7": hl7(referral()), "r.ndjson": ndjson(service_request())})
    assert len(lines_of("x.zip", data)) == 2_001 + 2 + 2
    assert not (tmp_path / "none").exists()


def test_a_bomb_is_refused_before_it_is_inflated() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file, file.open("a.csv", "w") as member:
        for _ in range(300):
            member.write(b"0" * 1_000_000)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(squeeze.compress(b"0" * 1_000_000) for _ in range(300)) + squeeze.flush()
    for name, data in (("x.zip", bomb.getvalue()), ("x.csv.gz", packed)):
        assert len(data) < 400_000
        with pytest.raises(TooLarge, match="more than 64 MB"):
            read_file(name, data)


def outcome_of(name: str, data: bytes) -> str:
    try:
        lines_of(name, data)
    except RoundsError as refusal:
        return refusal.says
    return "read"


def test_a_spoiled_archive_never_fails_without_a_sentence() -> None:
    chance = random.Random(5)
    for name, good in (
        ("x.zip", zipped({"a.csv": events(30), "b.csv": events(3)})),
        ("x.csv.gz", gzip.compress(events(30))),
    ):
        for _ in range(150):
            data = bytearray(good)
            for place in chance.sample(range(len(good)), 3):
                data[place] ^= chance.randrange(1, 256)
            assert outcome_of(name, bytes(data))


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_sentence(data: bytes) -> None:
    assert outcome_of("x.zip", b"PK\x03\x04" + data)
    assert outcome_of("x.csv.gz", b"\x1f\x8b\x08" + data)
