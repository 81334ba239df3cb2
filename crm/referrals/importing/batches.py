"""The rows of a file in batches, each with its key, and no referral twice. Pure.

The number of a sender stands for one referral: a file may say it again, but not differently. A referral that belongs
to another one (a follow-up appointment of a group, say) has that one's key, and counts with it: once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar

import numpy as np

from crm.referrals.importing.facts import CHOICES, EPOCH, NONE, Bools, Ints, numbers
from crm.referrals.importing.headers import Target
from crm.referrals.importing.kept import Block
from crm.referrals.importing.keys import PART, Keys, first_halves, key_list, some_keys
from crm.referrals.importing.rows import Named, Refusal, RowReader, Rows
from crm.referrals.models import SourceKind

BATCH_ROWS = 30_000
T = TypeVar("T")
REPEATED = "Same referral number as an earlier row, with other values"
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass
class Batch:
    """Some rows of a file: what they say, their keys one behind the other, and how many said nothing new."""

    rows: Rows
    keys: bytes
    repeated: int = 0
    # They belong to other referrals: where that one is there already, they add nothing.
    are_children: bool = False


def read_batches(blocks: Iterable[Block], reader: RowReader, keys: Keys) -> Iterator[Batch]:
    """Read all pieces of a file."""
    seen, held = _Seen(), []
    waiting: list[Batch] = []
    enough = 1  # nobody should wait long for the first batch
    for block in blocks:
        batch, children = _own(reader(block), reader, keys, seen)
        waiting.append(batch)
        if children:
            held.append(children)
        if sum(len(part.rows) for part in waiting) >= enough:
            yield _joined(waiting)
            waiting, enough = [], BATCH_ROWS
    if waiting:
        yield _joined(waiting)
    if held:
        yield _children(_joined(held), seen)


def _own(rows: Rows, reader: RowReader, keys: Keys, seen: "_Seen") -> tuple[Batch, Batch | None]:
    """A piece's rows with their keys, those that belong to other referrals apart."""
    made = _keys_of(rows, keys)
    if not rows.referral_ids:
        return Batch(rows, made), None
    pairs = zip(rows.referral_ids, rows.parent_ids or [""] * len(rows), strict=True)
    is_child = np.array([bool(parent) and parent != own for own, parent in pairs], dtype=bool)
    has_id = np.array([bool(own) for own in rows.referral_ids], dtype=bool) & ~is_child
    repeated, contradicts = seen.add(made, _fingerprints(rows), has_id)
    own = _part(rows, made, np.flatnonzero(~is_child & ~repeated & ~contradicts))
    header = reader.headers[Target.REFERRAL_ID]
    refused = [Refusal(line, header, REPEATED) for line in rows.numbers[contradicts].tolist()]
    own.rows = replace(own.rows, lines=rows.lines - int(is_child.sum()), refused=sorted(rows.refused + refused))
    own.repeated = int(repeated.sum())
    return own, _part(rows, made, np.flatnonzero(is_child)) if is_child.any() else None


def _children(batch: Batch, seen: "_Seen") -> Batch:
    """Of the rows that belong to a referral which the file does not hold, the first stands for it."""
    repeated, contradicts = seen.add(batch.keys, _fingerprints(batch.rows), np.ones(len(batch.rows), dtype=bool))
    left = _part(batch.rows, batch.keys, np.flatnonzero(~repeated & ~contradicts))
    left.rows = replace(left.rows, lines=batch.rows.lines)
    return replace(left, repeated=len(batch.rows) - len(left.rows), are_children=True)


def _part(rows: Rows, keys: bytes, places: Ints) -> Batch:
    if len(places) == len(rows):
        return Batch(rows, keys)
    return Batch(rows.take(places), some_keys(keys, places))


def _keys_of(rows: Rows, keys: Keys) -> bytes:
    ids = rows.referral_ids
    if rows.parent_ids:
        ids = [parent or own for own, parent in zip(ids, rows.parent_ids, strict=True)]
    if ids and all(ids):
        return keys.of_numbers(ids)
    without = np.flatnonzero(np.array([not id_ for id_ in ids], dtype=bool)) if ids else np.arange(len(rows))
    identities, codes = _identities(rows.take(without))
    made = keys.of_rows(identities, codes)
    if not ids:
        return made
    numbered, others = iter(key_list(keys.of_numbers(filter(None, ids)))), iter(key_list(made))
    return b"".join(next(numbered) if id_ else next(others) for id_ in ids)


