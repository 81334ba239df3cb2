"""Tests of the page of one practice, and of the forms that change it."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core import clock
from crm.directory import services
from crm.directory.hours import DayHours
from crm.directory.models import Channel, Consent, Practice
from crm.meetings.models import Meeting
from crm.tasks.models import Task
from crm.visits.models import Outcome, Visit, VisitPerson, VisitState
from tests.cast import Cast, provider
from tests.pages import count_statements


@pytest.fixture
def session(database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def url(practice: Practice, more: str = "") -> str:
    return f"/directory/practices/{practice.id}{more}"


def logged(session: Session, cast: Cast, days_ago: int, **values: Any) -> Visit:
    usual: dict[str, Any] = {
        "practice_id": cast.olentangy.id, "owner_id": cast.dana.id, "state": VisitState.DONE,
        "visit_on": clock.today() - timedelta(days=days_ago), "note": "Wants a direct line.",
    }  # fmt: skip
    visit = Visit(**(usual | values))
    visit.people = [VisitPerson(provider_id=cast.okonjo.id)]
    session.add(visit)
    session.flush()
    return visit


def test_practice_shows_people_place_and_facts(cast: Cast, sign_in: Any, session: Session) -> None:
    services.record_permission(
        session, cast.viewer(cast.dana), Channel.EMAIL, "marisol@olentangy.example", Consent.OPTED_OUT
    )
    answer = sign_in(cast.dana).get(url(cast.olentangy))
    assert answer.status == 200
    for words in ("Nadia Okonjo, MD", "NPI 1730 482 910", "Marisol Trent", "Email opted out", "Text: not asked",
                  "7420 Riverbend Parkway", "(614) 555-0142", "Tier A", "First visit", "North"):  # fmt: skip
        assert words in answer.text, words
    assert answer.soup.select_one(".days")["aria-label"] == "In on Monday, Tuesday, Wednesday, Thursday, Friday"


def test_practice_of_another_territory_is_like_a_missing_one(cast: Cast, sign_in: Any) -> None:
    dana = sign_in(cast.dana)
    foreign, missing = dana.get(url(cast.southgate)), dana.get("/directory/practices/999999")
    assert foreign.status == missing.status == 404
    assert dana.get("/directory/practices/99999999999999999999").status == 404
    assert "Southgate" not in foreign.text


def test_practice_with_nothing_known_yet(cast: Cast, sign_in: Any, session: Session) -> None:
    bare = services.create_practice(session, cast.viewer(cast.maren), {"name": "Bare Clinic", "zip": "00000"})
    text = sign_in(cast.maren).get(url(bare)).text
    for words in ("Nobody yet", "Not known yet", "No address yet" if not bare.zip else "00000", "Before you walk in"):
        assert (words in text) is (words != "Before you walk in"), words


def test_practice_says_what_to_know_before_walking_in(cast: Cast, sign_in: Any, session: Session) -> None:
    logged(session, cast, 9, objective="Ask about reports", outcome=Outcome.NOT_YET)
    session.add(Task(title="Send the card", due_on=clock.today(), owner_id=cast.dana.id, practice_id=cast.olentangy.id))
    week = [DayHours(day, time(8), time(17), time(12), time(13)) for day in range(7)]
    services.set_hours(session, cast.olentangy, week)
    panel = sign_in(cast.dana).get(url(cast.olentangy)).soup.select_one(".before").get_text(" ", strip=True)
    for words in ("Send the card", "Due today", "Lunch closure 12 to 1 pm", "Ask about reports"):
        assert words in panel
    assert sign_in(cast.priya).get(url(cast.olentangy)).soup.select_one(".before") is None


def test_practice_timeline_by_kind(cast: Cast, sign_in: Any, session: Session) -> None:
    logged(session, cast, 9)
    logged(session, cast, -3, state=VisitState.PLANNED, note="", objective="Bring the card")
    session.add(Task(title="Send the card", owner_id=cast.dana.id, practice_id=cast.olentangy.id))
    start = clock.at(clock.today() + timedelta(days=2), 12)
    session.add(Meeting(title="Imaging pathway", owner_id=cast.dana.id, practice_id=cast.olentangy.id, starts_at=start,
                        ends_at=start + timedelta(hours=1)))  # fmt: skip
    services.change_practice(session, cast.viewer(cast.dana), cast.olentangy, {"best_time": "Tue"})
    dana = sign_in(cast.dana)
    timeline = dana.get(url(cast.olentangy)).soup.select_one("#timeline").get_text(" ", strip=True)
    for words in ("Coming up", "Visit planned", "Bring the card", "Send the card", "Meeting: Imaging pathway",
                  "Wants a direct line.", "Met Nadia Okonjo, MD", "Changed best time", "Dana Whitfield"):  # fmt: skip
        assert words in timeline, words
    only = (
        dana.get(url(cast.olentangy, "?show=visits")).soup.select_one("#timeline .timeline").get_text(" ", strip=True)
    )
    assert "Wants a direct line." in only
    assert "Send the card" not in only
    assert dana.get(url(cast.olentangy, "?show=money&whole=x")).status == 200


def test_practice_shows_each_role_only_what_it_may_see(cast: Cast, sign_in: Any, session: Session) -> None:
    logged(session, cast, 9)
    for name, visits, referrals in (
        ("priya", False, False),
        ("carol", False, False),
        ("arjun", False, True),
        ("maren", True, True),
    ):
        answer = sign_in(cast.everybody[name]).get(url(cast.olentangy))
        assert ("Wants a direct line." in answer.text) is visits, name
        assert ("Last visit" in answer.text) is visits, name
        assert (answer.soup.select_one("[data-chart]") is not None) is referrals, name
        assert "$" not in answer.text
        assert ("Edit practice" in answer.text) is (name == "maren")


def test_practice_takes_a_fixed_number_of_statements(cast: Cast, sign_in: Any, session: Session) -> None:
    dana = sign_in(cast.dana)
    logged(session, cast, 1)
    dana.get(url(cast.olentangy))
    with count_statements() as few:
        dana.get(url(cast.olentangy))
    for number in range(20):
        provider(session, "Ann", f"Maple{number}", f"{number}", cast.olentangy)
        logged(session, cast, 10 + number)
    session.commit()
    with count_statements() as many:
        dana.get(url(cast.olentangy))
    assert len(many) == len(few), [a for a in many if a not in few]


def test_practice_new_is_filled_in_and_saved(cast: Cast, sign_in: Any, session: Session) -> None:
    dana = sign_in(cast.dana)
    answer = dana.submit(
        dana.get("/directory/practices/new"),
        {"name": "Antrim Community Clinic", "zip": "43085", "phone": "614 555 0100"},
    )
    made = session.scalars(select(Practice).where(Practice.name == "Antrim Community Clinic")).one()
    assert answer.location.endswith(url(made))
    assert (made.territory_id, made.owner_id, made.phone) == (cast.north.id, cast.dana.id, "+16145550100")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "Fill this in"), ({"npi": "1234567890"}, "not an NPI"), ({"zip": "4308"}, "five digits"),
        ({"email": "x"}, "not an email"), ({"latitude": "x"}, "Latitude"),
        ({"latitude": "nan", "longitude": "1"}, "Latitude"),
        ({"latitude": "1e309"}, "Latitude"), ({"cadence_days": "99999999999999999999"}, "Days between"),
        ({"kind": "castle"}, "Choose from the list"), ({"territory_id": "999999"}, "Choose from the list"),
        ({"note": "x" * 2001}, "2000"),
        ({"zip": "43123"}, "territory that you do not look after"), ({"owner_id": "-1"}, "Owner"),
        ({"note": "Patient John Miller, DOB 1/2/1960"}, "I confirm that this names no patient"),
    ],
)  # fmt: skip
def test_practice_new_keeps_what_was_typed(
    cast: Cast, sign_in: Any, session: Session, wrong: dict[str, str], says: str
) -> None:
    dana = sign_in(cast.dana)
    typed = {"name": "Antrim Clinic", "zip": "43085", "city": "Clintonville", **wrong}
    answer = dana.submit(dana.get("/directory/practices/new"), typed)
    assert answer.status == 422
    assert says in answer.text
    assert answer.soup.find("input", attrs={"name": "city"})["value"] == "Clintonville"
    assert session.scalars(select(Practice).where(Practice.name == "Antrim Clinic")).all() == []


def test_practice_new_warns_of_twins_and_links_to_the_same_npi(cast: Cast, sign_in: Any, session: Session) -> None:
    cast.olentangy.npi = "1234567893"
    session.commit()
    maren = sign_in(cast.maren)
    typed = {"name": "Olentangy Family Medicine", "zip": "43085"}
    answer = maren.submit(maren.get("/directory/practices/new"), typed)
    assert answer.status == 422
    assert answer.soup.find("a", href=url(cast.olentangy)) is not None
    assert maren.submit(answer, {"is_separate": "y"}).status == 302
    answer = maren.submit(maren.get("/directory/practices/new"), {"name": "Other", "npi": "1234567893"})
    assert answer.status == 422
    assert answer.soup.find("a", href=url(cast.olentangy)) is not None
    foreign = sign_in(cast.tomas)
    answer = foreign.submit(foreign.get("/directory/practices/new"), {"name": "Other", "npi": "1234567893"})
    assert "already" in answer.text
    assert "Olentangy" not in answer.text


def test_practice_edit_saves_and_notices_conflicts(cast: Cast, sign_in: Any, session: Session) -> None:
    dana, maren = sign_in(cast.dana), sign_in(cast.maren)
    first, second = dana.get(url(cast.olentangy, "/edit")), maren.get(url(cast.olentangy, "/edit"))
    assert dana.submit(first, {"best_time": "Tue before 11:30"}).status == 302
    answer = maren.submit(second, {"best_time": "Wed"})
    assert answer.status == 422
    assert "What you typed is still here" in answer.text
    assert answer.soup.find("input", attrs={"name": "best_time"})["value"] == "Wed"
    assert "Saved by now: Tue before 11:30" in answer.text
    assert answer.text.count("Saved by now") == answer.text.count("Tue before 11:30")
    session.expire_all()
    assert cast.olentangy.best_time == "Tue before 11:30"
    assert maren.submit(answer).status == 302
    session.expire_all()
    assert cast.olentangy.best_time == "Wed"


def test_a_conflict_tells_every_field_that_somebody_else_changed(cast: Cast, sign_in: Any, session: Session) -> None:
    cast.olentangy.note = "Ask for Marisol"
    session.flush()
    dana, maren = sign_in(cast.dana), sign_in(cast.maren)
    first, second = dana.get(url(cast.olentangy, "/edit")), maren.get(url(cast.olentangy, "/edit"))
    hers = {"note": "", "tier": "C", "phone": "614 555 0142 x7", "owner_id": ""}
    assert dana.submit(first, hers).status == 302
    answer = maren.submit(second, {"best_time": "Wed"})
    for words in ("nothing", "C", "(614) 555-0142 ext. 7"):
        assert f"Saved by now: {words}" in answer.text
    assert "Saved by now: Olentangy" not in answer.text


def test_practice_edit_changes_nothing_when_nothing_was_changed(cast: Cast, sign_in: Any, session: Session) -> None:
    dana, before = sign_in(cast.dana), cast.olentangy.version
    assert dana.submit(dana.get(url(cast.olentangy, "/edit"))).status == 302
    session.expire_all()
    assert cast.olentangy.version == before


def test_practice_edit_takes_only_its_own_fields(cast: Cast, sign_in: Any, session: Session) -> None:
    dana = sign_in(cast.dana)
    extra = {"id": "77", "retired_on": "2020-01-01", "source": "me", "search_key": "x", "created_at": "2020-01-01"}
    assert dana.submit(dana.get(url(cast.olentangy, "/edit")), extra).status == 302
    session.expire_all()
    assert (cast.olentangy.retired_on, cast.olentangy.source) == (None, "")


@pytest.mark.parametrize("page", ["/edit", "/hours", "/providers/new"])
def test_forms_of_a_practice_are_closed_to_outsiders(cast: Cast, sign_in: Any, page: str) -> None:
    assert sign_in(cast.dana).get(url(cast.southgate, page)).status == 404
    for name in ("priya", "arjun", "carol", "adam"):
        assert sign_in(cast.everybody[name]).get(url(cast.olentangy, page)).status == 403


def test_practice_hours_are_saved_and_drawn(cast: Cast, sign_in: Any, session: Session) -> None:
    dana = sign_in(cast.dana)
    typed = {"opens_0": "08:00", "closes_0": "17:00", "lunch_from_0": "12:00", "lunch_to_0": "13:00"}
    assert dana.submit(dana.get(url(cast.olentangy, "/hours")), typed).status == 302
    page = dana.get(url(cast.olentangy))
    assert (
        page.soup.select_one(".hours-row svg")["aria-label"] == "Mon: 8 am to 12 pm, 1 pm to 5 pm; closed 12 pm to 1 pm"
    )
    again = dana.get(url(cast.olentangy, "/hours"))
    assert again.soup.find("input", attrs={"name": "lunch_to_0"})["value"] == "13:00"


@pytest.mark.parametrize(
    "typed", [{"opens_0": "25:99"}, {"opens_0": "\x00"}, {"opens_0": "09:00", "closes_0": "08:00"}]
)
def test_practice_hours_refuses_nonsense(cast: Cast, sign_in: Any, typed: dict[str, str]) -> None:
    dana = sign_in(cast.dana)
    answer = dana.submit(dana.get(url(cast.olentangy, "/hours")), typed)
    assert answer.status == 422
    assert answer.soup.select_one(".hours-day .field-error") is not None


def test_practice_is_retired_and_brought_back(cast: Cast, sign_in: Any, session: Session) -> None:
    dana = sign_in(cast.dana)
    answer = dana.post(url(cast.olentangy, "/retire"), follow=True)
    assert "Retired on" in answer.text
    assert "Log visit" not in answer.soup.select_one(".page-header").get_text()
    session.expire_all()
    assert cast.olentangy.retired_on == clock.today()
    assert dana.submit(answer, action="/bring-back").status == 302
    session.expire_all()
    assert cast.olentangy.retired_on is None
    assert dana.post(url(cast.southgate, "/retire")).status == 404


def test_practice_tag_is_added(cast: Cast, sign_in: Any, session: Session) -> None:
    dana = sign_in(cast.dana)
    assert dana.submit(dana.get(url(cast.olentangy)), {"tag": "Portal"}, action="/tags").status == 302
    assert dana.post(url(cast.olentangy, "/tags"), {"tag": "x" * 41}, follow=True).status == 200
    assert dana.post(url(cast.olentangy, "/tags"), {"tag": "\x00"}).status == 302
    session.expire_all()
    assert [row.tag for row in cast.olentangy.tags] == ["Portal"]
    assert dana.post(url(cast.southgate, "/tags"), {"tag": "Portal"}).status == 404


def test_practice_far_in_time_is_no_trouble(cast: Cast, sign_in: Any, session: Session) -> None:
    logged(session, cast, 0, visit_on=date(2099, 12, 31))
    cast.olentangy.cadence_days = 730
    session.commit()
    assert sign_in(cast.dana).get(url(cast.olentangy)).status == 200
    assert sign_in(cast.dana).get("/directory/practices?sort=due&due=3650").status == 200
