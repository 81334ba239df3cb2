"""What the list of practices is narrowed to: read from an address, written back into one."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from crm.directory.models import PracticeKind, PracticeStatus, Tier

SORTS = ("name", "kind", "tier", "providers", "last", "due", "referrals", "change", "owner")
DEFAULT_SORT = "name"
NOBODY = 0  # owner=0: practices without an owner
MOST = 40  # of one kind of value in an address
MAX_TEXT = 100
MAX_DAYS = 3650
DIGITS = re.compile(r"[0-9]{1,9}")
ZIP_PREFIX = re.compile(r"[0-9]{1,5}")

Choice = TypeVar("Choice", bound=StrEnum)
Values = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class PracticeFilter:
    """The filters; empty ones do not narrow. Field names are those of the address."""

    q: str = ""
    tier: tuple[Tier, ...] = ()
    status: tuple[PracticeStatus, ...] = ()
    kind: tuple[PracticeKind, ...] = ()
    territory: tuple[int, ...] = ()
    owner: tuple[int, ...] = ()
    tag: tuple[str, ...] = ()
    specialty: tuple[str, ...] = ()
    zip: str = ""
    due: int | None = None  # due within so many days, overdue ones included
    unseen: int | None = None  # not seen for so many days, or never
    never: bool = False  # never visited
    trend: str = ""  # "down" or "up": referrals of 90 days against the 90 before
    retired: bool = False  # only retired ones, which are left out otherwise

    def without(self, name: str) -> "PracticeFilter":
        """The same filters but one."""
        return replace(self, **{name: getattr(PracticeFilter(), name)})

    def pairs(self) -> list[tuple[str, str]]:
        """The filters as they stand in an address, always in the same order."""
        found: list[tuple[str, str]] = []
        for name, value in self.active():
            values = value if isinstance(value, tuple) else (value,)
            found += [(name, "1" if v is True else str(v)) for v in values]
        return found

    def active(self) -> list[tuple[str, Any]]:
        """The names and values of the filters that narrow; the text in the search field is one of them."""
        values = [(f.name, getattr(self, f.name)) for f in fields(self)]
        # 0 narrows too: due today, owned by nobody.
        return [(name, value) for name, value in values if value or (value == 0 and value is not False)]


def read_filter(values: Values) -> PracticeFilter:
    """The filters of an address; whatever makes no sense there is left out."""
    return PracticeFilter(
        q=_text(values, "q"),
        tier=_choices(values, "tier", Tier),
        status=_choices(values, "status", PracticeStatus),
        kind=_choices(values, "kind", PracticeKind),
        territory=_numbers(values, "territory"),
        owner=_numbers(values, "owner"),
        tag=_texts(values, "tag"),
        specialty=_texts(values, "specialty"),
        zip=_first(values, "zip", lambda text: text if ZIP_PREFIX.fullmatch(text) else "") or "",
        due=_first(values, "due", _days),
        unseen=_first(values, "unseen", _days),
        never=_text(values, "never") == "1",
        trend=_first(values, "trend", lambda text: text if text in ("down", "up") else "") or "",
        retired=_text(values, "retired") == "1",
    )


def read_sort(text: str | None, allowed: Iterable[str] = SORTS) -> str:
    """A sort key, with a hyphen before it for downwards; the default for any other text."""
    key = (text or "").removeprefix("-")
    return text if text and key in set(allowed) else DEFAULT_SORT


def clean_text(text: str) -> str:
    """What somebody searches for, without characters that no database can hold, in one line."""
    kept = "".join(letter for letter in text if letter.isprintable())
    return " ".join(kept.encode("utf-8", "ignore").decode().split())[:MAX_TEXT]


def _text(values: Values, name: str) -> str:
    return clean_text(next(iter(values.get(name, ())), ""))


def _texts(values: Values, name: str) -> tuple[str, ...]:
    cleaned = (clean_text(text) for text in values.get(name, ())[:MOST])
    return tuple(dict.fromkeys(text for text in cleaned if text))


def _choices(values: Values, name: str, options: type[Choice]) -> tuple[Choice, ...]:
    chosen = set(values.get(name, ()))
    return tuple(option for option in options if option.value in chosen)


def _numbers(values: Values, name: str) -> tuple[int, ...]:
    return tuple(sorted({int(t) for t in values.get(name, ())[:MOST] if DIGITS.fullmatch(t)}))


def _days(text: str) -> int | None:
    return int(text) if DIGITS.fullmatch(text) and int(text) <= MAX_DAYS else None


Read = TypeVar("Read")


def _first(values: Values, name: str, read: Callable[[str], Read]) -> Read | None:
    return next((read(text.strip()) for text in values.get(name, ())), None)
