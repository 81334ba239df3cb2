"""What a file is read into: sheets of lines, each line with its number in the file; and the limits of reading."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from crm.core import clock
from crm.core.errors import Invalid, TooLarge

Line = tuple[int, list[str]]
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """How much of a file is read; more is refused, never cut off."""

    max_bytes: int = 64 * MEGABYTE
    max_rows: int = 2_000_000
    max_columns: int = 500
    max_cells: int = 40_000_000
    max_sheet_cells: int = 4_000_000
    max_seconds: float = 120.0


@dataclass(frozen=True)
class Sheet:
    """A table of a file; `lines()` reads it from the start each time. A text file is one sheet without a name."""

    name: str
    lines: Callable[[], Iterator[Line]]
    is_hidden: bool = False
    # Unquoted NULL is how databases write an empty cell; a file that also quotes "NULL" means a name by it.
    null_is_empty: bool = True


def counted(lines: Iterator[Line], limits: Limits) -> Iterator[Line]:
    """The same lines, as long as they stay within the limits."""
    started, cells = clock.stopwatch(), 0
    for rows, (line, values) in enumerate(lines, 1):
        cells += len(values)
        if len(values) > limits.max_columns:
            raise Invalid(f"Line {line} has {len(values):,} columns; at most {limits.max_columns:,} are read.")
        if rows > limits.max_rows:
            raise TooLarge(f"The file has more than {limits.max_rows:,} rows. Split it, by month say.")
        if cells > limits.max_cells:
            raise TooLarge(f"The file has more than {limits.max_cells:,} cells. Leave out columns, or split it.")
        if not rows % 10_000 and clock.stopwatch() - started > limits.max_seconds:
            raise TooLarge("Reading the file took too long. Split it, by month say.")
        yield line, values


def column_letter(index: int) -> str:
    """0 -> `A`, 26 -> `AA`, as spreadsheets name columns."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
