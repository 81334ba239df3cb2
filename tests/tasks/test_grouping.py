"""Where a task stands in the list, and the days it can be put off to."""

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crm.tasks.grouping import Group, group_of, grouped, next_working_day, postponements

DAYS = st.dates(date(2000, 1, 1), date(2099, 1, 1))
TUESDAY = date(2026, 11, 17)


@dataclass(frozen=True)
class Due:
    due_on: date | None


def test_the_groups_of_a_tuesday() -> None:
    found = {n: group_of(TUESDAY + timedelta(days=n), TUESDAY) for n in (-1, 0, 1, 5, 6)}
    assert found == {-1: Group.OVERDUE, 0: Group.TODAY, 1: Group.THIS_WEEK, 5: Group.THIS_WEEK, 6: Group.LATER}
    assert group_of(None, TUESDAY) is Group.LATER


@given(DAYS, st.integers(-40, 40))
def test_groups_follow_the_calendar(today: date, days: int) -> None:
    due = today + timedelta(days=days)
    group = group_of(due, today)
    assert (group is Group.OVERDUE) == (due < today)
    assert (group is Group.TODAY) == (due == today)
    same_week = due.isocalendar()[:2] == today.isocalendar()[:2]
    assert (group is Group.THIS_WEEK) == (due > today and same_week)


@given(st.lists(st.builds(Due, st.none() | DAYS)), DAYS)
def test_every_task_stands_in_one_group_in_the_order_of_the_page(tasks: list[Due], today: date) -> None:
    groups = grouped(tasks, today)
    assert sorted(map(id, (task for rows in groups.values() for task in rows))) == sorted(map(id, tasks))
    assert list(groups) == [group for group in Group if group in groups]
    assert all(groups.values())


@given(DAYS)
def test_the_next_working_day_is_a_weekday_at_most_three_days_ahead(day: date) -> None:
    following = next_working_day(day)
    assert following.weekday() < 5
    assert 1 <= (following - day).days <= 3


@given(DAYS)
def test_a_task_is_put_off_to_different_days_ahead(today: date) -> None:
    choices = postponements(today)
    days = [choice.day for choice in choices]
    assert days == sorted(set(days))
    assert all(day > today for day in days)
    assert len({choice.label for choice in choices}) == len(choices)


def test_before_a_weekend_tomorrow_is_called_by_its_name() -> None:
    assert [choice.label for choice in postponements(date(2026, 11, 20))] == ["Monday", "In two weeks"]
    assert [choice.label for choice in postponements(TUESDAY)] == ["Tomorrow", "Next week", "In two weeks"]
