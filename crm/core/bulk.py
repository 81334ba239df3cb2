"""Adds many rows to a table at once, column by column (executemany on SQLite, COPY on PostgreSQL).

The database's own types go in: ISO text for days on SQLite, plain numbers, text, bytes, None. No SQLAlchemy type is
asked, which for a million rows would take longer than everything else.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import FromClause, Table
from sqlalchemy.orm import Session

# What COPY would take for the end of a value or of a row, or for the beginning of a sign.
SPECIAL = re.compile(r"[\\\t\n\r]")
ESCAPED = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}


class Column(ABC):
    """What stands in one column of many rows."""

    # What stands in the statement, in place of a value for each row.
    literal: str = ""

    @abstractmethod
    def values(self, start: int, stop: int) -> Iterable[Any]:
        """The values of some rows."""

    @abstractmethod
    def texts(self, start: int, stop: int) -> Iterable[str]:
        """The same as COPY reads them."""


@dataclass(frozen=True)
class Plain(Column):
    """A column of values that have nothing to do with each other, or of whole numbers."""

    content: Sequence[Any] | NDArray[np.integer[Any]]

    def values(self, start: int, stop: int) -> Iterable[Any]:
        """The values of some rows."""
        some = self.content[start:stop]
        return some.tolist() if isinstance(some, np.ndarray) else some

    def texts(self, start: int, stop: int) -> Iterable[str]:
        """The same as COPY reads them."""
        return map(str if isinstance(self.content, np.ndarray) else _as_text, self.values(start, stop))


@dataclass(frozen=True)
class Same(Column):
    """A column with one value in all of its rows."""

    value: Any

    @property
    def literal(self) -> str:  # type: ignore[override]
        """Numbers and nothing stand in the statement, for every value that is handed over takes its time."""
        if self.value is None:
            return "NULL"
        return str(self.value) if type(self.value) is int else ""

    def values(self, start: int, stop: int) -> Iterable[Any]:
        """The values of some rows."""
        return repeat(self.value, stop - start)

    def texts(self, start: int, stop: int) -> Iterable[str]:
        """The same as COPY reads them."""
        return repeat(_as_text(self.value), stop - start)


class Coded(Column):
    """A column that repeats few values: that of a row is `words[codes[row]]`."""

    def __init__(self, words: Sequence[Any], codes: NDArray[np.integer[Any]]) -> None:
        self._words, self._codes = words, codes

    def values(self, start: int, stop: int) -> Iterable[Any]:
        """The values of some rows."""
        return self._spread(self._objects, start, stop)

    def texts(self, start: int, stop: int) -> Iterable[str]:
        """The same as COPY reads them."""
        return self._spread(self._texts, start, stop)

    def _spread(self, words: NDArray[Any], start: int, stop: int) -> list[Any]:
        found: list[Any] = words[self._codes[start:stop]].tolist()
        return found

    @cached_property
    def _objects(self) -> NDArray[Any]:
        return _array(self._words)

    @cached_property
    def _texts(self) -> NDArray[Any]:
        return _array(list(map(_as_text, self._words)))


class Rows:
    """Rows for a table, of which some go in at a time. `columns` maps its columns to what stands in `length` rows."""

    def __init__(self, session: Session, table: Table, columns: Mapping[str, Column], length: int) -> None:
        self._session, self._columns, self._length = session, list(columns.values()), length
        names = ", ".join(f'"{name}"' for name in columns)
        self._into = f"{table.name} ({names})"

    def load(self, start: int, stop: int) -> None:
        """Add the rows from `start` up to `stop`, or to the end, in the session's transaction."""
        stop = min(stop, self._length)
        if start >= stop:
            return
        if self._session.get_bind().dialect.name == "sqlite":
            self._execute_many(start, stop)
        else:
            self._copy(start, stop)

    def _execute_many(self, start: int, stop: int) -> None:
        marks = ", ".join(column.literal or "?" for column in self._columns)
        columns = [column.values(start, stop) for column in self._columns if not column.literal]
        rows = list(zip(*columns, strict=True)) if columns else [()] * (stop - start)
        self._session.connection().exec_driver_sql(f"INSERT INTO {self._into} VALUES ({marks})", rows)

    def _copy(self, start: int, stop: int) -> None:
        driver: Any = self._session.connection().connection.driver_connection
        rows = zip(*(column.texts(start, stop) for column in self._columns), strict=True)
        with driver.cursor() as cursor, cursor.copy(f"COPY {self._into} FROM STDIN") as copy:
            copy.write("".join([f"{line}\n" for line in map("\t".join, rows)]).encode())


def load(session: Session, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Add rows in the session's transaction; `columns` maps names of columns to lists of the same length."""
    length = len(next(iter(columns.values())))
    Rows(session, table, {name: Plain(values) for name, values in columns.items()}, length).load(0, length)


def look_over(session: Session, *tables: FromClause) -> None:
    """After many new rows: PostgreSQL plans by what it knows of a table, and would look by itself a minute later."""
    if session.get_bind().dialect.name == "postgresql":
        for table in tables:
            session.connection().exec_driver_sql(f"ANALYZE {cast(Table, table).name}")


def _array(words: Sequence[Any]) -> NDArray[Any]:
    found = np.empty(len(words), dtype=object)
    found[:] = words
    return found


def _as_text(value: Any) -> str:
    """A value as COPY reads it."""
    if value is None:
        return r"\N"
    if isinstance(value, bytes):
        return rf"\\x{value.hex()}"
    return SPECIAL.sub(lambda found: ESCAPED[found[0]], str(value))
