"""The folder into which a nightly extract is put: which files are complete, and where they go afterwards.

Nothing of a file is copied: it is read where it lies, and then moved to `done` or `failed` beside it.
"""

import fcntl
import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crm.core import clock
from crm.core.errors import Conflict, Invalid

DONE, FAILED = "done", "failed"
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".swp", ".lock", "~")
REST = 600.0  # seconds after which a file counts as complete although it is empty or seems to be open
PROBE = ".rounds-probe"
Version = tuple[int, int, int, int]


class Folder:
    """A watched folder. A file is complete when two looks find it the same and no program has it open for writing.

    An empty file is mostly one to which nothing was written yet, and network folders call every file open: both count
    as complete after a longer rest.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._before: dict[str, Version] = {}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Watch the folder alone. Raises Conflict when another program watches it, Invalid when files cannot be moved.

        The lock ends with its process, however that ends.
        """
        number = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(number)
            raise Conflict("This folder is being watched already.") from None
        try:
            self._prove_moves()
            yield
        finally:
            os.close(number)

    def _prove_moves(self) -> None:
        try:
            for name in (DONE, FAILED):
                (self.path / name).mkdir(exist_ok=True)
                probe = self.path / PROBE
                probe.touch()
                probe.rename(self.path / name / PROBE).unlink()
        except OSError as problem:
            raise Invalid(f"Files cannot be moved in this folder: {words_of(problem)}.") from None

    def look(self) -> list[Path]:
        """The files that are complete, the oldest first; the first look finds none. Raises OSError."""
        now = {entry.name: found for entry in os.scandir(self.path) if (found := _version(entry))}
        same = [name for name, found in now.items() if self._before.get(name) == found]
        self._before = now
        ready = [self.path / name for name in sorted(same, key=lambda name: (now[name][3], name))]
        return [path for path in ready if _has_rested(now[path.name]) or (now[path.name][2] and not _seems_open(path))]

    def move_done(self, path: Path) -> Path:
        """Put a file away that went in. Returns where it lies now."""
        return path.rename(_free(self.path / DONE / path.name))

    def move_failed(self, path: Path, why: str) -> Path:
        """Put a file away that could not go in, with a text that says why. Returns where it lies now.

        The text comes first: killed in between, the file is simply tried again.
        """
        place = _free(self.path / FAILED / path.name)
        place.with_name(f"{place.name}.txt").write_text(f"{why}\n", encoding="utf-8")
        return path.rename(place)


def _version(entry: os.DirEntry[str]) -> Version | None:
    """What is another when a file was changed or replaced; None for what is no file to be imported."""
    if entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED):
        return None
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _has_rested(found: Version) -> bool:
    return clock.now().timestamp() - found[3] / 1e9 > REST


def _seems_open(path: Path) -> bool:
    """Whether a program has it open for writing, as far as the system tells: it gives us no lease of the file then."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # sent to whoever holds a lease when a writer comes
    try:
        fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:  # a file of somebody else: the two looks must do
        return False
    finally:
        os.close(number)
        signal.signal(signal.SIGIO, before)
    return False


def _free(place: Path) -> Path:
    """The place, or one with a number where another file lies there: nothing is ever overwritten."""
    number, free = 1, place
    while os.path.lexists(free):
        number += 1
        free = place.with_name(f"{place.stem}-{number}{place.suffix}")
    return free


def words_of(problem: OSError) -> str:
    """What the system says, as part of a sentence: `permission denied`."""
    return (problem.strerror or "the disk does not answer").lower()
