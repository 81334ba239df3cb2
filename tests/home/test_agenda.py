"""Tests of how Today is put together: the order of the day, its times, and only what the person may see."""

from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy.orm import Session

from crm.accounts.models import User
from crm.core import clock
from crm.core.formats import month_of
from crm.directory.models import Practice, PracticeHours
from crm.home.agenda import Today, load_today, summary
from crm.meetings.models import Meeting
from crm.route_planning.models import RoutePlan, RouteStop
from crm.tasks.models import Task
from crm.visits.models import Visit, VisitState
from tests.cast import Cast, practice
from tests.pages import count_statements
from tests.volumes import sent

FRIDAY = date(2026, 11, 20)
MORNING = clock.at(FRIDAY, 9)


def visit(session: Session, owner: User, at: Practice, **values: object) -> Visit:
    usual: dict[str, object] = {"visit_on": FRIDAY, "starts_at": time(10), "minutes": 20}
    row = Visit(practice_id=at.id, owner_id=owner.id, **(usual | values))
    session.add(row)
    session.flush()
    return row


def plan(session: Session, owner: User, visits: list[Visit]) -> RoutePlan:
    row = RoutePlan(
        owner_id=owner.id, plan_on=FRIDAY, starts_at=time(8, 30), start_name="Home", start_latitude=40.0,
        start_longitude=-83.0, end_name="Home", end_latitude=40.0, end_longitude=-83.0,
    )  # fmt: skip
    row.stops = [
        RouteStop(practice_id=v.practice_id, position=n, typed_position=n, visit_id=v.id)
        for n, v in enumerate(visits, 1)
    ]
    session.add(row)
    session.flush()
    return row


def fallen(session: Session, at: Practice) -> None:
    running = month_of(FRIDAY)
    for month in range(running - 3, running):
        sent(session, at, month, 9, cents=98_765_400)
        sent(session, at, month - 12, 30, cents=98_765_400)


def today_of(cast: Cast, session: Session, user: User, now: datetime = MORNING) -> Today:
    return load_today(session, cast.viewer(user), now)


def test_an_empty_day_says_so(cast: Cast, database: Session) -> None:
    page = today_of(cast, database, cast.dana)
    assert page.next is None
    assert page.strip == []
    assert summary(page) == "No visits planned"


def test_the_next_stop_is_the_first_that_is_not_logged(cast: Cast, database: Session) -> None:
    second = practice(database, "Whetstone Medical Group", cast.north, latitude=40.12, longitude=-83.02)
    visit(database, cast.dana, cast.olentangy, state=VisitState.DONE, starts_at=time(8, 40))
    visit(database, cast.dana, second, starts_at=time(9, 30), objective="Thank them")
    page = today_of(cast, database, cast.dana)
    assert [row.practice.name for row in page.logged] == ["Olentangy Family Medicine"]
    assert page.next is not None
    assert (page.next.number, page.next.practice.name, page.next.reason) == (2, "Whetstone Medical Group", "Thank them")
    assert page.next.arrival == "9:30"
    assert summary(page).startswith("1 of 2 visited · home by ")


def test_the_order_of_the_plan_holds_and_others_come_at_their_time(cast: Cast, database: Session) -> None:
    a, b, c = (practice(database, name, cast.north) for name in ("A", "B", "C"))
    first, second = visit(database, cast.dana, a, starts_at=time(14)), visit(database, cast.dana, b, starts_at=time(9))
    plan(database, cast.dana, [first, second])
    visit(database, cast.dana, c, starts_at=time(8))
    assert [row.practice.name for row in today_of(cast, database, cast.dana).open] == ["C", "A", "B"]


def test_planned_stops_get_a_range_and_promised_ones_their_time(cast: Cast, database: Session) -> None:
    free, promised = practice(database, "Free", cast.north), practice(database, "Promised", cast.north)
    visits = [
        visit(database, cast.dana, free),
        visit(database, cast.dana, promised, starts_at=time(12), is_promised=True),
    ]
    plan(database, cast.dana, visits)
    arrivals = [row.arrival for row in today_of(cast, database, cast.dana).open]
    assert "–" in arrivals[0]
    assert arrivals[1] == "12:00"


def test_a_meeting_at_a_practice_is_driven_to_at_its_time(cast: Cast, database: Session) -> None:
    visit(database, cast.dana, cast.olentangy, starts_at=time(10), minutes=20)
    late = practice(database, "Late", cast.north, latitude=40.1, longitude=-83.0)
    for at, hour in ((late, 16), (late, 7), (None, 12)):
        database.add(Meeting(
            title=f"Talk at {hour}", owner_id=cast.dana.id, practice_id=at and at.id,
            starts_at=clock.at(FRIDAY, hour), ends_at=clock.at(FRIDAY, hour + 1, 30),
        ))  # fmt: skip
    database.flush()
    page = today_of(cast, database, cast.dana)
    assert [(row.practice.name, row.arrival, row.reason) for row in page.open] == [
        ("Olentangy Family Medicine", "10:00", ""), ("Late", "4:00", "Meeting · Talk at 16"),
    ]  # fmt: skip
    assert page.count == 1
    assert [(meeting.title, starts) for meeting, starts in page.meetings] == [("Talk at 12", "12:00")]
    assert page.home_at
    assert page.strip[-1]["end"] == 17.5


