"""What usually follows a visit, and when: pure rules over dates."""

from datetime import date, timedelta
from typing import NamedTuple

from crm.core.formats import DAY_NAMES
from crm.tasks.grouping import next_working_day

CALL_AFTER = timedelta(days=7)
USUAL_CADENCE = 30
SATURDAY = 5


class Suggestion(NamedTuple):
    """A tile of the form: what to do, when, and how the day is told."""

    key: str
    title: str
    due_on: date
    note: str


def suggest(today: date, cadence: int | None, coordinator: str | None) -> list[Suggestion]:
    """The tiles for a practice: send material, call somebody, visit again."""
    send, call = next_working_day(today), working_day(today + CALL_AFTER)
    days = cadence or USUAL_CADENCE
    again = working_day(today + timedelta(days=days))
    near = "Tomorrow" if send == today + timedelta(days=1) else day_words(send)
    return [
        Suggestion("send", "Send material", send, near),
        Suggestion("call", f"Call {coordinator or 'the practice'}", call, day_words(call)),
        Suggestion("again", "Visit again", again, f"In {days} days, {again.day} {again:%b}"),
    ]


def working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day if day.weekday() < SATURDAY else next_working_day(day)


def day_words(day: date) -> str:
    """`Tue 24 Nov`."""
    return f"{DAY_NAMES[day.weekday()]} {day.day} {day:%b}"
