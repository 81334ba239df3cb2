"""Could a change of counts be chance? One exact test and three words for its answer.

Two counts of the same number of months are Poisson if referrals come one by one at a steady rate. Given their sum n,
the later one is binomial with n and one half when the rate has not changed. The p-value is twice the smaller tail,
at most 1. Real counts vary a little more than that, so a word is a hint to look, not a verdict.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WITHIN_CHANCE, LIKELY, CLEAR = 1, 2, 3
WORDS = {WITHIN_CHANCE: "Within chance", LIKELY: "Likely", CLEAR: "Clear"}
LIKELY_P, CLEAR_P = 0.05, 0.01
LIKELY_Z, CLEAR_Z = 1.96, 2.576
EXACT_UP_TO = 400  # of the smaller count; beyond it the normal curve is as good


def p_values(before: Sequence[float] | Floats, now: Sequence[float] | Floats) -> Floats:
    """Two-sided p-values of pairs of counts over equally many months."""
    first, second = np.asarray(before, dtype=float), np.asarray(now, dtype=float)
    total, smaller = first + second, np.minimum(first, second)
    tail = np.where(smaller > EXACT_UP_TO, _normal_tail(total, smaller), _exact_tail(total, smaller))
    result: Floats = np.minimum(1.0, 2.0 * tail)
    return result


def levels(p: Floats) -> npt.NDArray[np.int64]:
    """1, 2 or 3 dots for each p-value."""
    return np.where(p < CLEAR_P, CLEAR, np.where(p < LIKELY_P, LIKELY, WITHIN_CHANCE)).astype(np.int64)


def level(before: float, now: float) -> int:
    """The dots of one pair."""
    return int(levels(p_values([before], [now]))[0])


def share_level(part: float, whole: float, part_before: float, whole_before: float) -> int:
    """The dots of a change of shares, such as the share of referrals seen (normal test of two proportions)."""
    if not whole or not whole_before:
        return WITHIN_CHANCE
    pooled = (part + part_before) / (whole + whole_before)
    spread = (max(pooled * (1 - pooled), 0.0) * (1 / whole + 1 / whole_before)) ** 0.5
    z = abs(part / whole - part_before / whole_before) / spread if spread else 0.0
    return CLEAR if z > CLEAR_Z else LIKELY if z > LIKELY_Z else WITHIN_CHANCE


def _exact_tail(total: Floats, smaller: Floats) -> Floats:
    """P(X <= smaller) for X binomial with `total` and one half, term by term for all pairs at once."""
    cut = np.minimum(smaller, EXACT_UP_TO)
    log_term = -total * np.log(2.0)
    tail: Floats = np.exp(log_term)
    for k in range(1, int(cut.max(initial=0)) + 1):
        ratio = np.maximum(total - k + 1, 1.0) / k
        log_term = log_term + np.log(ratio)
        tail = tail + np.where(k <= cut, np.exp(np.minimum(log_term, 0.0)), 0.0)
    return tail


def _normal_tail(total: Floats, smaller: Floats) -> Floats:
    """The same tail by the normal curve with continuity correction (error function after Abramowitz and Stegun)."""
    spread = np.sqrt(np.maximum(total, 1.0)) / 2.0
    z = np.maximum((total / 2.0 - smaller - 0.5) / spread, 0.0) / np.sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    result: Floats = 0.5 * series * np.exp(-z * z)
    return result
