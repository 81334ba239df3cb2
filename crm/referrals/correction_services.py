"""Writes of corrections: a person says what stands in place of cells of a waiting file; the check then runs again."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock
from crm.core.errors import Conflict, Invalid
from crm.referrals import correction_queries, import_services
from crm.referrals.correction_queries import Alike
from crm.referrals.import_queries import find_upload
from crm.referrals.importing.cells import Cells
from crm.referrals.importing.corrections import MOST, MOST_LINES, Correction, fault_of_text, fault_of_typed
from crm.referrals.importing.kept import Block
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.meanings import lasts
from crm.referrals.importing.rows import Options, Refusal, RowReader
from crm.referrals.importing.strays import MARK
from crm.referrals.models import ReferralImport

NOTHING = "Say what should stand there."


@dataclass(frozen=True)
class Said:
    """What a person says in place of a text of a column, or of all texts that they say nothing else about."""

    field: str  # under which it was typed
    was: str | None  # None for all the others
    now: str


def correct_line(session: Session, viewer: Viewer, batch: ReferralImport, line: int, typed: dict[int, str]) -> None:
    """Correct cells of one row, by the places of their columns. Raises Invalid(cell_<place>=...) unless it goes in."""
    cells = correction_queries.read_cells(session, batch, [line]).get(line)
    if cells is None:
        raise Conflict("Nothing of this line was kept. Correct it in your file.")
    places = {place.number: place.column for place in correction_queries.places_of(viewer, batch)}
    changed = {at: text for at, text in typed.items() if at in places and text != cells[at]}
    if not changed:
        raise Invalid("Change a cell first.")
    faults = {at: fault_of_typed(text, places[at]) for at, text in changed.items()}
    if told := {f"cell_{at}": says for at, says in faults.items() if says}:
        raise Invalid(**told)
    if left := _refusal_of(batch, line, [changed.get(at, text) for at, text in enumerate(cells)]):
        named = correction_queries.place_named(correction_queries.places_of(viewer, batch), left.column)
        raise Invalid(**{f"cell_{named.number}": f"{left.reason}."}) if named else Invalid(f"{left.reason}.")
    _keep(session, viewer, batch, [Correction(changed, (line,))])


def correct_alike(session: Session, viewer: Viewer, batch: ReferralImport, alike: Alike, said: list[Said]) -> int:
    """Correct a column of all rows that have the same fault in it, by what stands there; returns how many rows that
    are. Raises Invalid, by the fields of what was typed."""
    column = alike.place.column
    faults = {one.field: fault_of_typed(one.now, column) for one in said}
    if faults := {field: says for field, says in faults.items() if says}:
        raise Invalid(**faults)
    texts = {text.text for text in alike.texts}
    words = correction_queries.count_words(session, batch, alike.place.number)
    named = {one.was for one in said if one.was is not None}
    made = []
    for one in said:
        lines = alike.lines_of([one.was]) if one.was is not None else alike.lines_of(texts - named)
        if lines:
            made.append(_correction(session, batch, alike, one, lines, words))
    if not made:
        raise Invalid(NOTHING)
    _keep(session, viewer, batch, made)
    return sum(correction.rows for correction in made)


def _correction(
    session: Session, batch: ReferralImport, alike: Alike, said: Said, lines: tuple[int, ...], words: Counter[str]
) -> Correction:
    """What cannot be read in one row cannot be read in any; other faults are those of their rows only."""
    place, column = alike.place
    cells = correction_queries.read_cells(session, batch, lines[:1])[lines[0]]
    left = _refusal_of(batch, lines[0], [said.now if at == place else text for at, text in enumerate(cells)])
    if left and left.column == column.header:
        raise Invalid(**{said.field: f"{left.reason}."})
    if said.was and said.was != MARK and fault_of_text(said.was, column) == alike.refusal.reason:
        is_kept = lasts(column.target, said.was, said.now, words)
        return Correction({place: said.now}, was=said.was, rows=words[said.was], lasts=is_kept)
    return Correction({place: said.now}, lines, rows=len(lines))


def _refusal_of(batch: ReferralImport, line: int, cells: list[str]) -> Refusal | None:
    """Why a row with these cells would not go in, by the checks of the import."""
    columns = [MappedColumn.from_json(column) for column in batch.mapping["columns"]]
    options = Options.from_json(batch.mapping.get("options", {}))
    read = RowReader(columns, batch.grain, options, clock.today())
    rows = read(Block([line], [Cells.of([text]) for text in cells], {}))
    return rows.refused[0] if rows.refused else None


def undo_correction(session: Session, viewer: Viewer, batch: ReferralImport, key: str) -> None:
    """Forget one correction; its rows read again as they came. Raises Conflict when there is none of that key."""
    kept = correction_queries.list_corrections(session, batch)
    number = next((number for number, correction in enumerate(kept) if correction.key == key), None)
    if number is None:
        raise Conflict("This correction was undone already.")
    _store(session, viewer, batch, [*kept[:number], *kept[number + 1 :]])


def _keep(session: Session, viewer: Viewer, batch: ReferralImport, made: list[Correction]) -> None:
    kept = [*correction_queries.list_corrections(session, batch), *made]
    if len(kept) > MOST or sum(len(correction.lines) for correction in kept) > MOST_LINES:
        raise Invalid("That is more than can be corrected here. Correct the rest in your file, and upload it again.")
    _store(session, viewer, batch, kept)


def _store(session: Session, viewer: Viewer, batch: ReferralImport, kept: list[Correction]) -> None:
    upload = find_upload(session, batch.id)
    if upload is None:
        raise Conflict("The rows of this file are no longer kept. Upload it again.")
    rows = sum(correction.rows for correction in kept)
    upload.corrections = [correction.as_json() for correction in kept]
    import_services.note_corrections(session, batch, rows, by=viewer)
    record(session, Action.CHANGED, "referral_import", object_id=batch.id, label=batch.file_name, corrected_rows=rows)
