"""When the database is locked, full or overtaken: a clear answer, what was typed is kept, and no log quotes a row."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, text
from sqlalchemy.orm.exc import StaleDataError
from structlog import PrintLogger, wrap_logger
from structlog.testing import LogCapture

from crm.accounts import sign_in as accounts
from crm.accounts.models import User
from crm.accounts.viewer import Viewer
from crm.core import engine, error_pages
from crm.core.db import db
from crm.core.errors import Conflict
from crm.tasks.models import Task
from tests.cast import Cast
from tests.pages import Answer, check_page

TASK = {"title": "Bring the folder", "due_on": "", "note": "Second floor\nleft"}


@pytest.fixture
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite waits for a lock a tenth of a second instead of five."""
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 100)


@contextmanager
def locked(how: str) -> Iterator[None]:
    """Another process holds the database."""
    db.session.commit()
    db.session.remove()
    db.engine.dispose()  # connections opened from now on wait as `in_haste` says
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL locks rows, not the database")
    other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    other.execute(f"BEGIN {how}")
    try:
        yield
    finally:
        other.rollback()
        other.close()


@pytest.mark.real_commits
@pytest.mark.usefixtures("in_haste")
def test_a_locked_database_keeps_the_form_and_sends_it_again(app: Flask, cast: Cast, sign_in: Any) -> None:
    dana = sign_in(cast.dana)
    values = {**TASK, "owner_id": str(cast.dana.id), "csrf_token": dana.csrf()}
    with locked("IMMEDIATE"):
        refused = dana.raw.post("/tasks/new", data=values)
        assert dana.raw.get("/tasks").status_code == 200, "reading goes on"
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    answer = Answer(refused, check_page(refused.get_data(as_text=True)))
    assert "Busy for a moment" in answer.text
    assert dana.submit(answer).status == 302
    (task,) = db.session.scalars(db.select(Task)).all()
    assert (task.title, task.note.splitlines()) == ("Bring the folder", ["Second floor", "left"])


@pytest.mark.real_commits
@pytest.mark.usefixtures("in_haste")
@pytest.mark.parametrize("path", ["/account", "/visits/7", "/nothing-here", "/audit/log.csv"])
def test_a_wholly_locked_database_answers_once_and_calmly(app: Flask, cast: Cast, sign_in: Any, path: str) -> None:
    dana = sign_in(cast.dana)
    with locked("EXCLUSIVE"):
        started = time.monotonic()
        answer = dana.raw.get(path)
        waited = time.monotonic() - started
    assert answer.status_code == 503
    assert waited < 2, "the page of the error waits for the database again"
    assert dana.raw.get("/account").status_code == 200


@pytest.mark.real_commits
@pytest.mark.usefixtures("in_haste")
def test_passwords_are_not_kept_in_the_page_of_an_error(app: Flask, cast: Cast, sign_in: Any) -> None:
    browser = sign_in()
    values = {"email": cast.dana.email, "password": "a very private phrase", "csrf_token": browser.csrf()}
    with locked("EXCLUSIVE"):
        answer = browser.raw.post("/sign-in", data=values)
    assert answer.status_code == 503
    assert "private phrase" not in answer.get_data(as_text=True)


@pytest.mark.real_commits
@pytest.mark.usefixtures("in_haste")
def test_pages_open_while_the_time_of_use_cannot_be_written(
    app: Flask, cast: Cast, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "needs_touch", lambda *_: True)
    dana = sign_in(cast.dana)
    with locked("IMMEDIATE"):
        assert dana.raw.get("/account").status_code == 200


@pytest.mark.real_commits
@pytest.mark.usefixtures("in_haste")
def test_a_refusal_stays_one_when_it_cannot_be_recorded(app: Flask, cast: Cast, sign_in: Any) -> None:
    dana = sign_in(cast.dana)
    with locked("IMMEDIATE"):
        assert dana.raw.get("/admin/users").status_code == 403


