"""Providers and practices as an import holds them while it works, and the rule of what it may write.

An import writes a value where nothing stands, or where the last import's own value still stands. What a person typed,
changed or cleared stays as it is, and a file that says nothing takes nothing away.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from crm.directory.importing.counts import Outcome
from crm.directory.importing.rows import NameRank
from crm.directory.models import PracticeKind

ADDRESS = ("address1", "address2", "city", "state", "zip")
MAX_NAME = 200
NAMED = 3  # people whose names are kept for a practice's name: two are shown, the third makes it "and others"


class Draft:
    """A row of the database, perhaps not there yet. `wrote` holds what each kind of file wrote last."""

    __slots__ = ("changed", "id", "is_known", "is_new", "is_retired", "is_touched", "values", "wrote")

    def __init__(self, row_id: int | None, values: dict[str, Any], wrote: dict[str, dict[str, Any]] | None) -> None:
        self.id, self.values = row_id, values
        self.is_new, self.is_touched = row_id is None, row_id is None
        self.is_known = wrote is not None  # whether an import has written into it before
        self.wrote = wrote or {}
        self.changed: set[str] = set()
        self.is_retired = bool(values.get("retired_on"))

    def take(self, source: str, given: Mapping[str, Any]) -> Outcome:
        """Write what may be written of the given values."""
        own = self.wrote.setdefault(source, {})
        changed = [name for name, value in given.items() if value and self._may(own, name) and self._put(name, value)]
        own.update((name, given[name]) for name in changed)
        return Outcome.UPDATED if changed else Outcome.UNCHANGED

    def fill(self, source: str, given: Mapping[str, Any]) -> Outcome:
        """Write only where nothing stands and nothing of ours was cleared."""
        own = self.wrote.get(source, {})
        empty = {name: value for name, value in given.items() if not self.values.get(name) and name not in own}
        return self.take(source, empty)

    def take_together(self, source: str, given: Mapping[str, Any], names: Iterable[str]) -> Outcome:
        """Write values that only make sense together (an address): all of them, or none when one was typed."""
        own = self.wrote.setdefault(source, {})
        names = tuple(names)
        if not all((self.values.get(name) or "") == (own.get(name) or "") for name in names):
            return Outcome.UNCHANGED
        changed = [name for name in names if self._put(name, given[name])]
        own.update((name, given[name]) for name in names if changed)
        return Outcome.UPDATED if changed else Outcome.UNCHANGED

    def put(self, name: str, value: Any) -> bool:
        """Write a value that follows from others, whoever wrote them; says whether it was another one."""
        return self._put(name, value)

    def _may(self, own: Mapping[str, Any], name: str) -> bool:
        stored = self.values.get(name)
        return bool(stored == own[name]) if name in own else not stored

    def _put(self, name: str, value: Any) -> bool:
        if self.values.get(name) == value:
            return False
        self.values[name] = value
        self.changed.add(name)
        self.is_touched = True
        return True


class PlaceDraft(Draft):
    """A practice: besides its values how it got its name, and its group while that has no number yet."""

    __slots__ = ("group", "key", "made_name", "name_rank", "people")

    def __init__(
        self, row_id: int | None, values: dict[str, Any], wrote: dict[str, dict[str, Any]] | None, key: str = ""
    ) -> None:
        super().__init__(row_id, values, wrote)
        self.key, self.group = key, ""  # `group` is the PAC ID
        self.name_rank, self.made_name = 0, ""
        self.people: list[list[str]] = []

    @property
    def kind(self) -> PracticeKind:
        """What sort of practice it is."""
        return PracticeKind(self.values["kind"])

    @property
    def is_named_by_people(self) -> bool:
        """Whether its name is only made of the people who work there."""
        return self.name_rank == NameRank.PEOPLE and self.values["name"] == self.made_name

    def give_name(self, name: str, rank: NameRank) -> Outcome:
        """A better name, or its own new one, in place of one that an import made."""
        is_ours = self.is_new or self.values["name"] == self.made_name
        is_better = rank > self.name_rank or (rank == self.name_rank and rank is not NameRank.GROUP)
        if not is_ours or not is_better:
            return Outcome.UNCHANGED
        self.name_rank, self.made_name = rank, name[:MAX_NAME]
        return Outcome.UPDATED if self._put("name", self.made_name) else Outcome.UNCHANGED

    def greet(self, first: str, last: str) -> None:
        """Somebody else works there; while nobody has said how the place is called, its people name it."""
        if len(self.people) < NAMED:
            self.people.append([first, last])
            self.is_touched = True
        if self.is_new or self.is_named_by_people:
            self.give_name(name_by_people(self.people, self.values.get("address1") or ""), NameRank.PEOPLE)


class ProviderDraft(Draft):
    """A provider with the places of work that are known, and those that this import adds and ends."""

    __slots__ = ("ended", "joined", "npi", "place_ids", "primary_at", "settled")

    def __init__(
        self, row_id: int | None, npi: str, values: dict[str, Any], wrote: dict[str, dict[str, Any]] | None
    ) -> None:
        super().__init__(row_id, values, wrote)
        self.npi = npi
        self.place_ids: dict[int, int] = {}  # practice -> affiliation, 0 for one that has ended
        self.primary_at: int | None = None  # the practice of the primary work; 0 for one that this import adds
        self.joined: list[tuple[PlaceDraft, bool]] = []
        self.ended: list[int] = []
        self.settled: PlaceDraft | None = None

    def is_at(self, place: PlaceDraft) -> bool:
        """Whether the provider works there, or did: an end that somebody noted stays."""
        return place.id in self.place_ids or any(place is other for other, _ in self.joined)

    def join(self, place: PlaceDraft) -> None:
        """Add a place of work; the first one is the primary."""
        self.joined.append((place, self.primary_at is None))
        self.primary_at = 0 if self.primary_at is None else self.primary_at
        self.is_touched = True

    def leave(self, practice_id: int) -> bool:
        """End the work at a practice; says whether there was any to end."""
        affiliation_id = self.place_ids.get(practice_id, 0)
        if affiliation_id:
            self.place_ids[practice_id] = 0
            self.ended.append(affiliation_id)
            self.primary_at = None if self.primary_at == practice_id else self.primary_at
            self.is_touched = True
        return affiliation_id > 0


def name_by_people(people: list[list[str]], street: str) -> str:
    """`Nadia Okonjo, 7420 Riverbend Pkwy`; from two people on their last names; from three on "and others"."""
    lasts = [last for _, last in people]
    if len(people) == 1:
        who = " ".join(part for part in people[0] if part)
    elif len(people) == NAMED:
        who = f"{lasts[0]}, {lasts[1]} and others"
    else:
        who = " and ".join(lasts)
    return f"{who}, {street}"[:MAX_NAME] if street else who[:MAX_NAME]
