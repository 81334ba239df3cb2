"""What a job handler works with: its payload, on whose behalf it runs, and how it reports."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from crm.accounts.viewer import Viewer
from crm.core.db import separate_transaction
from crm.jobs import services


class Cancelled(Exception):
    """Somebody asked to stop. The handler undoes what it has begun and lets this pass."""


@dataclass
class Run:
    """One run of a job. Handlers may be run again from the start after a crash, so they begin with a clean slate."""

    job_id: int
    payload: dict[str, Any]
    viewer: Viewer
    says: str = ""
    url: str = ""

    def progress(self, done: int, total: int, says: str = "") -> None:
        """Report progress in a transaction of its own; raises Cancelled when that was asked.

        Commit first: on SQLite an open write transaction of the handler would block this one.
        """
        with separate_transaction() as session:
            is_cancelled = services.note_progress(session, self.job_id, done, total, says)
        if is_cancelled:
            raise Cancelled

    def finish(self, says: str, url: str = "") -> None:
        """What the receipt says, and where its page is."""
        self.says, self.url = says, url


Handler = Callable[[Run], None]
# What long work calls between its short transactions: reports (done, total), may raise to stop.
Checkpoint = Callable[[int, int], None]


def unstoppable(checkpoint: Checkpoint) -> Checkpoint:
    """A checkpoint of work that can no longer be cancelled."""

    def report(done: int, total: int) -> None:
        with suppress(Cancelled):
            checkpoint(done, total)

    return report