@pytest.mark.real_commits
def test_a_full_disk_is_told_and_reading_goes_on(app: Flask, cast: Cast, sign_in: Any) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("the limit of pages is SQLite's")
    dana = sign_in(cast.dana)
    values = {**TASK, "owner_id": str(cast.dana.id), "note": "x" * 1500, "csrf_token": dana.csrf()}

    def no_room(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the size that the file has

    db.session.commit()
    db.session.remove()
    db.engine.dispose()
    db.event.listen(db.engine, "connect", no_room)
    try:
        answers = [dana.raw.post("/tasks/new", data=values) for _ in range(20)]
        full = next(answer for answer in answers if answer.status_code != 302)
        assert full.status_code == 507
        assert "disk of the server is full" in full.get_data(as_text=True)
        assert dana.raw.get("/tasks").status_code == 200
    finally:
        db.event.remove(db.engine, "connect", no_room)
        db.engine.dispose()
    assert dana.raw.post("/tasks/new", data=values).status_code == 302, "goes on without a restart"
    saved = sum(answer.status_code == 302 for answer in answers) + 1
    assert len(db.session.scalars(db.select(Task)).all()) == saved


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the handler of errors writes to the log."""
    capture = LogCapture()
    monkeypatch.setattr(error_pages, "log", wrap_logger(PrintLogger(), processors=[capture]))
    return capture.entries


def spoil(app: Flask, monkeypatch: pytest.MonkeyPatch, problem: Any) -> None:
    """The page of one's account fails in a certain way."""

    def broken() -> None:
        problem()

    broken.permission = ""  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "accounts.account", broken)


def raise_stale() -> None:
    raise StaleDataError("UPDATE statement on table 'practice' expected to update 1 row(s); 0 were matched.")


def take_the_email_of_somebody() -> None:
    db.session.execute(insert(User).values(email="dana@harborspecialty.example", name="Twin", password_hash="x"))


@pytest.mark.parametrize("problem", [raise_stale, take_the_email_of_somebody])
def test_whoever_comes_second_is_told_so(
    app: Flask, cast: Cast, sign_in: Any, monkeypatch: pytest.MonkeyPatch, logs: list[Any], problem: Any
) -> None:
    dana = sign_in(cast.dana)
    spoil(app, monkeypatch, problem)
    monkeypatch.setattr("crm.accounts.guard.SAFE_METHODS", ())  # so that the page may write
    answer = dana.get("/account", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status == 409
    assert "changed in the meantime" in answer.text
    assert logs[0]["event"] == "overtaken"
    assert "dana@" not in str(logs)


def test_a_fault_is_logged_where_it_happened_without_its_values(
    app: Flask, cast: Cast, sign_in: Any, monkeypatch: pytest.MonkeyPatch, logs: list[Any]
) -> None:
    def ask_nonsense() -> None:
        db.session.execute(text("SELECT :value FROM no_such_table"), {"value": "Jane Patient 123-45-6789"})

    dana = sign_in(cast.dana)
    spoil(app, monkeypatch, ask_nonsense)
    monkeypatch.setattr(app, "testing", False)
    answer = dana.raw.get("/account")
    assert answer.status_code == 500
    (entry,) = logs
    assert entry["event"] == "unexpected"
    assert entry["where"]
    assert "Patient" not in str(entry)
    assert entry["request"] in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/nothing-here", 404, "It may have been moved"),
        ("/admin/users", 403, "Your role does not include this"),
        ("/visits/987654", 404, "There is nothing here"),
    ],
)
def test_each_error_says_its_own_sentence(cast: Cast, sign_in: Any, path: str, status: int, says: str) -> None:
    answer = sign_in(cast.dana).get(path)
    assert answer.status == status
    assert says in answer.text
    assert f"Error {status}" in answer.text
    assert "Something went wrong" not in answer.text


def test_a_conflict_says_what_happened(app: Flask, cast: Cast, sign_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def late() -> None:
        raise Conflict("This meeting is cancelled.")

    dana = sign_in(cast.dana)
    spoil(app, monkeypatch, late)
    assert "This meeting is cancelled." in dana.get("/account").text


def test_errors_of_database_errors_quote_no_values(app: Flask, cast: Cast) -> None:
    with pytest.raises(Exception, match="no_such_table") as caught:
        db.session.execute(text("SELECT :value FROM no_such_table"), {"value": "Jane Patient"})
    assert "Jane" not in str(caught.value)
    db.session.rollback()


def test_a_fault_in_the_check_of_rights_denies(
    app: Flask, cast: Cast, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_viewer: Viewer, _permission: str) -> bool:
        raise RuntimeError("secret")

    adam = sign_in(cast.adam)
    monkeypatch.setattr(Viewer, "may", broken)
    monkeypatch.setattr(app, "testing", False)
    answer = adam.raw.get("/admin/users")
    assert answer.status_code == 500
    assert "Dana" not in answer.get_data(as_text=True)
