"""The hostile half of the corpus: files of referrals with patients in them, in every place where one can hide.

Each file knows its canaries: values that may be nowhere after it was taken in. It also knows the names of the columns that
must be gone, for what they hold is too short to be searched for. Everything comes from one seed.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import openpyxl
import xlsxwriter
from openpyxl.comments import Comment

from tests.referrals.corpus import words
from tests.referrals.corpus.formats import FORMATS, text
from tests.referrals.corpus.identifiers import BY_VALUE, KINDS, Kind
from tests.referrals.corpus.tables import COUNT_HEADER, EVENT_HEADER, counts, event, events, replaced, with_column

SEED = 20_260_301
ROWS = 24
LONG = 20_000
MIN_CANARY = 7
# How names of columns are disguised, by accident or by the system that writes them.
DISGUISES: tuple[Callable[[str], str], ...] = (
    str, str.upper, str.lower, lambda name: name.replace(" ", "_"), lambda name: name.replace(" ", ""),
    lambda name: f" {name} ", lambda name: f"{name}:", lambda name: name.replace(" ", "\u00a0"),
    lambda name: name[:1] + "\u200b" + name[1:], lambda name: name.replace(" ", "."), lambda name: f"*{name}",
    lambda name: name.replace(" ", "\n"), lambda name: name.replace(" ", " - "), lambda name: f"[{name}]",
    lambda name: "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalpha() else c for c in name),
)  # fmt: skip
# Columns that are imported, by name and place: in each of them a patient may hide.
TRICK_PLACES = {"Referral ID": 0, "Referring Provider NPI": 2, "Referring Practice": 3, "Appt Date": 6, "Payments": 8}
KNOWN_PLACES = {"Referring Practice": 3, "Department": 4, "Status": 5, "Primary Insurance": 7}


@dataclass(frozen=True)
class Hostile:
    """One file with patients in it."""

    label: str
    name: str
    data: bytes
    canaries: tuple[str, ...]
    gone: tuple[str, ...] = ()


def hostile_files() -> Iterator[Hostile]:
    """All of them, in an order that never changes."""
    chance = Random(SEED)
    yield from _spelled(chance)
    for place in PLACES:
        yield from place(chance)


def _values(kind: Kind, chance: Random, count: int = ROWS) -> list[str]:
    return [kind.value(chance) for _ in range(count)]


def _canaries(values: Sequence[str]) -> tuple[str, ...]:
    """What can be searched for: codes of diagnoses and short numbers stand in other texts too."""
    return tuple(dict.fromkeys(value for value in values if len(value) >= MIN_CANARY))


def _base(count: int = ROWS) -> list[list[str]]:
    return [list(EVENT_HEADER), *events(count)]


def _spelled(chance: Random) -> Iterator[Hostile]:
    """Every kind under every name, in turn first, in the middle and last, disguised, in every format."""
    number = 0
    for kind in KINDS:
        for header in kind.headers:
            number += 1
            disguise, (ending, write) = (
                DISGUISES[number % len(DISGUISES)],
                list(FORMATS.values())[number % len(FORMATS)],
            )
            if write is FORMATS["cp1252"][1] and not disguise(header).isascii():
                disguise = str
            values = _values(kind, chance)
            shown = disguise(header)
            table = with_column(_base(), shown, values, (0, 4, len(EVENT_HEADER))[number % 3])
            yield Hostile(
                f"{kind.number} {kind.name}: {header}", f"spelled{ending}", write(table), _canaries(values), (shown,)
            )


def _few_rows(chance: Random) -> Iterator[Hostile]:
    """Three rows: too few to count anything."""
    for kind in KINDS:
        for header in (kind.headers[0], kind.headers[-1]):
            values = _values(kind, chance, 3)
            table = with_column(_base(3), header, values, 5)
            yield Hostile(f"three rows, {header}", "few.csv", text(table), _canaries(values), (header,))


def _under_known_names(chance: Random) -> Iterator[Hostile]:
    """One row of a column that is imported holds something of a patient."""
    for kind in BY_VALUE:
        for column, place in KNOWN_PLACES.items():
            value = kind.value(chance)
            table = replaced(_base(), chance.randint(1, ROWS), place, value)
            yield Hostile(f"{kind.name} in one row of {column}", "one.csv", text(table), (value,))


def _columns_of_known_names(chance: Random) -> Iterator[Hostile]:
    """A column that is imported holds only things of patients."""
    for kind in BY_VALUE:
        values = _values(kind, chance)
        table = [[*row[:3], value, *row[4:]] for row, value in zip(_base(), ["Source practice", *values], strict=True)]
        yield Hostile(f"{kind.name} under Source practice", "all.csv", text(table), _canaries(values))


def _sentences(chance: Random) -> Iterator[Hostile]:
    """Free text with a patient in it, in a column that is imported."""
    for column, place in KNOWN_PLACES.items():
        for make in (
            lambda: f"Olentangy (pt {words.surname(chance)}, DOB {words.birth_date(chance)})",
            lambda: f"Patient {words.surname(chance)} - see chart #{words.digits(chance, 7)}",
            lambda: f"call {words.phone(chance)} for {words.surname(chance)}",
            lambda: f"MRN: {words.digits(chance, 8)} {words.surname(chance)}",
            lambda: f"seen as Mrs. {words.surname(chance)}, {words.email(chance)}",
            lambda: f"ssn {words.ssn(chance).replace('-', '')} {words.surname(chance)}",
        ):
            value = make()
            table = replaced(_base(), chance.randint(1, ROWS), place, value)
            yield Hostile(f"sentence in {column}", "sentence.csv", text(table), _parts(value))


def _parts(value: str) -> tuple[str, ...]:
    """The words of a text that only a patient can have brought."""
    return tuple(
        part.strip("(),;#")
        for part in value.split()
        if len(part.strip("(),;#")) >= MIN_CANARY and part not in ("Olentangy", "Patient")
    )


def _in_the_last_row(chance: Random) -> Iterator[Hostile]:
    """20,000 clean rows and one that is not, at the end; under a name that says nothing and one that is imported."""
    long = [list(EVENT_HEADER), *events(LONG)]
    for kind in BY_VALUE[::3]:
        value = kind.value(chance)
        yield Hostile(f"{kind.name} in the last row", "long.csv", text(replaced(long, LONG, 3, value)), (value,))
    name = words.full_name(chance)
    table = with_column(long, "Field 8", ["x"] * (LONG - 1) + [name], 9)
    yield Hostile("a name in the last row of an unknown column", "long.csv", text(table), (name,))


TRICKS: dict[str, Callable[[str], str]] = {
    "full-width digits": lambda value: "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in value),
    "typographic dash": lambda value: value.replace("-", "\u2013"),
    "line-break hyphen": lambda value: value.replace("-", "\u2011"),
    "minus": lambda value: value.replace("-", "\u2212"),
    "blank instead of dash": lambda value: value.replace("-", " "),
    "line-break space": lambda value: value.replace("-", "\u00a0"),
    "zero-width space": lambda value: value[:2] + "\u200b" + value[2:],
    "soft hyphen": lambda value: value[:5] + "\u00ad" + value[5:],
    "leading apostrophe": lambda value: f"'{value}",
    "line in a quoted value": lambda value: f"ok\n{value}",
    "blanks around": lambda value: f"\u00a0\u2003{value}\u00a0",
    "tab inside": lambda value: value.replace("-", "-\t", 1),
    "right-to-left mark": lambda value: f"\u200f{value}\u202c",
    "arabic digits": lambda value: "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in value),
    "mathematical digits": lambda value: "".join(chr(0x1D7CE + int(c)) if c.isdigit() else c for c in value),
}  # fmt: skip


def _tricks(chance: Random) -> Iterator[Hostile]:
    """Numbers whose signs are other ones than they seem."""
    for trick, change in TRICKS.items():
        for make in (words.ssn, words.mbi):
            plain = make(chance)
            value = change(plain)
            for column, place in (*TRICK_PLACES.items(), ("Field 1", 9)):
                base = with_column(_base(), "Field 1", ["ok"] * ROWS, 9)
                table = replaced(base, chance.randint(1, ROWS), place, value)
                yield Hostile(f"{make.__name__} with {trick} in {column}", "trick.csv", text(table), (plain, value))


def _no_header(chance: Random) -> Iterator[Hostile]:
    """Rows from the first line on."""
    for kind in KINDS:
        for count in (3, ROWS):
            values = _values(kind, chance, count)
            table = with_column(_base(count), "", values, chance.choice((0, 4, 9)))[1:]
            yield Hostile(f"no header, {kind.name}, {count} rows", "bare.csv", text(table), _canaries(values))


def _header_below(chance: Random) -> Iterator[Hostile]:
    """Titles and blank lines above the names of the columns, with a patient in the title."""
    for above in range(2, 9):
        kind = KINDS[above]
        values = _values(kind, chance)
        table = with_column(_base(), kind.headers[0], values, 2)
        who = words.full_name(chance)
        title = [[f"Referrals of {who}", *[""] * 9]] + [["Printed", "03/01/2026", *[""] * 8] for _ in range(above - 1)]
        yield Hostile(
            f"header on row {above + 1}",
            "titled.csv",
            text([*title, *table]),
            (*_canaries(values), who),
            (kind.headers[0],),
        )


def _two_tables(chance: Random) -> Iterator[Hostile]:
    """Another table below the first, or beside it."""
    for header in (("Patient Name", "DOB", "MRN"), ("Name", "Birthdate", "Chart #"), ("", "", "")):
        people = [[words.full_name(chance), words.birth_date(chance), words.digits(chance, 8)] for _ in range(6)]
        found = _canaries([value for person in people for value in person])
        below = [[*row, *[""] * 6] for row in (header, *people)]
        beside = [[*row, "", *extra] for row, extra in zip(_base(6), [["", "", ""], *people], strict=True)]
        yield Hostile("a second table below", "below.csv", text([*_base(), *below]), found)
        yield Hostile("a short second table below", "below.csv", text([*_base(), header, *people]), found)
        yield Hostile("a second table beside, its header lower", "beside.csv", text(beside), found)


def _sheets(chance: Random) -> Iterator[Hostile]:
    """Workbooks: other sheets, hidden ones, hidden columns, merged headers, comments, names of sheets."""
    for kind in KINDS:
        values = _values(kind, chance, 12)
        other = [[kind.headers[0], "Note"], *([value, "x"] for value in values)]
        for is_hidden in (False, True):
            data = _book({"Referrals": _base(), "Data": other}, hidden=("Data",) if is_hidden else ())
            yield Hostile(
                f"{kind.name} on {'a hidden' if is_hidden else 'another'} sheet", "sheets.xlsx", data, _canaries(values)
            )
    for kind in KINDS[::2]:
        values = _values(kind, chance)
        table = with_column(_base(), kind.headers[0], values, 4)
        yield Hostile(
            f"{kind.name} in a hidden column",
            "hidden.xlsx",
            _book({"A": table}, hidden_column=4),
            _canaries(values),
            (kind.headers[0],),
        )
    for kind in KINDS[1::3]:
        values = _values(kind, chance)
        table = with_column(_base(), kind.headers[0], values, 4)
        yield Hostile(
            f"{kind.name} below merged cells", "merged.xlsx", _merged(table), _canaries(values), (kind.headers[0],)
        )
    for make in (words.full_name, words.ssn, words.birth_date, words.mbi, words.note):
        value = make(chance)
        yield Hostile(f"{make.__name__} in a comment", "comments.xlsx", _commented(f"DOB {value}"), (value,))
        title = value.replace("/", "-")[:31]
        yield Hostile(f"{make.__name__} as name of a sheet", "titled.xlsx", _book({title: _base()}), (title,))
        yield Hostile(
            f"{make.__name__} in the properties", "properties.xlsx", _book({"A": _base()}, author=value), (value,)
        )


def _book(
    sheets: dict[str, list[list[str]]],
    *,
    hidden: Sequence[str] = (),
    hidden_column: int | None = None,
    author: str = "",
) -> bytes:
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        book.set_properties({"author": author, "title": author})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            if hidden_column is not None:
                sheet.set_column(hidden_column, hidden_column, None, None, {"hidden": True})
            if name in hidden:
                sheet.very_hidden()
    return packed.getvalue()


def _merged(table: list[list[str]]) -> bytes:
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        sheet = book.add_worksheet("A")
        sheet.merge_range(0, 0, 0, 3, "Referral")
        sheet.merge_range(0, 4, 0, len(table[0]) - 1, "Person and visit")
        for number, row in enumerate(table, 1):
            sheet.write_row(number, 0, row)
    return packed.getvalue()


def _commented(note: str) -> bytes:
    book = openpyxl.Workbook()
    for row in _base():
        book.active.append(row)
    book.active["D5"].comment = Comment(note, "Front desk")
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _file_names(chance: Random) -> Iterator[Hostile]:
    """The file itself is named after a patient."""
    for make, pattern in (
        (words.ssn, "referrals {}.csv"), (words.mbi, "{} referrals.csv"), (words.birth_date, "referral DOB {}.csv"),
        (lambda c: words.digits(c, 8), "MRN {}.csv"), (words.surname, "patient {}.csv"), (words.email, "{}.csv"),
        (lambda c: words.digits(c, 9), "export_{}.csv"), (words.phone, "{}.csv"), (words.surname, "PT_{}_chart.csv"),
        (words.full_name, "{}.csv"), (words.birth_date, "{}.csv"),
    ):  # fmt: skip
        value = make(chance).replace("/", "-")
        yield Hostile(f"file named {pattern}", pattern.format(value), text(_base()), (value,))


def _counts_with_patients(chance: Random) -> Iterator[Hostile]:
    """Files that seem to hold counts: a column of ones beside single people."""
    for kind in KINDS[:1] + KINDS[4:14]:
        header = kind.headers[0]
        values = _values(kind, chance)
        table = with_column([[*COUNT_HEADER], *counts(ROWS)], header, values, 3)
        if header.startswith(("Patient", "DOB", "SSN", "MRN", "Med", "Death")):
            yield Hostile(f"counts with {header}", "counts.csv", text(table), _canaries(values), (header,))
    for columns in (("Last Name", "First Name"), ("Name", "City"), ("Phone", "Address")):
        people = [[words.surname(chance), words.town(chance)] for _ in range(ROWS)]
        rows = [[f"{event(n)[1]}", event(n)[2], "1", *people[n - 1]] for n in range(1, ROWS + 1)]
        table = [["Referral Date", "Referring NPI", "Count", *columns], *rows]
        yield Hostile(
            f"a count of 1 in each row, {columns[0]}",
            "ones.csv",
            text(table),
            _canaries([value for person in people for value in person]),
            columns,
        )


PLACES = (
    _few_rows, _under_known_names, _columns_of_known_names, _sentences, _in_the_last_row, _tricks, _no_header,
    _header_below, _two_tables, _sheets, _file_names, _counts_with_patients,
)  # fmt: skip
