"""A sample of the different texts in a column of any length, in bounded memory. Pure.

Each text is in or out by what it is, not by when it comes: as soon as there are too many, only those stay whose
checksum ends with one more zero. So the shares in the sample are those of the column.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from zlib import crc32


@dataclass
class Sample:
    """Up to `most` of the texts that were added, each once."""

    most: int
    values: set[str] = field(default_factory=set, repr=False)
    _every: int = 1

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_part(self) -> bool:
        """Whether texts were left out."""
        return self._every > 1

    def add(self, texts: Iterable[str]) -> None:
        """Add more texts; those that are there already change nothing."""
        self.values.update(texts if self._every == 1 else filter(self._is_in, texts))
        while len(self.values) > self.most:
            self._every *= 2
            self.values = set(filter(self._is_in, self.values))

    def _is_in(self, text: str) -> bool:
        return crc32(text.encode("utf-8", "replace")) % self._every == 0
