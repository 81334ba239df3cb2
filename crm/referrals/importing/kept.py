"""What is kept of a file that was looked through: its rows below the header, without the columns that were dropped.

A line whose cells cannot be told apart, or that holds a patient among its names, keeps only its number and the reason,
for a patient's name might stand in any of its cells.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat, zip_longest

from crm.referrals.importing.sheets import Piece
from crm.referrals.importing.strays import MARK
from crm.referrals.importing.survey import SheetSurvey, body

StoredLine = tuple[int, list[str] | str]


@dataclass
class Block:
    """Some lines: their numbers, their kept cells by column, and by their place why some have no cells."""

    numbers: list[int]
    columns: list[list[str]]
    problems: dict[int, str]

    def lines(self) -> Iterator[StoredLine]:
        """Line by line: the number and the cells, or the number and the reason."""
        rows = map(list, zip(*self.columns, strict=True)) if self.columns else repeat([])
        lines: Iterator[StoredLine] = zip(self.numbers, rows, strict=False)
        if not self.problems:
            return lines
        return ((line, self.problems.get(place, cells)) for place, (line, cells) in enumerate(lines))


def kept_lines(main: SheetSurvey) -> Iterator[StoredLine]:
    """All lines, read once more from the file. Nothing is held longer than the piece in hand."""
    for block in kept_blocks(main):
        yield from block.lines()


def kept_blocks(main: SheetSurvey) -> Iterator[Block]:
    """The same, some hundred lines at a time and column by column."""
    for piece in body(main):
        if piece.rows:
            yield _block(main, piece)


def _block(main: SheetSurvey, piece: Piece) -> Block:
    problems = _problems(main, piece)
    cells = list(zip_longest(*piece.rows, fillvalue=""))
    blank = [""] * len(piece.rows)
    columns = [
        main.sheet.cleaned(cells[column.index]) if column.index < len(cells) else list(blank) for column in main.kept
    ]
    _take_out_strays(main, columns, problems)
    for column in columns if problems else ():
        for place in problems:
            column[place] = ""
    return Block(piece.numbers, columns, problems)


def _problems(main: SheetSurvey, piece: Piece) -> dict[int, str]:
    """Why lines have no cells to be kept, by their place in the piece."""
    width, refused = len(main.columns), main.sheet.refused
    if not refused and set(map(len, piece.rows)) == {width}:
        return {}
    found = (
        refused.get(line) or _shape_problem(main, values, width)
        for line, values in zip(piece.numbers, piece.rows, strict=True)
    )
    return {place: problem for place, problem in enumerate(found) if problem}


def _shape_problem(main: SheetSurvey, values: list[str], width: int) -> str:
    if any(value.strip() for value in values[width:]):
        return "More cells than the header has columns"
    # A missing cell moves the others: then a refused column's value may stand in a kept one.
    if len(values) < width and main.dropped and not main.sheet.may_end_early:
        return "Fewer cells than the header has columns"
    return ""


def _take_out_strays(main: SheetSurvey, columns: list[list[str]], problems: dict[int, str]) -> None:
    """Lines with a patient among their names become problems; marks replace what a column should not hold."""
    for at, column in enumerate(main.kept):
        cells = columns[at]
        reasons, marks = column.strays.reasons(cells), column.strays.marks(cells)
        if reasons and not reasons.keys().isdisjoint(cells):
            for place, cell in enumerate(cells):
                if reason := reasons.get(cell):
                    problems.setdefault(place, f"{reason} in {column.header}")
        if marks and not set(cells).isdisjoint(marks):
            columns[at] = [MARK if cell in marks else cell for cell in cells]
