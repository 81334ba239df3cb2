"""An uploaded file while it waits for its import: only the columns that are used, with line numbers, compressed.

Other columns of a file that was chosen by mistake are never kept.
"""

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from crm.core.errors import Invalid, TooLarge
from crm.directory.importing.headers import Layout, recognize
from crm.directory.importing.reading import NO_ROWS, Row, open_table
from crm.directory.importing.rows import FileKind, Reason

LEVEL = 1
FAULT = "!"
UNPACKED = 12  # times the size that may be uploaded
MAX_ROWS = 1_000_000


@dataclass(frozen=True)
class Packed:
    """A file ready to be kept."""

    kind: FileKind
    content: bytes
    rows: int


def pack(stream: BinaryIO, kind: FileKind | None, max_bytes: int) -> Packed:
    """Read a file once and keep what is used of it. Raises Invalid or TooLarge with the reason."""
    packed = io.BytesIO()
    rows = 0
    with open_table(stream, max_bytes * UNPACKED) as table:
        layout = recognize(table.header, kind)
        places = sorted(layout.columns.values())
        with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=LEVEL, mtime=0) as zipped:
            text = io.TextIOWrapper(zipped, encoding="utf-8", errors="replace", newline="")
            write = csv.writer(text, lineterminator="\n").writerow
            write(["", *(table.header[place] for place in places)])
            for row in table.rows:
                rows += 1
                if rows > MAX_ROWS:
                    raise TooLarge(f"The file has more than {MAX_ROWS:,} rows. Import it with the command instead.")
                write(_line(row, places))
            text.flush()
    if not rows:
        raise Invalid(NO_ROWS)
    return Packed(layout.kind, packed.getvalue(), rows)


def _line(row: Row, places: list[int]) -> list[str | int]:
    if row.fault is not None:
        return [f"{FAULT}{row.line}", row.fault.value]
    width = len(row.cells)
    return [row.line, *(row.cells[place].replace("\x00", "") if place < width else "" for place in places)]


@contextmanager
def unpacked(content: bytes) -> Iterator[tuple[Layout, Iterator[Row]]]:
    """The layout and the rows of a packed file."""
    with gzip.open(io.BytesIO(content), "rt", encoding="utf-8", newline="") as text:
        lines = csv.reader(text)
        layout = recognize(next(lines)[1:])
        yield layout, map(_row, lines)


def _row(cells: list[str]) -> Row:
    first = cells[0]
    if first.startswith(FAULT):
        return Row(int(first[1:]), [], Reason(cells[1]))
    return Row(int(first), cells[1:])
