"""Looks through every sheet of a file once: where its header is, what one row stands for, what columns hold."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from crm.core.errors import Invalid
from crm.referrals.importing import identity
from crm.referrals.importing.headers import Target, header_key, known_target
from crm.referrals.importing.identity import Ruling, Verdict
from crm.referrals.importing.sheets import Line, Sheet, column_letter
from crm.referrals.importing.signs import MOST, ValueSigns
from crm.referrals.models import Grain

HEADER_LINES = 10
PIECE = 5_000
MAX_HEADER = 60
NULL = "NULL"
NATIONAL = 3  # so many "Provider ..." columns have only the national files of providers
VALUE_LIKE = re.compile(r"^[-+$(]?\d[\d,./ :()$%-]*$|@|^(?:NULL|N/A)$")


@dataclass
class Column:
    """One column of a sheet. `header` is safe to show: a header that could be a value is replaced by the letter."""

    index: int
    header: str
    key: str
    signs: ValueSigns = field(default_factory=ValueSigns)
    verdict: Verdict = identity.HARMLESS

    @property
    def letter(self) -> str:
        """Its letter in a spreadsheet."""
        return column_letter(self.index)


@dataclass
class SheetSurvey:
    """What one sheet turned out to be."""

    sheet: Sheet
    columns: list[Column]
    header_line: int  # 0: the sheet has no header
    rows: int = 0

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


def survey(sheets: list[Sheet]) -> Survey:
    """Look through a file. Raises Invalid when it holds no rows, or a directory instead of referrals."""
    looked = [look_through(sheet) for sheet in sheets]
    with_rows = [found for found in looked if found.rows]
    if not with_rows:
        raise Invalid(
            "The file has a header but no rows." if looked and looked[0].header_line else "The file has no rows."
        )
    main = max(with_rows, key=lambda s: (s.known_columns > 1, not s.sheet.is_hidden, s.known_columns, s.rows))
    grain = decide_grain(main.columns)
    for found in looked:
        for column in found.columns:
            # On the other sheets nothing is imported; the strict rules tell what else the file holds.
            column.verdict = _judge(found, column, grain if found is main else Grain.EVENT)
    return Survey(main, grain, [found for found in looked if found is not main])


def _judge(found: SheetSurvey, column: Column, grain: Grain) -> Verdict:
    verdict = identity.judge(column.key, column.signs, grain)
    is_nameless = bool(found.header_line) and not column.key and grain is Grain.EVENT
    if is_nameless and verdict.ruling is Ruling.KEEP:
        return Verdict(Ruling.LEAVE_OUT, "No name", column.signs.filled)
    return verdict


def look_through(sheet: Sheet) -> SheetSurvey:
    """Find the header of a sheet and count the signs in all of its values."""
    lines = sheet.lines()
    first = list(islice(lines, HEADER_LINES))
    place = find_header([values for _, values in first])
    header_line = first[place][0] if place is not None else 0
    names = first[place][1] if place is not None else []
    body = first[place + 1 :] if place is not None else first
    width = len(names) or max((len(values) for _, values in body), default=0)
    found = SheetSurvey(sheet, _columns(names, width), header_line)
    for piece in _pieces(body, lines):
        found.rows += len(piece)
        for column in found.columns:
            column.signs.add(
                [clean_cell(values[column.index], sheet) for _, values in piece if column.index < len(values)]
            )
    return found


def clean_cell(text: str, sheet: Sheet) -> str:
    """A cell without blanks around it; a database's NULL is empty, and so is the quote that guards a formula."""
    plain = text.strip()
    if plain == NULL and sheet.null_is_empty:
        return ""
    return plain[1:] if plain[:1] == "'" and plain[1:2] in "=+-@" and len(plain) > 1 else plain


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


def _pieces(first: list[Line], rest: Iterator[Line]) -> Iterator[list[Line]]:
    piece = first
    while piece:
        yield piece
        piece = list(islice(rest, PIECE))


def decide_grain(columns: list[Column]) -> Grain:
    """What one row stands for, from the names of all columns. Raises Invalid for a list of practices or providers."""
    targets = {found[0] for column in columns if column.key and (found := known_target(column.key)) and found[2]}
    targets |= {
        found[0]
        for column in columns
        if column.key and (found := known_target(column.key)) and found[0] is Target.COUNT
    }
    has_patient = any(_is_about_one_patient(column) for column in columns)
    of_events = {Target.RECEIVED_ON, Target.REFERRAL_ID, Target.APPOINTMENT_ON, Target.SEEN_ON, Target.REPORT_SENT_ON}
    if Target.COUNT in targets and not has_patient and not targets & (of_events - {Target.RECEIVED_ON}):
        return Grain.MONTH
    if (
        Target.MONTH in targets
        and not has_patient
        and not targets & of_events
        and targets & {Target.BILLED, Target.PAID, Target.NET}
    ):
        return Grain.MONTH
    has_date = bool(targets & (of_events | {Target.MONTH})) or any(c.signs.share(c.signs.dates) > MOST for c in columns)
    is_directory = (
        targets & {Target.SOURCE_NPI, Target.SOURCE_NAME}
        and not has_patient
        and not targets & {Target.STATUS, Target.COUNT}
    )
    if is_directory and (not has_date or _is_national_file(columns)):
        raise Invalid("This looks like a list of practices or providers, not of referrals. Import it under Directory.")
    return Grain.EVENT


def _is_about_one_patient(column: Column) -> bool:
    return bool(identity.rule_by_name(column.key, Grain.MONTH)) if column.key else False


def _is_national_file(columns: list[Column]) -> bool:
    keys = {column.key for column in columns}
    of_providers = sum(1 for key in keys if key.startswith("provider"))
    return of_providers > NATIONAL or bool(
        keys & {"entitytypecode", "providerenumerationdate", "indpacid", "orgpacid", "npideactivationdate"}
    )
