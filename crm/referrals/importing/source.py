"""Where the bytes of a file come from: memory for an upload, the disk for a command. Each pass opens it anew.

A file on the disk is never held whole: it is read in pieces, from the start, as often as it takes. It must stay what it
is meanwhile, for the rows that are imported have to be those in which no patient was found.
"""

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from crm.core.errors import Conflict

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Source:
    """A file's size in bytes, and `open()`, which reads it from the start each time."""

    size: int
    open: Callable[[], IO[bytes]]

    def read(self, size: int = -1) -> bytes:
        """Its first bytes, or all of them."""
        with self.open() as file:
            return file.read(size)

    def pieces(self) -> Iterator[bytes]:
        """All of its bytes, piece by piece."""
        with self.open() as file:
            while piece := file.read(PIECE_BYTES):
                yield piece


def source_of(content: bytes | Path | Source) -> Source:
    """The source that bytes in memory or a file on the disk are. Raises OSError for a path that cannot be read."""
    if isinstance(content, Source):
        return content
    if isinstance(content, bytes):
        return Source(len(content), lambda: io.BytesIO(content))
    found = content.stat()
    return Source(found.st_size, lambda: io.BufferedReader(_Unchanged(content, found), PIECE_BYTES))


class _Unchanged(io.FileIO):
    """A file that is read only as long as it is the one that was found first. Raises Conflict."""

    def __init__(self, path: Path, found: os.stat_result) -> None:
        super().__init__(path)
        self._found = _version(found)

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        """Read some bytes; also at the end, where a program that is still writing would have added more."""
        count = super().readinto(buffer)
        if _version(os.fstat(self.fileno())) != self._found:
            raise Conflict("The file changed while it was read. Import it again when it is complete.")
        return count


def _version(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
