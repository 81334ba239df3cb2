"""Tests of the pages of a plan: choosing, ordering, moving, saving, and who may look."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import icalendar
import pytest
from sqlalchemy import func, select

from crm.core import clock
from crm.directory.models import Practice, PracticeHours, PracticeStatus, Tier
from crm.meetings.models import Meeting
from crm.route_planning.models import RoutePlan, RouteStop
from crm.visits.models import Visit, VisitState
from tests.cast import Cast, practice
from tests.pages import Answer, PageClient, count_statements

SignIn = Callable[..., PageClient]


@pytest.fixture
def day() -> date:
    """A day to come: a Wednesday, so that offices are open."""
    today = clock.today()
    return today + timedelta(days=(2 - today.weekday()) % 7 + 7)


@pytest.fixture
def dana(cast: Cast, sign_in: SignIn) -> PageClient:
    """Dana's browser."""
    return sign_in(cast.dana)


@pytest.fixture
def street(cast: Cast, database: Any) -> list[Practice]:
    """Four practices of the North, further and further up the road, chosen below in a silly order."""
    rows = [
        practice(
            database(), f"Mile {n} Clinic", cast.north, latitude=40.0 + n * 0.05, longitude=-83.0, city=f"Town {n}"
        )
        for n in range(1, 5)
    ]
    database().commit()
    return rows


def url(day: date) -> str:
    return f"/route-planning/{day:%Y-%m-%d}"


def choose(client: PageClient, day: date, *rows: Practice) -> Answer:
    return client.post(f"{url(day)}/stops", {"ids": [row.id for row in rows]})


def names(answer: Answer) -> list[str]:
    assert answer.soup is not None
    return [name.get_text(strip=True) for name in answer.soup.select(".plan-route .plan-name")]


def test_today_nothing_there_yet(dana: PageClient, cast: Cast) -> None:
    answer = dana.get("/route-planning")
    assert answer.status == 200
    assert "No stops yet" in answer.text
    assert "Olentangy Family Medicine" in answer.text  # never visited, so it is due


def test_stops_are_put_into_a_sensible_order_beside_the_order_typed(
    dana: PageClient, street: list[Practice], day: date, database: Any
) -> None:
    one, two, three, four = street
    assert choose(dana, day, three, one, four, two).status == 302
    answer = dana.get(url(day))
    shown = names(answer)
    assert shown in (["Mile 1 Clinic", "Mile 2 Clinic", "Mile 3 Clinic", "Mile 4 Clinic"], [
        "Mile 4 Clinic", "Mile 3 Clinic", "Mile 2 Clinic", "Mile 1 Clinic"])  # fmt: skip
    assert "less driving as ordered" in answer.text
    assert "Drive times are estimates" in answer.text
    assert "Ordered by travel time" in answer.text
    typed = database().scalars(select(RouteStop).order_by(RouteStop.typed_position)).all()
    assert [stop.practice_id for stop in typed] == [three.id, one.id, four.id, two.id]


def test_add_from_the_directory_goes_to_today(dana: PageClient, street: list[Practice]) -> None:
    answer = dana.post("/route-planning/stops", {"ids": [street[0].id], "everything": ""})
    assert answer.location.endswith(url(clock.today()))
    assert names(dana.get("/route-planning")) == ["Mile 1 Clinic"]


def test_add_takes_all_that_a_list_matches(dana: PageClient, street: list[Practice], cast: Cast, day: date) -> None:
    answer = dana.post(f"{url(day)}/stops", {"everything": "1", "query": "tier=A&unseen=30&sort=due"}, follow=True)
    assert names(answer) == ["Olentangy Family Medicine"]


