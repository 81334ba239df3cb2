"""How single cells are understood: dates, months, counts, money, identifiers, statuses, payers. Pure and strict.

A value that cannot be understood raises `Unreadable` with a reason that never repeats the value.
"""

import math
import re
from datetime import date
from functools import lru_cache

from crm.directory.npi import clean_npi, is_npi
from crm.referrals.importing.headers import PAYER_PARTS, PAYERS, SOURCE_KINDS, STATUSES, kind_key
from crm.referrals.models import PayerClass, ReferralStatus, SourceKind

OLDEST_YEAR = 1990
MAX_COUNT = 1_000_000
MAX_CENTS = 10**12
MONTH_NAMES = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"),
        1,
    )
    for name in names.split()
}  # fmt: skip
_TIME = r"(?:[T ]\s*\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?\s*(?:[AaPp]\.?[Mm]\.?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?)?"
ISO_DATE = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}")
US_DATE = re.compile(rf"(\d{{1,2}})[/.-](\d{{1,2}})[/.-](\d{{4}}|\d{{2}}){_TIME}")
COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{4}(?:\d{2})?)?")
DAY_NAME_DATE = re.compile(rf"(\d{{1,2}})[ -]([A-Za-z]{{3,9}})\.?,?[ -](\d{{4}}|\d{{2}}){_TIME}")
NAME_DAY_DATE = re.compile(rf"([A-Za-z]{{3,9}})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}}){_TIME}")
ISO_MONTH = re.compile(r"(\d{4})[-/. ]?(\d{1,2})")
US_MONTH = re.compile(r"(\d{1,2})[-/. ](\d{4})")
NAME_MONTH = re.compile(r"([A-Za-z]{3,9})\.?[-/, ]+(\d{4}|\d{2})")
YEAR_NAME_MONTH = re.compile(r"(\d{4})[-/, ]+([A-Za-z]{3,9})")
NUMBER = re.compile(r"[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?", re.ASCII)
PLAIN_MONEY = re.compile(r"(\d{1,9})\.(\d{2})", re.ASCII)
SHORT_YEAR_PIVOT = 70


class Unreadable(ValueError):
    """A cell that does not hold what its column should; the message says what is wrong, never the value."""


@lru_cache(maxsize=20_000)
def parse_date(text: str, *, day_first: bool = False) -> date:
    """A day, from the ways in which exports write it; a time after it is dropped."""
    found = _date_parts(text.strip(), day_first=day_first)
    if found is None:
        raise Unreadable("Not a date")
    year, month, day = found
    try:
        value = date(year, month, day)
    except ValueError:
        raise Unreadable("Not a date in the calendar") from None
    if not OLDEST_YEAR <= year <= 9998:  # noqa: PLR2004 9999 stands for "no end" in many systems
        raise Unreadable("Date is outside the years that make sense")
    return value


def parse_day_first(text: str) -> date:
    """A day, where the column writes the day before the month."""
    return parse_date(text, day_first=True)


def _date_parts(text: str, *, day_first: bool) -> tuple[int, int, int] | None:
    if match := ISO_DATE.fullmatch(text) or COMPACT_DATE.fullmatch(text):
        return int(match[1]), int(match[2]), int(match[3])
    if match := US_DATE.fullmatch(text):
        first, second = int(match[1]), int(match[2])
        month, day = (second, first) if day_first else (first, second)
        return _year(match[3]), month, day
    if match := DAY_NAME_DATE.fullmatch(text):
        return _year(match[3]), MONTH_NAMES.get(match[2].lower(), 0), int(match[1])
    if match := NAME_DAY_DATE.fullmatch(text):
        return int(match[3]), MONTH_NAMES.get(match[1].lower(), 0), int(match[2])
    return None


def _year(text: str) -> int:
    year = int(text)
    if len(text) > 2:  # noqa: PLR2004 written out
        return year
    return year + (1900 if year >= SHORT_YEAR_PIVOT else 2000)


