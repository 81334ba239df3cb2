"""Writes an import: rows and sums in short turns that nobody counts yet, then one change of state that shows them all.

A killed import leaves rows of an import that is not done; nobody reads them, and the next run removes them first. So an
import is whole or absent, whenever its process ends. No turn holds the lock for longer than a page takes to save, and
the file is read and matched between them.

Rows are written in the order of their practices: written as they come, each would change another page of the database.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import numpy as np
from sqlalchemy import Table, delete, update
from sqlalchemy.orm import Session

from crm.accounts.queries import get_organization
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import bulk, clock
from crm.core.beside import beside
from crm.core.db import end_turn, glance, pause, step, turn
from crm.core.errors import Conflict
from crm.jobs.run import Checkpoint, unstoppable
from crm.referrals import import_queries, layers
from crm.referrals.importing import layouts
from crm.referrals.importing.batches import Batch, read_batches
from crm.referrals.importing.corrections import Correction, corrected
from crm.referrals.importing.facts import Ints
from crm.referrals.importing.kept import Block
from crm.referrals.importing.key_pages import write_pages
from crm.referrals.importing.keys import Keys
from crm.referrals.importing.leftovers import clear_leftovers
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.names import Names, remove_unused
from crm.referrals.importing.outcome import Changed, Outcome, Plan, Versions, match, outcome_of
from crm.referrals.importing.rows import Named, Options, Refusal
from crm.referrals.importing.sums import Sums
from crm.referrals.importing.upload import stored_blocks
from crm.referrals.importing.vanished import Held, vanished
from crm.referrals.models import (
    Grain,
    ImportRefusal,
    ImportState,
    ImportUpload,
    Referral,
    ReferralImport,
    ids_of,
)

ROWS, REFUSALS = cast(Table, Referral.__table__), cast(Table, ImportRefusal.__table__)
READ_BESIDE = 50_000  # rows
Blocks = Callable[[], Iterator[Block]]
STEP_ROWS, STEP_CHANGES = 2_000, 500
MORE_BY_COPY = 10  # nobody waits for a step of PostgreSQL
MOST_KEYS = 200_000  # so many are sorted together


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
    gone: int = 0  # counts of earlier files that this one does not have, and the referrals in them
    gone_referrals: int = 0

    def lose(self, changed: Changed) -> None:
        """Note counts of earlier files that this one does not have."""
        self.gone += len(changed)
        self.gone_referrals += int(changed.before["count"].sum())

    def add(self, outcome: Outcome) -> None:
        """Count one more batch."""
        self.read += outcome.lines
        self.new += len(outcome.new)
        self.changed += len(outcome.changed)
        self.unchanged += outcome.unchanged
        self.refused += len(outcome.refused)
        self.unmatched += outcome.unmatched
        if outcome.months:
            self.months = {min(self.months | outcome.months), max(self.months | outcome.months)}


def plan_of(session: Session, batch: ReferralImport, blocks: Blocks | None = None) -> Plan:
    """What reading the rows of an import needs: those in hand, else those that were kept. Raises Conflict when there
    are none."""
    if blocks is None:
        upload = import_queries.find_upload(session, batch.id)
        if upload is None:
            raise Conflict("The rows of this file are no longer kept. Upload it again.")
        blocks = partial(_kept_blocks, upload.rows, list(map(Correction.from_json, upload.corrections)))
        session.expunge(upload)
    columns = [MappedColumn.from_json(column) for column in batch.mapping["columns"]]
    return Plan(
        blocks=blocks,
        columns=columns,
        grain=batch.grain,
        options=Options.from_json(batch.mapping.get("options", {})),
        today=clock.today(),
        sources=import_queries.load_sources(session),
        names=Names.load(session),
        secret=get_organization(session).row_key_secret,
        rows=batch.read_rows,
        is_counted=bool(batch.mapping.get("counted")),
    )


def _kept_blocks(packed: bytes, corrections: list[Correction]) -> Iterator[Block]:
    return corrected(stored_blocks(packed), corrections)


def batches_of(plan: Plan) -> Iterator[Batch]:
    """The rows of the file, batch by batch, with the practices behind them; a large file is read by a process beside
    this one, which hands each source over once."""

    def read() -> Iterator[Batch]:
        known = 0
        for batch in read_batches(plan.blocks(), plan.reader, Keys(plan.secret)):
            match(plan.sources, batch)
            sources = batch.rows.sources
            batch.rows.sources, known = sources[known:], max(known, len(sources))
            yield batch

    sources: list[Named] = []
    for batch in beside(read) if plan.rows > READ_BESIDE else read():
        sources += batch.rows.sources
        batch.rows.sources = sources
        yield batch


def write_import(session: Session, import_id: int, checkpoint: Checkpoint, blocks: Blocks | None = None) -> None:
    """Bring a file in, from a clean slate; run again after a crash it ends the same. Commits its turns. `blocks` are
    its rows when they are in hand; else those that were kept are read."""
    with only_one(session):
        with glance(session):
            state = session.get_one(ReferralImport, import_id, populate_existing=True).state
        if state not in (ImportState.RUNNING, ImportState.DONE):
            raise Conflict("This import was changed in the meantime. Open it again.")
        if state is ImportState.RUNNING:
            clear_leftovers(session, checkpoint)
            tally, sums = _write_rows(session, import_id, checkpoint, blocks)
            layers.write(session, sums, import_id, lambda: checkpoint(tally.read, tally.read))
            with turn(session):
                _show(session, import_id, tally, sums)
        layers.settle(session, lambda: unstoppable(checkpoint)(0, 0))


def _write_rows(session: Session, import_id: int, checkpoint: Checkpoint, blocks: Blocks | None) -> tuple[Tally, Sums]:
    with turn(session):
        session.execute(delete(REFUSALS).where(REFUSALS.c.import_id == import_id))
        layers.hide(session, import_id, import_id)
    with glance(session):
        plan = plan_of(session, session.get_one(ReferralImport, import_id), blocks)
    total = plan.rows
    checkpoint(0, total)
    tally, sums, writer, held = Tally(), Sums(), _Writer(session, import_id), Held()
    for batch in batches_of(plan):
        _make_names(session, import_id, plan.names, batch)
        outcome = outcome_of(session, plan, batch)
        for _ in writer.write(outcome):
            checkpoint(tally.read, total)
        sums.add(outcome.new.facts, outcome.new.is_apart)
        sums.add(outcome.changed.facts, outcome.changed.is_apart)
        sums.add(outcome.changed.before, outcome.changed.was_apart, -1)
        tally.add(outcome)
        if plan.grain is Grain.MONTH:
            held.add(batch, plan.names)
        checkpoint(tally.read, total)
    for changed in vanished(session, import_id, held, is_counted=plan.is_counted):
        tally.lose(changed)
        if plan.is_counted:
            sums.add(changed.before, changed.was_apart, -1)
            for _ in writer.take_away(changed):
                checkpoint(tally.read, total)
    for _ in writer.write_keys():
        checkpoint(tally.read, total)
    return tally, sums


def _make_names(session: Session, import_id: int, names: Names, batch: Batch) -> None:
    """Make what the rows name for the first time; the import remembers which lines and sites are its doing."""
    unknown = names.unknown(batch.rows)
    if unknown:
        with turn(session):
            of, made = session.get_one(ReferralImport, import_id), names.make(session, unknown)
            before = of.mapping.get("made", {})
            of.mapping = {
                **of.mapping,
                "made": {kind: [*before.get(kind, []), *ids] for kind, ids in made.items()},
            }
    names.make_sources(session, batch.rows)


class _Writer:
    """Writes the rows of one import, each with its number, and their keys; gives pause between its turns."""

    def __init__(self, session: Session, import_id: int) -> None:
        self._session, self._import_id = session, import_id
        self._next = ids_of(import_id).start
        self._step_rows = STEP_ROWS * (1 if session.get_bind().dialect.name == "sqlite" else MORE_BY_COPY)
        self._keys: list[bytes] = []
        self._ids: list[Ints] = []

    def write(self, outcome: Outcome) -> Iterator[None]:
        """Write what becomes of a batch."""
        yield from self._write_new(outcome.new)
        yield from self._write_changed(outcome.changed)
        for start in range(0, len(outcome.refused), STEP_ROWS):
            with step(self._session):
                load_refusals(self._session, self._import_id, outcome.refused[start : start + STEP_ROWS])
            yield from pause(self._session)
        if sum(map(len, self._ids)) >= MOST_KEYS:
            yield from self.write_keys()
        end_turn(self._session)

    def take_away(self, changed: Changed) -> Iterator[None]:
        """Write versions that count nothing."""
        yield from self._write_changed(changed)
        end_turn(self._session)

    def write_keys(self) -> Iterator[None]:
        """Write the keys of the rows that were written so far."""
        keys, ids = b"".join(self._keys), np.concatenate([*self._ids, np.empty(0, dtype=np.int64)])
        self._keys, self._ids = [], []
        yield from write_pages(self._session, self._import_id, keys, ids)
        end_turn(self._session)

    def _write_new(self, new: Versions) -> Iterator[None]:
        order = np.lexsort([new.facts[name] for name in ("month", "source_id", "practice_id")])
        rows = self._rows(new, order)
        for start in range(0, len(new), self._step_rows):
            with step(self._session):
                rows.load(start, start + self._step_rows)
            yield from pause(self._session)

    def _write_changed(self, changed: Changed) -> Iterator[None]:
        replaces = np.array(changed.replaces, dtype=np.int64)
        order = np.argsort(replaces)
        in_order: list[int] = replaces[order].tolist()
        rows = self._rows(changed, order, replaces_id=bulk.Plain(replaces[order]))
        for start in range(0, len(changed), STEP_CHANGES):
            stop = start + STEP_CHANGES
            with step(self._session):
                before = ROWS.c.id.in_(in_order[start:stop])
                self._session.execute(update(ROWS).where(before).values(replaced_by=self._import_id))
                rows.load(start, stop)
            yield from pause(self._session)

    def _rows(self, versions: Versions, order: Ints, **more: bulk.Column) -> bulk.Rows:
        """The rows in an order, each with its number."""
        first = self._numbered(versions, order)
        columns = {
            "id": bulk.Plain(np.arange(first, self._next)), "import_id": bulk.Same(self._import_id),
            **versions.facts.take(order).outwards(), **more,
        }  # fmt: skip
        return bulk.Rows(self._session, ROWS, columns, len(versions))

    def _numbered(self, versions: Versions, order: Ints) -> int:
        """Give rows their numbers, in this order; returns the first."""
        first, self._next = self._next, self._next + len(versions)
        ids = np.empty(len(versions), dtype=np.int64)
        ids[order] = np.arange(first, self._next)
        self._keys.append(versions.keys)
        self._ids.append(ids)
        return first


def load_refusals(session: Session, import_id: int, refused: list[Refusal]) -> None:
    """Keep rows that do not go in for the list of reasons."""
    columns = dict(zip(Refusal._fields, zip(*refused, strict=True), strict=True))
    bulk.load(session, REFUSALS, {"import_id": [import_id] * len(refused), **columns})


def _show(session: Session, import_id: int, tally: Tally, sums: Sums) -> None:
    """Everything that others see of an import, in one transaction; however large the import, it is a short one."""
    batch = session.get_one(ReferralImport, import_id)
    batch.state, batch.finished_at, batch.says = ImportState.DONE, clock.now(), ""
    batch.read_rows, batch.added_rows, batch.updated_rows = tally.read, tally.new, tally.changed
    batch.unchanged_rows, batch.refused_rows, batch.unmatched_rows = tally.unchanged, tally.refused, tally.unmatched
    batch.first_month, batch.last_month = min(tally.months, default=None), max(tally.months, default=None)
    layouts.remember(session, batch)
    session.execute(delete(ImportUpload).where(ImportUpload.import_id == import_id))
    if tally.gone:
        gone = {"counts": tally.gone, "referrals": tally.gone_referrals, "stays": not batch.mapping.get("counted")}
        batch.mapping = {**batch.mapping, "gone": gone}
    session.flush()
    layers.show(session, import_id, hides=None, keeps_layer=layers.is_large(sums, tally.new + tally.changed))
    record(
        session, Action.IMPORTED, "referral_import", object_id=import_id, label=batch.file_name,
        read=tally.read, added=tally.new, updated=tally.changed, unchanged=tally.unchanged, refused=tally.refused,
    )  # fmt: skip


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
