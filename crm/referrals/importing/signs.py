"""Counts the signs in all values of a column: of patients, and of what the column may mean. Pure.

What follows from the counts is ruled in `identity.py`; a count never holds a value.
"""

import re
from dataclasses import dataclass, field

from crm.core.patient_words import Sign, signs_in
from crm.directory.npi import is_npi

SAMPLE = 20_000
NPI_SAMPLE = 2_000
UNIQUE_FROM = 20
UNIQUE_SHARE = 0.95
MOST = 0.6
_L, _LN = "[AC-HJKMNP-RT-Y]", "[AC-HJKMNP-RT-Y0-9]"
_DATE = r"(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}|(?:19|20)\d{6})"
COUNTED: dict[str, re.Pattern[str]] = {
    # Look-behinds stand after the first character: so the engine skips to characters that can begin a match.
    "ssn": re.compile(
        r"[0-8](?<![\d-][0-8])\d{2}(?<!000)(?<!666)([- \u2013\u2011])(?!00)\d{2}\1(?!0000)\d{4}(?!-?\d)"
    ),
    "mbi": re.compile(
        rf"[1-9](?<![\w-][1-9]){_L}{_LN}\d(?:-| )?{_L}{_LN}\d(?:-| )?{_L}{{2}}\d\d(?![\w-])", re.IGNORECASE
    ),
    "icd": re.compile(r"^[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?\b", re.MULTILINE),
    "dotted_icd": re.compile(r"^[A-TV-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}\b", re.MULTILINE),
    "phone": re.compile(
        r"^(?:\+?1[ .-]?)?\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?$|^[2-9]\d{9}$", re.MULTILINE
    ),
    "web": re.compile(r"^(?:https?://\S+|www\.\S+|\d{1,3}(?:\.\d{1,3}){3})$", re.MULTILINE | re.IGNORECASE),
    "uuid": re.compile(
        r"^(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32,64})$", re.MULTILINE | re.IGNORECASE
    ),
    "npi_like": re.compile(r"^[12]\d{9}(?:\.0)?$", re.MULTILINE),
    "numbers": re.compile(r"^[-+$(]?[\d,]*\.?\d+\)?%?$", re.MULTILINE),
    "codes": re.compile(r"^\d{5,12}$", re.MULTILINE),
    "dates": re.compile(rf"^{_DATE}(?:[T ].{{0,20}})?$", re.MULTILINE),
    "day_first": re.compile(r"^(?:1[3-9]|2\d|3[01])[/.-]\d{1,2}[/.-]\d{2,4}(?![\d/.-])", re.MULTILINE),
    "month_first": re.compile(r"^\d{1,2}[/.-](?:1[3-9]|2\d|3[01])[/.-]\d{2,4}(?![\d/.-])", re.MULTILINE),
}  # fmt: skip
NPI = re.compile(r"[12]\d{9}(?:\.0)?$")
YEARS = re.compile(
    r"^(?:\d{1,2}[/.-]\d{1,2}[/.-])?((?:19|20)\d{2})(?:[/.-]\d{1,2}[/.-]\d{1,2}|\d{4}(?!\d))?(?=[T ]|$)", re.MULTILINE
)
SHORT_YEARS = re.compile(r"^\d{1,2}[/.-]\d{1,2}[/.-](\d{2})(?=[T ]|$)", re.MULTILINE)
SHORT_YEAR_PIVOT = 40  # 39 is a day of 2039 and 40 one of 1940: no referral is so old, and no day so far ahead
VIN = re.compile(r"^[A-HJ-NPR-Z0-9]{17}$", re.MULTILINE)
EMAIL = re.compile(r"^[^\s@]{1,64}@[^\s@]{1,190}\.[a-z]{2,}$", re.MULTILINE | re.IGNORECASE)
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
PHRASE_SIGNS = frozenset({Sign.SSN, Sign.MBI, Sign.BIRTH_DATE, Sign.RECORD_NUMBER})
VIN_VALUES = {
    c: v for v, letters in enumerate(["", "AJ", "BKS", "CLT", "DMU", "ENV", "FW", "GPX", "HY", "RZ"]) for c in letters
}
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


@dataclass
class ValueSigns:
    """What was counted in all values of one column; filled piece by piece with `add`."""

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

    def add(self, values: list[str]) -> None:
        """Count the signs in more values; blank ones say nothing."""
        known = [value for value in values if value]
        self.filled += len(known)
        if not known:
            return
        text = "\n".join(known)
        if text.count("\n") >= len(known):
            text = "\n".join(" ".join(value.split()) for value in known)
        for name, pattern in COUNTED.items():
            setattr(self, name, getattr(self, name) + len(pattern.findall(text)))
        self.vin += sum(map(is_vin, VIN.findall(text)))
        self.letters += len(text)
        self.blanks += text.count(" ")
        self._add_words(known, text)
        self._add_years(text)
        self._add_sample(known)

    def _add_words(self, known: list[str], text: str) -> None:
        if "@" in text:
            self.email += len(EMAIL.findall(text))
        if _may_tell(text):
            self.phrases += sum(1 for value in known if _may_tell(value) and signs_in(value) & PHRASE_SIGNS)

    def _add_years(self, text: str) -> None:
        years = [int(year) for year in YEARS.findall(text)]
        years += [int(year) + (1900 if int(year) >= SHORT_YEAR_PIVOT else 2000) for year in SHORT_YEARS.findall(text)]
        if years:
            self.first_year, self.last_year = min(self.first_year, *years), max(self.last_year, *years)

    def _add_sample(self, known: list[str]) -> None:
        if self.sampled < SAMPLE:
            self.sampled += len(known)
            self.distinct.update(map(hash, known))
        if self.npi_sampled < NPI_SAMPLE:
            self.npi_sampled += len(known)
            self.npis += sum(1 for value in known if NPI.match(value) and is_npi(value[:10]))

    def share(self, count: int) -> float:
        """Which part of the filled cells a count is."""
        return count / self.filled if self.filled else 0.0

    @property
    def is_near_unique(self) -> bool:
        """Whether nearly every cell holds something else."""
        return self.sampled >= UNIQUE_FROM and len(self.distinct) > self.sampled * UNIQUE_SHARE

    @property
    def holds_npis(self) -> bool:
        """Whether most cells are NPIs with a right check digit, which one in ten random numbers has."""
        return self.npis > self.npi_sampled * MOST

    @property
    def reads_as_text(self) -> bool:
        """Whether cells hold sentences rather than names or codes."""
        return self.letters > self.filled * 40 and self.blanks > self.filled * 5


def _may_tell(text: str) -> bool:
    """A quick look for words that stand before a birth date or a record number."""
    plain = text.lower()
    return any(word in plain for word in TELLING)


def is_vin(text: str) -> bool:
    """Whether 17 characters are a vehicle's number: its ninth is the check digit."""
    total = sum(w * (int(c) if c.isdigit() else VIN_VALUES[c]) for w, c in zip(VIN_WEIGHTS, text, strict=True))
    return text[8] == "0123456789X"[total % 11]
