"""Tests of the Overview: headlines of whole months, what changed, money only by right, and the empty organization."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session

from crm.accounts.permissions import Permission
from crm.accounts.viewer import Viewer
from crm.analytics import headlines
from crm.analytics.filters import Period
from crm.analytics.question import ask
from crm.referrals.models import RevenueKind
from tests.analytics.volumes import NOV, TODAY, Volumes, random_referrals
from tests.cast import Cast
from tests.pages import Answer, PageClient, count_statements

SignIn = Callable[..., PageClient]


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    """It is noon of Friday 20 November 2026 in Columbus."""
    with time_machine.travel("2026-11-20 17:00 +0000", tick=True):
        yield


@pytest.fixture
def two_years(database: Any, cast: Cast) -> Session:
    """Olentangy fell from 30 to 12 a month; 3 a month match nobody."""
    session: Session = database()
    volumes = Volumes(session)
    for month in range(NOV - 24, NOV + 1):
        count = (12 if month > NOV - 12 else 30) // (3 if month == NOV else 1)
        volumes.add(cast.olentangy, month, count, revenue_cents=20_000, revenue_kind=RevenueKind.NET)
        volumes.add(None, month, 3)
    volumes.store()
    return session


def tiles(page: Answer) -> dict[str, str]:
    """The headline tiles by their label."""
    assert page.soup is not None
    found = [tile.get_text(" ", strip=True) for tile in page.soup.select(".headline")]
    return {
        label: text for text in found for label in [text.split(" Oct")[0].split(" Received")[0].split(" Median")[0]]
    }


def test_overview_compares_the_last_whole_month(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.maren).get("/overview")
    assert page.status == 200
    assert "data through" in page.text
    received = tiles(page)["Referrals received"]
    assert "Oct 15" in received
    assert "54.5% from 33 last year" in received
    assert "12 of 15 matched a practice" in received
    assert "Revenue net Oct $2,400" in " ".join(tiles(page).values())


def test_overview_tells_what_changed_and_how_sure_that_is(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    text = sign_in(cast.maren).get("/overview").text
    assert "1 of 1 sources; chance alone would show up to 1" in text
    assert "Olentangy Family Medicine −54 Declining 90 to 36 referrals Clear" in text


@pytest.mark.parametrize(
    ("period", "words"),
    [("quarter", ["Aug–Oct 45", "Received Jun–Aug"]), ("year", ["Jan–Oct 150", "Received Jan–Aug"])],
)
def test_overview_compares_longer_periods(
    two_years: Session, cast: Cast, sign_in: SignIn, period: str, words: list[str]
) -> None:
    text = sign_in(cast.maren).get(f"/overview?period={period}").text
    assert all(word in text for word in words)


def test_overview_is_for_managers_and_analysts(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.arjun).get("/overview").status == 200
    for outsider in (cast.dana, cast.priya, cast.carol, cast.adam):
        assert sign_in(outsider).get("/overview").status == 403


def test_overview_of_an_empty_organization_leads_to_the_first_steps(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.maren).get("/overview")
    assert "Nothing to show yet" in page.text
    assert page.soup is not None
    assert page.soup.find("a", href="/welcome") is not None
    assert not page.soup.select("[data-chart]")


def test_without_the_right_to_money_no_tile_holds_any(two_years: Session, cast: Cast, app: Any) -> None:
    counts_only = Viewer(1, "Ann", extra=frozenset({Permission.ANALYTICS_VIEW, Permission.ALL_TERRITORIES}))
    with app.test_request_context():
        question = ask(two_years, counts_only, {}, TODAY).with_money()
        found = headlines.tiles(question, Period.MONTH)
    assert [tile["label"] for tile in found][-1] == "Declined or lost"
    assert "$" not in str(found)
    assert "ended=1" in str(found[-1]["url"]), "behind it stand the rows that it counts"


def test_one_month_shows_no_change(database: Any, cast: Cast, sign_in: SignIn) -> None:
    volumes = Volumes(database())
    volumes.add(cast.olentangy, NOV - 1, 4)
    volumes.store()
    text = sign_in(cast.maren).get("/overview").text
    assert "No year before" in text
    assert "Changes can be told once there are referrals for the same months of two years." in text


def test_only_the_running_month_is_no_fault(database: Any, cast: Cast, sign_in: SignIn) -> None:
    volumes = Volumes(database())
    volumes.add(cast.olentangy, NOV, 4)
    volumes.store()
    assert "No month of this period is over yet" in sign_in(cast.maren).get("/overview").text


@pytest.mark.parametrize(
    "query", ["period=decade", "territory=7&line=x", "from=2020-01&to=1999-12", "source=0&period=year"]
)
def test_nonsense_in_the_address_is_ignored(two_years: Session, cast: Cast, sign_in: SignIn, query: str) -> None:
    assert sign_in(cast.maren).get(f"/overview?{query}").status == 200


def test_overview_takes_the_same_statements_for_many_sources(database: Any, cast: Cast, sign_in: SignIn) -> None:
    random_referrals(database(), [cast.olentangy, cast.southgate], number=300, seed=5)
    client = sign_in(cast.maren)
    with count_statements() as statements:
        client.get("/overview")
    assert len(statements) < 30
