"""Writes of source matching: which practice a source is or that it is none, said by a person; undo; looking again."""

from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock
from crm.core.errors import Conflict, Invalid
from crm.directory.models import Practice
from crm.directory.queries import find_practice
from crm.jobs.models import Job
from crm.jobs.services import enqueue
from crm.referrals import source_queries
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.rematching import TURN_ROWS, has_more_rows, move, places_of, plan_of_source
from crm.referrals.kinds import KIND_WORDS
from crm.referrals.models import ReferralImport, ReferralSource, SourceKind

REMATCH, LOOK_AGAIN = "referrals.rematch", "referrals.look_again"
ADDRESS = "/referrals/sources"
SUMMED_AT_ONCE = 20_000  # rows of a source that is set apart
# Nothing that may be a patient's name stays with them.
WITHOUT_NAME = frozenset({SourceKind.PATIENT, SourceKind.SELF})
BLANK: dict[str, Any] = {"npi": None, "name": "", "provider_name": "", "city": "", "zip": ""}


class Followed(NamedTuple):
    """What became of the rows of a source: so many were moved, or a job moves them."""

    rows: int
    job: Job | None


def decide_source(session: Session, viewer: Viewer, source: ReferralSource, practice_id: int) -> Followed:
    """A person says which practice a source is; later imports follow, and the rows that are there move to it.

    Raises Invalid when there is no such practice. Few rows move at once, and that is committed with the decision.
    """
    earlier = _decide(session, viewer, source, active_practice(session, viewer, practice_id))
    return _follow(session, viewer, source, earlier)


def decide_sources(session: Session, viewer: Viewer, sources: list[ReferralSource], practice_id: int) -> None:
    """The same of several ways of naming one practice; of more than one that has rows these move in one job."""
    practice = active_practice(session, viewer, practice_id)
    moves = [(source, _decide(session, viewer, source, practice)) for source in sources]
    moves = [(source, earlier) for source, earlier in moves if earlier or source_queries.has_rows(session, source.id)]
    if len(moves) == 1:
        _follow(session, viewer, *moves[0])
    elif moves:
        _follow_later(session, viewer, practice.name, [(source.id, earlier) for source, earlier in moves])


def active_practice(session: Session, viewer: Viewer, practice_id: int) -> Practice:
    """The practice that somebody chose. Raises Invalid(practice_id=...) when there is none."""
    practice = find_practice(session, viewer, practice_id)
    if practice is None or practice.retired_on is not None:
        raise Invalid(practice_id="Choose a practice of the list.")
    return practice


def _decide(session: Session, viewer: Viewer, source: ReferralSource, practice: Practice) -> list[int]:
    """Note which practice a source is; returns the one at which an earlier decision put its rows."""
    _must_be_open(source, or_practice=True)
    if source_queries.is_forgotten(source):
        raise Invalid("The name of this source was not kept. The next file that names it brings it back.")
    earlier = [source.practice_id] if source.practice_id is not None else []
    _remember(session, viewer, source, practice_id=practice.id)
    _note(session, source, practice=practice.name)
    return earlier


def leave_source(session: Session, viewer: Viewer, source: ReferralSource) -> None:
    """A person says that nobody knows this source: its rows stay without a practice, and it is not asked for again."""
    _must_be_open(source)
    _remember(session, viewer, source)
    _note(session, source, practice="")


def set_apart(session: Session, viewer: Viewer, source: ReferralSource, kind: SourceKind) -> Followed:
    """A person says that a source is no practice; its rows, and those of later files, are kept apart from practices.

    Of a patient no name stays: neither here nor beside the imports that told it. Raises Conflict.
    """
    _must_be_open(source)
    if kind is SourceKind.PRACTICE:
        raise Invalid("Say what this source is.")
    places = places_of(session, source.id)
    _remember(session, viewer, source, decided_kind=kind)
    if kind in WITHOUT_NAME:
        _forget_name(session, source)
    _note(session, source, no_practice=KIND_WORDS[kind])
    return _follow(session, viewer, source, places)


