"""What words of a column mean in the files of one system, as somebody said, and which of that may last. Pure.

Profiles stay for ever, so no word of a patient may get into one. Only the word of a status does, or what systems write
where there is no day: a word that repeats, in a column of few words, with no sign of a person in it.
"""

import re
from collections.abc import Mapping

from crm.referrals.importing.headers import DATES, STATUSES, Target
from crm.referrals.importing.signs import MOST
from crm.referrals.importing.strays import MARK, PERSON, PRACTICE, REPEATS, Contents, sign_of_patient
from crm.referrals.importing.values import Unreadable, parse_status
from crm.referrals.models import ReferralStatus

LONGEST, MANY_WORDS = 40, 5
LEAST_ROWS = 2
MOST_MEANINGS = 100  # of a column
LONG_NUMBER = re.compile(r"\d{5}")
NUMBERS = re.compile(r"\d+")
FIRST_YEAR, LAST_YEAR = 1900, 2200  # in no other year anybody was born who is a patient
YEAR_DIGITS = 4
EMPTY_DAYS = DATES - {Target.RECEIVED_ON}


def word_key(word: str) -> str:
    """A word as it is compared: small or capital letters and blanks do not matter."""
    return " ".join(word.split()).casefold()


def fitting(target: Target, meanings: Mapping[str, str]) -> dict[str, str]:
    """Those meanings that words of such a column can have: a status, or '' for nothing."""
    able = {"", *ReferralStatus} if target is Target.STATUS else {""} if target in EMPTY_DAYS else set()
    return {word: means for word, means in meanings.items() if means in able}


def lasts(target: Target, word: str, means: str, words: Mapping[str, int]) -> bool:
    """Whether a meaning may be kept for later files. `words`: what stands in the column, and in how many rows."""
    if word in ("", MARK) or words.get(word, 0) < LEAST_ROWS or not fitting(target, {word: means}):
        return False
    return _is_of_statuses(word, words) if target is Target.STATUS else _is_no_day(word)


def _is_of_statuses(word: str, words: Mapping[str, int]) -> bool:
    """Whether a word shows no person, in a column whose words are mostly known, or few."""
    if len(word) > LONGEST or len(word.split()) > MANY_WORDS or LONG_NUMBER.search(word):
        return False
    return not _is_of_a_person(word) and _are_statuses(words)


def _is_of_a_person(word: str) -> bool:
    if sign_of_patient(word, Contents.NAMES):
        return True
    is_named = bool(PERSON.fullmatch(word)) and not PRACTICE.search(word)
    return is_named and not any(part.strip().lower() in STATUSES for part in word.split(","))


def _are_statuses(words: Mapping[str, int]) -> bool:
    filled = sum(rows for word, rows in words.items() if word)
    known = sum(rows for word, rows in words.items() if word and _is_status(word))
    return known >= filled * MOST or filled >= REPEATS * sum(map(bool, words))


def _is_status(word: str) -> bool:
    try:
        parse_status(word)
    except Unreadable:
        return False
    return True


def _is_no_day(word: str) -> bool:
    """`00/00/0000` or `9999-12-31`: no day on which a patient was born, came or died."""
    numbers = NUMBERS.findall(word) if len(word) <= LONGEST else []
    years = [int(number) for number in numbers if len(number) == YEAR_DIGITS]
    return bool(years) and all(not FIRST_YEAR <= year < LAST_YEAR for year in years)