def test_add_says_what_it_did_not_add(
    dana: PageClient, street: list[Practice], cast: Cast, day: date, database: Any
) -> None:
    choose(dana, day, street[0])
    answer = dana.post(
        f"{url(day)}/stops", {"ids": [street[0].id, street[1].id, cast.southgate.id, 999999]}, follow=True
    )
    assert "1 stop added. 1 was on the plan already. 2 practices cannot be planned." in answer.text
    assert "Southgate" not in answer.text
    street[2].status = PracticeStatus.DO_NOT_VISIT
    database().commit()
    assert "Mile 3 Clinic asked not to be visited" in dana.get(choose(dana, day, street[2]).location).text


@pytest.mark.parametrize("ids", [[], ["x"], ["-1"], ["9" * 30], ["0"], ["\ud800"]])
def test_add_takes_nonsense(dana: PageClient, cast: Cast, day: date, ids: list[str], database: Any) -> None:
    values = [text.encode("utf-8", "surrogatepass") for text in ids]
    assert dana.post(f"{url(day)}/stops", {"ids": values}).status == 302
    assert database().scalar(select(func.count()).select_from(RouteStop)) == 0


def test_a_day_takes_a_limited_number_of_stops(dana: PageClient, cast: Cast, day: date, database: Any) -> None:
    rows = [practice(database(), f"Clinic {n}", cast.north, latitude=40.0 + n / 100) for n in range(26)]
    database().commit()
    answer = dana.get(choose(dana, day, *rows).location)
    assert "A day takes at most 25 stops. Nothing was added." in answer.text
    choose(dana, day, *rows[:25])
    assert len(names(dana.get(url(day)))) == 25


def test_move_switches_to_the_own_order_and_order_for_me_gives_it_back(
    dana: PageClient, street: list[Practice], day: date, database: Any
) -> None:
    choose(dana, day, *street)
    first, second, *rest = names(dana.get(url(day)))
    stops = {stop.practice.name: stop for stop in database().scalars(select(RouteStop))}
    dana.post(f"{url(day)}/stops/{stops[first].id}/move", {"to": "down"})
    answer = dana.get(url(day))
    assert names(answer) == [second, first, *rest]
    assert "In your own order" in answer.text
    choose_more = practice(database(), "Latecomer", street[0].territory, latitude=40.06, longitude=-83.0)
    database().commit()
    choose(dana, day, choose_more)
    assert names(dana.get(url(day)))[-1] == "Latecomer"  # added at the end, for the order is the person's own
    dana.post(f"{url(day)}/stops/{stops[first].id}/move", {"to": "last"})
    assert names(dana.get(url(day)))[-1] == first
    answer = dana.submit(dana.get(url(day)), action="/order", follow=True)
    assert "Ordered by travel time" in answer.text
    assert names(answer)[-1] != "Latecomer"


def test_move_takes_nonsense(dana: PageClient, street: list[Practice], day: date, database: Any) -> None:
    choose(dana, day, *street)
    stop = database().scalars(select(RouteStop)).first()
    assert dana.post(f"{url(day)}/stops/{stop.id}/move", {"to": "sideways"}).status == 422
    assert dana.post(f"{url(day)}/stops/999999/move", {"to": "up"}).status == 404
    assert dana.post(f"{url(day + timedelta(days=1))}/stops/{stop.id}/move", {"to": "up"}).status == 404


def test_remove_takes_a_stop_off_and_can_be_undone(dana: PageClient, street: list[Practice], day: date) -> None:
    choose(dana, day, *street[:2])
    page = dana.get(url(day))
    answer = dana.submit(page, action="/remove", follow=True)
    assert "is off the plan" in answer.text
    assert len(names(answer)) == 1
    assert len(names(dana.submit(answer, action="/stops", follow=True))) == 2


