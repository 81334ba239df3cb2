"""Reads a file of market data, whatever its size, into the pairs that concern us; nothing else of it is kept.

A pair concerns us when one of its sides is in our directory or is ours. Files for the whole country have a hundred
million others: those are counted, and passed over before anything is made of them.
"""

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from pathlib import PurePath
from typing import BinaryIO, NamedTuple, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from crm.core.errors import Invalid
from crm.core.patient_words import signs_in
from crm.directory.importing.cells import number_of, text_of
from crm.directory.importing.reading import NO_ROWS, Row, Table, open_table
from crm.directory.importing.rows import Reason
from crm.directory.importing.wording import organization_case, sentence_case
from crm.directory.npi import is_npi
from crm.referrals.market.layouts import SAMPLE_LINES, Field, Layout, amount_of, check_columns, count_of, recognize
from crm.referrals.market.share import SMALLEST_CELL

DELIMITERS = ",\t|;"
ZIP, ENDINGS = b"PK\x03\x04", frozenset({".csv", ".txt", ".tsv", ".gz"})
LOOKED_AT = 5_000  # rows whose other columns are searched for signs of patients before anything is read
MAX_NAME = 200
MAX_WAIT = 10_000
DAMAGED = "The ZIP archive is damaged or encrypted. Unpack it, and choose the file inside."
NOT_MARKET = (
    "This is no file of shared patients: it needs two columns of NPIs and how many patients each pair shares, as Hop "
    "Teaming and the CMS files of shared patient patterns have. Import referrals under Referrals."
)


class Edge(NamedTuple):
    """One pair, as it is stored. NPIs are text; `wait_days` is the average from the one visit to the other."""

    from_npi: str
    to_npi: str
    patients: int
    transactions: int | None
    same_day: int | None
    wait_days: float | None


@dataclass
class Reading:
    """What came of a file: `read = kept + elsewhere + refused`; `small` of the refused have too few patients."""

    layout: Layout
    read: int = 0
    kept: int = 0
    elsewhere: int = 0
    refused: int = 0
    small: int = 0
    # What the file calls those who receive: NPI -> name, kind. Only organizations and clinicians, never patients.
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    content_hash: str = ""


def read_edges(
    stream: BinaryIO, known: frozenset[str], reading: list[Reading], max_bytes: int | None
) -> Iterator[Edge]:
    """The pairs of a file that concern somebody of `known`. The counts are put into `reading`, whole at the end.

    Raises Invalid when it is no such file or has a column about single patients.
    """
    with _unpacked(stream) as plain, open_table(plain, max_bytes, DELIMITERS) as table:
        layout, rows = _begin(table)
        found = Reading(layout)
        reading.append(found)
        yield from _pairs(rows, found, known)
    if not found.read:
        raise Invalid(NO_ROWS)


@contextmanager
def _unpacked(stream: BinaryIO) -> Iterator[BinaryIO]:
    """What is read: the file itself, or the one text file in a ZIP archive, as CMS packs them. Raises Invalid."""
    start = stream.read(len(ZIP))
    stream.seek(0)
    if start != ZIP:
        yield stream
        return
    try:
        with ZipFile(stream) as archive:
            inside = [file for file in archive.infolist() if PurePath(file.filename).suffix.lower() in ENDINGS]
            if len(inside) != 1:
                raise Invalid("A ZIP archive must hold one CSV or text file. Unpack it, and choose the file inside.")
            with _opened(archive, inside[0]) as member:
                yield member
    except (BadZipFile, zlib.error, EOFError):
        raise Invalid(DAMAGED) from None


def _opened(archive: ZipFile, inside: ZipInfo) -> BinaryIO:
    """A file in an archive. zipfile tells encryption, and a way of packing that it does not know, as a RuntimeError."""
    try:
        return cast("BinaryIO", archive.open(inside))
    except RuntimeError:
        raise Invalid(DAMAGED) from None


def _begin(table: Table) -> tuple[Layout, Iterator[Row]]:
    """How the file is read, and its rows. Lines above the header are left out."""
    rows = (row for row in chain([Row(1, table.header)], table.rows) if row.fault or any(row.cells))
    first = list(islice(rows, LOOKED_AT))
    layout = recognize([row.cells for row in first[:SAMPLE_LINES]])
    if layout is None:
        raise Invalid(NOT_MARKET)
    body = first if layout.header_line is None else first[layout.header_line + 1 :]
    check_columns(layout, [row.cells for row in body])
    return layout, chain(body, rows)


def _pairs(rows: Iterator[Row], found: Reading, known: frozenset[str]) -> Iterator[Edge]:
    places, digest = found.layout.places, hashlib.sha256()
    from_at, to_at = places[Field.FROM], places[Field.TO]
    counted = [places[name] for name in (Field.PATIENTS, Field.TRANSACTIONS) if name in places]
    width = len(found.layout.header) or max(places.values()) + 1
    for row in rows:
        found.read += 1
        cells = row.cells
        if len(cells) < width or any(cells[width:]) or row.fault not in (None, Reason.CELLS):
            found.refused += 1
            continue
        pair = _digits(cells[from_at]), _digits(cells[to_at])
        digest.update(",".join((*pair, *(_digits(cells[at]) for at in counted), "\n")).encode())
        if pair[0] not in known and pair[1] not in known:
            found.elsewhere += 1
        elif edge := _edge(cells, found, pair):
            found.kept += 1
            yield edge
    found.content_hash = digest.hexdigest()


@lru_cache(maxsize=1 << 18)  # each number comes again in hundreds of pairs
def _is_npi(text: str) -> bool:
    return is_npi(text)


def _digits(cell: str) -> str:
    """The text of a number; most cells of most files are nothing but digits, and there are hundreds of millions."""
    return cell if cell.isdecimal() else number_of(cell)


def _edge(cells: list[str], found: Reading, pair: tuple[str, str]) -> Edge | None:
    places = found.layout.places

    def cell(name: Field) -> str:
        at = places.get(name)
        return cells[at] if at is not None and at < len(cells) else ""

    patients = count_of(cell(Field.PATIENTS))
    if patients is None or pair[0] == pair[1] or not _is_npi(pair[0]) or not _is_npi(pair[1]):
        found.refused += 1
        return None
    if patients < SMALLEST_CELL:
        found.refused, found.small = found.refused + 1, found.small + 1
        return None
    if pair[1] not in found.names:
        name, kind = organization_case(_text(cell(Field.TO_NAME))), kind_words(cell(Field.TO_KIND))
        found.names[pair[1]] = _harmless(name), _harmless(kind)
    wait = amount_of(cell(Field.WAIT))
    return Edge(
        *pair, patients, count_of(cell(Field.TRANSACTIONS)), count_of(cell(Field.SAME_DAY)),
        wait if wait is not None and wait < MAX_WAIT else None,
    )  # fmt: skip


def kind_words(text: str) -> str:
    """`General Acute Care Hospital` -> `General acute care hospital`, as our own words for a taxonomy are written."""
    plain = _text(text)
    return sentence_case(plain.lower())


def _text(cell: str) -> str:
    return text_of(cell)[:MAX_NAME]


def _harmless(text: str) -> str:
    """A name, unless it reads like something about a patient."""
    return "" if signs_in(text) else text
