"""Tests of the words for a change of counts, against the binomial written out."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.analytics import significance
from crm.analytics.significance import CLEAR, LIKELY, WITHIN_CHANCE


def exact(before: int, now: int) -> float:
    """Twice the smaller tail of a fair coin."""
    total = before + now
    return min(1.0, 2 * sum(comb(total, k) for k in range(min(before, now) + 1)) / 2**total)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_p_value_is_the_exact_one(before: int, now: int) -> None:
    assert significance.p_values([before], [now])[0] == pytest.approx(exact(before, now), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(("before", "now"), [(900, 1000), (2000, 2100), (1300, 1500), (401, 470)])
def test_large_counts_are_as_good_by_the_normal_curve(before: int, now: int) -> None:
    assert significance.p_values([before], [now])[0] == pytest.approx(exact(before, now), rel=0.02)


@pytest.mark.parametrize(
    ("before", "now", "dots"),
    [
        (0, 0, WITHIN_CHANCE), (3, 6, WITHIN_CHANCE), (0, 5, WITHIN_CHANCE), (0, 6, LIKELY), (0, 8, CLEAR),
        (249, 171, CLEAR), (100, 110, WITHIN_CHANCE), (100, 131, LIKELY), (1371, 1266, LIKELY),
    ],
)  # fmt: skip
def test_dots(before: int, now: int, dots: int) -> None:
    assert significance.level(before, now) == dots


def test_many_pairs_at_once_are_the_same_as_one_by_one() -> None:
    before, now = np.array([0, 5, 249, 2000, 17]), np.array([0, 12, 171, 1800, 0])
    together = significance.p_values(before, now)
    assert list(together) == pytest.approx(
        [significance.p_values([b], [n])[0] for b, n in zip(before, now, strict=True)]
    )


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_it_is_a_probability_and_does_not_care_for_the_order(before: int, now: int) -> None:
    p = significance.p_values([before, now], [now, before])
    assert 0 <= p[0] <= 1
    assert p[0] == pytest.approx(p[1])


def test_no_source_at_all_is_no_fault() -> None:
    assert significance.p_values([], []).size == 0


@pytest.mark.parametrize(
    ("counts", "dots"),
    [
        ((80, 100, 60, 100), CLEAR),
        ((80, 100, 79, 100), WITHIN_CHANCE),
        ((0, 0, 5, 9), WITHIN_CHANCE),
        ((9, 9, 9, 9), 1),
    ],
)
def test_dots_of_shares(counts: tuple[int, int, int, int], dots: int) -> None:
    assert significance.share_level(*counts) == dots