def test_save_makes_planned_visits_once(
    dana: PageClient, street: list[Practice], day: date, cast: Cast, database: Any
) -> None:
    choose(dana, day, *street)
    for _ in range(2):
        dana.post(f"{url(day)}/visits")
    visits = database().scalars(select(Visit).order_by(Visit.starts_at)).all()
    assert [v.practice.name for v in visits] == names(dana.get(url(day)))
    assert {(v.state, v.owner_id, v.visit_on, v.is_promised) for v in visits} == {
        (VisitState.PLANNED, cast.dana.id, day, False)
    }
    assert all(visit.starts_at and visit.starts_at.minute % 5 == 0 for visit in visits)
    answer = dana.get(url(day))
    assert "all planned as visits" in answer.text
    # Another order gives the same visits other times.
    stop = database().scalars(select(RouteStop).order_by(RouteStop.position)).first()
    dana.post(f"{url(day)}/stops/{stop.id}/move", {"to": "last"})
    dana.post(f"{url(day)}/visits")
    database().expire_all()
    visits = database().scalars(select(Visit).order_by(Visit.starts_at)).all()
    assert [v.practice.name for v in visits] == names(dana.get(url(day)))
    assert len(visits) == 4


def test_remove_cancels_the_visit_that_the_plan_made(
    dana: PageClient, street: list[Practice], day: date, database: Any
) -> None:
    choose(dana, day, street[0])
    dana.post(f"{url(day)}/visits")
    answer = dana.submit(dana.get(url(day)), action="/remove", follow=True)
    assert "its planned visit is cancelled" in answer.text
    visit = database().scalars(select(Visit)).one()
    assert visit.state is VisitState.CANCELLED
    dana.submit(answer, action="/reopen")
    assert names(dana.get(url(day))) == ["Mile 1 Clinic"]


def test_a_promised_visit_keeps_its_time_and_cannot_be_taken_off(
    dana: PageClient, street: list[Practice], day: date, cast: Cast, database: Any
) -> None:
    database().add(
        Visit(
            practice=street[3], owner_id=cast.dana.id, visit_on=day, starts_at=time(9, 30), is_promised=True, minutes=30
        )
    )
    database().commit()
    choose(dana, day, *street)
    answer = dana.get(url(day))
    assert "Promised visit" in answer.text
    assert answer.soup is not None
    fixed = answer.soup.select_one(".plan-stop-fixed")
    assert fixed is not None
    assert fixed.select_one(".plan-when b").get_text() == "9:30"  # type: ignore[union-attr]
    assert "late" not in answer.text
    dana.post(f"{url(day)}/visits")
    kept = database().scalars(select(Visit).where(Visit.is_promised)).one()
    assert kept.starts_at == time(9, 30)
    assert database().scalar(select(func.count()).select_from(Visit)) == 4


def test_visits_and_meetings_of_the_day_stand_on_the_plan(
    dana: PageClient, street: list[Practice], day: date, cast: Cast, database: Any
) -> None:
    ten = {"starts_at": clock.at(day, 10), "ends_at": clock.at(day, 11), "owner_id": cast.dana.id}
    theirs = {"owner_id": cast.dana.id, "visit_on": day}
    database().add_all(
        [
            Visit(practice=street[0], **theirs),
            Visit(practice=street[1], starts_at=time(14, 0), **theirs),
            Visit(practice=street[2], state=VisitState.CANCELLED, **theirs),
            Visit(practice=street[3], owner_id=cast.maren.id, visit_on=day),
            Meeting(title="Lunch-and-learn", practice=cast.olentangy, **ten),
            Meeting(title="Team call", place="By phone", **ten),
        ]
    )
    database().commit()
    answer = dana.get(url(day))
    assert set(names(answer)) == {"Mile 1 Clinic", "Mile 2 Clinic", "Olentangy Family Medicine"}
    assert "Meeting: Lunch-and-learn , 60 min" in answer.text
    assert "Overlaps a meeting" in answer.text
    assert "Team call By phone, driving not counted 10:00" in answer.text
    # The first thing that somebody does takes the visit without a time into the order.
    dana.post(f"{url(day)}/order")
    assert [stop.practice_id for stop in database().scalars(select(RouteStop))] == [street[0].id]


