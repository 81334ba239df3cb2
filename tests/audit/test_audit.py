"""The trail: every change is in it once, nobody can change it, and it can be read and taken away."""

import csv
import io
import logging
from typing import Any

import pytest
import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from crm.audit.models import Action, AuditEvent
from crm.audit.trail import Actor, record
from crm.core import logs
from crm.core.db import db
from tests.cast import Cast


def events(**where: Any) -> list[AuditEvent]:
    query = select(AuditEvent).order_by(AuditEvent.id)
    for name, value in where.items():
        query = query.where(getattr(AuditEvent, name) == value)
    return list(db.session.scalars(query))


def test_create_change_and_delete_are_each_one_event_with_values(cast: Cast, database: Any) -> None:
    session = database()
    session.info["actor"] = Actor(cast.dana.id, "Dana Whitfield", "10.0.0.7", "abc")
    cast.olentangy.name = "Olentangy Family Practice"
    cast.olentangy.note = "a long private note"
    session.commit()
    (event,) = events(object_kind="practice", object_id=cast.olentangy.id, action=Action.CHANGED)
    assert event.detail["changes"]["name"] == ["Olentangy Family Medicine", "Olentangy Family Practice"]
    assert event.detail["changes"]["note"] == "changed"
    assert (event.actor_name, event.address, event.request_id) == ("Dana Whitfield", "10.0.0.7", "abc")
    contact_id = cast.marisol.id
    session.delete(cast.marisol)
    session.commit()
    assert [e.action for e in events(object_kind="contact", object_id=contact_id)] == [Action.CREATED, Action.DELETED]


@pytest.mark.parametrize("statement", [update(AuditEvent).values(actor_name="Nobody"), delete(AuditEvent)])
def test_the_database_itself_refuses_to_change_the_trail(cast: Cast, database: Any, statement: Any) -> None:
    with pytest.raises(DBAPIError, match="append-only"), database().begin_nested():
        database().execute(statement)
    assert events()


def test_a_refusal_is_recorded(cast: Cast, sign_in: Any) -> None:
    sign_in(cast.dana).get("/admin/users")
    (event,) = events(action=Action.REFUSED)
    assert (event.actor_name, event.object_label, event.detail["status"]) == ("Dana Whitfield", "admin.users", 403)


def test_a_forged_form_is_recorded_when_it_is_somebodys(cast: Cast, sign_in: Any) -> None:
    sign_in(cast.dana).raw.post("/tasks/new", data={"title": "x"})
    sign_in(cast.dana).raw.post("/tasks/new", headers={"Sec-Fetch-Site": "cross-site"})
    found = [(event.actor_name, event.object_label, event.detail["status"]) for event in events(action=Action.REFUSED)]
    assert found == [("Dana Whitfield", "tasks.task_new", 400), ("Dana Whitfield", "tasks.task_new", 403)]


def test_nobody_can_fill_the_trail(cast: Cast, sign_in: Any) -> None:
    before = len(events())
    for _ in range(3):
        assert sign_in().raw.post("/sign-in", data={"email": "x"}).status_code == 400
    assert len(events()) == before


def test_log_filters_and_downloads(cast: Cast, sign_in: Any) -> None:
    record(db.session(), Action.IMPORTED, "referral_import", label="=cmd()", actor=Actor(1, "Maren\nINFO admin"))
    browser = sign_in(cast.carol)
    page = browser.get("/audit/?action=imported")
    assert "=cmd()" in page.text
    assert "Olentangy" not in page.text
    rows = list(csv.reader(io.StringIO(browser.get("/audit/log.csv?action=imported").response.get_data(as_text=True))))
    assert rows[1][5] == "'=cmd()"
    assert len(events(action=Action.EXPORTED)) == 1
    assert "No event passes" in browser.get("/audit/?label=nothingofthesort").text
    assert "“From” is later than “To”" in browser.get("/audit/?first_on=2026-03-02&last_on=2026-03-01").text
    assert sign_in(cast.maren).get("/audit/").status == 403


@pytest.mark.parametrize("label", ["\u00a0=cmd()", "\uff1dcmd()", "  +1", "-2", "@x", "\tx"])
def test_no_cell_of_the_file_is_a_formula(cast: Cast, sign_in: Any, label: str) -> None:
    record(db.session(), Action.IMPORTED, "referral_import", label=label, actor=Actor(1, label))
    text = sign_in(cast.carol).get("/audit/log.csv?action=imported").response.get_data(as_text=True)
    (row,) = list(csv.reader(io.StringIO(text)))[1:]
    assert (row[2], row[5]) == (f"'{label}", f"'{label}")


def test_a_name_with_a_new_line_is_one_record(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    logger = structlog.wrap_logger(structlog.PrintLogger(), processors=[structlog.processors.JSONRenderer()])
    logger.info("signed in", name="bob\nINFO admin")
    assert len(capsys.readouterr().out.splitlines()) == 1
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(logs.FORMAT))
    entry = logging.LogRecord("x", logging.INFO, "x.py", 1, "hello %s", ("bob\nINFO admin",), None)
    assert "\n" not in handler.format(entry)
