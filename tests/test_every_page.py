"""Every page opens for whoever may open it: in an empty organization, and in one with some of everything."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts.models import Organization, User, UserTerritory
from crm.accounts.permissions import Role
from crm.accounts.viewer import SYSTEM
from crm.core import clock
from crm.core.db import db
from crm.directory.models import Practice, Territory
from crm.referrals.services import Entry, enter_referral
from tests.cast import person
from tests.pages import PageClient, count_statements
from tests.walk import addresses, make_tiny_demo, may_open

ROLES = list(Role)
OPENS = {200, 302, 303}
NOT_THERE = {404}
ROLLUP = re.compile(r"(?:FROM|JOIN) (referral_(?:practice_|total_)?(?:month|wait))\b")
# The receipts of the demo's exports stay; their files have run out.
HAS_RUN_OUT = {"exports.export_file": 404, "exports.export_suppressed": 404}


@pytest.fixture
def empty(database: Any) -> dict[Role, User]:
    """An organization on its first day: one person for each role, and nothing else."""
    session: Session = database()
    session.add(Organization(name="Harbor Specialty Group", row_key_secret="0" * 64))
    people = {role: person(session, f"{role.value} Somebody", role) for role in ROLES}
    session.commit()
    return people


@pytest.fixture
def demo(database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[Role, User]:
    """The demo organization, and the first person of each role; the liaison looks after all territories."""
    session: Session = database()
    make_tiny_demo(session, tmp_path, monkeypatch)
    found: dict[Role, User] = {}
    for user in session.scalars(select(User).order_by(User.id)):
        for row in user.roles:
            found.setdefault(row.role, user)
    everywhere = session.scalars(select(Territory.id))
    found[Role.LIAISON].territories = [UserTerritory(territory_id=territory_id) for territory_id in everywhere]
    # The newest referral, which the walk opens, is one that can be changed: those of files cannot.
    typed_in = Entry(practice_id=session.scalars(select(Practice.id)).first() or 0, received_on=clock.today())
    enter_referral(session, SYSTEM, typed_in)
    session.commit()
    return found


def forgets_layers(statement: str) -> bool:
    """Whether a query reads sums without saying which of their layers count (docs/decisions/0006)."""
    return any(f"{rollup}.layer" not in statement for rollup in ROLLUP.findall(statement))


def faults_of_pages(app: Flask, session: Session, browser: PageClient, user: User) -> Iterator[str]:
    """Open every page that a person may open; says what was wrong, and fails when there were hardly any."""
    count = 0
    for address in addresses(app, session):
        if not may_open(user, address):
            continue
        count += 1
        try:
            with count_statements() as statements:
                answer = browser.get(address.path)
        except Exception as fault:  # noqa: BLE001 the walk goes on, and each fault is told
            yield f"{address.endpoint} {address.path}: {fault!r}"
            continue
        right = NOT_THERE if address.names_nothing else OPENS | {HAS_RUN_OUT.get(address.endpoint, 200)}
        if answer.status not in right:
            yield f"{address.endpoint} {address.path}: {answer.status} {answer.location}"
        yield from (f"{address.endpoint} counts hidden layers: {sql}" for sql in statements if forgets_layers(sql))
    assert count > 8


@pytest.mark.timeout(300)
@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_an_empty_organization(app: Flask, empty: dict[Role, User], sign_in: Any, role: Role) -> None:
    faults = list(faults_of_pages(app, db.session(), sign_in(empty[role]), empty[role]))
    assert not faults, "\n".join(faults)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_the_demo(app: Flask, demo: dict[Role, User], sign_in: Any, role: Role) -> None:
    faults = list(faults_of_pages(app, db.session(), sign_in(demo[role]), demo[role]))
    assert not faults, "\n".join(faults)
