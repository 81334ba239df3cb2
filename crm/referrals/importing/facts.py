"""The values of many referrals at once: one array of whole numbers per column of `referral`. Pure.

Days are counted from 1970, choices by their place among the options, and `NONE` stands for nothing. So a hundred
thousand rows are compared, merged and summed up by a few steps of numpy instead of a million of Python.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm.core.bulk import Coded, Column, Plain, Same
from crm.referrals.models import PayerClass, ReferralStatus, RevenueKind

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
NONE = int(np.iinfo(np.int64).min)
EPOCH = date(1970, 1, 1).toordinal()
DAYS = frozenset({"received_on", "appointment_on", "seen_on", "report_sent_on"})
CHOICES: Mapping[str, tuple[str, ...]] = {
    "payer": tuple(PayerClass),
    "status": tuple(ReferralStatus),
    "revenue_kind": tuple(RevenueKind),
}
VALUES = (
    "month", "received_on", "practice_id", "provider_id", "source_id", "service_line_id", "site_id", "payer", "status",
    "appointment_on", "seen_on", "report_sent_on", "count", "revenue_cents", "revenue_kind",
)  # fmt: skip


def day_number(day: date) -> int:
    """A day as it stands in an array."""
    return day.toordinal() - EPOCH


@dataclass(frozen=True)
class Facts:
    """Rows of `referral`, column by column; all arrays have the same length."""

    columns: dict[str, Ints]

    def __len__(self) -> int:
        return len(self.columns["month"])

    def __getitem__(self, name: str) -> Ints:
        return self.columns[name]

    def take(self, places: Any) -> "Facts":
        """Some of the rows: by their places, a mask, or a slice."""
        return Facts({name: column[places] for name, column in self.columns.items()})

    def with_columns(self, **changed: Ints) -> "Facts":
        """The same rows with other values in some columns."""
        return Facts({**self.columns, **changed})

    def differ_from(self, other: "Facts") -> Bools:
        """Which rows have another value in any column."""
        different = np.zeros(len(self), dtype=bool)
        for name in VALUES:
            different |= self[name] != other[name]
        return different

    def outwards(self) -> dict[str, Column]:
        """The columns as the database takes them."""
        return {name: _outwards(name, column) for name, column in self.columns.items()}

    @classmethod
    def joined(cls, parts: Sequence["Facts"]) -> "Facts":
        """Facts that follow each other."""
        return cls({name: np.concatenate([part[name] for part in parts]) for name in VALUES})

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[Any]]) -> "Facts":
        """Facts from rows of the database, read without types in the order of VALUES."""
        columns = zip(*rows, strict=True) if rows else ((),) * len(VALUES)
        return cls({name: _inwards(name, column) for name, column in zip(VALUES, columns, strict=True)})


def numbers(values: Iterable[int], length: int) -> Ints:
    """An array of whole numbers."""
    return np.fromiter(values, dtype=np.int64, count=length)


def _outwards(name: str, column: Ints) -> Column:
    if name not in DAYS and name not in CHOICES and not (column == NONE).any():
        return Same(int(column[0])) if len(column) and column.min() == column.max() else Plain(column)
    different = np.unique(column)
    words = [_word(name, number) for number in different.tolist()]
    return Same(words[0]) if len(words) == 1 else Coded(words, np.searchsorted(different, column))


def _word(name: str, number: int) -> str | int | None:
    if number == NONE:
        return None
    if name in CHOICES:
        return str(CHOICES[name][number])
    return date.fromordinal(number + EPOCH).isoformat() if name in DAYS else number


def _inwards(name: str, column: Sequence[Any]) -> Ints:
    if name in DAYS:
        return numbers(map(_day_of, column), len(column))
    if name in CHOICES:
        places = _places(name)
        return numbers(map(places.__getitem__, column), len(column))
    return numbers((NONE if value is None else value for value in column), len(column))


@cache
def _places(name: str) -> dict[str | None, int]:
    return {None: NONE, **{str(option): place for place, option in enumerate(CHOICES[name])}}


@cache
def _day_of(value: str | date | None) -> int:
    """SQLite keeps a day as text; PostgreSQL gives a date."""
    if value is None:
        return NONE
    return day_number(date.fromisoformat(value) if isinstance(value, str) else value)
