"""Pages of visits: log, plan, change, move, the receipt with its undo, the list and the calendar file."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import func, select

from crm.accounts.models import User
from crm.core import clock
from crm.directory.models import Contact
from crm.tasks.grouping import next_working_day
from crm.tasks.models import Task
from crm.visits.models import Outcome, Visit, VisitMode, VisitState
from tests.cast import Cast, contact, practice
from tests.pages import PageClient, count_statements
from tests.visits.rows import visit

SignIn = Callable[..., PageClient]
PLANNED = VisitState.PLANNED


def only(database: Any) -> Visit:
    database.expire_all()
    row: Visit = database.scalars(select(Visit)).one()
    return row


def test_visit_new_logs_with_what_is_filled_in_already(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/visits/new?practice={cast.olentangy.id}")
    assert "Dr. Okonjo" in form.text
    assert "Marisol Trent" in form.text
    assert "No patient names" in form.text
    answer = dana.submit(
        form,
        {"people": f"contact-{cast.marisol.id}", "objective": "Introduce the spine clinic", "outcome": "met",
         "topics": "Scheduling", "follow_ups": ["send", "call"], "note": "Wants the guide in print."},
    )  # fmt: skip
    row = only(database)
    assert answer.location.endswith(f"/visits/{row.id}/saved")
    assert (row.visit_on, row.mode, row.outcome) == (clock.today(), VisitMode.IN_PERSON, Outcome.MET)
    assert row.starts_at is not None
    assert [t.title for t in database.scalars(select(Task).order_by(Task.id))] == [
        "Send material",
        "Call Marisol Trent",
    ]
    saved = dana.get(answer.location)
    assert "Visit saved" in saved.text
    assert "Call Marisol Trent" in saved.text


def test_visit_new_sent_twice_saves_once(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/visits/new?practice={cast.olentangy.id}")
    first, second = (dana.submit(form, {"follow_ups": ["send"]}) for _ in range(2))
    assert first.location == second.location
    only(database)
    assert database.scalar(select(func.count(Task.id))) == 1


def test_visit_new_can_be_undone_once(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/visits/new?practice={cast.olentangy.id}")
    saved = dana.submit(form, {"follow_ups": ["again"]}, follow=True)
    assert "taken back" in dana.submit(saved, action="/take-back", follow=True).text
    assert database.scalar(select(func.count(Visit.id))) == 0
    assert database.scalar(select(func.count(Task.id))) == 0


def test_visit_take_back_is_for_what_was_just_saved(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = visit(database, cast.olentangy, cast.dana)
    dana = sign_in(cast.dana)
    assert "Undo" not in dana.get(f"/visits/{row.id}/saved").text
    assert dana.post(f"/visits/{row.id}/take-back").status == 409
    only(database)


def test_visit_new_carries_the_plan_over_and_undo_plans_it_again(database: Any, cast: Cast, sign_in: SignIn) -> None:
    planned = visit(database, cast.olentangy, cast.dana, state=PLANNED, objective="Introduce the spine clinic")
    dana = sign_in(cast.dana)
    form = dana.get(f"/visits/new?practice={cast.olentangy.id}")
    assert "Saving marks it as done" in form.text
    saved = dana.submit(form, {"outcome": "not_yet"}, follow=True)
    row = only(database)
    assert (row.id, row.state, row.objective) == (planned.id, VisitState.DONE, "Introduce the spine clinic")
    dana.submit(saved, action="/take-back")
    assert only(database).state is PLANNED


def test_visit_new_of_a_visit_that_was_logged_leads_to_it(database: Any, cast: Cast, sign_in: SignIn) -> None:
    planned = visit(database, cast.olentangy, cast.dana, state=PLANNED)
    dana = sign_in(cast.dana)
    address = f"/visits/new?practice={cast.olentangy.id}&visit={planned.id}"
    dana.submit(dana.get(address), {"outcome": "met"})
    back = dana.get(address)
    assert (back.status, back.location) == (302, f"/visits/{planned.id}")
    assert "This visit is done already." in dana.get(back.location).text


def test_visit_new_can_be_another_visit_beside_the_plan(database: Any, cast: Cast, sign_in: SignIn) -> None:
    visit(database, cast.olentangy, cast.dana, state=PLANNED, objective="Spine")
    dana = sign_in(cast.dana)
    dana.submit(dana.get(f"/visits/new?practice={cast.olentangy.id}&separate=1"))
    states = database.scalars(select(Visit.state).order_by(Visit.id)).all()
    assert states == [PLANNED, VisitState.DONE]


def test_visit_new_carries_an_open_objective_over(database: Any, cast: Cast, sign_in: SignIn) -> None:
    visit(database, cast.olentangy, cast.dana, objective="Ask about reports", outcome=Outcome.NOT_YET)
    form = sign_in(cast.dana).get(f"/visits/new?practice={cast.olentangy.id}")
    assert form.form().find("input", attrs={"name": "objective"})["value"] == "Ask about reports"


def test_visit_new_keeps_what_was_typed_when_something_is_wrong(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/visits/new?practice={cast.olentangy.id}")
    answer = dana.submit(form, {"objective": "Spine clinic", "note": "Kept words", "visit_on": "soon", "minutes": "x"})
    assert answer.status == 422
    assert "Kept words" in answer.form().text
    later = dana.submit(form, {"visit_on": (clock.today() + timedelta(days=1)).isoformat()})
    assert (later.status, "still to come" in later.text) == (422, True)
    unsaid = dana.submit(form, {"objective": "Spine clinic"})
    assert "how far the objective was met" in unsaid.text
    assert database.scalar(select(func.count(Visit.id))) == 0


def test_visit_new_asks_about_a_patient_and_takes_the_answer(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/visits/new?practice={cast.olentangy.id}")
    assert form.form().find("input", attrs={"name": "names_no_patient"}) is None
    asked = dana.submit(form, {"note": "Mrs. Whitcombe opens the door"})
    assert asked.status == 422
    assert "reads like" in asked.text
    assert dana.submit(asked, {"names_no_patient": "y"}).status == 302
    assert only(database).note == "Mrs. Whitcombe opens the door"


def test_visit_new_refuses_a_social_security_number_even_when_confirmed(
    database: Any, cast: Cast, sign_in: SignIn
) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/visits/new?practice={cast.olentangy.id}")
    answer = dana.submit(form, {"note": "Card says 219-09-9999", "names_no_patient": "y"})
    assert answer.status == 422
    messages = " ".join(tag.get_text() for tag in answer.soup.select(".error-summary, .field-error"))  # type: ignore[union-attr]
    assert "social security number" in messages
    assert "9999" not in messages
    assert database.scalar(select(func.count(Visit.id))) == 0


def test_visit_new_adds_somebody_new_and_something_else(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/visits/new?practice={cast.olentangy.id}")
    unsaid = dana.submit(form, {"people": "other", "follow_ups": "other"})
    assert "Say who else was there" in unsaid.text
    assert "Say what else is to be done" in unsaid.text
    dana.submit(
        form,
        {"people": "other", "someone_else": "Jo Lin", "follow_ups": "other", "other_follow_up": "Bring 20 pads",
         "other_follow_up_on": clock.today().isoformat(), "topics": "other", "other_topic": "Parking"},
    )  # fmt: skip
    row = only(database)
    assert database.scalars(select(Contact).where(Contact.last_name == "Lin")).one().first_name == "Jo"
    assert [topic.topic for topic in row.topics] == ["Parking"]
    assert database.scalars(select(Task)).one().title == "Bring 20 pads"


def test_visit_new_with_many_people_shows_the_first_few(database: Any, cast: Cast, sign_in: SignIn) -> None:
    people = [contact(database, f"Jo{n}", f"Lin{n}", cast.olentangy) for n in range(20)]
    dana = sign_in(cast.dana)
    form = dana.get(f"/visits/new?practice={cast.olentangy.id}")
    more = [box["value"] for box in form.form().find_all("input", attrs={"name": "more_people"})]
    assert len(more) == 14
    dana.submit(form, {"people": "other", "more_people": more[0]})
    assert f"contact-{only(database).people[0].contact_id}" == more[0]
    assert only(database).people[0].contact_id in {person.id for person in people}


def test_visit_new_without_a_practice_offers_the_likely_ones(database: Any, cast: Cast, sign_in: SignIn) -> None:
    visit(database, cast.olentangy, cast.dana, state=PLANNED)
    practice(database, "Alum Creek Pediatrics", cast.north)
    dana = sign_in(cast.dana)
    page = dana.get("/visits/new")
    assert "On today's plan" in page.text
    assert "Southgate" not in page.text
    assert "Alum Creek" in dana.get("/visits/new?q=alum").text
    assert "Alum Creek" in dana.get("/visits/plan?q=alum", htmx=True).text
    assert "No practice of yours" in dana.get("/visits/new?q=southgate").text


@pytest.mark.parametrize("address", ["/visits/new", "/visits/plan"])
def test_visit_forms_of_another_territory_do_not_exist(cast: Cast, sign_in: SignIn, address: str) -> None:
    dana = sign_in(cast.dana)
    assert dana.get(f"{address}?practice={cast.southgate.id}").status == 404
    assert dana.post(f"{address}?practice={cast.southgate.id}", {"visit_on": clock.today()}).status == 404
    assert dana.get(f"{address}?practice=999999").status == 404
    assert dana.get(f"{address}?practice=99999999999999999999").status == 200


def test_visit_new_with_a_planned_visit_of_elsewhere_does_not_exist(database: Any, cast: Cast, sign_in: SignIn) -> None:
    other = visit(database, practice(database, "Alum Creek", cast.north), cast.dana, state=PLANNED)
    south = visit(database, cast.southgate, cast.tomas, state=PLANNED)
    dana = sign_in(cast.dana)
    for row in (other, south):
        assert dana.get(f"/visits/new?practice={cast.olentangy.id}&visit={row.id}").status == 404
        form = dana.get(f"/visits/new?practice={cast.olentangy.id}")
        assert dana.submit(form, {"planned_id": str(row.id)}).status == 404
    assert dana.get(f"/visits/new?practice={cast.olentangy.id}&visit=abc").status == 404


def test_visit_plan_and_log_it_later(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/visits/plan?practice={cast.olentangy.id}")
    answer = dana.submit(form, {"starts_at": "10:30", "objective": "Spine clinic", "is_promised": "y"})
    row = only(database)
    assert (row.state, row.is_promised, row.visit_on) == (PLANNED, True, next_working_day(clock.today()))
    page = dana.get(answer.location)
    assert "Log this visit" in page.text
    assert dana.get(f"/visits/{row.id}/log").location.endswith(f"practice={cast.olentangy.id}&visit={row.id}")
    past = dana.submit(dana.get(f"/visits/plan?practice={cast.olentangy.id}"), {"visit_on": "2020-01-01"})
    assert (past.status, "This day is over" in past.text) == (422, True)


def test_visit_move_cancel_and_put_back(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = visit(database, cast.olentangy, cast.dana, clock.today() + timedelta(days=1), state=PLANNED)
    dana, there = sign_in(cast.dana), clock.today() + timedelta(days=5)
    page = dana.get(f"/visits/{row.id}")
    dana.submit(page, {"visit_on": there.isoformat(), "starts_at": ""}, action="/move")
    assert (only(database).visit_on, only(database).starts_at) == (there, None)
    bad = dana.submit(page, {"visit_on": "2001-01-01"}, action="/move")
    assert (bad.status, "This day is over" in bad.text) == (422, True)
    assert "Undo" in dana.submit(page, action="/cancel", follow=True).text
    assert only(database).state is VisitState.CANCELLED
    assert dana.post(f"/visits/{row.id}/cancel").status == 409
    dana.post(f"/visits/{row.id}/reopen")
    assert only(database).state is PLANNED
    assert dana.post(f"/visits/{row.id}/no-access").status == 409


def test_visit_no_access_on_the_day(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = visit(database, cast.olentangy, cast.dana, state=PLANNED)
    assert "no access" in sign_in(cast.dana).post(f"/visits/{row.id}/no-access", follow=True).text
    assert only(database).state is VisitState.NO_ACCESS


def test_visit_edit_changes_a_logged_visit(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = visit(
        database, cast.olentangy, cast.dana, people=(cast.marisol,), topics=("Spine",), note="Old", objective="A",
        outcome=Outcome.PARTLY,
    )  # fmt: skip
    dana = sign_in(cast.dana)
    form = dana.get(f"/visits/{row.id}/edit")
    assert dana.submit(form, {"note": "New", "outcome": "met"}).status == 302
    changed = only(database)
    assert (changed.note, changed.outcome) == ("New", Outcome.MET)
    assert ([t.topic for t in changed.topics], len(changed.people)) == (["Spine"], 1)


def test_visit_edit_shows_a_conflict_and_keeps_the_text(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = visit(database, cast.olentangy, cast.dana, note="Old")
    dana, maren = sign_in(cast.dana), sign_in(cast.maren)
    mine, hers = dana.get(f"/visits/{row.id}/edit"), maren.get(f"/visits/{row.id}/edit")
    maren.submit(hers, {"note": "Hers"})
    conflict = dana.submit(mine, {"note": "Mine"})
    assert (conflict.status, "Somebody saved a change" in conflict.text) == (422, True)
    assert "Mine" in conflict.form().text
    assert dana.submit(conflict).status == 302
    assert only(database).note == "Mine"


def test_visit_edit_of_a_plan_keeps_its_note(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = visit(database, cast.olentangy, cast.dana, state=PLANNED, note="Kept")
    dana = sign_in(cast.dana)
    dana.submit(dana.get(f"/visits/{row.id}/edit"), {"objective": "New"})
    assert (only(database).note, only(database).objective) == ("Kept", "New")


def test_visit_pages_of_another_territory_do_not_exist(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = visit(database, cast.southgate, cast.tomas, state=PLANNED)
    dana = sign_in(cast.dana)
    for page in ("", "/edit", "/saved", "/log", ".ics"):
        assert dana.get(f"/visits/{row.id}{page}").status == 404
    for act in ("/edit", "/take-back", "/move", "/cancel", "/no-access", "/reopen"):
        assert dana.post(f"/visits/{row.id}{act}", {"visit_on": clock.today()}).status == 404
    assert only(database).state is PLANNED


@pytest.mark.parametrize("who", ["priya", "arjun", "carol", "adam"])
def test_visits_are_for_those_who_visit(database: Any, cast: Cast, sign_in: SignIn, who: str) -> None:
    row = visit(database, cast.olentangy, cast.dana)
    outsider: User = getattr(cast, who)
    client = sign_in(outsider)
    for page in ("/visits", "/visits/calendar", "/visits/new", f"/visits/{row.id}", f"/visits/{row.id}.ics"):
        assert client.get(page).status == 403
    assert client.post(f"/visits/{row.id}/cancel").status == 403


def test_visits_list_filters_sorts_and_pages(database: Any, cast: Cast, sign_in: SignIn) -> None:
    for n in range(60):
        visit(
            database,
            cast.olentangy,
            cast.dana,
            clock.today() - timedelta(days=n),
            mode=VisitMode.PHONE if n else VisitMode.LUNCH,
        )
    dana = sign_in(cast.dana)
    assert "60 visits" in dana.get("/visits").text
    assert "51 to 60 of 60" in dana.get("/visits?page=2").text
    assert "1 visit" in dana.get("/visits?mode=lunch&sort=practice").text
    assert "31 visits" in dana.get("/visits?period=30").text
    assert "No visit passes" in dana.get("/visits?state=planned").text


def test_visits_list_says_what_to_do_when_empty(cast: Cast, sign_in: SignIn) -> None:
    assert "No visits yet" in sign_in(cast.dana).get("/visits").text


def test_visits_list_never_tells_of_another_territory(database: Any, cast: Cast, sign_in: SignIn) -> None:
    visit(database, cast.southgate, cast.tomas)
    dana = sign_in(cast.dana)
    for query in ("", f"?practice={cast.southgate.id}", f"?territory={cast.south.id}", "?q=southgate"):
        assert "Southgate" not in dana.get(f"/visits{query}").text
    assert "Southgate" in sign_in(cast.maren).get(f"/visits?territory={cast.south.id}").text


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=999999999999",
        "owner=x",
        "mode=x&state=",
        "period=%00",
        "q=%ED%A0%80",
        "sort=%27",
        "q=%25",
    ],
)
def test_visits_list_takes_nonsense_calmly(cast: Cast, sign_in: SignIn, query: str) -> None:
    assert sign_in(cast.dana).get(f"/visits?{query}").status == 200


def test_visits_list_costs_the_same_for_one_and_fifty(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)

    def cost() -> int:
        database.expire_all()
        with count_statements() as statements:
            dana.get("/visits")
        return len(statements)

    visit(database, cast.olentangy, cast.dana, people=(cast.marisol,))
    cost()
    one = cost()
    for n in range(49):
        visit(database, practice(database, f"P{n}", cast.north), cast.dana, people=(cast.okonjo,), topics=("a",))
    assert cost() == one


def test_visit_saved_tells_the_next_stop(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = visit(database, cast.olentangy, cast.dana, objective="Spine", outcome=Outcome.MET)
    dana = sign_in(cast.dana)
    assert "Nothing is planned or due" in dana.get(f"/visits/{row.id}/saved").text
    due = practice(database, "Alum Creek Pediatrics", cast.north)
    visit(database, due, cast.dana, clock.today() - timedelta(days=100))
    assert "40 days overdue" in dana.get(f"/visits/{row.id}/saved").text
    visit(database, due, cast.dana, state=PLANNED, is_promised=True)
    page = dana.get(f"/visits/{row.id}/saved").text
    assert "Next stop" in page
    assert "1 of 2 visited today" in page


def test_visit_file_is_a_calendar_file(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = visit(database, cast.olentangy, cast.dana, objective="Spine\r\nEND:VEVENT", minutes=25)
    answer = sign_in(cast.dana).get(f"/visits/{row.id}.ics")
    assert answer.response.mimetype == "text/calendar"
    event = Calendar.from_ical(answer.response.data).walk("VEVENT")[0]
    assert event["SUMMARY"] == "Visit Olentangy Family Medicine"
    assert (event.end - event.start).total_seconds() == 25 * 60
    assert event.start.astimezone(clock.zone()).time() == row.starts_at


def test_visit_text_of_users_is_escaped(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = visit(database, cast.olentangy, cast.dana, note="<script>alert(1)</script>", objective="<b>bold</b>",
                topics=("<i>x</i>",))  # fmt: skip
    for page in (f"/visits/{row.id}", f"/visits/{row.id}/saved", f"/visits/{row.id}/edit", "/visits"):
        assert b"<script>alert" not in sign_in(cast.dana).get(page).response.data
