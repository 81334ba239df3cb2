"""Streams a CMS file row by row, whatever its size: plain or gzip, UTF-8, UTF-16 or Windows, with line numbers.

A row that cannot be split into cells is passed on with its reason, so that it is counted. Only what makes the rest of
the file unreadable stops everything.
"""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, BinaryIO, NamedTuple, cast

from crm.core.errors import Invalid, TooLarge
from crm.directory.importing.rows import Reason

GZIP = b"\x1f\x8b"
MAX_LINE = 1_000_000
SAMPLE = 4096
MEGABYTE = 1_000_000
# How files begin that are something else, whatever they are named.
OTHERS = (
    (b"PK\x03\x04", "This is a ZIP archive or a workbook. Unpack it, and choose the CSV file inside."),
    (b"\xd0\xcf\x11\xe0", "This is an old Excel workbook. Save it as CSV."),
    (b"%PDF", "This is a PDF. Choose the CSV file."),
    (b"\x89PNG", "This is a picture. Choose the CSV file."),
    (b"\xff\xd8\xff", "This is a picture. Choose the CSV file."),
    (b"SQLite format 3", "This is a database. Choose the CSV file."),
    (b"{", "This is a JSON file. Choose the CSV file."),
    (b"[", "This is a JSON file. Choose the CSV file."),
    (b"<", "This is a web page or an XML file. Choose the CSV file."),
)
BINARY = "The file holds binary data: it is no CSV file."
EMPTY = "The file is empty."
NO_ROWS = "The file has a header but no rows."


class Row(NamedTuple):
    """One row: where it begins in the file, its cells, and why it cannot be read if it cannot."""

    line: int
    cells: list[str]
    fault: Reason | None = None


@dataclass
class Table:
    """An open file: its header and the rows below it, which can be read once."""

    header: list[str]
    rows: Iterator[Row]


@contextmanager
def open_table(stream: BinaryIO, max_bytes: int | None = None, delimiters: str = ",") -> Iterator[Table]:
    """Read a stream as a table. `max_bytes` limits what a compressed file may unpack to; that of the `delimiters`
    counts which its first line has most of."""
    unpacked = _unpacked(stream, max_bytes)
    encoding = _encoding(unpacked)
    first = unpacked.peek(SAMPLE)[:SAMPLE].partition(b"\n")[0]
    text = io.TextIOWrapper(unpacked, encoding=encoding, errors="rounds_cp1252", newline="")
    rows = _rows(text, max(delimiters, key=lambda delimiter: first.count(delimiter.encode())))
    header = next(rows, None)
    if header is None:
        raise Invalid(EMPTY)
    if header.fault:
        raise Invalid(f"The header cannot be read: {header.fault.label.lower()}.")
    yield Table(header.cells, rows)


def _as_cp1252(problem: UnicodeError) -> tuple[str, int]:
    """Excel saves as Windows text: a byte that is no UTF-8 is read as it is there."""
    assert isinstance(problem, UnicodeDecodeError)  # noqa: S101 nothing is ever encoded with this
    wrong = problem.object[problem.start : problem.end]
    return wrong.decode("cp1252", "replace"), problem.end


codecs.register_error("rounds_cp1252", _as_cp1252)


class _Limited(io.RawIOBase):
    """What a compressed file unpacks to, up to a limit: a small file can hold a very large one."""

    def __init__(self, source: IO[bytes], most: int | None) -> None:
        self.source, self.left, self.most = source, most, most

    def readable(self) -> bool:
        """It is only read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes; TooLarge when they are more than was allowed."""
        try:
            data = self.source.read(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise Invalid("The compressed file is cut off or damaged. Download it again.") from None
        if self.left is not None:
            self.left -= len(data)
            if self.left < 0:
                raise TooLarge(f"The file unpacks to more than {(self.most or 0) // MEGABYTE:,} MB.")
        buffer[: len(data)] = data
        return len(data)


def _unpacked(stream: BinaryIO, max_bytes: int | None) -> io.BufferedReader:
    buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
    start = buffered.read(len(GZIP))
    buffered.seek(0)
    is_packed = start == GZIP
    source = cast("IO[bytes]", gzip.GzipFile(fileobj=buffered, mode="rb") if is_packed else buffered)
    return io.BufferedReader(_Limited(source, max_bytes), buffer_size=1 << 18)


def _encoding(stream: io.BufferedReader) -> str:
    start = stream.peek(SAMPLE)[:SAMPLE]
    if not start.strip():
        raise Invalid(EMPTY)
    for beginning, says in OTHERS:
        if start.lstrip().startswith(beginning):
            raise Invalid(says)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" in start.partition(b"\n")[0]:
        raise Invalid(BINARY)
    return "utf-8-sig"


class _Lines:
    """The lines of a text, none longer than is sensible; notes when one holds what no text holds."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text, self.has_null = text, False

    def __iter__(self) -> Iterator[str]:
        for line in iter(partial(self.text.readline, MAX_LINE), ""):
            if len(line) >= MAX_LINE:
                raise Invalid(f"A line is longer than {MAX_LINE:,} characters: this is no CSV file.")
            if "\x00" in line:
                self.has_null = True
            yield line


def _rows(text: io.TextIOWrapper, delimiter: str) -> Iterator[Row]:
    lines = _Lines(text)
    reader = csv.reader(iter(lines), delimiter=delimiter, skipinitialspace=True, strict=True)
    width = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            yield Row(line, [], _fault_of(str(problem), line))
            continue
        except UnicodeError:
            raise Invalid(
                f"Line {line} or a later one holds bytes that are no text. Download the file again."
            ) from None
        width = width or len(cells)
        fault, lines.has_null = Reason.BINARY if lines.has_null else None, False
        yield Row(line, cells, fault or _shape_fault(cells, width))


def _fault_of(problem: str, line: int) -> Reason:
    """A misplaced quotation mark spoils its row; one that never ends spoils the rest of the file."""
    if "unexpected end" in problem or "field larger" in problem:
        raise Invalid(
            f"A value that begins on line {line} never ends: a quotation mark is missing, or the file is cut off. "
            "Download it again."
        )
    return Reason.QUOTE


def _shape_fault(cells: list[str], width: int) -> Reason | None:
    if len(cells) == width or not any(cells):
        return None
    return None if len(cells) > width and not any(cell.strip() for cell in cells[width:]) else Reason.CELLS