def test_cancelled_visits_and_other_days_are_not_of_today(cast: Cast, database: Session) -> None:
    visit(database, cast.dana, cast.olentangy, state=VisitState.CANCELLED)
    tomorrow = visit(database, cast.dana, cast.olentangy, visit_on=FRIDAY + timedelta(days=1))
    page = today_of(cast, database, cast.dana)
    assert page.count == 0
    assert page.next_visit is not None
    assert page.next_visit.id == tomorrow.id


@pytest.mark.parametrize(
    ("spans", "says"),
    [
        ([], ""),
        ([(4, 9, 17)], "until 5:00"),
        ([(4, 13, 17)], "from 1:00"),
        ([(4, 7, 8)], "closed then"),
        ([(3, 9, 17)], "closed today"),
    ],
)
def test_office_hours_are_told(cast: Cast, database: Session, spans: list[tuple[int, int, int]], says: str) -> None:
    cast.olentangy.hours = [PracticeHours(weekday=day, opens=time(a), closes=time(b)) for day, a, b in spans]
    visit(database, cast.dana, cast.olentangy)
    page = today_of(cast, database, cast.dana)
    assert page.next is not None
    assert page.next.hours == says


def test_clear_falls_need_attention_in_the_own_territory_only(cast: Cast, database: Session) -> None:
    fallen(database, cast.olentangy)
    fallen(database, cast.southgate)
    sent(database, practice(database, "Steady", cast.north), month_of(FRIDAY) - 1, 40)
    assert [row.practice.name for row in today_of(cast, database, cast.dana).attention] == ["Olentangy Family Medicine"]
    assert len(today_of(cast, database, cast.maren).attention) == 2
    fall = today_of(cast, database, cast.tomas).attention[0].fall
    assert (fall.now, fall.before) == (27, 90)


def test_before_walking_in_everything_known_is_told(cast: Cast, database: Session) -> None:
    fallen(database, cast.olentangy)
    cast.marisol.prefers = "Text before 10:00"
    visit(database, cast.dana, cast.olentangy, state=VisitState.DONE, visit_on=date(2026, 10, 10))
    visit(database, cast.dana, cast.olentangy, objective="Introduce the spine clinic")
    database.add(Task(title="Send the card", due_on=FRIDAY, owner_id=cast.dana.id, practice_id=cast.olentangy.id))
    database.flush()
    know = today_of(cast, database, cast.dana).know
    assert [item.title for item in know] == [
        "Send the card", "9 referrals a month, was 30", "Nadia Okonjo is in today", "Introduce the spine clinic",
    ]  # fmt: skip
    assert know[2].text == "Marisol Trent: text before 10:00."
    assert know[3].text == "Your objective. Last seen 41 days ago."


def test_follow_ups_are_one_s_own_and_parted_by_day(cast: Cast, database: Session) -> None:
    for title, days, owner in (
        ("Late", -4, cast.dana),
        ("Now", 0, cast.dana),
        ("Later", 3, cast.dana),
        ("His", -1, cast.tomas),
    ):
        database.add(Task(title=title, due_on=FRIDAY + timedelta(days=days), owner_id=owner.id))
    database.flush()
    page = today_of(cast, database, cast.dana)
    assert [task.title for task in page.overdue] == ["Late"]
    assert [task.title for task in page.due_today] == ["Now"]


def test_meetings_of_the_day_come_with_their_time(cast: Cast, database: Session) -> None:
    for day, title in ((FRIDAY, "Imaging pathway"), (FRIDAY + timedelta(days=1), "Another day")):
        starts_at = clock.at(day, 16, 30)
        database.add(
            Meeting(title=title, owner_id=cast.dana.id, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
        )
    database.flush()
    found = today_of(cast, database, cast.dana).meetings
    assert [(meeting.title, starts) for meeting, starts in found] == [("Imaging pathway", "4:30")]


def test_more_stops_need_no_more_statements(cast: Cast, database: Session) -> None:
    def statements() -> int:
        database.flush()
        database.expire_all()
        with count_statements() as seen:
            today_of(cast, database, cast.dana)
        return len(seen)

    cast.olentangy.hours = [PracticeHours(weekday=4, opens=time(8), closes=time(17))]
    visit(database, cast.dana, cast.olentangy)
    one = statements()
    for number in range(8):
        place = practice(database, f"Practice {number}", cast.north)
        place.hours = [PracticeHours(weekday=4, opens=time(8), closes=time(17))]
        visit(database, cast.dana, place, starts_at=time(11))
    assert statements() <= one + 1
