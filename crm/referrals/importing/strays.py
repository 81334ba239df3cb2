"""Values that stand where they do not belong: a telephone number among practices, a name among days. Pure.

Columns that are imported are known by their names; what a cell of them holds is looked at here. A row with a sign of
 a patient among its names is refused, and in a column of days or numbers whatever is none becomes a mark. A column
whose name says nothing is judged by how its values repeat. Values are held while the file is read, and never shown.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import filterfalse, islice

from crm.core.patient_words import Sign, folded, signs_in
from crm.referrals.importing.headers import DATES, MONEY, PAYERS, STATUSES, Target
from crm.referrals.importing.sample import Sample
from crm.referrals.importing.sign_patterns import FINDS, is_vin, misfits
from crm.referrals.importing.signs import MOST, ValueSigns

MARK = "?"
MANY = 0.3
REPEATS = 5
MAX_DIFFERENT = 20_000
MAX_HELD = 20_000  # different values of a column that must not be kept, and as many that may
LONG_NUMBER = 6
MANY_WORDS = 12
FEW = 3
MANY_PERSONS = 50


class Contents(StrEnum):
    """What the cells of a column should hold."""

    NAMES = "names"
    CODES = "codes"
    DAYS = "days"
    NUMBERS = "numbers"
    NPIS = "npis"
    OURS = "ours"  # of the practice or provider that the name of the column names
    OPEN = "open"  # the name of the column does not say


UNNAMED = {Contents.OURS, Contents.OPEN}
CONTENTS: dict[Target, Contents] = {
    **dict.fromkeys(Target, Contents.NAMES),
    **dict.fromkeys(DATES | {Target.MONTH}, Contents.DAYS),
    **dict.fromkeys(MONEY | {Target.COUNT}, Contents.NUMBERS),
    Target.SOURCE_NPI: Contents.NPIS,
    Target.REFERRAL_ID: Contents.CODES,
    Target.LEAVE_OUT: Contents.OPEN,
}
_WORDS_OF_DAYS = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?"
    r"|dec(?:ember)?|(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?|[ap]\.?m\.?|t|z|utc|gmt|st|nd|rd|th|q"
)
# A day of the years in which referrals were made (a birth date is mostly older), and no number of another kind.
DAY = re.compile(
    r"(?=.*\d)(?!.*(?<!\d)(?:1[0-8]\d\d|19[0-8]\d)(?!\d))"
    r"(?!.*(?<![\d.])(?:\d{3}(?!\d)|(?!(?:199|20\d)\d(?:\d\d|\d{4}|\d{8}|\d{10})(?!\d))\d{5}))"
    rf"[\s\d/.,:+-]*(?:(?:{_WORDS_OF_DAYS})(?![a-z])[\s\d/.,:+-]*){{0,5}}",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?:NPI|USD)?[\s:#$(+-]*\d[\d,. -]*(?:e[+-]?\d+)?\s*[)%-]?(?:\s?USD)?|[-–—.]", re.IGNORECASE)
NPI = re.compile(r"(?:NPI)?[\s:#]*[12]\d{3}[ -]?\d{3}[ -]?\d{3}(?:\.0)?", re.IGNORECASE)
CODE = re.compile(r"(?=.*\d)[\w./#:-]{1,64}(?: [\w./#:-]{1,20}){0,2}")
# Without digits a number of a referral is no name if it is written as programs do: `example-implant`.
WORD_CODE = re.compile(r"[a-z]+(?:[-_.][a-z]+)+")
_AMOUNT = r"[-+(]?\s?\$?\s?(?:\d[\d,]*)?\.\d\d\)?|[-(]?\$\s?\d[\d,]*\)?"
PHONE = re.compile(r"(?<![\d-])(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}(?!\d)")
ANY_EMAIL = re.compile(r"[^\s@<(]{1,64}@[^\s@]{1,190}\.[a-z]{2,}", re.IGNORECASE)
WEB = re.compile(r"https?://|\bwww\.|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", re.IGNORECASE)
HASH = re.compile(r"\b(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32,64})\b", re.IGNORECASE)
ICD = re.compile(r"^\s*[A-TV-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}\s*$")
DATE = re.compile(
    r"(?<![\d/.-])(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})|(?:19|20)\d\d[/.-]\d{1,2}[/.-]\d{1,2})(?![\d/-])"
)
PERSON = re.compile(r"[^\W\d_][\w'’. -]*, ?[^\W\d_][\w'’.-]*(?: [^\W\d_][\w'’-]*\.?)?")
# Of practices, and of those who work in them: whoever bears such a word or title is no patient here.
PRACTICE = re.compile(
    r"\b(?:m\.?d|d\.?o|n\.?p|p\.?a(?:-c)?|d\.?p\.?m|d\.?d\.?s|d\.?m\.?d|d\.?c|o\.?d|ph\.?d|r\.?n|a\.?p\.?r\.?n|c\.?n\.?p|f\.?n\.?p"
    r"|cnm|lcsw|dpt|rpt|dr|l\.?l\.?c|inc|p\.?c|pllc|llp|ltd)\b\.?"
    r"|\b(?:clinics?|medical|medicine|health(?:care)?|care|family|associates?|physicians?|doctors?|practice|group|cent(?:er|re)"
    r"|hospital|partners|institute|university|network|services?|office|department|dept|emergency|urgent|wellness|internal|primary"
    r"|p(?:ed|aed)iatric\w*|ortho\w*|cardi\w*|neuro\w*|onco\w*|hemat\w*|dermat\w*|urolog\w*|gastro\w*|pulmon\w*|nephro\w*"
    r"|endocrin\w*|rheumat\w*|psych\w*|podiatr\w*|allerg\w*|immunolog\w*|geriatr\w*|gyn\w*|obstetric\w*|ob-?gyn|ophthal\w*"
    r"|optomet\w*|otolaryng\w*|radiolog\w*|patholog\w*|anesthes\w*|surg\w*|dent(?:al|ist\w*)|oral|endodont\w*|periodont\w*"
    r"|therap\w*|rehab\w*|imaging|mri|x-?ray|ultrasound|mammogra\w*|laborator\w*|labs?|sleep|infusion|dialysis|hospice|vision|spine"
    r"|pain|sports|wound|vascular|bariatric\w*|women'?s|audiolog\w*|nutrition|pharmacy|internists?|chiropract\w*)\b",
    re.IGNORECASE,
)
AMOUNT = re.compile(rf"^(?:{_AMOUNT})$")
MISPLACED = (
    ("An email address", ANY_EMAIL), ("A telephone number", PHONE), ("A web or network address", WEB),
    ("A date", DATE), ("A diagnosis code", ICD),
)  # fmt: skip
DIGIT = re.compile(r"\d")  # nothing that is certain is there without
MAY_BE_MISPLACED = re.compile(r"[\d@:]|www|[a-z]{17}|[a-f]{8}", re.IGNORECASE)  # none of them is there without
PLAIN = {Contents.NUMBERS: NUMBER, Contents.DAYS: DAY, Contents.NPIS: NPI}
BY_SHAPE = {Contents.NUMBERS, Contents.CODES}
FINDS_OF_SIGNS = {Sign.SSN: FINDS["ssn"], Sign.MBI: FINDS["mbi"]}
# Whether somebody is a woman or a man identifies nobody; it has no use here, and patients only.
NUMBER_AMONG_NAMES = "A number among names"
SEXES = {"f", "m", "female", "male", "woman", "man", "unknown", "u", "other", "x", "nonbinary", "non-binary"}
CERTAIN = {
    Sign.SSN: "A social security number",
    Sign.MBI: "A Medicare number",
    Sign.BIRTH_DATE: "A birth date",
    Sign.RECORD_NUMBER: "A record number",
    Sign.CASE: "A patient's age and condition",
}


@dataclass
class Strays:
    """What was found in one column; filled piece by piece with `add`, then closed.

    What must not be kept is held up to some thousand different values. If there are more, `overflows`: then each cell
    is judged once more when it is kept, so that memory does not grow with the file and nothing is missed.
    """

    contents: Contents
    filled: int = 0
    counts: Counter[str] = field(default_factory=Counter, repr=False)
    different: Sample = field(default_factory=lambda: Sample(MAX_DIFFERENT), repr=False)
    harmless: set[str] = field(default_factory=set, repr=False)  # some of the values that were looked at
    refused_rows: int = 0
    refused: dict[str, str] = field(default_factory=dict, repr=False)  # value -> why no row with it is kept
    marked: set[str] = field(default_factory=set, repr=False)  # values in whose place a mark is kept
    overflows: bool = False
    _refuses_numbers: bool = False
    _is_single: bool = True
    _fits: "Callable[[str], object] | None" = None  # of a column whose name does not say what it holds

    def add(self, values: list[str], times: list[int]) -> None:
        """Look at more values, each once, with how often it stands in the piece; blank ones say nothing."""
        self.filled += sum(times)
        if self.contents in UNNAMED:
            self._count(values, times)
        elif self.contents in PLAIN:
            self._mark(self._misfits(values))
        else:
            self._look_at_new(values, times)

    def reasons(self, cells: Iterable[str]) -> Mapping[str, str]:
        """Why rows with some of these cells cannot be kept."""
        if not self.overflows and not self._has_more_numbers:
            return self.refused
        if not self.overflows:
            return {
                value: reason
                for value in set(cells)
                if (reason := self.refused.get(value) or (NUMBER_AMONG_NAMES if is_long_number(value) else ""))
            }
        unknown = set(cells) - self.harmless
        if self.contents is Contents.CODES:
            unknown = self._misfits(list(unknown))
        return {value: reason for value in unknown if value and (reason := self._reason(value))}

    def marks(self, cells: Iterable[str]) -> Collection[str]:
        """In place of which of these cells a mark is kept."""
        if not self.overflows:
            return self.marked
        present = set(filter(None, cells))
        if self.contents in PLAIN:
            return self._misfits(list(present))
        if self._fits is None or self._fits is tells:
            return self.marked
        return {value for value in present if self.counts[value] <= 1 and not self._fits(value)}

    @property
    def _has_more_numbers(self) -> bool:
        """Whether there may be numbers among names that are not in the sample."""
        return self._refuses_numbers and self._is_single and self.different.is_part

    def _misfits(self, values: list[str]) -> set[str]:
        """Values that are not written as those of such a column; digits of other scripts might be other numbers."""
        fits = PLAIN.get(self.contents, CODE).fullmatch
        # Only a rule that takes any digit for any other may look at shapes.
        by_shape = misfits(values, fits) if self.contents in BY_SHAPE else filterfalse(fits, values)
        return {*by_shape, *filterfalse(str.isascii, values)}

    def _look_at_new(self, values: list[str], times: list[int]) -> None:
        new = self._misfits(values) if self.contents is Contents.CODES else set(values)
        self.different.add(new)
        new -= self.harmless
        found = {value: reason for value in new if (reason := self.refused.get(value) or self._reason(value))}
        if len(self.harmless) < MAX_HELD:
            self.harmless |= new - found.keys()
        if found:
            self._refuse(found)
            self.refused_rows += sum(often for value, often in zip(values, times, strict=True) if value in found)

    def _refuse(self, found: dict[str, str]) -> None:
        self.refused.update(islice(found.items(), max(MAX_HELD - len(self.refused), 0)))
        self.overflows |= not found.keys() <= self.refused.keys()

    def _mark(self, found: set[str]) -> None:
        self.marked.update(islice(found - self.marked, max(MAX_HELD - len(self.marked), 0)))
        self.overflows |= not found <= self.marked

    def _count(self, values: list[str], times: list[int]) -> None:
        if len(self.counts) >= MAX_DIFFERENT:
            self.overflows = True
            return
        for value, often in zip(values, times, strict=True):
            self.counts[value] += often

    def _reason(self, value: str) -> str:
        """Why a value cannot stay, or ''. Where a row is not one person, only what is a patient's everywhere cannot."""
        if self.contents in PLAIN or self._fits not in (None, tells):
            return ""
        reason = sign_of_patient(value, self.contents)
        if not reason and self._refuses_numbers and is_long_number(value):
            reason = NUMBER_AMONG_NAMES
        return reason if self._is_single or reason in CERTAIN.values() else ""

    def close(self, signs: ValueSigns, *, is_single: bool) -> None:
        """All values were seen. Where a row is not one person, only what is a patient's everywhere is refused."""
        if self.contents is Contents.NAMES:
            self._close_numbers()
        if self.contents in UNNAMED:
            self._close_open(signs, is_single=is_single)
        self._is_single = is_single
        if not is_single:
            self.refused = {value: reason for value, reason in self.refused.items() if reason in CERTAIN.values()}

    def _close_numbers(self) -> None:
        """Numbers among names are patients' where they are few; else the column names its sources by numbers."""
        numbers = {value for value in self.different.values if is_long_number(value) and not self.refused.get(value)}
        self._refuses_numbers = len(numbers) < len(self.different) * MANY
        if self._refuses_numbers:
            self.harmless = set(filterfalse(is_long_number, self.harmless))
            self._refuse(dict.fromkeys(numbers, NUMBER_AMONG_NAMES))

    def _close_open(self, signs: ValueSigns, *, is_single: bool) -> None:
        """What stands only once in a column whose name does not say what it holds may be a person's."""
        fits: Callable[[str], object] = tells
        if signs.holds_npis:
            fits = NPI.fullmatch
        elif signs.share(signs.dates) > MOST:
            fits = DAY.fullmatch
        self._fits = fits if is_single else tells
        for value, count in self.counts.items():
            if reason := fits is tells and sign_of_patient(value, self.contents):
                self.refused[value] = reason
            elif is_single and count == 1 and not fits(value):
                self.marked.add(value)

    @property
    def is_any(self) -> bool:
        """Whether any value must not be kept as it is."""
        return bool(self.refused or self.marked)

    @property
    def is_mostly_refused(self) -> bool:
        """Whether the values are signs of patients throughout, so that the column is one of patients."""
        return len(self.refused) >= FEW and self.refused_rows > self.filled * MOST

    @property
    def most_common(self) -> str:
        """Why most of the refused values are refused, or ''."""
        return next((reason for reason, _ in Counter(self.refused.values()).most_common(1)), "")

    @property
    def names_persons(self) -> bool:
        """Whether nearly each value is another and reads like `Surname, First`, with no title of a clinician."""
        people = sum(1 for value in self.different.values if PERSON.fullmatch(value) and not PRACTICE.search(value))
        return people >= MANY_PERSONS and people > len(self.different) * MOST

    @property
    def is_telling(self) -> bool:
        """Whether an open column holds sources, services or amounts: values that repeat, or read like such."""
        if not self.counts or len(self.counts) >= MAX_DIFFERENT:
            return False
        total = len(self.counts)
        if SEXES.issuperset(map(str.lower, self.counts)):
            return False
        people = sum(1 for value in self.counts if PERSON.fullmatch(value) and not PRACTICE.search(value))
        telling = sum(1 for value in self.counts if tells(value))
        return people < total * MANY and (self.filled >= REPEATS * total or telling > total * MOST)


