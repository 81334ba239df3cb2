"""What came of the rows of a file. Every row is counted exactly once, so the parts always add up to what was read."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import IntEnum
from typing import Any

from crm.directory.importing.rows import Reason


class Outcome(IntEnum):
    """What one row did to the directory, the weightiest of all that it did."""

    UNCHANGED = 0
    UPDATED = 1
    ADDED = 2

    @property
    def label(self) -> str:
        """The outcome as the preview names it."""
        return {"ADDED": "New", "UPDATED": "Update"}.get(self.name, "No change")


@dataclass
class Counts:
    """The rows of a file by what came of them, and what that was in providers, practices and places of work."""

    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    filtered: int = 0
    refused: int = 0
    blank: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    providers_added: int = 0
    practices_added: int = 0
    affiliations_added: int = 0
    affiliations_ended: int = 0
    retired: int = 0
    without_place: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether every row that was read is accounted for."""
        return self.read == self.in_all and self.refused == sum(self.reasons.values())

    @property
    def in_all(self) -> int:
        """The sum of the parts."""
        return self.taken + self.filtered + self.refused + self.blank

    @property
    def taken(self) -> int:
        """The rows that are in the directory now."""
        return self.added + self.updated + self.unchanged

    @property
    def brings(self) -> int:
        """The rows that change something."""
        return self.added + self.updated

    def note(self, outcome: Outcome) -> None:
        """Count a row that went in."""
        name = outcome.name.lower()
        setattr(self, name, getattr(self, name) + 1)

    def refuse(self, reason: Reason) -> None:
        """Count a row that stays out."""
        self.refused += 1
        self.reasons[reason.value] += 1

    def stored(self) -> dict[str, Any]:
        """As plain values, for the database and for --json."""
        return asdict(self) | {"reasons": dict(self.reasons)}

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Become again what `stored` gave."""
        vars(self).update(vars(Counts.of(stored)))

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Counts":
        """Back from what `stored` gave."""
        known = {item.name for item in fields(cls)}
        values = {name: value for name, value in stored.items() if name in known}
        return cls(**values | {"reasons": Counter(values.get("reasons", {}))})
