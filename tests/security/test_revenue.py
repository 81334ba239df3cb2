"""Money is nowhere for roles without the right: no page, file, chart, order of a list, or line of the trail."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts.models import User, UserTerritory
from crm.accounts.permissions import Role
from crm.accounts.queries import viewer_of
from crm.core.db import Base, db
from crm.directory.models import Territory
from crm.referrals.models import Referral
from crm.referrals.rollup import rebuild_rollup
from tests.pages import PageClient
from tests.walk import addresses, make_tiny_demo, may_open

pytestmark = pytest.mark.one_database
CENTS = 777_777_00  # each referral brings this; sums begin with other figures, so they are looked for by their sign
MONEY = re.compile(r"777[,.]?777|revenue_cents|\$\s?[0-9]")
HIDDEN_WORDS = re.compile(r"sort=-?revenue|money=|by revenue", re.IGNORECASE)
QUERIES = ("", "?sort=-revenue", "?sort=revenue", "?money=expected&by=revenue&measure=revenue&value=revenue")


@pytest.fixture
def users(database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[Role, User]:
    """The demo organization with the same striking revenue on every referral; its first person of each role."""
    session: Session = database()
    make_tiny_demo(session, tmp_path, monkeypatch)
    session.execute(db.update(Referral).where(Referral.revenue_cents.is_not(None)).values(revenue_cents=CENTS))
    rebuild_rollup(session)
    found: dict[Role, User] = {}
    for user in session.scalars(select(User).order_by(User.id)):
        for row in user.roles:
            found.setdefault(row.role, user)
    found[Role.LIAISON].territories = [UserTerritory(territory_id=i) for i in session.scalars(select(Territory.id))]
    session.commit()
    return found


def money_on(app: Flask, browser: PageClient, user: User) -> Iterator[str]:
    """Where money, or a way to it, is shown to somebody."""
    for address in addresses(app, db.session()):
        if not may_open(user, address):
            continue
        for query in QUERIES:
            answer = browser.raw.get(address.path + query)
            text = answer.get_data(as_text=True) if answer.status_code == 200 else ""
            if match := MONEY.search(text) or (None if query else HIDDEN_WORDS.search(text)):
                yield f"{address.path}{query}: {text[max(0, match.start() - 60) : match.end() + 20]!r}"


@pytest.mark.timeout(300)
def test_money_is_nowhere_for_those_without_the_right(app: Flask, users: dict[Role, User], sign_in: Any) -> None:
    found = []
    for role in (Role.LIAISON, Role.MARKETING, Role.COMPLIANCE, Role.ADMIN):
        assert not viewer_of(users[role]).sees_revenue
        found += [f"{role.value}: {where}" for where in money_on(app, sign_in(users[role]), users[role])]
    assert not found, "\n".join(found)
    # Whoever may see it finds plenty, so this test can fail.
    there = money_on(app, sign_in(users[Role.ANALYST]), users[Role.ANALYST])
    assert len(list(islice(there, 11))) == 11


def test_no_order_of_a_list_tells_who_brings_most(users: dict[Role, User], sign_in: Any) -> None:
    browser = sign_in(users[Role.LIAISON])
    for path in ("/directory/practices", "/referrals"):
        rows = [[str(row) for row in browser.get(f"{path}{query}").soup.find_all("tr")] for query in QUERIES[:3]]
        assert len(rows[0]) > 5
        assert rows[0] == rows[1] == rows[2]


def test_every_column_of_money_is_known() -> None:
    """A new column of money needs a look at the tests above."""
    columns = {f"{table.name}.{column.name}" for table in Base.metadata.sorted_tables for column in table.c}
    money = {name for name in columns if "revenue" in name or "cents" in name}
    assert {"referral.revenue_cents", "referral.revenue_kind"} <= money
