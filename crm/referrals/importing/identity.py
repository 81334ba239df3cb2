"""Finds the columns of a file that identify patients, by their names and by all of their values. Pure.

The grain decides first: an email address in a list of monthly counts is a practice's, in a list of referrals it may
be a patient's. The answer names column and rule and how many rows are concerned; it never holds a value.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from crm.core.patient_words import Sign, signs_in
from crm.directory.npi import is_npi
from crm.referrals.importing import identity_words as words
from crm.referrals.importing.headers import Target, known_target
from crm.referrals.importing.values import OLDEST_YEAR
from crm.referrals.models import Grain


class Ruling(StrEnum):
    """What becomes of a column."""

    KEEP = "keep"
    LEAVE_OUT = "leave_out"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Verdict:
    """The ruling on a column, the rule behind it and how many rows it concerns."""

    ruling: Ruling = Ruling.KEEP
    rule: str = ""
    rows: int = 0


HARMLESS = Verdict()


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


SAMPLE = 20_000
NPI_SAMPLE = 2_000
UNIQUE_FROM = 20
UNIQUE_SHARE = 0.95
MANY = 0.3
MOST = 0.6
BIRTH_SPAN_YEARS = 12
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


def _may_tell(text: str) -> bool:
    """A quick look for words that stand before a birth date or a record number."""
    plain = text.lower()
    return any(word in plain for word in TELLING)


def is_vin(text: str) -> bool:
    """Whether 17 characters are a vehicle's number: its ninth is the check digit."""
    total = sum(w * (int(c) if c.isdigit() else VIN_VALUES[c]) for w, c in zip(VIN_WEIGHTS, text, strict=True))
    return text[8] == "0123456789X"[total % 11]


def rule_by_name(key: str, grain: Grain) -> str:
    """The rule that a column's name breaks, or ''. `key` is the name as `header_key` writes it."""
    if not key or (words.HARMLESS.match(key) and not words.BARE.match(key)):
        return ""
    if words.BARE.match(key):
        return "Patient name"
    for rule, pattern in words.ALWAYS:
        if pattern.search(key):
            return rule
    key = words.OF_THE_REFERRAL.sub("", key)
    if grain is Grain.MONTH or words.OURS.match(key):
        return ""
    return next((rule for rule, pattern in words.EVENTS if pattern.search(key)), "")


def judge(key: str, signs: ValueSigns, grain: Grain) -> Verdict:
    """The ruling on one column."""
    if rule := rule_by_name(key, grain):
        return Verdict(Ruling.REFUSE, rule, signs.filled)
    if verdict := _by_certain_values(signs):
        return verdict
    if words.FREE_TEXT.search(key):
        return Verdict(Ruling.LEAVE_OUT, "Free text", signs.filled)
    found = known_target(key)
    target = found[0] if found else None
    if grain is Grain.EVENT and (verdict := _by_event_values(key, signs, target)):
        return verdict
    if target is None and signs.reads_as_text:
        return Verdict(Ruling.LEAVE_OUT, "Free text", signs.filled)
    return HARMLESS


def _by_certain_values(signs: ValueSigns) -> Verdict | None:
    """What is a patient's wherever it stands."""
    for rule, rows in (
        ("Social security numbers among the values", signs.ssn),
        ("Medicare numbers among the values", signs.mbi),
        ("Birth dates or record numbers among the values", signs.phrases),
    ):
        if rows:
            return Verdict(Ruling.REFUSE, rule, rows)
    if signs.share(signs.vin) > MANY:
        return Verdict(Ruling.REFUSE, "Vehicle numbers among the values", signs.vin)
    return None


def _by_event_values(key: str, signs: ValueSigns, target: Target | None) -> Verdict | None:
    is_named_ours = bool(words.OURS.match(key))
    is_ours = is_named_ours or target is not None
    has_phones = signs.share(signs.phone) > MANY and not signs.holds_npis
    checks = (
        ("Email addresses among the values", signs.email, bool(signs.email) and not is_named_ours),
        ("Phone numbers among the values", signs.phone, has_phones and not is_named_ours),
        ("Diagnosis codes among the values", signs.icd, signs.share(signs.dotted_icd if is_ours else signs.icd) > MANY),
        ("Web or network addresses among the values", signs.web, signs.share(signs.web) > MANY and not is_ours),
        ("Dates that look like birth dates", signs.dates, target is None and _looks_like_births(signs)),
        ("Codes that single out each row", signs.filled, target is None and _singles_out(signs)),
    )  # fmt: skip
    return next((Verdict(Ruling.REFUSE, rule, rows) for rule, rows, is_broken in checks if is_broken), None)


def _looks_like_births(signs: ValueSigns) -> bool:
    """Dates over many years, or all of them older than any referral that is read here."""
    is_old = 0 < signs.last_year < OLDEST_YEAR
    return signs.share(signs.dates) > MOST and (is_old or signs.last_year - signs.first_year > BIRTH_SPAN_YEARS)


def _singles_out(signs: ValueSigns) -> bool:
    """A code or text that differs in nearly every row; amounts, dates and provider numbers do so too."""
    if signs.share(signs.uuid) > MOST:
        return True
    is_plain = signs.share(signs.numbers - signs.codes) > MOST or signs.share(signs.dates) > MOST
    return signs.is_near_unique and not is_plain and not signs.holds_npis and not signs.reads_as_text
