"""Writes an import: rows and sums in short turns that nobody counts yet, then one change of state that shows them all.

A killed import leaves rows of an import that is not done; nobody reads them, and the next run removes them first. So an
import is whole or absent, whenever its process ends. No turn holds the lock for longer than a page takes to save, and
the file is read and matched between them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from sqlalchemy import Row, Select, Table, delete, insert, select, update
from sqlalchemy.orm import Session

from crm.accounts.queries import get_organization
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock
from crm.core.db import glance, turn
from crm.core.errors import Conflict
from crm.jobs.run import Cancelled
from crm.referrals import import_queries, layers
from crm.referrals.importing import layouts
from crm.referrals.importing.keys import Keys
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.names import Names, remove_unused
from crm.referrals.importing.outcome import Outcome, Piece, Plan, outcome_of, pieces
from crm.referrals.importing.rows import Options
from crm.referrals.models import ImportRefusal, ImportState, ImportUpload, Referral, ReferralImport
from crm.referrals.queries import COUNTED

ROWS = cast(Table, Referral.__table__)
REFUSALS = cast(Table, ImportRefusal.__table__)
TURN_ROWS = 500
T = TypeVar("T")
# Called between turns, outside any transaction's work: reports (done, total), may raise to stop.
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


def plan_of(session: Session, batch: ReferralImport) -> Plan:
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
        names=Names(session),
        keys=Keys(get_organization(session).row_key_secret),
    )


def write_import(session: Session, import_id: int, checkpoint: Checkpoint) -> None:
    """Bring a file in, from a clean slate; run again after a crash it ends the same. Commits its turns."""
    with only_one(session):
        with glance(session):
            state = session.get_one(ReferralImport, import_id, populate_existing=True).state
        if state not in (ImportState.RUNNING, ImportState.DONE):
            raise Conflict("This import was changed in the meantime. Open it again.")
        if state is ImportState.RUNNING:
            clear_leftovers(session, checkpoint)
            tally = _write_rows(session, import_id, checkpoint)
            layers.stage(session, import_id, lambda: checkpoint(tally.read, tally.read), takes_back=False)
            with turn(session):
                _show(session, import_id, tally)
        layers.settle(session, lambda: unstoppable(checkpoint)(0, 0))


def unstoppable(checkpoint: Checkpoint) -> Checkpoint:
    """A checkpoint of work that can no longer be cancelled."""

    def report(done: int, total: int) -> None:
        with suppress(Cancelled):
            checkpoint(done, total)

    return report


def _write_rows(session: Session, import_id: int, checkpoint: Checkpoint) -> Tally:
    with turn(session):
        session.execute(delete(REFUSALS).where(REFUSALS.c.import_id == import_id))
    with glance(session):
        plan = plan_of(session, session.get_one(ReferralImport, import_id))
        total = session.get_one(ImportUpload, import_id).row_count
    checkpoint(0, total)
    tally = Tally()
    for piece in pieces(plan):
        _make_names(session, import_id, plan.names, piece)
        outcome = outcome_of(session, plan, piece)
        _write_piece(session, import_id, outcome)
        tally.add(outcome)
        checkpoint(tally.read, total)
    return tally


def _make_names(session: Session, import_id: int, names: Names, piece: Piece) -> None:
    """Make what the rows name for the first time; the import remembers that it is its doing."""
    unknown = names.unknown(row for _, row in piece.rows)
    if unknown:
        with turn(session):
            batch, made = session.get_one(ReferralImport, import_id), names.make(session, unknown)
            before = batch.mapping.get("made", {})
            batch.mapping = {
                **batch.mapping,
                "made": {kind: [*before.get(kind, []), *ids] for kind, ids in made.items()},
            }


def _write_piece(session: Session, import_id: int, outcome: Outcome) -> None:
    for new in _turns(outcome.new):
        with turn(session):
            session.execute(insert(ROWS), [{**row, "import_id": import_id} for row in new])
    for changed in _turns(outcome.changed):
        with turn(session):
            before = ROWS.c.id.in_([change.referral_id for change in changed])
            session.execute(update(ROWS).where(before).values(replaced_by=import_id))
            session.execute(insert(ROWS), [{**change.version, "import_id": import_id} for change in changed])
    for refused in _turns(outcome.refused):
        with turn(session):
            session.execute(insert(REFUSALS), [{"import_id": import_id, **row._asdict()} for row in refused])


def _turns(rows: list[T]) -> Iterator[list[T]]:
    yield from (rows[start : start + TURN_ROWS] for start in range(0, len(rows), TURN_ROWS))


def _show(session: Session, import_id: int, tally: Tally) -> None:
    """Everything that others see of an import, in one transaction; however large the import, it is a short one."""
    batch = session.get_one(ReferralImport, import_id)
    batch.state, batch.finished_at, batch.says = ImportState.DONE, clock.now(), ""
    batch.read_rows, batch.added_rows, batch.updated_rows = tally.read, tally.new, tally.changed
    batch.unchanged_rows, batch.refused_rows, batch.unmatched_rows = tally.unchanged, tally.refused, tally.unmatched
    batch.first_month, batch.last_month = min(tally.months, default=None), max(tally.months, default=None)
    session.execute(delete(ImportUpload).where(ImportUpload.import_id == import_id))
    layouts.remember(session, batch)
    session.flush()
    layers.show(session, import_id)
    record(
        session, Action.IMPORTED, "referral_import", object_id=import_id, label=batch.file_name,
        read=tally.read, added=tally.new, updated=tally.changed, unchanged=tally.unchanged, refused=tally.refused,
    )  # fmt: skip


def clear_leftovers(session: Session, checkpoint: Checkpoint) -> None:
    """Remove what an import left that is not done: killed, given up, or taken back.

    What it replaced is the newest again. What was being merged is merged to the end. Only inside `only_one`.
    """
    layers.settle(session, lambda: checkpoint(0, 0))
    dead = select(ReferralImport.id).where(ReferralImport.state.not_in(COUNTED))
    query = select(ROWS.c.id, ROWS.c.row_key, ROWS.c.import_id).where(ROWS.c.import_id.in_(dead)).limit(TURN_ROWS)
    while rows := _glance_at(session, query):
        with turn(session):
            session.execute(delete(ROWS).where(ROWS.c.id.in_([row.id for row in rows])))
            was_replaced = ROWS.c.replaced_by.in_({row.import_id for row in rows})
            keys = ROWS.c.row_key.in_([row.row_key for row in rows])
            session.execute(update(ROWS).where(was_replaced, keys).values(replaced_by=None))
        checkpoint(0, 0)


def _glance_at(session: Session, query: Select[Any]) -> Sequence[Row[Any]]:
    with glance(session):
        return session.execute(query).all()


def withdraw(session: Session, import_id: int, checkpoint: Checkpoint, says: str) -> None:
    """After a cancelled or failed run: remove what it wrote, and let the file wait for another try."""
    with only_one(session):
        with glance(session):
            batch = session.get_one(ReferralImport, import_id, populate_existing=True)
            state, made = batch.state, dict(batch.mapping.get("made", {}))
        if state is not ImportState.RUNNING:
            return
        clear_leftovers(session, checkpoint)
        with turn(session):
            batch = session.get_one(ReferralImport, import_id)
            remove_unused(session, made)
            batch.state, batch.says = ImportState.WAITING, says
