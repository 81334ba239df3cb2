"""Opens packed files: .zip with one or several files, .gz with one. Nothing is unpacked whole, on disk or in memory.

Each file inside is a source that inflates anew whenever it is read. What it may come to is checked before: the declared
sizes of a .zip, past which no reading goes, and the counted size of a .gz. Names inside are only looked at for their
endings; they are never used as paths, and no message repeats them.
"""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from crm.core.errors import Invalid, TooLarge
from crm.referrals.importing.sheets import MEGABYTE, Limits
from crm.referrals.importing.source import Source

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PACKED = {".zip", ".gz"}
NESTED = {".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".bz2", ".xz", ".zst"}
MARKS = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ\x00")
MAX_FILES = 20
MAX_ENTRIES = 1_000  # folders and hidden files too
ENTRY = b"PK\x01\x02"
ENCRYPTED = 0x1
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
DAMAGED = "The packed file is damaged or cut off. Pack it again."
# How the libraries tell that a packed file is not what it says.
FAULTS = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error,
    EOFError, OSError, ValueError, OverflowError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """A file inside: its number, its name without folders, its bytes."""

    number: int
    name: str
    source: Source

    @property
    def ending(self) -> str:
        """What its name ends with, in small letters."""
        return PurePosixPath(self.name).suffix.lower()


@contextmanager
def _told() -> Iterator[None]:
    """Whatever the libraries find wrong becomes one sentence."""
    try:
        yield
    except FAULTS:
        raise Invalid(DAMAGED) from None


class _Inflated(io.RawIOBase):
    """The bytes of a packed file, whose faults are told in one sentence."""

    def __init__(self, file: IO[bytes] | gzip.GzipFile, *owners: IO[bytes] | zipfile.ZipFile) -> None:
        self._file, self._owners = file, owners

    def readable(self) -> bool:
        """It can be read, and nothing else."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Inflate some bytes."""
        view = memoryview(buffer).cast("B")
        with _told():
            data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the packed file as well."""
        for file in (self._file, *self._owners):
            file.close()
        super().close()


def unpack(name: str, source: Source, limits: Limits) -> list[Member]:
    """The files inside. Raises Invalid or TooLarge for what is damaged, encrypted, nested, or too much."""
    found = _of_gzip(name, source, limits) if name.lower().endswith(".gz") else _of_zip(source, limits)
    for member in found:
        is_marked = member.ending != ".xlsx" and member.source.read(8).startswith(MARKS)
        if member.ending in NESTED or is_marked:
            raise Invalid("The packed file holds another packed file. Unpack that one first.")
    return found


def is_workbook(source: Source) -> bool:
    """Whether a .zip is an Excel workbook under another name."""
    with _told(), source.open() as file, zipfile.ZipFile(file) as packed:
        return any(name.startswith("xl/workbook") for name in packed.namelist())


def check_entries(source: Source) -> None:
    """Refuse a .zip with too many entries before its list of them is read. Raises TooLarge."""
    count, before = 0, b""
    for piece in source.pieces():
        seen = before + piece
        count += seen.count(ENTRY)
        before = seen[-len(ENTRY) + 1 :]
    if count > MAX_ENTRIES:
        raise TooLarge(f"The packed file holds more than {MAX_ENTRIES:,} files. Pack only those with referrals.")


def _of_zip(source: Source, limits: Limits) -> list[Member]:
    with _told(), source.open() as file, zipfile.ZipFile(file) as packed:
        entries = [entry for entry in packed.infolist() if not entry.is_dir() and not _is_hidden(entry.filename)]
    if len(entries) > MAX_FILES:
        raise TooLarge(f"The packed file holds more than {MAX_FILES} files. Pack only those with referrals.")
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise Invalid("The packed file is protected with a password. Pack it without one.")
    if any(entry.compress_type not in METHODS for entry in entries):
        raise Invalid("The packed file is packed in a way that is not read here. Pack it as an ordinary .zip.")
    if sum(entry.file_size for entry in entries) > limits.max_bytes:
        raise _too_large(limits)
    return [
        Member(number, PurePosixPath(entry.filename).name, Source(entry.file_size, _opening(source, entry)))
        for number, entry in enumerate(entries, 1)
    ]


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return "__MACOSX" in parts or any(part.startswith(".") and part != ".." for part in parts)


def _opening(source: Source, entry: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    def opened() -> IO[bytes]:
        with _told():
            file = source.open()
            packed = zipfile.ZipFile(file)
            return io.BufferedReader(_Inflated(packed.open(entry), packed, file))

    return opened


def _of_gzip(name: str, source: Source, limits: Limits) -> list[Member]:
    def opened() -> IO[bytes]:
        with _told():
            file = source.open()
            return io.BufferedReader(_Inflated(gzip.GzipFile(fileobj=file), file))

    size = 0
    with opened() as file:
        while piece := file.read(MEGABYTE):
            size += len(piece)
            if size > limits.max_bytes:
                raise _too_large(limits)
    return [Member(1, PurePosixPath(name[: -len(".gz")]).name, Source(size, opened))]


def _too_large(limits: Limits) -> TooLarge:
    return TooLarge(f"The packed file holds more than {limits.max_bytes // MEGABYTE} MB. Split it, by month say.")
