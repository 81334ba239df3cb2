"""The kept lines of a file, as they wait for their import: packed text without the columns that were dropped.

After the mark of the format come blocks of lines. A block is written column by column, for so it packs small and is
read quickly: how many parts it has, the numbers of its lines, the reasons why some have no cells, and for each kept
column its texts, each once, and which of them stands in which line. Each part stands behind its length.
"""

import gzip
import io
import struct
from collections.abc import Iterable, Iterator

import numpy as np

from crm.core.errors import Invalid
from crm.referrals.importing.cells import Cells
from crm.referrals.importing.kept import Block, StoredLine, kept_blocks
from crm.referrals.importing.sheets import BETWEEN_BLOCKS, BETWEEN_CELLS
from crm.referrals.importing.survey import SheetSurvey

FORMAT = f"3{BETWEEN_BLOCKS}"
LEVEL = 1
LENGTH = struct.Struct("<Q")
WIDTHS = {size: np.dtype(f"<u{size}") for size in (1, 2, 4)}  # of the numbers of texts, by their bytes


def pack(main: SheetSurvey) -> tuple[bytes, int]:
    """The kept cells of the rows of a sheet, and how many rows that are."""
    return pack_blocks(kept_blocks(main))


def pack_blocks(blocks: Iterable[Block]) -> tuple[bytes, int]:
    """The same for any lines. Raises Invalid when there are none."""
    count = 0
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=LEVEL, mtime=0) as zipped:
        zipped.write(FORMAT.encode())
        for block in blocks:
            count += len(block.numbers)
            parts = [_numbers(block), _problems(block), *(part for column in block.columns for part in _parts(column))]
            zipped.write(LENGTH.pack(len(parts)))
            for part in parts:
                zipped.write(LENGTH.pack(len(part)) + part)
    if not count:
        raise Invalid("The file has no rows.")
    return packed.getvalue(), count


def _numbers(block: Block) -> bytes:
    return np.array(block.numbers, dtype="<i8").tobytes()


def _problems(block: Block) -> bytes:
    return _encoded(f"{place} {problem}" for place, problem in block.problems.items())


def _parts(column: Cells) -> tuple[bytes, bytes]:
    """The texts of a column, of which none stands in no line, and their places."""
    if not np.bincount(column.codes, minlength=len(column.words)).all():
        column = column.part(slice(None))
    size = next(size for size in WIDTHS if len(column.words) <= 1 << 8 * size)
    return _encoded(column.words), column.codes.astype(WIDTHS[size]).tobytes()


def _encoded(texts: Iterable[str]) -> bytes:
    return BETWEEN_CELLS.join(texts).encode("utf-8", "replace")


def stored_blocks(packed: bytes) -> Iterator[Block]:
    """The stored lines, column by column. Raises Invalid."""
    return map(_read, _blocks(packed))


def unpack(packed: bytes) -> Iterator[StoredLine]:
    """The stored lines: (number, cells), or (number, reason) for a line whose cells were not kept. Raises Invalid."""
    for block in stored_blocks(packed):
        yield from block.lines()


def _blocks(packed: bytes) -> Iterator[list[bytes]]:
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as zipped:
        if zipped.read(len(FORMAT)) != FORMAT.encode():
            raise Invalid("This file was uploaded to an earlier version of Rounds. Upload it again.")
        while count := zipped.read(LENGTH.size):
            yield [zipped.read(*LENGTH.unpack(zipped.read(LENGTH.size))) for _ in range(*LENGTH.unpack(count))]


def _read(parts: list[bytes]) -> Block:
    numbers, problems, *columns = parts
    reasons = (problem.partition(" ") for problem in problems.decode().split(BETWEEN_CELLS) if problem)
    lines = np.frombuffer(numbers, dtype="<i8").tolist()
    return Block(
        lines,
        [_cells(words, codes, len(lines)) for words, codes in zip(columns[::2], columns[1::2], strict=True)],
        {int(place): reason for place, _, reason in reasons},
    )


def _cells(words: bytes, codes: bytes, lines: int) -> Cells:
    return Cells(words.decode().split(BETWEEN_CELLS), np.frombuffer(codes, dtype=WIDTHS[len(codes) // lines]))
