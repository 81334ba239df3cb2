"""The layers by which an import changes the rollups: written where nobody sees them, and shown in one moment.

What an import adds to each sum, less what it replaces, is written beside the sums in short turns, as rows of its own
layer: its id, or the negative of it for taking it back. Every reader adds up all layers but those that an import hides
(`hidden_layer`). So one change of one value shows a million rows. Then a small layer is merged into layer 0, again in
short turns, in which no number changes. A large one stays as it is, but for the totals of months, which are few:
merging it would take as long as writing it.
Only inside `only_one`: one import is at work at a time.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from crm.core import bulk
from crm.core.db import end_turn, glance, pause, step, turn
from crm.referrals.importing.sums import Sums
from crm.referrals.models import Referral, ReferralImport
from crm.referrals.queries import of_import
from crm.referrals.rollup import wait_for_others
from crm.referrals.rollup_contents import PRACTICES, ROLLUPS, SETTLED, TOTAL, Rollup

TURN_CELLS = 8_000
LARGE_LAYER = 20_000  # cells
LARGE_IMPORT = 20_000  # rows
# Called between turns; may raise to stop.
Rest = Callable[[], None]
INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def hide(session: Session, import_id: int, layer: int | None) -> None:
    """From the end of this transaction on, an import hides this layer of the rollups and no other."""
    _mark(session, import_id, hidden_layer=layer)


def write(session: Session, sums: Sums, layer: int, rest: Rest, rollups: Iterable[Rollup] = ROLLUPS) -> None:
    """Write sums as a layer, which must be hidden."""
    for rollup in rollups:
        for columns in sums.turns(rollup, layer, TURN_CELLS):
            with step(session):
                bulk.load(session, rollup.table, columns)
            for _ in pause(session):
                rest()
    end_turn(session)


def is_large(sums: Sums, rows: int) -> bool:
    """Whether a layer is to stay one of its own: many cells would take long to merge, and the sums of many rows to work
    out again when the import is taken back."""
    return sums.cells(PRACTICES) > LARGE_LAYER or rows > LARGE_IMPORT


def show(session: Session, import_id: int, *, hides: int | None, keeps_layer: bool) -> None:
    """From the end of this transaction on, the staged layer counts. The state of the import changes in the same one."""
    wait_for_others(session)
    _mark(session, import_id, hidden_layer=hides, is_settling=True, has_own_layer=keeps_layer)


def _mark(session: Session, import_id: int, **values: Any) -> None:
    # A bulk statement: the audit trail tells of imports, not of how their sums are kept.
    statement = update(ReferralImport).where(ReferralImport.id == import_id).values(**values)
    session.execute(statement.execution_options(synchronize_session=False))


def settle(session: Session, rest: Rest) -> None:
    """Merge the layers that count and need not stay, and drop those that were hidden for good."""
    with glance(session):
        query = select(ReferralImport).where(ReferralImport.is_settling)
        found = [(row.id, row.hidden_layer, row.has_own_layer) for row in session.scalars(query)]
    for import_id, hidden, has_own_layer in found:
        months = months_of(session, import_id)
        rollups = (TOTAL,) if has_own_layer else ROLLUPS
        for layer in (import_id, -import_id):
            if layer != hidden:
                _merge(session, layer, months, rest, rollups)
        if hidden is not None:
            drop(session, hidden, months, rest)
        with turn(session):
            _mark(session, import_id, is_settling=False, hidden_layer=None)


def months_of(session: Session, import_id: int) -> Sequence[int]:
    """The months in which an import may have changed a sum: of its file, of its rows and of those that it replaced."""
    own, earlier = of_import(import_id), aliased(Referral)
    replaced = select(earlier.month).join(Referral, Referral.replaces_id == earlier.id)
    with glance(session):
        batch = session.get_one(ReferralImport, import_id, populate_existing=True)
        first, last = batch.first_month, batch.last_month
        found = set(range(first, last + 1)) if first is not None and last is not None else set()
        found.update(session.scalars(select(Referral.month).where(own).distinct()))
        return sorted(found.union(session.scalars(replaced.where(own).distinct())))


def share(session: Session, imports: Collection[int]) -> None:
    """The layers of these imports are no longer exactly their rows."""
    statement = update(ReferralImport).where(ReferralImport.id.in_(imports)).values(has_own_layer=False)
    session.execute(statement.execution_options(synchronize_session=False))


def drop(session: Session, layer: int, months: Iterable[int], rest: Rest) -> None:
    """Remove a layer that nobody sees."""
    for rollup in ROLLUPS:
        table = rollup.table
        for month in months:
            cells = (table.c.month == month, table.c.layer == layer)
            while True:
                with turn(session):
                    last = _last_of_turn(session, rollup, cells)
                    within = () if last is None else (table.c.practice_id <= last,)
                    session.execute(delete(table).where(*cells, *within))
                rest()
                if last is None:
                    break


def _last_of_turn(session: Session, rollup: Rollup, cells: Any) -> int | None:
    """The practice up to which cells make a turn; None when all of them do."""
    if "practice_id" not in rollup.keys:
        return None
    practice = rollup.table.c.practice_id
    return session.scalar(select(practice).where(*cells).order_by(practice).limit(1).offset(TURN_CELLS))


def _merge(session: Session, layer: int, months: Iterable[int], rest: Rest, rollups: Iterable[Rollup]) -> None:
    """Add a layer that counts to layer 0."""
    for rollup in rollups:
        for month in months:
            with step(session):
                _merge_month(session, rollup, layer, month)
            for _ in pause(session):
                rest()
    end_turn(session)


def _merge_month(session: Session, rollup: Rollup, layer: int, month: int) -> None:
    wait_for_others(session)
    table = rollup.table
    cells = (table.c.month == month, table.c.layer == layer)
    names = [*rollup.keys, *rollup.measures]
    # A condition stands there, for without one SQLite takes ON CONFLICT for a join.
    rows = select(*(table.c[name] for name in names), literal(SETTLED)).where(*cells)
    adding: Any = INSERTS[session.get_bind().dialect.name](table).from_select([*names, "layer"], rows)
    session.execute(_adding_up(rollup, adding))
    session.execute(delete(table).where(*cells))
    _drop_empty(session, rollup, month)


def _adding_up(rollup: Rollup, insert: Any) -> Any:
    added = {name: rollup.table.c[name] + insert.excluded[name] for name in rollup.measures}
    return insert.on_conflict_do_update(index_elements=[*rollup.keys, "layer"], set_=added)


def _drop_empty(session: Session, rollup: Rollup, month: int) -> None:
    table = rollup.table
    is_empty = [table.c[name] == 0 for name in rollup.measures]
    session.execute(delete(table).where(table.c.month == month, table.c.layer == SETTLED, *is_empty))


def apply(session: Session, sums: Sums) -> None:
    """Add sums to layer 0 in this transaction: for a few rows that change by themselves."""
    for rollup in ROLLUPS:
        for columns in sums.turns(rollup, SETTLED, TURN_CELLS):
            add(session, rollup, [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])


def add(session: Session, rollup: Rollup, cells: Sequence[Mapping[str, Any]]) -> None:
    """Add cells, each with its keys and all measures, to layer 0 of a rollup in this transaction."""
    if not cells:
        return
    wait_for_others(session)
    insert = INSERTS[session.get_bind().dialect.name]
    rows = [{**cell, "layer": SETTLED} for cell in cells]
    session.execute(_adding_up(rollup, insert(rollup.table)), rows)
    for month in {cell["month"] for cell in cells}:
        _drop_empty(session, rollup, month)
