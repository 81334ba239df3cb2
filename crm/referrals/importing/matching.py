"""Finds the practice and the provider that a row names: by NPI, by affiliation on that day, by exact name. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from crm.directory.search_keys import folded

LEGAL_FORMS = re.compile(
    r"\b(?:llc|l l c|inc|incorporated|pc|p c|pllc|pa|p a|ltd|lp|llp|corp|corporation|co|psc|the)\b"
)


class Place(NamedTuple):
    """A practice as far as matching needs it."""

    id: int
    name: str
    city: str
    zip: str
    npi: str | None
    is_retired: bool


class Stay(NamedTuple):
    """A provider's affiliation."""

    practice_id: int
    starts_on: date | None
    ends_on: date | None
    is_primary: bool


class Match(NamedTuple):
    """What was found of a source; nothing of it is needed for a row to go in."""

    practice_id: int | None
    provider_id: int | None


def name_key(name: str) -> str:
    """A practice's name as it is compared: case, punctuation, `&` and legal forms do not matter."""
    return " ".join(LEGAL_FORMS.sub(" ", folded(name.replace("&", " and "))).split())


@dataclass
class Sources:
    """The whole directory in dictionaries, for looking up many rows."""

    provider_ids: dict[str, int] = field(default_factory=dict)
    stays: dict[int, list[Stay]] = field(default_factory=dict)
    practice_ids: dict[str, int] = field(default_factory=dict)
    by_name: dict[str, list[Place]] = field(default_factory=dict)
    name_of: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, places: Iterable[Place], providers: dict[str, int], stays: dict[int, list[Stay]]) -> "Sources":
        """Sources from the rows of the directory."""
        found = cls(provider_ids=providers, stays=stays)
        for place in places:
            if place.npi:
                found.practice_ids[place.npi] = place.id
            key = name_key(place.name)
            found.name_of[place.id] = key
            found.by_name.setdefault(key, []).append(place)
        return found

    def match(self, npi: str | None, name: str, city: str, zip_code: str, day: date) -> Match:
        """The practice and provider behind a row, as of a day."""
        provider_id = self.provider_ids.get(npi) if npi else None
        if npi and npi in self.practice_ids:
            return Match(self.practice_ids[npi], provider_id)
        practice_id = self._practice_of(provider_id, name, day) if provider_id else None
        if practice_id is None and name:
            practice_id = self._named(name, city, zip_code)
        return Match(practice_id, provider_id)

    def _practice_of(self, provider_id: int, name: str, day: date) -> int | None:
        valid = [stay for stay in self.stays.get(provider_id, ()) if _is_on(stay, day)]
        if len(valid) > 1:
            key = name_key(name) if name else ""
            valid = [stay for stay in valid if key and self.name_of.get(stay.practice_id) == key] or valid
        if not valid:
            return None
        return min(valid, key=lambda stay: (not stay.is_primary, stay.practice_id)).practice_id

    def _named(self, name: str, city: str, zip_code: str) -> int | None:
        """The one practice of a name; ZIP and city decide between several, and no guess is made beyond that."""
        found = self.by_name.get(name_key(name), [])
        for part in (
            [place for place in found if not place.is_retired],
            [place for place in found if zip_code and place.zip[:5] == zip_code],
            [place for place in found if city and folded(place.city) == folded(city)],
        ):
            if len(found) > 1 and part:
                found = part
        return found[0].id if len(found) == 1 else None


def _is_on(stay: Stay, day: date) -> bool:
    return (stay.starts_on is None or stay.starts_on <= day) and (stay.ends_on is None or stay.ends_on >= day)