def test_what_has_no_place_is_told_and_not_left_out(
    dana: PageClient, street: list[Practice], cast: Cast, day: date, database: Any
) -> None:
    street[1].latitude = street[1].longitude = None
    database().commit()
    choose(dana, day, *street[:2])
    answer = dana.get(url(day))
    assert names(answer) == ["Mile 1 Clinic"]
    assert "Not placed. Mile 2 Clinic has no place on the map" in answer.text
    assert f'href="/directory/practices/{street[1].id}/edit"' in str(answer.soup)
    dana.post(f"{url(day)}/visits")
    assert database().scalar(select(func.count()).select_from(Visit)) == 2


def test_office_hours_are_warned_about(dana: PageClient, street: list[Practice], day: date, database: Any) -> None:
    street[0].hours = [PracticeHours(weekday=0, opens=time(8), closes=time(17))]
    street[1].hours = [PracticeHours(weekday=2, opens=time(13), closes=time(17))]
    database().commit()
    choose(dana, day, *street[:2])
    answer = dana.get(url(day))
    assert "Closed on this day" in answer.text
    assert "Opens at 1:00" in answer.text


def test_basics_change_the_frame_of_the_day(dana: PageClient, street: list[Practice], day: date, database: Any) -> None:
    choose(dana, day, *street)
    page = dana.get(url(day))
    assert "8:30 from Harbor Specialty Group and back" in page.text
    answer = dana.submit(
        page,
        {"starts_at": "09:15", "start": "zip", "start_zip": "43215", "visit_minutes": "35"},
        action="/basics",
        follow=True,
    )
    assert "9:15 from ZIP 43215 , back to Harbor Specialty Group , 35 min a visit" in answer.text
    plan = database().scalars(select(RoutePlan)).one()
    assert (plan.starts_at, plan.visit_minutes, plan.start_name) == (time(9, 15), 35, "ZIP 43215")
    conflict = dana.submit(page, {"visit_minutes": "10"}, action="/basics")
    assert conflict.status == 422
    assert "Somebody saved a change" in conflict.text
    # The next day begins as this one did.
    assert "from ZIP 43215" in dana.get(url(day + timedelta(days=1))).text


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"visit_minutes": "0"}, "Between 5 and 240 minutes"),
        ({"visit_minutes": "9" * 30}, "Between 5 and 240 minutes"),
        ({"start": "zip", "start_zip": "00000"}, "no place on the map"),
        ({"start": "moon"}, "Choose"),
        ({"starts_at": "25:99"}, "Start at"),
        ({"starts_at": ""}, "Say when the day starts"),
    ],
)
def test_basics_keep_what_was_typed(dana: PageClient, cast: Cast, day: date, values: dict[str, str], says: str) -> None:
    answer = dana.submit(dana.get(url(day)), {"end": "zip", "end_zip": "43085", **values}, action="/basics")
    assert answer.status == 422
    assert says in answer.text
    assert answer.soup is not None
    assert answer.soup.find("input", attrs={"name": "end_zip"})["value"] == "43085"  # type: ignore[index]


def test_without_a_known_start_the_day_begins_at_the_first_stop(
    dana: PageClient, street: list[Practice], cast: Cast, day: date, database: Any
) -> None:
    cast.organization.latitude = None
    database().commit()
    assert "Where does the day start?" in dana.get(url(day)).text
    choose(dana, day, street[0])
    assert "from Mile 1 Clinic" in dana.get(url(day)).text
    street[1].latitude = None
    database().commit()
    other = day + timedelta(days=7)
    database().delete(database().scalars(select(RoutePlan)).one())
    database().commit()
    assert "Say first where the day starts" in dana.get(choose(dana, other, street[1]).location).text


