"""Pages of tasks: the list, adding, ticking off with undo, putting off and handing over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.core import clock
from crm.tasks.models import Task
from tests.cast import Cast, practice
from tests.pages import PageClient, count_statements
from tests.visits.rows import visit

SignIn = Callable[..., PageClient]


def task(database: Any, owner: Any, place: Any = None, **values: Any) -> Task:
    row = Task(**({"title": "Send the guide", "owner_id": owner.id, "created_by_id": owner.id} | values))
    row.practice_id = place.id if place else None
    database.add(row)
    database.flush()
    return row


def only(database: Any) -> Task:
    database.expire_all()
    row: Task = database.scalars(select(Task)).one()
    return row


def test_tasks_are_grouped_by_when_they_are_due(database: Any, cast: Cast, sign_in: SignIn) -> None:
    task(database, cast.dana, cast.olentangy, due_on=clock.today() - timedelta(days=2), title="Call Lena")
    task(database, cast.dana, due_on=clock.today(), title="Order lunch")
    task(database, cast.dana, title="Some day")
    page = sign_in(cast.dana).get("/tasks").text
    assert page.index("Overdue") < page.index("Call Lena") < page.index("Order lunch") < page.index("Some day")
    assert "2 days overdue" in page
    assert "Due today" in page


def test_tasks_say_so_when_there_are_none(cast: Cast, sign_in: SignIn) -> None:
    assert "Nothing to do" in sign_in(cast.dana).get("/tasks").text
    assert "Nothing done yet" in sign_in(cast.dana).get("/tasks?view=done").text


def test_task_is_ticked_off_with_undo(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = task(database, cast.dana, cast.olentangy)
    dana = sign_in(cast.dana)
    done = dana.submit(dana.get("/tasks"), action=f"/tasks/{row.id}/done", follow=True)
    assert "Send the guide: Done." in done.text
    assert only(database).done_at is not None
    assert "Send the guide" in dana.get("/tasks?view=done").text
    dana.submit(done, action=f"/tasks/{row.id}/reopen")
    assert only(database).done_at is None


def test_task_done_over_htmx_answers_with_its_row(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = task(database, cast.dana, cast.olentangy)
    dana = sign_in(cast.dana)
    answer = dana.post(f"/tasks/{row.id}/done", htmx=True)
    assert answer.status == 200
    assert b"<html" not in answer.response.data
    assert "Undo" in answer.text
    assert "Undo" not in dana.post(f"/tasks/{row.id}/reopen", htmx=True).text


def test_task_goes_back_to_the_page_of_its_button(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = task(database, cast.dana)
    dana = sign_in(cast.dana)
    assert dana.post(f"/tasks/{row.id}/done", {"next": "/tasks?view=done"}).location == "/tasks?view=done"
    assert dana.post(f"/tasks/{row.id}/done", {"next": "//evil.example"}).location == "/tasks"


def test_task_is_put_off_with_undo(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = task(database, cast.dana, due_on=clock.today())
    dana, later = sign_in(cast.dana), clock.today() + timedelta(days=14)
    moved = dana.post(f"/tasks/{row.id}/postpone", {"due_on": later.isoformat()}, follow=True)
    assert only(database).due_on == later
    dana.submit(moved, action=f"/tasks/{row.id}/postpone")
    assert only(database).due_on == clock.today()
    assert dana.post(f"/tasks/{row.id}/postpone", {"due_on": "soon"}).status == 422
    assert dana.post(f"/tasks/{row.id}/postpone", {"due_on": "9999-12-31"}).status == 422


def test_task_is_handed_over_within_the_territory(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = task(database, cast.dana, cast.olentangy)
    dana = sign_in(cast.dana)
    assert dana.post(f"/tasks/{row.id}/hand-over", {"owner_id": cast.tomas.id}).status == 422
    assert dana.post(f"/tasks/{row.id}/hand-over", {"owner_id": "x"}).status == 422
    answer = dana.post(f"/tasks/{row.id}/hand-over", {"owner_id": cast.maren.id}, follow=True)
    assert "Maren Oakes has the task now" in answer.text
    assert only(database).owner_id == cast.maren.id


def test_task_new_from_a_visit_belongs_to_it(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = visit(database, cast.olentangy, cast.dana)
    dana = sign_in(cast.dana)
    form = dana.get(f"/tasks/new?visit={row.id}&next=/visits/{row.id}")
    answer = dana.submit(form, {"title": "Send the guide"})
    assert answer.location == f"/visits/{row.id}"
    made = only(database)
    assert (made.visit_id, made.practice_id, made.owner_id) == (row.id, cast.olentangy.id, cast.dana.id)


def test_task_new_keeps_what_was_typed(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/tasks/new?practice={cast.olentangy.id}")
    answer = dana.submit(form, {"title": "", "note": "Kept words", "due_on": "x", "owner_id": "999"})
    assert (answer.status, "Kept words" in answer.form().text) == (422, True)
    asked = dana.submit(form, {"title": "Call patient Smith"})
    assert (asked.status, "reads like" in asked.text) == (422, True)
    assert dana.submit(asked, {"names_no_patient": "y"}).status == 302
    assert only(database).practice_id == cast.olentangy.id


@pytest.mark.parametrize("origin", ["practice", "visit", "meeting"])
def test_task_new_from_out_of_scope_does_not_exist(database: Any, cast: Cast, sign_in: SignIn, origin: str) -> None:
    south = visit(database, cast.southgate, cast.tomas)
    number = {"practice": cast.southgate.id, "visit": south.id, "meeting": 999}[origin]
    dana = sign_in(cast.dana)
    assert dana.get(f"/tasks/new?{origin}={number}").status == 404
    assert dana.post(f"/tasks/new?{origin}={number}", {"title": "x", "owner_id": cast.dana.id}).status == 404
    assert database.scalar(select(func.count(Task.id))) == 0


def test_task_edit_shows_a_conflict_and_keeps_the_text(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = task(database, cast.dana, cast.olentangy)
    dana, maren = sign_in(cast.dana), sign_in(cast.maren)
    mine, hers = dana.get(f"/tasks/{row.id}/edit"), maren.get(f"/tasks/{row.id}/edit")
    maren.submit(hers, {"title": "Hers"})
    conflict = dana.submit(mine, {"title": "Mine"})
    assert (conflict.status, "Somebody saved a change" in conflict.text) == (422, True)
    assert dana.submit(conflict).status == 302
    assert only(database).title == "Mine"


def test_tasks_of_another_territory_do_not_exist(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = task(database, cast.tomas, cast.southgate)
    private = task(database, cast.priya)
    dana = sign_in(cast.dana)
    for hidden in (row, private):
        assert dana.get(f"/tasks/{hidden.id}/edit").status == 404
        for act in ("done", "reopen", "postpone", "hand-over", "edit"):
            assert (
                dana.post(f"/tasks/{hidden.id}/{act}", {"due_on": clock.today(), "owner_id": cast.dana.id}).status
                == 404
            )
    assert dana.post(f"/tasks/{2**40}/done").status == 404


@pytest.mark.parametrize("who", ["arjun", "carol", "adam"])
def test_tasks_are_for_those_who_have_some(database: Any, cast: Cast, sign_in: SignIn, who: str) -> None:
    row = task(database, cast.dana)
    outsider = sign_in(getattr(cast, who))
    assert outsider.get("/tasks").status == 403
    assert outsider.get("/tasks/new").status == 403
    assert outsider.post(f"/tasks/{row.id}/done").status == 403


def test_the_team_is_for_managers(database: Any, cast: Cast, sign_in: SignIn) -> None:
    task(database, cast.tomas, cast.southgate, title="Call Lena")
    maren, dana = sign_in(cast.maren), sign_in(cast.dana)
    assert "Call Lena" not in maren.get("/tasks").text
    assert "Call Lena" in maren.get("/tasks?who=team").text
    assert "Call Lena" in maren.get(f"/tasks?who=team&owner={cast.tomas.id}").text
    assert "Call Lena" not in maren.get(f"/tasks?who=team&owner={cast.dana.id}").text
    assert "Call Lena" not in dana.get("/tasks?who=team").text


def test_tasks_cost_the_same_for_one_and_fifty(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)

    def cost() -> int:
        database.expire_all()
        with count_statements() as statements:
            dana.get("/tasks")
        return len(statements)

    task(database, cast.dana, cast.olentangy)
    cost()
    one = cost()
    for n in range(49):
        task(database, cast.dana, practice(database, f"P{n}", cast.north), due_on=clock.today() + timedelta(days=n))
    assert cost() == one
