"""Which practices refer clearly less than a year before, by counts of the last three whole months."""

from dataclasses import dataclass
from datetime import date

from crm.analytics.significance import CLEAR, level
from crm.core import formats

MONTHS = 3
YEAR_MONTHS = 12
# Under so many referrals in both spans together, a fall says nothing yet.
LEAST = 12


@dataclass(frozen=True)
class Fall:
    """Referrals of the last three whole months, and of the same months a year before."""

    now: int
    before: int

    @property
    def ratio(self) -> float:
        """How much is left of what it was."""
        return self.now / self.before if self.before else 1.0

    @property
    def words(self) -> str:
        """`31 referrals, 51 a year before.`"""
        return f"{formats.plural(self.now, 'referral')}, {formats.number(self.before)} a year before."


def whole_months(today: date) -> tuple[int, int]:
    """The first and last of the three whole months before the running one."""
    running = formats.month_of(today)
    return running - MONTHS, running - 1


def year_before(months: tuple[int, int]) -> tuple[int, int]:
    """The same months a year before."""
    return months[0] - YEAR_MONTHS, months[1] - YEAR_MONTHS


def months_words(months: tuple[int, int]) -> str:
    """`Aug to Oct 2026`."""
    first, last = formats.month_start(months[0]), formats.month_start(months[1])
    start = f"{first:%b}" if first.year == last.year else f"{first:%b %Y}"
    return f"{start} to {last:%b %Y}"


def is_clear_change(before: int, now: int) -> bool:
    """Whether less than 1 in 100 practices would change so much if nothing had changed."""
    return before + now >= LEAST and level(before, now) == CLEAR


def is_clear_fall(fall: Fall) -> bool:
    """Whether a practice refers clearly less."""
    return fall.now < fall.before and is_clear_change(fall.before, fall.now)
