"""What one row of a file stands for: one referral or the count of a month; a list of practices is neither. Pure."""

import re
from collections.abc import Sequence
from typing import Protocol

from crm.core.errors import Invalid
from crm.referrals.importing import identity
from crm.referrals.importing.headers import MONEY, Target, known_target
from crm.referrals.importing.signs import MOST, ValueSigns
from crm.referrals.models import Grain

NATIONAL = 3  # so many "Provider ..." columns have only the national files of providers
OF_NATIONAL_FILES = {"entitytypecode", "providerenumerationdate", "indpacid", "orgpacid", "npideactivationdate"}
OF_EVENTS = {Target.RECEIVED_ON, Target.REFERRAL_ID, Target.APPOINTMENT_ON, Target.SEEN_ON, Target.REPORT_SENT_ON}
# What a list of practices or providers tells of each; with dates of contracts and licenses it is still such a list.
OF_DIRECTORIES = re.compile(
    r"^(?:provider|practice|office|clinic|business|work|primary|mailing)?(?:phone|telephone|fax|email|address|addr|street|suite|"
    r"city|state|zip|taxonomy|credential|degree|license|licence|dea|caqh|specialty|website|county|gender|accepting|officemanager|"
    r"tier|territory|ein|tin|taxid)"
)
MANY_OF_DIRECTORIES = 3
DAYS_OF_EVENTS = re.compile(r"^(?:date|dt|day)$")


class Seen(Protocol):
    """A column as far as it is needed here."""

    key: str
    signs: ValueSigns


def decide_grain(columns: Sequence[Seen]) -> Grain:
    """What one row stands for, from the names of all columns. Raises Invalid for a list of practices or providers."""
    targets = _targets(columns)
    has_patient = any(identity.rule_by_name(column.key, Grain.MONTH) for column in columns if column.key)
    if not has_patient and _is_counts(targets):
        return Grain.MONTH
    if not has_patient and _is_directory(columns, targets):
        raise Invalid("This looks like a list of practices or providers, not of referrals. Import it under Directory.")
    return Grain.EVENT


def may_be_single(columns: Sequence[Seen]) -> bool:
    """Whether rows with a count could still be one person each: they tell the day of a referral, not its month."""
    return Target.RECEIVED_ON in _targets(columns)


def _targets(columns: Sequence[Seen]) -> set[Target]:
    found = [known_target(column.key) for column in columns if column.key]
    return {match[0] for match in found if match and (match[2] or match[0] is Target.COUNT)}


def _is_counts(targets: set[Target]) -> bool:
    if Target.COUNT in targets:
        return not targets & (OF_EVENTS - {Target.RECEIVED_ON})
    return Target.MONTH in targets and not targets & OF_EVENTS and bool(targets & MONEY)


def _is_directory(columns: Sequence[Seen], targets: set[Target]) -> bool:
    if not targets & {Target.SOURCE_NPI, Target.SOURCE_NAME} or targets & {Target.STATUS, Target.COUNT}:
        return False
    if _is_national_file(columns):
        return True
    if targets & (OF_EVENTS | {Target.MONTH}) or any(DAYS_OF_EVENTS.match(column.key) for column in columns):
        return False
    has_dates = any(column.signs.share(column.signs.dates) > MOST for column in columns)
    told = sum(1 for column in columns if OF_DIRECTORIES.match(column.key))
    return not has_dates or told >= MANY_OF_DIRECTORIES


def _is_national_file(columns: Sequence[Seen]) -> bool:
    keys = {column.key for column in columns}
    return sum(1 for key in keys if key.startswith("provider")) > NATIONAL or bool(keys & OF_NATIONAL_FILES)
