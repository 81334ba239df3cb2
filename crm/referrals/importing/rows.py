"""Pieces of a file become columns of numbers, and refusals with column and reason. Pure.

`RowReader` holds how the file is mapped. A piece is read column by column, and of each column every different text
once: a hundred thousand statuses are five words.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np

from crm.core import formats
from crm.referrals.importing import values
from crm.referrals.importing.cells import Cells
from crm.referrals.importing.facts import CHOICES, NONE, Bools, Ints, day_number, numbers
from crm.referrals.importing.headers import MONEY, Target
from crm.referrals.importing.kept import Block
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.meanings import word_key
from crm.referrals.importing.unsaid import Part, bits_of, leaves
from crm.referrals.importing.values import Unreadable
from crm.referrals.models import KEY_BYTES, Grain, PayerClass, ReferralStatus, RevenueKind, SourceKind

MAX_AHEAD = timedelta(days=730)
NAME_LENGTH = 200
SHORT_LENGTH = 60
NO_SOURCE = "No source"
DATES = (Target.APPOINTMENT_ON, Target.SEEN_ON, Target.REPORT_SENT_ON)
PAYERS, STATUSES, KINDS = CHOICES["payer"], CHOICES["status"], CHOICES["revenue_kind"]


class Refusal(NamedTuple):
    """A row that does not go in: which column, and why; never a value."""

    line: int
    column: str
    reason: str


class Named(NamedTuple):
    """A source as a file names it."""

    kind: str
    npi: str | None
    name: str
    provider_name: str
    city: str
    zip: str

    @property
    def key(self) -> bytes:
        """By what this way of naming a source is known again; the database holds it under the secret only."""
        said = "\x1f".join(part or "" for part in self).casefold()
        return hashlib.sha256(said.encode("utf-8", "replace")).digest()[:KEY_BYTES]

    @property
    def label(self) -> str:
        """What it is called where no practice is known."""
        return self.name or self.provider_name or self.npi or "Source without a name"


@dataclass
class Rows:
    """The rows of a block that can go in, column by column, in the order of the file; and why the others cannot.

    `source`, `service_line` and `site` are places in the lists of names beside them; NONE where nothing is said. Each
    source has its place for the whole file, so the list of a later block begins with that of an earlier one.
    """

    lines: int
    refused: list[Refusal]
    numbers: Ints
    columns: dict[str, Ints]
    sources: list[Named]
    service_lines: list[str]
    sites: list[str]
    referral_ids: list[str]
    parent_ids: list[str]

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, places: Ints) -> "Rows":
        """Some of the rows, without what is said of the others."""
        return Rows(
            lines=len(places), refused=[], numbers=self.numbers[places],
            columns={name: column[places] for name, column in self.columns.items()},
            sources=self.sources, service_lines=self.service_lines, sites=self.sites,
            referral_ids=[self.referral_ids[place] for place in places.tolist()] if self.referral_ids else [],
            parent_ids=[self.parent_ids[place] for place in places.tolist()] if self.parent_ids else [],
        )  # fmt: skip


@dataclass(frozen=True)
class Options:
    """What the person who imports adds to a file: what it leaves unsaid."""

    month: int | None = None
    service_line: str = ""
    site: str = ""

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Options":
        """The options that were stored in the import."""
        return cls(stored.get("month"), stored.get("service_line") or "", stored.get("site") or "")


class _Faults:
    """The first fault of each row."""

    def __init__(self, length: int) -> None:
        self.of_row = np.zeros(length, dtype=np.int16)
        self.says: list[tuple[str, str]] = [("", "")]

    def add(self, rows: Bools, column: str, reason: str) -> None:
        """These rows cannot go in, unless another reason was found before."""
        rows = rows & (self.of_row == 0)
        if rows.any():
            self.says.append((column, reason))
            self.of_row[rows] = len(self.says) - 1


class RowReader:
    """Reads one block after the other, as the file was mapped."""

    def __init__(self, columns: list[MappedColumn], grain: Grain, options: Options, today: date) -> None:
        self.grain, self.options, self.today = grain, options, today
        self.places = {column.target: place for place, column in enumerate(columns) if column.target}
        self.headers = {column.target: column.header for column in columns if column.target}
        self.day_first = {column.target: column.day_first for column in columns if column.target}
        self.meanings = {column.target: column.means for column in columns if column.meanings}
        self.money = next((target for target in MONEY if target in self.places), None)
        self.has_id = Target.REFERRAL_ID in self.places and grain is Grain.EVENT
        # Numbered for the whole file, in the order in which they come.
        self.sources: dict[Named, int] = {}
        self._said: dict[tuple[str, ...], int] = {}

    def leave_out(self, target: Target) -> None:
        """Read the file as if it had no such column."""
        self.places.pop(target, None)

    def __call__(self, block: Block) -> Rows:
        """The rows of a block."""
        read = _Reading(self, block)
        columns = read.columns()
        good = np.flatnonzero(read.faults.of_row == 0)
        refused = [
            Refusal(block.numbers[place], *read.faults.says[read.faults.of_row[place]])
            for place in np.flatnonzero(read.faults.of_row).tolist()
        ]
        source = self.sources_of(read, good)
        lines, line = read.names(Target.SERVICE_LINE, self.options.service_line, good)
        sites, site = read.names(Target.SITE, self.options.site, good)
        return Rows(
            lines=len(block.numbers), refused=refused, numbers=numbers(
                block.numbers, len(block.numbers)
            )[good],
            columns={name: column[good] for name, column in columns.items()}
            | {"source": source, "service_line": line, "site": site},
            sources=list(self.sources), service_lines=lines, sites=sites,
            referral_ids=read.texts(Target.REFERRAL_ID, good) if self.has_id else [],
            parent_ids=read.texts(Target.PARENT_ID, good) if self.has_id else [],
        )  # fmt: skip

    def sources_of(self, read: "_Reading", rows: Ints) -> Ints:
        """The place of each row's source among those of the file: each different way of naming one is read once."""
        targets = (
            Target.SOURCE_KIND, Target.SOURCE_NPI, Target.SOURCE_NAME, Target.PROVIDER_NAME, Target.SOURCE_CITY,
            Target.SOURCE_ZIP,
        )  # fmt: skip
        columns = [read.cells(target) for target in targets]
        ways = np.zeros(len(rows), dtype=np.int64)
        for cells in (cells for cells in columns if cells is not None):
            ways = np.unique(ways * len(cells.words) + cells.codes[rows], return_inverse=True)[1]
        first = np.unique(ways, return_index=True)[1]
        places = np.empty(len(first), dtype=np.int64)
        for way in np.argsort(first).tolist():
            row = rows[first[way]]
            said = tuple("" if cells is None else cells[row] for cells in columns)
            if said not in self._said:
                self._said[said] = self.sources.setdefault(_named(*said), len(self.sources))
            places[way] = self._said[said]
        return places[ways]


