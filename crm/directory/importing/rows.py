"""What a row of a CMS file says, in our words: who, where, and why it may be refused. Plain values, no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum

from crm.directory.models import PracticeKind

MAX_NAME, MAX_SHORT, MAX_SUFFIX = 200, 60, 20
PERSON_LIMITS = (
    ("last_name", MAX_SHORT), ("first_name", MAX_SHORT), ("middle_name", MAX_SHORT), ("suffix", MAX_SUFFIX),
    ("specialty", MAX_NAME),
)  # fmt: skip


class FileKind(StrEnum):
    """Which of the public files it is."""

    NPPES = "nppes"
    DAC = "dac"

    @property
    def label(self) -> str:
        """Its name, as practices and providers carry it for their source."""
        return "NPPES" if self is FileKind.NPPES else "CMS Doctors & Clinicians"


class Reason(StrEnum):
    """Why a row stays out."""

    NO_NPI = "no_npi"
    BAD_NPI = "bad_npi"
    DEACTIVATED = "deactivated"
    REPEATED = "repeated"
    NO_NAME = "no_name"
    TOO_LONG = "too_long"
    CELLS = "cells"
    QUOTE = "quote"
    BINARY = "binary"

    @property
    def label(self) -> str:
        """The reason as a person reads it."""
        return REASONS[self]


REASONS = {
    Reason.NO_NPI: "No NPI",
    Reason.BAD_NPI: "Not an NPI: its length or its check digit is wrong",
    Reason.DEACTIVATED: "The NPI was deactivated",
    Reason.REPEATED: "The same NPI stands on an earlier line",
    Reason.NO_NAME: "No name",
    Reason.TOO_LONG: "A value is longer than its field",
    Reason.CELLS: "More or fewer cells than the header has columns",
    Reason.QUOTE: "A quotation mark in the wrong place",
    Reason.BINARY: "Holds binary data",
}


class NameRank(IntEnum):
    """How good a practice's name is: made of its people, given by its group, or its own."""

    PEOPLE = 1
    GROUP = 2
    OWN = 3


@dataclass(slots=True)
class Site:
    """A place as one row describes it. `key` is '' when there is no street to find it by."""

    key: str
    address1: str
    address2: str
    city: str
    state: str
    zip: str
    phone: str = ""
    fax: str = ""
    name: str = ""
    rank: NameRank = NameRank.PEOPLE
    kind: PracticeKind = PracticeKind.PHYSICIAN
    code: str = ""
    pac_id: str = ""
    group_name: str = ""


@dataclass(slots=True)
class Record:
    """One row that was understood. `person` holds the columns of a provider, or is None for an organization."""

    npi: str
    person: Mapping[str, str] | None
    site: Site | None
    state: str = ""
    zip: str = ""
    codes: tuple[str, ...] = ()
    ended_on: date | None = None  # when the NPI was deactivated for good
    is_first: bool = True  # the first row of its NPI in the file
    phone: str = ""


@dataclass(frozen=True)
class RowFilter:
    """Which rows are wanted; an empty part lets everything through, several parts must all agree."""

    states: frozenset[str] = frozenset()
    zips: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def is_set(self) -> bool:
        """Whether anything is filtered out at all."""
        return bool(self.states or self.zips or self.codes)

    def takes(self, state: str, zip_code: str, codes: tuple[str, ...]) -> bool:
        """Whether a row is wanted: its state, the start of its ZIP, the start of one of its taxonomy codes."""
        return (
            (not self.states or state in self.states)
            and (not self.zips or zip_code.startswith(self.zips))
            and (not self.codes or any(code.startswith(self.codes) for code in codes))
        )


EVERYTHING = RowFilter()


@dataclass
class Sample:
    """A row as the preview shows it."""

    line: int
    name: str
    specialty: str
    place: str
    outcome: str = field(default="")


def is_too_long(record: Record) -> bool:
    """Whether a value would not fit into its column."""
    person, site = record.person, record.site
    if person is not None and any(len(person[name]) > most for name, most in PERSON_LIMITS):
        return True
    if site is None:
        return False
    longest = max(len(site.name), len(site.address1), len(site.address2), len(site.group_name))
    return longest > MAX_NAME or len(site.city) > MAX_SHORT or len(site.pac_id) > MAX_SUFFIX
