"""Commands about accounts: the first administrator is made once, and passwords are given anew on the server."""

from typing import Any

from flask import Flask

from crm.accounts import queries
from crm.accounts.models import SignInAttempt, User
from crm.accounts.permissions import Role
from crm.accounts.sign_in import fingerprint
from crm.core import clock
from crm.core.db import db
from tests.cast import Cast

ADMIN = ["--email", "eve@example.com", "--name", "Eve Long", "--organization", "Harbor Group", "--password"]


def test_no_account_is_there_before_somebody_makes_one(app: Flask, database: Any) -> None:
    assert queries.count_users(database()) == 0


def test_the_first_administrator_is_made_once(app: Flask, database: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("crm.accounts.cli.upgrade", lambda: None)
    runner = app.test_cli_runner()
    weak = runner.invoke(args=["users", "create-admin", *ADMIN, "harbor group 2026"])
    assert weak.exit_code == 1
    assert "organization out of the password" in weak.output
    assert queries.count_users(database()) == 0
    assert runner.invoke(args=["users", "create-admin", *ADMIN, "kupfer lampe wiese"]).exit_code == 0
    eve = queries.find_user_by_email(database(), "eve@example.com")
    assert eve is not None
    assert eve.role_set == {Role.ADMIN, Role.MANAGER}
    second = runner.invoke(args=["users", "create-admin", *ADMIN, "kupfer lampe wiese"])
    assert second.exit_code == 1
    assert "There are accounts already" in second.output


def test_a_new_password_from_the_server_unlocks(app: Flask, cast: Cast, sign_in: Any) -> None:
    row = {"account_hash": fingerprint(cast.dana.email), "address": "127.0.0.1", "tried_at": clock.now()}
    db.session.add_all([SignInAttempt(**row) for _ in range(100)])
    db.session.commit()
    result = app.test_cli_runner().invoke(args=["users", "reset-password", cast.dana.email])
    password = result.output.strip().rpartition(" ")[2]
    browser = sign_in()
    assert browser.post("/sign-in", {"email": cast.dana.email, "password": password}).status == 302
    assert db.session.get_one(User, cast.dana.id).must_change_password
