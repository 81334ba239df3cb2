"""Tests of the filters of a list: what they read, write back and say in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.directory.models import Channel, ContactRole, PracticeKind, PracticeStatus, Tier
from crm.exports.filters import (
    AT_LEAST_STEPS,
    AT_MOST_STEPS,
    DAY_STEPS,
    ListFilter,
    Who,
    in_words,
    read_filter,
)

words = st.text("abcdefg hij", min_size=1, max_size=8).map(lambda t: " ".join(t.split())).filter(bool)


def some(options: type) -> st.SearchStrategy:  # type: ignore[type-arg]
    return st.sets(st.sampled_from(list(options))).map(lambda chosen: tuple(o for o in options if o in chosen))


def distinct(values: st.SearchStrategy) -> st.SearchStrategy:  # type: ignore[type-arg]
    return st.lists(values, max_size=3, unique=True).map(tuple)


numbers = st.sets(st.integers(0, 99), max_size=3).map(lambda chosen: tuple(sorted(chosen)))
prefixes = st.sets(st.from_regex(r"\A[0-9]{1,5}\Z"), max_size=3).map(lambda chosen: tuple(sorted(chosen)))
filters = st.builds(
    ListFilter,
    channel=st.sampled_from(Channel), who=st.sampled_from(Who), specialty=distinct(words), role=some(ContactRole),
    tier=some(Tier), status=some(PracticeStatus), kind=some(PracticeKind), tag=distinct(words),
    territory=numbers, owner=numbers, city=st.one_of(st.just(""), words), zip=prefixes,
    at_least=st.sampled_from([None, *AT_LEAST_STEPS]), at_most=st.sampled_from([None, *AT_MOST_STEPS]),
    unseen=st.sampled_from([None, *DAY_STEPS]), seen=st.sampled_from([None, *DAY_STEPS]),
    reachable=st.booleans(), allowed=st.booleans(),
)  # fmt: skip


@given(filters)
def test_what_is_written_is_read_back(chosen: ListFilter) -> None:
    assert read_filter(chosen.values()) == chosen
    assert len(in_words(chosen, lambda kind, id_: f"{kind} {id_}")) == len(chosen.active())


@given(filters)
def test_each_filter_can_be_taken_away(chosen: ListFilter) -> None:
    for name, _ in chosen.active():
        assert name not in dict(chosen.without(name).active())
        assert len(chosen.without(name).active()) == len(chosen.active()) - 1


NAMES = [
    "channel",
    "who",
    "specialty",
    "role",
    "tier",
    "territory",
    "owner",
    "city",
    "zip",
    "at_least",
    "months",
    "unseen",
    "allowed",
    "other",
]
JUNK = st.one_of(st.text(max_size=30), st.sampled_from(["9" * 40, "-1", "1e9", "\0", "\ud800", "' OR 1=1 --", "%"]))


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(JUNK, max_size=60)))
def test_nonsense_in_an_address_is_left_out(values: dict[str, list[str]]) -> None:
    read = read_filter(values)
    assert read_filter(read.values()) == read
    assert all(len(value) <= 100 for value in (read.city, *read.specialty))


@pytest.mark.parametrize(
    "values", [{"tier": "A"}, {"tier": None}, {"tier": 3}, {"zip": {"a": 1}}, {"owner": [None, {}]}]
)
def test_a_saved_list_that_somebody_spoiled_does_no_harm(values: dict) -> None:  # type: ignore[type-arg]
    assert read_filter(values) == ListFilter()


def test_in_words() -> None:
    chosen = read_filter(
        {
            "channel": ["fax"], "tier": ["B", "A"], "zip": ["430, 43215"], "at_least": ["11"], "months": ["6"],
            "owner": ["0", "7"], "unseen": ["60"], "reachable": ["1"], "role": ["nurse"], "who": ["contacts"],
        }
    )  # fmt: skip
    said = [word.text for word in in_words(chosen, lambda _kind, id_: {7: "Dana Whitfield"}[id_])]
    assert said == [
        "Staff only", "Nurse", "Tier A or B", "Owner nobody or Dana Whitfield", "ZIP begins 430 or 43215",
        "At least 11 referrals in the last 6 months", "Not seen for 60 days", "Has a fax number",
    ]  # fmt: skip
    assert in_words(ListFilter(at_most=0), str)[0].text == "No referrals in the last 12 months"


def test_volumes_are_asked_for_in_steps_only() -> None:
    """Else marketing could find out a practice's number by narrowing the filter."""
    assert read_filter({"at_least": ["17"], "at_most": ["17"]}) == ListFilter()
