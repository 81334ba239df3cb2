"""Writes of source matching: which practice a source is, said by a person, taken back, or looked for again."""

from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock
from crm.core.errors import Conflict, Invalid
from crm.directory.queries import find_practice
from crm.jobs.models import Job
from crm.jobs.services import enqueue
from crm.referrals import source_queries
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.rematching import TURN_ROWS, move, plan_of_source
from crm.referrals.models import ReferralSource

REMATCH, LOOK_AGAIN = "referrals.rematch", "referrals.look_again"
ADDRESS = "/referrals/sources"


class Followed(NamedTuple):
    """What became of the rows of a source: so many were moved, or a job moves them."""

    rows: int
    job: Job | None


def decide_source(session: Session, viewer: Viewer, source: ReferralSource, practice_id: int) -> Followed:
    """A person says which practice a source is; later imports follow, and the rows that are there move to it.

    Raises Invalid when there is no such practice. Few rows move at once, and that is committed with the decision.
    """
    practice = find_practice(session, viewer, practice_id)
    if practice is None or practice.retired_on is not None:
        raise Invalid(practice_id="Choose a practice of the list.")
    earlier = source.practice_id
    _remember(session, viewer, source, practice.id, practice=practice.name)
    return _follow(session, viewer, source, earlier)


def leave_source(session: Session, viewer: Viewer, source: ReferralSource) -> None:
    """A person says that nobody knows this source: its rows stay without a practice, and it is not asked for again."""
    if source.practice_id is not None:
        raise Conflict("This source has a practice by now. Undo that first.")
    _remember(session, viewer, source, None, practice="")


def undo_decision(session: Session, viewer: Viewer, source: ReferralSource) -> Followed:
    """Take back what was said about a source: its rows lie again where matching puts them."""
    if source.decided_at is None:
        raise Conflict("Nobody has decided about this source, or it was undone already.")
    earlier = source.practice_id
    source.practice_id = source.decided_by_id = source.decided_at = None
    _note(session, source, undone=True)
    return _follow(session, viewer, source, earlier) if earlier is not None else Followed(0, None)


def look_again(session: Session, viewer: Viewer) -> Job:
    """Queue another look for the practices of all rows without one, after the directory has changed."""
    record(session, Action.CHANGED, "referral_source", label="All sources without a practice", looked_again=True)
    job = enqueue(session, kind=LOOK_AGAIN, title="Look again for sources", payload={}, viewer=viewer)
    job.result_url = ADDRESS
    session.flush()
    return job


def _remember(
    session: Session, viewer: Viewer, source: ReferralSource, practice_id: int | None, *, practice: str
) -> None:
    source.practice_id, source.decided_by_id, source.decided_at = practice_id, viewer.id, clock.now()
    _note(session, source, practice=practice)


def _note(session: Session, source: ReferralSource, **detail: Any) -> None:
    session.flush()
    label = source_queries.label_of(source)
    record(session, Action.CHANGED, "referral_source", object_id=source.id, label=label, **detail)


def _follow(session: Session, viewer: Viewer, source: ReferralSource, earlier: int | None) -> Followed:
    """Move the rows of a source: those of one turn at once, together with the decision; more of them as a job."""
    places, source_id = [earlier] if earlier is not None else [], source.id
    # While an import is written nobody waits here for its end.
    with suppress(Conflict), only_one(session, wait_seconds=0):
        plan = plan_of_source(session, source_id, places, TURN_ROWS + 1)
        if len(plan.ids) <= TURN_ROWS:
            return Followed(move(session, plan, lambda _done, _total: None), None)
    label = source_queries.label_of(source)
    payload = {"source_id": source_id, "earlier": places}
    job = enqueue(session, kind=REMATCH, title=f"Match {label}", payload=payload, viewer=viewer)
    job.result_url = ADDRESS
    session.flush()
    return Followed(0, job)
