"""Every row is counted exactly once, the same file twice changes nothing, and memory does not grow with the file."""

import io
import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from crm.core import geo
from crm.core.errors import Invalid
from crm.directory.importing import importer
from crm.directory.importing.counts import Counts, Outcome
from crm.directory.importing.headers import recognize
from crm.directory.importing.importer import Progress, run_import
from crm.directory.importing.reading import open_table
from crm.directory.importing.rows import FileKind, Reason, RowFilter
from crm.directory.models import Provider
from tests.databases import chosen_kind
from tests.directory import cms_files
from tests.directory.bringing_in import bring_in, practices, snapshot, the_provider
from tests.directory.cms_files import NPPES_330, clinician, dac_40, dac_row, deactivated, many, npi_of, nppes_330

NPIS = st.one_of(st.integers(1, 12).map(npi_of), st.sampled_from(["", "1234567890", "x"]))
LINES = st.sampled_from(["100 CANAL RD", "200 CANAL RD", "PO BOX 1", ""])
ROWS = st.one_of(
    st.builds(
        clinician, NPIS, st.sampled_from(["LUND", "", "L" * 70]), line1=LINES, state=st.sampled_from(["OH", "KY"])
    ),
    st.builds(
        lambda npi, name, line: cms_files.organization(npi, name, line1=line), NPIS, st.sampled_from(["A", ""]), LINES
    ),
    st.builds(deactivated, NPIS),
    st.just({}),
)
TAILS = st.sampled_from([b"", b"cut,off\n", b'"a" b,c\n', b"\n\n", b"1,\x00,2\n"])


def imported(session: Any, data: bytes, wanted: RowFilter, *, is_dry: bool = False) -> Counts:
    with open_table(io.BytesIO(data)) as table:
        layout = recognize(table.header)
        return run_import(session, layout, table.rows, wanted, lambda _: None, is_dry=is_dry)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, min_size=1, max_size=14), TAILS, st.booleans())
def test_the_parts_always_add_up(database: Any, rows: list[dict[str, str]], tail: bytes, is_filtered: bool) -> None:
    data = cms_files.written(NPPES_330, rows) + tail
    wanted = RowFilter(frozenset({"OH"})) if is_filtered else RowFilter()
    expected = len(rows) + tail.count(b"\n")
    session = database()
    dry = imported(session, data, wanted, is_dry=True)
    first = imported(session, data, wanted)
    again = imported(session, data, wanted)
    for counts in (dry, first, again):
        assert counts.adds_up, counts
        assert counts.read == expected
    assert dry.stored() == first.stored(), "the preview says what then happens"
    assert (again.added, again.updated, again.unchanged) == (0, 0, first.taken)
    session.rollback()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(
            lambda npi, line, group, last: dac_row(
                npi, last, adr_ln_1=line, org_pac_id=group, org_nm=group and f"G{group}"
            ),
            st.integers(1, 5).map(npi_of), LINES, st.sampled_from(["", "77", "88"]), st.sampled_from(["LUND", "REYES"]),
        ),
        min_size=1, max_size=14,
    )
)  # fmt: skip
def test_repeated_people_in_any_order_settle(database: Any, rows: list[dict[str, str]]) -> None:
    session, data = database(), dac_40(rows)
    dry = imported(session, data, RowFilter(), is_dry=True)
    first = imported(session, data, RowFilter())
    before = snapshot(database)
    again = imported(session, data, RowFilter())
    assert dry.stored() == first.stored()
    assert again.unchanged == len(rows)
    assert snapshot(database) == before
    session.rollback()