def _identities(rows: Rows) -> tuple[list[str], Ints]:
    """What identifies rows without a number: each different one once, and the place of each row's among them."""
    sources = [_source_text(source) for source in rows.sources]
    when = np.where(rows.columns["received_on"] == NONE, rows.columns["month"], rows.columns["received_on"])
    parts = [rows.columns[name].tolist() for name in ("source", "service_line", "site", "payer")]
    places: dict[tuple[int, int, int, int, int], int] = {}
    codes = numbers(
        (places.setdefault(parts_, len(places)) for parts_ in zip(*parts, when.tolist(), strict=True)), len(rows)
    )
    is_month = bool(len(rows)) and rows.columns["received_on"][0] == NONE
    lines, sites = [name.casefold() for name in rows.service_lines], [name.casefold() for name in rows.sites]
    texts: dict[str, int] = {}
    text_of = np.array([
        texts.setdefault(PART.join((
            sources[source], f"month {at}" if is_month else date.fromordinal(at + EPOCH).isoformat(),
            lines[line] if line != NONE else "", sites[site] if site != NONE else "", CHOICES["payer"][payer],
        )), len(texts))
        for source, line, site, payer, at in places
    ], dtype=np.int64)  # fmt: skip
    # Two ways of naming a source may be one: with the same NPI, in other letters.
    return list(texts), text_of[codes] if len(codes) else codes


def _source_text(source: Named) -> str:
    if source.kind != SourceKind.PRACTICE:
        return PART.join((source.kind, source.name)).casefold()
    return source.npi or PART.join((source.name, source.provider_name, source.zip)).casefold()


def _fingerprints(rows: Rows) -> Ints:
    """A number for each row that differs when anything differs that the row says."""
    found = np.zeros(len(rows), dtype=np.uint64)
    named: dict[str, Sequence[Any]] = {"source": rows.sources, "service_line": rows.service_lines, "site": rows.sites}
    for name, column in sorted(rows.columns.items()):
        if name in named:
            hashes = np.array([hash(value) for value in named[name]] + [0], dtype=np.int64)
            column = hashes[np.where(column == NONE, len(hashes) - 1, column)]  # noqa: PLW2901 names by what they say
        found = (found ^ column.astype(np.uint64)) * MULTIPLIER
        found ^= found >> np.uint64(29)
    return found.astype(np.int64)


class _Seen:
    """The numbers of senders that stood in the file so far, each with the fingerprint of what was said of it."""

    def __init__(self) -> None:
        self._keys = np.empty(0, dtype=np.uint64)
        self._said = np.empty(0, dtype=np.int64)

    def add(self, keys: bytes, said: Ints, among: Bools) -> tuple[Bools, Bools]:
        """Which rows say again what was said, and which say it differently. The other ones are seen from now on."""
        found = first_halves(keys)
        repeated, contradicts = (np.zeros(len(found), dtype=bool) for _ in range(2))
        rows = np.flatnonzero(among)
        order = rows[np.argsort(found[rows], kind="stable")]
        first = np.ones(len(order), dtype=bool)
        first[1:] = found[order][1:] != found[order][:-1]
        starts = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
        reference = said[order][starts]
        place = np.searchsorted(self._keys, found[order])
        known = np.zeros(len(order), dtype=bool)
        inside = place < len(self._keys)
        known[inside] = self._keys[place[inside]] == found[order][inside]
        reference[known] = self._said[place[known]]
        again = known | ~first
        repeated[order] = again & (reference == said[order])
        contradicts[order] = again & (reference != said[order])
        self._remember(found[order[~again]], said[order[~again]])
        return repeated, contradicts

    def _remember(self, keys: np.ndarray, said: Ints) -> None:
        places = np.searchsorted(self._keys, keys)
        self._keys = np.insert(self._keys, places, keys)
        self._said = np.insert(self._said, places, said)


def _joined(batches: list[Batch]) -> Batch:
    """Several batches as one; names that stand in several of them come together."""
    if len(batches) == 1:
        return batches[0]
    parts = [batch.rows for batch in batches]
    lines, line = _together([(part.service_lines, part.columns["service_line"]) for part in parts])
    sites, site = _together([(part.sites, part.columns["site"]) for part in parts])
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns}
    rows = Rows(
        lines=sum(part.lines for part in parts),
        refused=[refusal for part in parts for refusal in part.refused],
        numbers=np.concatenate([part.numbers for part in parts]),
        columns={**columns, "service_line": line, "site": site},
        sources=max((part.sources for part in parts), key=len), service_lines=lines, sites=sites,
        referral_ids=[], parent_ids=[],
    )  # fmt: skip
    return Batch(rows, b"".join(batch.keys for batch in batches), sum(batch.repeated for batch in batches))


def _together(parts: list[tuple[list[T], Ints]]) -> tuple[list[T], Ints]:
    """Lists of names with the places of rows in them, as one list and the places in that."""
    places: dict[T, int] = {}
    codes = []
    for names, column in parts:
        moved = np.array([places.setdefault(name, len(places)) for name in names] + [NONE], dtype=np.int64)
        codes.append(moved[np.where(column == NONE, len(names), column)])
    return list(places), np.concatenate(codes)
