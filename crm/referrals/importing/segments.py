"""A sheet below its header, in segments of some ten thousand rows, column by column. Pure.

What was looked through for patients is what is imported: as long as it is not too much it stays in memory for that,
packed; else the file is read again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from crm.referrals.importing.cells import Cells, Coder, Codes, Packed, joined
from crm.referrals.importing.facts import Ints
from crm.referrals.importing.sheets import Piece, Sheet

SEGMENT_ROWS = 30_000
# A segment ends earlier when it holds so many cells, different texts, or characters.
MAX_CELLS = 2_000_000
MAX_WORDS = 400_000
MAX_TEXT = 20_000_000
TOO_WIDE, TOO_SHORT = "More cells than the header has columns", "Fewer cells than the header has columns"


@dataclass(frozen=True)
class Segment:
    """Some rows: the numbers of their lines, their cells by column, and by their place which have a wrong width."""

    numbers: Ints
    columns: list[Cells]
    odd: dict[int, str]


@dataclass(frozen=True)
class PackedSegment:
    """The same in little memory; columns that were forgotten are blank."""

    numbers: Ints
    columns: dict[int, Packed]
    odd: dict[int, str]

    @classmethod
    def of(cls, segment: Segment) -> "PackedSegment":
        """Pack a segment."""
        return cls(segment.numbers, dict(enumerate(map(Packed.of, segment.columns))), segment.odd)

    def segment(self) -> Segment:
        """The segment again."""
        blank = Cells([""], np.zeros(len(self.numbers), dtype=np.uint8))
        places = range(max(self.columns, default=-1) + 1)
        columns = [self.columns[place].cells() if place in self.columns else blank for place in places]
        return Segment(self.numbers, columns, self.odd)

    @property
    def size(self) -> int:
        """In bytes."""
        return self.numbers.nbytes + sum(column.size for column in self.columns.values())


class Held:
    """Segments that stay in memory, as long as they are not too much."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._segments: list[PackedSegment] | None = []

    def add(self, segment: PackedSegment) -> None:
        """Hold one more, unless they are too much by now: then none is held."""
        self._size += segment.size
        if self._size > self._most:
            self.forget()
        if self._segments is not None:
            self._segments.append(segment)

    def forget(self) -> None:
        """Hold nothing."""
        self._segments = None

    def forget_columns(self, places: Iterable[int]) -> None:
        """Hold nothing of these columns."""
        gone = list(places)
        for segment in self.packed:
            for place in gone:
                segment.columns.pop(place, None)

    @property
    def packed(self) -> list[PackedSegment]:
        """What is held, as it is held."""
        return self._segments or []

    def segments(self) -> Iterator[Segment] | None:
        """What is held; None when it was too much."""
        return None if self._segments is None else map(PackedSegment.segment, self._segments)


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


def below(sheet: Sheet, segments: Iterable[Segment], line: int) -> Iterator[Segment]:
    """The rows behind a line of a sheet that comes in segments, cleaned; texts of the rows before it are gone."""
    for segment in segments:
        first = int(np.searchsorted(segment.numbers, line, side="right"))
        columns = [column.part(slice(first, None)) if first else column for column in segment.columns]
        if first < len(segment.numbers):
            cleaned = [column.with_words(sheet.cleaned(column.words)) for column in columns]
            yield Segment(segment.numbers[first:], cleaned, segment.odd)


class _Making:
    """A segment while its pieces come."""

    def __init__(self, sheet: Sheet, width: int) -> None:
        self.sheet, self.width, self.size = sheet, width, 0
        self.numbers: list[int] = []
        self.coders = [Coder() for _ in range(width)]
        self.codes: list[list[Codes]] = [[] for _ in range(width)]
        self.odd: dict[int, str] = {}

    def add(self, piece: Piece) -> None:
        for coder, codes, column in zip(self.coders, self.codes, piece.columns(self.width), strict=True):
            codes.append(coder.codes(column))
        if set(piece.widths) != {self.width}:
            self._note_widths(piece.rows)
        self.numbers += piece.numbers
        self.size += piece.size

    def _note_widths(self, rows: list[list[str]]) -> None:
        for place, values in enumerate(rows, len(self.numbers)):
            if len(values) < self.width:
                self.odd[place] = TOO_SHORT
            elif any(value.strip() for value in values[self.width :]):
                self.odd[place] = TOO_WIDE

    @property
    def is_full(self) -> bool:
        rows, words = len(self.numbers), sum(len(coder.words) for coder in self.coders)
        if rows >= SEGMENT_ROWS or rows * self.width > MAX_CELLS:
            return True
        return words > MAX_WORDS or self.size > MAX_TEXT

    def segment(self) -> Segment:
        columns = [
            Cells(self.sheet.cleaned(coder.words), joined(codes))
            for coder, codes in zip(self.coders, self.codes, strict=True)
        ]
        return Segment(np.array(self.numbers, dtype=np.int64), columns, self.odd)
