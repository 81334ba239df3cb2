"""Turns single referrals into counts of months, before anything of them is stored: no day and no number stays. Pure.

One count is of a month, a source, a service line, a site, a payer and a status. Each cell gets a count for every
status, zeros too: when a newer file says that a referral went on, its count goes from where it stood before. What makes
a cell is what an import knows a count again by, see `keys.py`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import compress
from typing import NamedTuple

from crm.referrals.importing.cells import Cells
from crm.referrals.importing.facts import NONE
from crm.referrals.importing.headers import Target
from crm.referrals.importing.kept import Block
from crm.referrals.importing.mapping import DateOrder, MappedColumn, Sure
from crm.referrals.importing.rows import Named, RowReader, Rows
from crm.referrals.importing.sheets import column_letter
from crm.referrals.models import PayerClass, ReferralStatus, SourceKind

BLOCK_LINES = 500
STATUSES, PAYERS = tuple(ReferralStatus), tuple(PayerClass)


class By(StrEnum):
    """Whose counts they are."""

    PRACTICE = "practice"
    PROVIDER = "provider"


class Source(NamedTuple):
    """Who referred, as a file writes it."""

    npi: str
    practice: str
    provider: str
    city: str
    zip: str


class Cell(NamedTuple):
    """What the counts of one month, source, service, site and payer are known by."""

    month: int
    source: str
    service_line: str
    site: str
    payer: PayerClass


@dataclass
class Count:
    """The counts of one cell: how it is written, and referrals and cents by status."""

    source: Source
    service_line: str
    site: str
    numbers: dict[ReferralStatus, list[int]] = field(default_factory=dict)

    @property
    def about(self) -> tuple[str, ...]:
        """The cells under ABOUT."""
        return (*self.source, self.service_line, self.site)


@dataclass
class Counts:
    """The counts of a file, and the lines that could not be counted with their reasons."""

    money: Target | None = None
    cells: dict[Cell, Count] = field(default_factory=dict)
    refused: list[tuple[int, str]] = field(default_factory=list)
    rows: int = 0

    @property
    def headers(self) -> list[tuple[str, Target]]:
        """The columns of the counts, by names that an import knows; those that would be blank are left out."""
        money = [(MONEY_HEADERS[self.money], self.money)] if self.money else []
        return [column for column, is_there in zip(COLUMNS, self._is_there(), strict=True) if is_there] + money

    def lines(self) -> Iterator[list[str]]:
        """The counts as cells of text, in an order that depends on them only."""
        is_there = self._is_there()
        for cell, found in sorted(self.cells.items(), key=lambda pair: pair[0]):
            month = f"{cell.month // 12:04d}-{cell.month % 12 + 1:02d}"
            about = [month, *found.about, PAYER_WORDS[cell.payer]]
            for status in STATUSES:
                count, cents = found.numbers.get(status, (0, 0))
                line = list(compress([*about, status.label, str(count)], is_there))
                yield [*line, f"{cents / 100:.2f}"] if self.money else line

    def _is_there(self) -> list[bool]:
        """Of each of COLUMNS, whether any cell has it."""
        filled = [any(texts) for texts in zip(*(count.about for count in self.cells.values()), strict=True)]
        return [True, *(filled or [True] * len(ABOUT)), True, True, True]


ABOUT = (
    ("Referring NPI", Target.SOURCE_NPI), ("Source practice", Target.SOURCE_NAME),
    ("Referring provider", Target.PROVIDER_NAME), ("Source city", Target.SOURCE_CITY),
    ("Source ZIP", Target.SOURCE_ZIP),
    ("Service line", Target.SERVICE_LINE), ("Site", Target.SITE),
)  # fmt: skip
COLUMNS = (
    ("Month", Target.MONTH), *ABOUT, ("Payer class", Target.PAYER), ("Status", Target.STATUS),
    ("Referrals", Target.COUNT),
)  # fmt: skip
MONEY_HEADERS = {Target.BILLED: "Charges", Target.PAID: "Payments", Target.NET: "Net revenue"}
PAYER_WORDS = {payer: payer.value.replace("_", " ") for payer in PayerClass}


def count_rows(blocks: Iterable[Block], reader: RowReader, by: By = By.PROVIDER) -> Counts:
    """Count the lines of a file that was mapped."""
    counts = Counts(reader.money)
    reader.leave_out(Target.UNSAID)  # no referral is there of which a message could say only some parts
    for block in blocks:
        rows = reader(block)
        counts.rows += rows.lines
        counts.refused += [(line, f"{reason}: {column}" if column else reason) for line, column, reason in rows.refused]
        _add(counts, rows, by)
    return counts


def _add(counts: Counts, rows: Rows, by: By) -> None:
    sources = [_source_of(named, by) for named in rows.sources]
    names = ("source", "service_line", "site", "month", "payer", "status", "count", "revenue_cents")
    for source, line, site, month, payer, status, count, cents in zip(
        *(rows.columns[name].tolist() for name in names), strict=True
    ):
        service_line = rows.service_lines[line] if line != NONE else ""
        place = rows.sites[site] if site != NONE else ""
        _count(
            counts, Cell(month, "", service_line, place, PAYERS[payer]), sources[source], STATUSES[status], count, cents
        )


def _source_of(named: Named, by: By) -> Source:
    if named.kind != SourceKind.PRACTICE:
        return Source("", named.name or named.kind, "", "", "")
    source = Source(named.npi or "", named.name, named.provider_name, named.city, named.zip)
    return source._replace(npi="", provider="") if by is By.PRACTICE and source.practice else source


def _count(counts: Counts, said: Cell, source: Source, status: ReferralStatus, count: int, cents: int) -> None:
    known_by = source.npi or f"{source.practice}\x1f{source.provider}\x1f{source.zip}".casefold()
    cell = Cell(said.month, known_by, said.service_line.casefold(), said.site.casefold(), said.payer)
    found = counts.cells.setdefault(cell, Count(source, said.service_line, said.site))
    # The same source may be written in several ways; which is kept must not hang on the order of the rows.
    found.source = max(found.source, source)
    found.service_line, found.site = max(found.service_line, said.service_line), max(found.site, said.site)
    numbers = found.numbers.setdefault(status, [0, 0])
    numbers[0] += count
    numbers[1] += 0 if cents == NONE else cents


def mapped(counts: Counts) -> list[MappedColumn]:
    """The columns of the counts as an import maps them."""
    return [
        MappedColumn(column_letter(place), header, target, Sure.SURE, 1.0, date_order=DateOrder.MONTH)
        for place, (header, target) in enumerate(counts.headers)
    ]


def blocks(counts: Counts) -> Iterator[Block]:
    """The counts as they wait for their import, after the lines of the file that could not be counted."""
    width = len(counts.headers)
    for start in range(0, len(counts.refused), BLOCK_LINES):
        some = counts.refused[start : start + BLOCK_LINES]
        yield Block([line for line, _ in some], [Cells.of([""] * len(some)) for _ in range(width)], dict(_places(some)))
    lines = list(counts.lines())
    for start in range(0, len(lines), BLOCK_LINES):
        rows = lines[start : start + BLOCK_LINES]
        yield Block(list(range(start + 1, start + 1 + len(rows))), list(map(Cells.of, zip(*rows, strict=True))), {})


def _places(refused: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for place, (_, reason) in enumerate(refused):
        yield place, reason
