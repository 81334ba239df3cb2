"""A question to the data (who asks, narrowed how, for which months) and the shape of an answer: table, chart, words."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import pandas as pd
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.analytics import frames, links, metrics
from crm.analytics.drawing import Figure, nothing
from crm.analytics.filters import Filters, Period, parse
from crm.analytics.periods import YEAR, Window, says_months, window_of, year_to_date
from crm.analytics.queries import Options, list_options
from crm.analytics.tables import Table
from crm.core.formats import number
from crm.referrals.kinds import says_coverage

NO_DATA = "There are no referrals yet. Import some, and this chart fills."
NO_ROWS = "No referrals match these filters in this period."


@dataclass
class Question:
    """What a page or a chart asks. Frames that several charts of a page share are read once."""

    session: Session
    viewer: Viewer
    filters: Filters
    options: Options
    window: Window
    wants_money: bool = False  # money is read only where it is shown

    def about(self, period: Period) -> "Question":
        """The same question for another period."""
        filters = self.filters.changed(period=period, first=None, last=None)
        return Question(self.session, self.viewer, filters, self.options, window_of(filters, self.window.span))

    def with_money(self) -> "Question":
        """The same question, about money too."""
        return self if self.wants_money else replace(self, wants_money=True)

    @cached_property
    def to_date(self) -> Window:
        """January to the last whole month."""
        return year_to_date(self.window)

    @cached_property
    def monthly(self) -> pd.DataFrame:
        """Counts and money per month: the window, the year to date, and both a year before."""
        months = {*self.window.with_year_before, *self.to_date.with_year_before}
        return frames.volumes(self.session, self.viewer, self.filters, months, "month", money=self.wants_money)

    @cached_property
    def growth(self) -> pd.DataFrame:
        """Referrals by month against the year before."""
        return metrics.growth(self.monthly, self.window)

    @cached_property
    def ranked(self) -> pd.DataFrame:
        """All sources with their referrals in the compared months."""
        return metrics.rank_sources(self.sources)

    @cached_property
    def sources(self) -> pd.DataFrame:
        """Sources as read, practice 0 with them."""
        before = [month - YEAR for month in self.compared]
        return frames.sources(self.session, self.viewer, self.filters, self.compared, before, money=self.wants_money)

    @property
    def compared(self) -> tuple[int, ...]:
        """The months of source rankings: whole ones with a year before, else all whole ones, else all."""
        return self.window.comparable or self.window.whole or tuple(self.window.months)

    @property
    def has_year_before(self) -> bool:
        """Whether changes can be told at all."""
        return bool(self.window.comparable)

    @property
    def empty(self) -> str:
        """Why there is nothing to draw, if there is nothing."""
        if self.window.span.last is None:
            return NO_DATA
        return NO_ROWS if self.in_window("received") == 0 else ""

    @cached_property
    def inside(self) -> pd.DataFrame:
        """Counts and money per month of the window alone; most charts need no more."""
        months = self.window.months
        if "monthly" in self.__dict__:
            return self.monthly[self.monthly["month"].isin(list(months))]
        return frames.volumes(self.session, self.viewer, self.filters, months, "month", money=self.wants_money)

    def in_window(self, column: str, months: Collection[int] | None = None) -> int:
        """The sum of a column over the window, or over some months of it or of the year before."""
        chosen = self.window.months if months is None else months
        frame = self.inside if set(chosen) <= set(self.window.months) else self.monthly
        return int(frame.loc[frame["month"].isin(list(chosen)), column].sum())

    def coverage(self, months: Collection[int] | None = None) -> str:
        """`1,204 of 1,310 referrals matched a practice`, and how many came from no practice."""
        received = self.in_window("received", months)
        if self.filters.source == 0:
            return f"{number(received)} referrals without a known practice"
        return says_coverage(self.in_window("matched", months), received, self.in_window("apart", months))

    def month_links(self) -> list[str]:
        """For each month of the window the rows behind it."""
        return [links.referral_rows(self.filters, [month]) for month in self.window.months]


@dataclass(frozen=True)
class Answer:
    """What a chart says: its numbers as a table, its drawing, a finding in words, and what it covers."""

    tabulate: Callable[[], Table]
    draw: Callable[[], Figure]
    says: str = ""
    coverage: str = ""
    empty: str = field(default="")

    @cached_property
    def table(self) -> Table:
        """The numbers of the chart, worked out only where they are shown."""
        return self.tabulate()

    @property
    def figure(self) -> Figure:
        """The drawing, or the reason why there is none."""
        return nothing(self.empty) if self.empty else self.draw()


def ask(session: Session, viewer: Viewer, args: Mapping[str, str], today: date) -> Question:
    """The question that an address asks."""
    filters = parse(args)
    options = list_options(session, viewer, filters)
    known = options.known(filters)
    return Question(session, viewer, known, options, window_of(known, frames.span(session, today)))


def limits(question: Question) -> list[str]:
    """What the numbers of a page cannot say: gaps, no year before, an unknown end."""
    window, found = question.window, []
    if window.span.last is None:
        return []
    if window.gaps:
        these = "these months are" if len(window.gaps) > 1 else "this month is"
        found.append(
            f"Nobody's referrals are known for {says_list(window.gaps)}: {these} left out of every comparison "
            "and drawn as a gap."
        )
    if window.whole and not window.comparable:
        found.append("There are no referrals for the same months a year before, so changes cannot be told yet.")
    elif len(window.comparable) + len(window.gaps) < len(window.whole):
        found.append(f"Changes compare {says_months(window.comparable)} only: earlier months have no year before.")
    if not window.whole and not window.is_empty:
        found.append("No month of this period is over yet, so there is nothing to compare.")
    return found


def says_list(months: tuple[int, ...]) -> str:
    """`Apr 2026`, `Apr 2026 and Jun 2026`; a run of months as `Apr to Jun 2026`."""
    if months == tuple(range(months[0], months[-1] + 1)):
        return says_months(months)
    words = [says_months((month,)) for month in months]
    return f"{', '.join(words[:-1])} and {words[-1]}"
