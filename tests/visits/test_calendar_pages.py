"""The calendar's pages: visits and meetings together, week and month, own and everybody's."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest

from crm.core import clock
from crm.meetings.models import Meeting
from crm.visits.models import VisitState
from tests.cast import Cast, practice
from tests.pages import PageClient, count_statements
from tests.visits.rows import visit

SignIn = Callable[..., PageClient]
DAY = date(2026, 11, 17)


def meeting(database: Any, cast: Cast, **values: Any) -> Meeting:
    usual = {
        "title": "Spine pathway review", "owner_id": cast.dana.id, "practice_id": cast.olentangy.id,
        "starts_at": clock.at(DAY, 12), "ends_at": clock.at(DAY, 13),
    }  # fmt: skip
    row = Meeting(**(usual | values))
    database.add(row)
    database.flush()
    return row


@pytest.mark.parametrize("view", ["week", "month"])
def test_visit_calendar_shows_visits_and_meetings(database: Any, cast: Cast, sign_in: SignIn, view: str) -> None:
    visit(database, cast.olentangy, cast.dana, DAY, starts_at=time(10, 30))
    visit(database, cast.olentangy, cast.dana, DAY, starts_at=None, state=VisitState.PLANNED)
    visit(database, cast.olentangy, cast.dana, DAY, state=VisitState.CANCELLED, starts_at=time(7, 11))
    meeting(database, cast)
    page = sign_in(cast.dana).get(f"/visits/calendar?view={view}&day={DAY}")
    assert "10:30" in page.text
    assert "12:00" in page.text
    assert "Spine pathway review" in page.text
    assert "7:11" not in page.text
    assert page.soup is not None
    links = [a["href"] for a in page.soup.select("main .desk-only a.cal-entry")]
    assert len(links) == 3


def test_visit_calendar_is_ones_own_until_everybody_is_chosen(database: Any, cast: Cast, sign_in: SignIn) -> None:
    visit(database, practice(database, "Alum Creek", cast.north), cast.maren, DAY)
    dana, maren = sign_in(cast.dana), sign_in(cast.maren)
    assert "Alum Creek" not in dana.get(f"/visits/calendar?day={DAY}").text
    assert "Alum Creek" in dana.get(f"/visits/calendar?day={DAY}&owner=all").text
    assert "Alum Creek" in dana.get(f"/visits/calendar?day={DAY}&owner={cast.maren.id}").text
    assert "Alum Creek" in maren.get(f"/visits/calendar?day={DAY}").text


def test_visit_calendar_never_tells_of_another_territory(database: Any, cast: Cast, sign_in: SignIn) -> None:
    visit(database, cast.southgate, cast.tomas, DAY)
    meeting(database, cast, practice_id=cast.southgate.id, owner_id=cast.tomas.id, title="Southern talk")
    page = sign_in(cast.dana).get(f"/visits/calendar?day={DAY}&owner=all").text
    assert "Southgate" not in page
    assert "Southern talk" not in page


def test_visit_calendar_puts_meetings_on_the_organizations_days(database: Any, cast: Cast, sign_in: SignIn) -> None:
    # 23:30 in New York is the next day in UTC.
    meeting(database, cast, starts_at=clock.at(DAY, 23, 30), ends_at=clock.at(DAY, 23, 59), title="Late talk")
    dana = sign_in(cast.dana)
    assert "11:30 pm" in dana.get(f"/visits/calendar?day={DAY}").text
    sunday, monday = date(2026, 11, 22), date(2026, 11, 23)
    meeting(database, cast, starts_at=clock.at(sunday, 23, 0), ends_at=clock.at(monday, 1, 0), title="Into Monday")
    assert "Into Monday" in dana.get(f"/visits/calendar?day={sunday}").text
    assert "Into Monday" in dana.get(f"/visits/calendar?day={monday}").text


@pytest.mark.parametrize(
    "query",
    ["day=never", "day=0001-01-01", "day=9999-12-31", "view=year", "owner=99999999999", "owner=x", "day=%00", ""],
)
def test_visit_calendar_takes_nonsense_calmly(cast: Cast, sign_in: SignIn, query: str) -> None:
    page = sign_in(cast.dana).get(f"/visits/calendar?{query}")
    assert page.status == 200
    assert "Nothing in these days" in page.text


def test_visit_calendar_costs_the_same_for_one_and_fifty(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)

    def cost() -> int:
        database.expire_all()
        with count_statements() as statements:
            dana.get(f"/visits/calendar?view=month&day={DAY}&owner=all")
        return len(statements)

    visit(database, cast.olentangy, cast.dana, DAY)
    meeting(database, cast)
    cost()
    one = cost()
    for n in range(49):
        visit(database, practice(database, f"P{n}", cast.north), cast.dana, DAY + timedelta(days=n % 10))
        meeting(database, cast, title=f"M{n}")
    assert cost() == one
