"""Which practices a source most likely is, and why: by its name, its place, and the provider that it names. Pure.

Suggestions are only shown: a person decides. Points order them; the sentence says what they stand on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from crm.core import formats
from crm.directory.search_keys import folded
from crm.referrals.importing.mapping import Sure
from crm.referrals.importing.matching import name_key

MOST = 3
LOOKED_AT = 40  # practices of similar names, before place and provider are weighed
SAME, SIMILAR, FAINT = 100, 80, 70  # likeness of two names, of 100
CHOSEN, WORKS, WORKED, SAME_NAME, SAME_ZIP, SAME_CITY, OTHER_CITY = 70, 60, 40, 58, 20, 12, -8
LESS_SURE = 10  # a provider known by name only
LIKENESS_LESS = 46  # points of a similar name: its likeness less this
LEAST = 28
CLEAR, PROBABLE = 70, 50  # points from which on a suggestion is sure, or likely
LEAD = 10  # points by which one is ahead of another beyond doubt
KNOWN_NAMES, KNOWN_TOWNS = 50_000, 10_000
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
    sure: Sure


@dataclass(frozen=True)
class Known:
    """The practices, the providers whom the sources may name, and what was chosen before: a name, and its practice."""

    places: Sequence[Place]
    clinicians: Sequence[Clinician] = ()
    chosen: Sequence[tuple[str, int]] = ()


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
    likeness = _likeness(sources, known)
    at = {place.id: number for number, place in enumerate(known.places)}
    chosen = {(compared(name), place_id) for name, place_id in known.chosen if name and place_id in at}
    found: dict[int, list[Suggestion]] = {}
    for source, like in zip(sources, likeness, strict=True):
        told = _chosen_reasons(source, chosen) + _provider_reasons(source, known, at)
        near = [number for number in np.argsort(like, kind="stable")[::-1][:LOOKED_AT].tolist() if like[number]]
        cases = {place_id: _Case() for place_id, _, _ in told} | {known.places[number].id: _Case() for number in near}
        for place_id, reason, points in told:
            cases[place_id].add(points, reason)
        for place_id, case in cases.items():
            _weigh(case, source, known.places[at[place_id]], int(like[at[place_id]]))
        found[source.id] = _best(cases, known, at, most)
    return found


def _likeness(sources: Sequence[Unknown], known: Known) -> NDArray[np.uint8]:
    """How alike the names are, 0 to 100: letter by letter, or with their words in any order."""
    asked, names = [compared(source.name) for source in sources], [compared(place.name) for place in known.places]
    ways = (fuzz.ratio, fuzz.token_sort_ratio)
    both = [process.cdist(asked, names, scorer=way, score_cutoff=FAINT, dtype=np.uint8) for way in ways]
    found: NDArray[np.uint8] = np.maximum(*both)
    return found


@lru_cache(maxsize=KNOWN_NAMES)
def compared(name: str) -> str:
    """A practice's name with its words in full, without legal forms."""
    return " ".join(SHORT.get(word, word) for word in name_key(name).split()) if name else ""


@lru_cache(maxsize=KNOWN_TOWNS)
def _town(city: str) -> str:
    return folded(city)


def _chosen_reasons(source: Unknown, chosen: set[tuple[str, int]]) -> list[tuple[int, str, int]]:
    name = compared(source.name)
    return [(place_id, "chosen before for this name", CHOSEN) for of, place_id in sorted(chosen) if of == name]


def _provider_reasons(source: Unknown, known: Known, at: dict[int, int]) -> list[tuple[int, str, int]]:
    """The practices at which the provider works or worked whom the source names, each once."""
    keys = person_keys(source.provider_name)
    found: dict[int, tuple[int, str, int]] = {}
    for clinician in known.clinicians:
        is_same = bool(source.npi) and clinician.npi == source.npi
        if clinician.practice_id not in at or not (is_same or clinician.key in keys):
            continue
        verb = "works there" if clinician.ends_on is None else f"worked there until {formats.day(clinician.ends_on)}"
        points = (WORKS if clinician.ends_on is None else WORKED) - (0 if is_same else LESS_SURE)
        before = found.get(clinician.practice_id)
        if before is None or before[2] < points:
            found[clinician.practice_id] = (clinician.practice_id, f"{clinician.name} {verb}", points)
    return list(found.values())


def _weigh(case: _Case, source: Unknown, place: Place, like: int) -> None:
    """What name and place say; a place alone says nothing."""
    if like >= SIMILAR:
        case.add(SAME_NAME if like == SAME else like - LIKENESS_LESS, "same name" if like == SAME else "similar name")
    elif like:
        case.add(like - LIKENESS_LESS, "partly the same name")
    if source.zip and place.zip[:5] == source.zip:
        case.add(SAME_ZIP, f"same ZIP {source.zip}")
    elif source.city and _town(source.city) == _town(place.city):
        case.add(SAME_CITY, f"also in {place.city}")
    elif source.city and place.city:
        case.add(OTHER_CITY, f"but in {place.city}; the file says {source.city}")


def _best(cases: dict[int, _Case], known: Known, at: dict[int, int], most: int) -> list[Suggestion]:
    def rank(place_id: int) -> tuple[int, str, int]:
        return -cases[place_id].points, known.places[at[place_id]].name, place_id

    # Beside a good answer a poor one only costs time.
    least = max(LEAST, *(case.points / 2 for case in cases.values())) if cases else LEAST
    likely = sorted((place_id for place_id, case in cases.items() if case.points >= least), key=rank)[:most]
    return [
        Suggestion(place_id, place.name, place.city, _sentence(cases[place_id].reasons), _sure(place_id, cases))
        for place_id in likely
        for place in [known.places[at[place_id]]]
    ]


def _sure(place_id: int, cases: dict[int, _Case]) -> Sure:
    """How sure a suggestion is; of two places that are nearly as likely none is sure, and beside a much likelier one
    nothing is likely."""
    points = cases[place_id].points
    rival = max((case.points for other, case in cases.items() if other != place_id), default=0)
    if points >= CLEAR and points - rival > LEAD:
        return Sure.SURE
    return Sure.LIKELY if points >= PROBABLE and rival - points <= LEAD else Sure.CHECK


def _sentence(reasons: list[str]) -> str:
    # A doubt stands last, behind what speaks for the practice.
    said = sorted(reasons, key=lambda reason: reason.startswith("but "))
    text = ", ".join(said)
    return text[:1].upper() + text[1:] + "."
