"""The filters of a page as chips and choices, each with the address that sets or removes it."""

from collections.abc import Callable
from dataclasses import dataclass

from crm.analytics.filters import Filters, Period
from crm.analytics.periods import says_months
from crm.analytics.queries import Options
from crm.core.formats import month_start

NAMES = {"territory": "Territory", "line": "Service line", "site": "Site", "payer": "Payer", "source": "Source"}
KEPT = ("period", "from", "to", "money", "estimate")
OFFERED = (Period.MONTHS_12, Period.MONTHS_24, Period.MONTHS_36, Period.YEAR, Period.QUARTER)
MakeUrl = Callable[[Filters], str]


@dataclass(frozen=True)
class Chip:
    """A filter that is set, with the address of the page without it."""

    label: str
    remove_url: str


@dataclass(frozen=True)
class Choice:
    """One option of a select box."""

    value: str
    label: str
    is_current: bool


@dataclass(frozen=True)
class FilterBar:
    """Everything that the bar of filters shows."""

    filters: Filters
    period: str
    chips: list[Chip]
    periods: list[Choice]
    choices: dict[str, list[Choice]]
    source_name: str
    first: str
    last: str
    clear_url: str

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the period's form sends along."""
        return [(name, value) for name, value in self.filters.params().items() if name not in ("period", "from", "to")]

    @property
    def kept_period(self) -> list[tuple[str, str]]:
        """What the form of the other filters sends along."""
        return [(name, value) for name, value in self.filters.params().items() if name in KEPT]


def filter_bar(filters: Filters, options: Options, months: range, make_url: MakeUrl) -> FilterBar:
    """The bar of filters of a page."""
    return FilterBar(
        filters=filters,
        period=_says_months(filters) if filters.period is Period.OWN else filters.period.label,
        chips=[
            Chip(_says(name, options.label(name, value)), make_url(filters.changed(**{name: None})))
            for name in NAMES
            if (value := getattr(filters, name)) is not None
        ],
        periods=[Choice(period.value, period.label, period is filters.period) for period in OFFERED],
        choices={
            name: [Choice(str(v), label, getattr(filters, name) == v) for v, label in _offered(options, name).items()]
            for name in ("territory", "line", "site", "payer")
        },
        source_name=options.label("source", filters.source) if filters.source is not None else "",
        first=filters.params().get("from") or (f"{month_start(months[0]):%Y-%m}" if months else ""),
        last=filters.params().get("to") or (f"{month_start(months[-1]):%Y-%m}" if months else ""),
        clear_url=make_url(Filters(period=filters.period, first=filters.first, last=filters.last)),
    )


def _offered(options: Options, name: str) -> dict[int, str] | dict[str, str]:
    known: dict[str, dict[int, str] | dict[str, str]] = {
        "territory": options.territories, "line": options.lines, "site": options.sites, "payer": options.payers,
    }  # fmt: skip
    return known[name]


def _says_months(filters: Filters) -> str:
    return says_months(range(filters.first or 0, (filters.last or 0) + 1))


def _says(name: str, label: str) -> str:
    return label if name in ("territory", "source") else f"{NAMES[name]}: {label}"
