"""Runs migrations with the app's own engine: all or nothing, foreign keys off meanwhile and checked after.

A SQLite database with data is copied first, to `<file>.before-<revision>`. Every row and every value must be the same
afterwards, but for the tables and columns (`table.column`) that a revision names: CHANGES = {"table": "why"}.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import sqlalchemy as sa
from alembic import context
from alembic.runtime.migration import MigrationContext
from alembic.script import Script
from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from crm.core.checksums import differences, table_sums
from crm.core.commands import BUSY, words_of


def run() -> None:
    """Migrate the database of the current app.

    SQLite cannot alter most of a table, so Alembic copies it ("batch"). With foreign keys enforced, dropping the old
    copy would delete the rows that point at it. The pragma has no effect inside a transaction, so it comes first.
    """
    database = current_app.extensions["migrate"].db
    with database.engine.connect() as connection, _busy_in_words():
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            _snapshot(connection)
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")
        try:
            _migrate(connection, database.metadata, is_sqlite=is_sqlite)
        finally:
            if is_sqlite:
                connection.connection.driver_connection.execute("PRAGMA foreign_keys = ON")


@contextmanager
def _busy_in_words() -> Iterator[None]:
    try:
        yield
    except DBAPIError as problem:
        if words_of(problem) != BUSY:
            raise
        raise click.ClickException(BUSY) from None


def _snapshot(connection: Connection) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    copy = Path(f"{connection.engine.url.database}.before-{context.get_head_revision()}")
    if current not in (None, context.get_head_revision()) and not copy.exists():
        connection.connection.driver_connection.execute("VACUUM INTO ?", (str(copy),))


def _migrate(connection: Connection, metadata: sa.MetaData, *, is_sqlite: bool) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
        # Alembic takes SQLite for unable to; with our own BEGIN it undoes schema changes like any other.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if not is_sqlite:
            _wait_for_others(connection)
        revisions = _revisions_to_run(context.get_context())
        if revisions:
            _run_watched(connection, revisions, is_sqlite=is_sqlite)
        else:
            context.run_migrations()


def _wait_for_others(connection: Connection) -> None:
    """Two servers that start at once must not both migrate; SQLite's own write lock does the same there.

    Migrating may take longer than the time limits for requests. Only for a table nobody waits longer than usual.
    """
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7203811)")
    connection.exec_driver_sql("SET LOCAL lock_timeout TO DEFAULT")


def _revisions_to_run(migration: MigrationContext) -> list[Script]:
    """The revisions between here and there, up or down; none for commands that only look."""
    if migration.as_sql or "destination_rev" not in migration.opts:
        return []
    steps = migration.opts["fn"](migration.get_current_heads(), migration)
    return [step.info.up_revision for step in steps if step.info.is_migration]


def _run_watched(connection: Connection, revisions: list[Script], *, is_sqlite: bool) -> None:
    declared = {name for revision in revisions for name in getattr(revision.module, "CHANGES", {})}
    leave_out = {"alembic_version", *declared}
    before = table_sums(connection, leave_out=leave_out)
    context.run_migrations()
    found = differences(before, table_sums(connection, leave_out=leave_out, only=before))
    if found:
        _stop(f"it would change data that it does not declare: {', '.join(found)}")
    if is_sqlite:
        broken = {row[0] for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
        if broken:
            _stop(f"it would leave rows pointing at nothing in: {', '.join(sorted(broken))}")


def _stop(why: str) -> None:
    raise click.ClickException(f"The migration was stopped, and the database is as it was: {why}.")


run()
