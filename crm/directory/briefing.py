"""What to know before walking into a practice: at most four short items, the most pressing first. A pure rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from crm.directory.hours import clock_words

MOST = 4
MOST_TASKS = 2
MIN_COUNT = 10  # a fall from fewer than this is noise
MIN_FALL = 0.2


@dataclass(frozen=True)
class OpenTask:
    """Something that is still to do for the practice."""

    title: str
    due_on: date | None
    due_words: str


@dataclass(frozen=True)
class Item:
    """One thing to know."""

    icon: str
    title: str
    text: str


def brief(
    *,
    tasks: Sequence[OpenTask] = (),
    last90: int | None = None,
    before90: int | None = None,
    lunch: tuple[time, time] | None = None,
    objective: str = "",
    away: Sequence[str] = (),
) -> list[Item]:
    """What is owed, what changed, when nobody opens, who is out, and what was left open."""
    items = [Item("check2-square", task.title, task.due_words) for task in tasks[:MOST_TASKS]]
    items += _fall(last90, before90)
    if lunch is not None:
        title = f"Lunch closure {_between(*lunch)}"
        items.append(Item("clock", title, _away_words(away) or "The office is closed then."))
    elif away:
        items.append(Item("person-x", "Not in today", _listed(away)))
    if objective:
        items.append(Item("bullseye", "Left open last time", objective))
    return items[:MOST]


def has_fallen(last90: int | None, before90: int | None) -> bool:
    """Whether referrals fell by enough, from enough, to speak of it."""
    if last90 is None or before90 is None or before90 < MIN_COUNT:
        return False
    return last90 <= before90 * (1 - MIN_FALL)


def _fall(last90: int | None, before90: int | None) -> list[Item]:
    if not has_fallen(last90, before90):
        return []
    return [Item("graph-down-arrow", "Referrals fell", f"{last90} in the last 90 days, {before90} in the 90 before.")]


def _between(start: time, end: time) -> str:
    first, last = clock_words(start), clock_words(end)
    same_half = first[-2:] == last[-2:]
    return f"{first[:-3] if same_half else first} to {last}"


def _away_words(away: Sequence[str]) -> str:
    return f"{_listed(away)} not in today." if away else ""


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:2])
    if len(names) > len(shown):
        shown.append(f"{len(names) - len(shown)} more")
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)
