"""Who is on a list: the filters, read from an address or a saved list, and written back."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from crm.directory.models import Channel, ContactRole, PracticeKind, PracticeStatus, Tier

# Referral volumes are asked for in fixed steps only: nobody can find out a practice's number by narrowing a filter.
AT_LEAST_STEPS = (1, 11, 26, 51, 101)
AT_MOST_STEPS = (0, 10, 25, 50, 100)
MONTH_STEPS = (3, 6, 12, 24)
DEFAULT_MONTHS = 12
DAY_STEPS = (30, 60, 90, 180, 365)
NOBODY = 0  # owner=0: practices without an owner
MOST = 40  # of one kind of value
MAX_TEXT = 100
DIGITS = re.compile(r"[0-9]{1,9}")
ZIP_PREFIXES = re.compile(r"[0-9]{1,5}")

Choice = TypeVar("Choice", bound=StrEnum)
Values = Mapping[str, Sequence[str]]


class Who(StrEnum):
    """Which people a list is about."""

    EVERYBODY = "everybody"
    CONTACTS = "contacts"
    PROVIDERS = "providers"

    @property
    def label(self) -> str:
        """The choice in words."""
        return {"everybody": "Providers and staff", "contacts": "Staff only", "providers": "Providers only"}[self]


@dataclass(frozen=True)
class ListFilter:
    """The filters; empty ones do not narrow. Field names are those of the address and of the saved list."""

    channel: Channel = Channel.EMAIL
    who: Who = Who.EVERYBODY
    specialty: tuple[str, ...] = ()  # providers of it, and staff where one works
    role: tuple[ContactRole, ...] = ()  # of staff; leaves providers out
    tier: tuple[Tier, ...] = ()
    status: tuple[PracticeStatus, ...] = ()
    kind: tuple[PracticeKind, ...] = ()
    tag: tuple[str, ...] = ()
    territory: tuple[int, ...] = ()
    owner: tuple[int, ...] = ()
    city: str = ""
    zip: tuple[str, ...] = ()  # ZIP prefixes
    at_least: int | None = None  # referrals in the last `months` whole months
    at_most: int | None = None
    months: int = DEFAULT_MONTHS
    unseen: int | None = None  # not seen for so many days, or never
    seen: int | None = None  # seen within so many days
    reachable: bool = False  # only people who have an address for the channel
    allowed: bool = False  # only people who said yes

    def without(self, name: str) -> "ListFilter":
        """The same filters but one."""
        return replace(self, **{name: getattr(ListFilter(), name)})

    def active(self) -> list[tuple[str, Any]]:
        """The names and values of the filters that narrow."""
        plain = ListFilter()
        found = [(f.name, getattr(self, f.name)) for f in fields(self) if f.name not in ("channel", "months")]
        return [(name, value) for name, value in found if value != getattr(plain, name)]

    def values(self) -> dict[str, list[str]]:
        """The filters as a saved list keeps them and an address carries them; `read_filter` reads them back."""
        found = {"channel": [self.channel.value]}
        for name, value in self.active():
            many = value if isinstance(value, tuple) else (value,)
            found[name] = ["1" if v is True else str(v) for v in many]
        if self.months != DEFAULT_MONTHS and self.asks_volume:
            found["months"] = [str(self.months)]
        return found

    def pairs(self) -> list[tuple[str, str]]:
        """The filters as name and value, for an address or hidden fields."""
        return [(name, value) for name, many in self.values().items() for value in many]

    @property
    def asks_volume(self) -> bool:
        """Whether the list depends on how much practices refer."""
        return self.at_least is not None or self.at_most is not None


def read_filter(values: Values) -> ListFilter:
    """The filters of an address or a saved list; whatever makes no sense there is left out."""
    channels = _choices(values, "channel", Channel)
    who = _choices(values, "who", Who)
    return ListFilter(
        channel=channels[0] if channels else Channel.EMAIL,
        who=who[0] if who else Who.EVERYBODY,
        specialty=_texts(values, "specialty"),
        role=_choices(values, "role", ContactRole),
        tier=_choices(values, "tier", Tier),
        status=_choices(values, "status", PracticeStatus),
        kind=_choices(values, "kind", PracticeKind),
        tag=_texts(values, "tag"),
        territory=_numbers(values, "territory"),
        owner=_numbers(values, "owner"),
        city=next(iter(_texts(values, "city")), ""),
        zip=_prefixes(values, "zip"),
        at_least=_step(values, "at_least", AT_LEAST_STEPS),
        at_most=_step(values, "at_most", AT_MOST_STEPS),
        months=_step(values, "months", MONTH_STEPS) or DEFAULT_MONTHS,
        unseen=_step(values, "unseen", DAY_STEPS),
        seen=_step(values, "seen", DAY_STEPS),
        reachable=_is_set(values, "reachable"),
        allowed=_is_set(values, "allowed"),
    )


def _clean(text: object) -> str:
    kept = "".join(letter for letter in str(text) if letter.isprintable())
    return " ".join(kept.encode("utf-8", "ignore").decode().split())[:MAX_TEXT]


def _given(values: Values, name: str) -> list[str]:
    many = values.get(name, ())
    return [str(value) for value in many][:MOST] if isinstance(many, list | tuple) else []


def _texts(values: Values, name: str) -> tuple[str, ...]:
    cleaned = (_clean(text) for text in _given(values, name))
    return tuple(dict.fromkeys(text for text in cleaned if text))


def _choices(values: Values, name: str, options: type[Choice]) -> tuple[Choice, ...]:
    chosen = set(_given(values, name))
    return tuple(option for option in options if option.value in chosen)


def _numbers(values: Values, name: str) -> tuple[int, ...]:
    return tuple(sorted({int(text) for text in _given(values, name) if DIGITS.fullmatch(text)}))


def _prefixes(values: Values, name: str) -> tuple[str, ...]:
    typed = [part for text in _given(values, name) for part in re.split(r"[\s,;]+", text)]
    return tuple(sorted({part for part in typed if ZIP_PREFIXES.fullmatch(part)}))[:MOST]


def _step(values: Values, name: str, steps: Sequence[int]) -> int | None:
    number = next((int(text) for text in _given(values, name) if DIGITS.fullmatch(text)), None)
    return number if number in steps else None


def _is_set(values: Values, name: str) -> bool:
    return "1" in _given(values, name)


Namer = Callable[[str, int], str]


@dataclass(frozen=True)
class Words:
    """One filter in plain words, and its name in the address."""

    name: str
    text: str


def in_words(filters: ListFilter, name_of: Namer) -> list[Words]:
    """Each filter that narrows, in plain words. `name_of("territory", 3)` and `name_of("owner", 3)` give the names."""
    return [Words(name, WORDS[name](value, filters, name_of)) for name, value in filters.active()]


def _either(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"


def _labels(value: Sequence[Any]) -> str:
    return _either([option.label for option in value])


def _names(kind: str, value: Sequence[int], name_of: Namer) -> str:
    return _either(["nobody" if kind == "owner" and v == NOBODY else name_of(kind, v) for v in value])


def _volume(_value: object, filters: ListFilter, _name_of: Namer) -> str:
    return f"in the last {filters.months} months"


ADDRESS_WORDS = {
    Channel.EMAIL: "an email address",
    Channel.PHONE: "a phone number",
    Channel.TEXT: "a mobile number",
    Channel.FAX: "a fax number",
    Channel.MAIL: "a postal address",
}
WORDS: dict[str, Callable[[Any, ListFilter, Namer], str]] = {
    "who": lambda v, _f, _n: v.label,
    "specialty": lambda v, _f, _n: _either(v),
    "role": lambda v, _f, _n: _labels(v),
    "tier": lambda v, _f, _n: f"Tier {_either([tier.value for tier in v])}",
    "status": lambda v, _f, _n: _labels(v),
    "kind": lambda v, _f, _n: _labels(v),
    "tag": lambda v, _f, _n: f"Tagged {_either(v)}",
    "territory": lambda v, _f, n: _names("territory", v, n),
    "owner": lambda v, _f, n: f"Owner {_names('owner', v, n)}",
    "city": lambda v, _f, _n: f"In {v}",
    "zip": lambda v, _f, _n: f"ZIP begins {_either(v)}",
    "at_least": lambda v, f, n: f"At least {v} {'referral' if v == 1 else 'referrals'} {_volume(v, f, n)}",
    "at_most": lambda v, f, n: f"{f'At most {v}' if v else 'No'} referrals {_volume(v, f, n)}",
    "unseen": lambda v, _f, _n: f"Not seen for {v} days",
    "seen": lambda v, _f, _n: f"Seen within {v} days",
    "reachable": lambda _v, f, _n: f"Has {ADDRESS_WORDS[f.channel]}",
    "allowed": lambda _v, _f, _n: "Said yes",
}
