"""What an export may say about a person. Addresses of other channels are not among it: they were not asked about."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from crm.directory.models import Channel
from crm.exports.csv_writer import Cell
from crm.exports.detail_queries import Detail
from crm.exports.reach import exported
from crm.exports.suppression import Answer, Decision


class Column(NamedTuple):
    """One column: its head, how wide it is shown, and what it says of a person."""

    label: str
    width: int
    read: Callable[[Detail], Cell]


COLUMNS: dict[str, Column] = {
    "first_name": Column("First name", 16, lambda d: d.first_name),
    "last_name": Column("Last name", 18, lambda d: d.last_name),
    "credentials": Column("Credentials", 12, lambda d: d.credentials),
    "role": Column("Role or specialty", 26, lambda d: d.role),
    "practice": Column("Practice", 34, lambda d: d.practice),
    "kind": Column("Kind of practice", 20, lambda d: d.kind),
    "tier": Column("Tier", 6, lambda d: d.tier),
    "status": Column("Status", 12, lambda d: d.status),
    "address1": Column("Address", 30, lambda d: d.address1),
    "address2": Column("Address, second line", 18, lambda d: d.address2),
    "city": Column("City", 18, lambda d: d.city),
    "state": Column("State", 6, lambda d: d.state),
    "zip": Column("ZIP", 11, lambda d: d.zip),
    "territory": Column("Territory", 18, lambda d: d.territory),
    "owner": Column("Owner", 20, lambda d: d.owner),
    "npi": Column("NPI", 12, lambda d: d.npi),
    "tags": Column("Tags", 24, lambda d: d.tags),
    "last_visit": Column("Last visit", 12, lambda d: d.last_visit.isoformat() if d.last_visit else ""),
}
USUAL = ("first_name", "last_name", "role", "practice", "city", "state", "zip")
PERMISSION = "Permission"
ADDRESS_HEADS = {
    Channel.EMAIL: "Email",
    Channel.PHONE: "Phone",
    Channel.TEXT: "Mobile",
    Channel.FAX: "Fax",
    Channel.MAIL: "Mailing address",
}
SUPPRESSION_HEAD = ("Address", "Why", "Since", "Source")


def known(names: Sequence[str]) -> list[str]:
    """The columns among some names, in the order of the list."""
    return [name for name in COLUMNS if name in names]


def header(channel: Channel, names: Sequence[str]) -> list[str]:
    """The head of a file: the address first, then the chosen columns, then what was said about the address."""
    return [ADDRESS_HEADS[channel], *(COLUMNS[name].label for name in names), PERMISSION]


def widths(names: Sequence[str]) -> list[int]:
    """How wide the columns of a sheet are."""
    return [32, *(COLUMNS[name].width for name in names), 26]


def row(channel: Channel, names: Sequence[str], written: str, detail: Detail, decision: Decision) -> list[Cell]:
    """One person of a file."""
    return [exported(channel, written), *(COLUMNS[name].read(detail) for name in names), permission(decision.answer)]


def permission(answer: Answer | None) -> str:
    """What was said about an address, for a file."""
    if answer is None:
        return "Not asked"
    return f"{'Yes' if answer.is_allowed else 'No'}, {answer.decided_on.isoformat()}"


def suppression_row(channel: Channel, written: str, decision: Decision) -> list[Cell]:
    """One address for the sender's own suppression list."""
    answer = decision.answer
    return [
        exported(channel, written),
        decision.reason.label if decision.reason else "",
        answer.decided_on.isoformat() if answer else "",
        answer.source if answer else "",
    ]
