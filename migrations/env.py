"""Runs migrations with the app's own engine: one transaction each, foreign keys off meanwhile and checked after."""

from logging import getLogger

from alembic import context
from flask import current_app
from sqlalchemy import Connection

log = getLogger("alembic.env")


def run() -> None:
    """Migrate the database of the current app.

    SQLite cannot alter most of a table, so Alembic copies it ("batch"). With foreign keys enforced, dropping the old
    copy would delete the rows that point at it. The pragma has no effect inside a transaction, so it comes first.
    """
    database = current_app.extensions["migrate"].db
    with database.engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")
        try:
            _migrate(connection, database.metadata, is_sqlite=is_sqlite)
        finally:
            if is_sqlite:
                connection.connection.driver_connection.execute("PRAGMA foreign_keys = ON")


def _migrate(connection: Connection, metadata: object, *, is_sqlite: bool) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
        # Two servers that start at once must not both migrate; SQLite's own write lock does the same there.
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        if not is_sqlite:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7203811)")
        context.run_migrations()
        if is_sqlite:
            _check_foreign_keys(connection)


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        tables = ", ".join(sorted({row[0] for row in broken}))
        raise RuntimeError(f"the migration would leave rows pointing at nothing in: {tables}; nothing was changed")


run()
