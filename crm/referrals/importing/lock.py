"""Lets one import, take-back or rebuild work at a time, also when a command and the worker begin together.

The lock ends with its process however that ends, so a killed import never blocks the next one.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from crm.core import clock
from crm.core.errors import Conflict

ADVISORY_KEY = 7_305_511
WAIT_SECONDS = 600.0
PAUSE_SECONDS = 0.2
BUSY = "Another import is being written. Try again when it is done."


@contextmanager
def only_one(session: Session, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Run a block alone. Raises Conflict when others do not finish in time."""
    engine: Engine = session.get_bind().engine
    holder = (
        _hold_file(engine, wait_seconds) if engine.dialect.name == "sqlite" else _hold_advisory(engine, wait_seconds)
    )
    with holder:
        yield


@contextmanager
def _hold_file(engine: Engine, wait_seconds: float) -> Iterator[None]:
    database = engine.url.database
    if not database or database == ":memory:":
        yield
        return
    with Path(f"{database}-imports.lock").open("ab") as file:
        _wait(lambda: _try_file(file.fileno()), wait_seconds)
        yield


def _try_file(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _hold_advisory(engine: Engine, wait_seconds: float) -> Iterator[None]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _wait(lambda: bool(connection.scalar(select(func.pg_try_advisory_lock(ADVISORY_KEY)))), wait_seconds)
        try:
            yield
        finally:
            connection.scalar(select(func.pg_advisory_unlock(ADVISORY_KEY)))


def _wait(is_held: Callable[[], bool], wait_seconds: float) -> None:
    started = clock.stopwatch()
    while not is_held():
        if clock.stopwatch() - started > wait_seconds:
            raise Conflict(BUSY)
        time.sleep(PAUSE_SECONDS)
