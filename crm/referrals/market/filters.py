"""What the address of the page of shares says: file, practices or providers, filters, order. Bad values count as not
given. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from crm.directory.models import Tier
from crm.referrals.market.share import Basis, Segment

MAX_DIGITS = 9  # fits every database's integer
SORTS = ("name", "share", "ours", "others")
Choice = TypeVar("Choice", bound=StrEnum)


class Level(StrEnum):
    """What one line of the table is."""

    PRACTICES = "practices"
    PROVIDERS = "providers"


@dataclass(frozen=True)
class ShareFilter:
    """One choice each; None is all, or for `file` and `basis` the usual one. `sort` begins with - for downwards."""

    file: int | None = None
    by: Level = Level.PRACTICES
    basis: Basis | None = None
    territory: int | None = None
    tier: Tier | None = None
    segment: Segment | None = None
    sort: str = "-others"

    def pairs(self, **changed: Any) -> list[tuple[str, str]]:
        """The choices as they stand in an address, some of them changed; what is as usual is left out."""
        usual, wanted = ShareFilter(), replace(self, **changed)
        found = ((field.name, getattr(wanted, field.name)) for field in fields(wanted))
        return [(name, str(value)) for name, value in found if value is not None and value != getattr(usual, name)]

    def query(self, **changed: Any) -> str:
        """The same as a query string with its question mark, or ''."""
        text = urlencode(self.pairs(**changed))
        return f"?{text}" if text else ""


def read_share_filter(values: Mapping[str, str]) -> ShareFilter:
    """Read `request.args`."""
    sort = values.get("sort", "")
    return ShareFilter(
        file=_number(values.get("file", "")),
        by=_choice(values.get("by", ""), Level) or Level.PRACTICES,
        basis=_choice(values.get("basis", ""), Basis),
        territory=_number(values.get("territory", "")),
        tier=_choice(values.get("tier", ""), Tier),
        segment=_choice(values.get("segment", ""), Segment),
        sort=sort if sort.removeprefix("-") in SORTS else "-others",
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS else None


def _choice(text: str, options: type[Choice]) -> Choice | None:
    return next((option for option in options if option.value == text), None)
