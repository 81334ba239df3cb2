"""Tests of the keys that search looks things up by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.directory.search_keys import folded, person_key, practice_key, prefix_range, words_of


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("José O’Brien-Muñoz", "jose obrien munoz"),
        ("Highbanks Women's  Health, P.C.", "highbanks womens health pc"),
        ("100% _care_", "100 care"),
        (None, ""),
        ("***", ""),
    ],
)
def test_folded(text: str | None, key: str) -> None:
    assert folded(text) == key


def test_keys() -> None:
    assert practice_key("Olentangy Family Medicine", "Worthington") == "olentangy family medicine worthington"
    assert person_key("Okonjo", "Nadia") == "okonjo nadia"
    assert words_of("  Family, OLEN  ") == ["family", "olen"]


@given(st.text(max_size=300))
def test_folded_holds_only_words(text: str) -> None:
    key = folded(text)
    assert folded(key) == key
    assert all(letter in "abcdefghijklmnopqrstuvwxyz0123456789 " for letter in key)
    assert "  " not in key


@given(st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True), st.from_regex(r"[a-z0-9 ]{0,8}", fullmatch=True))
def test_prefix_range_holds_what_begins_so(prefix: str, other: str) -> None:
    low, high = prefix_range(prefix)
    assert low <= prefix + other < high
    assert (low <= other < high) == other.startswith(prefix)
