"""Finds the practice and the provider behind a source: what a person decided, then NPI, affiliation on that day, exact
name. Pure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np

from crm.directory.search_keys import folded
from crm.referrals.importing.facts import EPOCH, NONE, Ints
from crm.referrals.importing.rows import Named
from crm.referrals.models import SourceKind

LEGAL_FORMS = re.compile(
    r"\b(?:llc|l l c|inc|incorporated|pc|p c|pllc|pa|p a|ltd|lp|llp|corp|corporation|co|psc|the)\b"
)
DAYS = 1 << 20  # more than there are in two thousand years: makes one number of a source and a day


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


NOBODY = Match(None, None)
ANY_DAY = date(2000, 1, 1)


def name_key(name: str) -> str:
    """A practice's name as it is compared: case, punctuation, `&` and legal forms do not matter."""
    return " ".join(LEGAL_FORMS.sub(" ", folded(name.replace("&", " and "))).split())


@dataclass
class Sources:
    """The whole directory in dictionaries, for looking up many sources, and what people decided about some."""

    provider_ids: dict[str, int] = field(default_factory=dict)
    stays: dict[int, list[Stay]] = field(default_factory=dict)
    practice_ids: dict[str, int] = field(default_factory=dict)
    by_name: dict[str, list[Place]] = field(default_factory=dict)
    name_of: dict[int, str] = field(default_factory=dict)
    decided: dict[bytes, int] = field(default_factory=dict)  # by the key of a source
    _settled: dict[Named, Match | None] = field(default_factory=dict)  # None where the day matters

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

    def match_rows(self, sources: list[Named], source: Ints, days: Ints) -> tuple[Ints, Ints]:
        """The practice and the provider of each row, whose source is a place in `sources`, as of its day."""
        # Where the day does not matter, every different source is looked up once; elsewhere every source and day.
        moving = np.array([self._settle(named) is None for named in sources], dtype=bool)
        of_day = source * DAYS + np.where(moving[source], days, 0) if len(source) else source
        pairs, places = np.unique(of_day, return_inverse=True)
        found = [
            self._settled[sources[pair // DAYS]]
            or self.match(sources[pair // DAYS], date.fromordinal(pair % DAYS + EPOCH))
            for pair in pairs.tolist()
        ]
        practices, providers = (
            np.array([NONE if id_ is None else id_ for id_ in ids], dtype=np.int64)
            for ids in ([match.practice_id for match in found], [match.provider_id for match in found])
        )
        return practices[places], providers[places]

    def _settle(self, source: Named) -> Match | None:
        """What a source matches on any day; None when the day decides."""
        if source not in self._settled:
            stays = self.stays.get(self.provider_ids.get(source.npi or "", 0), ())
            is_moving = any(stay.starts_on or stay.ends_on for stay in stays)
            self._settled[source] = None if is_moving else self.match(source, ANY_DAY)
        return self._settled[source]

    def match(self, source: Named, day: date) -> Match:
        """The practice and provider behind a source, as of a day."""
        if source.kind != SourceKind.PRACTICE:
            return NOBODY
        provider_id = self.provider_ids.get(source.npi) if source.npi else None
        if self.decided and source.key in self.decided:
            return Match(self.decided[source.key], provider_id)
        if source.npi and source.npi in self.practice_ids:
            return Match(self.practice_ids[source.npi], provider_id)
        practice_id = self._practice_of(provider_id, source.name, day) if provider_id else None
        if practice_id is None and source.name:
            practice_id = self._named(source.name, source.city, source.zip)
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
