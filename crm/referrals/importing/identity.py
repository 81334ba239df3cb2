"""Finds the columns of a file that identify patients, by their names and by all of their values. Pure.

The grain decides first: an email address in a list of monthly counts is a practice's, in a list of referrals it may
be a patient's. The answer names column and rule and how many rows are concerned; it never holds a value.
"""

from dataclasses import dataclass
from enum import StrEnum

from crm.referrals.importing import identity_words as words
from crm.referrals.importing.headers import Target, known_target
from crm.referrals.importing.signs import MOST, ValueSigns
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
MANY = 0.3
BIRTH_SPAN_YEARS = 12


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
