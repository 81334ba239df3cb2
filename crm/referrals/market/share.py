"""Share of care: our part of the patients that a source shares with places like ours, and what follows. Pure rules.

There is no standard for any of these words. Loyalist, splitter and phantom are used as in "How to maximize patient
volume by leveraging data and physician referral networks" (princetonpartners.com), which names no figures; so the
figures are a setting. Leakage and keepage (1 - leakage): thecamdengroup.com/blog/topic/keepage. A leakage after the
book would also count referrals that were never completed; shared-patient data cannot show those.

Everything here is an estimate from other people's data. It is never added to our own referral counts, nor divided by
them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

Z95 = 1.959964  # two-sided 95 % of the normal distribution
SMALLEST_CELL = 11  # patients: smaller pairs are not published
ENOUGH_KNOWN = 0.5  # of the volume that goes to others


@dataclass(frozen=True)
class Care:
    """Where the patients of one source go: to us, to others of our kind, and apart from those (not compared).

    Numbers of patients per pair, added up: who was seen at two places is counted at both.
    """

    ours: int = 0
    others: int = 0
    apart: int = 0

    def __add__(self, other: "Care") -> "Care":
        return Care(self.ours + other.ours, self.others + other.others, self.apart + other.apart)

    @property
    def compared(self) -> int:
        """Patients at us and at others of our kind: what shares are parts of."""
        return self.ours + self.others

    @property
    def share(self) -> float | None:
        """Our share of care, 0 to 1: ours / (ours + others of our kind). None when there are none."""
        return self.ours / self.compared if self.compared else None

    @property
    def leakage(self) -> float | None:
        """1 - share: the part that goes to others of our kind. An estimate, see the head of this file."""
        return None if self.share is None else 1 - self.share

    @property
    def interval(self) -> tuple[float, float]:
        """The range of the share that chance alone would leave open (95 %, Wilson)."""
        return wilson(self.ours, self.compared)


def total(cares: Iterable[Care]) -> Care:
    """All sources together."""
    return sum(cares, Care())


def wilson(part: int, whole: int, z: float = Z95) -> tuple[float, float]:
    """The score interval of a proportion, by E. B. Wilson (JASA 22, 1927, 209-212); (0, 1) when there is nothing.

    Centre (p + z2/2n) / (1 + z2/n), half width z sqrt(p(1-p)/n + z2/4n2) / (1 + z2/n). It takes patients for
    independent draws and knows nothing of pairs that were too small to be published.
    """
    if whole <= 0:
        return 0.0, 1.0
    p, spread = part / whole, z * z / whole
    centre = (p + spread / 2) / (1 + spread)
    half = z * sqrt(p * (1 - p) / whole + spread / (4 * whole)) / (1 + spread)
    low = 0.0 if part == 0 else max(0.0, centre - half)
    high = 1.0 if part == whole else min(1.0, centre + half)
    return low, high


@dataclass(frozen=True)
class Thresholds:
    """From which share on a source is a loyalist, and a splitter, in percent. Our defaults: no source has figures."""

    loyal_from: int = 70
    splitter_from: int = 10


class Segment(StrEnum):
    """How a source divides its patients."""

    LOYAL = "loyal"
    SPLITTER = "splitter"
    OCCASIONAL = "occasional"
    PHANTOM = "phantom"

    @property
    def label(self) -> str:
        """The segment in words."""
        return {"loyal": "Loyalist"}.get(self, self.value.capitalize())

    def rule(self, thresholds: Thresholds) -> str:
        """What makes a source one, in words."""
        loyal, splitter = thresholds.loyal_from, thresholds.splitter_from
        return {
            Segment.LOYAL: f"{loyal}% or more to us",
            Segment.SPLITTER: f"{splitter}% to under {loyal}%",
            Segment.OCCASIONAL: f"some, under {splitter}%",
            Segment.PHANTOM: "nothing to us, all to others",
        }[self]


def segment_of(care: Care, thresholds: Thresholds) -> Segment | None:
    """The segment of a source by its share; None when it shares no patients with places like ours."""
    if not care.compared:
        return None
    if not care.ours:
        return Segment.PHANTOM
    percent = 100 * care.ours
    if percent >= thresholds.loyal_from * care.compared:
        return Segment.LOYAL
    return Segment.SPLITTER if percent >= thresholds.splitter_from * care.compared else Segment.OCCASIONAL


class Basis(StrEnum):
    """With whom we are compared."""

    KIND = "kind"
    ALL = "all"

    @property
    def label(self) -> str:
        """The basis in words."""
        return "Places of our kind" if self is Basis.KIND else "All destinations"


def usual_basis(known: int, unknown: int, *, has_kind: bool) -> Basis:
    """Compare with our kind where that can be done: our kind is known, and so are the kinds of the other destinations
    of at least half of the patients. `known` and `unknown` are patients at others whose kind is and is not known."""
    whole = known + unknown
    return Basis.KIND if has_kind and whole and known >= whole * ENOUGH_KNOWN else Basis.ALL
