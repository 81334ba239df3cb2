"""Finds the columns of a file that identify patients, by their names and by all of their values. Pure.

The grain decides first: an email address in a list of monthly counts is a practice's, in a list of referrals it may
be a patient's. The answer names column and rule and how many rows are concerned; it never holds a value.
"""

from dataclasses import dataclass
from enum import StrEnum

from crm.referrals.importing import identity_words as words
from crm.referrals.importing.headers import Target, known_target
from crm.referrals.importing.signs import MOST, ValueSigns
from crm.referrals.importing.strays import CONTENTS, MANY, Contents, Strays
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
BIRTH_SPAN_YEARS = 12
EXTRACT_SPAN_YEARS = 40
OLDER_YEARS = 2
NAME_NOT_KNOWN = "Name not known"


def rule_by_name(key: str, grain: Grain) -> str:
    """The rule that a column's name breaks, or ''. `key` is the name as `header_key` writes it."""
    if not key or (words.HARMLESS.match(key) and not words.BARE.match(key)):
        return ""
    if words.BARE.match(key):
        return "Patient name"
    for rule, pattern in words.ALWAYS:
        if pattern.search(key):
            return rule
    if grain is Grain.MONTH:
        return ""
    if words.OF_PATIENTS.search(key):
        return "Patient detail"
    key = words.OF_THE_REFERRAL.sub("", key)
    if words.OURS.match(key):
        return ""
    return next((rule for rule, pattern in words.EVENTS if pattern.search(key)), "")


def contents_of(key: str) -> Contents:
    """What the cells of a column of this name should hold."""
    if found := known_target(key):
        return CONTENTS[found[0]]
    return Contents.OURS if key and words.OURS.match(key) else Contents.OPEN


def judge(key: str, signs: ValueSigns, strays: Strays, grain: Grain, *, is_trusted: bool = False) -> Verdict:
    """The ruling on one column. `is_trusted`: somebody said before what a column of this name holds."""
    if rule := rule_by_name(key, grain):
        return Verdict(Ruling.REFUSE, rule, signs.filled)
    if verdict := _by_certain_values(signs):
        return verdict
    if words.FREE_TEXT.search(key):
        return Verdict(Ruling.LEAVE_OUT, "Free text", signs.filled)
    if grain is Grain.EVENT and words.PATIENTS.match(key) and signs.share(signs.numbers) <= MOST:
        return Verdict(Ruling.REFUSE, "Patient name", signs.filled)
    found = known_target(key)
    target = found[0] if found else None
    is_known = target is not None or is_trusted
    if grain is Grain.EVENT:
        verdict = _by_known_contents(signs, strays, target) if is_known else _by_open_contents(key, signs, strays)
        if verdict:
            return verdict
    if not is_known and signs.reads_as_text:
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


def _by_known_contents(signs: ValueSigns, strays: Strays, target: Target | None) -> Verdict | None:
    """Of a column that is imported: whether it holds something else than its name says."""
    is_names = strays.contents is Contents.NAMES
    has_births = _looks_like_births(signs, BIRTH_SPAN_YEARS if is_names else EXTRACT_SPAN_YEARS)
    checks = (
        (f"{strays.most_common} in most rows", signs.filled, strays.is_mostly_refused),
        ("Diagnosis codes among the values", signs.dotted_icd, signs.share(signs.dotted_icd) > MANY),
        ("Dates that look like birth dates", signs.dates, has_births),
        (
            "Names that differ in nearly every row",
            signs.filled,
            target is Target.SOURCE_NAME and signs.is_near_unique and strays.names_persons,
        ),
    )
    return next((Verdict(Ruling.REFUSE, rule, rows) for rule, rows, is_broken in checks if is_broken), None)


def _by_open_contents(key: str, signs: ValueSigns, strays: Strays) -> Verdict | None:
    """Of a column whose name is not known: it stays only if its values show that it is about no single person."""
    is_ours = bool(words.OURS.match(key))
    has_phones = signs.share(signs.phone) > MANY and not signs.holds_npis
    checks = (
        ("Email addresses among the values", signs.email, bool(signs.email) and not is_ours),
        ("Phone numbers among the values", signs.phone, has_phones and not is_ours),
        ("Diagnosis codes among the values", signs.icd, signs.share(signs.dotted_icd if is_ours else signs.icd) > MANY),
        ("Web or network addresses among the values", signs.web, signs.share(signs.web) > MANY and not is_ours),
        ("Dates that look like birth dates", signs.dates, _looks_like_births(signs, BIRTH_SPAN_YEARS)),
        ("Codes that single out each row", signs.filled, _singles_out(signs) and not strays.is_telling),
    )
    for rule, rows, is_broken in checks:
        if is_broken:
            return Verdict(Ruling.REFUSE, rule, rows)
    if signs.holds_npis or signs.share(signs.dates) > MOST or strays.is_telling:
        return None
    return Verdict(Ruling.LEAVE_OUT, NAME_NOT_KNOWN, signs.filled)


def _looks_like_births(signs: ValueSigns, span: int) -> bool:
    """Dates over many years, or all of them older than any referral that is read here."""
    is_old = 0 < signs.last_year < OLDEST_YEAR
    return signs.share(signs.dates) > MOST and (is_old or signs.last_year - signs.first_year > span)


def is_older(signs: ValueSigns, others: list[ValueSigns]) -> bool:
    """Whether days lie long before those of the newest other column, as those of children's births do."""
    newest = max(others, key=lambda other: other.last_year)
    return signs.last_year < newest.last_year - 1 or signs.first_year < newest.first_year - OLDER_YEARS


def _singles_out(signs: ValueSigns) -> bool:
    """A code or text that differs in nearly every row; amounts, dates and provider numbers do so too."""
    if signs.share(signs.uuid) > MOST:
        return True
    is_plain = signs.share(signs.numbers - signs.codes) > MOST or signs.share(signs.dates) > MOST
    return signs.is_near_unique and not is_plain and not signs.holds_npis and not signs.reads_as_text
