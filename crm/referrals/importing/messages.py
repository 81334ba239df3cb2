"""Referrals that were taken out of messages (HL7, FHIR) become the lines of a sheet, one line for each referral. Pure.

Only the cells named here ever leave a message. Several messages about one referral become one line with the last state;
a message that is no referral, or cannot be read, becomes a refused line with the reason.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from crm.core.errors import Invalid
from crm.core.formats import number, plural
from crm.referrals.importing.sheets import Limits, Line, Piece, Sheet, counted, in_pieces
from crm.referrals.importing.unsaid import Part, written

MAX_CELL = 200


class Cell(StrEnum):
    """What is taken of a referral, by the name that its column gets."""

    NUMBER = "Referral ID"
    RECEIVED = "Referral Received Date"
    NPI = "Referring NPI"
    PROVIDER = "Referring Provider"
    ORGANIZATION = "Referring Organization"
    CITY = "Referring Provider City"
    ZIP = "Referring Provider Zip"
    SERVICE = "Department"
    SITE = "Referred To Location"
    TO_PROVIDER = "Referred To Provider"
    STATUS = "Referral Status"
    APPOINTMENT = "Appointment Date"
    UNSAID = "Not Said In Message"


# Files of one sender have the same columns every day, so that a profile fits them. Only appointments are left out of a
# file that tells of none: so an import leaves alone what another system has told.
OPTIONAL = frozenset({Cell.APPOINTMENT, Cell.UNSAID})
MAX_KEPT = 500_000  # messages, or resources that are needed; a day's have some thousands


class NoReferralError(Invalid):
    """The file can be read, and holds no referral."""


@dataclass(slots=True)
class Taken:
    """What one message says of a referral, or why it is refused. `line` is the number of the message in its file."""

    line: int
    cells: dict[Cell, str] = field(default_factory=dict)
    refused: str = ""
    sent: str = ""  # when, in a form that sorts; '' where the message does not say
    sent_on: str = ""  # the day that stands in for a received date when no message about the referral has one
    unsaid: frozenset[Part] = frozenset()  # stays as an earlier message said it
    emptied: frozenset[Cell] = frozenset()  # said to be nothing


def clean(text: str) -> str:
    """A text as a cell holds it: one line, no control signs, of bounded length."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(plain.split())[:MAX_CELL]


def sheet_of(messages: Iterable[Taken], limits: Limits) -> Sheet:
    """A sheet with a line for each referral and each refused message; its header is line 0. Raises NoReferralError."""
    taken = list(messages)
    refused = {message.line: message.refused for message in taken if message.refused}
    referrals = merged(message for message in taken if not message.refused)
    if not referrals:
        raise NoReferralError(_why_none(taken))
    used = [cell for cell in Cell if cell not in OPTIONAL or any(found.cells.get(cell) for found in referrals)]
    rows: list[Line] = [(found.line, [found.cells.get(cell, "") for cell in used]) for found in referrals]
    body = sorted(rows + [(line, []) for line in refused])

    def pieces() -> Iterator[Piece]:
        return counted(in_pieces([(0, [str(cell) for cell in used]), *body]), limits)

    return Sheet("", pieces, refused=refused)


def _why_none(taken: list[Taken]) -> str:
    reasons = dict.fromkeys(message.refused for message in taken)
    if not reasons:
        return "This file holds no referral."
    more = f", and {plural(len(reasons) - 1, 'other reason')}" if len(reasons) > 1 else ""
    first = next(iter(reasons))
    reason = f"{first[0].lower()}{first[1:]}{more}."
    if len(taken) == 1:
        return f"This file holds no referral: {reason}"
    return f"This file holds no referral. The first of {number(len(taken))}: {reason}"


def merged(messages: Iterable[Taken]) -> list[Taken]:
    """One for each referral number, with the last state; what a later message leaves blank stays as it was, unless it
    says that there is nothing."""
    groups: dict[object, list[Taken]] = {}
    for place, message in enumerate(messages):
        groups.setdefault(message.cells.get(Cell.NUMBER, "").casefold() or place, []).append(message)
    return [_last_state(group) for group in groups.values()]


def _last_state(group: list[Taken]) -> Taken:
    if all(message.sent for message in group):
        group = sorted(group, key=lambda message: message.sent)
    cells: dict[Cell, str] = {}
    for message in group:
        cells |= dict.fromkeys(message.emptied, "")
        cells |= {cell: text for cell, text in message.cells.items() if text}
    cells[Cell.UNSAID] = written(frozenset.intersection(*(message.unsaid for message in group)))
    if not cells.get(Cell.RECEIVED):
        cells[Cell.RECEIVED] = next((message.sent_on for message in group if message.sent_on), "")
    return Taken(group[-1].line, cells)
