"""The database engine: one code path for SQLite and PostgreSQL, and the rules that keep each of them safe.

SQLite needs care that PostgreSQL does not: foreign keys are off until asked for, Python's driver opens no
transaction before a SELECT, a read that later writes fails at once whatever the busy timeout says, and
write-ahead logging can lose commits in most installed versions. Each rule here has its test.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

import structlog
from sqlalchemy import Connection, Engine, event, text

from crm.core import clock
from crm.core.logs import here
from crm.core.write_queue import WriteQueue

log = structlog.get_logger()

BUSY_TIMEOUT_MS = 5000
LONG_SECONDS = 1.0
WAL_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
WITHDRAWN = (3, 52, 0)

_reading: ContextVar[bool] = ContextVar("reading", default=False)
_holder: ContextVar[str] = ContextVar("holder", default="")


def has_wal_reset_bug(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite can lose commits in WAL mode with several connections.

    Fixed in 3.51.3 and back-ported to 3.50.7 and 3.44.6; 3.52.0 was withdrawn.
    Source: https://sqlite.org/wal.html#walresetbug
    """
    if version == WITHDRAWN:
        return True
    if version >= WAL_FIXED[0]:
        return False
    return not any(version[:2] == fixed[:2] and version >= fixed for fixed in WAL_FIXED[1:])


def journal_mode(version: tuple[int, int, int] | None = None) -> str:
    """`WAL` where it is safe, otherwise `TRUNCATE` (about half the writes per second, and safe everywhere)."""
    return "TRUNCATE" if has_wal_reset_bug(version or sqlite3.sqlite_version_info) else "WAL"


def engine_options(url: str) -> dict[str, Any]:
    """Keyword arguments of `create_engine` for a database address. Errors do not quote the values of a statement."""
    if url.startswith("sqlite"):
        return {
            "hide_parameters": True,
            "connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
        }
    limits = "-c lock_timeout=5s -c statement_timeout=60s -c idle_in_transaction_session_timeout=120s -c timezone=UTC"
    return {
        "hide_parameters": True, "pool_pre_ping": True, "pool_size": 5, "max_overflow": 10,
        "connect_args": {"options": limits},
    }  # fmt: skip


def configure(engine: Engine) -> None:
    """Attach the rules above to an engine; each new connection and each new transaction follows them."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "close", _leave_queue)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _begin_postgresql)
    event.listen(engine, "begin", _note_begin)
    event.listen(engine, "commit", _note_end)
    event.listen(engine, "rollback", _note_end)


def set_holder(name: str) -> None:
    """What this thread is working on from now on, a request or a job; nobody else waits for a command."""
    _holder.set(name)


def _note_begin(connection: Connection) -> None:
    connection.info["began"] = clock.stopwatch() if _holder.get() and not _reading.get() else None


def _note_end(connection: Connection) -> None:
    """Whoever kept others waiting says so; who waits cannot find out for whom."""
    began = connection.info.pop("began", None)
    seconds = clock.stopwatch() - began if began is not None else 0
    if seconds > LONG_SECONDS:
        log.warning("held the database for long", holder=_holder.get(), seconds=round(seconds, 1), where=here())


def set_reading(*, on: bool) -> None:
    """From now on, transactions of this thread only read (a safe request) or may write (anything else)."""
    _reading.set(on)


def is_reading() -> bool:
    """Whether transactions of this thread only read."""
    return _reading.get()


@contextmanager
def writing(*, on: bool = True) -> Iterator[None]:
    """Transactions that begin inside this block may write, whatever may be outside of it; with `on=False` only read."""
    before = _reading.get()
    _reading.set(not on)
    try:
        yield
    finally:
        _reading.set(before)


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    # None hands BEGIN to us: the driver's own transactions begin too late and lose updates.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "foreign_keys = ON",
        f"journal_mode = {journal_mode()}",
        "synchronous = FULL",
        "trusted_schema = OFF",
        "journal_size_limit = 67108864",
        "cache_size = -32000",
        "temp_store = MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    database = cursor.execute("PRAGMA database_list").fetchone()[2]
    cursor.close()
    if database:
        record.info["queue"] = WriteQueue(database)


def _leave_queue(_connection: sqlite3.Connection, record: Any) -> None:
    queue = record.info.pop("queue", None)
    if queue is not None:
        queue.close()


def _begin_sqlite(connection: Connection) -> None:
    reading, queue = _reading.get(), queue_of(connection)
    connection.exec_driver_sql(f"PRAGMA query_only = {int(reading)}")
    if reading:
        connection.exec_driver_sql("BEGIN")
        return
    # A writer takes its lock at the start: read-then-write in a deferred transaction fails at once when busy.
    with queue.waiting() if queue else nullcontext():
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def queue_of(connection: Connection) -> WriteQueue | None:
    """Who else waits to write to this SQLite database; PostgreSQL needs none, and a database in memory has none."""
    return cast(WriteQueue | None, connection.info.get("queue"))


def _begin_postgresql(connection: Connection) -> None:
    if _reading.get():
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


@dataclass(frozen=True)
class EngineReport:
    """What `doctor` says about the database."""

    dialect: str
    version: str
    journal: str
    warning: str


def report(connection: Connection) -> EngineReport:
    """Describe the database behind a connection, with a warning where it is not at its best."""
    if connection.dialect.name != "sqlite":
        version = connection.execute(text("SHOW server_version")).scalar_one()
        return EngineReport("PostgreSQL", str(version), "", "")
    journal = str(connection.execute(text("PRAGMA journal_mode")).scalar_one()).upper()
    warning = ""
    if journal != "WAL":
        warning = (
            f"SQLite {sqlite3.sqlite_version} can lose writes in WAL mode, so the slower, safe TRUNCATE journal "
            "is used. "
            "SQLite 3.51.3 or newer lifts this."
        )
    return EngineReport("SQLite", sqlite3.sqlite_version, journal, warning)
