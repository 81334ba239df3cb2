"""The cells of one column: each different text once, and which of them stands in which row. Pure.

Most columns repeat few texts. So what is done for a text (parsing it, looking for a patient in it) is done once, and
what is done for rows is done with numbers.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm.referrals.importing.facts import Bools, Ints
from crm.referrals.importing.sheets import BETWEEN_CELLS

Codes = NDArray[np.unsignedinteger[Any]]
NARROW = 1 << 8
FEW, NEARLY = 100, 0.9


class _Numbers(dict[str, int]):
    """Numbers texts in the order in which they come first."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


class Coder:
    """Numbers the texts of a column. Where nearly each is another one, as it shows in the first ones, each has a number
    of its own, for finding the same one again would take longer than it saves."""

    def __init__(self) -> None:
        self._numbers = _Numbers()
        self._each: list[str] | None = None

    @property
    def words(self) -> Collection[str]:
        """The texts by their numbers."""
        return self._numbers if self._each is None else self._each

    def codes(self, texts: Sequence[str]) -> Codes:
        """The number of each text."""
        if not self.words and len(texts) >= FEW and len(set(texts)) > len(texts) * NEARLY:
            self._each = []
        if self._each is None:
            return np.fromiter(map(self._numbers.__getitem__, texts), dtype=np.uint32, count=len(texts))
        first = len(self._each)
        self._each.extend(texts)
        return np.arange(first, len(self._each), dtype=np.uint32)


@dataclass(frozen=True)
class Cells:
    """A column: `words[codes[row]]` is the text of a row. Two words may be the same text."""

    words: list[str]
    codes: Codes

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Cells":
        """A column from its texts."""
        coder = Coder()
        codes = coder.codes(texts)
        return cls(list(coder.words), codes)

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> str:
        return self.words[int(self.codes[row])]

    def texts(self, rows: Ints | slice = slice(None)) -> list[str]:
        """The texts of some rows."""
        return list(map(self.words.__getitem__, self.codes[rows].tolist()))

    def are(self, wanted: Collection[str]) -> Bools:
        """Which rows hold one of these texts."""
        return self.of_words(np.fromiter(map(wanted.__contains__, self.words), dtype=bool, count=len(self.words)))

    def are_filled(self) -> Bools:
        """Which rows are not blank."""
        return self.of_words(np.fromiter(map(bool, self.words), dtype=bool, count=len(self.words)))

    def of_words(self, values: NDArray[Any]) -> NDArray[Any]:
        """For each row what belongs to its word."""
        found: NDArray[Any] = values[self.codes]
        return found

    def with_words(self, words: list[str]) -> "Cells":
        """The same rows with other texts in place of these words."""
        return Cells(words, self.codes)

    def with_text(self, rows: Any, text: str) -> "Cells":
        """The same column with a text in some rows; words that stand nowhere any more are gone."""
        codes = self.codes.astype(np.uint32)
        codes[rows] = len(self.words)
        return Cells([*self.words, text], codes).part(slice(None))

    def part(self, rows: slice) -> "Cells":
        """Some of the rows; words that stand in none of them are gone."""
        used, places = np.unique(self.codes[rows], return_inverse=True)
        return Cells([self.words[place] for place in used.tolist()], places.astype(np.uint32))


@dataclass(frozen=True)
class Packed:
    """A column in little memory."""

    text: bytes
    codes: Codes

    @classmethod
    def of(cls, cells: Cells) -> "Packed":
        """Texts must not hold the sign that stands between cells."""
        kind = np.uint8 if len(cells.words) <= NARROW else np.uint16 if len(cells.words) <= 1 << 16 else np.uint32
        return cls(BETWEEN_CELLS.join(cells.words).encode("utf-8", "surrogatepass"), cells.codes.astype(kind))

    def cells(self) -> Cells:
        """The column again."""
        return Cells(self.text.decode("utf-8", "surrogatepass").split(BETWEEN_CELLS), self.codes)

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.text) + self.codes.nbytes


def joined(parts: Iterable[Codes]) -> Codes:
    """Codes of rows that follow each other."""
    return np.concatenate([np.empty(0, dtype=np.uint32), *parts])
