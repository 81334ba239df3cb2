"""What every answer carries, and what no answer ever tells."""

import re
from typing import Any

import pytest
from flask import Flask

from crm.core.web import safe_next
from tests.cast import Cast

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


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example"])
def test_a_foreign_host_is_refused(cast: Cast, app: Flask, host: str) -> None:
    assert app.test_client().get("/sign-in", headers={"Host": host}).status_code == 400


def test_forwarded_headers_are_ignored_without_a_proxy(cast: Cast, sign_in: Any) -> None:
    answer = sign_in().raw.get("/account", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
    assert "evil" not in answer.headers["Location"]


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
