"""What a file is read into: sheets of lines, each line with its number in the file; and the limits of reading.

Lines come in pieces of some hundreds: what is done once for a piece costs nearly nothing per line.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING

from crm.core import clock
from crm.core.errors import Invalid, TooLarge

if TYPE_CHECKING:
    from crm.referrals.importing.segments import Segment

Line = tuple[int, list[str]]
MEGABYTE = 1_000_000
NULL = "NULL"
# Between the parts of stored text. ASCII has these signs for it, and no cell keeps one.
BETWEEN_BLOCKS, BETWEEN_COLUMNS, BETWEEN_CELLS = "\x1d", "\x1e", "\x1f"
SEPARATORS = str.maketrans(dict.fromkeys((BETWEEN_BLOCKS, BETWEEN_COLUMNS, BETWEEN_CELLS), " "))
PIECE_LINES = 500  # few enough that Python's collector of garbage need not look at their lists again and again


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

    numbers: Sequence[int]
    rows: list[list[str]]

    @property
    def widths(self) -> list[int]:
        """How many cells each line has."""
        return list(map(len, self.rows))

    @property
    def size(self) -> int:
        """In characters."""
        return sum(map(len, chain.from_iterable(self.rows)))

    def columns(self, width: int) -> list[Sequence[str]]:
        """The cells of so many columns; where a line ends earlier they are blank."""
        found: list[Sequence[str]] = list(islice(zip_longest(*self.rows, fillvalue=""), width))
        return found + [("",) * len(self.rows)] * (width - len(found))

    def below(self, line: int) -> "Piece":
        """What follows a line."""
        first = bisect_right(self.numbers, line)
        return Piece(self.numbers[first:], self.rows[first:]) if first else self


class EvenPiece(Piece):
    """Lines that all have as many cells, which stand one behind the other."""

    def __init__(self, numbers: Sequence[int], cells: list[str], width: int, size: int) -> None:
        self.numbers, self._cells, self._width, self._size = numbers, cells, width, size

    @cached_property
    def rows(self) -> list[list[str]]:  # type: ignore[override]
        """The cells of each line."""
        return [self._cells[start : start + self._width] for start in range(0, len(self._cells), self._width)]

    @property
    def widths(self) -> list[int]:
        """How many cells each line has."""
        return [self._width] * len(self.numbers)

    @property
    def size(self) -> int:
        """In characters, about."""
        return self._size

    def columns(self, width: int) -> list[Sequence[str]]:
        """The cells of so many columns; where a line ends earlier they are blank."""
        blank = ("",) * len(self.numbers)
        return [self._cells[at :: self._width] if at < self._width else blank for at in range(width)]


@dataclass(frozen=True)
class Sheet:
    """A table of a file, read from the start by each `pieces()` or `lines()`. A text file is one without a name."""

    name: str
    pieces: Callable[[], Iterator[Piece]]
    is_hidden: bool = False
    has_header: bool = True
    # Unquoted NULL is how databases write an empty cell; a file that also quotes "NULL" means a name by it.
    null_is_empty: bool = True
    # Workbooks leave empty cells at the end of a row away; elsewhere a missing cell has moved the others.
    may_end_early: bool = False
    is_large: bool = False
    # Lines without cells: why each was refused when the file was taken apart.
    refused: Mapping[int, str] = field(default_factory=dict)
    # The same rows column by column, as they are in the file, where they come like this.
    segments: "Callable[[], Iterator[Segment]] | None" = None

    def lines(self) -> Iterator[Line]:
        """The same, line by line."""
        for piece in self.pieces():
            yield from zip(piece.numbers, piece.rows, strict=True)

    def cleaned(self, cells: Iterable[str]) -> list[str]:
        """Cells without blanks around them; a database's NULL is empty, and so is the quote that guards a formula."""
        plain = list(map(str.strip, cells))
        text = BETWEEN_CELLS + BETWEEN_CELLS.join(plain)
        if BETWEEN_BLOCKS in text or BETWEEN_COLUMNS in text or text.count(BETWEEN_CELLS) > len(plain):
            plain = [cell.translate(SEPARATORS) for cell in plain]
        if f"{BETWEEN_CELLS}'" in text or (self.null_is_empty and NULL in text):
            plain = list(map(self._meant, plain))
        return plain

    def _meant(self, plain: str) -> str:
        if plain == NULL and self.null_is_empty:
            return ""
        return plain[1:] if plain[:1] == "'" and plain[1:2] in "=+-@" and len(plain) > 1 else plain


def in_pieces(lines: Iterable[Line]) -> Iterator[Piece]:
    """Single lines as pieces."""
    rest = iter(lines)
    while some := list(islice(rest, PIECE_LINES)):
        yield Piece([number for number, _ in some], [values for _, values in some])


class Meter:
    """Counts lines and cells as they are read; what is more than the limits is refused."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._started = limits, clock.stopwatch()
        self._rows = self._cells = 0

    def add(self, numbers: Sequence[int], widths: Sequence[int]) -> None:
        """Some more lines: their numbers, and how many cells each has. Raises Invalid and TooLarge."""
        limits = self._limits
        if max(widths, default=0) > limits.max_columns:
            line, width = next(found for found in zip(numbers, widths, strict=True) if found[1] > limits.max_columns)
            raise Invalid(f"Line {line} has {width:,} columns; at most {limits.max_columns:,} are read.")
        self._rows, self._cells = self._rows + len(widths), self._cells + sum(widths)
        if self._rows > limits.max_rows:
            raise TooLarge(f"The file has more than {limits.max_rows:,} rows. Split it, by month say.")
        if self._cells > limits.max_cells:
            raise TooLarge(f"The file has more than {limits.max_cells:,} cells. Leave out columns, or split it.")
        if clock.stopwatch() - self._started > limits.max_seconds:
            raise TooLarge("Reading the file took too long. Split it, by month say.")


def counted(pieces: Iterable[Piece], limits: Limits) -> Iterator[Piece]:
    """The same pieces, as long as they stay within the limits."""
    meter = Meter(limits)
    for piece in pieces:
        meter.add(piece.numbers, piece.widths)
        yield piece


def column_letter(index: int) -> str:
    """0 -> `A`, 26 -> `AA`, as spreadsheets name columns."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
