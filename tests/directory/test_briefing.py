"""Tests of what to know before walking into a practice."""

from datetime import time

import pytest

from crm.directory.briefing import OpenTask, brief, has_fallen

TASK = OpenTask("Send the card", None, "Due today")


def test_nothing_to_know_is_nothing() -> None:
    assert brief() == []


def test_order_and_number() -> None:
    items = brief(
        tasks=[TASK] * 5,
        last90=44,
        before90=84,
        lunch=(time(12), time(13)),
        objective="Ask about reports",
        away=["Dr. X"],
    )
    assert [item.title for item in items] == [
        "Send the card",
        "Send the card",
        "Referrals fell",
        "Lunch closure 12 to 1 pm",
    ]
    assert items[2].text == "44 in the last 90 days, 84 in the 90 before."
    assert items[3].text == "Dr. X not in today."


def test_lunch_over_noon_names_both_halves() -> None:
    assert brief(lunch=(time(11, 30), time(12, 30)))[0].title == "Lunch closure 11:30 am to 12:30 pm"


@pytest.mark.parametrize(
    ("last", "before", "fell"),
    [
        (44, 84, True),
        (80, 100, True),
        (81, 100, False),
        (0, 9, False),
        (0, 10, True),
        (None, None, False),
        (12, 10, False),
    ],
)
def test_has_fallen(last: int | None, before: int | None, fell: bool) -> None:
    assert has_fallen(last, before) is fell


@pytest.mark.parametrize(
    ("away", "text"), [(["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C", "D"], "A, B and 2 more")]
)
def test_who_is_out(away: list[str], text: str) -> None:
    item = brief(away=away)[0]
    assert (item.title, item.text) == ("Not in today", text)


def test_what_was_left_open() -> None:
    assert brief(objective="Ask about reports")[0].text == "Ask about reports"
