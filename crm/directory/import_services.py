"""Writes of imports from CMS files: take a file in, check it, begin, note each piece, finish, stop, give up."""

from datetime import timedelta
from pathlib import PurePath
from typing import BinaryIO

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.audit.models import Action
from crm.audit.trail import Actor, record
from crm.core import clock, formats
from crm.core.errors import Conflict
from crm.directory.import_models import (
    DirectoryImport,
    DirectoryImportFile,
    DirectoryImportRefusal,
    DirectoryImportState,
)
from crm.directory.import_queries import count_refusals, has_content
from crm.directory.importing.counts import Counts
from crm.directory.importing.filters import stored_filter
from crm.directory.importing.importer import Progress, check_filter
from crm.directory.importing.rows import FileKind, RowFilter
from crm.directory.importing.upload import pack, unpacked
from crm.jobs.services import enqueue

CHECKED_AT_ONCE = 3_000  # rows; more are checked by a job
KEPT_FOR = timedelta(days=2)
MAX_REFUSALS = 10_000
CHECK, IMPORT = "directory.check", "directory.import"
State = DirectoryImportState


def take_in(
    session: Session,
    viewer: Viewer,
    name: str,
    stream: BinaryIO,
    *,
    kind: FileKind | None,
    wanted: RowFilter,
    max_bytes: int,
) -> DirectoryImport:
    """Read an uploaded file and keep what is used of it for the check. Raises Invalid or TooLarge."""
    packed = pack(stream, kind, max_bytes)
    with unpacked(packed.content) as (layout, _):
        check_filter(layout, wanted)
    _sweep(session)
    batch = _new(packed.kind, name, wanted, State.CHECKING, viewer.id)
    batch.total_rows = packed.rows
    session.add(batch)
    session.flush()
    session.add(DirectoryImportFile(import_id=batch.id, content=packed.content))
    session.flush()
    return batch


def begin_command(session: Session, kind: FileKind, name: str, wanted: RowFilter) -> DirectoryImport:
    """The receipt of an import from the command line, which reads its file itself."""
    batch = _new(kind, name, wanted, State.RUNNING, None)
    batch.started_at = clock.now()
    session.add(batch)
    session.flush()
    return batch


def change_filter(session: Session, batch: DirectoryImport, wanted: RowFilter) -> None:
    """Another filter: the file is to be checked again."""
    _expect(batch, State.WAITING)
    batch.filters, batch.state = stored_filter(wanted), State.CHECKING
    session.flush()


def begin_check(session: Session, viewer: Viewer, batch: DirectoryImport) -> None:
    """Let a job check a large file."""
    job = enqueue(session, kind=CHECK, title=f"Check {batch.file_name}", payload={"import_id": batch.id}, viewer=viewer)
    batch.job_id = job.id
    session.flush()


def keep_check(session: Session, batch: DirectoryImport, progress: Progress) -> None:
    """Keep what a dry run has found."""
    batch.counts = progress.counts.stored()
    batch.samples = [
        {"line": s.line, "name": s.name, "specialty": s.specialty, "place": s.place, "outcome": s.outcome}
        for s in progress.samples
    ]
    batch.state, batch.says = State.WAITING, ""
    _forget_refusals(session, batch.id)
    _keep_refusals(session, batch.id, progress)


def begin_import(session: Session, viewer: Viewer, batch: DirectoryImport) -> None:
    """Bring a checked file in, or go on with one that was stopped, as a job."""
    _expect(batch, State.WAITING, State.STOPPED)
    if not has_content(session, batch.id):
        raise Conflict("The file is no longer here. Choose it again.")
    if batch.state is State.WAITING:
        batch.counts = Counts().stored()
        _forget_refusals(session, batch.id)
    job = enqueue(
        session, kind=IMPORT, title=f"Import {batch.file_name}", payload={"import_id": batch.id}, viewer=viewer
    )
    batch.job_id, batch.state, batch.says = job.id, State.RUNNING, ""
    job.result_url = f"/directory/imports/{batch.id}"  # also for an import that is cancelled before it begins
    batch.started_at = batch.started_at or clock.now()
    session.flush()