class _Reading:
    """One block while it is read."""

    def __init__(self, reader: RowReader, block: Block) -> None:
        self.reader, self.block = reader, block
        self.length = len(block.numbers)
        self.faults = _Faults(self.length)
        for reason in set(block.problems.values()):
            is_problem = np.zeros(self.length, dtype=bool)
            is_problem[[place for place, said in block.problems.items() if said == reason]] = True
            self.faults.add(is_problem, "", reason)
        self.unsaid = self._unsaid()

    def cells(self, target: Target) -> Cells | None:
        """The cells of a target's column."""
        place = self.reader.places.get(target)
        return None if place is None else self.block.columns[place]

    def texts(self, target: Target, rows: Ints) -> list[str]:
        """The cells of some rows; nothing when the file has no such column."""
        cells = self.cells(target)
        return [] if cells is None else cells.texts(rows)

    def columns(self) -> dict[str, Ints]:
        """The columns that need no names, in the order in which their faults are told."""
        received, month = self._when()
        days = {target: self._days(target) for target in DATES}
        self._check_order(received, *days.values())
        self._check_source()
        cents = self._money()
        return {
            "month": month, "received_on": received, "revenue_cents": cents,
            "revenue_kind": np.where(cents == NONE, NONE, self._money_kind()),
            "status": self._status(days[Target.APPOINTMENT_ON], days[Target.SEEN_ON]),
            "payer": self._payer(), "count": self._count(),
            "appointment_on": days[Target.APPOINTMENT_ON], "seen_on": days[Target.SEEN_ON],
            "report_sent_on": days[Target.REPORT_SENT_ON], "unsaid": self.unsaid,
        }  # fmt: skip

    def _none(self) -> Ints:
        return np.full(self.length, NONE, dtype=np.int64)

    def _read(self, target: Target, parse: Callable[[str], int]) -> Ints:
        """A column, each different text of it parsed once; empty cells are NONE."""
        cells = self.cells(target)
        if cells is None:
            return self._none()
        known: list[int] = []
        reasons: dict[str, set[str]] = {}
        meanings = self.reader.meanings.get(target)
        for word in cells.words:
            text = meanings.get(word_key(word), word) if meanings else word
            try:
                known.append(parse(text) if text else NONE)
            except Unreadable as problem:
                known.append(NONE)
                reasons.setdefault(str(problem), set()).add(word)
        for reason, texts in reasons.items():
            self.faults.add(cells.are(texts), self.reader.headers[target], reason)
        return cells.of_words(np.array(known, dtype=np.int64))

    def _days(self, target: Target) -> Ints:
        parse = values.parse_day_first if self.reader.day_first.get(target) else values.parse_date
        found = self._read(target, lambda text: day_number(parse(text)))
        today = self.reader.today
        latest = day_number(today + MAX_AHEAD if target is Target.APPOINTMENT_ON else today)
        if target in self.reader.headers:
            self.faults.add(found > latest, self.reader.headers[target], "Date lies in the future")
        return found

    def _when(self) -> tuple[Ints, Ints]:
        reader, received = self.reader, self._days(Target.RECEIVED_ON)
        month_of = _months(received)
        if reader.grain is Grain.EVENT:
            self.faults.add(received == NONE, reader.headers.get(Target.RECEIVED_ON, ""), "No received date")
            return received, month_of
        day_first = reader.day_first.get(Target.MONTH, False)
        month = self._read(Target.MONTH, lambda text: values.parse_month(text, day_first=day_first))
        month = np.where(month == NONE, month_of, month)
        if reader.options.month is not None:
            month = np.where(month == NONE, reader.options.month, month)
        header = self._header(Target.MONTH, Target.RECEIVED_ON)
        self.faults.add(month == NONE, header, "No month")
        self.faults.add(month > formats.month_of(reader.today), header, "Month lies in the future")
        return self._none(), month

    def _header(self, *targets: Target) -> str:
        return next((self.reader.headers[target] for target in targets if target in self.reader.headers), "")

    def _check_order(self, received: Ints, appointment: Ints, seen: Ints, report: Ints) -> None:
        for target, days, words in (
            (Target.APPOINTMENT_ON, appointment, "Appointment before the referral was received"),
            (Target.SEEN_ON, seen, "Seen before the referral was received"),
            (Target.REPORT_SENT_ON, report, "Report sent before the referral was received"),
        ):
            self._check_after(received, days, target, words)
        self._check_after(seen, report, Target.REPORT_SENT_ON, "Report sent before the visit")

    def _check_after(self, earlier: Ints, later: Ints, target: Target, words: str) -> None:
        is_wrong = (earlier != NONE) & (later != NONE) & (later < earlier)
        self.faults.add(is_wrong, self.reader.headers.get(target, ""), words)

    def _check_source(self) -> None:
        is_said = np.zeros(self.length, dtype=bool)
        targets = (Target.SOURCE_NAME, Target.SOURCE_NPI, Target.PROVIDER_NAME, Target.SOURCE_KIND)
        for target in targets:
            cells = self.cells(target)
            if cells is not None:
                is_said |= cells.are_filled()
        self.faults.add(~is_said & ~leaves(self.unsaid, Part.SOURCE), self._header(*targets), NO_SOURCE)

    def _unsaid(self) -> Ints:
        """What each row leaves as it was; a row without a number is known by what it says, so it says all."""
        numbers_of = self.cells(Target.REFERRAL_ID)
        found = self._read(Target.UNSAID, bits_of)
        if numbers_of is None or not self.reader.has_id:
            return np.zeros(self.length, dtype=np.int64)
        return np.where(numbers_of.are_filled() & (found != NONE), found, 0)

    def _money(self) -> Ints:
        return self._read(self.reader.money, values.parse_cents) if self.reader.money else self._none()

    def _money_kind(self) -> int:
        return KINDS.index(RevenueKind(self.reader.money.value)) if self.reader.money else NONE

    def _payer(self) -> Ints:
        found = self._read(Target.PAYER, lambda text: PAYERS.index(values.parse_payer(text)))
        return np.where(found == NONE, PAYERS.index(PayerClass.UNKNOWN), found)

    def _status(self, appointment: Ints, seen: Ints) -> Ints:
        said = self._read(Target.STATUS, lambda text: STATUSES.index(values.parse_status(text)))
        steps = (ReferralStatus.RECEIVED, ReferralStatus.SCHEDULED, ReferralStatus.SEEN)
        received, scheduled, is_seen = map(STATUSES.index, steps)
        known = np.where(seen != NONE, is_seen, np.where(appointment != NONE, scheduled, received))
        return np.where(said == NONE, known, said)

    def _count(self) -> Ints:
        if self.reader.grain is Grain.EVENT:
            return np.ones(self.length, dtype=np.int64)
        found = self._read(Target.COUNT, values.parse_count)
        self.faults.add(found == NONE, self.reader.headers.get(Target.COUNT, ""), "No count")
        return found

    def names(self, target: Target, otherwise: str, rows: Ints) -> tuple[list[str], Ints]:
        """The different names in a column, and the place of each row's name among them."""
        cells = self.cells(target) or Cells([""], np.zeros(self.length, dtype=np.uint8))
        names: dict[str, int] = {}
        places = np.full(len(cells.words), NONE, dtype=np.int64)
        for code in dict.fromkeys(cells.codes[rows].tolist()):
            if name := cells.words[code] or otherwise:
                places[code] = names.setdefault(name, len(names))
        return [name[:SHORT_LENGTH] for name in names], places[cells.codes[rows]]


def _named(kind: str, npi: str, name: str, provider: str, city: str, zip_code: str) -> Named:
    """A patient who sent another, or came by themselves, has no name here."""
    number = values.parse_npi(npi) if npi else None
    of = values.parse_source_kind(kind, "" if number else name or provider)
    if of is SourceKind.PRACTICE:
        return Named(of.value, number, name[:NAME_LENGTH], provider[:NAME_LENGTH], city[:NAME_LENGTH], zip_code[:5])
    return Named(of.value, None, (name or provider)[:NAME_LENGTH] if of is SourceKind.ADVERT else "", "", "", "")


def _months(days: Ints) -> Ints:
    """The month of each day."""
    known = days != NONE
    since_1970 = np.where(known, days, 0).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.where(known, since_1970 + formats.month_of(date(1970, 1, 1)), NONE)
