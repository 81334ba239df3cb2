"""A day's stops as a calendar file."""

from datetime import datetime, timedelta

from crm.core import clock
from crm.core.calendar_files import CalendarEvent, calendar_of
from crm.route_planning.day_page import DayPage, Line

ABOUT = "Planned with Rounds. The time is an estimate unless it was promised."


def day_file(page: DayPage) -> bytes:
    """The stops of a day, each with its address; meetings have calendar files of their own and are left out."""
    lines = [line for line in page.lines if line.row.item.kind != "meeting"]
    return calendar_of([_event(page, line) for line in lines], clock.zone())


def _event(page: DayPage, line: Line) -> CalendarEvent:
    item, times = line.row.item, line.row.times
    return CalendarEvent(
        uid=f"plan-{page.owner.id}-{page.day:%Y%m%d}-{item.practice_id}@rounds",
        title=f"Visit {item.title}",
        starts_at=_moment(page, times.begins),
        ends_at=_moment(page, times.leaves),
        changed_at=page.plan.updated_at if page.plan else clock.now(),
        place=line.practice.address_line if line.practice else "",
        text="" if times.is_fixed else ABOUT,
    )


def _moment(page: DayPage, seconds: int) -> datetime:
    return clock.at(page.day, 0) + timedelta(seconds=seconds)
