"""Counts the signs in all values of a column: of patients, and of what the column may mean. Pure.

What follows from the counts is ruled in `identity.py`; a count never holds a value. A million cells are looked at in a
fraction of a second because most columns repeat few values: each different one is looked at once in a piece.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress, count, repeat
from operator import contains, mul

from crm.core.patient_words import Sign, signs_in
from crm.directory.npi import is_npi
from crm.referrals.importing.headers import is_kind, is_payer
from crm.referrals.importing.sign_patterns import FINDS, YEARS, looks_of, shape_of

SAMPLE = 20_000
NPI_SAMPLE = 2_000
PAYER_SAMPLE = 1_000
UNIQUE_FROM = 20
UNIQUE_SHARE = 0.95
MOST = 0.6
KINDS_SHARE = 0.9
SHORT_YEAR_PIVOT = 40  # 39 is a day of 2039 and 40 one of 1940: no referral is so old, and no day so far ahead
TELLING = (
    "dob",
    "d.o.b",
    "d o b",
    "birth",
    "born",
    "mrn",
    "m.r.n",
    "mr#",
    "mr #",
    "mr no",
    "med rec",
    "medical rec",
    "med. rec",
    "chart",
    "ssn",
    "social",
    "patient id",
    "patientid",
    "pt id",
    "member id",
    "medicaid id",
    "medicare id",
    "epic id",
)
TELLING_SHAPES = ("aaa", "aa aa", "aa#", "aa #", "a a a", "a.a.a")  # each of these words has one of them
PHRASE_SIGNS = frozenset({Sign.SSN, Sign.MBI, Sign.BIRTH_DATE, Sign.RECORD_NUMBER})


@dataclass
class ValueSigns:
    """In how many values of one column each sign was found; filled piece by piece with `add`."""

    filled: int = 0
    ssn: int = 0
    mbi: int = 0
    phrases: int = 0
    icd: int = 0
    dotted_icd: int = 0
    email: int = 0
    phone: int = 0
    vin: int = 0
    web: int = 0
    uuid: int = 0
    npi_like: int = 0
    npis: int = 0
    npi_sampled: int = 0
    payers: int = 0
    payers_sampled: int = 0
    payer_names: set[int] = field(default_factory=set)
    numbers: int = 0
    codes: int = 0
    dates: int = 0
    day_first: int = 0
    month_first: int = 0
    first_year: int = 9999
    last_year: int = 0
    letters: int = 0
    blanks: int = 0
    distinct: set[int] = field(default_factory=set)
    sampled: int = 0
    kinds: int = 0  # of those sampled, how many say of which kind a source is

    def add(self, values: Sequence[str], times: Sequence[int] | None = None) -> None:
        """Count the signs in more values, each of which stands so many times in the column; blank ones say nothing."""
        times = times or [1] * len(values)
        if not all(values):
            values, times = list(filter(None, values)), list(compress(times, values))
        if not values:
            return
        self.filled += sum(times)
        originals, text = values, "\n".join(values)
        shapes = shape_of(text)
        if any(shape in shapes for shape in TELLING_SHAPES):
            self.phrases += _count_phrases(values, times, text)
        if text.count("\n") >= len(values):
            values = [" ".join(value.split()) if "\n" in value else value for value in values]
            shapes = shape_of("\n".join(values))
        self.letters += sum(map(mul, map(len, values), times))
        if " " in shapes:
            self.blanks += sum(map(mul, map(str.count, values, repeat(" ")), times))
        by_value = shapes.split("\n")
        self._add_sample(originals, times, by_value)
        self._add_looks(values, times, by_value)

    def _add_looks(self, lines: Sequence[str], times: Sequence[int], shapes: list[str]) -> None:
        looks = {shape: looks_of(shape) for shape in set(shapes)}
        for look in frozenset[str]().union(*looks.values()):
            fitting = {shape for shape, possible in looks.items() if look in possible}
            may_be = list(map(fitting.__contains__, shapes))
            if look in YEARS:
                self._add_years({int(found[1]) for found in map(YEARS[look], compress(lines, may_be)) if found})
            elif look in FINDS:
                found = map(FINDS[look], compress(lines, may_be))
                self._count(look, sum(compress(compress(times, may_be), found)))
            else:
                self._count(look, sum(compress(times, may_be)))

    def _count(self, look: str, times: int) -> None:
        setattr(self, look, getattr(self, look) + times)

    def _add_years(self, years: set[int]) -> None:
        for year in years:
            whole = year if year > 99 else year + (1900 if year >= SHORT_YEAR_PIVOT else 2000)  # noqa: PLR2004 two digits
            self.first_year, self.last_year = min(self.first_year, whole), max(self.last_year, whole)

    def _add_sample(self, values: Sequence[str], times: Sequence[int], shapes: list[str]) -> None:
        different = set(shapes)
        if self.sampled < SAMPLE:
            self.sampled += sum(times)
            self.distinct.update(map(hash, values))
            wordy = {shape for shape in different if "9" not in shape}  # no kind has a digit
            self.kinds += _count_those(values, times, list(map(wordy.__contains__, shapes)), is_kind)
        if self.payers_sampled < PAYER_SAMPLE:
            self._add_payers(values[:PAYER_SAMPLE], times[:PAYER_SAMPLE])
        if self.npi_sampled < NPI_SAMPLE:
            self.npi_sampled += sum(times)
            fitting = {shape for shape in different if "npi_like" in looks_of(shape)}
            self.npis += _count_those(values, times, list(map(fitting.__contains__, shapes)), _is_npi)

    def _add_payers(self, values: Sequence[str], times: Sequence[int]) -> None:
        are_payers = list(map(is_payer, values))
        self.payers_sampled += sum(times)
        self.payers += sum(compress(times, are_payers))
        self.payer_names.update(map(hash, compress(values, are_payers)))

    def share(self, count: int) -> float:
        """Which part of the filled cells a count is."""
        return count / self.filled if self.filled else 0.0

    @property
    def is_near_unique(self) -> bool:
        """Whether nearly every cell holds something else."""
        return self.sampled >= UNIQUE_FROM and len(self.distinct) > self.sampled * UNIQUE_SHARE

    @property
    def holds_kinds(self) -> bool:
        """Whether nearly every cell says of which kind a source is, and names none."""
        return self.kinds > self.sampled * KINDS_SHARE

    @property
    def holds_npis(self) -> bool:
        """Whether most cells are NPIs with a right check digit, which one in ten random numbers has."""
        return self.npis > self.npi_sampled * MOST

    @property
    def holds_payers(self) -> bool:
        """Whether most cells say who pays, and not all the same."""
        return len(self.payer_names) > 1 and self.payers > self.payers_sampled * MOST

    @property
    def reads_as_text(self) -> bool:
        """Whether cells hold sentences rather than names or codes."""
        return self.letters > self.filled * 39 and self.blanks > self.filled * 5


def _count_those(values: Sequence[str], times: Sequence[int], may_be: list[bool], are: Callable[[str], bool]) -> int:
    return sum(compress(compress(times, may_be), map(are, compress(values, may_be))))


def _count_phrases(values: Sequence[str], times: Sequence[int], text: str) -> int:
    whole = text.lower()
    words = [word for word in TELLING if word in whole]
    plain = list(map(str.lower, values)) if words else []
    telling = {place for word in words for place in compress(count(), map(contains, plain, repeat(word)))}
    return sum(times[place] for place in telling if signs_in(values[place]) & PHRASE_SIGNS)


def _is_npi(value: str) -> bool:
    return bool(FINDS["npi_like"](value)) and is_npi(value[:10])
