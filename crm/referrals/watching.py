"""Watches a folder for nightly extracts: each complete file goes in once, by one profile, whoever is asleep.

Killed at any moment it loses nothing: a file lies in the folder until it was moved away, and one that went in already
is known by its fingerprint.
"""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import structlog
from sqlalchemy.exc import DBAPIError

from crm.audit.trail import Actor
from crm.core import clock, formats
from crm.core.commands import words_of as words_of_database
from crm.core.db import db, glance
from crm.core.errors import Conflict, Invalid, NotFound, RoundsError
from crm.core.logs import fault
from crm.referrals import import_services, profile_queries, unattended
from crm.referrals.importing.folder import Folder, words_of
from crm.referrals.importing.safe_names import safe_file_name
from crm.referrals.importing.source import source_of
from crm.referrals.models import ImportState
from crm.referrals.origin_models import Door
from crm.referrals.unattended import Result

log = structlog.get_logger()
IMPORTED, KNOWN, FAILED, WAITS = "imported", "known", "failed", "waits"
FAULT = "Rounds could not read this file because of a fault on its side, which was noted in the log."
TROUBLE = "The database cannot be used just now."
LOOKS = 2  # a file is complete when two of them find it the same
SETTLE = 5.0  # seconds between them, when nobody goes on watching
STEP = 0.5
Outcome = tuple[str, str, Result | None]


@dataclass(frozen=True)
class Told:
    """What came of a file: imported, known (the same file went in before), failed or waits (it is tried again)."""

    file: str
    outcome: str
    says: str
    result: Result | None = None


@dataclass
class Watch:
    """A folder, the profile by which its files are read, and the largest upload in megabytes."""

    folder: Folder
    profile: str
    max_upload_mb: int
    _waiting: dict[str, str] = field(default_factory=dict)

    def look(self, tell: Callable[[Told], None], is_stopped: Callable[[], bool]) -> None:
        """Take what is complete, one file after the other; stops between files. Tells of each, of a wait only once."""
        for path in self.folder.look():
            if is_stopped():
                return
            told = self._take(path)
            if told and self._waiting.get(path.name) != told.says:
                tell(told)
            if told and told.outcome == WAITS:
                self._waiting[path.name] = told.says
            else:
                self._waiting.pop(path.name, None)

    def _take(self, path: Path) -> Told | None:
        """Import one file and move it away; None when somebody else took it meanwhile."""
        try:
            outcome, says, result = self._outcome(path)
            if outcome == FAILED:
                self.folder.move_failed(path, says)
            elif outcome != WAITS:
                self.folder.move_done(path)
        except FileNotFoundError:
            return None
        except OSError as problem:
            outcome, says, result = WAITS, f"The file cannot be read or moved: {words_of(problem)}.", None
        finally:
            db.session.rollback()
        return Told(safe_file_name(path.name), outcome, says, result)

    def _outcome(self, path: Path) -> Outcome:
        try:
            return self._import(path)
        except OSError:
            raise
        except (Conflict, NotFound) as problem:
            return WAITS, problem.says, None
        except DBAPIError as problem:
            return WAITS, words_of_database(problem) or TROUBLE, None
        except RoundsError as problem:
            return FAILED, problem.says, None
        except Exception as problem:  # noqa: BLE001 one bad file must not keep the others from coming in
            log.error("a watched file failed", **fault(problem))
            return FAILED, FAULT, None

    def _import(self, path: Path) -> Outcome:
        db.session.info["actor"] = Actor(None, "Watched folder")
        unattended.make_ready()
        session = db.session()
        source = source_of(path)
        key = import_services.file_key(session, source)
        with glance(session):
            known = profile_queries.find_same_file(session, key)
            when = formats.moment(known.finished_at) if known else ""
            begun = profile_queries.find_same_file(session, key, (ImportState.RUNNING,))
            begun_id = begun.id if begun and begun.job_id is None else None
            saved = unattended.saved_profile(session, self.profile)
        if known:
            return KNOWN, f"The same file was imported on {when}; nothing would change.", None
        if begun_id is None:
            batch, _ = unattended.take_in(
                path.name, source, door=Door.FOLDER, max_upload_mb=self.max_upload_mb, profile=saved
            )
            begun_id = batch.id
        result = unattended.write(begun_id, unattended.quiet)
        tally = result.tally
        if tally.read == tally.refused:
            return (
                FAILED,
                f"None of its {formats.plural(tally.read, 'row')} could be imported; see batch {begun_id}.",
                result,
            )
        return IMPORTED, _words(result), result


class Stop:
    """Notes SIGTERM and Ctrl-C inside its block, for the work to end between two files."""

    def __init__(self) -> None:
        self._is_asked = False

    def __enter__(self) -> "Stop":
        """Begin to listen."""
        self._before = {name: signal.signal(name, self._note) for name in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        for name, handler in self._before.items():
            signal.signal(name, handler)

    def __call__(self) -> bool:
        """Whether it was asked to stop."""
        return self._is_asked

    def pause(self, seconds: float) -> None:
        """Wait, unless asked to stop."""
        ends = clock.stopwatch() + seconds
        while not self._is_asked and (left := ends - clock.stopwatch()) > 0:
            time.sleep(min(left, STEP))

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self._is_asked = True


def run(watch: Watch, stop: Stop, *, every: float, is_once: bool, tell: Callable[[Told], None]) -> int:
    """Look again and again until stopped, with `is_once` just until files can be complete. Returns how many failed."""
    failed = 0

    def note(told: Told) -> None:
        nonlocal failed
        failed += told.outcome == FAILED
        tell(told)

    looks = 0
    while not stop():
        try:
            watch.look(note, stop)
        except OSError as problem:
            raise Invalid(f"The folder cannot be read: {words_of(problem)}.") from None
        looks += 1
        if is_once and looks == LOOKS:
            break
        stop.pause(min(every, SETTLE) if is_once else every)
    return failed


def _words(result: Result) -> str:
    tally = result.tally
    return (
        f"Batch {result.import_id}: {tally.read:,} rows, {tally.new:,} imported, {tally.changed:,} updated, "
        f"{tally.unchanged:,} unchanged, {tally.refused:,} refused; {tally.unmatched:,} match no practice."
    )