def test_a_plan_is_seen_by_its_owner_and_by_managers_only(
    cast: Cast, sign_in: SignIn, dana: PageClient, street: list[Practice], day: date
) -> None:
    choose(dana, day, *street[:2])
    theirs = f"{url(day)}?person={cast.dana.id}"
    seen = sign_in(cast.maren).get(theirs)
    assert len(names(seen)) == 2
    assert "Take off the plan" not in seen.text
    assert "Save as visits" not in seen.text
    assert sign_in(cast.tomas).get(theirs).status == 404
    assert sign_in(cast.tomas).get(f"{url(day)}?person=999999").status == 404
    assert names(sign_in(cast.tomas).get(url(day))) == []
    for person in (cast.priya, cast.arjun, cast.carol, cast.adam):
        assert sign_in(person).get(url(day)).status == 403


def test_nobody_changes_the_plan_of_somebody_else(
    cast: Cast, sign_in: SignIn, dana: PageClient, street: list[Practice], day: date, database: Any
) -> None:
    choose(dana, day, *street[:2])
    stop = database().scalars(select(RouteStop)).first()
    for person in (cast.tomas, cast.maren):
        client = sign_in(person)
        assert client.post(f"{url(day)}/stops/{stop.id}/remove").status == 404
        assert client.post(f"{url(day)}/stops/{stop.id}/move", {"to": "down"}).status == 404
    assert database().scalar(select(func.count()).select_from(RouteStop)) == 2


def test_a_practice_that_left_the_territory_is_not_shown(
    dana: PageClient, street: list[Practice], cast: Cast, day: date, database: Any
) -> None:
    choose(dana, day, *street[:2])
    street[0].territory_id = cast.south.id
    database().commit()
    answer = dana.get(url(day))
    assert names(answer) == ["Mile 2 Clinic"]
    assert "Mile 1 Clinic" not in answer.text


@pytest.mark.parametrize(
    "text", ["tomorrow", "2026-13-01", "2026-02-30", "1999-12-31", "9999-12-31", "20261120", "%00", "2026-11-20T00"]
)
def test_a_day_that_is_none_is_not_found(dana: PageClient, text: str) -> None:
    assert dana.get(f"/route-planning/{text}").status == 404


def test_a_past_day_cannot_be_saved_as_visits(dana: PageClient, street: list[Practice], database: Any) -> None:
    past = clock.today() - timedelta(days=3)
    choose(dana, past, street[0])
    assert "Save as visits" not in dana.get(url(past)).text
    assert "This day is over" in dana.get(dana.post(f"{url(past)}/visits").location).text
    assert database().scalar(select(func.count()).select_from(Visit)) == 0


def test_calendar_is_a_file_that_a_calendar_reads(dana: PageClient, street: list[Practice], day: date) -> None:
    choose(dana, day, *street[:3])
    answer = dana.get(f"{url(day)}/plan.ics")
    assert answer.response.headers["Content-Disposition"] == f"attachment; filename=plan-{day:%Y-%m-%d}.ics"
    events = icalendar.Calendar.from_ical(answer.response.data).walk("VEVENT")
    assert [str(event["summary"]) for event in events] == [f"Visit {name}" for name in names(dana.get(url(day)))]
    assert all(event["dtstart"].dt.date() == day for event in events)
    assert all(str(event["location"]).startswith("7420 Riverbend Parkway, Town") for event in events)
    assert dana.get(f"{url(day)}/plan.ics?person=99999").status == 404


def test_the_day_opens_in_other_map_apps(dana: PageClient, street: list[Practice], day: date) -> None:
    choose(dana, day, *street[:2])
    html = str(dana.get(url(day)).soup)
    assert "https://www.google.com/maps/dir/?api=1&amp;origin=40.000000%2C-83.000000" in html
    assert "https://maps.apple.com/?saddr=40.000000" in html


