"""One timeline out of visits, meetings, tasks and changes: what is coming up, then month by month. Pure rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from crm.core import formats

KINDS = {"visits": "Visits", "meetings": "Meetings", "tasks": "Tasks", "changes": "Changes"}
SHOWN = 20


@dataclass(frozen=True)
class Entry:
    """Something that happened or will."""

    kind: str
    on: date | None
    icon: str
    title: str
    when: str = ""
    rest: str = ""
    text: str = ""
    meta: str = ""
    tone: str = "quiet"
    when_tone: str = ""
    url: str = ""
    is_ahead: bool = False
    at: float = 0  # orders the entries of one day


@dataclass(frozen=True)
class Group:
    """Entries under one heading."""

    label: str
    entries: list[Entry]


@dataclass(frozen=True)
class Timeline:
    """What a page shows of the entries, and how many there are of each kind."""

    groups: list[Group]
    counts: dict[str, int]
    older: int  # entries that are not shown yet

    @property
    def total(self) -> int:
        """All entries of every kind."""
        return sum(self.counts.values())


def read_kind(text: str | None) -> str:
    """One of the kinds, or '' for all of them."""
    return text if text in KINDS else ""


def arrange(entries: Iterable[Entry], *, kind: str = "", is_whole: bool = False) -> Timeline:
    """The timeline of one kind, or of all; its first entries, or the whole."""
    everything = list(entries)
    counts = {name: sum(entry.kind == name for entry in everything) for name in KINDS}
    chosen = [entry for entry in everything if not kind or entry.kind == kind]
    ahead = sorted((entry for entry in chosen if entry.is_ahead), key=lambda e: (e.on is None, e.on or date.max, e.at))
    past = sorted((e for e in chosen if not e.is_ahead), key=lambda e: (e.on or date.min, e.at), reverse=True)
    shown = past if is_whole else past[:SHOWN]
    groups = [Group("Coming up", ahead)] if ahead else []
    return Timeline([*groups, *_by_month(shown)], counts, len(past) - len(shown))


def _by_month(entries: Sequence[Entry]) -> list[Group]:
    groups: list[Group] = []
    for entry in entries:
        label = f"{entry.on:%B %Y}" if entry.on else "Earlier"
        if not groups or groups[-1].label != label:
            groups.append(Group(label, []))
        groups[-1].entries.append(entry)
    return groups


def changed_words(changes: dict[str, object]) -> str:
    """The names of changed fields in words: `tier, owner and best time`."""
    names = [_field_words(name) for name in changes]
    names = list(dict.fromkeys(names))
    if len(names) > 4:  # noqa: PLR2004 more would not be read
        names = [*names[:3], f"{len(names) - 3} more"]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def _field_words(name: str) -> str:
    special = {
        "npi": "NPI", "zip": "ZIP", "zip_prefixes": "ZIP prefixes", "latitude": "place on the map",
        "longitude": "place on the map", "is_placed_by_zip": "place on the map", "retired_on": "retired",
        "address1": "address", "address2": "address", "cadence_days": "cadence",
    }  # fmt: skip
    return special.get(name, name.removesuffix("_id").removesuffix("_on").replace("_", " "))


def day_words(day: date | None) -> str:
    """`Tue 24 Nov`."""
    return formats.weekday_day(day) if day else ""
