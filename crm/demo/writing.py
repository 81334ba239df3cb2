"""Writes an invented organization into the database, table by table, in bulk."""

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from crm.core.db import Base
from crm.demo.rows import World


def write_world(session: Session, world: World) -> None:
    """Insert every row, tables that others point to first."""
    unknown = set(world.tables) - set(Base.metadata.tables)
    if unknown:
        raise LookupError(f"no such tables: {sorted(unknown)}")
    for table in Base.metadata.sorted_tables:
        for rows in world.chunks(table.name):
            session.execute(insert(table), rows)
        if table.name in world.tables and session.get_bind().dialect.name == "postgresql":
            _continue_numbers(session, table)


def _continue_numbers(session: Session, table: Table) -> None:
    """Let PostgreSQL count on after the numbers that we gave; SQLite does so by itself."""
    if "id" not in table.c or table.c.id.autoincrement is False:
        return
    highest = session.scalar(select(func.max(table.c.id))) or 0
    session.execute(
        text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :value, :is_used)"),
        {"name": table.name, "value": max(highest, 1), "is_used": highest > 0},
    )
