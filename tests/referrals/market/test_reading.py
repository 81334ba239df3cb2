"""Reading keeps the pairs that concern us, counts all rows, and keeps nothing else."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.errors import Invalid, TooLarge
from crm.referrals.market.reading import Edge, Reading, kind_words
from crm.referrals.market.upload import pack, unpack_edges, unpack_names
from tests.directory.cms_files import npi_of
from tests.referrals.market.pairs import HOP, hop_file, joined_file

A, B, C, D = (npi_of(n) for n in range(1, 5))
DATA = Path(__file__).parents[4] / "shared" / "data" / "referrals"


def read(data: bytes, *known: str) -> tuple[list[Edge], Reading]:
    packed, found = pack(io.BytesIO(data), frozenset(known), None)
    assert found.read == found.kept + found.elsewhere + found.refused
    return list(unpack_edges(packed)), found


def test_a_pair_concerns_us_when_one_side_does() -> None:
    edges, found = read(hop_file([(A, B, 40), (C, A, 12), (C, D, 99)]), A)
    assert edges == [Edge(A, B, 40, 80, None, 5.5), Edge(C, A, 12, 24, None, 5.5)]
    assert (found.read, found.kept, found.elsewhere, found.refused) == (3, 2, 1, 0)


@pytest.mark.parametrize(
    ("row", "small"),
    [
        (f"{A},{B},x,80,1,1", 0), (f"{A},1234567890,40,80,1,1", 0), (f"{A},{A},40,80,1,1", 0), (f"{A},{B},40", 0),
        (f"{A},{B},40,80,1,1,more", 0), (f"{A},{B},10,80,1,1", 1), (f"{A},{B},0,80,1,1", 1), (f'{A},{B},4"0,1,1,1', 0),
    ],
)  # fmt: skip
def test_rows_that_are_no_pair_or_too_small_are_counted(row: str, small: int) -> None:
    good = "".join(f"{A},{to},40,80,1,1\n" for to in (C, D))
    edges, found = read(f"{HOP}\n{good}{row}\n".encode(), A)
    assert [edge.to_npi for edge in edges] == [C, D]
    assert (found.kept, found.refused, found.small) == (2, 1, small)


def test_names_are_those_of_who_receives_and_never_of_a_patient() -> None:
    data = joined_file(
        [(A, B, 40, "RIVERBEND HOSPITAL", "General Acute Care Hospital"), (A, C, 40, "patient Jane Quill", "NULL")]
    )
    packed, _ = pack(io.BytesIO(data), frozenset({A}), None)
    assert list(unpack_names(packed)) == [
        (B, "Riverbend Hospital", "General acute care hospital"), (C, "", ""),
    ]  # fmt: skip


def test_the_same_pairs_have_the_same_hash_however_they_are_packed() -> None:
    plain = hop_file([(A, B, 40), (A, C, 41)])
    tabs, packed = plain.replace(b",", b"\t"), gzip.compress(plain)
    floats = plain.replace(b",40,", b",40.0,")
    same = {read(data, A)[1].content_hash for data in (plain, tabs, packed, floats)}
    assert len(same) == 1
    assert read(hop_file([(A, B, 40), (A, C, 42)]), A)[1].content_hash not in same


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


def test_a_zip_archive_holds_one_file() -> None:
    plain = hop_file([(A, B, 40), (A, C, 41)])
    assert read(zipped(("pairs.txt", plain), ("readme.pdf", b"%PDF")), A) == read(plain, A)
    whole = zipped(("pairs.txt", plain))
    encrypted = bytearray(whole)
    encrypted[6] |= 1
    encrypted[whole.index(b"PK\x01\x02") + 8] |= 1
    for data in (zipped(("a.csv", plain), ("b.csv", plain)), zipped(("a.xml", plain)), whole[:-30], bytes(encrypted)):
        with pytest.raises(Invalid, match="choose the file inside"):
            read(data, A)
    with pytest.raises(TooLarge):
        pack(io.BytesIO(zipped(("a.csv", hop_file([(A, B, 40)] * 5000)))), frozenset({A}), 10_000)


def test_a_file_for_the_whole_country_may_unpack_to_a_limit_only() -> None:
    with pytest.raises(TooLarge):
        pack(io.BytesIO(gzip.compress(hop_file([(A, B, 40)] * 5000))), frozenset({A}), 10_000)


@pytest.mark.parametrize("data", [b"", b"\x00\x01", b"name,city\nAda,Dublin\n", f"{HOP}\n".encode(), b"PK\x03\x04x"])
def test_what_is_no_such_file_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        pack(io.BytesIO(data), frozenset(), None)
    assert caught.value.says


def test_a_column_about_patients_refuses_the_whole_file() -> None:
    data = f"{HOP},patient_name\n{A},{B},40,80,1,1,Jane Quill\n".encode()
    with pytest.raises(Invalid, match="Column G is about single patients") as caught:
        pack(io.BytesIO(data), frozenset({A}), None)
    assert "Quill" not in caught.value.says


def test_kinds_are_written_as_ours_are() -> None:
    assert kind_words("General Acute Care Hospital") == kind_words("GENERAL ACUTE CARE HOSPITAL")
    assert kind_words("NULL") == ""


numbers = st.integers(min_value=1, max_value=30)


@given(st.lists(st.tuples(numbers, numbers, st.integers(0, 500)), min_size=1, max_size=30), st.sets(numbers))
def test_every_row_is_kept_elsewhere_or_refused(pairs: list[tuple[int, int, int]], known: set[int]) -> None:
    rows = [(npi_of(a), npi_of(b), patients) for a, b, patients in pairs]
    names = {npi_of(n) for n in known}
    edges, found = read(hop_file(rows), *names)
    concern = [row for row in rows if row[0] in names or row[1] in names]
    assert found.elsewhere == len(rows) - len(concern)
    assert [tuple(edge[:3]) for edge in edges] == [row for row in concern if row[0] != row[1] and row[2] >= 11]


@pytest.mark.parametrize(
    "name",
    ["hop_teaming_6col.csv", "hop_teaming_nashville_15col.csv", "hop_team_nashville_20col_latlon.csv",
     "hop_team_35col.csv.gz"],
)  # fmt: skip
def test_the_real_files_hold_the_same_pairs(name: str) -> None:
    if not DATA.is_dir():
        pytest.skip("the public files are not on this machine")
    with (DATA / "hop_teaming_6col.csv").open() as file:
        rows = [line.strip().split(",") for line in file][1:]
    known = {row[0] for row in rows}
    edges, found = read((DATA / name).read_bytes(), *known)
    assert (found.read, found.kept, found.refused) == (1668, 1668, 0)
    assert sorted((edge[0], edge[1], str(edge[2]), str(edge[3])) for edge in edges) == sorted(
        (row[0], row[1], row[2], row[3]) for row in rows
    )
