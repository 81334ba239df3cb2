"""What the address of the list of visits says: filters, sorting and page. Bad values count as not given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

from crm.core.arguments import plain_words
from crm.visits.models import VisitMode, VisitState
from crm.visits.queries import SORTS, VisitFilter

MAX_ID_DIGITS = 9
USUAL_SORT = "-day"
PERIODS = {
    "week": "This week",
    "month": "This month",
    "30": "Last 30 days",
    "90": "Last 90 days",
    "year": "This year",
    "coming": "Coming up",
}
Option = TypeVar("Option", bound=StrEnum)


@dataclass(frozen=True)
class ListQuery:
    """The query string, read."""

    period: str = ""
    owner_id: int | None = None
    modes: Sequence[VisitMode] = ()
    states: Sequence[VisitState] = ()
    practice_id: int | None = None
    territory_id: int | None = None
    words: str = ""
    sort: str = USUAL_SORT

    @property
    def count(self) -> int:
        """How many filters are set."""
        values = (self.period, self.owner_id, self.modes, self.states, self.practice_id, self.territory_id)
        return sum(1 for value in values if value)

    def filter(self, today: date) -> VisitFilter:
        """What it means on a day."""
        first_on, last_on = period_days(self.period, today)
        return VisitFilter(
            first_on, last_on, self.owner_id, self.modes, self.states, self.practice_id, self.territory_id, self.words
        )

    def arguments(self) -> dict[str, object]:
        """The query string again, without what is usual."""
        values: dict[str, object] = {
            "q": self.words,
            "period": self.period,
            "owner": self.owner_id,
            "mode": [mode.value for mode in self.modes],
            "state": [state.value for state in self.states],
            "practice": self.practice_id,
            "territory": self.territory_id,
            "sort": self.sort if self.sort != USUAL_SORT else None,
        }
        return {name: value for name, value in values.items() if value}


def read_query(values: Mapping[str, Sequence[str]]) -> ListQuery:
    """Read `request.args.lists()` as a mapping."""
    sort = _first(values, "sort")
    period = _first(values, "period")
    return ListQuery(
        period=period if period in PERIODS else "",
        owner_id=_number(values, "owner"),
        modes=_options(values, "mode", VisitMode),
        states=_options(values, "state", VisitState),
        practice_id=_number(values, "practice"),
        territory_id=_number(values, "territory"),
        words=plain_words(_first(values, "q")),
        sort=sort if sort.removeprefix("-") in SORTS else USUAL_SORT,
    )


def period_days(period: str, today: date) -> tuple[date | None, date | None]:
    """First and last day of a period; None is open."""
    monday = today - timedelta(days=today.weekday())
    days: dict[str, tuple[date | None, date | None]] = {
        "week": (monday, monday + timedelta(days=6)),
        "month": (today.replace(day=1), (today.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)),
        "30": (today - timedelta(days=30), today),
        "90": (today - timedelta(days=90), today),
        "year": (date(today.year, 1, 1), date(today.year, 12, 31)),
        "coming": (today, None),
    }
    return days.get(period, (None, None))


def _first(values: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(values.get(name, ())), "")


def _number(values: Mapping[str, Sequence[str]], name: str) -> int | None:
    text = _first(values, name)
    return int(text) if text.isdecimal() and len(text) <= MAX_ID_DIGITS else None


def _options(values: Mapping[str, Sequence[str]], name: str, options: type[Option]) -> tuple[Option, ...]:
    known = {option.value for option in options}
    return tuple(options(text) for text in dict.fromkeys(values.get(name, ())) if text in known)
