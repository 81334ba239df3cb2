"""What a file is read into: sheets of lines, each line with its number in the file; and the limits of reading.

Lines come in pieces of some thousands: what is done once for a piece costs nothing per line.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from crm.core import clock
from crm.core.errors import Invalid, TooLarge

Line = tuple[int, list[str]]
MEGABYTE = 1_000_000
PIECE_SIZE = 12_000_000  # bytes of memory, about
CELL_SIZE = 60  # bytes of memory that a cell takes besides its text, about


@dataclass(frozen=True)
class Limits:
    """How much of a file is read; more is refused, never cut off."""

    max_bytes: int = 64 * MEGABYTE
    max_rows: int = 2_000_000
    max_columns: int = 500
    max_cells: int = 40_000_000
    max_sheet_cells: int = 4_000_000
    max_seconds: float = 120.0


@dataclass
class Piece:
    """Some lines that follow each other, blank ones left out: their numbers in the file and their cells."""

    numbers: list[int]
    rows: list[list[str]]


@dataclass(frozen=True)
class Sheet:
    """A table of a file, read from the start by each `pieces()` or `lines()`. A text file is one without a name."""

    name: str
    pieces: Callable[[], Iterator[Piece]]
    is_hidden: bool = False
    # Unquoted NULL is how databases write an empty cell; a file that also quotes "NULL" means a name by it.
    null_is_empty: bool = True
    # Workbooks leave empty cells at the end of a row away; elsewhere a missing cell has moved the others.
    may_end_early: bool = False
    # Lines without cells: why each was refused when the file was taken apart.
    refused: Mapping[int, str] = field(default_factory=dict)

    def lines(self) -> Iterator[Line]:
        """The same, line by line."""
        for piece in self.pieces():
            yield from zip(piece.numbers, piece.rows, strict=True)


def in_pieces(lines: Iterable[Line]) -> Iterator[Piece]:
    """Single lines as pieces of much the same size, whether there are many short lines in them or a few long ones."""
    numbers: list[int] = []
    rows: list[list[str]] = []
    size = 0
    for number, values in lines:
        numbers.append(number)
        rows.append(values)
        size += len("".join(values)) + CELL_SIZE * len(values)
        if size > PIECE_SIZE:
            yield Piece(numbers, rows)
            numbers, rows, size = [], [], 0
    if rows:
        yield Piece(numbers, rows)


def counted(pieces: Iterable[Piece], limits: Limits) -> Iterator[Piece]:
    """The same pieces, as long as they stay within the limits."""
    started, rows, cells = clock.stopwatch(), 0, 0
    for piece in pieces:
        widths = list(map(len, piece.rows))
        if max(widths) > limits.max_columns:
            line, width = next(
                found for found in zip(piece.numbers, widths, strict=True) if found[1] > limits.max_columns
            )
            raise Invalid(f"Line {line} has {width:,} columns; at most {limits.max_columns:,} are read.")
        rows, cells = rows + len(widths), cells + sum(widths)
        if rows > limits.max_rows:
            raise TooLarge(f"The file has more than {limits.max_rows:,} rows. Split it, by month say.")
        if cells > limits.max_cells:
            raise TooLarge(f"The file has more than {limits.max_cells:,} cells. Leave out columns, or split it.")
        if clock.stopwatch() - started > limits.max_seconds:
            raise TooLarge("Reading the file took too long. Split it, by month say.")
        yield piece


def column_letter(index: int) -> str:
    """0 -> `A`, 26 -> `AA`, as spreadsheets name columns."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
