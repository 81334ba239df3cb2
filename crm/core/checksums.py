"""What the tables hold, as a checksum of each column: taken before and after a migration, they show what it changed.

Rows are read in the order of their primary key, so a column with the same checksum holds the same values in the same
rows. Only a few rows at a time are in memory.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Inspector

ROWS_AT_A_TIME = 2000


class TableSum(NamedTuple):
    """How many rows a table has, and the checksum of each column when it has any."""

    rows: int = 0
    columns: Mapping[str, str] = {}


def differences(before: Mapping[str, TableSum], after: Mapping[str, TableSum]) -> list[str]:
    """What became of the tables of `before`, in words; nothing when all that is still there is as it was.

    A table that is gone has lost its rows. A column may come or go, but not both: its values may have moved.
    """
    return [says for name, old in sorted(before.items()) for says in _changes(name, old, after.get(name, TableSum()))]


def _changes(name: str, old: TableSum, new: TableSum) -> Iterator[str]:
    if old.rows != new.rows:
        yield f"{name} (rows: {old.rows} before, {new.rows} after)"
        return
    gone, come = (sorted(one.columns.keys() - other.columns.keys()) for one, other in ((old, new), (new, old)))
    if gone and come:
        yield f"{name} ({', '.join(gone)} gone, {', '.join(come)} new)"
    for column, checksum in old.columns.items():
        if new.columns.get(column, checksum) != checksum:
            yield f"{name}.{column} (other values or another type)"


class ColumnSum:
    """A checksum that grows with the values of a column and, from the start, knows its type."""

    def __init__(self, kind: object) -> None:
        self.is_binary = isinstance(kind, sa.LargeBinary)
        self._sum = hashlib.blake2b(repr(kind).encode(), digest_size=16)

    def add(self, values: Iterable[Any]) -> None:
        """Add the next values as Python writes them: '007' is not 7, and 7 is not 7.0."""
        says = map(_checksum if self.is_binary else repr, values)
        self._sum.update((",".join(says) + ",").encode())

    def __str__(self) -> str:
        return self._sum.hexdigest()


def _checksum(content: object) -> str:
    """Stands for a file, which would be several times as large in Python's writing."""
    return hashlib.blake2b(content, digest_size=16).hexdigest() if isinstance(content, bytes) else repr(content)


def table_sums(
    connection: Connection, *, leave_out: Collection[str], only: Collection[str] | None = None
) -> dict[str, TableSum]:
    """The checksums of all tables (or of `only` some) but those left out; `table.column` leaves out one column."""
    inspector = sa.inspect(connection)
    names = [name for name in inspector.get_table_names() if name not in leave_out and (only is None or name in only)]
    return {name: _table_sum(connection, inspector, name, leave_out) for name in names}


def _table_sum(connection: Connection, inspector: Inspector, table: str, leave_out: Collection[str]) -> TableSum:
    kinds = {column["name"]: column["type"] for column in inspector.get_columns(table)}
    key = inspector.get_pk_constraint(table)["constrained_columns"] or kinds
    sums = {name: ColumnSum(kind) for name, kind in kinds.items() if f"{table}.{name}" not in leave_out}
    # Columns without a type, so that the values come as the driver gives them.
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in sums]
    query = sa.select(*columns).select_from(sa.table(table)).order_by(*map(sa.column, key))
    # A file may be large: one at a time.
    size = 1 if any(one.is_binary for one in sums.values()) else ROWS_AT_A_TIME
    rows = 0
    for part in connection.execute(query, execution_options={"yield_per": size}).partitions():
        rows += len(part)
        for one, values in zip(sums.values(), zip(*part, strict=True), strict=True):
            one.add(values)
    return TableSum(rows, {name: str(one) for name, one in sums.items()} if rows else {})
