"""Adds many rows to a table at once, column by column (executemany on SQLite, COPY on PostgreSQL).

The database's own types go in: ISO text for days on SQLite, plain numbers, text, bytes, None. No SQLAlchemy type is
asked, which for a million rows would take longer than everything else.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, FromClause, Table
from sqlalchemy.orm import Session


def load(session: Session, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Add rows in the session's transaction; `columns` maps names of columns to lists of the same length."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        _execute_many(connection, table, columns)
        return
    names, rows = ", ".join(f'"{name}"' for name in columns), zip(*columns.values(), strict=True)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def look_over(session: Session, *tables: FromClause) -> None:
    """After many new rows: PostgreSQL plans by what it knows of a table, and would look by itself a minute later."""
    if session.get_bind().dialect.name == "postgresql":
        for table in tables:
            session.connection().exec_driver_sql(f"ANALYZE {cast(Table, table).name}")


def _execute_many(connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """What is the same in all rows stands in the statement, for every value that is handed over takes its time."""
    length = len(next(iter(columns.values())))
    marks, varying = [], []
    for values in columns.values():
        first = values[0] if length else None
        if (first is None or type(first) is int) and values.count(first) == length:
            marks.append("NULL" if first is None else str(first))
        else:
            marks.append("?")
            varying.append(values)
    names = ", ".join(f'"{name}"' for name in columns)
    rows = list(zip(*varying, strict=True)) if varying else [()] * length
    if rows:
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({', '.join(marks)})", rows)
