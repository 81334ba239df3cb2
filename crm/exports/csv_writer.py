"""CSV files that spreadsheets show and never run: every field quoted, formulas defused, UTF-8 with its mark.

The guard is an apostrophe before a value that a spreadsheet could take for a formula (OWASP ASVS 5.0, 1.2.10), also
behind leading blanks and control characters, and in full width. `unguarded` takes it off again, so that what comes
out can go back in without loss.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
GUARD = "'"
FORMULA_STARTS = frozenset("=+-@＝＋－＠")
CONTROL_STARTS = frozenset("\t\r\n\0")

Cell = str | int | float | None


def is_risky(text: str) -> bool:
    """Whether a spreadsheet might run a text, whatever apostrophes stand before it already."""
    bare = text.lstrip(GUARD)
    if not bare:
        return False
    seen = (letter for letter in bare if letter.isprintable() and not letter.isspace() and letter != GUARD)
    return next(seen, "") in FORMULA_STARTS or bare[0] in CONTROL_STARTS


def guarded(value: Cell) -> str | int | float:
    """A value as it is written: numbers stay numbers, nothing stays empty, risky texts get an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, str):
        return GUARD + value if is_risky(value) else value
    return value


def unguarded(text: str) -> str:
    """What a value was before the guard."""
    return text[1:] if text.startswith(GUARD) and is_risky(text[1:]) else text


def lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The file line by line, so that a long one never stands in memory twice."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    yield BYTE_ORDER_MARK.encode()
    for row in chain([header], rows):
        writer.writerow([guarded(cell) for cell in row])
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8", "replace")
