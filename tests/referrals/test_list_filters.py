"""Tests of the filters of the list of referrals that stand for more than one value."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cast import Cast
from tests.pages import PageClient
from tests.referrals.files import csv_bytes, event
from tests.referrals.importing import bring_in


@pytest.mark.parametrize("query", ["ended=1", "status=ended"])
def test_declined_or_lost_are_those_two(
    query: str, sign_in: Callable[..., PageClient], cast: Cast, database: Any
) -> None:
    words = ("Completed", "Declined", "No show", "Scheduled", "Declined")
    bring_in(database(), csv_bytes([event(number, Status=word) for number, word in enumerate(words, 1)]))
    shown = sign_in(cast.maren).get(f"/referrals?{query}")
    assert "3 rows" in shown.text
    assert shown.soup is not None
    chip = shown.soup.select_one(".chip:has([aria-label='Remove Declined or lost'])")
    assert chip is not None
    assert shown.soup.select_one("option[value=ended][selected]") is not None