def keep_piece(session: Session, batch: DirectoryImport, progress: Progress) -> None:
    """Note how far an import has come; goes into the same transaction as the piece itself."""
    batch.counts = progress.counts.stored()
    _keep_refusals(session, batch.id, progress)
    session.flush()


def finish(session: Session, batch: DirectoryImport) -> None:
    """The file is in: forget it, and write one event into the trail."""
    batch.state, batch.finished_at, batch.says = State.DONE, clock.now(), ""
    batch.total_rows = Counts.of(batch.counts).read
    session.execute(delete(DirectoryImportFile).where(DirectoryImportFile.import_id == batch.id))
    _record(session, batch)
    session.flush()


def stop(session: Session, batch: DirectoryImport, says: str) -> None:
    """An import ended early: the pieces that are in stay in, and the receipt says so."""
    batch.state, batch.finished_at, batch.says = State.STOPPED, clock.now(), says[:500]
    _record(session, batch)
    session.flush()


def withdraw_check(session: Session, batch: DirectoryImport) -> None:
    """A file that could not be checked is forgotten; nothing of it was imported."""
    session.delete(batch)
    session.flush()


def give_up(session: Session, batch: DirectoryImport) -> None:
    """Forget a file: all of it before its import, what is left of it after one that was stopped."""
    _expect(batch, State.WAITING, State.STOPPED)
    session.execute(delete(DirectoryImportFile).where(DirectoryImportFile.import_id == batch.id))
    if batch.state is State.WAITING:
        session.delete(batch)
    session.flush()


def stopped_words(counts: Counts, why: str) -> str:
    """What the receipt of a stopped import says."""
    return f"{why} {formats.plural(counts.brings, 'row')} of the first {formats.number(counts.read)} went in and stay."


def _new(kind: FileKind, name: str, wanted: RowFilter, state: State, owner_id: int | None) -> DirectoryImport:
    plain = "".join(letter for letter in PurePath(name.replace("\\", "/")).name if letter.isprintable())
    shown = plain.encode("utf-8", "ignore").decode()[:200] or "file.csv"
    return DirectoryImport(
        kind=kind, file_name=shown, state=state, owner_id=owner_id, filters=stored_filter(wanted), counts={}, samples=[]
    )


def _expect(batch: DirectoryImport, *states: State) -> None:
    if batch.state not in states:
        raise Conflict("This import has gone on in the meantime. Look again.")


def _keep_refusals(session: Session, import_id: int, progress: Progress) -> None:
    if not progress.refusals:
        return
    room = MAX_REFUSALS - count_refusals(session, import_id)
    rows = [{"import_id": import_id, "line": line, "reason": why} for line, why in progress.refusals[: max(room, 0)]]
    if rows:
        session.execute(insert(DirectoryImportRefusal), rows)


def _forget_refusals(session: Session, import_id: int) -> None:
    session.execute(delete(DirectoryImportRefusal).where(DirectoryImportRefusal.import_id == import_id))


def _sweep(session: Session) -> None:
    """Files that nobody came back for do not stay."""
    old = clock.now() - KEPT_FOR
    waiting = select(DirectoryImport.id).where(
        DirectoryImport.updated_at < old, DirectoryImport.state.in_((State.WAITING, State.CHECKING, State.STOPPED))
    )
    for import_id in session.scalars(waiting).all():
        session.execute(delete(DirectoryImportFile).where(DirectoryImportFile.import_id == import_id))
        gone = delete(DirectoryImport).where(DirectoryImport.id == import_id, DirectoryImport.state != State.STOPPED)
        session.execute(gone)


def _record(session: Session, batch: DirectoryImport) -> None:
    counts = {name: value for name, value in batch.counts.items() if value}
    actor = None if batch.owner_id else Actor(None, "Command line")
    record(
        session, Action.IMPORTED, "directory_import", object_id=batch.id, label=batch.file_name, actor=actor,
        source=batch.kind.label, filters=batch.filters, **counts,
    )  # fmt: skip
