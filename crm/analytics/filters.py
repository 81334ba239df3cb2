"""What the pages of analytics are narrowed to: read from the address, written back into it; nonsense is ignored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from crm.referrals.models import PayerClass, RevenueKind

MONTH = re.compile(r"(19[9]\d|20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
NUMBER = re.compile(r"\d{1,9}", re.ASCII)  # fits every database's integer


class Period(StrEnum):
    """A span of months that ends with the last month of data."""

    MONTHS_12 = "12"
    MONTHS_24 = "24"
    MONTHS_36 = "36"
    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    OWN = "own"

    @property
    def label(self) -> str:
        """The period in words."""
        words = {
            "year": "This year", "quarter": "Last 3 whole months", "month": "Last whole month", "own": "From and to",
        }  # fmt: skip
        return words.get(self.value, f"Last {self.value} months")


@dataclass(frozen=True)
class Filters:
    """One choice per dimension; None is all. The number 0 stands for "none": no service line, no known practice."""

    period: Period = Period.MONTHS_12
    first: int | None = None  # months, only with Period.OWN
    last: int | None = None
    territory: int | None = None
    line: int | None = None
    site: int | None = None
    payer: str | None = None
    source: int | None = None
    money: str | None = None  # billed, paid or net; None chooses what the data have
    estimate: str | None = None  # "1" shows what missing amounts may be, too

    def params(self) -> dict[str, str]:
        """The address's words for everything that is not as usual."""
        words = {name: str(value) for name in CHOICES if (value := getattr(self, name)) is not None}
        if self.period is Period.OWN and self.first is not None and self.last is not None:
            return {"from": _month_text(self.first), "to": _month_text(self.last)} | words
        return words if self.period is Period.MONTHS_12 else {"period": self.period.value} | words

    def changed(self, **values: Any) -> "Filters":
        """The same with other values."""
        return replace(self, **values)


CHOICES = ("territory", "line", "site", "payer", "source", "money", "estimate")


def parse(args: Mapping[str, str]) -> Filters:
    """Filters from the words of an address. What cannot be understood counts as not given."""
    found = Filters(
        period=_period(args.get("period", "")),
        territory=_number(args, "territory") or None,
        line=_number(args, "line"),
        site=_number(args, "site"),
        payer=_among(args.get("payer", ""), PayerClass),
        source=_number(args, "source"),
        money=_among(args.get("money", ""), RevenueKind),
        estimate="1" if args.get("estimate") == "1" else None,
    )
    months = sorted(month for name in ("from", "to") if (month := _month(args.get(name, ""))) is not None)
    return found.changed(period=Period.OWN, first=months[0], last=months[-1]) if months else found


def _period(text: str) -> Period:
    fixed = {period.value: period for period in Period if period is not Period.OWN}
    return fixed.get(text, Period.MONTHS_12)


def _number(args: Mapping[str, str], name: str) -> int | None:
    text = args.get(name, "")
    return int(text) if NUMBER.fullmatch(text) else None


def _among(text: str, options: type[StrEnum]) -> str | None:
    return text if text in {option.value for option in options} else None


def _month(text: str) -> int | None:
    match = MONTH.fullmatch(text)
    return int(match[1]) * 12 + int(match[2]) - 1 if match else None


def _month_text(month: int) -> str:
    return f"{month // 12:04d}-{month % 12 + 1:02d}"
