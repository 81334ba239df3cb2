"""The cleaned rows of a file, as they wait for their import: compressed CSV without the columns that were dropped.

The first cell of a line is its number in the file; a line that cannot be told apart into columns keeps only a number
with a mark and the reason, for a patient's name might have slipped into any of its cells.
"""

import csv
import gzip
import io
from collections.abc import Iterator
from itertools import islice

from crm.core.errors import Invalid
from crm.referrals.importing.rows import Block, Refusal
from crm.referrals.importing.strays import MARK
from crm.referrals.importing.survey import Column, SheetSurvey

BROKEN = "!"
LEVEL = 1
BLOCK_LINES = 20_000
StoredLine = tuple[int, list[str] | str]


def pack(main: SheetSurvey) -> tuple[bytes, int]:
    """The kept cells of the rows of a sheet, and how many rows that are."""
    kept = [column.index for column in main.kept]
    watched = [(place, column) for place, column in enumerate(main.kept) if column.strays.is_any]
    count = 0
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=LEVEL, mtime=0) as zipped:
        text = io.TextIOWrapper(zipped, encoding="utf-8", errors="replace", newline="")
        write = csv.writer(text, lineterminator="\n").writerow
        for line, values in main.sheet.lines():
            if line <= main.header_line:
                continue
            count += 1
            cells = main.sheet.cleaned(values[at] if at < len(values) else "" for at in kept)
            if problem := main.sheet.refused.get(line) or _shape_problem(values, main) or _stray(cells, watched):
                write([f"{BROKEN}{line}", problem])
            else:
                write([line, *cells])
        text.flush()
    if not count:
        raise Invalid("The file has no rows.")
    return packed.getvalue(), count


def _stray(cells: list[str], watched: list[tuple[int, Column]]) -> str:
    """Why no cell of a line is kept, or ''; marks stand in for cells that are not what their column holds."""
    for place, column in watched:
        if reason := column.strays.refused.get(cells[place]):
            return f"{reason} in {column.header}"
        if cells[place] in column.strays.marked:
            cells[place] = MARK
    return ""


def _shape_problem(values: list[str], main: SheetSurvey) -> str:
    width = len(main.columns)
    if any(value.strip() for value in values[width:]):
        return "More cells than the header has columns"
    # A missing cell moves the others: then a refused column's value may stand in a kept one.
    if len(values) < width and main.dropped and not main.sheet.may_end_early:
        return "Fewer cells than the header has columns"
    return ""


def stored_blocks(packed: bytes, width: int) -> Iterator[Block]:
    """The stored lines, column by column."""
    lines = unpack(packed)
    while some := list(islice(lines, BLOCK_LINES)):
        broken = [Refusal(number, "", cells) for number, cells in some if isinstance(cells, str)]
        whole = [(number, cells) for number, cells in some if not isinstance(cells, str)]
        columns = list(zip(*(cells for _, cells in whole), strict=True)) if whole else [()] * width
        yield Block([number for number, _ in whole], columns, broken)


def unpack(packed: bytes) -> Iterator[StoredLine]:
    """The stored lines: (number, cells), or (number, reason) for a line whose cells were not kept."""
    with gzip.open(io.BytesIO(packed), "rt", encoding="utf-8", newline="") as text:
        for first, *cells in csv.reader(text):
            if first.startswith(BROKEN):
                yield int(first[1:]), cells[0]
            else:
                yield int(first), cells
