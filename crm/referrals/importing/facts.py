"""The values of many referrals at once: one array of whole numbers per column of `referral`. Pure.

Days are counted from 1970, choices by their place among the options, and `NONE` stands for nothing. So a hundred
thousand rows are compared, merged and summed up by a few steps of numpy instead of a million of Python.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

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

    def lists(self) -> dict[str, list[Any]]:
        """The columns as the database takes them."""
        return {name: _outwards(name, column) for name, column in self.columns.items()}

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[Any]]) -> "Facts":
        """Facts from rows of the database, read without types in the order of VALUES."""
        columns = zip(*rows, strict=True) if rows else ((),) * len(VALUES)
        return cls({name: _inwards(name, column) for name, column in zip(VALUES, columns, strict=True)})


def numbers(values: Iterable[int], length: int) -> Ints:
    """An array of whole numbers."""
    return np.fromiter(values, dtype=np.int64, count=length)


def _outwards(name: str, column: Ints) -> list[Any]:
    if name in DAYS:
        return _written(column, lambda day: date.fromordinal(day + EPOCH).isoformat())
    if name in CHOICES:
        return _written(column, CHOICES[name].__getitem__, str)
    values = column.tolist()
    return [None if value == NONE else value for value in values] if (column == NONE).any() else values


def _written(column: Ints, *ways: Callable[[Any], Any]) -> list[Any]:
    """Few different numbers, each written once."""
    words: dict[int, Any] = {NONE: None}
    for number in np.unique(column).tolist():
        if number != NONE:
            word: Any = number
            for way in ways:
                word = way(word)
            words[number] = word
    return list(map(words.__getitem__, column.tolist()))


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
