"""Tests of what is kept of a file: line by line as a plain look would keep it, and the same after it was packed."""

import gzip
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.errors import Invalid
from crm.referrals.importing import segments, text
from crm.referrals.importing import survey as surveying
from crm.referrals.importing.cells import Cells
from crm.referrals.importing.kept import Block, StoredLine, kept_lines
from crm.referrals.importing.reading import read_file
from crm.referrals.importing.strays import MARK
from crm.referrals.importing.survey import SheetSurvey, survey
from crm.referrals.importing.upload import FORMAT, pack, pack_blocks, stored_blocks, unpack
from tests.referrals.files import OKONJO, csv_bytes, workbook

HEADER = ("Referral Date", "PT_NAME", "Ref NPI", "Referring Practice", "Status")
PRACTICES = [
    "Olentangy",
    " Women's Health ",
    "NULL",
    "'=Southgate",
    "two\nlines",
    "Zoë",
    "614-555-0142",
]
cells = st.sampled_from(["", "Seen", *PRACTICES])


def looked_at(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> SheetSurvey:
    return survey(read_file("a.csv", csv_bytes(rows, header))).main


def plain_lines(main: SheetSurvey) -> list[StoredLine]:
    """The same, one line after the other."""
    return [(line, _plain(main, line, values)) for line, values in main.sheet.lines() if line > main.header_line]


def _plain(main: SheetSurvey, line: int, values: list[str]) -> list[str] | str:
    if any(value.strip() for value in values[len(main.columns) :]):
        return "More cells than the header has columns"
    if len(values) < len(main.columns) and main.dropped and not main.sheet.may_end_early:
        return "Fewer cells than the header has columns"
    found = []
    for column in main.kept:
        (cell,) = main.sheet.cleaned(values[column.index : column.index + 1] or [""])
        if reason := column.strays.refused.get(cell):
            return f"{reason} in {column.header}"
        found.append(MARK if cell in column.strays.marked else cell)
    return found


@given(
    st.lists(
        st.tuples(st.sampled_from(["03/14/2026", "Zeb", ""]), cells, st.just(OKONJO), cells, cells).flatmap(
            lambda row: st.integers(0, 7).map(lambda width: (*row, "", "more")[:width])
        ),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([1, 7, 30_000]),
    st.sampled_from([0, 500, 10**6]),
)
def test_what_is_kept_is_what_a_plain_look_keeps(rows: list[tuple[str, ...]], size: int, held: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "CHUNK", 20 * size)
        patch.setattr(segments, "SEGMENT_ROWS", size)
        patch.setattr(surveying, "MOST_HELD", held)
        main = looked_at([("03/14/2026", "Zeb", OKONJO, "Olentangy", "Seen")] * 3 + [row for row in rows if any(row)])
        assert list(kept_lines(main)) == plain_lines(main)
    assert all(column.index not in packed.columns for packed in main.held.packed for column in main.dropped)
    packed, count = pack(main)
    assert list(unpack(packed)) == plain_lines(main)
    assert count == main.rows


def test_a_large_file_is_kept_and_refused_as_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("03/14/2026", "Zeb", OKONJO, f"Practice {n % 7}", "Seen") for n in range(1_700)]
    damaged = csv_bytes(rows, HEADER) + b'03/14/2026,Zeb,"Olentangy'
    small = list(kept_lines(looked_at(rows)))
    with pytest.raises(Invalid) as of_small:
        survey(read_file("a.csv", damaged))
    monkeypatch.setattr(text, "LARGE", 0)
    monkeypatch.setattr(segments, "SEGMENT_ROWS", 500)
    assert looked_at(rows).sheet.is_large
    assert list(kept_lines(looked_at(rows))) == small
    with pytest.raises(Invalid) as of_large:
        survey(read_file("a.csv", damaged))
    assert of_large.value.says == of_small.value.says


def test_no_value_keeps_a_sign_that_parts_stored_text() -> None:
    rows = [
        ("03/14/2026", "Zeb", OKONJO, "Olentangy Family Medicine", "Seen")
    ] * 1_500  # in the first lines it is refused
    main = looked_at([*rows, ("03/14/2026", "Zeb", OKONJO, "unit\x1fsign", "a\x1e\x1db")])
    last = (1_502, ["03/14/2026", OKONJO, "unit sign", "a  b"])
    assert list(kept_lines(main))[-1] == last
    assert list(unpack(pack(main)[0]))[-1] == last


def test_lines_of_several_pieces_keep_their_numbers() -> None:
    main = looked_at([("03/14/2026", "Zeb", OKONJO, f"Practice {n % 7}", "Seen") for n in range(1_700)])
    assert [line for line, _ in unpack(pack(main)[0])] == list(range(2, 1_702))


def test_a_short_row_of_a_workbook_lost_no_cell() -> None:
    data = workbook(
        {"S": [HEADER, *[("2026-03-14", "Zeb", OKONJO, "Olentangy", "Seen")] * 3, ("2026-03-15", "Kit", OKONJO)]}
    )
    main = survey(read_file("a.xlsx", data)).main
    assert list(kept_lines(main))[-1] == (5, ["2026-03-15", OKONJO, "", ""])


def test_a_text_that_stands_in_no_line_is_not_packed() -> None:
    column = Cells(["Quill", "Seen", "\ud800"], np.array([1, 2, 1], dtype=np.uint8))
    packed, count = pack_blocks([Block([2, 4, 7], [column], {1: "A date in Status"})])
    assert b"Quill" not in gzip.decompress(packed)
    assert count == 3
    assert list(unpack(packed)) == [(2, ["Seen"]), (4, "A date in Status"), (7, ["Seen"])]
    assert next(stored_blocks(packed)).columns[0].texts() == ["Seen", "?", "Seen"]


def test_an_upload_to_an_earlier_version_is_to_be_uploaded_again() -> None:
    with pytest.raises(Invalid, match="Upload it again"):
        next(unpack(gzip.compress(b"2,03/14/2026,Olentangy\n")))
    assert gzip.decompress(pack(looked_at([("03/14/2026", "Zeb", OKONJO, "x", "Seen")]))[0]).startswith(FORMAT.encode())
