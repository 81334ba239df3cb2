"""Sums up rows for the rollups, in memory: what an import adds to each cell, or takes away from it. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Row

from crm.referrals.importing.facts import CHOICES, NONE, Bools, Facts, Ints, numbers
from crm.referrals.models import ReferralStatus, RevenueKind, Wait
from crm.referrals.rollup_contents import ROLLUPS, Rollup

WAITS = tuple(Wait)
TEXTS: dict[str, tuple[str, ...]] = {"payer": CHOICES["payer"], "wait": WAITS}
MOST_PARTS = 4
MOST_CODES = 1 << 62
KINDS: tuple[Any, ...] = (np.int8, np.int16, np.int32, np.int64)


class Sums:
    """What some rows add up to in every cell of every rollup. Rows that go are added with the sign -1."""

    def __init__(self, rollups: Sequence[Rollup] = ROLLUPS) -> None:
        self._rollups = rollups
        self._parts: dict[str, list[tuple[list[Ints], list[Ints]]]] = {rollup.table.name: [] for rollup in rollups}

    def add(self, facts: Facts, is_apart: Bools, sign: int = 1) -> None:
        """Count some rows; `is_apart` tells which came from no practice (a patient, an advert)."""
        if not len(facts):
            return
        rows = {**_keys(facts), **_measures(facts, is_apart, sign)}
        # What was summed up by more keys comes first: its cells are fewer than the rows.
        summed = [_waits(facts, sign)]
        for rollup in sorted(self._rollups, key=lambda rollup: -len(rollup.keys)):
            names = (*rollup.keys, *rollup.measures)
            columns = next(columns for columns in (*summed, rows) if columns.keys() >= set(names))
            keys, sums = _grouped([columns[name] for name in rollup.keys], [columns[name] for name in rollup.measures])
            summed.append(dict(zip(names, (*keys, *sums), strict=True)))
            self._add(rollup, keys, sums)

    def add_cells(self, rollup: Rollup, rows: Sequence[Row[Any]], sign: int = 1) -> None:
        """Count cells of a rollup that the database summed up, with its columns by name."""
        if not rows:
            return
        names = rows[0]._fields
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        keys = [_numbered(name, columns[name]) for name in rollup.keys]
        sums = [_numbered(name, columns[name]) * sign for name in rollup.measures]
        self._add(rollup, *_grouped(keys, sums))

    def _add(self, rollup: Rollup, keys: list[Ints], sums: list[Ints]) -> None:
        parts = self._parts[rollup.table.name]
        parts.append((keys, sums))
        if len(parts) > MOST_PARTS:
            self._parts[rollup.table.name] = [_together(parts)]

    def cells(self, rollup: Rollup) -> int:
        """How many cells of a rollup change."""
        keys, _ = self._of(rollup)
        return len(keys[0]) if keys else 0

    def turns(self, rollup: Rollup, layer: int, size: int) -> Iterator[dict[str, list[Any]]]:
        """The cells of a rollup in the order of its key, as the database takes them, in parts of a size."""
        keys, sums = self._of(rollup)
        for start in range(0, len(keys[0]) if keys else 0, size):
            part = slice(start, start + size)
            found: dict[str, list[Any]] = {}
            for name, column in zip(rollup.keys, keys, strict=True):
                texts = TEXTS.get(name)
                places = column[part].tolist()
                found[name] = places if texts is None else [str(texts[place]) for place in places]
            found["layer"] = [layer] * len(keys[0][part])
            yield found | {name: column[part].tolist() for name, column in zip(rollup.measures, sums, strict=True)}

    def _of(self, rollup: Rollup) -> tuple[list[Ints], list[Ints]]:
        parts = self._parts.get(rollup.table.name)
        if not parts:
            return [], []
        found = parts[0] if len(parts) == 1 else _together(parts)
        self._parts[rollup.table.name] = [found]
        left = np.zeros(len(found[0][0]), dtype=bool)
        for column in found[1]:
            left |= column != 0
        return [column[left] for column in found[0]], [column[left] for column in found[1]]


def _numbered(name: str, values: Sequence[Any]) -> Ints:
    texts = TEXTS.get(name)
    return numbers(values if texts is None else map(texts.index, values), len(values))


def _keys(facts: Facts) -> dict[str, Ints]:
    return {name: _key(facts[name]) for name in ("month", "practice_id", "service_line_id", "site_id", "payer")}


def _key(column: Ints) -> Ints:
    return np.where(column == NONE, 0, column)


def _measures(facts: Facts, is_apart: Bools, sign: int) -> dict[str, Ints]:
    count, status = facts["count"] * sign, facts["status"]
    is_priced = facts["revenue_cents"] != NONE
    cents = np.where(is_priced, facts["revenue_cents"], 0) * sign
    found = {
        "entries": np.where(count != 0, sign, 0),
        "received": count,
        "priced": np.where(is_priced, count, 0),
        "matched": np.where(facts["practice_id"] != NONE, count, 0),
        "apart": np.where(is_apart, count, 0),
    }
    for option in (ReferralStatus.SCHEDULED, ReferralStatus.SEEN, ReferralStatus.DECLINED, ReferralStatus.LOST):
        found[option.value] = np.where(status == CHOICES["status"].index(option), count, 0)
    for kind in RevenueKind:
        is_kind = facts["revenue_kind"] == CHOICES["revenue_kind"].index(kind)
        found[f"{kind.value}_cents"] = np.where(is_kind, cents, 0)
    return found


def _waits(facts: Facts, sign: int) -> dict[str, Ints]:
    """The keys and the measure of both waits, one behind the other."""
    parts: list[dict[str, Ints]] = []
    for wait, start, end in (
        (Wait.APPOINTMENT, "received_on", "appointment_on"), (Wait.REPORT, "seen_on", "report_sent_on"),
    ):  # fmt: skip
        rows = np.flatnonzero((facts[start] != NONE) & (facts[end] != NONE))
        keys = {name: _key(facts[name][rows]) for name in ("month", "service_line_id", "site_id", "payer")}
        parts.append({
            **keys, "wait": np.full(len(rows), WAITS.index(wait), dtype=np.int64),
            "days": facts[end][rows] - facts[start][rows], "referrals": facts["count"][rows] * sign,
        })  # fmt: skip
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _together(parts: Sequence[tuple[list[Ints], list[Ints]]]) -> tuple[list[Ints], list[Ints]]:
    keys = [np.concatenate(columns) for columns in zip(*(part[0] for part in parts), strict=True)]
    sums = [np.concatenate(columns) for columns in zip(*(part[1] for part in parts), strict=True)]
    return _grouped(keys, sums)


def _narrow(column: Ints) -> Ints:
    if not len(column):
        return column
    least, most = int(column.min()), int(column.max())
    kind = next(kind for kind in KINDS if np.iinfo(kind).min <= least and most <= np.iinfo(kind).max)
    return column.astype(kind)


def _grouped(keys: list[Ints], sums: list[Ints]) -> tuple[list[Ints], list[Ints]]:
    """Each different key once, in order, with the sums of its rows; each column in as few bytes as its numbers need,
    for most measures of most cells are small, or 0."""
    if not len(keys[0]):
        return keys, sums
    order, starts = _order(keys)
    firsts = order[starts]
    return [_narrow(column[firsts]) for column in keys], [_narrow(_summed(column, order, starts)) for column in sums]


def _order(keys: list[Ints]) -> tuple[Ints, Ints]:
    """The rows in the order of their keys, and where in that order another key begins."""
    code, span = np.zeros(len(keys[0]), dtype=np.int64), 1
    for column in keys:
        least = int(column.min())
        width = int(column.max()) - least + 1
        if span * width >= MOST_CODES:  # they do not fit into one number: number the different ones
            code = np.unique(code, return_inverse=True)[1]
            span = int(code.max()) + 1
        code, span = code * width + (column.astype(np.int64) - least), span * width
    order = np.argsort(_narrow(code), kind="stable")
    code = code[order]
    return order, np.flatnonzero(np.concatenate([[True], code[1:] != code[:-1]]))


def _summed(column: Ints, order: Ints, starts: Ints) -> Ints:
    if not column.any():
        return np.zeros(len(starts), dtype=np.int64)
    return np.add.reduceat(column[order].astype(np.int64), starts)
