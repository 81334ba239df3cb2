"""Which practices a source most likely is, and why: by its name, its place, and the provider that it names. Pure.

Suggestions are only shown: a person decides. Points order them; the sentence says what they stand on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from rapidfuzz import fuzz, process

from crm.core import formats
from crm.directory.search_keys import folded
from crm.referrals.importing.matching import name_key

MOST = 3
LOOKED_AT = 40  # practices of similar names, before place and provider are weighed
SAME, SIMILAR, FAINT = 100, 82, 70  # likeness of two names, of 100
WORKS, WORKED, SAME_NAME, SAME_ZIP, SAME_CITY, OTHER_CITY = 60, 40, 50, 20, 12, -8
LEAST = 30
KNOWN_NAMES = 50_000
# Words of practice names that systems cut short.
SHORT = {
    "assoc": "associates", "assocs": "associates", "cardio": "cardiology", "clin": "clinic", "ctr": "center",
    "ctrs": "centers", "derm": "dermatology", "fam": "family", "grp": "group", "hlth": "health", "hosp": "hospital",
    "int": "internal", "med": "medicine", "mt": "mount", "neuro": "neurology", "ortho": "orthopedics",
    "orthopaedics": "orthopedics", "peds": "pediatrics", "pediatric": "pediatrics", "phys": "physicians",
    "prac": "practice", "spec": "specialists", "st": "saint", "univ": "university", "centre": "center",
}  # fmt: skip
TITLES = frozenset({"md", "do", "np", "pa", "pac", "dr", "dpm", "dds", "phd", "rn", "aprn", "cnp", "fnp", "jr", "sr"})


class Place(NamedTuple):
    """A practice that a source may be."""

    id: int
    name: str
    city: str
    zip: str


class Clinician(NamedTuple):
    """A provider at a practice; `key` is what a person is searched by, `ends_on` the day on which they left."""

    npi: str | None
    key: str
    name: str
    practice_id: int
    ends_on: date | None  # none as long as they work there


class Unknown(Protocol):
    """A source as files name it."""

    id: int
    npi: str | None
    name: str
    provider_name: str
    city: str
    zip: str


@dataclass(frozen=True)
class Suggestion:
    """A practice that a source may be, and why, in a sentence."""

    practice_id: int
    name: str
    city: str
    why: str


@dataclass(frozen=True)
class Known:
    """The practices, and the providers whom the sources may name."""

    places: Sequence[Place]
    clinicians: Sequence[Clinician] = ()


@dataclass
class _Case:
    """What speaks for one practice."""

    points: int = 0
    reasons: list[str] = field(default_factory=list)

    def add(self, points: int, reason: str) -> None:
        self.points += points
        self.reasons.append(reason)


def person_keys(name: str) -> set[str]:
    """What a provider may be found by: `Okonjo, Nadia MD` and `Nadia A. Okonjo` both by `okonjo nadia`."""
    words = [word for word in folded(name).split() if word not in TITLES]
    if len(words) < 2:  # noqa: PLR2004 a last name alone says too little
        return set()
    first, last = words[0], words[-1]
    return {f"{last} {first}", f"{first} {words[1]}", f"{first} {last}"}


def suggest(sources: Sequence[Unknown], known: Known, most: int = MOST) -> dict[int, list[Suggestion]]:
    """For each source, by its number, the practices that it most likely is, the likeliest first; perhaps none."""
    if not sources or not known.places:
        return {source.id: [] for source in sources}
    likeness = process.cdist(
        [compared(source.name) for source in sources], [compared(place.name) for place in known.places],
        scorer=fuzz.token_sort_ratio, score_cutoff=FAINT, dtype=np.uint8,
    )  # fmt: skip
    at = {place.id: number for number, place in enumerate(known.places)}
    found: dict[int, list[Suggestion]] = {}
    for source, like in zip(sources, likeness, strict=True):
        cases = {place_id: _Case() for place_id in _by_provider(source, known, at)}
        for number in np.argsort(like, kind="stable")[::-1][:LOOKED_AT].tolist():
            if like[number]:
                cases.setdefault(known.places[number].id, _Case())
        for place_id, case in cases.items():
            _weigh(case, source, known.places[at[place_id]], int(like[at[place_id]]))
        for place_id, reason, points in _provider_reasons(source, known, at):
            cases[place_id].add(points, reason)
        found[source.id] = _best(cases, known, at, most)
    return found


@lru_cache(maxsize=KNOWN_NAMES)
def compared(name: str) -> str:
    """A practice's name with its words in full, without legal forms."""
    return " ".join(SHORT.get(word, word) for word in name_key(name).split()) if name else ""


def _by_provider(source: Unknown, known: Known, at: dict[int, int]) -> list[int]:
    return [place_id for place_id, _, _ in _provider_reasons(source, known, at)]


def _provider_reasons(source: Unknown, known: Known, at: dict[int, int]) -> list[tuple[int, str, int]]:
    """The practices at which the provider works or worked whom the source names, each once."""
    keys = person_keys(source.provider_name)
    found: dict[int, tuple[int, str, int]] = {}
    for clinician in known.clinicians:
        is_same = bool(source.npi) and clinician.npi == source.npi
        if clinician.practice_id not in at or not (is_same or clinician.key in keys):
            continue
        verb = "works there" if clinician.ends_on is None else f"worked there until {formats.day(clinician.ends_on)}"
        points = (WORKS if clinician.ends_on is None else WORKED) - (0 if is_same else 10)
        before = found.get(clinician.practice_id)
        if before is None or before[2] < points:
            found[clinician.practice_id] = (clinician.practice_id, f"{clinician.name} {verb}", points)
    return list(found.values())


def _weigh(case: _Case, source: Unknown, place: Place, like: int) -> None:
    """What name and place say; a place alone says nothing."""
    if like >= SIMILAR:
        case.add(SAME_NAME if like == SAME else like - 50, "same name" if like == SAME else "similar name")
    elif like:
        case.add(like - 55, "partly the same name")
    if source.zip and place.zip[:5] == source.zip:
        case.add(SAME_ZIP, f"same ZIP {source.zip}")
    elif source.city and folded(source.city) == folded(place.city):
        case.add(SAME_CITY, f"also in {place.city}")
    elif source.city and place.city:
        case.add(OTHER_CITY, f"but in {place.city}, the file says {source.city}")


def _best(cases: dict[int, _Case], known: Known, at: dict[int, int], most: int) -> list[Suggestion]:
    def rank(place_id: int) -> tuple[int, str, int]:
        return -cases[place_id].points, known.places[at[place_id]].name, place_id

    likely = sorted((place_id for place_id, case in cases.items() if case.points >= LEAST), key=rank)[:most]
    return [
        Suggestion(place_id, place.name, place.city, _sentence(cases[place_id].reasons))
        for place_id in likely
        for place in [known.places[at[place_id]]]
    ]


def _sentence(reasons: list[str]) -> str:
    # A doubt stands last, behind what speaks for the practice.
    said = sorted(reasons, key=lambda reason: reason.startswith("but "))
    text = ", ".join(said)
    return text[:1].upper() + text[1:] + "."