@lru_cache(maxsize=5_000)
def parse_month(text: str, *, day_first: bool = False) -> int:
    """A month as its number (`formats.month_of`), from `2026-03`, `03/2026`, `Mar 2026`, `202603` or any day in it."""
    plain = text.strip()
    year, month = _month_parts(plain) or (0, 0)
    if not year:
        value = parse_date(plain, day_first=day_first)
        year, month = value.year, value.month
    if not 1 <= month <= 12:  # noqa: PLR2004 months of a year
        raise Unreadable("Not a month")
    if not OLDEST_YEAR <= year <= 9998:  # noqa: PLR2004 see parse_date
        raise Unreadable("Month is outside the years that make sense")
    return year * 12 + month - 1


def _month_parts(text: str) -> tuple[int, int] | None:
    if match := ISO_MONTH.fullmatch(text):
        return int(match[1]), int(match[2])
    if match := US_MONTH.fullmatch(text):
        return int(match[2]), int(match[1])
    if match := NAME_MONTH.fullmatch(text):
        return _year(match[2]), MONTH_NAMES.get(match[1].lower(), 0)
    if match := YEAR_NAME_MONTH.fullmatch(text):
        return int(match[1]), MONTH_NAMES.get(match[2].lower(), 0)
    return None


def parse_number(text: str) -> float:
    """A finite number; thousands commas are allowed."""
    plain = text.strip()
    if not NUMBER.fullmatch(plain):
        raise Unreadable("Not a number")
    value = float(plain.replace(",", ""))
    if not math.isfinite(value):
        raise Unreadable("Not a number that can be counted with")
    return value


def parse_count(text: str) -> int:
    """How many referrals: a whole number from 0 up."""
    value = parse_number(text)
    if value < 0:
        raise Unreadable("Count is negative")
    if value != int(value):
        raise Unreadable("Count is not a whole number")
    if value > MAX_COUNT:
        raise Unreadable("Count is too large")
    return int(value)


def parse_cents(text: str) -> int:
    """An amount of money in cents: `$1,180.00`, `412.5`, `(45.00)` and `-45` for money given back."""
    if match := PLAIN_MONEY.fullmatch(text):
        return int(match[1]) * 100 + int(match[2])
    plain = text.strip().replace("$", "").replace("USD", "").strip()
    is_negative = plain.startswith("(") and plain.endswith(")")
    try:
        value = parse_number(plain.strip("()") if is_negative else plain)
    except Unreadable:
        raise Unreadable("Not an amount of money") from None
    cents = round(value * 100)
    if abs(cents) > MAX_CENTS:
        raise Unreadable("Amount is too large")
    return -cents if is_negative else cents


@lru_cache(maxsize=50_000)
def parse_npi(text: str) -> str | None:
    """The NPI in a cell, or None when it is not one: such a row goes in without a known source."""
    plain = clean_npi(text.removesuffix(".0"))
    return plain if is_npi(plain) else None


@lru_cache(maxsize=2_000)
def parse_status(text: str) -> ReferralStatus:
    """How far the referral has come, in the words of the sending system."""
    plain = re.sub(r"[\s_]+", " ", text.strip().strip("()").lower())
    found = STATUSES.get(plain) or STATUSES.get(plain.replace("-", " "))
    if found is None:
        raise Unreadable("Status not known")
    return found


@lru_cache(maxsize=5_000)
def parse_payer(text: str) -> PayerClass:
    """The class of a payer or plan; a name that says nothing is `other`."""
    plain = re.sub(r"[\s_]+", " ", text.strip().strip("()").lower())
    if not plain:
        return PayerClass.UNKNOWN
    if plain in PAYERS:
        return PAYERS[plain]
    return next((payer for payer, pattern in PAYER_PARTS if pattern.search(plain)), PayerClass.OTHER)


@lru_cache(maxsize=5_000)
def parse_source_kind(text: str, name: str) -> SourceKind:
    """Who referred: what a column of kinds says, else a name that stands for nobody in particular, such as `Self`."""
    for said in (text, name):
        if (key := kind_key(said)) in SOURCE_KINDS:
            return SOURCE_KINDS[key]
    return SourceKind.PRACTICE
