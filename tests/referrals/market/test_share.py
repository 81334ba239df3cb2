"""The rules of share of care: shares, ranges, segments, and with whom we are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.referrals.market.share import Basis, Care, Segment, Thresholds, segment_of, total, usual_basis, wilson

counts = st.integers(min_value=0, max_value=10**6)
cares = st.builds(Care, counts, counts, counts)


def test_share_and_leakage_by_hand() -> None:
    care = Care(ours=30, others=60, apart=400)
    assert care.compared == 90
    assert care.share == pytest.approx(1 / 3)
    assert care.leakage == pytest.approx(2 / 3)
    assert Care(apart=400).share is None
    assert Care(apart=400).leakage is None


def test_the_interval_is_wilsons() -> None:
    """The examples that Newcombe (Statistics in Medicine 17, 1998) works out: 81 of 263, and 0 of 20."""
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=0.0001)
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=0.0001)
    assert wilson(0, 0) == (0.0, 1.0)


@given(counts, counts)
def test_the_interval_holds_the_share_and_mirrors(part: int, rest: int) -> None:
    low, high = wilson(part, part + rest)
    assert 0 <= low <= high <= 1
    if part + rest:
        assert low - 1e-9 <= part / (part + rest) <= high + 1e-9
        mirrored = wilson(rest, part + rest)
        assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-9)


@given(st.integers(1, 10**5), st.integers(1, 10**5))
def test_more_patients_make_the_range_narrower(part: int, rest: int) -> None:
    low, high = wilson(part, part + rest)
    closer = wilson(part * 4, (part + rest) * 4)
    assert closer[1] - closer[0] < high - low


@pytest.mark.parametrize(
    ("ours", "others", "segment"),
    [
        (70, 30, Segment.LOYAL), (69, 31, Segment.SPLITTER), (10, 90, Segment.SPLITTER), (9, 91, Segment.OCCASIONAL),
        (0, 100, Segment.PHANTOM), (100, 0, Segment.LOYAL), (0, 0, None),
    ],
)  # fmt: skip
def test_segments_begin_where_the_setting_says(ours: int, others: int, segment: Segment | None) -> None:
    assert segment_of(Care(ours, others, 5), Thresholds()) is segment


@given(cares, st.integers(1, 98), st.integers(1, 98))
def test_a_higher_share_never_makes_a_lesser_segment(care: Care, one: int, two: int) -> None:
    low, high = sorted((one, two))
    thresholds = Thresholds(loyal_from=high + 1, splitter_from=low)
    order = [None, Segment.PHANTOM, Segment.OCCASIONAL, Segment.SPLITTER, Segment.LOYAL]
    better = Care(care.ours + 1, care.others, care.apart)
    assert order.index(segment_of(care, thresholds)) <= order.index(segment_of(better, thresholds))


@given(st.lists(cares))
def test_totals_are_sums(several: list[Care]) -> None:
    assert total(several).compared == sum(care.compared for care in several)


def test_segments_say_their_rule() -> None:
    assert Segment.LOYAL.rule(Thresholds(80, 20)) == "80% or more to us"
    assert Segment.SPLITTER.rule(Thresholds(80, 20)) == "20% to under 80%"
    assert [segment.label for segment in Segment] == ["Loyalist", "Splitter", "Occasional", "Phantom"]


@pytest.mark.parametrize(
    ("known", "unknown", "has_kind", "basis"),
    [
        (50, 50, True, Basis.KIND), (49, 51, True, Basis.ALL), (100, 0, False, Basis.ALL), (0, 0, True, Basis.ALL),
    ],
)  # fmt: skip
def test_our_kind_is_compared_where_kinds_are_known(known: int, unknown: int, has_kind: bool, basis: Basis) -> None:
    assert usual_basis(known, unknown, has_kind=has_kind) is basis
