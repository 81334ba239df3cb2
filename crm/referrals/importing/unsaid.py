"""Which parts of a referral a message leaves unsaid: they stay as an earlier one said them. Pure.

The messages of a file become lines of a table, and a blank cell of a table says that there is nothing. So a line tells
in a cell of its own what its message does not say.
"""

from collections.abc import Collection
from enum import StrEnum

from crm.referrals.importing.facts import Bools, Ints


class Part(StrEnum):
    """What a message may leave unsaid."""

    RECEIVED = "received"
    SOURCE = "source"
    SERVICE = "service"
    SITE = "site"
    STATUS = "status"


VALUES_OF: dict[Part, tuple[str, ...]] = {
    Part.RECEIVED: ("month", "received_on"),
    Part.SOURCE: ("practice_id", "provider_id", "source_id"),
    Part.SERVICE: ("service_line_id",),
    Part.SITE: ("site_id",),
    Part.STATUS: ("status",),
}
BITS = {part: 1 << place for place, part in enumerate(Part)}


def written(parts: Collection[Part]) -> str:
    """Parts as the cell of a line holds them."""
    return " ".join(part for part in Part if part in parts)


def bits_of(cell: str) -> int:
    """The parts in a cell as one number; other words mean nothing."""
    return sum(BITS[part] for part in Part if part in cell.split())


def leaves(bits: Ints, part: Part) -> Bools:
    """Which rows leave a part unsaid."""
    found: Bools = (bits & BITS[part]) != 0
    return found
