"""The layout of the calendar: weeks, months, and lanes in which nothing covers anything else."""

from datetime import date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crm.visits.calendar import (
    DAY_MINUTES,
    Entry,
    by_day,
    day_strip,
    hours_shown,
    lanes,
    month_after,
    month_before,
    of_span,
    week_of,
    weeks_of_month,
)

DAY = date(2026, 11, 17)
DAYS = st.dates(date(2000, 2, 1), date(2099, 11, 30))


def entry(start: int | None, end: int | None = None, title: str = "Visit", **values: object) -> Entry:
    return Entry(DAY, title, "/visits/1", "planned", start, end, **values)  # type: ignore[arg-type]


MINUTES = st.none() | st.integers(0, DAY_MINUTES - 1)
ENTRIES = st.lists(st.builds(entry, MINUTES, MINUTES, st.text(max_size=3)), max_size=25)


@given(ENTRIES)
def test_nothing_covers_anything_else(entries: list[Entry]) -> None:
    placed = lanes(entries)
    for one in placed:
        for other in placed:
            if one is not other and one.lane == other.lane:
                a, b = one.entry, other.entry
                assert a.until <= (b.start or 0) or b.until <= (a.start or 0)


@given(ENTRIES)
def test_everything_with_a_time_is_placed_once_and_inside_its_lanes(entries: list[Entry]) -> None:
    placed = lanes(entries)
    timed = [e for e in entries if e.start is not None]
    assert sorted(map(id, (p.entry for p in placed))) == sorted(map(id, timed))
    assert all(0 <= p.lane < p.lanes for p in placed)


@given(ENTRIES)
def test_what_overlaps_shares_the_same_number_of_lanes(entries: list[Entry]) -> None:
    placed = lanes(entries)
    for one in placed:
        for other in placed:
            a, b = one.entry, other.entry
            if (a.start or 0) < b.until and (b.start or 0) < a.until:
                assert one.lanes == other.lanes


@given(ENTRIES)
def test_the_drawing_holds_every_entry(entries: list[Entry]) -> None:
    first, last = hours_shown(entries)
    assert 0 <= first <= 8
    assert 18 <= last <= 24
    assert all(first * 60 <= (e.start or 0) and e.until <= last * 60 for e in entries if e.start is not None)


@given(ENTRIES)
def test_a_block_ends_after_it_begins_and_on_its_day(entries: list[Entry]) -> None:
    assert all((e.start or 0) < e.until <= DAY_MINUTES for e in entries)


def test_apart_in_time_means_the_whole_width() -> None:
    assert [p.lanes for p in lanes([entry(540, 570), entry(570, 600), entry(900, 960)])] == [1, 1, 1]
    assert [(p.lane, p.lanes) for p in lanes([entry(540, 600), entry(570, 630), entry(600, 660)])] == [
        (0, 2),
        (1, 2),
        (0, 2),
    ]


@given(DAYS)
def test_a_week_runs_from_monday_to_sunday_around_its_day(day: date) -> None:
    week = week_of(day)
    assert day in week
    assert [d.weekday() for d in week] == list(range(7))


@given(DAYS)
def test_a_months_weeks_hold_each_of_its_days_once(day: date) -> None:
    days = [d for week in weeks_of_month(day) for d in week]
    inside = [d for d in days if (d.year, d.month) == (day.year, day.month)]
    assert inside[0].day == 1
    assert (inside[-1] + timedelta(days=1)).month != day.month
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))


@given(DAYS)
def test_months_follow_one_another(day: date) -> None:
    assert month_before(month_after(day)) == day.replace(day=1)
    assert month_after(day).day == 1


def test_what_has_no_time_stands_first_on_its_day() -> None:
    untimed, early, late = entry(None, title="b"), entry(480, title="a"), entry(900, title="a")
    assert by_day([late, early, untimed]) == {DAY: [untimed, early, late]}


def test_a_meeting_past_midnight_stands_on_both_days() -> None:
    found = of_span(datetime(2026, 11, 17, 22, 0), datetime(2026, 11, 18, 1, 30), title="Talk", url="/", kind="meeting")  # noqa: DTZ001
    assert [(e.day.day, e.start, e.end) for e in found] == [(17, 1320, 1440), (18, 0, 90)]


def test_a_meeting_until_midnight_stands_on_one_day() -> None:
    found = of_span(datetime(2026, 11, 17, 22, 0), datetime(2026, 11, 18, 0, 0), title="Talk", url="/", kind="meeting")  # noqa: DTZ001
    assert [(e.day.day, e.start, e.end) for e in found] == [(17, 1320, 1440)]


def test_the_day_strip_tells_done_next_and_promised_apart() -> None:
    done = Entry(DAY, "A", "/visits/1", "done", 510, 540)
    following = Entry(DAY, "B", "/visits/2", "planned", 600, 630)
    promised = Entry(DAY, "C", "/visits/3", "planned", 690, 720, is_fixed=True)
    free = Entry(DAY, "D", "/visits/4", "planned", 800, 830)
    strip = day_strip([free, promised, following, done, Entry(DAY, "E", "/visits/5", "planned")], "/visits/2")
    assert [(item["label"], item["kind"]) for item in strip] == [
        ("A", "done"),
        ("B", "next"),
        ("C", "fixed"),
        ("D", "todo"),
    ]
    assert strip[0]["start"] == 8.5
