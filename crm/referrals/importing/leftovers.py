"""Removes what an import left that does not count: killed, given up, or taken back."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from sqlalchemy import BigInteger, Row, Select, Table, bindparam, delete, or_, select, update
from sqlalchemy import cast as as_type
from sqlalchemy.orm import Session

from crm.core import bulk
from crm.core.db import glance, turn
from crm.jobs.run import Checkpoint
from crm.referrals import layers
from crm.referrals.importing.facts import Ints
from crm.referrals.importing.keys import halves, key_list
from crm.referrals.models import ROWS_OF_IMPORT, Referral, ReferralImport, ReferralKey, ids_of
from crm.referrals.queries import COUNTED, of_import

ROWS, KEYS = cast(Table, Referral.__table__), cast(Table, ReferralKey.__table__)
TURN_ROWS = 8_000
GLANCE_ROWS = 20_000


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
    keys, ids = _keys_of(session, import_id)
    order = np.lexsort(halves(keys)[::-1]) if len(ids) else ids
    for start in range(0, len(order), TURN_ROWS):
        some = key_list(keys, order[start : start + TURN_ROWS].tolist())
        with turn(session):
            bulk.remove(session, KEYS.c.row_key, some)
        checkpoint(0, 0)
    for start in range(0, len(ids), TURN_ROWS):
        some_ids = ids[start : start + TURN_ROWS]
        with turn(session):
            session.execute(delete(ROWS).where(ROWS.c.id.between(int(some_ids[0]), int(some_ids[-1]))))
        checkpoint(0, 0)


def _restore(session: Session, import_id: int, checkpoint: Checkpoint) -> None:
    """What the import replaced is the newest again."""
    query = select(ROWS.c.id, ROWS.c.row_key, ROWS.c.replaces_id).where(
        of_import(import_id), ROWS.c.replaces_id.is_not(None)
    )
    while rows := _look(session, query.limit(TURN_ROWS // 4)):
        with turn(session):
            session.execute(delete(ROWS).where(ROWS.c.id.in_([row.id for row in rows])))
            before = ROWS.c.id.in_([row.replaces_id for row in rows])
            session.execute(update(ROWS).where(before, ROWS.c.replaced_by == import_id).values(replaced_by=None))
            is_own = (KEYS.c.row_key == bindparam("of_key")) & (KEYS.c.referral_id == bindparam("own"))
            pointing = update(KEYS).where(is_own).values(referral_id=bindparam("earlier"))
            session.connection().execute(
                pointing, [{"of_key": row.row_key, "own": row.id, "earlier": row.replaces_id} for row in rows]
            )
        checkpoint(0, 0)


def _keys_of(session: Session, import_id: int) -> tuple[bytes, Ints]:
    """The keys of the rows of an import, one behind the other, and the ids of the rows, in the order of the ids. None
    of them stands for a row of another import any more, for what it replaced was restored, and what replaced it passed
    on."""
    keys, ids, last = [], [], ids_of(import_id).start - 1
    query = select(ROWS.c.row_key, ROWS.c.id).where(of_import(import_id)).order_by(ROWS.c.id).limit(GLANCE_ROWS)
    while rows := _look(session, query.where(ROWS.c.id > last)):
        keys.append(b"".join(bytes(row.row_key) for row in rows))
        ids.append(np.array([row.id for row in rows], dtype=np.int64))
        last = int(ids[-1][-1])
    return b"".join(keys), np.concatenate(ids) if ids else np.empty(0, dtype=np.int64)


def _look(session: Session, query: Select[Any]) -> Sequence[Row[Any]]:
    with glance(session):
        return session.execute(query).all()
