"""Who may open what: every route x method x person, by raw HTTP, with the database compared around every refusal.

The expectations come from the declarations themselves (`@allow`), and `test_public_pages_are_few` and
`test_what_each_role_may_do` hold those declarations.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event, select
from werkzeug.routing import Rule

from crm.accounts import queries as accounts
from crm.accounts.models import User
from crm.accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from crm.core.db import Base, db
from tests.cast import Cast

PUBLIC = {"accounts.sign_in"}
# Written by every request of a signed-in person, refused or not; the trail must grow at a refusal.
ALWAYS_WRITTEN = {"audit_event", "user_session", "sign_in_attempt"}
WRITE = re.compile(r"^\s*(INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.IGNORECASE)
MISSING_ID = 987_654


@dataclass(frozen=True)
class Door:
    """One address and method."""

    endpoint: str
    method: str
    path: str
    permission: str


def doors(app: Flask, ids: dict[str, Any]) -> list[Door]:
    """Every route and method of the app, with ids filled in."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        view = app.view_functions[rule.endpoint]
        permission, path = getattr(view, "permission", "public"), fill_in(rule, ids)
        methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        found.extend(Door(rule.endpoint, method, path, permission) for method in methods)
    return found


def fill_in(rule: Rule, ids: dict[str, Any]) -> str:
    """The address of a rule with values for its arguments."""
    path = rule.rule
    for name in rule.arguments:
        value = ids.get(name, "2026-11-23" if name in ("day", "date", "plan_on") else 1)
        path = re.sub(rf"<(?:[^<>:]+:)?{name}>", str(value), path)
    return path


def ids_of(cast: Cast) -> dict[str, Any]:
    return {
        "practice_id": cast.olentangy.id, "provider_id": cast.okonjo.id, "contact_id": cast.marisol.id,
        "territory_id": cast.north.id, "user_id": cast.dana.id, "name": "growth",
    }  # fmt: skip


def fingerprint() -> str:
    """A hash of the whole content of the database but for what every request writes."""
    digest = hashlib.sha256()
    for table in Base.metadata.sorted_tables:
        if table.name not in ALWAYS_WRITTEN:
            rows = sorted(repr(tuple(row)) for row in db.session.execute(select(table)))
            digest.update(f"{table.name}:{rows}".encode())
    return digest.hexdigest()


@pytest.fixture
def writes() -> Iterator[list[str]]:
    """The tables that statements have written to."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        match = WRITE.match(statement)
        if match and match.group(2) not in ALWAYS_WRITTEN:
            seen.append(match.group(2))

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def people(cast: Cast) -> dict[str, User | None]:
    return {"nobody": None, **cast.everybody}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["nobody", "maren", "dana", "tomas", "priya", "arjun", "carol", "adam"])
def test_every_route_and_method(app: Flask, cast: Cast, sign_in: Any, writes: list[str], name: str) -> None:
    user = people(cast)[name]
    viewer = accounts.viewer_of(user) if user else None
    browser = sign_in(user)
    token = browser.csrf()
    db.session.commit()
    before, faults, checked = fingerprint(), [], 0
    for door in doors(app, ids_of(cast)):
        is_open = door.permission == "public" or (viewer is not None and viewer.may(door.permission))
        if is_open and door.method != "GET":
            continue  # what an allowed write does is each room's own test
        writes.clear()
        answer = browser.raw.open(
            door.path, method=door.method, data={"csrf_token": token} if door.method != "GET" else None
        )
        checked += 1
        faults += judge(door, answer, is_open=is_open, is_signed_in=user is not None, wrote=sorted(set(writes)))
    assert checked > 40
    assert not faults, "\n".join(faults)
    assert fingerprint() == before


def judge(door: Door, answer: Any, *, is_open: bool, is_signed_in: bool, wrote: list[str]) -> Iterator[str]:
    """What is wrong with an answer."""
    where = f"{door.method} {door.path} ({door.endpoint}): {answer.status_code}"
    if answer.status_code >= 500:
        yield where
    if wrote:
        yield f"{where}, wrote to {wrote}"
    if is_open and answer.status_code == 403:
        yield f"{where} although it declares {door.permission or 'signed in'}"
    if not is_open and is_signed_in and answer.status_code != 403:
        yield f"{where} instead of 403"
    if (
        not is_open
        and not is_signed_in
        and not (answer.status_code == 302 and "/sign-in" in answer.headers["Location"])
    ):
        yield f"{where} instead of a way to sign in"


def test_public_pages_are_few(app: Flask, cast: Cast) -> None:
    assert {door.endpoint for door in doors(app, {}) if door.permission == "public"} == PUBLIC


def test_every_declared_permission_exists(app: Flask, cast: Cast) -> None:
    declared = {door.permission for door in doors(app, {})} - {"", "public"}
    assert declared <= set(Permission)


def test_what_each_role_may_do() -> None:
    """The few rights that must never drift: money, accounts, the trail, and who sees all territories."""

    def holders(permission: Permission) -> set[Role]:
        return {role for role in Role if permission in ROLE_PERMISSIONS[role]}

    assert holders(Permission.REVENUE_VIEW) == {Role.MANAGER, Role.ANALYST}
    assert holders(Permission.USERS_EDIT) == {Role.ADMIN}
    assert holders(Permission.AUDIT_VIEW) == {Role.COMPLIANCE, Role.ADMIN}
    assert holders(Permission.ALL_TERRITORIES) == set(Role) - {Role.LIAISON}
    assert holders(Permission.LISTS_EXPORT) == {Role.MANAGER, Role.MARKETING}
    assert holders(Permission.REFERRALS_IMPORT) == {Role.MANAGER, Role.ANALYST}
    assert not ROLE_PERMISSIONS[Role.COMPLIANCE] & {Permission.REFERRALS_VIEW, Permission.ANALYTICS_VIEW}
    assert not ROLE_PERMISSIONS[Role.MARKETING] & {Permission.REFERRALS_VIEW, Permission.ANALYTICS_VIEW}


def test_another_territorys_things_answer_like_missing_ones(app: Flask, cast: Cast, sign_in: Any) -> None:
    """Dana looks after the North: whatever hangs on Southgate must not be told from what does not exist."""
    theirs = {"practice_id": cast.southgate.id, "provider_id": cast.becker.id, "contact_id": cast.lena.id}
    browser = sign_in(cast.dana)
    token = browser.csrf()
    faults, checked = [], 0
    for rule in app.url_map.iter_rules():
        own = theirs.keys() & rule.arguments
        viewer = cast.viewer(cast.dana)
        if not own or not viewer.may(getattr(app.view_functions[rule.endpoint], "permission", "")):
            continue
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            data = {"csrf_token": token} if method == "POST" else None
            foreign = browser.raw.open(fill_in(rule, theirs), method=method, data=data)
            missing = browser.raw.open(fill_in(rule, dict.fromkeys(theirs, MISSING_ID)), method=method, data=data)
            checked += 1
            if foreign.status_code != 404 or missing.status_code != 404 or body(foreign) != body(missing):
                faults.append(f"{method} {rule.rule}: {foreign.status_code} and {missing.status_code}")
    assert checked > 5
    assert not faults, "\n".join(faults)


def body(answer: Any) -> str:
    """An answer's text without what differs in every answer."""
    text = answer.get_data(as_text=True)
    return re.sub(r'nonce="[^"]+"|[0-9a-f]{12}|(content|value)="[^"]{40,}"', "", text)
