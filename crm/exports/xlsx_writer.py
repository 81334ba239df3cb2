"""XLSX files whose texts stay texts: no formula, no link, no guessed number is ever written.

Written row by row (constant memory), so that a long list does not fill the machine.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from crm.exports.csv_writer import Cell

MAX_CELL = 32_767
WIDEST = 48


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, its header (none for a sheet of pairs), its rows, and the width of its columns."""

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    widths: Sequence[int] = field(default_factory=tuple)


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """The finished file."""
    buffer = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with Workbook(buffer, options) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            _prepare(page, sheet)
            for column, title in enumerate(sheet.header):
                page.write_string(0, column, title, bold)
            for line, row in enumerate(sheet.rows, 1 if sheet.header else 0):
                _write_row(page, line, row)
    return buffer.getvalue()


def _prepare(page: Worksheet, sheet: Sheet) -> None:
    for column, width in enumerate(sheet.widths):
        page.set_column(column, column, min(width, WIDEST))
    if sheet.header:
        page.freeze_panes(1, 0)


def _write_row(page: Worksheet, line: int, row: Sequence[Cell]) -> None:
    for column, cell in enumerate(row):
        if isinstance(cell, str):
            page.write_string(line, column, cell[:MAX_CELL])
        elif cell is not None:
            page.write_number(line, column, cell)
