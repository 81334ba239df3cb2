"""What is kept of a file that was looked through: its rows below the header, without the columns that were dropped.

A line whose cells cannot be told apart, or that holds a patient among its names, keeps only its number and the reason,
for a patient's name might stand in any of its cells.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from crm.referrals.importing.cells import Cells
from crm.referrals.importing.segments import TOO_SHORT, Segment
from crm.referrals.importing.strays import MARK
from crm.referrals.importing.survey import SheetSurvey

StoredLine = tuple[int, list[str] | str]


@dataclass
class Block:
    """Some lines: their numbers, their kept cells by column, and by their place why some have no cells."""

    numbers: list[int]
    columns: list[Cells]
    problems: dict[int, str]

    def lines(self) -> Iterator[StoredLine]:
        """Line by line: the number and the cells, or the number and the reason."""
        texts = [column.texts() for column in self.columns]
        rows = map(list, zip(*texts, strict=True)) if texts else repeat([])
        lines: Iterator[StoredLine] = zip(self.numbers, rows, strict=False)
        if not self.problems:
            return lines
        return ((line, self.problems.get(place, cells)) for place, (line, cells) in enumerate(lines))


def kept_lines(main: SheetSurvey) -> Iterator[StoredLine]:
    """All lines that were looked through."""
    for block in kept_blocks(main):
        yield from block.lines()


def kept_blocks(main: SheetSurvey) -> Iterator[Block]:
    """The same, some thousand lines at a time and column by column."""
    for segment in main.segments():
        yield _block(main, segment)


def _block(main: SheetSurvey, segment: Segment) -> Block:
    numbers = segment.numbers.tolist()
    problems = _problems(main, segment.odd, numbers)
    columns = [segment.columns[column.index] for column in main.kept]
    _take_out_strays(main, columns, problems)
    if problems:
        columns = [column.with_text(list(problems), "") for column in columns]
    return Block(numbers, columns, problems)


def _problems(main: SheetSurvey, odd: dict[int, str], numbers: list[int]) -> dict[int, str]:
    """Why lines have no cells to be kept, by their place in the block."""
    refused = main.sheet.refused
    found = {place: refused[line] for place, line in enumerate(numbers) if line in refused} if refused else {}
    # A missing cell moves the others: then a refused column's value may stand in a kept one.
    may_be_short = not main.dropped or main.sheet.may_end_early
    return {place: said for place, said in odd.items() if said != TOO_SHORT or not may_be_short} | found


def _take_out_strays(main: SheetSurvey, columns: list[Cells], problems: dict[int, str]) -> None:
    """Lines with a patient among their names become problems; marks replace what a column should not hold."""
    for at, column in enumerate(main.kept):
        cells = columns[at]
        reasons, marks = column.strays.reasons(cells.words), column.strays.marks(cells.words)
        if reasons and not reasons.keys().isdisjoint(cells.words):
            for place in np.flatnonzero(cells.are(reasons)).tolist():
                problems.setdefault(place, f"{reasons[cells[place]]} in {column.header}")
        if marks and not set(cells.words).isdisjoint(marks):
            columns[at] = cells.with_words([MARK if word in marks else word for word in cells.words])
