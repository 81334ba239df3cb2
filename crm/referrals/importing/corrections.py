"""What people say in place of cells of a waiting file that cannot go in: of some rows, or of all that read alike. Pure.

The kept rows stay as they came; corrections are made whenever they are read. So lines keep their numbers, the same
checks run on what is corrected, and each correction can be undone.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crm.directory.npi import clean_npi, is_npi
from crm.referrals.importing import values
from crm.referrals.importing.headers import DATES, MONEY, Target
from crm.referrals.importing.kept import Block
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.rows import NAME_LENGTH
from crm.referrals.importing.strays import CONTENTS, LONG_NUMBER, Contents, sign_of_patient
from crm.referrals.importing.values import Unreadable

MOST = 200  # corrections of a file
MOST_LINES = 10_000  # that they name one by one
# A row can do without these.
OPTIONAL = DATES - {Target.RECEIVED_ON} | MONEY | {Target.STATUS}

READERS: dict[Target, Callable[[str], object]] = {
    **dict.fromkeys(MONEY, values.parse_cents),
    Target.MONTH: values.parse_month,
    Target.COUNT: values.parse_count,
    Target.STATUS: values.parse_status,
}


@dataclass(frozen=True)
class Correction:
    """New texts of cells, by the places of their columns: for the rows of some lines (ascending), or, where `was` is
    said, for each row whose cell there reads so."""

    now: dict[int, str]
    lines: tuple[int, ...] = ()
    was: str | None = None
    rows: int = 1  # for how many it was made
    lasts: bool = False  # what a word means, for later files too

    @property
    def key(self) -> str:
        """By what it is named on a page; two that say the same are one."""
        return hashlib.sha256(repr(self).encode("utf-8", "replace")).hexdigest()[:12]

    def as_json(self) -> dict[str, Any]:
        """As it is stored beside the rows."""
        now = {str(place): text for place, text in self.now.items()}
        return {"now": now, "lines": list(self.lines), "was": self.was, "rows": self.rows, "lasts": self.lasts}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Correction":
        """The correction that was stored."""
        now = {int(place): text for place, text in stored["now"].items()}
        return cls(now, tuple(stored["lines"]), stored["was"], stored["rows"], lasts=stored.get("lasts", False))


def lasting(corrections: Iterable[Correction]) -> dict[int, dict[str, str]]:
    """The meanings of words that are kept for later files, by the places of their columns; the last one counts."""
    found: dict[int, dict[str, str]] = {}
    for correction in corrections:
        if correction.lasts and correction.was is not None:
            for place, means in correction.now.items():
                found.setdefault(place, {})[correction.was] = means
    return found


def corrected(blocks: Iterable[Block], corrections: Sequence[Correction]) -> Iterator[Block]:
    """The kept lines with all corrections, the earlier ones first. Lines without cells stay as they are."""
    for block in blocks:
        for correction in corrections:
            places = _places(block, correction)
            for at, text in correction.now.items() if places else ():
                block.columns[at] = block.columns[at].with_text(places, text)
        yield block


def _places(block: Block, correction: Correction) -> list[int]:
    if correction.was is None:
        return _of_lines(block, correction.lines)
    column = block.columns[next(iter(correction.now))]
    return [place for place in np.flatnonzero(column.are({correction.was})).tolist() if place not in block.problems]


def _of_lines(block: Block, lines: tuple[int, ...]) -> list[int]:
    if not block.numbers:
        return []
    some = lines[bisect_left(lines, block.numbers[0]) : bisect_right(lines, block.numbers[-1])]
    places = {line: place for place, line in enumerate(block.numbers)} if some else {}
    return [places[line] for line in some if line in places and places[line] not in block.problems]


def cells_of(blocks: Iterable[Block], lines: Iterable[int]) -> dict[int, list[str]]:
    """The cells of some lines, as far as they were kept. Little is read behind the last of them."""
    wanted = tuple(sorted(lines))
    found: dict[int, list[str]] = {}
    for block in blocks:
        if not wanted or (block.numbers and block.numbers[0] > wanted[-1]):
            break
        for place in _of_lines(block, wanted):
            found[block.numbers[place]] = [column[place] for column in block.columns]
    return found


def fault_of_text(text: str, column: MappedColumn) -> str:
    """Why a text cannot be read in a column, whatever else its row says; or ''."""
    parse, text = _reader(column), column.reads(text)
    if parse is None or not text:
        return ""
    try:
        parse(text)
    except Unreadable as problem:
        return str(problem)
    return ""


def _reader(column: MappedColumn) -> Callable[[str], object] | None:
    if column.target in DATES:
        return values.parse_day_first if column.day_first else values.parse_date
    return READERS.get(column.target)


def fault_of_typed(text: str, column: MappedColumn) -> str:
    """Why somebody's text may not stand in a column, or '': the rules for files hold for it, too."""
    if len(text) > NAME_LENGTH:
        return f"At most {NAME_LENGTH} characters."
    contents = CONTENTS[column.target]
    if text and contents is Contents.NPIS and not is_npi(clean_npi(text)):
        return "Not an NPI. Its ten digits end with a check digit."
    if contents is Contents.NAMES and text.isdigit() and len(text) >= LONG_NUMBER:
        return "A number among names."
    if contents in (Contents.NAMES, Contents.CODES) and (sign := sign_of_patient(text, contents) if text else ""):
        return f"{sign} has no place here. Rounds keeps no patient identity."
    return f"{said}." if (said := fault_of_text(text, column)) else ""