def test_pieces_make_no_difference(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = nppes_330(many(60))
    session = database()
    whole = imported(session, data, RowFilter())
    names = [place.name for place in practices(database)]
    session.rollback()
    monkeypatch.setattr(importer, "PIECE", 7)
    dry = imported(session, data, RowFilter(), is_dry=True)
    parts = imported(session, data, RowFilter())
    assert whole.stored() == parts.stored() == dry.stored()
    assert [place.name for place in practices(database)] == names


def test_an_import_goes_on_behind_the_last_piece(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "PIECE", 10)
    data = nppes_330([*many(25), clinician(npi_of(30_000_002)), clinician("1234567890")])
    whole = imported(database(), data, RowFilter(), is_dry=True)
    kept: list[Counts] = []

    def stop_at_the_second(progress: Progress) -> None:
        database.commit()
        kept.append(Counts.of(progress.counts.stored()))
        if len(kept) == 2:
            raise KeyboardInterrupt

    def run(checkpoint: Callable[[Progress], None], done: Counts | None) -> Counts:
        with open_table(io.BytesIO(data)) as table:
            return run_import(database(), recognize(table.header), table.rows, RowFilter(), checkpoint, done=done)

    with pytest.raises(KeyboardInterrupt):
        run(stop_at_the_second, None)
    database.rollback()
    assert kept[-1].read == 20
    finished = run(lambda _: database.commit(), kept[-1])
    assert finished.stored() == whole.stored()
    assert finished.reasons == {"repeated": 1, "bad_npi": 1}


def test_a_piece_is_applied_again_when_somebody_added_its_npi_meanwhile(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on PostgreSQL, where others write while a piece is at work."""
    real, calls = importer.store, []

    def store(working: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            working.session.rollback()
            working.session.add(Provider(last_name="Typed", npi=npi_of(30_000_000)))
            working.session.commit()
            raise IntegrityError("insert", {}, Exception("npi"))
        real(working)

    monkeypatch.setattr(importer, "store", store)
    counts = bring_in(database, nppes_330([*many(6), clinician("123")]))
    assert (counts.read, counts.taken, counts.refused, counts.providers_added) == (7, 6, 1, 4)
    assert the_provider(database, npi_of(30_000_000)).last_name == "Typed"


def test_a_filter_by_what_the_file_does_not_say_is_refused(database: Any) -> None:
    eight = cms_files.nppes_8([clinician(npi_of(1))])
    for wanted, lacks in ((RowFilter(zips=("430",)), "ZIP"), (RowFilter(codes=("207Q",)), "taxonomy")):
        with pytest.raises(Invalid, match=lacks):
            imported(database(), eight, wanted)
    assert imported(database(), eight, RowFilter(frozenset({"KY"}))).filtered == 1


def test_a_header_without_rows_is_refused(database: Any) -> None:
    with pytest.raises(Invalid, match="header but no rows"):
        imported(database(), nppes_330([]), RowFilter())


def test_counts_survive_the_database() -> None:
    counts = Counts(read=3, added=1)
    counts.note(Outcome.UPDATED)
    counts.refuse(Reason.NO_NPI)
    assert Counts.of(counts.stored()).stored() == counts.stored()
    assert (counts.adds_up, counts.brings, Counts.of({}).read) == (True, 2, 0)
    assert not Counts(read=2, added=1).adds_up


def test_the_preview_shows_the_first_rows(database: Any) -> None:
    last: list[Progress] = []
    with open_table(io.BytesIO(nppes_330([deactivated(npi_of(7)), *many(30)]))) as table:
        run_import(database(), recognize(table.header), table.rows, RowFilter(), last.append, is_dry=True)
    samples = last[-1].samples
    assert len(samples) == importer.SAMPLES
    assert (samples[0].line, samples[0].outcome, samples[0].name[:5]) == (3, "New", "Ada0 ")


@pytest.mark.skipif(chosen_kind() != "sqlite", reason="the memory of the program, the same with every database")
def test_memory_does_not_grow_with_the_file(database: Any) -> None:
    def peak(rows: int, wanted: RowFilter | None = None) -> int:
        data = nppes_330(many(rows, seed=rows))
        tracemalloc.start()
        bring_in(database, data, wanted)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    geo.zip_centroids()  # kept for good, whoever asks first
    few = peak(800)
    assert peak(2_000) < few * 1.05
    assert peak(8_000, RowFilter(zips=("4300",))) < few * 1.05


def test_a_second_file_of_the_other_kind_adds_no_second_person(database: Any) -> None:
    chance = random.Random(5)
    people = [npi_of(number) for number in range(40)]
    bring_in(database, nppes_330(clinician(npi, f"LAST{n}") for n, npi in enumerate(people)))
    chance.shuffle(people)
    counts = bring_in(database, dac_40(dac_row(npi, f"LAST{n}") for n, npi in enumerate(people)))
    assert (counts.providers_added, counts.practices_added) == (0, 0)
    assert recognize(["NPI", "lst_nm", "pri_spec", "zip"]).kind is FileKind.DAC
