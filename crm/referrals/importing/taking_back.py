"""Takes an import back whole: its own rows go, rows that it changed become what they were, at any time later.

The current row is always the newest version that was not taken back. So the versions of this import that later imports
replaced are dropped, and where this import's version is the current one, the newest earlier version takes its place.
All that others see happens in one transaction; rows that nobody counts any more are removed after it, in pieces.
"""

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock
from crm.core.errors import Conflict
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.names import remove_unused
from crm.referrals.importing.versions import from_json
from crm.referrals.importing.writing import Checkpoint, clear_leftovers, set_values
from crm.referrals.models import ImportState, Referral, ReferralImport, ReferralSuperseded
from crm.referrals.rollup import Cell, Touched

PIECE = 5_000


def take_back_rows(session: Session, import_id: int, checkpoint: Checkpoint) -> None:
    """Take an import back; run again after a crash it goes on where it stood."""
    with only_one(session):
        batch = session.get_one(ReferralImport, import_id, populate_existing=True)
        if batch.state is ImportState.TAKING_BACK:
            total = batch.added_rows + batch.updated_rows
            _take_back(session, batch)
            checkpoint(total, total)
        elif batch.state is not ImportState.TAKEN_BACK:
            raise Conflict("Only an import that is done can be taken back.")
        clear_leftovers(session, checkpoint)
        made = dict(session.get_one(ReferralImport, import_id).mapping.get("made", {}))
        remove_unused(session, made)
        checkpoint(0, 0)


def _take_back(session: Session, batch: ReferralImport) -> None:
    touched = Touched(session)
    touched.add_rows(Referral.import_id == batch.id)
    session.execute(delete(ReferralSuperseded).where(ReferralSuperseded.import_id == batch.id))
    cells, restored = _restore_earlier(session, batch.id)
    touched.add_cells(cells)
    batch.state, batch.taken_back_at = ImportState.TAKEN_BACK, clock.now()
    session.flush()
    touched.recompute()
    removed = session.scalar(select(func.count()).select_from(Referral).where(Referral.import_id == batch.id))
    record(
        session, Action.TAKEN_BACK, "referral_import", object_id=batch.id, label=batch.file_name,
        removed=removed or 0, restored=restored,
    )  # fmt: skip


def _restore_earlier(session: Session, import_id: int) -> tuple[set[Cell], int]:
    """Put the newest earlier version in the place of this import's; returns the cells of the versions put back."""
    newest = (
        select(ReferralSuperseded.referral_id, func.max(ReferralSuperseded.id).label("id"))
        .join(Referral, Referral.id == ReferralSuperseded.referral_id)
        .where(Referral.import_id == import_id)
        .group_by(ReferralSuperseded.referral_id)
        .order_by(ReferralSuperseded.referral_id)
        .limit(PIECE)
        .subquery()
    )
    query = select(
        ReferralSuperseded.id, ReferralSuperseded.referral_id, ReferralSuperseded.import_id, ReferralSuperseded.values
    ).join(newest, newest.c.id == ReferralSuperseded.id)
    cells: set[Cell] = set()
    count = 0
    # Each piece gives its rows to another import, so the next piece no longer finds them.
    while versions := session.execute(query).all():
        restored = [(row[1], row[2], from_json(row[3])) for row in versions]
        set_values(session, restored)
        session.execute(delete(ReferralSuperseded).where(ReferralSuperseded.id.in_([row[0] for row in versions])))
        cells |= {(values["practice_id"] or 0, values["month"]) for _, _, values in restored}
        count += len(versions)
    return cells, count
