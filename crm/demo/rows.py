"""The shapes in which invented data are handed on, and small ways of drawing from lists."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Row = dict[str, Any]
Rows = list[Row]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]
Objects = npt.NDArray[np.object_]
Item = TypeVar("Item")

CHUNK = 5_000
# Never the same twice, or not worth comparing.
SECRET = {"password_hash", "row_key_secret"}


def generator(seed: int, noun: str) -> np.random.Generator:
    """Random numbers of one noun: more rows of one kind never shift those of another."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(noun.encode()).digest()[:4], "big")])


def pick(rng: np.random.Generator, items: Sequence[Item], weights: Sequence[float] | None = None) -> Item:
    """One of the items, by weight."""
    if weights is None:
        return items[int(rng.integers(len(items)))]
    total = float(sum(weights))
    return items[int(rng.choice(len(items), p=[weight / total for weight in weights]))]


def pick_many(rng: np.random.Generator, shares: Sequence[float], size: int) -> Ints:
    """`size` places in a list, by its shares."""
    cumulated = np.cumsum(np.asarray(shares, dtype=float))
    return np.searchsorted(cumulated / cumulated[-1], rng.random(size), side="right").astype(np.int64)


def chance(rng: np.random.Generator, share: float) -> bool:
    """True in that share of the cases."""
    return bool(rng.random() < share)


@dataclass
class Columns:
    """Many rows as one list per column, which takes a tenth of the memory of dictionaries."""

    columns: dict[str, Sequence[Any] | npt.NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values()), ()))

    def chunks(self, size: int = CHUNK) -> Iterator[Rows]:
        """The rows as dictionaries, some thousand at a time."""
        names = list(self.columns)
        for start in range(0, len(self), size):
            parts = [_plain(values[start : start + size]) for values in self.columns.values()]
            yield [dict(zip(names, values, strict=True)) for values in zip(*parts, strict=True)]


@dataclass
class World:
    """Everything invented, by table, with the day that counts as today."""

    today: date
    tables: dict[str, Rows | Columns] = field(default_factory=dict)

    def chunks(self, table: str) -> Iterator[Rows]:
        """The rows of a table, some thousand at a time."""
        rows = self.tables.get(table, [])
        if isinstance(rows, Columns):
            yield from rows.chunks()
            return
        for start in range(0, len(rows), CHUNK):
            yield rows[start : start + CHUNK]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return len(self.tables.get(table, []))

    def fingerprint(self) -> str:
        """A hash of all content except secrets: the same seed and day give the same one."""
        digest = hashlib.sha256()
        for table in sorted(self.tables):
            for rows in self.chunks(table):
                plain = [{name: value for name, value in row.items() if name not in SECRET} for row in rows]
                digest.update(json.dumps([table, plain], default=str, sort_keys=True).encode())
        return digest.hexdigest()


def _plain(values: Sequence[Any] | npt.NDArray[Any]) -> Sequence[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else values
