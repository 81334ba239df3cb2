"""Tests of corrections: which cells they change, what may stand in their place, and what the import makes of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.audit.models import AuditEvent
from crm.core.db import db
from crm.core.errors import Conflict, Invalid
from crm.referrals import correction_queries, correction_services, import_services
from crm.referrals.correction_services import Said
from crm.referrals.importing import checking, corrections
from crm.referrals.importing.cells import Cells
from crm.referrals.importing.corrections import Correction, cells_of, corrected, fault_of_typed
from crm.referrals.importing.headers import Target
from crm.referrals.importing.kept import Block
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.writing import write_import
from crm.referrals.models import ImportState, ReferralImport, ReferralStatus
from crm.referrals.rollup import check_rollup
from tests.cast import Cast
from tests.referrals.files import csv_bytes, event
from tests.referrals.importing import counts, rows

TEXTS = st.sampled_from(["", "a", "b", "PEND-X"])
COLUMNS = 2
NO_PLACE = " has no place here. Rounds keeps no patient identity."


@pytest.fixture
def session(cast: Cast) -> Session:
    return db.session()


def waiting(session: Session, *lines: list[object]) -> ReferralImport:
    """A file that was checked."""
    batch = import_services.take_in_file(session, SYSTEM, "referrals.csv", csv_bytes(lines))
    check(session, batch)
    return batch


def check(session: Session, batch: ReferralImport) -> None:
    session.commit()
    import_services.keep_summary(session, batch, checking.summarize(session, batch))
    session.commit()


def place_of(batch: ReferralImport, header: str) -> int:
    return [column["header"] for column in batch.mapping["columns"]].index(header)


def alike(session: Session, batch: ReferralImport, line: int) -> correction_queries.Alike:
    refusal = correction_queries.get_refusal(session, batch, line)
    found = correction_queries.find_alike(session, SYSTEM, batch, refusal)
    assert found is not None
    return found


def correct_alike(session: Session, batch: ReferralImport, line: int, *said: Said) -> int:
    rows_ = correction_services.correct_alike(session, SYSTEM, batch, alike(session, batch, line), list(said))
    check(session, batch)
    return rows_


def blocks_of(cells: list[tuple[str, str, bool]], size: int) -> list[Block]:
    """Lines from 2 on, a few at a time; of some nothing was kept."""
    found = []
    for start in range(0, len(cells), size):
        some = cells[start : start + size]
        columns = [Cells.of([row[at] for row in some]) for at in range(COLUMNS)]
        bad = {place: "Bad" for place, row in enumerate(some) if row[2]}
        found.append(Block(list(range(2 + start, 2 + start + len(some))), columns, bad))
    return found


A_CORRECTION = st.one_of(
    st.builds(
        lambda now, lines: Correction(now, tuple(sorted(lines))),
        st.dictionaries(st.integers(0, COLUMNS - 1), TEXTS, min_size=1),
        st.sets(st.integers(0, 10), min_size=1),
    ),
    st.builds(lambda at, was, now: Correction({at: now}, was=was), st.integers(0, COLUMNS - 1), TEXTS, TEXTS),
)
CELLS = st.lists(st.tuples(TEXTS, TEXTS, st.booleans()), min_size=1, max_size=8)


def expected(line: int, cells: list[str], made: list[Correction]) -> list[str]:
    for one in made:
        (first, *_) = one.now
        if line in one.lines if one.was is None else cells[first] == one.was:
            cells = [one.now.get(at, text) for at, text in enumerate(cells)]
    return cells


@settings(deadline=None)
@given(CELLS, st.integers(1, 4), st.lists(A_CORRECTION, max_size=3))
def test_corrections_change_the_cells_that_they_name_and_no_other(
    cells: list[tuple[str, str, bool]], size: int, made: list[Correction]
) -> None:
    stored = [Correction.from_json(one.as_json()) for one in made]
    assert stored == made
    lines = [
        (line, "Bad" if is_bad else expected(line, [first, second], made))
        for line, (first, second, is_bad) in enumerate(cells, 2)
    ]
    assert [line for block in corrected(blocks_of(cells, size), stored) for line in block.lines()] == lines
    odd = {line: row for line, row in lines if line % 2 and isinstance(row, list)}
    assert cells_of(corrected(blocks_of(cells, size), stored), [line for line, _ in lines if line % 2]) == odd


@pytest.mark.parametrize(
    ("target", "text", "says"),
    [
        (Target.RECEIVED_ON, "2026-03-14", ""),
        (Target.RECEIVED_ON, "soon", "Not a date."),
        (Target.STATUS, "PEND-X", "Status not known."),
        (Target.STATUS, "", ""),
        (Target.COUNT, "-3", "Count is negative."),
        (Target.PAID, "four", "Not an amount of money."),
        (Target.SOURCE_NPI, "1730482910", ""),
        (Target.SOURCE_NPI, "1730482911", "Not an NPI. Its ten digits end with a check digit."),
        (Target.SOURCE_NAME, "Walker Clinic", ""),
        (Target.SOURCE_NAME, "00482915", "A number among names."),
        (Target.SOURCE_NAME, "Z. 218-44-1029", f"A social security number{NO_PLACE}"),
        (Target.SITE, "(614) 555-0142", f"A telephone number{NO_PLACE}"),
        (Target.SITE, "x" * 201, "At most 200 characters."),
    ],
)  # fmt: skip
def test_what_is_typed_is_held_to_the_rules_for_files(target: Target, text: str, says: str) -> None:
    assert fault_of_typed(text, MappedColumn("A", "Column", target)) == says


def test_a_word_gets_its_meaning_for_all_rows_and_a_cell_for_one(session: Session) -> None:
    lines = [event(n) for n in range(1, 4)] + [event(n, Status="PEND-X") for n in range(4, 7)]
    batch = waiting(session, *lines, event(7, Referral_Date=""), event(8, Referral_Date="", Appt_Dt=""))
    assert batch.mapping["check"]["refused"] == 5
    assert correct_alike(session, batch, 5, Said("x", "PEND-X", "scheduled")) == 3
    assert batch.mapping["check"]["refused"] == 2
    correction_services.correct_line(session, SYSTEM, batch, 9, {place_of(batch, "Referral Date"): "2026-08-02"})
    check(session, batch)
    assert correction_queries.get_refusal(session, batch, 8).reason == "No received date"
    assert [group["lines"] for group in batch.mapping["check"]["groups"]] == [[8]]
    trail = session.scalars(select(AuditEvent.detail).where(AuditEvent.object_kind == "referral_import")).all()
    assert [detail["corrected_rows"] for detail in trail if "corrected_rows" in detail] == [3, 4]
    batch.state = ImportState.RUNNING
    session.commit()
    write_import(session, batch.id, lambda _done, _total: session.commit())
    assert counts(session.get_one(ReferralImport, batch.id)) == (8, 7, 0, 0, 1)
    assert rows(session, "status").count(ReferralStatus.SCHEDULED) == 7
    assert check_rollup(session) == []


def test_rows_that_contradict_themselves_are_corrected_by_their_lines_only(session: Session) -> None:
    early = {"Appt_Dt": "01/02/2026"}
    batch = waiting(session, event(1, **early), event(2, **early), event(9, Referral_Date="01/01/2026", **early))
    assert batch.mapping["check"]["refused"] == 2
    assert correct_alike(session, batch, 2, Said("x", None, "")) == 2
    assert batch.mapping["check"]["refused"] == 0
    kept = correction_queries.read_cells(session, batch, [2, 3, 4])
    assert [kept[line][place_of(batch, "Appt Dt")] for line in (2, 3, 4)] == ["", "", "01/02/2026"]


def test_one_text_and_all_the_others(session: Session) -> None:
    batch = waiting(session, *(event(day, Referral_Date=f"02/{29 + day}/2026", Appt_Dt="") for day in (1, 2, 3)))
    said = (Said("to_x", "02/31/2026", "2026-03-02"), Said("to_others", None, "2026-03-09"))
    assert correct_alike(session, batch, 2, *said) == 3
    kept = correction_queries.read_cells(session, batch, [2, 3, 4])
    days = [kept[line][place_of(batch, "Referral Date")] for line in (2, 3, 4)]
    assert days == ["2026-03-09", "2026-03-02", "2026-03-09"]


def test_what_would_not_go_in_is_not_kept(session: Session) -> None:
    batch = waiting(session, event(1, Referral_Date="03/14/2199"), event(2, Status="PEND-X", Appt_Dt="01/02/2026"))
    day = place_of(batch, "Referral Date")
    with pytest.raises(Invalid) as problem:
        correction_services.correct_line(session, SYSTEM, batch, 2, {day: "03/15/2199"})
    assert problem.value.fields == {f"cell_{day}": "Date lies in the future."}
    with pytest.raises(Invalid) as problem:
        correct_alike(session, batch, 2, Said("to_x", None, "2199-01-01"))
    assert problem.value.fields == {"to_x": "Date lies in the future."}
    with pytest.raises(Invalid, match="Change a cell first"):
        correction_services.correct_line(session, SYSTEM, batch, 2, {day: "03/14/2199"})
    with pytest.raises(Invalid, match="Say what should stand there"):
        correct_alike(session, batch, 2)
    assert correction_queries.list_corrections(session, batch) == []


def test_corrections_are_bounded_and_can_be_undone(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = waiting(session, *(event(n, Status=f"PEND-{n}") for n in range(1, 4)))
    monkeypatch.setattr(correction_services, "MOST", 2)
    with pytest.raises(Invalid, match="more than can be corrected here"):
        correct_alike(session, batch, 2, *(Said(str(n), f"PEND-{n}", "seen") for n in range(1, 4)))
    correct_alike(session, batch, 2, Said("1", "PEND-1", "seen"), Said("2", "PEND-2", "lost"))
    first, second = correction_queries.list_corrections(session, batch)
    correction_services.undo_correction(session, SYSTEM, batch, first.key)
    check(session, batch)
    assert correction_queries.list_corrections(session, batch) == [second]
    assert batch.mapping["check"]["refused"] == 2
    with pytest.raises(Conflict, match="undone already"):
        correction_services.undo_correction(session, SYSTEM, batch, first.key)
    import_services.give_up(session, batch)
    with pytest.raises(Conflict):
        correction_services.undo_correction(session, SYSTEM, batch, second.key)


def test_lines_of_which_nothing_was_kept_stay_as_they_are(session: Session) -> None:
    batch = waiting(session, event(1), [*event(2), "one cell too many"])
    with pytest.raises(Conflict, match="Nothing of this line was kept"):
        correction_services.correct_line(session, SYSTEM, batch, 3, {0: "x"})
    refusal = correction_queries.get_refusal(session, batch, 3)
    assert correction_queries.find_alike(session, SYSTEM, batch, refusal) is None
    assert corrections.MOST_LINES * 8 < 100_000, "what is stored of a file stays small"
