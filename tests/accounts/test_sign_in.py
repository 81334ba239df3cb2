"""Signing in and out: who gets in, how long it lasts, what a stolen cookie is worth, and what guessing costs."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from config import Config
from crm.accounts import services
from crm.accounts.models import SignInAttempt, UserSession
from crm.accounts.sign_in import fingerprint
from crm.app import create_app
from crm.audit.models import Action, AuditEvent
from crm.core import clock
from crm.core.db import db
from tests.cast import PASSWORD, Cast
from tests.client import SeparateClient
from tests.pages import PageClient


def enter(browser: PageClient, email: str, password: str, **more: Any) -> Any:
    return browser.post("/sign-in", {"email": email, "password": password, **more})


def test_sign_in_leads_to_the_page_that_was_asked_for(cast: Cast, sign_in: Any) -> None:
    browser = sign_in()
    asked = browser.get("/account?x=1")
    assert asked.status == 302
    assert "/sign-in?next=/account?x%3D1" in asked.location.replace("%2F", "/").replace("%3F", "?")
    answer = enter(browser, cast.dana.email.upper(), PASSWORD, next="/account?x=1")
    assert answer.location == "/account?x=1"
    assert "Dana Whitfield" in browser.get("/account").text


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/nowhere-at-all", "\\\\evil"],
)
def test_sign_in_never_leads_elsewhere(cast: Cast, sign_in: Any, target: str) -> None:
    assert enter(sign_in(), cast.dana.email, PASSWORD, next=target).location == "/"


@pytest.mark.parametrize(
    ("email", "password"), [("dana@harborspecialty.example", "wrong"), ("nobody@example.com", PASSWORD), ("x\x00", "y")]
)
def test_a_wrong_sign_in_says_the_same_for_known_and_unknown(
    cast: Cast, sign_in: Any, email: str, password: str
) -> None:
    answer = enter(sign_in(), email, password)
    assert answer.status == 422
    assert "do not match an account" in answer.text


def test_a_closed_account_cannot_sign_in(cast: Cast, sign_in: Any) -> None:
    cast.dana.is_active = False
    assert enter(sign_in(), cast.dana.email, PASSWORD).status == 422


def test_ten_failures_lock_one_account_and_nobody_else(cast: Cast, sign_in: Any) -> None:
    for _ in range(10):
        assert enter(sign_in(), cast.dana.email, "wrong").status == 422
    locked = enter(sign_in(), cast.dana.email, PASSWORD)
    assert locked.status == 429
    assert locked.response.headers["Retry-After"] == "900"
    assert enter(sign_in(), cast.tomas.email, PASSWORD).status == 302
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert enter(sign_in(), cast.dana.email, PASSWORD).status == 302
    assert not db.session.scalar(
        select(func.count()).select_from(SignInAttempt).where(SignInAttempt.account_hash == "x")
    )


def test_a_copied_cookie_is_worth_nothing_after_sign_out(cast: Cast, sign_in: Any) -> None:
    browser = sign_in(cast.dana)
    stolen = browser.raw.get_cookie("rounds").value
    answer = browser.post("/sign-out")
    assert answer.response.headers["Clear-Site-Data"]
    thief = sign_in()
    thief.raw.set_cookie("rounds", stolen)
    assert thief.get("/account").status == 302


def test_signing_in_changes_the_session_id(cast: Cast, sign_in: Any) -> None:
    browser = sign_in()
    browser.get("/sign-in")
    with browser.raw.session_transaction() as session:
        session["token"] = "fixed by an attacker"
    enter(browser, cast.dana.email, PASSWORD)
    with browser.raw.session_transaction() as session:
        assert session["token"] != "fixed by an attacker"


def test_a_session_ends_when_idle_and_when_old(cast: Cast, sign_in: Any) -> None:
    start = clock.now()
    browser = sign_in(cast.dana)
    for minutes in range(10, 12 * 60, 10):
        with time_machine.travel(start + timedelta(minutes=minutes)):
            assert browser.get("/account").status == 200, minutes
    with time_machine.travel(start + timedelta(hours=12, minutes=5)):
        assert browser.get("/account").status == 302
    other = sign_in(cast.tomas)
    with time_machine.travel(start + timedelta(minutes=16)):
        assert other.get("/account").status == 302


@pytest.mark.parametrize(
    ("headers", "leads_to"),
    [
        ({"Referer": "http://localhost/visits/plan?practice=7"}, "/sign-in?next=/visits/plan?practice%3D7"),
        ({"Referer": "http://localhost/tasks"}, "/sign-in?next=/tasks"),
        ({"Referer": "https://evil.example/no/page/of/ours"}, "/sign-in"),
        ({"Referer": "http://localhost//evil.example"}, "/sign-in"),
        ({}, "/sign-in"),
    ],
)
def test_a_form_sent_too_late_leads_back_to_its_page(
    headers: dict[str, str], leads_to: str, cast: Cast, sign_in: Any
) -> None:
    browser = sign_in(cast.dana)
    browser.csrf()
    with time_machine.travel(clock.now() + timedelta(minutes=20)):
        answer = browser.post("/tasks/new", {"title": "Call back"}, headers=headers)
        assert answer.location.replace("%2F", "/").replace("%3F", "?") == leads_to
        answer = browser.post("/tasks/1/done", headers={"HX-Current-URL": "http://localhost/tasks"}, htmx=True)
        assert answer.response.headers["HX-Redirect"] == "/sign-in?next=/tasks"


def test_polling_does_not_keep_a_session_alive(cast: Cast, sign_in: Any) -> None:
    start = clock.now()
    browser = sign_in(cast.dana)
    for minutes in (5, 10, 14):
        with time_machine.travel(start + timedelta(minutes=minutes)):
            assert browser.get("/jobs/tray", htmx=True).status == 200
    with time_machine.travel(start + timedelta(minutes=16)):
        refused = browser.get("/jobs/tray", htmx=True)
        assert refused.status == 401
        assert refused.response.headers["HX-Redirect"] == "/sign-in"


def test_the_token_is_stored_as_a_hash_only(cast: Cast, sign_in: Any) -> None:
    browser = sign_in(cast.dana)
    with browser.raw.session_transaction() as session:
        token = session["token"]
    stored = db.session.scalars(select(UserSession.token_hash)).all()
    assert token not in stored
    assert all(len(value) == 64 for value in stored)


def test_every_sign_in_failure_and_sign_out_is_in_the_trail_once(cast: Cast, sign_in: Any) -> None:
    browser = sign_in()
    enter(browser, cast.dana.email, "wrong")
    enter(browser, cast.dana.email, PASSWORD)
    browser.token = ""
    browser.user = cast.dana
    browser.post("/sign-out")
    actions = db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    wanted = [Action.SIGN_IN_FAILED, Action.SIGNED_IN, Action.SIGNED_OUT]
    assert [action for action in actions if action in wanted] == wanted
    texts = str([(e.object_label, e.detail) for e in db.session.scalars(select(AuditEvent))])
    assert PASSWORD not in texts
    assert "wrong" not in texts


def test_a_post_without_the_token_is_refused(cast: Cast, sign_in: Any) -> None:
    browser = sign_in(cast.dana)
    assert browser.raw.post("/sign-out").status_code == 400
    assert browser.get("/account").status == 200
    other = sign_in(cast.tomas)
    assert browser.raw.post("/sign-out", data={"csrf_token": other.csrf()}).status_code == 400


@pytest.mark.real_commits
def test_a_lock_outlives_a_restart(app: Flask, cast: Cast, sign_in: Any, tmp_path: Path) -> None:
    for _ in range(10):
        enter(sign_in(), cast.dana.email, "wrong")
    restarted = create_app(Config.for_tests(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path))
    restarted.test_client_class = SeparateClient
    db.session.commit()
    assert enter(PageClient(restarted), cast.dana.email, PASSWORD).status == 429
    with restarted.app_context():
        db.engine.dispose()


def test_fifty_failures_from_one_address_lock_it_for_every_account(cast: Cast, sign_in: Any) -> None:
    fill_attempts("somebody else", 49)
    assert enter(sign_in(), cast.dana.email, "wrong").status == 422
    assert enter(sign_in(), cast.tomas.email, PASSWORD).status == 429
    elsewhere = sign_in()
    elsewhere.raw.environ_base["REMOTE_ADDR"] = "10.0.0.9"
    assert enter(elsewhere, cast.tomas.email, PASSWORD).status == 302


def fill_attempts(email: str, count: int, *, days_ago: int = 0) -> None:
    at = clock.now() - timedelta(days=days_ago)
    rows = [SignInAttempt(account_hash=fingerprint(email), address="127.0.0.1", tried_at=at) for _ in range(count)]
    db.session.add_all(rows)
    db.session.commit()


def test_a_hundred_failures_in_a_row_need_a_new_password(cast: Cast, sign_in: Any) -> None:
    fill_attempts(cast.dana.email, 99, days_ago=3)
    assert enter(sign_in(), cast.dana.email, "wrong").status == 422
    locked = enter(sign_in(), cast.dana.email, PASSWORD)
    assert locked.status == 429
    assert "An administrator can give you a new password" in locked.text
    password = services.reset_password(db.session(), cast.dana)
    assert enter(sign_in(), cast.dana.email, password).status == 302


def test_signing_in_forgives_earlier_failures(cast: Cast, sign_in: Any) -> None:
    fill_attempts(cast.dana.email, 99, days_ago=3)
    assert enter(sign_in(), cast.dana.email, PASSWORD).status == 302
    assert not db.session.scalar(select(func.count()).select_from(SignInAttempt))


def test_the_trail_names_the_account_that_was_tried_and_never_what_was_typed(cast: Cast, sign_in: Any) -> None:
    enter(sign_in(), cast.dana.email, "wrong")
    enter(sign_in(), "my-secret-in-the-wrong-field@example.com", "wrong")
    failures = list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == Action.SIGN_IN_FAILED)))
    assert [(e.object_id, e.object_label, e.address) for e in failures] == [
        (cast.dana.id, "Dana Whitfield", "127.0.0.1"),
        (None, "", "127.0.0.1"),
    ]
    assert failures[0].detail == {"failures_in_a_row": 1}
    assert "my-secret" not in str([(e.object_label, e.detail) for e in failures])


def test_guessing_the_current_password_with_a_stolen_session_is_throttled(cast: Cast, sign_in: Any) -> None:
    thief = sign_in(cast.dana)
    for _ in range(10):
        answer = thief.post("/account/password", {"current": "a guess", "password": "kupfer lampe wiese"})
        assert answer.status == 422
    answer = thief.post("/account/password", {"current": PASSWORD, "password": "kupfer lampe wiese"})
    assert answer.status == 429


def test_no_page_without_a_way_to_sign_out(cast: Cast, sign_in: Any) -> None:
    for user, path in ((cast.dana, "/today"), (cast.adam, "/admin/users"), (cast.dana, "/nothing-here")):
        assert sign_in(user).get(path).soup.find("form", action="/sign-out", method="post"), path


def test_a_person_ends_only_own_devices(cast: Cast, sign_in: Any) -> None:
    dana, elsewhere, tomas = sign_in(cast.dana), sign_in(cast.dana), sign_in(cast.tomas)
    ids = {row.user_id: row.id for row in db.session.scalars(select(UserSession).order_by(UserSession.id))}
    assert tomas.post(f"/account/sessions/{ids[cast.dana.id]}/end").status == 404
    assert dana.post(f"/account/sessions/{ids[cast.dana.id]}/end").status == 302
    assert dana.get("/account").status == 200
    assert elsewhere.get("/account").status == 302


def test_an_account_of_long_ago_signs_in_with_its_old_password(cast: Cast, sign_in: Any) -> None:
    with time_machine.travel(clock.now() + timedelta(days=400)):
        assert enter(sign_in(), cast.dana.email, PASSWORD).status == 302
