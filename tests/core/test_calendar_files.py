"""Calendar files, read back: times across the change of clocks, people, and that no text can add a line of its own."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from crm.core.calendar_files import CalendarEvent, calendar_file

NEW_YORK = ZoneInfo("America/New_York")
NOON = datetime(2026, 11, 17, 17, 0, tzinfo=UTC)


def event(**values: object) -> CalendarEvent:
    usual = {"uid": "visit-1@rounds", "title": "Visit", "starts_at": NOON, "changed_at": NOON}
    return CalendarEvent(**(usual | values))  # type: ignore[arg-type]


def read(data: bytes) -> Calendar:
    return Calendar.from_ical(data)


def test_the_zone_and_its_rules_are_in_the_file() -> None:
    data = calendar_file(event(), NEW_YORK)
    calendar = read(data)
    zones = calendar.walk("VTIMEZONE")
    assert [str(zone["TZID"]) for zone in zones] == ["America/New_York"]
    assert b"DTSTART;TZID=America/New_York:20261117T120000" in data
    assert calendar.walk("VEVENT")[0].start == NOON


@pytest.mark.parametrize(
    ("starts_at", "wall"),
    [
        (datetime(2026, 3, 8, 6, 30, tzinfo=UTC), "01:30"),
        (datetime(2026, 3, 8, 7, 30, tzinfo=UTC), "03:30"),
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "01:30"),
        (datetime(2026, 11, 1, 7, 30, tzinfo=UTC), "02:30"),
        (datetime(2026, 7, 1, 16, 0, tzinfo=UTC), "12:00"),
    ],
)
def test_a_change_of_clocks_moves_nothing(starts_at: datetime, wall: str) -> None:
    start = read(calendar_file(event(starts_at=starts_at), NEW_YORK)).walk("VEVENT")[0].start
    assert start.astimezone(UTC) == starts_at
    assert f"{start.astimezone(NEW_YORK):%H:%M}" == wall


@settings(deadline=None)
@given(
    st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    st.integers(0, 23),
    st.sampled_from(["America/New_York", "America/Phoenix", "Pacific/Honolulu", "UTC"]),
)
def test_every_moment_is_read_back_the_same(day: date, hour: int, zone: str) -> None:
    starts_at = datetime(day.year, day.month, day.day, hour, 15, tzinfo=UTC)
    found = read(calendar_file(event(starts_at=starts_at, ends_at=starts_at + timedelta(minutes=45)), ZoneInfo(zone)))
    item = found.walk("VEVENT")[0]
    # An hour that happens twice is told apart by the offset of its zone, which the file cannot carry.
    assert item.start.astimezone(UTC) in (starts_at, starts_at - timedelta(hours=1))
    assert len(found.walk("VEVENT")) == 1


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_no_text_can_add_a_line_of_its_own(title: str, place: str, text: str) -> None:
    bad = "\r\nATTENDEE:mailto:evil@example.com\nEND:VEVENT"
    data = calendar_file(
        event(title=title + bad, place=place + bad, text=text + bad, attendees=[(title + bad, "a@b.example" + bad)]),
        NEW_YORK,
    )
    calendar = read(data)
    assert len(calendar.walk("VEVENT")) == 1
    item = calendar.walk("VEVENT")[0]
    attendees = item["ATTENDEE"] if isinstance(item["ATTENDEE"], list) else [item["ATTENDEE"]]
    assert len(attendees) == 1
    assert all(line.startswith(b"ATTENDEE;") for line in data.split(b"\r\n") if line.startswith(b"ATTENDEE"))


def test_people_and_texts_are_read_back() -> None:
    item = read(
        calendar_file(
            event(
                title="Review; part 1, spine", place="Room 4\nEast", text="1. Forms\n2. Reports",
                organizer=("Dana Whitfield", "dana@harbor.example"),
                attendees=[('Nadia "Nan" Okonjo, MD', "nadia@olentangy.example"), ("Lena", "lena@x.example")],
                url="https://rounds.example/meetings/1", sequence=3,
            ),
            NEW_YORK,
        )
    ).walk("VEVENT")[0]  # fmt: skip
    assert item["SUMMARY"] == "Review; part 1, spine"
    assert item["LOCATION"] == "Room 4 East"
    assert item["DESCRIPTION"] == "1. Forms\n2. Reports"
    assert [str(address) for address in item["ATTENDEE"]] == ["mailto:nadia@olentangy.example", "mailto:lena@x.example"]
    assert item["ATTENDEE"][0].params["CN"] == "Nadia 'Nan' Okonjo, MD"
    assert str(item["ORGANIZER"]) == "mailto:dana@harbor.example"
    assert (item["SEQUENCE"], item["STATUS"]) == (3, "CONFIRMED")


def test_a_cancellation_takes_the_event_out_of_calendars() -> None:
    calendar = read(calendar_file(event(is_cancelled=True), NEW_YORK))
    assert calendar["METHOD"] == "CANCEL"
    assert calendar.walk("VEVENT")[0]["STATUS"] == "CANCELLED"


def test_without_an_end_it_lasts_half_an_hour() -> None:
    item = read(calendar_file(event(), NEW_YORK)).walk("VEVENT")[0]
    assert item.end - item.start == timedelta(minutes=30)
