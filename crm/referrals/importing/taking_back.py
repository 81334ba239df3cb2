"""Takes an import back whole: its own rows go, rows that it changed become what they were, at any time later.

The current row is always the newest version that was not taken back. So what a later import replaced was, without this
import, an earlier version; that is said first, while nobody can tell the difference. Then one change of state hides the
rows of this import and shows those that they had replaced; what nobody counts any more is removed after it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session, aliased

from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock
from crm.core.db import glance, turn
from crm.core.errors import Conflict
from crm.jobs.run import Checkpoint, unstoppable
from crm.referrals import import_queries, layers
from crm.referrals.import_queries import take_back_preview
from crm.referrals.importing.leftovers import clear_leftovers
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.names import remove_unused
from crm.referrals.importing.sums import Sums
from crm.referrals.importing.writing import ROWS, STEP_CHANGES
from crm.referrals.models import ImportState, Referral, ReferralImport
from crm.referrals.queries import of_import
from crm.referrals.rollup_contents import ROLLUPS, TOTAL, Rollup

SUMMED_ROWS = 10_000


def take_back_rows(session: Session, import_id: int, checkpoint: Checkpoint) -> None:
    """Take an import back; run again after a crash it goes on where it stood.

    For everybody else it is one step, so there is no point at which it could be cancelled.
    """
    checkpoint = unstoppable(checkpoint)
    with only_one(session):
        with glance(session):
            batch = session.get_one(ReferralImport, import_id, populate_existing=True)
            state, total = batch.state, batch.added_rows + batch.updated_rows
        clear_leftovers(session, checkpoint)
        if state is ImportState.TAKING_BACK:
            _stage_and_hide(session, import_id, checkpoint, total)
            clear_leftovers(session, checkpoint)
        elif state is not ImportState.TAKEN_BACK:
            raise Conflict("Only an import that is done can be taken back.")
        with turn(session):
            remove_unused(session, dict(session.get_one(ReferralImport, import_id).mapping.get("made", {})))
        checkpoint(total, total)


def _stage_and_hide(session: Session, import_id: int, checkpoint: Checkpoint, total: int) -> None:
    with glance(session):
        batch = session.get_one(ReferralImport, import_id)
        # As long as no later import has replaced a row of it, its own layer is all that it changed.
        is_layer_enough = batch.has_own_layer and not _is_replaced(session, import_id)
        counts, staged = take_back_preview(session, import_id), batch.hidden_layer
    if staged is not None:
        layers.drop(session, staged, layers.months_of(session, import_id), lambda: checkpoint(0, total))
    with turn(session):
        layers.hide(session, import_id, -import_id)
    _pass_on(session, import_id)
    rollups = (TOTAL,) if is_layer_enough else ROLLUPS
    sums = _going(session, import_id, rollups, lambda done: checkpoint(done, total))
    layers.write(session, sums, -import_id, lambda: checkpoint(total, total), rollups)
    with turn(session):
        batch = session.get_one(ReferralImport, import_id)
        batch.state, batch.taken_back_at = ImportState.TAKEN_BACK, clock.now()
        session.flush()
        hides = import_id if is_layer_enough else None
        layers.show(session, import_id, hides=hides, keeps_layer=is_layer_enough)
        record(
            session, Action.TAKEN_BACK, "referral_import", object_id=batch.id, label=batch.file_name,
            removed=counts["removed"], restored=counts["restored"],
        )  # fmt: skip


def _is_replaced(session: Session, import_id: int) -> bool:
    query = select(Referral.id).where(of_import(import_id), Referral.replaced_by.is_not(None)).limit(1)
    return session.scalar(query) is not None


def _pass_on(session: Session, import_id: int) -> None:
    """Where a later import replaced a row of this one, it replaced the version before that.

    The row of this one goes in the same turn: if the later import were taken back before this is done, two versions of
    a referral would claim to be the newest. Nobody counts a replaced row, so nobody sees it go.
    """
    later = aliased(Referral)
    query = (
        select(Referral.id.label("own_id"), Referral.replaces_id.label("earlier_id"), later.id.label("later_id"))
        .add_columns(Referral.replaced_by.label("later"))
        .join(later, later.replaces_id == Referral.id)
        .where(of_import(import_id), Referral.replaced_by.is_not(None))
        .limit(STEP_CHANGES)
    )
    while rows := _chains(session, query):
        with turn(session):
            connection = session.connection()
            linking = update(ROWS).where(ROWS.c.id == bindparam("later_id"))
            connection.execute(linking.values(replaces_id=bindparam("earlier_id")), rows)
            had_earlier = [row for row in rows if row["earlier_id"] is not None]
            if had_earlier:
                passing = update(ROWS).where(ROWS.c.id == bindparam("earlier_id"))
                connection.execute(passing.values(replaced_by=bindparam("later")), had_earlier)
            session.execute(delete(ROWS).where(ROWS.c.id.in_([row["own_id"] for row in rows])))
            layers.share(session, {import_id, *(row["later"] for row in rows)})


def _chains(session: Session, query: Any) -> list[dict[str, Any]]:
    with glance(session):
        return [dict(row) for row in session.execute(query).mappings()]


def _going(session: Session, import_id: int, rollups: Sequence[Rollup], note: Callable[[int], None]) -> Sums:
    """What rollups lose with the rows of an import, and get back with those that they had replaced. The database sums
    them up: a million rows would take long to come here."""
    own, sums, done = aliased(Referral), Sums(rollups), 0
    with glance(session):
        ranges = import_queries.id_ranges(session, import_id, SUMMED_ROWS)
    for first, last in ranges:
        going = Referral.id.between(first, last)
        replaced = select(own.replaces_id).where(own.id.between(first, last), own.replaces_id.is_not(None))
        for rollup in rollups:
            with glance(session):
                sums.add_cells(rollup, session.execute(rollup.contents(going)).all(), -1)
                sums.add_cells(rollup, session.execute(rollup.contents(Referral.id.in_(replaced))).all())
        done += last - first + 1
        note(done)
    return sums
