"""What to know before walking in: what we owe them, what changed, who is in, what for. At most four, never money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from crm.core import formats
from crm.home.falls import MONTHS, Fall, is_clear_change

MOST = 4
NAMES_SHOWN = 2


@dataclass(frozen=True)
class Item:
    """One thing to know."""

    icon: str
    title: str
    text: str = ""
    kind: str = "quiet"


@dataclass(frozen=True)
class Facts:
    """What is known about a practice on the day of a visit."""

    promises: Sequence[tuple[str, date | None]] = ()  # open tasks with their days
    counts: Fall | None = None
    present: Sequence[str] = ()
    tip: str = ""  # how somebody there likes to be met
    objective: str = ""
    last_visit_on: date | None = None


def briefing(facts: Facts, today: date) -> list[Item]:
    """The items in the order in which they matter at the door."""
    items = [_promise(facts, today), _change(facts.counts), _present(facts), _objective(facts, today)]
    return [item for item in items if item is not None][:MOST]


def _promise(facts: Facts, today: date) -> Item | None:
    if not facts.promises:
        return None
    title, due_on = facts.promises[0]
    others = len(facts.promises) - 1
    said = [due_words(due_on, today)] if due_on else []
    if others:
        said.append(f"and {formats.plural(others, 'more open task')}")
    is_late = due_on is not None and due_on <= today
    return Item("check2-square", title, " · ".join(said), "due" if is_late else "quiet")


def _change(counts: Fall | None) -> Item | None:
    if counts is None or not is_clear_change(counts.before, counts.now):
        return None
    now, before = round(counts.now / MONTHS), round(counts.before / MONTHS)
    if now == before:
        return None
    fell = counts.now < counts.before
    text = (
        f"{formats.number(counts.now)} in the last three whole months, {formats.number(counts.before)} a year before."
    )
    icon, kind = ("graph-down-arrow", "bad") if fell else ("graph-up-arrow", "good")
    return Item(icon, f"{formats.plural(now, 'referral')} a month, was {formats.number(before)}", text, kind)


def _present(facts: Facts) -> Item | None:
    if not facts.present:
        return Item("people", facts.tip) if facts.tip else None
    names = list(facts.present[:NAMES_SHOWN])
    others = len(facts.present) - len(names)
    words = [*names, f"{others} more"] if others else names
    return Item(
        "people",
        f"{_joined(words)} {'is' if len(words) == 1 else 'are'} in today",
        f"{facts.tip}." if facts.tip else "",
    )


def _objective(facts: Facts, today: date) -> Item | None:
    seen = "First visit." if facts.last_visit_on is None else f"Last seen {ago_words(facts.last_visit_on, today)}."
    if facts.objective:
        return Item("bullseye", facts.objective, f"Your objective. {seen}")
    return Item("clock-history", seen.rstrip("."))


def due_words(due_on: date, today: date) -> str:
    """`Due today`, `4 days overdue`, `Due Tue 24 Nov`."""
    late = (today - due_on).days
    if late > 0:
        return f"{formats.plural(late, 'day')} overdue"
    return "Due today" if late == 0 else f"Due {formats.weekday_day(due_on)}"


def ago_words(day: date, today: date) -> str:
    """`yesterday`, `41 days ago`."""
    days = (today - day).days
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
