"""Writes an import: new rows in pieces that nobody counts yet, then everything that becomes visible in one transaction.

A killed import leaves rows of an import that is not done; nobody reads them, and the next run removes them first. So an
import is whole or absent, whenever its process ends.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from crm.accounts.queries import get_organization
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock
from crm.core.errors import Conflict
from crm.referrals import import_queries
from crm.referrals.importing import layouts
from crm.referrals.importing.keys import Keys
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.names import Names, remove_unused
from crm.referrals.importing.outcome import Outcome, Plan, outcomes
from crm.referrals.importing.rows import Options
from crm.referrals.importing.spool import Spool, Stored
from crm.referrals.importing.versions import VALUES
from crm.referrals.models import ImportRefusal, ImportState, ImportUpload, Referral, ReferralImport, ReferralSuperseded
from crm.referrals.queries import COUNTED
from crm.referrals.rollup import Cell, Touched

ROWS = cast(Table, Referral.__table__)
REFUSALS = cast(Table, ImportRefusal.__table__)
SUPERSEDED = cast(Table, ReferralSuperseded.__table__)
DELETE_PIECE = 5_000
# Called between pieces, outside any transaction's work: commits, reports (done, total), may raise to stop.
Checkpoint = Callable[[int, int], None]


@dataclass
class Tally:
    """The counts of an import; `read` is the sum of the four that follow it."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    unmatched: int = 0
    months: set[int] = field(default_factory=set)

    def add(self, outcome: Outcome) -> None:
        """Count one more piece."""
        self.read += outcome.lines
        self.new += len(outcome.new)
        self.changed += len(outcome.changed)
        self.unchanged += outcome.unchanged
        self.refused += len(outcome.refused)
        self.unmatched += outcome.unmatched
        if outcome.months:
            self.months = {min(self.months | outcome.months), max(self.months | outcome.months)}


def plan_of(session: Session, batch: ReferralImport, *, is_dry: bool) -> Plan:
    """What reading the rows of an import needs. Raises Conflict when its rows are gone."""
    upload = import_queries.find_upload(session, batch.id)
    if upload is None:
        raise Conflict("The rows of this file are no longer kept. Upload it again.")
    return Plan(
        packed=upload.rows,
        columns=[MappedColumn.from_json(column) for column in batch.mapping["columns"]],
        grain=batch.grain,
        options=Options.from_json(batch.mapping.get("options", {})),
        today=clock.today(),
        sources=import_queries.load_sources(session),
        names=Names(session, is_dry=is_dry),
        keys=Keys(get_organization(session).row_key_secret),
    )


def write_import(session: Session, import_id: int, checkpoint: Checkpoint) -> None:
    """Bring a file in, from a clean slate; run again after a crash it ends the same. Commits through `checkpoint`."""
    with only_one(session):
        batch = session.get_one(ReferralImport, import_id, populate_existing=True)
        if batch.state is ImportState.DONE:
            return
        if batch.state is not ImportState.RUNNING:
            raise Conflict("This import was changed in the meantime. Open it again.")
        clear_leftovers(session, checkpoint)
        session.execute(delete(REFUSALS).where(REFUSALS.c.import_id == import_id))
        batch = session.get_one(ReferralImport, import_id)
        plan = plan_of(session, batch, is_dry=False)
        total = session.get_one(ImportUpload, import_id).row_count
        made = dict(batch.mapping.get("made", {}))
        checkpoint(0, total)
        tally, spool = Tally(), Spool()
        for outcome in outcomes(session, plan):
            _write_piece(session, import_id, outcome)
            _note_made(session, import_id, made, plan.names.made)
            tally.add(outcome)
            spool.add(outcome.changed)
            checkpoint(tally.read, total)
        _finish(session, import_id, tally, spool)
        checkpoint(total, total)


def _write_piece(session: Session, import_id: int, outcome: Outcome) -> None:
    if outcome.new:
        session.execute(insert(ROWS), [{**row, "import_id": import_id} for row in outcome.new])
    if outcome.refused:
        refused = [{"import_id": import_id, **row._asdict()} for row in outcome.refused]
        session.execute(insert(REFUSALS), refused)


