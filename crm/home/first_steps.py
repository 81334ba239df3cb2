"""What to do first in an empty Rounds: the steps, which of them are done, and which comes next."""

from collections.abc import Callable
from dataclasses import dataclass

from crm.accounts.permissions import Permission
from crm.core import formats


@dataclass(frozen=True)
class SetUp:
    """What there is so far."""

    is_named: bool = False
    territories: int = 0
    practices: int = 0
    colleagues: int = 0
    has_referrals: bool = False
    has_visits: bool = False


@dataclass(frozen=True)
class Step:
    """One step of the list."""

    title: str
    text: str
    action: str
    endpoint: str
    is_done: bool
    says: str = ""
    is_next: bool = False


def steps_for(there: SetUp, may: Callable[[str], bool]) -> list[Step]:
    """The steps that somebody may take, in order; the first open one is next."""
    steps = [step for permission, step in _all_steps(there) if may(permission)]
    following = next((step for step in steps if not step.is_done), None)
    return [
        Step(step.title, step.text, step.action, step.endpoint, step.is_done, step.says, is_next=step is following)
        for step in steps
    ]


def belongs_on_welcome(there: SetUp, home: str, may: Callable[[str], bool]) -> bool:
    """Whether somebody's home page would be empty while they can do something about it."""
    lacks = {"overview": not there.has_referrals, "today": there.practices == 0, "lists": there.practices == 0}
    return lacks.get(home, True) and any(not step.is_done for step in steps_for(there, may))


def _all_steps(there: SetUp) -> list[tuple[Permission, Step]]:
    return [
        (Permission.SETTINGS_EDIT, Step(
            "Name your organization", "Its name, time zone and address: drives start there, and days end by its clock.",
            "Open settings", "admin.settings", there.is_named,
        )),
        (Permission.TERRITORIES_EDIT, Step(
            "Draw your territories", "Each has ZIP codes, so that imported practices find their liaison by themselves.",
            "Add territories", "directory.territories", there.territories > 0,
            formats.plural(there.territories, "territory", "territories"),
        )),
        (Permission.DIRECTORY_IMPORT, Step(
            "Import practices",
            "From the public provider files of CMS, filtered by state, ZIP code and specialty. Or add them one by one.",
            "Import practices", "directory_imports.imports", there.practices > 0,
            formats.plural(there.practices, "practice"),
        )),
        (Permission.USERS_EDIT, Step(
            "Add colleagues",
            "Liaisons see their territories, managers everything, marketing the contacts without money.",
            "Add a colleague", "admin.users", there.colleagues > 0, formats.plural(there.colleagues, "colleague"),
        )),
        (Permission.REFERRALS_IMPORT, Step(
            "Import referrals",
            "A file of referrals or of monthly counts. Patient columns are refused, and any import can be taken back.",
            "Import referrals", "referrals.import_new", there.has_referrals,
        )),
        (Permission.VISITS_EDIT, Step(
            "Plan the first visit",
            "Choose a practice and a day. It then stands on Today and can be logged on a phone.",
            "Plan a visit", "visits.visit_plan", there.has_visits,
        )),
    ]  # fmt: skip