def undo_decision(session: Session, viewer: Viewer, source: ReferralSource) -> Followed:
    """Take back what was said about a source: its rows lie again where matching puts them."""
    if source.decided_at is None:
        raise Conflict("Nobody has decided about this source, or it was undone already.")
    earlier = [source.practice_id] if source.practice_id is not None else []
    was_apart = source_queries.is_apart(source)
    source.practice_id = source.decided_by_id = source.decided_at = None
    if was_apart:
        source.decided_kind = SourceKind.PRACTICE
    _note(session, source, undone=True)
    return _follow(session, viewer, source, earlier) if earlier or was_apart else Followed(0, None)


def forget_matches(session: Session, sources: list[ReferralSource]) -> None:
    """Take back what was said about sources whose rows go; nothing is left that would have to move."""
    for source in sources:
        source.practice_id = source.decided_by_id = source.decided_at = None
        _note(session, source, undone=True)


def look_again(session: Session, viewer: Viewer) -> Job:
    """Queue another look for the practices of all rows without one, after the directory has changed."""
    record(session, Action.CHANGED, "referral_source", label="All sources without a practice", looked_again=True)
    job = enqueue(session, kind=LOOK_AGAIN, title="Look again for sources", payload={}, viewer=viewer)
    job.result_url = ADDRESS
    session.flush()
    return job


def _must_be_open(source: ReferralSource, *, or_practice: bool = False) -> None:
    if source.practice_id is not None and not or_practice:
        raise Conflict("This source has a practice by now. Undo that first.")
    if source_queries.is_apart(source):
        raise Conflict("This source is no practice. Undo that first.")


def _remember(session: Session, viewer: Viewer, source: ReferralSource, **decision: Any) -> None:
    source.practice_id, source.decided_by_id, source.decided_at = None, viewer.id, clock.now()
    for name, value in decision.items():
        setattr(source, name, value)
    session.flush()


def _forget_name(session: Session, source: ReferralSource) -> None:
    """Whoever it was: the key alone knows the name again. Checks of files list sources by their names, too."""
    label = source_queries.label_of(source).casefold()
    for import_id, mapping in session.execute(select(ReferralImport.id, ReferralImport.mapping)).all():
        check = mapping.get("check") or {}
        left = [named for named in check.get("sources", []) if named["name"].casefold() != label]
        if len(left) < len(check.get("sources", [])):
            changed = update(ReferralImport).where(ReferralImport.id == import_id)
            changed = changed.values(mapping={**mapping, "check": {**check, "sources": left}})
            # A bulk statement: the audit trail tells of imports, not of this.
            session.execute(changed.execution_options(synchronize_session=False))
    for name, value in BLANK.items():
        setattr(source, name, value)


def _note(session: Session, source: ReferralSource, **detail: Any) -> None:
    """The trail stays for ever, and who is a source to match may turn out to be a patient: it has no name there."""
    session.flush()
    record(session, Action.CHANGED, "referral_source", object_id=source.id, label=f"Source {source.id}", **detail)


def _follow(session: Session, viewer: Viewer, source: ReferralSource, places: list[int]) -> Followed:
    """Move the rows of a source: those of one turn at once, together with the decision; more of them as a job."""
    source_id = source.id
    # While an import is written nobody waits here for its end.
    with suppress(Conflict), only_one(session, wait_seconds=0):
        plan = plan_of_source(session, source_id, places, TURN_ROWS + 1)
        is_long = bool(plan.switching) and has_more_rows(session, source_id, SUMMED_AT_ONCE)
        if len(plan.ids) <= TURN_ROWS and not is_long:
            return Followed(move(session, plan, lambda _done, _total: None), None)
    return Followed(0, _follow_later(session, viewer, source_queries.label_of(source), [(source_id, places)]))


def _follow_later(session: Session, viewer: Viewer, label: str, moves: list[tuple[int, list[int]]]) -> Job:
    """Queue the moving of the rows of sources, each with the practices at which they may lie."""
    sources = [{"source_id": source_id, "earlier": places} for source_id, places in moves]
    job = enqueue(session, kind=REMATCH, title=f"Match {label}", payload={"sources": sources}, viewer=viewer)
    job.result_url = ADDRESS
    session.flush()
    return job
