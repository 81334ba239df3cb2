"""How often a practice is seen, when the next visit is due, and how late that is: pure rules over dates."""

from datetime import date, timedelta
from typing import NamedTuple, Protocol


class Cadences(NamedTuple):
    """Days between visits for each tier."""

    a: int
    b: int
    c: int


class HasCadences(Protocol):
    """Whatever carries the three settings: the organization does."""

    @property
    def cadence_a_days(self) -> int:
        """Days between visits to a tier A practice."""

    @property
    def cadence_b_days(self) -> int:
        """Days between visits to a tier B practice."""

    @property
    def cadence_c_days(self) -> int:
        """Days between visits to a tier C practice."""


def cadences_of(settings: HasCadences) -> Cadences:
    """The three cadences out of the organization's settings."""
    return Cadences(settings.cadence_a_days, settings.cadence_b_days, settings.cadence_c_days)


def cadence_days(tier: str | None, own_days: int | None, cadences: Cadences) -> int | None:
    """Days between visits: the practice's own number, else its tier's; None for a practice nobody put into a tier."""
    if own_days is not None:
        return own_days
    return {"A": cadences.a, "B": cadences.b, "C": cadences.c}.get(tier or "")


def due_on(last_on: date | None, days: int | None) -> date | None:
    """The day of the next visit; None without a cadence, and before the first visit."""
    if last_on is None or days is None:
        return None
    # Days beyond the calendar's end would raise: such a visit is never due.
    return last_on + timedelta(days=min(days, (date.max - last_on).days))


def overdue_days(due: date | None, today: date) -> int:
    """Days past the due day; 0 when it is today, lies ahead or is not known."""
    return max(0, (today - due).days) if due is not None else 0
