"""The demo's tasks and meetings."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from crm.accounts.permissions import Role
from crm.core import clock
from crm.demo.practices import Sketch, workdays
from crm.demo.rows import Row, Rows, chance, generator, pick
from crm.demo.scale import Scale
from crm.demo.users import Person
from crm.meetings.models import Attendance, MeetingState

TASK_TITLES = (
    "Send imaging order form", "Call back about parking", "Confirm the talk", "Mail referral pads",
    "Send the fast-track card",
    "Introduce the new scheduler", "Ask for the report turnaround", "Check why two patients were not scheduled",
    "Bring the sleep study checklist", "Thank the referral coordinator", "Update the fax number", "Book a lunch talk",
    "Tell them how the complaint was solved", "Ask about the new physician's start",
)  # fmt: skip
TASK_NOTES = ("", "", "Promised on the visit.", "Short call is enough.", "Copy Maren when done.")
# Days from today on which the open tasks of one person are due.
OPEN_DUE = (-4, -2, -1, 0, 0, 1, 3, 6, 9, 14, 21)
OWNERS = (Role.LIAISON, Role.MANAGER, Role.MARKETING)
MEETING_TITLES = (
    "Lunch talk: which study when", "Imaging pathway", "Meet the cardiologists", "Referral huddle", "Quarterly review",
    "Sleep medicine evening", "Introduction of the spine clinic", "Back pain pathway",
)  # fmt: skip
AGENDA = "What went well since last time\nWhat is slow\nWho does what until when"
MINUTES_TEXT = "Went through the open points. Report times are better. Next talk in the new quarter."
PLACES = (
    "Harbor Worthington, room 2",
    "Harbor Downtown, conference room",
    "At the practice",
    "At the practice",
    "Online",
)


def task_rows(scale: Scale, people: list[Person], sketches: list[Sketch], visits: Rows, seed: int, today: date) -> Rows:
    """Tasks that are overdue, due today, due later and done; most came from a visit."""
    rng = generator(seed, "tasks")
    owners = [person for person in people if person.role in OWNERS]
    recent = _recent_visits(visits, today)
    rows: Rows = []
    for person in owners:
        for place, days in enumerate(OPEN_DUE):
            if person.role is Role.LIAISON or place % 3 == 0:
                rows.append(_task_row(rng, person, recent, sketches, today + timedelta(days), today, is_done=False))
    while len(rows) < scale.tasks:
        due = today - timedelta(int(rng.integers(1, 120)))
        rows.append(_task_row(rng, pick(rng, owners), recent, sketches, due, today, is_done=True))
    for number, row in enumerate(rows, start=1):
        row["id"] = number
    return rows


def _recent_visits(visits: Rows, today: date) -> dict[int, Rows]:
    recent: dict[int, Rows] = {}
    for visit in reversed(visits):
        if visit["visit_on"] < today and len(recent.setdefault(visit["owner_id"], [])) < 40:  # noqa: PLR2004 enough
            recent[visit["owner_id"]].append(visit)
    return recent


def _task_row(
    rng: np.random.Generator, person: Person, recent: dict[int, Rows], sketches: list[Sketch], due: date, today: date,
    *,
    is_done: bool,
) -> Row:  # fmt: skip
    own = recent.get(person.id, [])
    visit = pick(rng, own) if own and chance(rng, 0.8) else None
    practice_id = visit["practice_id"] if visit else pick(rng, sketches[:80]).id
    made = _moment(min(due, today) - timedelta(int(rng.integers(2, 12))), 15)
    done_at = _moment(min(due + timedelta(int(rng.integers(-1, 4))), today - timedelta(1)), 18) if is_done else None
    return {
        "title": pick(rng, TASK_TITLES), "note": pick(rng, TASK_NOTES), "due_on": due, "owner_id": person.id,
        "created_by_id": person.id, "practice_id": practice_id, "visit_id": visit["id"] if visit else None,
        "meeting_id": None, "done_at": done_at, "version": 1, "created_at": made, "updated_at": done_at or made,
    }  # fmt: skip


def meeting_rows(scale: Scale, people: list[Person], sketches: list[Sketch], seed: int, today: date) -> Rows:
    """Meetings of a year, some ahead; each liaison has one this afternoon."""
    rng = generator(seed, "meetings")
    owners = [person for person in people if person.role in OWNERS]
    before = workdays(today - timedelta(365), today - timedelta(1))
    ahead = workdays(today + timedelta(1), today + timedelta(45))
    rows = [
        _meeting_row(rng, person, sketches, today, hour=16, today=today)
        for person in owners
        if person.role is Role.LIAISON
    ]
    while len(rows) < scale.meetings:
        day = pick(rng, ahead if chance(rng, 0.2) else before)
        rows.append(_meeting_row(rng, pick(rng, owners), sketches, day, hour=int(rng.integers(8, 17)), today=today))
    rows.sort(key=lambda row: (row["starts_at"], row["owner_id"]))
    for number, row in enumerate(rows, start=1):
        row["id"] = number
    return rows


def _meeting_row(
    rng: np.random.Generator, person: Person, sketches: list[Sketch], day: date, *, hour: int, today: date
) -> Row:
    own = [sketch for sketch in sketches if sketch.owner_id == person.id][:40] or sketches[:40]
    starts_at = clock.at(day, hour, int(rng.integers(0, 2)) * 30)
    state = MeetingState.PLANNED
    if day < today:
        state = MeetingState.CANCELLED if chance(rng, 0.06) else MeetingState.HELD
    made = starts_at - timedelta(days=int(rng.integers(5, 20)))
    return {
        "title": pick(rng, MEETING_TITLES), "state": state, "owner_id": person.id, "practice_id": pick(rng, own).id,
        "place": pick(rng, PLACES), "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=int(rng.integers(1, 4)) * 30),
        "agenda": AGENDA, "minutes": MINUTES_TEXT if state is MeetingState.HELD and chance(rng, 0.7) else "",
        "version": 1, "created_at": made, "updated_at": made,
    }  # fmt: skip


def attendee_rows(meetings: Rows, people: list[Person], met_at: dict[int, list[Row]], seed: int) -> Rows:
    """The owner, sometimes a colleague, and people of the practice."""
    rng = generator(seed, "attendees")
    colleagues = [person.id for person in people if person.is_named]
    rows: Rows = []
    for meeting in meetings:
        invited: Rows = [{"user_id": meeting["owner_id"]}]
        other = pick(rng, colleagues)
        if other != meeting["owner_id"] and chance(rng, 0.5):
            invited.append({"user_id": other})
        present = met_at.get(meeting["practice_id"], [])
        invited += [present[place] for place in rng.permutation(len(present))[:4].tolist()]
        for who in invited:
            columns = {"user_id": None, "provider_id": None, "contact_id": None} | who
            rows.append(
                {"id": len(rows) + 1, "meeting_id": meeting["id"], **columns, "attendance": _attendance(rng, meeting)}
            )
    return rows


def _attendance(rng: np.random.Generator, meeting: Row) -> Attendance:
    if meeting["state"] is MeetingState.HELD:
        return Attendance.CAME if chance(rng, 0.8) else Attendance.ABSENT
    return pick(rng, (Attendance.INVITED, Attendance.ACCEPTED, Attendance.ACCEPTED, Attendance.DECLINED))


def _moment(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
