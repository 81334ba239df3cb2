"""Tests of what to know before walking in, of clear falls, and of the first steps: rules over plain values."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from crm.home.briefing import MOST, Facts, Item, briefing
from crm.home.falls import Fall, is_clear_change, is_clear_fall, months_words, whole_months, year_before
from crm.home.first_steps import SetUp, belongs_on_welcome, steps_for

TODAY = date(2026, 11, 20)
FULL = SetUp(is_named=True, territories=4, practices=320, colleagues=8, has_referrals=True, has_visits=True)


def said(facts: Facts) -> list[Item]:
    return briefing(facts, TODAY)


def test_everything_known_makes_four_items_in_order() -> None:
    items = said(
        Facts(
            promises=[("Send the fast-track card", TODAY), ("Call back", None)],
            counts=Fall(27, 81),
            present=["Nadia Okonjo", "Lena Ortiz", "Helen Tsukada"],
            tip="Lena Ortiz: text before 10:00.",
            objective="Introduce the spine clinic",
            last_visit_on=date(2026, 10, 10),
        )
    )
    assert [item.title for item in items] == [
        "Send the fast-track card",
        "9 referrals a month, was 27",
        "Nadia Okonjo, Lena Ortiz and 1 more are in today",
        "Introduce the spine clinic",
    ]
    assert items[0].text == "Due today · and 1 more open task"
    assert items[1].text == "27 in the last three whole months, 81 a year before."
    assert items[3].text == "Your objective. Last seen 41 days ago."
    assert [item.kind for item in items] == ["due", "bad", "quiet", "quiet"]


def test_nothing_known_still_says_that_it_is_the_first_visit() -> None:
    assert [item.title for item in said(Facts())] == ["First visit"]


@pytest.mark.parametrize(
    ("due_on", "words"),
    [
        (date(2026, 11, 16), "4 days overdue"),
        (date(2026, 11, 19), "1 day overdue"),
        (TODAY, "Due today"),
        (date(2026, 11, 24), "Due Tue 24 Nov"),
    ],
)
def test_promises_say_when_they_are_due(due_on: date, words: str) -> None:
    assert said(Facts(promises=[("Call", due_on)]))[0].text == words


def test_one_person_is_in() -> None:
    assert said(Facts(present=["Nadia Okonjo"]))[0].title == "Nadia Okonjo is in today"


def test_chance_is_not_told_as_a_change() -> None:
    assert len(said(Facts(counts=Fall(40, 44)))) == 1


def test_growth_is_told_in_green() -> None:
    item = said(Facts(counts=Fall(90, 40)))[0]
    assert (item.title, item.kind) == ("30 referrals a month, was 13", "good")


@given(
    st.lists(st.tuples(st.text(min_size=1), st.none() | st.dates()), max_size=9),
    st.none() | st.builds(Fall, st.integers(0, 999), st.integers(0, 999)),
    st.lists(st.text(min_size=1), max_size=9),
)
def test_there_are_never_more_than_four_items(
    promises: list[tuple[str, date | None]], counts: Fall | None, present: list[str]
) -> None:
    items = said(Facts(promises=promises, counts=counts, present=present, tip="Tip.", objective="Objective"))
    assert 1 <= len(items) <= MOST
    assert not any("$" in item.text for item in items[1:2])


@pytest.mark.parametrize(
    ("today", "months", "words"),
    [
        (date(2026, 11, 20), ((2026, 8), (2026, 10)), "Aug to Oct 2026"),
        (date(2026, 2, 1), ((2025, 11), (2026, 1)), "Nov 2025 to Jan 2026"),
    ],
)
def test_the_running_month_is_never_counted(
    today: date, months: tuple[tuple[int, int], tuple[int, int]], words: str
) -> None:
    first, last = (year * 12 + month - 1 for year, month in months)
    assert whole_months(today) == (first, last)
    assert year_before((first, last)) == (first - 12, last - 12)
    assert months_words((first, last)) == words


@pytest.mark.parametrize(
    ("now", "before", "is_clear"), [(31, 51, False), (40, 85, True), (0, 6, False), (0, 14, True), (85, 40, False)]
)
def test_only_falls_beyond_chance_are_clear(now: int, before: int, is_clear: bool) -> None:
    assert is_clear_fall(Fall(now, before)) is is_clear


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_a_change_is_as_clear_in_both_directions(one: int, other: int) -> None:
    assert is_clear_change(one, other) == is_clear_change(other, one)


def test_words_of_a_fall() -> None:
    assert Fall(1, 12).words == "1 referral, 12 a year before."
    assert Fall(5, 0).ratio == 1.0
    assert Fall(5, 10).ratio == 0.5


def everything(_permission: str) -> bool:
    return True


def test_the_first_open_step_is_next() -> None:
    steps = steps_for(SetUp(is_named=True), everything)
    assert [step.is_done for step in steps] == [True, False, False, False, False, False]
    assert [step.is_next for step in steps] == [False, True, False, False, False, False]


def test_a_finished_set_up_has_no_next_step() -> None:
    steps = steps_for(FULL, everything)
    assert all(step.is_done and not step.is_next for step in steps)
    assert steps[1].says == "4 territories"


@pytest.mark.parametrize(
    ("role", "titles"),
    [
        (Role.LIAISON, ["Plan the first visit"]),
        (Role.ADMIN, ["Name your organization", "Draw your territories", "Add colleagues"]),
        (Role.ANALYST, ["Import referrals"]),
        (Role.MARKETING, []),
        (Role.COMPLIANCE, []),
    ],
)
def test_everybody_sees_the_steps_that_they_may_take(role: Role, titles: list[str]) -> None:
    steps = steps_for(SetUp(), lambda permission: permission in ROLE_PERMISSIONS[role])
    assert [step.title for step in steps] == titles


@pytest.mark.parametrize(
    ("there", "home", "belongs"),
    [
        (SetUp(), "overview", True),
        (SetUp(practices=300), "overview", True),
        (SetUp(practices=300, has_referrals=True), "overview", False),
        (SetUp(practices=300), "today", False),
        (SetUp(), "today", True),
        (FULL, "overview", False),
    ],
)
def test_people_are_led_to_the_steps_while_their_home_would_be_empty(there: SetUp, home: str, belongs: bool) -> None:
    assert belongs_on_welcome(there, home, everything) is belongs


def test_nobody_is_led_to_steps_that_they_may_not_take() -> None:
    assert not belongs_on_welcome(SetUp(), "today", lambda permission: permission == Permission.PLAN_VIEW)
