"""Tests of the list of practices: filters, order, saved views, bulk changes, and who sees which columns."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts.models import SavedView
from crm.core import clock
from crm.core.formats import month_of
from crm.directory.models import Practice, PracticeStatus, Tier
from crm.referrals.rollup import rebuild_month
from crm.visits.models import Visit, VisitState
from tests.cast import Cast, practice, provider
from tests.pages import count_statements
from tests.referral_rows import a_referral
from tests.volumes import sent

LIST = "/directory/practices"


@pytest.fixture
def session(database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def visited(session: Session, cast: Cast, at: Practice, days_ago: int) -> None:
    day = clock.today() - timedelta(days=days_ago)
    session.add(Visit(practice_id=at.id, owner_id=cast.dana.id, state=VisitState.DONE, visit_on=day))
    session.flush()


def referred(session: Session, at: Practice, day: date, count: int) -> None:
    for _ in range(count):
        session.add(a_referral(practice_id=at.id, month=month_of(day), received_on=day))
    rebuild_month(session, month_of(day))


def order(answer: Any) -> list[str]:
    return [link.get_text().split()[0] for link in answer.soup.select("a.row-name")]


def chips(answer: Any) -> list[str]:
    return [link["aria-label"].removeprefix("Remove ") for link in answer.soup.select("a.chip-x")]


def test_practices_shows_the_own_ones(cast: Cast, sign_in: Any) -> None:
    answer = sign_in(cast.dana).get(LIST)
    assert answer.status == 200
    assert order(answer) == ["Olentangy"]
    assert "1 practice" in answer.text
    assert order(sign_in(cast.maren).get(LIST)) == ["Olentangy", "Southgate"]


def test_practices_is_closed_to_those_without_the_right(cast: Cast, sign_in: Any) -> None:
    assert sign_in(cast.adam).get(LIST).status == 403
    assert "/sign-in" in sign_in().get(LIST).location


def test_practices_when_there_is_nothing_yet(cast: Cast, sign_in: Any, session: Session) -> None:
    for row in (cast.olentangy, cast.southgate):
        row.retired_on = clock.today()
    session.flush()
    assert "No practices yet" in sign_in(cast.maren).get(LIST).text
    assert "No practice matches" in sign_in(cast.maren).get(f"{LIST}?tier=A").text


@pytest.mark.parametrize(
    "query",
    [
        "page=999999999", "page=-1", "page=x", "sort=--", "sort=revenue", "due=99999999999", "due=soon", "unseen=-1",
        "tier=%00", "owner=9999999999999", "territory=abc", "zip=%25", "q=%00%ed%a0%80", "q=" + "a" * 5000, "hide=x",
        "tier=A&tier=A&tier=B", "trend=sideways", "tag=%3Cscript%3E", "specialty=%27%22", "q=%25%5F", "never=maybe",
    ],
)  # fmt: skip
def test_practices_takes_any_nonsense(cast: Cast, sign_in: Any, query: str) -> None:
    assert sign_in(cast.maren).get(f"{LIST}?{query}").status == 200


def test_practices_with_chips_that_can_be_taken_away(cast: Cast, sign_in: Any) -> None:
    maren = sign_in(cast.maren)
    query = f"tier=A&status=active&territory={cast.north.id}&owner=0&zip=430&due=14&unseen=60&retired=1&trend=down"
    answer = maren.get(f"{LIST}?{query}&kind=physician&tag=Portal&never=1&specialty=Cardiology")
    assert set(chips(answer)) == {
        "Tier A", "Active", "North", "Owner nobody", "ZIP 430…", "Due within 14 days", "Not seen for 60 days",
        "Retired", "Referrals falling", "Physician practice", "Tag Portal", "Never visited", "Cardiology",
    }  # fmt: skip
    link = next(a for a in answer.soup.select("a.chip-x") if a["aria-label"] == "Remove Tier A")
    assert "Tier A" not in chips(maren.get(link["href"]))
    assert len(chips(maren.get(link["href"]))) == 12


def test_practices_due_and_seen(cast: Cast, sign_in: Any, session: Session) -> None:
    visited(session, cast, cast.olentangy, 38)  # tier A: every 30 days
    visited(session, cast, cast.southgate, 10)  # tier B: every 60 days
    practice(session, "Antrim Clinic", cast.north)
    practice(session, "Never Again", cast.north, status=PracticeStatus.DO_NOT_VISIT)
    practice(session, "No Tier", cast.north, tier=None)
    maren = sign_in(cast.maren)
    text = maren.get(LIST).text
    assert "8 days overdue" in text
    assert "in 50 days" in text
    assert "First visit" in text
    assert order(maren.get(f"{LIST}?due=14&sort=due")) == ["Olentangy", "Antrim"]
    assert order(maren.get(f"{LIST}?sort=due"))[:3] == ["Olentangy", "Antrim", "Southgate"]
    assert order(maren.get(f"{LIST}?sort=-last"))[:2] == ["Southgate", "Olentangy"]
    assert order(maren.get(f"{LIST}?unseen=30"))[-1] == "Olentangy"
    assert order(maren.get(f"{LIST}?never=1")) == ["Antrim", "Never", "No"]
    cast.olentangy.cadence_days = 90
    session.flush()
    assert order(maren.get(f"{LIST}?due=14")) == ["Antrim"]


def test_practices_referrals_and_change(cast: Cast, sign_in: Any, session: Session) -> None:
    today = clock.today()
    referred(session, cast.olentangy, today - timedelta(days=5), 12)
    referred(session, cast.olentangy, today - timedelta(days=120), 20)
    referred(session, cast.southgate, today - timedelta(days=5), 30)
    referred(session, cast.southgate, today - timedelta(days=120), 20)
    maren = sign_in(cast.maren)
    rows = [row.get_text(" ", strip=True) for row in maren.get(f"{LIST}?sort=-referrals").soup.select("tbody tr")]
    assert "30" in rows[0]
    assert "50%" in rows[0]
    assert "40%" in rows[1]
    assert order(maren.get(f"{LIST}?sort=change")) == ["Olentangy", "Southgate"]
    assert order(maren.get(f"{LIST}?trend=down")) == ["Olentangy"]
    assert order(maren.get(f"{LIST}?trend=up")) == ["Southgate"]


@pytest.mark.parametrize("name", ["priya", "carol"])
def test_practices_hides_visits_and_referrals_from_those_without_the_right(
    cast: Cast, sign_in: Any, session: Session, name: str
) -> None:
    visited(session, cast, cast.southgate, 1)
    referred(session, cast.southgate, clock.today(), 12)
    browser = sign_in(cast.everybody[name])
    answer = browser.get(LIST)
    assert not {"Due", "Last visit", "Referrals", "Change"} & {
        head.get_text() for head in answer.soup.select("thead a")
    }
    for query in ("sort=-referrals", "sort=-last", "trend=up", "never=1", "unseen=0"):
        assert order(browser.get(f"{LIST}?{query}")) == ["Olentangy", "Southgate"], query
        assert chips(browser.get(f"{LIST}?{query}")) == []


@pytest.mark.parametrize("key", ["name", "kind", "tier", "providers", "last", "due", "referrals", "change", "owner"])
def test_practices_sorts_by_every_column_both_ways(cast: Cast, sign_in: Any, session: Session, key: str) -> None:
    visited(session, cast, cast.olentangy, 3)
    visited(session, cast, cast.southgate, 9)
    provider(session, "Ann", "Second", "1234567893", cast.southgate)
    cast.olentangy.owner_id, cast.southgate.owner_id = cast.dana.id, cast.tomas.id
    cast.southgate.kind = "hospital"  # type: ignore[assignment]
    for at, now, before in ((cast.olentangy, 3, 4), (cast.southgate, 9, 2)):
        referred(session, at, clock.today(), now)
        referred(session, at, clock.today() - timedelta(days=100), before)
    maren = sign_in(cast.maren)
    up, down = order(maren.get(f"{LIST}?sort={key}")), order(maren.get(f"{LIST}?sort=-{key}"))
    assert up == list(reversed(down))


def test_practices_columns_can_be_left_out(cast: Cast, sign_in: Any) -> None:
    answer = sign_in(cast.maren).get(f"{LIST}?hide=owner&hide=kind")
    heads = answer.soup.select_one("table thead").get_text(" ")
    assert "Owner" not in heads
    assert "Kind" not in heads
    assert "Tier" in heads


def test_practices_takes_the_same_number_of_statements_for_one_row_and_for_fifty(
    cast: Cast, sign_in: Any, session: Session
) -> None:
    dana = sign_in(cast.dana)
    dana.get(LIST)
    visited(session, cast, cast.olentangy, 3)
    with count_statements() as few:
        assert len(order(dana.get(f"{LIST}?sort=due"))) == 1
    for number in range(60):
        made = practice(session, f"Maple {number:02}", cast.north)
        provider(session, "Ann", f"Maple{number}", f"{number}", made)
        visited(session, cast, made, number)
        referred(session, made, clock.today(), 1)
    sent(session, made, month_of(clock.today()) - 1, 1)
    session.flush()
    with count_statements() as many:
        assert len(order(dana.get(f"{LIST}?sort=due"))) == 50
    assert len(many) == len(few), [a for a in many if a not in few]
    assert "51 to 61 of 61" in dana.get(f"{LIST}?page=2").text


def test_practice_view_new_keeps_the_filters_as_a_tab(cast: Cast, sign_in: Any, session: Session) -> None:
    dana = sign_in(cast.dana)
    answer = dana.submit(dana.get(f"{LIST}/views/new?query=tier%3DA%26sort%3Ddue"), {"name": "My A"})
    assert answer.location.endswith("?tier=A&sort=due")
    page = dana.get(answer.location)
    tab = page.soup.find(
        "a", attrs={"aria-current": "page"}, string=lambda s: s and "My A" in s
    ) or page.soup.select_one(".tabs a[aria-current]")
    assert "My A" in tab.get_text()
    assert "My A" not in sign_in(cast.maren).get(LIST).text
    view = session.scalars(select(SavedView)).one()
    assert sign_in(cast.maren).post(f"{LIST}/views/{view.id}/delete").status == 404
    assert dana.submit(page, action=f"/views/{view.id}/delete").status == 302
    assert session.scalars(select(SavedView)).all() == []


def test_practice_view_new_needs_a_name(cast: Cast, sign_in: Any) -> None:
    dana = sign_in(cast.dana)
    answer = dana.submit(dana.get(f"{LIST}/views/new?query=tier%3DA"), {"name": ""})
    assert answer.status == 422
    assert "tier=A" in str(answer.soup.find("input", attrs={"name": "query"}))


def test_bulk_changes_the_chosen_rows_and_comes_back(cast: Cast, sign_in: Any, session: Session) -> None:
    dana = sign_in(cast.dana)
    ids = [str(cast.olentangy.id), str(cast.southgate.id), "x", "99999999999"]
    answer = dana.post(f"{LIST}/bulk/owner", {"ids": ids, "owner": str(cast.dana.id), "query": "tier=A&evil=//x"})
    assert answer.location.endswith("/directory/practices?tier=A")
    session.expire_all()
    assert (cast.olentangy.owner_id, cast.southgate.owner_id) == (cast.dana.id, None)
    assert "Changed 1 practice" in dana.get(LIST).text


def test_bulk_with_everything_means_the_filter(cast: Cast, sign_in: Any, session: Session) -> None:
    maren = sign_in(cast.maren)
    maren.post(f"{LIST}/bulk/tier", {"everything": "1", "query": "zip=431", "tier": "C"})
    session.expire_all()
    assert (cast.olentangy.tier, cast.southgate.tier) == (Tier.A, Tier.C)
    maren.post(f"{LIST}/bulk/tag", {"everything": "1", "query": "", "tag": "Portal"})
    maren.post(f"{LIST}/bulk/tier", {"ids": [str(cast.southgate.id)], "tier": ""})
    session.expire_all()
    assert [row.tag for row in cast.southgate.tags] == ["Portal"]
    assert cast.southgate.tier is None


@pytest.mark.parametrize(
    ("what", "data", "status"),
    [
        ("tier", {"ids": ["1"], "tier": "Z"}, 422), ("owner", {"ids": ["1"], "owner": "x"}, 422),
        ("tag", {"tag": " "}, 302), ("owner", {"ids": ["1"], "owner": "999999"}, 422), ("tier", {"tier": "A"}, 302),
        ("tag", {"ids": "1", "tag": "\x00"}, 302),
    ],
)  # fmt: skip
def test_bulk_refuses_nonsense(cast: Cast, sign_in: Any, what: str, data: dict[str, Any], status: int) -> None:
    data = {**data, **({"ids": [str(cast.olentangy.id)]} if "ids" in data else {})}
    assert sign_in(cast.maren).post(f"{LIST}/bulk/{what}", data).status == status


@pytest.mark.parametrize("name", ["priya", "arjun", "carol", "adam"])
def test_bulk_is_for_those_who_edit(cast: Cast, sign_in: Any, name: str) -> None:
    data = {"ids": [str(cast.olentangy.id)], "tier": "C"}
    assert sign_in(cast.everybody[name]).post(f"{LIST}/bulk/tier", data).status == 403


def test_suggest_practices_answers_what_a_form_needs(cast: Cast, sign_in: Any) -> None:
    dana = sign_in(cast.dana)
    assert dana.get(f"{LIST}/suggest?q=olen").json == [
        {"id": cast.olentangy.id, "label": "Olentangy Family Medicine", "note": "Worthington"}
    ]
    assert dana.get(f"{LIST}/suggest?q=southgate").json == []
