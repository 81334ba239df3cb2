"""Reads of visits: scope, who is due, counts per month, and that lists cost the same whatever their length."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import literal, select

from crm.core import clock, formats
from crm.core.days_between import DaysBetween
from crm.core.errors import NotFound
from crm.directory.models import PracticeStatus, Tier
from crm.visits import queries
from crm.visits.models import Outcome, VisitMode, VisitState
from crm.visits.queries import VisitFilter
from tests.cast import Cast, practice
from tests.pages import count_statements
from tests.visits.rows import visit

PLANNED = VisitState.PLANNED


def ago(days: int) -> date:
    return clock.today() - timedelta(days=days)


def test_a_liaison_sees_the_visits_of_own_territories_only(database: Any, cast: Cast) -> None:
    north, south = visit(database, cast.olentangy, cast.dana), visit(database, cast.southgate, cast.tomas)
    dana, maren = cast.viewer(cast.dana), cast.viewer(cast.maren)
    assert queries.list_visits(database, dana, VisitFilter()).rows == [north]
    assert set(queries.list_visits(database, maren, VisitFilter()).rows) == {north, south}
    assert queries.list_for_practice(database, dana, cast.southgate.id) == []
    assert queries.list_between(database, dana, ago(1), clock.today()) == [north]
    for missing in (south.id, south.id + 999, 2**40):
        with pytest.raises(NotFound):
            queries.get_visit(database, dana, missing)


def test_own_visits_outside_the_territory_are_out_of_sight_too(database: Any, cast: Cast) -> None:
    moved = visit(database, cast.southgate, cast.dana)
    with pytest.raises(NotFound):
        queries.get_visit(database, cast.viewer(cast.dana), moved.id)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"first_on": 5}, ["today"]),
        ({"last_on": 5}, ["old"]),
        ({"modes": (VisitMode.PHONE,)}, ["old"]),
        ({"states": (VisitState.PLANNED,)}, ["today"]),
        ({"words": "olentangy"}, ["today", "old"]),
        ({"words": "spine"}, ["old"]),
        ({"words": "100%"}, []),
        ({"practice_id": 10**6}, []),
    ],
)
def test_filters_narrow_the_list(database: Any, cast: Cast, filters: dict[str, Any], found: list[str]) -> None:
    visit(database, cast.olentangy, cast.dana, state=PLANNED, objective="today")
    visit(database, cast.olentangy, cast.dana, ago(10), mode=VisitMode.PHONE, objective="old spine")
    days = {name: ago(value) if name.endswith("_on") else value for name, value in filters.items()}
    rows = queries.list_visits(database, cast.viewer(cast.dana), VisitFilter(**days)).rows
    assert [row.objective.split()[0] for row in rows] == found


def test_the_list_is_sorted_as_asked(database: Any, cast: Cast) -> None:
    early = visit(database, cast.olentangy, cast.dana, ago(9))
    late = visit(database, practice(database, "Alum Creek", cast.north), cast.dana, ago(2))
    viewer = cast.viewer(cast.dana)
    assert queries.list_visits(database, viewer, VisitFilter()).rows == [late, early]
    assert queries.list_visits(database, viewer, VisitFilter(), "day").rows == [early, late]
    assert queries.list_visits(database, viewer, VisitFilter(), "practice").rows == [late, early]
    assert queries.list_visits(database, viewer, VisitFilter(), "nonsense").rows == [late, early]


def test_a_list_of_fifty_costs_as_many_statements_as_a_list_of_one(database: Any, cast: Cast) -> None:
    viewer = cast.viewer(cast.dana)

    def read() -> int:
        database.expire_all()
        with count_statements() as statements:
            for row in queries.list_visits(database, viewer, VisitFilter()).rows:
                assert row.practice.name
                assert row.owner.name
                assert all(person.provider or person.contact for person in row.people)
        return len(statements)

    visit(database, cast.olentangy, cast.dana, people=(cast.okonjo, cast.marisol))
    one = read()
    for n in range(49):
        visit(
            database, practice(database, f"P{n}", cast.north), cast.dana, ago(n), people=(cast.marisol,), topics=("a",)
        )
    assert read() == one


def test_the_last_visit_is_the_last_one_done(database: Any, cast: Cast) -> None:
    visit(database, cast.olentangy, cast.dana, ago(20))
    visit(database, cast.olentangy, cast.dana, ago(9))
    visit(database, cast.olentangy, cast.dana, ago(2), state=VisitState.NO_ACCESS)
    visit(database, cast.olentangy, cast.dana, state=PLANNED)
    assert queries.last_visits(database, [cast.olentangy.id, cast.southgate.id]) == {cast.olentangy.id: ago(9)}
    assert queries.last_visits(database, []) == {}


def test_due_practices_come_most_overdue_first_then_first_visits(database: Any, cast: Cast) -> None:
    very_late = practice(database, "Very late", cast.north, tier=Tier.C)
    first_visit = practice(database, "First visit", cast.north, tier=Tier.B)
    own_rhythm = practice(database, "Own rhythm", cast.north, tier=Tier.A, cadence_days=7)
    for name, values in {
        "Recently": {"tier": Tier.A}, "No tier": {"tier": None}, "Retired": {"retired_on": ago(1)},
        "Do not visit": {"status": PracticeStatus.DO_NOT_VISIT}, "Has a plan": {"tier": Tier.A},
    }.items():  # fmt: skip
        row = practice(database, name, cast.north, **values)
        visit(database, row, cast.dana, ago(5 if name == "Recently" else 400))
        if name == "Has a plan":
            visit(database, row, cast.dana, ago(-3), state=PLANNED)
    visit(database, very_late, cast.dana, ago(190))
    visit(database, cast.olentangy, cast.dana, ago(30))
    visit(database, own_rhythm, cast.dana, ago(20))
    found = queries.due_practices(database, cast.viewer(cast.dana), clock.today())
    assert [(row.practice.name, row.days_overdue) for row in found] == [
        ("Very late", 100), ("Own rhythm", 13), ("Olentangy Family Medicine", 0), (first_visit.name, 0),
    ]  # fmt: skip
    assert found[0].due_on == ago(100)
    assert found[-1].due_on is None
    assert len(queries.due_practices(database, cast.viewer(cast.dana), clock.today(), limit=2)) == 2
    planned = queries.due_practices(database, cast.viewer(cast.dana), clock.today(), include_planned=True)
    assert (planned[0].practice.name, planned[0].planned_on) == ("Has a plan", ago(-3))


def test_due_practices_of_another_territory_are_not_told(database: Any, cast: Cast) -> None:
    visit(database, cast.southgate, cast.tomas, ago(200))
    names = [row.practice.name for row in queries.due_practices(database, cast.viewer(cast.dana), clock.today())]
    assert names == ["Olentangy Family Medicine"]


def test_days_between_counts_alike_on_every_database(database: Any, cast: Cast) -> None:
    @given(st.dates(date(1990, 1, 1), date(2110, 1, 1)), st.dates(date(1990, 1, 1), date(2110, 1, 1)))
    def check(later: date, earlier: date) -> None:
        days = DaysBetween(literal(later.isoformat()), literal(earlier.isoformat()))
        assert database.scalar(select(days)) == (later - earlier).days

    check()


def test_visits_by_month_count_done_visits_in_scope(database: Any, cast: Cast) -> None:
    june = formats.month_of(date(2026, 6, 1))
    for day in (date(2026, 6, 1), date(2026, 6, 30), date(2026, 7, 1), date(2026, 5, 31)):
        visit(database, cast.olentangy, cast.dana, day)
    visit(database, cast.olentangy, cast.dana, date(2026, 6, 2), mode=VisitMode.LUNCH)
    visit(database, cast.olentangy, cast.dana, date(2026, 6, 3), state=VisitState.CANCELLED)
    visit(database, cast.southgate, cast.tomas, date(2026, 6, 3))
    found = queries.visits_by_month(database, cast.viewer(cast.dana), None, june, june)
    assert [(row.practice_id, row.month, row.mode, row.visits) for row in found] == [
        (cast.olentangy.id, june, VisitMode.IN_PERSON, 2), (cast.olentangy.id, june, VisitMode.LUNCH, 1),
    ]  # fmt: skip
    assert queries.visits_by_month(database, cast.viewer(cast.dana), [cast.southgate.id], june, june) == []
    everywhere = queries.visits_by_month(database, cast.viewer(cast.maren), None, june - 1, june + 1)
    assert sum(row.visits for row in everywhere) == 6


def test_an_objective_stays_open_until_it_is_met(database: Any, cast: Cast) -> None:
    viewer = cast.viewer(cast.dana)
    assert queries.open_objective(database, viewer, cast.olentangy.id) == ""
    visit(database, cast.olentangy, cast.dana, ago(9), objective="Spine clinic", outcome=Outcome.NOT_YET)
    assert queries.open_objective(database, viewer, cast.olentangy.id) == "Spine clinic"
    visit(database, cast.olentangy, cast.dana, ago(2), objective="Spine clinic", outcome=Outcome.MET)
    assert queries.open_objective(database, viewer, cast.olentangy.id) == ""


def test_the_planned_visit_that_is_meant_is_ones_own_and_not_to_come(database: Any, cast: Cast) -> None:
    viewer, today = cast.viewer(cast.dana), clock.today()
    visit(database, cast.olentangy, cast.maren, today, state=PLANNED)
    visit(database, cast.olentangy, cast.dana, ago(-1), state=PLANNED)
    assert queries.find_planned(database, viewer, cast.olentangy.id, today) is None
    mine = visit(database, cast.olentangy, cast.dana, today, state=PLANNED)
    assert queries.find_planned(database, viewer, cast.olentangy.id, today) == mine


def test_topics_and_practices_that_were_used_last(database: Any, cast: Cast) -> None:
    visit(database, cast.olentangy, cast.dana, ago(1), topics=("Reports", "Spine"))
    visit(database, cast.olentangy, cast.dana, ago(3), topics=("Spine",))
    visit(database, cast.southgate, cast.tomas, ago(3), topics=("South only",))
    viewer = cast.viewer(cast.dana)
    assert queries.list_topics(database, viewer, ago(30)) == ["Spine", "Reports"]
    assert queries.list_topics(database, viewer, ago(2)) == ["Reports", "Spine"]
    assert queries.recent_practices(database, viewer) == [cast.olentangy]
