"""Tests of how many referrals come: courses, season, growth, and the effect of visits."""

from datetime import date, timedelta

import numpy as np
import pytest

from crm.demo import trends
from crm.demo.practices import Sketch, begin_of, sketch_practices
from crm.demo.rows import Ints, Row
from crm.demo.scale import MONTHS, SCALES
from crm.visits.models import Outcome, VisitMode, VisitState

TODAY = date(2026, 11, 20)


def sketches() -> list[Sketch]:
    return sketch_practices(SCALES["small"], 7, {1: [2], 2: [4], 3: [3], 4: [5]})


def counts() -> Ints:
    return trends.monthly_counts(SCALES["small"], sketches(), [], 7, TODAY)


def visit(day: date, mode: VisitMode = VisitMode.IN_PERSON, outcome: Outcome | None = Outcome.MET) -> Row:
    return {"practice_id": 1, "visit_on": day, "mode": mode, "state": VisitState.DONE, "outcome": outcome}


def test_the_whole_grows_from_the_first_to_the_last_year() -> None:
    monthly = counts().sum(axis=0)[:MONTHS]
    assert 12_500 < monthly[:12].sum() < 15_500
    assert monthly[24:36].sum() > monthly[:12].sum() * 1.1


def test_a_few_sources_send_much_and_many_send_little() -> None:
    by_practice = np.sort(counts().sum(axis=1))[::-1]
    assert by_practice[:32].sum() > by_practice.sum() * 0.4
    assert (by_practice == 0).sum() >= 10


@pytest.mark.parametrize(("course", "low", "high"), [("falling", 0, 0.75), ("growing", 1.15, 9), ("lapsed", 0, 0.01)])
def test_courses_show_in_the_last_three_months(course: str, low: float, high: float) -> None:
    of_course = [sketch.id - 1 for sketch in sketches() if sketch.course == course]
    rows = counts()[of_course]
    now, before = rows[:, MONTHS - 3 : MONTHS].sum(), rows[:, MONTHS - 15 : MONTHS - 12].sum()
    assert low <= now / max(before, 1) <= high


def test_new_sources_sent_nothing_at_first() -> None:
    new = [sketch.id - 1 for sketch in sketches() if sketch.course == "new"]
    assert counts()[new][:, :12].sum() == 0
    assert counts()[new][:, -6:-1].sum() > 0


def test_a_visit_that_met_its_objective_helps_for_three_months() -> None:
    effect = trends.visit_effect([visit(begin_of(TODAY, 10))], 2, TODAY)
    column = MONTHS - 10
    assert effect[0, column] == 1
    assert all(effect[0, column + 1 : column + 4] > 1)
    assert effect[0, column + 4] == 1
    assert all(effect[1] == 1)


@pytest.mark.parametrize(
    "without_effect",
    [visit(begin_of(TODAY, 10), mode=VisitMode.DROP_OFF), visit(begin_of(TODAY, 10), outcome=Outcome.NOT_YET)],
)
def test_other_visits_change_nothing(without_effect: Row) -> None:
    assert np.all(trends.visit_effect([without_effect], 1, TODAY) == 1)


def test_many_visits_do_not_add_up_without_end() -> None:
    every_day = [visit(begin_of(TODAY, 10) + timedelta(days=n)) for n in range(28)]
    assert trends.visit_effect(every_day, 1, TODAY).max() == 1 + trends.MOST_EFFECT


def test_the_running_month_is_counted_up_to_yesterday() -> None:
    assert trends.share_of_month(date(2026, 11, 1)) == 0
    assert trends.share_of_month(date(2026, 11, 16)) == pytest.approx(10 / 21)
    assert trends.share_of_month(date(2026, 11, 30)) == pytest.approx(20 / 21)
