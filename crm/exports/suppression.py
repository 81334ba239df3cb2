"""Who may be on a list and who is held back, and why: a pure rule over values.

What people said hangs on the address, not on the person: an address that was opted out once is held back whoever has
it, however it is written. Nothing is held back silently: each person held back has exactly one reason.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple, TypeVar


class Reason(StrEnum):
    """Why somebody is not exported. The order is that of the checks: the first one that applies is told."""

    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    OPTED_OUT = "opted_out"
    DO_NOT_VISIT = "do_not_visit"
    NOT_ASKED = "not_asked"
    DUPLICATE = "duplicate"

    @property
    def label(self) -> str:
        """The reason in words, for counts."""
        return {
            "no_address": "No address for this channel",
            "bad_address": "Address cannot be used",
            "opted_out": "Opted out",
            "do_not_visit": "Practice is marked do not visit",
            "not_asked": "Has not said yes",
            "duplicate": "Same address as somebody above",
        }[self]

    @property
    def short(self) -> str:
        """The reason in two words, for a narrow screen."""
        return {
            "no_address": "No address",
            "bad_address": "Bad address",
            "opted_out": "Opted out",
            "do_not_visit": "Do not visit",
            "not_asked": "Not asked",
            "duplicate": "Same address",
        }[self]


@dataclass(frozen=True)
class Answer:
    """What was said about an address: yes or no, when, and how we know."""

    is_allowed: bool
    decided_on: date
    source: str = ""


class Candidate(NamedTuple):
    """What the rule needs to know of one person: the address as it is written, and its one comparable form.

    `envelope` tells letters to two people at one place apart; for every other channel one address is one row.
    """

    written: str
    key: str
    is_at_do_not_visit: bool = False
    envelope: str = ""


class Decision(NamedTuple):
    """Whether somebody is exported; if not, why, and what was said when they opted out."""

    reason: Reason | None = None
    answer: Answer | None = None

    @property
    def is_exported(self) -> bool:
        """Whether the person comes out."""
        return self.reason is None


Row = TypeVar("Row")


def decide(
    candidate: Candidate,
    answers: Mapping[str, Answer],
    taken: set[tuple[str, str]],
    *,
    only_allowed: bool = False,
) -> Decision:
    """Decide about one person. `answers` are those for the channel by address key; `taken` is what came out before."""
    if not candidate.written.strip():
        return Decision(Reason.NO_ADDRESS)
    if not candidate.key:
        return Decision(Reason.BAD_ADDRESS)
    answer = answers.get(candidate.key)
    if answer is not None and not answer.is_allowed:
        return Decision(Reason.OPTED_OUT, answer)
    if candidate.is_at_do_not_visit:
        return Decision(Reason.DO_NOT_VISIT, answer)
    if only_allowed and answer is None:
        return Decision(Reason.NOT_ASKED)
    if (candidate.key, candidate.envelope) in taken:
        return Decision(Reason.DUPLICATE, answer)
    return Decision(None, answer)


def sift(
    rows: Iterable[tuple[Row, Candidate]], answers: Mapping[str, Answer], *, only_allowed: bool = False
) -> Iterator[tuple[Row, Decision]]:
    """Decide about people in their order: of several with one address the first that may come out does."""
    taken: set[tuple[str, str]] = set()
    for row, candidate in rows:
        decision = decide(candidate, answers, taken, only_allowed=only_allowed)
        if decision.is_exported:
            taken.add((candidate.key, candidate.envelope))
        yield row, decision


def count_reasons(decisions: Iterable[Decision]) -> dict[str, int]:
    """How many were held back for each reason, in the order of the checks; reasons that did not occur are left out."""
    counts = dict.fromkeys(Reason, 0)
    for decision in decisions:
        if decision.reason is not None:
            counts[decision.reason] += 1
    return {reason.value: count for reason, count in counts.items() if count}
