"""The sources of a waiting file that match no practice, and what somebody said of them before the import. Pure.

Ways of naming a source that share a name and a place are shown as one; what is said of it holds for each of them.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm.referrals.importing.rows import Named
from crm.referrals.models import SourceKind

SHOWN = 25
MOST_WAYS = 100  # of one source; what is said of more is said again


@dataclass(frozen=True)
class Unmatched:
    """A source as its file names it; and once somebody said what it is, its numbers and what it is."""

    name: str
    city: str
    ways: tuple[Named, ...]
    is_part: bool = False  # there are more ways than these
    ids: tuple[int, ...] = ()
    practice_id: int | None = None
    kind: SourceKind = SourceKind.PRACTICE

    def as_json(self) -> dict[str, Any]:
        """As it is stored beside the rows of the file."""
        ways = [list(way[1:]) for way in self.ways]
        return {
            "name": self.name, "city": self.city, "ways": ways, "is_part": self.is_part, "ids": list(self.ids),
            "practice_id": self.practice_id, "kind": self.kind.value,
        }  # fmt: skip

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Unmatched":
        """The source that was stored."""
        ways = tuple(Named(SourceKind.PRACTICE.value, *way) for way in stored["ways"])
        said = {"ids": tuple(stored["ids"]), "kind": SourceKind(stored["kind"])}
        return cls(**{**stored, **said, "ways": ways})

    def forgotten(self) -> "Unmatched":
        """The same without a name: it is a patient."""
        return replace(self, name="", city="", ways=())


def key_of(way: Named) -> str:
    """What ways of naming one source have in common."""
    said = "\x1f".join((way.label, way.city, way.zip)).casefold()
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:12]


def by_source(rows: Mapping[Named, int]) -> Counter[str]:
    """How many rows each source has, by its key."""
    found: Counter[str] = Counter()
    for way, count in rows.items():
        found[key_of(way)] += count
    return found


def described(rows: Mapping[Named, int], keys: Iterable[str]) -> dict[str, Unmatched]:
    """Some sources with the ways in which they are named, the commonest first."""
    ways: dict[str, list[Named]] = {key: [] for key in keys}
    for way in sorted(rows, key=lambda way: -rows[way]):
        if (key := key_of(way)) in ways:
            ways[key].append(way)
    return {
        key: Unmatched(first.label, first.city, tuple(all_[:MOST_WAYS]), is_part=len(all_) > MOST_WAYS)
        for key, all_ in ways.items()
        for first in all_[:1]
    }


def kept(before: dict[str, Any], now: dict[str, Unmatched]) -> dict[str, Any]:
    """What is stored after another check: its sources, and those of which somebody said what they are."""
    said = {key: stored for key, stored in before.items() if stored["ids"]}
    return {**said, **{key: source.as_json() for key, source in now.items()}}
