"""The kept lines of a file, as they wait for their import: packed text without the columns that were dropped.

After the mark of the format come blocks of lines. A block is written column by column, for so it packs small and is
read quickly: the numbers of its lines, then the reasons why some have no cells, then the kept columns.
"""

import gzip
import io
from collections.abc import Iterable, Iterator

from crm.core.errors import Invalid
from crm.referrals.importing.cells import Cells
from crm.referrals.importing.kept import Block, StoredLine, kept_blocks
from crm.referrals.importing.sheets import BETWEEN_BLOCKS, BETWEEN_CELLS, BETWEEN_COLUMNS
from crm.referrals.importing.survey import SheetSurvey

FORMAT = f"2{BETWEEN_BLOCKS}"
LEVEL = 1
PIECE_BYTES = 1 << 18


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
            zipped.write((_written(block) + BETWEEN_BLOCKS).encode("utf-8", "replace"))
    if not count:
        raise Invalid("The file has no rows.")
    return packed.getvalue(), count


def _written(block: Block) -> str:
    problems = BETWEEN_CELLS.join(f"{place} {problem}" for place, problem in block.problems.items())
    columns = [list(map(str, block.numbers)), [problems], *(column.texts() for column in block.columns)]
    return BETWEEN_COLUMNS.join(map(BETWEEN_CELLS.join, columns))


def stored_blocks(packed: bytes) -> Iterator[Block]:
    """The stored lines, column by column. Raises Invalid."""
    return map(_read, _blocks(packed))


def unpack(packed: bytes) -> Iterator[StoredLine]:
    """The stored lines: (number, cells), or (number, reason) for a line whose cells were not kept. Raises Invalid."""
    for block in stored_blocks(packed):
        yield from block.lines()


def _blocks(packed: bytes) -> Iterator[str]:
    rest = b""
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as zipped:
        if zipped.read(len(FORMAT)) != FORMAT.encode():
            raise Invalid("This file was uploaded to an earlier version of Rounds. Upload it again.")
        while piece := zipped.read(PIECE_BYTES):
            *whole, rest = (rest + piece).split(BETWEEN_BLOCKS.encode())
            yield from map(bytes.decode, whole)


def _read(block: str) -> Block:
    numbers, problems, *columns = block.split(BETWEEN_COLUMNS)
    reasons = (problem.partition(" ") for problem in problems.split(BETWEEN_CELLS) if problem)
    return Block(
        list(map(int, numbers.split(BETWEEN_CELLS))),
        [Cells.of(column.split(BETWEEN_CELLS)) for column in columns],
        {int(place): reason for place, _, reason in reasons},
    )
