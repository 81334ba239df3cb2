"""Removes what an import left that does not count: killed, given up, or taken back."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import BigInteger, Row, Select, Table, delete, or_, select, update
from sqlalchemy import cast as as_type
from sqlalchemy.orm import Session

from crm.core.db import end_turn, glance, turn
from crm.jobs.run import Checkpoint
from crm.referrals import layers
from crm.referrals.import_queries import id_ranges
from crm.referrals.importing.key_pages import remove_pages
from crm.referrals.models import ROWS_OF_IMPORT, Referral, ReferralImport
from crm.referrals.queries import COUNTED, of_import

ROWS = cast(Table, Referral.__table__)
TURN_ROWS, STEP_CHANGES = 4_000, 500


def clear_leftovers(session: Session, checkpoint: Checkpoint) -> None:
    """Remove the rows and sums of imports that are not done. What they replaced is the newest again.

    What was being merged is merged to the end. Only inside `only_one`.
    """
    layers.settle(session, lambda: checkpoint(0, 0))
    for import_id, hidden in _dead(session):
        if hidden is not None:
            layers.drop(session, hidden, layers.months_of(session, import_id), lambda: checkpoint(0, 0))
        remove_rows(session, import_id, checkpoint)
        with turn(session):
            layers.hide(session, import_id, None)


def _dead(session: Session) -> list[tuple[int, int | None]]:
    first = as_type(ReferralImport.id, BigInteger) * ROWS_OF_IMPORT
    has_rows = select(Referral.id).where(Referral.id.between(first, first + ROWS_OF_IMPORT - 1)).exists()
    query = select(ReferralImport.id, ReferralImport.hidden_layer).where(
        ReferralImport.state.not_in(COUNTED), or_(has_rows, ReferralImport.hidden_layer.is_not(None))
    )
    with glance(session):
        return [(row.id, row.hidden_layer) for row in session.execute(query)]


def remove_rows(session: Session, import_id: int, checkpoint: Checkpoint) -> None:
    """Remove the rows of an import that nobody counts, and their keys; may be cut off and begun again."""
    _restore(session, import_id, checkpoint)
    for _ in remove_pages(session, import_id):
        checkpoint(0, 0)
    end_turn(session)
    with glance(session):
        ranges = id_ranges(session, import_id, TURN_ROWS)
    for first, last in ranges:
        # SQLite keeps what is deleted until the commit, which takes the longer; others must not wait for that.
        with turn(session):
            session.execute(delete(ROWS).where(ROWS.c.id.between(first, last)))
        checkpoint(0, 0)


def _restore(session: Session, import_id: int, checkpoint: Checkpoint) -> None:
    """What the import replaced is the newest again."""
    query = select(ROWS.c.id, ROWS.c.replaces_id).where(of_import(import_id), ROWS.c.replaces_id.is_not(None))
    while rows := _look(session, query.limit(STEP_CHANGES)):
        with turn(session):
            session.execute(delete(ROWS).where(ROWS.c.id.in_([row.id for row in rows])))
            before = ROWS.c.id.in_([row.replaces_id for row in rows])
            session.execute(update(ROWS).where(before, ROWS.c.replaced_by == import_id).values(replaced_by=None))
        checkpoint(0, 0)


def _look(session: Session, query: Select[Any]) -> Sequence[Row[Any]]:
    with glance(session):
        return session.execute(query).all()
