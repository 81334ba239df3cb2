"""Runs migrations with the app's own engine: all or nothing, foreign keys off meanwhile and checked after.

A SQLite database with data is copied first, to `<file>.before-<revision>`. No table may lose a row on the way.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import context
from alembic.runtime.migration import MigrationContext
from flask import current_app
from sqlalchemy import Connection


def run() -> None:
    """Migrate the database of the current app.

    SQLite cannot alter most of a table, so Alembic copies it ("batch"). With foreign keys enforced, dropping the old
    copy would delete the rows that point at it. The pragma has no effect inside a transaction, so it comes first.
    """
    database = current_app.extensions["migrate"].db
    with database.engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            _snapshot(connection)
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")
        try:
            _migrate(connection, database.metadata, is_sqlite=is_sqlite)
        finally:
            if is_sqlite:
                connection.connection.driver_connection.execute("PRAGMA foreign_keys = ON")


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
            # Two servers that start at once must not both migrate; SQLite's own write lock does the same there.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7203811)")
        before = _row_counts(connection)
        context.run_migrations()
        _check_rows(before, _row_counts(connection))
        if is_sqlite:
            _check_foreign_keys(connection)


def _row_counts(connection: Connection) -> dict[str, int]:
    names = sa.inspect(connection).get_table_names()
    count = sa.func.count().label("rows")
    return {name: connection.scalar(sa.select(count).select_from(sa.table(name))) or 0 for name in names}


def _check_rows(before: dict[str, int], after: dict[str, int]) -> None:
    lost = [name for name in before.keys() & after.keys() if after[name] < before[name] and name != "alembic_version"]
    if lost:
        raise RuntimeError(f"the migration would lose rows of: {', '.join(sorted(lost))}; nothing was changed")


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        tables = ", ".join(sorted({row[0] for row in broken}))
        raise RuntimeError(f"the migration would leave rows pointing at nothing in: {tables}; nothing was changed")


run()
