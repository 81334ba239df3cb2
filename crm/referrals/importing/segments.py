"""A sheet below its header, in segments of some ten thousand rows, column by column. Pure.

A segment is read once: what was looked through for patients is what is imported. As long as it is not too much it stays
in memory for that, packed; else the file is read again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import starmap, zip_longest

import numpy as np

from crm.referrals.importing.cells import Cells, Coder, Codes, Packed, joined
from crm.referrals.importing.facts import Ints
from crm.referrals.importing.sheets import Piece, Sheet

SEGMENT_ROWS = 30_000
# A segment ends earlier when its columns hold so many different texts, or so many characters.
MAX_WORDS = 400_000
MAX_TEXT = 20_000_000
TOO_WIDE, TOO_SHORT = "More cells than the header has columns", "Fewer cells than the header has columns"


@dataclass(frozen=True)
class Segment:
    """Some rows: the numbers of their lines, their cells by column, and by their place which have a wrong width."""

    numbers: Ints
    columns: list[Cells]
    odd: dict[int, str]


class Held:
    """Segments in memory, packed, without the columns of which nothing is kept."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._segments: list[tuple[Ints, dict[int, Packed], dict[int, str]]] | None = []

    def add(self, segment: Segment) -> None:
        """Hold one more, unless they are too much by now: then none is held."""
        if self._segments is None:
            return
        columns = {place: Packed.of(cells) for place, cells in enumerate(segment.columns)}
        self._size += segment.numbers.nbytes + sum(column.size for column in columns.values())
        self._segments.append((segment.numbers, columns, segment.odd))
        if self._size > self._most:
            self.forget()

    def forget(self) -> None:
        """Hold nothing."""
        self._segments = None

    def forget_columns(self, places: Iterable[int]) -> None:
        """Hold nothing of these columns."""
        gone = set(places)
        for _, columns, _ in self._segments or ():
            for place in gone:
                columns.pop(place, None)

    def segments(self) -> Iterator[Segment] | None:
        """What is held, where a forgotten column is blank; None when nothing is."""
        return None if self._segments is None else starmap(_unpacked, self._segments)


def _unpacked(numbers: Ints, columns: dict[int, Packed], odd: dict[int, str]) -> Segment:
    blank = Cells([""], np.zeros(len(numbers), dtype=np.uint8))
    width = max(columns, default=-1) + 1
    return Segment(numbers, [columns[at].cells() if at in columns else blank for at in range(width)], odd)


def in_segments(sheet: Sheet, pieces: Iterable[Piece], width: int) -> Iterator[Segment]:
    """The rows of a sheet that has so many columns."""
    making = _Making(sheet, width)
    for piece in pieces:
        making.add(piece)
        if making.is_full:
            yield making.segment()
            making = _Making(sheet, width)
    if making.numbers:
        yield making.segment()


class _Making:
    """A segment while its pieces come."""

    def __init__(self, sheet: Sheet, width: int) -> None:
        self.sheet, self.width, self.size = sheet, width, 0
        self.numbers: list[int] = []
        self.coders = [Coder() for _ in range(width)]
        self.codes: list[list[Codes]] = [[] for _ in range(width)]
        self.odd: dict[int, str] = {}

    def add(self, piece: Piece) -> None:
        blank = ("",) * len(piece.rows)
        columns = zip_longest(*piece.rows, fillvalue="")
        for coder, codes in zip(self.coders, self.codes, strict=True):
            codes.append(coder.codes(next(columns, blank)))
        if set(map(len, piece.rows)) != {self.width}:
            self._note_widths(piece.rows)
        self.numbers += piece.numbers
        self.size += len(piece.text)

    def _note_widths(self, rows: list[list[str]]) -> None:
        for place, values in enumerate(rows, len(self.numbers)):
            if len(values) < self.width:
                self.odd[place] = TOO_SHORT
            elif any(value.strip() for value in values[self.width :]):
                self.odd[place] = TOO_WIDE

    @property
    def is_full(self) -> bool:
        rows, words = len(self.numbers), sum(map(len, self.coders))
        return rows >= SEGMENT_ROWS or words > MAX_WORDS or self.size > MAX_TEXT

    def segment(self) -> Segment:
        columns = [
            Cells(self.sheet.cleaned(coder), joined(codes))
            for coder, codes in zip(self.coders, self.codes, strict=True)
        ]
        return Segment(np.array(self.numbers, dtype=np.int64), columns, self.odd)
