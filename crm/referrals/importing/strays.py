"""Values that stand where they do not belong: a telephone number among practices, a name among days. Pure.

Columns that are imported are known by their names; what a cell of them holds is looked at here. A row with a sign of
 a patient among its names is refused, and in a column of days or numbers whatever is none becomes a mark. A column
whose name says nothing is judged by how its values repeat. Values are held while the file is read, and never shown.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import filterfalse

from crm.core.patient_words import Sign, folded, signs_in
from crm.referrals.importing.headers import DATES, MONEY, PAYERS, STATUSES, Target
from crm.referrals.importing.sign_patterns import FINDS, is_vin, misfits
from crm.referrals.importing.signs import MOST, ValueSigns

MARK = "?"
MANY = 0.3
REPEATS = 5
MAX_DIFFERENT = 20_000
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
SHAPES = {Contents.DAYS: DAY, Contents.NPIS: NPI}
FINDS_OF_SIGNS = {Sign.SSN: FINDS["ssn"], Sign.MBI: FINDS["mbi"]}
# Whether somebody is a woman or a man identifies nobody; it has no use here, and patients only.
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
    """What was found in one column; filled piece by piece with `add`, then closed."""

    contents: Contents
    filled: int = 0
    different: set[str] = field(default_factory=set, repr=False)
    numeric: set[str] = field(default_factory=set, repr=False)
    counts: Counter[str] = field(default_factory=Counter, repr=False)
    refused_rows: int = 0
    refused: dict[str, str] = field(default_factory=dict, repr=False)  # value -> why no row with it is kept
    marked: set[str] = field(default_factory=set, repr=False)  # values in whose place a mark is kept

    def add(self, values: list[str], times: list[int]) -> None:
        """Look at more values, each once, with how often it stands in the piece; blank ones say nothing."""
        self.filled += sum(times)
        if self.contents in UNNAMED:
            self._count(values, times)
        elif self.contents is Contents.NUMBERS:
            self.marked.update(misfits(values, NUMBER.fullmatch), filterfalse(str.isascii, values))
        elif pattern := SHAPES.get(self.contents):
            self.marked.update(filterfalse(pattern.fullmatch, values), filterfalse(str.isascii, values))
        else:
            self._look_at_new(values, times)

    def _look_at_new(self, values: list[str], times: list[int]) -> None:
        new = set(values)
        if self.contents is Contents.CODES:  # digits of other scripts might be those of another number
            new = {*misfits(values, CODE.fullmatch), *filterfalse(str.isascii, values)}
        new -= self.different
        if len(self.different) < MAX_DIFFERENT:
            self.different |= new
        for value in new:
            self._look_at(value)
        if self.refused:
            self.refused_rows += sum(often for value, often in zip(values, times, strict=True) if value in self.refused)

    def _count(self, values: list[str], times: list[int]) -> None:
        if len(self.counts) < MAX_DIFFERENT:
            for value, often in zip(values, times, strict=True):
                self.counts[value] += often

    def _look_at(self, value: str) -> None:
        if reason := sign_of_patient(value, self.contents):
            self.refused[value] = reason
        elif self.contents is Contents.NAMES and value.isdigit() and len(value) >= LONG_NUMBER:
            self.numeric.add(value)

    def close(self, signs: ValueSigns, *, is_single: bool) -> None:
        """All values were seen. Where a row is not one person, only what is a patient's everywhere is refused."""
        if len(self.numeric) < len(self.different) * MANY:  # else the column names its sources by numbers
            self.refused |= dict.fromkeys(self.numeric, "A number among names")
        if self.contents in UNNAMED:
            self._close_open(signs, is_single=is_single)
        if not is_single:
            self.refused = {value: reason for value, reason in self.refused.items() if reason in CERTAIN.values()}

    def _close_open(self, signs: ValueSigns, *, is_single: bool) -> None:
        """What stands only once in a column whose name does not say what it holds may be a person's."""
        fits: Callable[[str], object] = tells
        if signs.holds_npis:
            fits = NPI.fullmatch
        elif signs.share(signs.dates) > MOST:
            fits = DAY.fullmatch
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
        people = sum(1 for value in self.different if PERSON.fullmatch(value) and not PRACTICE.search(value))
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
