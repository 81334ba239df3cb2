"""The numbers of a chart as a table: the same rows for the page and for the CSV file."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """How the values of a column are written."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"  # cents
    PERCENT = "percent"  # a share; 0.5 is 50 %
    SIGNED = "signed"
    SIGNED_MONEY = "signed_money"
    SIGNED_PERCENT = "signed_percent"


@dataclass(frozen=True)
class Column:
    """One column: its head, the unit under it, and how its values are written."""

    label: str
    kind: Kind = Kind.NUMBER
    unit: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it is aligned to the left."""
        return self.kind is Kind.TEXT

    @property
    def head(self) -> str:
        """The head as one line, for the file."""
        unit = {Kind.MONEY: "$", Kind.SIGNED_MONEY: "$", Kind.PERCENT: "%", Kind.SIGNED_PERCENT: "%"}.get(self.kind, "")
        return ", ".join(part for part in (self.label, self.unit or unit) if part)


@dataclass(frozen=True)
class Row:
    """One row; `url` leads to the rows behind it."""

    cells: tuple[Any, ...]
    url: str = ""


@dataclass(frozen=True)
class Table:
    """Columns and rows; unknown values are None. `total` is the last row, set apart."""

    columns: tuple[Column, ...]
    rows: list[Row] = field(default_factory=list)
    total: Row | None = None

    @property
    def all_rows(self) -> list[Row]:
        """The rows with the total at the end."""
        return [*self.rows, self.total] if self.total else self.rows


def known(value: Any) -> Any:
    """A value for a cell: NaN becomes None, whole numbers become whole."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.item() if hasattr(value, "item") else value


def rows_of(records: Iterable[Iterable[Any]], urls: Iterable[str] | None = None) -> list[Row]:
    """Rows from records, with their addresses if there are any."""
    cells = [tuple(known(value) for value in record) for record in records]
    links = list(urls) if urls is not None else [""] * len(cells)
    return [Row(cell, url) for cell, url in zip(cells, links, strict=True)]


def file_rows(table: Table) -> tuple[list[str], list[list[str | int | float | None]]]:
    """Head and rows for a file: dollars and percentages as plain numbers, days as text."""
    rows = [
        [_plain(value, column.kind) for value, column in zip(row.cells, table.columns, strict=True)]
        for row in table.all_rows
    ]
    return [column.head for column in table.columns], rows


def _plain(value: Any, kind: Kind) -> str | int | float | None:
    if value is None or isinstance(value, str):
        return value
    if kind in (Kind.MONEY, Kind.SIGNED_MONEY):
        return float(round(value / 100, 2))
    if kind in (Kind.PERCENT, Kind.SIGNED_PERCENT):
        return float(round(value * 100, 2))
    return value if isinstance(value, int | float) else str(value)
