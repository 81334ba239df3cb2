"""Takes an import back whole: its own rows go, rows that it changed become what they were, at any time later.

The current row is always the newest version that was not taken back. So what a later import replaced was, without this
import, an earlier version; that is said first, while nobody can tell the difference. Then one change of state hides the
rows of this import and shows those that they had replaced; what nobody counts any more is removed after it.
"""

from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session, aliased

from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock
from crm.core.db import glance, turn
from crm.core.errors import Conflict
from crm.referrals import layers
from crm.referrals.import_queries import take_back_preview
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.names import remove_unused
from crm.referrals.importing.writing import ROWS, TURN_ROWS, Checkpoint, clear_leftovers, unstoppable
from crm.referrals.models import ImportState, Referral, ReferralImport


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
            _pass_on(session, import_id)
            layers.stage(session, import_id, lambda: checkpoint(0, total), takes_back=True)
            with glance(session):
                counts = take_back_preview(session, import_id)
            with turn(session):
                _hide(session, import_id, counts)
            clear_leftovers(session, checkpoint)
        elif state is not ImportState.TAKEN_BACK:
            raise Conflict("Only an import that is done can be taken back.")
        with turn(session):
            remove_unused(session, dict(session.get_one(ReferralImport, import_id).mapping.get("made", {})))
        checkpoint(total, total)


def _pass_on(session: Session, import_id: int) -> None:
    """Where a later import replaced a row of this one, it replaced the version before that.

    The row of this one goes in the same turn: if the later import were taken back before this is done, two versions of
    a referral would claim to be the newest. Nobody counts a replaced row, so nobody sees it go.
    """
    later = aliased(Referral)
    query = (
        select(Referral.id.label("row_id"), later.replaced_by.label("later"), later.id.label("own_id"))
        .join(later, (later.row_key == Referral.row_key) & (later.import_id == import_id))
        .where(Referral.replaced_by == import_id, later.replaced_by.is_not(None))
        .limit(TURN_ROWS)
    )
    while rows := _pairs(session, query):
        with turn(session):
            passing = update(ROWS).where(ROWS.c.id == bindparam("row_id")).values(replaced_by=bindparam("later"))
            session.connection().execute(passing, rows)
            session.execute(delete(ROWS).where(ROWS.c.id.in_([row["own_id"] for row in rows])))


def _pairs(session: Session, query: Any) -> list[dict[str, int]]:
    with glance(session):
        return [dict(row) for row in session.execute(query).mappings()]


def _hide(session: Session, import_id: int, counts: dict[str, int]) -> None:
    batch = session.get_one(ReferralImport, import_id)
    batch.state, batch.taken_back_at = ImportState.TAKEN_BACK, clock.now()
    session.flush()
    layers.show(session, import_id)
    record(
        session, Action.TAKEN_BACK, "referral_import", object_id=batch.id, label=batch.file_name,
        removed=counts["removed"], restored=counts["restored"],
    )  # fmt: skip
