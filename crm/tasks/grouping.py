"""In which part of the list a task stands, and the days that it can be put off to: pure rules over dates."""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

FRIDAY = 4
SUNDAY = 6


class Group(StrEnum):
    """A part of the list of open tasks, in the order of the page."""

    OVERDUE = "Overdue"
    TODAY = "Today"
    THIS_WEEK = "This week"
    LATER = "Later"


class HasDueDay(Protocol):
    """Whatever is due on a day, or on none."""

    @property
    def due_on(self) -> date | None:
        """The day, if there is one."""


Due = TypeVar("Due", bound=HasDueDay)


class Postponement(NamedTuple):
    """A day to put a task off to, in words."""

    label: str
    day: date


def group_of(due_on: date | None, today: date) -> Group:
    """Where a task stands; the week ends on Sunday, and a task without a day comes later."""
    if due_on is None:
        return Group.LATER
    if due_on < today:
        return Group.OVERDUE
    if due_on == today:
        return Group.TODAY
    return Group.THIS_WEEK if (due_on - today).days <= SUNDAY - today.weekday() else Group.LATER


def grouped(tasks: Iterable[Due], today: date) -> dict[Group, list[Due]]:
    """Tasks by group, in the order of the page and their own order within; empty groups are left out."""
    groups: dict[Group, list[Due]] = {group: [] for group in Group}
    for task in tasks:
        groups[group_of(task.due_on, today)].append(task)
    return {group: rows for group, rows in groups.items() if rows}


def next_working_day(day: date) -> date:
    """The next Monday to Friday after a day."""
    return day + timedelta(days=max(1, 7 - day.weekday()) if day.weekday() >= FRIDAY else 1)


def postponements(today: date) -> list[Postponement]:
    """Where a task can be put off to with one tap."""
    tomorrow = next_working_day(today)
    word = "Tomorrow" if (tomorrow - today).days == 1 else f"{tomorrow:%A}"
    monday = today + timedelta(days=7 - today.weekday())
    choices = (
        Postponement(word, tomorrow),
        Postponement("Next week", monday),
        Postponement("In two weeks", next_working_day(today + timedelta(days=13))),
    )
    return list({choice.day: choice for choice in reversed(choices)}.values())[::-1]
