"""Looks through every sheet of a file once: where its header is, what one row stands for, what columns hold."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress, islice

import numpy as np

from crm.core.beside import beside
from crm.core.errors import Invalid
from crm.referrals.importing import identity
from crm.referrals.importing.cells import Cells
from crm.referrals.importing.grain import decide_grain, may_be_single
from crm.referrals.importing.headers import header_key, known_target
from crm.referrals.importing.identity import Ruling, Verdict
from crm.referrals.importing.segments import Held, PackedSegment, Segment, below, in_segments
from crm.referrals.importing.sheets import Piece, Sheet, column_letter
from crm.referrals.importing.signs import MOST, ValueSigns
from crm.referrals.importing.strays import Contents, Strays
from crm.referrals.models import Grain

HEADER_LINES = 10
MAX_HEADER = 60
MOST_HELD = 64_000_000  # bytes: a million rows of ten columns
VALUE_LIKE = re.compile(r"^[-+$(]?\d[\d,./ :()$%-]*$|@|^(?:NULL|N/A)$")


@dataclass
class Column:
    """One column of a sheet. `header` is safe to show: a header that could be a value is replaced by the letter."""

    index: int
    header: str
    key: str
    signs: ValueSigns = field(default_factory=ValueSigns)
    verdict: Verdict = identity.HARMLESS
    strays: Strays = field(init=False)

    def __post_init__(self) -> None:
        """What its cells should hold follows from its name."""
        self.strays = Strays(identity.contents_of(self.key))

    @property
    def letter(self) -> str:
        """Its letter in a spreadsheet."""
        return column_letter(self.index)

    def look(self, cells: Cells) -> None:
        """Look at more cells: at each different one once, for most columns repeat few values."""
        times = list(compress(np.bincount(cells.codes, minlength=len(cells.words)).tolist(), cells.words))
        values = list(filter(None, cells.words))
        self.signs.add(values, times)
        self.strays.add(values, times)


@dataclass
class SheetSurvey:
    """What one sheet turned out to be."""

    sheet: Sheet
    columns: list[Column]
    header_line: int  # 0: the sheet has no header
    rows: int = 0
    held: Held = field(default_factory=lambda: Held(MOST_HELD), repr=False)

    def segments(self) -> Iterator[Segment]:
        """The rows below the header: those in memory, else read from the file again."""
        return self.held.segments() or rows_below(self)

    @property
    def known_columns(self) -> int:
        """How many column names are known."""
        return sum(1 for column in self.columns if column.key and known_target(column.key))

    @property
    def dropped(self) -> list[Column]:
        """The columns of which nothing is kept."""
        return [column for column in self.columns if column.verdict.ruling is not Ruling.KEEP]

    @property
    def kept(self) -> list[Column]:
        """The columns that may be looked at and mapped."""
        return [column for column in self.columns if column.verdict.ruling is Ruling.KEEP]


@dataclass
class Survey:
    """A whole file: the sheet that is imported, what its rows stand for, and the patient columns of all sheets."""

    main: SheetSurvey
    grain: Grain
    others: list[SheetSurvey]


def survey(sheets: list[Sheet], trusted: frozenset[str] = frozenset()) -> Survey:
    """Look through a file. `trusted` are names of columns, as `header_key` writes them, of which somebody said before
    what they hold. Raises Invalid when it holds no rows, or a directory instead of referrals."""
    looked = [look_through(sheet) for sheet in sheets]
    with_rows = [found for found in looked if found.rows]
    if not with_rows:
        raise Invalid(
            "The file has a header but no rows." if looked and looked[0].header_line else "The file has no rows."
        )
    main = max(with_rows, key=lambda s: (s.known_columns > 1, not s.sheet.is_hidden, s.known_columns, s.rows))
    grain = decide_grain(main.columns)
    for found in looked:
        # On the other sheets nothing is imported; the strict rules tell what else the file holds.
        strict = grain if found is main and not may_be_single(main.columns) else Grain.EVENT
        rule_on(found, strict, trusted)
    others = [found for found in looked if found is not main]
    for other in others:
        other.held.forget()
    main.held.forget_columns(column.index for column in main.dropped)
    return Survey(main, grain, others)


def rule_on(found: SheetSurvey, grain: Grain, trusted: frozenset[str]) -> None:
    """Rule on all columns of a sheet."""
    days = [c.signs for c in found.columns if c.signs.share(c.signs.dates) > MOST]
    for column in found.columns:
        column.strays.close(column.signs, is_single=grain is Grain.EVENT)
        verdict = identity.judge(column.key, column.signs, column.strays, grain, is_trusted=column.key in trusted)
        if verdict.ruling is Ruling.KEEP and grain is Grain.EVENT:
            verdict = _rule_beside_others(found, column, days)
        column.verdict = verdict


def _rule_beside_others(found: SheetSurvey, column: Column, days: list[ValueSigns]) -> Verdict:
    """What only the other columns tell: a column without a name among named ones, or with far older days than they."""
    is_open = column.strays.contents is Contents.OPEN
    if is_open and column.signs in days and identity.is_older(column.signs, days):
        return Verdict(Ruling.REFUSE, "Dates long before the others", column.signs.dates)
    if found.header_line and not column.key:
        return Verdict(Ruling.LEAVE_OUT, "No name", column.signs.filled)
    return column.verdict


def look_through(sheet: Sheet) -> SheetSurvey:
    """Find the header of a sheet and count the signs in all of its values."""
    first = list(islice(sheet.lines(), HEADER_LINES))
    place = find_header([values for _, values in first]) if sheet.has_header else None
    header_line = first[place][0] if place is not None else 0
    names = first[place][1] if place is not None else []
    width = len(names) or max((len(values) for _, values in first), default=0)
    found = SheetSurvey(sheet, _columns(names, width), header_line)
    for packed in _packed_segments(found):
        found.held.add(packed)
        segment = packed.segment()
        found.rows += len(segment.numbers)
        for column, cells in zip(found.columns, segment.columns, strict=True):
            column.look(cells)
    return found


def _packed_segments(found: SheetSurvey) -> Iterator[PackedSegment]:
    """A large file is read by a process beside this one, while this one looks for patients."""

    def read() -> Iterator[PackedSegment]:
        return map(PackedSegment.of, rows_below(found))

    return beside(read) if found.sheet.is_large else read()


def rows_below(found: SheetSurvey) -> Iterator[Segment]:
    """The rows of a sheet below its header."""
    if found.sheet.segments:
        return below(found.sheet, found.sheet.segments(), found.header_line)
    return in_segments(found.sheet, _body(found), len(found.columns))


def _body(found: SheetSurvey) -> Iterator[Piece]:
    return (piece.below(found.header_line) for piece in found.sheet.pieces())


def find_header(lines: list[list[str]]) -> int | None:
    """Which of the first lines names the columns: that with most known names, else one above values unlike it."""
    best, most = None, 0
    for place, values in enumerate(lines):
        below = lines[place + 1 :]
        known = sum(1 for at, value in enumerate(values) if _is_known_name(value) and not _recurs(value, at, below))
        if sum(1 for value in values if VALUE_LIKE.search(value.strip())) * 5 > len(values):
            continue  # names of columns are words
        if known > most and (known > 1 or len([v for v in values if v.strip()]) < 3):  # noqa: PLR2004 a title line names one thing
            best, most = place, known
    if best is not None:
        return best
    return 0 if lines and _is_unlike_the_rest(lines) else None


def _is_known_name(value: str) -> bool:
    key = header_key(value)
    return len(value) <= MAX_HEADER and bool(key) and bool(known_target(key) or identity.rule_by_name(key, Grain.EVENT))


def _recurs(value: str, at: int, below: list[list[str]]) -> bool:
    """Whether a cell stands in its column again: then it is a value, however much it reads like a name."""
    return any(at < len(row) and row[at] == value for row in below)


def _is_unlike_the_rest(lines: list[list[str]]) -> bool:
    names = [value.strip() for value in lines[0]]
    if len(lines) < 2 or any(VALUE_LIKE.search(name) for name in names) or len(set(names)) < len(names):  # noqa: PLR2004 header and a row
        return False
    return any(
        all(VALUE_LIKE.search(row[place].strip()) for row in lines[1:] if place < len(row) and row[place].strip())
        and any(place < len(row) and row[place].strip() for row in lines[1:])
        for place in range(len(names))
    )


def _columns(names: list[str], width: int) -> list[Column]:
    columns = []
    for index in range(width):
        name = " ".join(names[index].split()) if index < len(names) else ""
        is_safe = bool(name) and len(name) <= MAX_HEADER and not VALUE_LIKE.search(name) and not _holds_value(name)
        key = header_key(name) if is_safe else ""
        columns.append(Column(index, name if is_safe else f"Column {column_letter(index)}", key))
    return columns


def _holds_value(name: str) -> bool:
    signs = ValueSigns()
    signs.add([name])
    return bool(signs.ssn or signs.mbi or signs.email or signs.phrases)
