"""Which months a page shows, which of them are whole, and which can be compared with a year before. Pure rules."""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date

from crm.analytics.filters import Filters, Period
from crm.core.formats import month_of, month_start

YEAR = 12
MAX_MONTHS = 120
SHORT_SILENCE = 3  # days: a weekend and a holiday
UNLIKELY_SILENCE = 3.0  # expected referrals: none of three comes by chance in 5 % of cases
# So many whole months, and the running one after them.
LENGTHS = {Period.MONTHS_12: 12, Period.MONTHS_24: 24, Period.MONTHS_36: 36}
WHOLE = {Period.MONTH: 1, Period.QUARTER: 3}


@dataclass(frozen=True)
class Span:
    """What the organization's data cover. `months` are those with at least one referral of anybody."""

    months: frozenset[int] = frozenset()
    last: int | None = None
    through: date | None = None  # the last day received; None when the last month holds only monthly counts
    is_incomplete: bool = False  # the last month goes on, or its end is missing

    @property
    def first(self) -> int | None:
        """The first month with data."""
        return min(self.months, default=None)

    @property
    def last_whole(self) -> int | None:
        """The last month that can be compared."""
        if self.last is None:
            return None
        return self.last - 1 if self.is_incomplete else self.last


@dataclass(frozen=True)
class Window:
    """The months of one page."""

    months: range
    span: Span = field(default_factory=Span)

    @property
    def incomplete(self) -> int | None:
        """The month of this window that is not over yet, if it is shown."""
        last = self.span.last
        return last if self.span.is_incomplete and last is not None and last in self.months else None

    @property
    def whole(self) -> tuple[int, ...]:
        """The months that are over, since the data begin."""
        first, end = self.span.first, self.span.last_whole
        return tuple(m for m in self.months if first is not None and end is not None and first <= m <= end)

    @property
    def gaps(self) -> tuple[int, ...]:
        """Months between the first and the last one of the data that nobody has brought in."""
        return tuple(m for m in self.whole if m not in self.span.months)

    @property
    def comparable(self) -> tuple[int, ...]:
        """Whole months that have data a year before, too."""
        known = self.span.months
        return tuple(m for m in self.whole if m in known and m - YEAR in known)

    @property
    def year_before(self) -> tuple[int, ...]:
        """The months a year before the comparable ones."""
        return tuple(m - YEAR for m in self.comparable)

    @property
    def with_year_before(self) -> tuple[int, ...]:
        """Everything that a comparison has to read."""
        return tuple(sorted({*self.months, *(m - YEAR for m in self.months)}))

    @property
    def is_empty(self) -> bool:
        """Whether no month of it holds anything."""
        return not any(m in self.span.months for m in self.months)


def is_incomplete(month: int, *, today: date, through: date | None, received: int) -> bool:
    """Whether a month is still filling: it is not over, or its data end earlier than chance explains.

    Chance: at the month's own pace the silent days at its end would hold more than three referrals.
    """
    if month >= month_of(today):
        return True
    if through is None or month_of(through) != month:
        return False
    silent = _days_in(month) - through.day
    return silent > SHORT_SILENCE and received / through.day * silent > UNLIKELY_SILENCE


def window_of(filters: Filters, span: Span) -> Window:
    """The months that filters choose. Without any data the window is empty."""
    if span.last is None:
        return Window(range(0), span)
    if filters.period is Period.OWN and filters.first is not None and filters.last is not None:
        return Window(range(filters.first, min(filters.last, filters.first + MAX_MONTHS - 1) + 1), span)
    whole = span.last_whole if span.last_whole is not None else span.last
    if filters.period in WHOLE:
        return Window(range(whole - WHOLE[filters.period] + 1, whole + 1), span)
    starts = {Period.YEAR: span.last - span.last % YEAR}
    return Window(range(starts.get(filters.period, whole + 1 - LENGTHS.get(filters.period, YEAR)), span.last + 1), span)


def year_to_date(window: Window) -> Window:
    """January, or the first month of the data, to the last whole month of the window, in that month's year."""
    end = max(window.whole, default=None)
    if end is None or window.span.first is None:
        return Window(range(0), window.span)
    return Window(range(max(end - end % YEAR, window.span.first), end + 1), window.span)


def says_months(months: tuple[int, ...] | range) -> str:
    """`Oct 2026`, `Aug to Oct 2026`, `Nov 2025 to Oct 2026`."""
    if not months:
        return "no month"
    first, last = month_start(months[0]), month_start(months[-1])
    if months[0] == months[-1]:
        return f"{last:%b %Y}"
    return f"{first:%b}{'' if first.year == last.year else f' {first:%Y}'} to {last:%b %Y}"


def says_short(months: tuple[int, ...]) -> str:
    """`Oct`, `Aug–Oct`, `Nov 2025–Jan 2026`: for a tile, beside which the year is plain."""
    first, last = month_start(months[0]), month_start(months[-1])
    if months[0] == months[-1]:
        return f"{last:%b}"
    return f"{first:%b}–{last:%b}" if first.year == last.year else f"{first:%b %Y}–{last:%b %Y}"


def says_so_far(window: Window) -> str:
    """`1–20 Nov`, or nothing when no day is known."""
    month, through = window.incomplete, window.span.through
    if month is None or through is None or month_of(through) != month:
        return ""
    return f"1–{through.day} {through:%b}" if through.day > 1 else f"1 {through:%b}"


def _days_in(month: int) -> int:
    return monthrange(month // YEAR, month % YEAR + 1)[1]
