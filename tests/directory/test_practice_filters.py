"""Tests of the filters of the list of practices: into an address and back."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from crm.directory.models import PracticeKind, PracticeStatus, Tier
from crm.directory.practice_filters import PracticeFilter, read_filter, read_sort

words = st.text(max_size=40)
filters = st.builds(
    lambda **values: read_filter(values),
    q=st.lists(words, max_size=1), tag=st.lists(words, max_size=3), specialty=st.lists(words, max_size=2),
    tier=st.lists(st.sampled_from(["A", "B", "C", "D"])), status=st.lists(st.sampled_from(["active", "lapsed"])),
    kind=st.lists(st.sampled_from([*PracticeKind, "castle"])), territory=st.lists(st.integers(0, 99).map(str)),
    owner=st.lists(st.integers(0, 99).map(str)), zip=st.lists(st.sampled_from(["430", "x"]), max_size=1),
    due=st.lists(st.integers(-1, 99999).map(str), max_size=1),
    unseen=st.lists(st.sampled_from(["0", "60", ""]), max_size=1),
    never=st.lists(st.sampled_from(["1", "yes"]), max_size=1),
    trend=st.lists(st.sampled_from(["up", "down", "x"]), max_size=1),
    retired=st.lists(st.just("1"), max_size=1),
)  # fmt: skip


@given(filters)
def test_what_is_written_is_read_again(chosen: PracticeFilter) -> None:
    again = MultiDict(parse_qsl(urlencode(chosen.pairs())))
    assert read_filter(dict(again.lists())) == chosen


@given(st.dictionaries(st.text(max_size=10), st.lists(st.text(max_size=20), max_size=3)))
def test_nonsense_narrows_nothing_and_never_fails(values: dict[str, list[str]]) -> None:
    assert isinstance(read_filter(values), PracticeFilter)


def test_what_makes_no_sense_is_left_out() -> None:
    bad = {"tier": ["Z"], "due": ["soon"], "unseen": ["-1"], "zip": ["43*"], "owner": ["x", "9" * 20], "trend": ["?"]}
    assert read_filter(bad) == PracticeFilter()


def test_zero_narrows() -> None:
    assert dict(PracticeFilter(due=0, owner=(0,)).active()) == {"due": 0, "owner": (0,)}
    assert PracticeFilter(due=0).pairs() == [("due", "0")]


def test_pairs_are_in_one_order() -> None:
    chosen = read_filter({"status": ["lapsed", "active"], "tier": ["B", "A"], "never": ["1"]})
    assert chosen.pairs() == [("tier", "A"), ("tier", "B"), ("status", "active"), ("status", "lapsed"), ("never", "1")]


def test_without() -> None:
    chosen = PracticeFilter(tier=(Tier.A,), status=(PracticeStatus.ACTIVE,))
    assert chosen.without("tier") == PracticeFilter(status=(PracticeStatus.ACTIVE,))


@pytest.mark.parametrize(
    ("text", "sort"),
    [("due", "due"), ("-due", "-due"), ("--due", "name"), ("revenue", "name"), ("", "name"), (None, "name")],
)
def test_read_sort(text: str | None, sort: str) -> None:
    assert read_sort(text) == sort


def test_read_sort_keeps_to_what_is_allowed() -> None:
    assert read_sort("due", ["name"]) == "name"
