"""Adds many rows to a table at once, column by column: executemany on SQLite, COPY on PostgreSQL.

The database's own types go in: ISO text for days on SQLite, plain numbers, text, bytes, None. No SQLAlchemy type is
asked, which for a million rows would take longer than everything else.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import Session


def load(session: Session, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Add rows in the session's transaction; `columns` maps names of columns to lists of the same length."""
    names, rows = ", ".join(f'"{name}"' for name in columns), zip(*columns.values(), strict=True)
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        values = list(rows)
        if values:
            connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", values)
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
