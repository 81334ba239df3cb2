"""What the address of the list of referrals says: filters and page. Bad values count as not given. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from urllib.parse import urlencode

from crm.referrals.models import PayerClass, ReferralStatus, SourceKind

MAX_ID_DIGITS = 9
MIN_MONTH, MAX_MONTH = 1990 * 12, 2200 * 12
MONTHS = ("month", "first", "last")
ENDED = "ended"  # stands among the statuses in the form of filters
IN_ADDRESS = {"batch": "import", "first": "from", "last": "to"}


@dataclass(frozen=True)
class RowFilter:
    """The filters of the list. `source` is a practice, 0 none; `unmatched` shows what came from a practice
    that nobody knows, `kind` what came from patients, adverts and the like.

    `first` and `last` bound the month (`from` and `to` in an address); 0 as a line or site stands for rows without one.
    """

    month: int | None = None
    first: int | None = None
    last: int | None = None
    territory: int | None = None
    source: int | None = None
    status: ReferralStatus | None = None
    ended: bool = False  # declined or lost: those that will not be seen any more
    line: int | None = None
    site: int | None = None
    payer: PayerClass | None = None
    batch: int | None = None
    unmatched: bool = False
    kind: SourceKind | None = None
    booked: bool = False  # those with a received day and an appointment day, of which waiting times are told
    reported: bool = False  # those with a day seen and a day on which the report was sent

    @property
    def count(self) -> int:
        """How many filters are set."""
        return len(self.pairs())

    def pairs(self, **changed: object) -> list[tuple[str, str]]:
        """The filters as they stand in an address, some of them changed; what is not set is left out."""
        values = {field.name: getattr(self, field.name) for field in fields(self)} | changed
        for name in MONTHS:
            if isinstance(values[name], int):
                values[name] = month_text(values[name])
        return [
            (IN_ADDRESS.get(name, name), "1" if value is True else str(value))
            for name, value in values.items()
            if value is not None and value is not False and value != ""
        ]

    def query(self, **changed: object) -> str:
        """The same as a query string."""
        return urlencode(self.pairs(**changed))


def read_filter(values: Mapping[str, str]) -> RowFilter:
    """Read `request.args`."""
    return RowFilter(
        month=read_month(values.get("month", "")),
        first=read_month(values.get("from", "")),
        last=read_month(values.get("to", "")),
        territory=_number(values.get("territory", "")),
        source=_number(values.get("source", "")),
        status=_status(values.get("status", "")),
        ended=values.get("ended") == "1" or values.get("status") == ENDED,
        line=_number(values.get("line", "")),
        site=_number(values.get("site", "")),
        payer=_payer(values.get("payer", "")),
        batch=_number(values.get("import", "")),
        unmatched=values.get("unmatched") == "1",
        kind=_kind(values.get("kind", "")),
        booked=values.get("booked") == "1",
        reported=values.get("reported") == "1",
    )


def read_month(text: str) -> int | None:
    """`2026-03` as a month number."""
    year, _, month = text.partition("-")
    if not (year.isascii() and month.isascii() and year.isdecimal() and month.isdecimal() and len(text) <= 7):  # noqa: PLR2004 2026-03
        return None
    number = int(year) * 12 + int(month) - 1
    return number if 1 <= int(month) <= 12 and MIN_MONTH <= number < MAX_MONTH else None  # noqa: PLR2004 months of a year


def month_text(month: int) -> str:
    """A month number as the month field of a browser writes it."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_ID_DIGITS else None


def _status(text: str) -> ReferralStatus | None:
    return next((status for status in ReferralStatus if status.value == text), None)


def _kind(text: str) -> SourceKind | None:
    return next((kind for kind in SourceKind if kind.value == text), None)


def _payer(text: str) -> PayerClass | None:
    return next((payer for payer in PayerClass if payer.value == text), None)
