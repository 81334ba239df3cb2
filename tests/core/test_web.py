"""What every answer carries, and what no answer ever tells."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import Config
from crm.accounts.models import SignInAttempt
from crm.app import create_app
from crm.core.db import db
from crm.core.web import asset, safe_next
from tests.cast import Cast
from tests.client import SeparateClient
from tests.pages import PageClient

SECURITY_HEADERS = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy")


@pytest.mark.parametrize("path", ["/sign-in", "/nothing-here", "/account", "/static/css/tokens.css"])
def test_every_answer_carries_the_security_headers(cast: Cast, sign_in: Any, path: str) -> None:
    answer = sign_in().raw.get(path)
    for name in SECURITY_HEADERS:
        assert answer.headers.get(name), name
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    answer.close()


def test_the_nonce_is_new_each_time_and_on_every_script(cast: Cast, sign_in: Any) -> None:
    nonces = set()
    for _ in range(5):
        answer = sign_in().get("/sign-in")
        (nonce,) = re.findall(r"'nonce-([^']+)'", answer.response.headers["Content-Security-Policy"])
        assert len(nonce) >= 22
        assert {script["nonce"] for script in answer.soup.find_all("script")} == {nonce}
        nonces.add(nonce)
    assert len(nonces) == 5


def test_pages_are_not_kept_and_files_are(cast: Cast, sign_in: Any) -> None:
    browser = sign_in(cast.dana)
    assert browser.get("/account").response.headers["Cache-Control"] == "no-store"
    assert "immutable" in browser.raw.get("/static/css/tokens.css").headers["Cache-Control"]


def test_a_page_about_a_missing_file_is_not_kept(cast: Cast, sign_in: Any) -> None:
    answer = sign_in(cast.dana).raw.get("/static/css/no-such-file.css")
    assert "Dana Whitfield" in answer.get_data(as_text=True), "it knows who asked"
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


def test_over_https_cookies_are_locked_and_every_answer_says_so(migrated_database_url: str, tmp_path: Path) -> None:
    app = create_app(Config.for_tests(migrated_database_url, tmp_path, secure_cookies=True))
    app.test_client_class = SeparateClient
    cookies = []
    for path in ("/sign-in", "/nothing-here", "/account", "/static/css/tokens.css", "/static/none"):
        answer = app.test_client().get(path, base_url="https://localhost")
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", path
        cookies += answer.headers.getlist("Set-Cookie")
    assert cookies
    for cookie in cookies:
        name, *rules = cookie.split("; ")
        assert name.startswith("__Host-rounds=")
        assert set(rules) == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("number", [2**31, 10**20, "9" * 400])
def test_a_number_that_no_database_holds_names_nothing(app: Flask, cast: Cast, sign_in: Any, number: object) -> None:
    browsers = [sign_in(user) for user in (cast.maren, cast.adam)]
    faults, checked = [], 0
    for rule in app.url_map.iter_rules():
        if not any(name.endswith("_id") for name in rule.arguments):
            continue
        path = re.sub(r"<int:\w+>", str(number), rule.rule).replace("<day>", "2026-11-23")
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            for browser in browsers:
                status = browser.raw.open(path, method=method, data={"csrf_token": browser.csrf()}).status_code
                checked += 1
                faults += [f"{method} {path[:80]}: {status}"] if status != 404 else []
    assert checked > 100
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 302),
        ({"Sec-Fetch-Site": "none"}, 302),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost"}, 302),
        ({}, 302),
    ],
)
def test_a_form_of_another_site_is_refused_even_with_the_token(
    cast: Cast, sign_in: Any, headers: dict[str, str], status: int
) -> None:
    browser = sign_in(cast.dana)
    values = {"csrf_token": browser.csrf()}
    assert browser.raw.post("/sign-out", data=values, headers=headers).status_code == status
    assert browser.get("/account").status == (200 if status == 403 else 302)


def test_no_other_site_may_read_an_answer(cast: Cast, sign_in: Any) -> None:
    for path in ("/account", "/analytics/charts/referrals-by-month.json", "/sign-in"):
        answer = sign_in(cast.maren).raw.get(path, headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "evil" not in str(answer.headers)


def test_limits_of_bodies_are_set(app: Flask) -> None:
    limits = ("MAX_CONTENT_LENGTH", "MAX_FORM_MEMORY_SIZE", "MAX_FORM_PARTS")
    assert [app.config[name] for name in limits] == [1_000_000, 500_000, 1000]


@pytest.mark.parametrize(
    "path", ["/console", "/.git/config", "/openapi.json", "/metrics", "/docs", "/setup", "/static/../config.py"]
)
def test_what_stands_open_elsewhere_is_not_there(cast: Cast, sign_in: Any, path: str) -> None:
    assert sign_in().raw.get(path).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example"])
def test_a_foreign_host_is_refused(cast: Cast, app: Flask, host: str) -> None:
    assert app.test_client().get("/sign-in", headers={"Host": host}).status_code == 400


def test_forwarded_headers_are_ignored_without_a_proxy(cast: Cast, sign_in: Any) -> None:
    answer = sign_in().raw.get("/account", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
    assert "evil" not in answer.headers["Location"]


def test_a_made_up_address_does_not_escape_the_throttle(cast: Cast, sign_in: Any) -> None:
    browser = sign_in()
    for number in range(11):
        values = {"email": cast.dana.email, "password": "wrong", "csrf_token": browser.csrf()}
        answer = browser.raw.post("/sign-in", data=values, headers={"X-Forwarded-For": f"10.0.0.{number}"})
    assert answer.status_code == 429
    assert set(db.session.scalars(db.select(SignInAttempt.address))) == {"127.0.0.1"}


def test_forwarded_headers_count_as_many_proxies_as_are_set(migrated_database_url: str, tmp_path: Path) -> None:
    hosts = ("rounds.example", "localhost")
    app = create_app(Config.for_tests(migrated_database_url, tmp_path, proxy_hops=1, trusted_hosts=hosts))
    app.test_client_class = SeparateClient
    spoofed = {"X-Forwarded-For": "6.6.6.6, 10.0.0.7"}
    with app.app_context():
        for host, status in (("rounds.example", 302), ("evil.example", 400), ("rounds.example, evil.example", 400)):
            answer = app.test_client().get("/account", headers={**spoofed, "X-Forwarded-Host": host})
            assert answer.status_code == status, host
        browser = PageClient(app)
        values = {"email": "dana@rounds.example", "password": "wrong", "csrf_token": browser.csrf()}
        assert browser.raw.post("/sign-in", data=values, headers=spoofed).status_code == 422
        assert db.session.scalars(db.select(SignInAttempt.address)).all() == ["10.0.0.7"]
        db.session.remove()
        db.engine.dispose()


def test_a_body_over_the_limit_is_refused_before_it_is_read(cast: Cast, sign_in: Any) -> None:
    browser = sign_in(cast.dana)
    answer = browser.raw.post("/account/password", data={"csrf_token": browser.csrf(), "current": "x" * 1_100_000})
    assert answer.status_code == 413
    assert "too large" in answer.get_data(as_text=True)


def test_an_unexpected_fault_tells_nothing(
    app: Flask, cast: Cast, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("secret value 4711 in SELECT * FROM user_account")

    browser = sign_in(cast.dana)
    monkeypatch.setitem(app.view_functions, "accounts.account", _like(app.view_functions["accounts.account"], broken))
    monkeypatch.setattr(app, "testing", False)
    answer = browser.raw.get("/account")
    body = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "Something went wrong on our side" in body
    for secret in ("4711", "SELECT", "Traceback", "RuntimeError", ".py"):
        assert secret not in body


def _like(view: Any, body: Any) -> Any:
    body.permission = view.permission
    return body


@pytest.mark.parametrize(
    "target",
    [
        "/\\evil.com", "\\\\evil.com", "http:evil.com", "///evil.com", "https:///evil.com", "javascript:alert(1)",
        "//evil", "/ evil", "/\tevil", "evil", "", None, "/account\r\nX: y", "http://127.0.0.1/account",
        "/%2f%2fevil.example/none",
    ],
)  # fmt: skip
def test_redirects_stay_here(app: Flask, target: str | None) -> None:
    with app.test_request_context("/"):
        assert safe_next(target, "/home") == "/home"
        assert safe_next("/account?a=b", "/home") == "/account?a=b"


@pytest.mark.parametrize(
    "query",
    [
        "?page=0",
        "?page=-1",
        "?page=99999999999999999999",
        "?page=x",
        "?page=%00",
        "?action=nonsense&actor=zz&first_on=30-30-30",
    ],
)
def test_nonsense_in_the_address_is_ignored(cast: Cast, sign_in: Any, query: str) -> None:
    assert sign_in(cast.adam).get(f"/audit/{query}").status == 200


@pytest.mark.parametrize("path", ["/referrals/referrals.csv", "/analytics/charts/referrals-by-month.csv"])
def test_a_file_that_is_opened_after_all_can_do_nothing(cast: Cast, sign_in: Any, path: str) -> None:
    answer = sign_in(cast.maren).raw.get(path)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert "charset=utf-8" in answer.headers["Content-Type"]


def test_rounds_is_not_served_in_debug_mode(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "debug", True)
    result = app.test_cli_runner().invoke(args=["serve"])
    assert result.exit_code != 0
    assert "FLASK_DEBUG" in str(result.exception) + result.output


def test_a_static_file_has_its_age_in_its_address(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": "/rounds"}):
        address = asset("css/base.css")
    assert re.fullmatch(r"/rounds/static/css/base\.css\?v=[0-9a-f]{10}", address)
    assert client.get(address.removeprefix("/rounds")).status_code == 200


def test_a_file_that_is_being_changed_gets_a_new_address(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "static_folder", str(tmp_path))
    file = tmp_path / "a.css"
    with app.test_request_context("/"):
        seen = []
        for debug, age in ((False, 1), (False, 2), (True, 3), (True, 4)):
            file.write_text("")
            os.utime(file, (age, age))
            monkeypatch.setattr(app, "debug", debug)
            seen.append(asset("a.css"))
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3