def _note_made(session: Session, import_id: int, before: dict[str, list[int]], made: dict[str, list[int]]) -> None:
    """Remember which service lines and sites are this import's doing, in the transaction that makes them."""
    if not any(made.values()):
        return
    known = {kind: sorted({*before.get(kind, []), *ids}) for kind, ids in made.items()}
    batch = session.get_one(ReferralImport, import_id)
    if batch.mapping.get("made") != known:
        batch.mapping = {**batch.mapping, "made": known}


def _finish(session: Session, import_id: int, tally: Tally, spool: Spool) -> None:
    """Everything that others see of an import, in one transaction."""
    batch = session.get_one(ReferralImport, import_id)
    touched = Touched(session)
    touched.add_rows(Referral.import_id == import_id)
    cells: set[Cell] = set()
    for piece in spool.pieces():
        cells |= _replace(session, import_id, piece)
    touched.add_cells(cells)
    batch.state, batch.finished_at, batch.says = ImportState.DONE, clock.now(), ""
    batch.read_rows, batch.added_rows, batch.updated_rows = tally.read, tally.new, tally.changed
    batch.unchanged_rows, batch.refused_rows, batch.unmatched_rows = tally.unchanged, tally.refused, tally.unmatched
    batch.first_month, batch.last_month = min(tally.months, default=None), max(tally.months, default=None)
    session.execute(delete(ImportUpload).where(ImportUpload.import_id == import_id))
    layouts.remember(session, batch)
    session.flush()
    touched.recompute()
    record(
        session, Action.IMPORTED, "referral_import", object_id=import_id, label=batch.file_name,
        read=tally.read, added=tally.new, updated=tally.changed, unchanged=tally.unchanged, refused=tally.refused,
    )  # fmt: skip


def _replace(session: Session, import_id: int, piece: list[Stored]) -> set[Cell]:
    """Put new versions in place of rows and keep the old ones; returns the cells of both."""
    versions = [{"referral_id": id_, "import_id": owner, "values": before} for id_, owner, before, _ in piece]
    session.execute(insert(SUPERSEDED), versions)
    set_values(session, [(id_, import_id, after) for id_, _, _, after in piece])
    cells = {(before["practice_id"] or 0, before["month"]) for _, _, before, _ in piece}
    return cells | {(after["practice_id"] or 0, after["month"]) for _, _, _, after in piece}


def set_values(session: Session, rows: list[tuple[int, int | None, dict[str, Any]]]) -> None:
    """Give rows the values of a version and the import whose version it is."""
    bound: dict[str, Any] = {name: bindparam(f"new_{name}") for name in VALUES}
    statement = update(ROWS).where(ROWS.c.id == bindparam("row_id")).values(**bound, import_id=bindparam("owner"))
    session.connection().execute(
        statement,
        [
            {"row_id": id_, "owner": owner, **{f"new_{name}": values[name] for name in VALUES}}
            for id_, owner, values in rows
        ],
    )


def clear_leftovers(session: Session, checkpoint: Checkpoint) -> None:
    """Remove the rows of every import that is not done: killed, given up, or taken back. Only inside `only_one`."""
    dead = select(ReferralImport.id).where(ReferralImport.state.not_in(COUNTED))
    some = select(ROWS.c.id).where(ROWS.c.import_id.in_(dead)).limit(DELETE_PIECE)
    while session.execute(delete(ROWS).where(ROWS.c.id.in_(some.scalar_subquery()))).rowcount:  # type: ignore[attr-defined]
        checkpoint(0, 0)


def withdraw(session: Session, import_id: int, checkpoint: Checkpoint, says: str) -> None:
    """After a cancelled or failed run: remove what it wrote, and let the file wait for another try."""
    with only_one(session):
        batch = session.get_one(ReferralImport, import_id, populate_existing=True)
        if batch.state is not ImportState.RUNNING:
            return
        made = dict(batch.mapping.get("made", {}))
        clear_leftovers(session, checkpoint)
        batch = session.get_one(ReferralImport, import_id)
        remove_unused(session, made)
        batch.state, batch.says = ImportState.WAITING, says
        checkpoint(0, 0)
