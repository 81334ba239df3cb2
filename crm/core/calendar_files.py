"""Calendar files (iCalendar) for what stands in a calendar, with the time zone's rules in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText


@dataclass(frozen=True)
class CalendarEvent:
    """One event. `starts_at` and `ends_at` are aware; without an end it lasts half an hour."""

    uid: str
    title: str
    starts_at: datetime
    changed_at: datetime
    ends_at: datetime | None = None
    place: str = ""
    text: str = ""
    url: str = ""
    sequence: int = 0
    is_cancelled: bool = False
    organizer: tuple[str, str] | None = None
    attendees: Sequence[tuple[str, str]] = ()  # name, email


def calendar_file(event: CalendarEvent, zone: ZoneInfo) -> bytes:
    """The file's bytes: one event on the zone's own clock, so that a change of clocks moves nothing."""
    return calendar_of([event], zone)


def calendar_of(events: Sequence[CalendarEvent], zone: ZoneInfo) -> bytes:
    """The bytes of a file with several events; it says that they are cancelled when all of them are."""
    calendar = Calendar()
    calendar.add("prodid", "-//Rounds//Outreach//EN")
    calendar.add("version", "2.0")
    is_cancelled = bool(events) and all(event.is_cancelled for event in events)
    calendar.add("method", "CANCEL" if is_cancelled else "PUBLISH")
    for event in events:
        calendar.add_component(_component(event, zone))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _component(event: CalendarEvent, zone: ZoneInfo) -> Event:
    item = Event()
    item.add("uid", event.uid)
    item.add("dtstamp", event.changed_at)
    item.add("dtstart", event.starts_at.astimezone(zone))
    item.add("dtend", (event.ends_at or event.starts_at + timedelta(minutes=30)).astimezone(zone))
    item.add("summary", _one_line(event.title))
    item.add("sequence", event.sequence)
    item.add("status", "CANCELLED" if event.is_cancelled else "CONFIRMED")
    for name, value in (("location", _one_line(event.place)), ("description", _lines(event.text)), ("url", event.url)):
        if value:
            item.add(name, value)
    if event.organizer:
        item.add("organizer", _address(*event.organizer), encode=False)
    for name, email in event.attendees:
        item.add("attendee", _address(name, email), encode=False)
    return item


def _one_line(text: str) -> str:
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def _lines(text: str) -> str:
    return "\n".join(_one_line(line) for line in text.splitlines())


def _address(name: str, email: str) -> vCalAddress:
    # Whatever the directory holds as an address, it must not begin another line or another parameter.
    address = vCalAddress(f"mailto:{_one_line(email).replace(' ', '')}")
    address.params["cn"] = vText(_one_line(name).replace('"', "'"))
    return address