def test_a_plan_needs_the_same_statements_for_one_stop_as_for_twenty(
    dana: PageClient, cast: Cast, day: date, database: Any
) -> None:
    rows = [practice(database(), f"Clinic {n}", cast.north, latitude=40.0 + n / 100) for n in range(20)]
    for row in rows:
        row.hours = [PracticeHours(weekday=2, opens=time(8), closes=time(17))]
    database().commit()
    counts = []
    for some in (rows[:1], rows):
        choose(dana, day, *some)
        dana.post(f"{url(day)}/visits")
        database().expire_all()
        with count_statements() as statements:
            dana.get(url(day))
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_due_practices_say_what_they_add_to_the_driving(
    dana: PageClient, street: list[Practice], cast: Cast, day: date, database: Any
) -> None:
    street[3].tier = Tier.A
    database().commit()
    choose(dana, day, street[0])
    answer = dana.get(url(day))
    assert answer.soup is not None
    rows = [row.get_text(" ", strip=True) for row in answer.soup.select(".plan-due li")]
    assert any("Mile 4 Clinic" in row and "min Add" in row for row in rows)
    assert not any("Mile 1 Clinic" in row for row in rows)


def test_map_json_holds_the_stops_the_way_and_the_towns(
    dana: PageClient, street: list[Practice], day: date, cast: Cast, sign_in: SignIn
) -> None:
    choose(dana, day, *street[:2])
    data = dana.get(f"{url(day)}/map.json").json
    assert [stop["label"] for stop in data["stops"]] == [*names(dana.get(url(day))), "Harbor Specialty Group"]
    assert [stop["kind"] for stop in data["stops"]] == ["movable", "movable", "home"]
    assert [leg["kind"] for leg in data["legs"]] == ["line", "dashed"]
    assert data["legs"][0]["points"][0] == data["legs"][1]["points"][-1] == [40.0, -83.0]
    assert {town["name"] for town in data["towns"]} == {"Town 1", "Town 2"}
    theirs = f"{url(day)}/map.json?person={cast.dana.id}"
    assert len(sign_in(cast.maren).get(theirs).json["stops"]) == 3
    assert sign_in(cast.tomas).get(theirs).status == 404


def test_save_is_offered_only_while_there_is_something_to_save(
    dana: PageClient, street: list[Practice], day: date, database: Any
) -> None:
    choose(dana, day, *street)
    assert "Save as visits" in dana.get(url(day)).text
    dana.post(f"{url(day)}/visits")
    answer = dana.get(url(day))
    assert "Save as visits" not in answer.text
    assert "Update visits" not in answer.text
    stop = database().scalars(select(RouteStop).order_by(RouteStop.position)).first()
    dana.post(f"{url(day)}/stops/{stop.id}/move", {"to": "down"})
    assert "Update visits" in dana.get(url(day)).text


def test_a_logged_visit_is_shown_as_done(dana: PageClient, street: list[Practice], cast: Cast, database: Any) -> None:
    today = clock.today()
    choose(dana, today, *street[:2])
    database().add(Visit(practice=street[0], owner_id=cast.dana.id, visit_on=today, state=VisitState.DONE))
    database().commit()
    answer = dana.get(url(today))
    assert answer.soup is not None
    done = answer.soup.select(".plan-stop-done")
    assert len(done) == 1
    assert "Mile 1 Clinic Done" in done[0].get_text(" ", strip=True)
    dana.post(f"{url(today)}/visits")
    assert database().scalar(select(func.count()).select_from(Visit)) == 2  # the logged one is not planned again


def test_the_first_thing_done_to_a_day_of_visits_makes_its_plan(
    dana: PageClient, street: list[Practice], day: date, cast: Cast, database: Any
) -> None:
    database().add_all([Visit(practice=row, owner_id=cast.dana.id, visit_on=day) for row in street[:2]])
    database().commit()
    assert len(names(dana.get(url(day)))) == 2
    assert database().scalar(select(func.count()).select_from(RoutePlan)) == 0  # looking changes nothing
    dana.post(f"{url(day)}/order")
    assert database().scalar(select(func.count()).select_from(RouteStop)) == 2
    cast.organization.latitude = None
    database().commit()
    database().delete(database().scalars(select(RoutePlan)).one())
    database().commit()
    assert dana.post(f"{url(day)}/order").status == 409