def is_long_number(value: str) -> bool:
    """Whether a value is all digits, and more than a suite or a room has."""
    return value.isdigit() and len(value) >= LONG_NUMBER


def tells(value: str) -> bool:
    """Whether a value shows by itself that it is a source, a service, a status, a payer or an amount."""
    plain = value.strip().lower()
    return plain in STATUSES or plain in PAYERS or bool(AMOUNT.search(value) or PRACTICE.search(value))


def sign_of_patient(value: str, contents: Contents) -> str:
    """Why a value among names cannot stay, or ''. The reason never repeats it."""
    text = folded(value)
    found = signs_in(text)
    for sign, reason in CERTAIN.items() if DIGIT.search(text) else ():
        if sign in found or (sign in FINDS_OF_SIGNS and FINDS_OF_SIGNS[sign](text)):
            return reason
    if Sign.NAME in found and not PRACTICE.search(text):
        return "A patient's name"
    return "" if contents is Contents.OURS else _misplaced(text, contents)


def _misplaced(text: str, contents: Contents) -> str:
    """What else stands in no name of a practice, service or plan."""
    plain = text.strip()
    if MAY_BE_MISPLACED.search(text):
        for reason, pattern in MISPLACED:
            if pattern.search(text):
                return reason
        if is_vin(plain):
            return "A vehicle number"
        if HASH.search(plain) and contents is not Contents.CODES:
            return "A code that singles out a row"
    if contents is Contents.CODES:
        return "" if CODE.fullmatch(plain) or WORD_CODE.fullmatch(plain) else "No number of a referral"
    return "Free text" if len(plain.split()) > MANY_WORDS else ""
