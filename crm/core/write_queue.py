"""Who waits to write to an SQLite database: so that long work can stand aside for them.

SQLite has one lock for writing. Whoever wants it looks now and then whether it is free, and nobody can tell who waits.
So each writer holds a share of a second lock, of a file beside the database, for as long as it waits; while anybody
does, that lock cannot be had whole. It ends with its process, however that ends.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from crm.core import clock

LONGEST_WAY = 1.0  # seconds
LOOK_EVERY = 0.002


class WriteQueue:
    """The queue as one connection sees it."""

    def __init__(self, database: str) -> None:
        self._file = os.open(f"{database}-queue.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def close(self) -> None:
        """When the connection is closed."""
        os.close(self._file)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While this connection waits for the right to write."""
        fcntl.flock(self._file, fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def is_anybody_waiting(self) -> bool:
        """Whether another connection waits, in whatever process."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False

    def give_way(self) -> None:
        """Stand aside until those who wait have written; not for ever, for new ones may always come."""
        started = clock.stopwatch()
        while self.is_anybody_waiting() and clock.stopwatch() - started < LONGEST_WAY:
            time.sleep(LOOK_EVERY)
