"""What becomes of each row of a file: new, changed, unchanged or refused. The check and the import both run this code.

Nothing is written here. Rows come in pieces, so memory stays bounded whatever the size of the file.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from crm.core import formats
from crm.core.db import glance
from crm.referrals import import_queries
from crm.referrals.importing.headers import Target
from crm.referrals.importing.keys import Keys
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.matching import Sources
from crm.referrals.importing.names import Names
from crm.referrals.importing.rows import Options, Refused, Row, RowReader
from crm.referrals.importing.upload import unpack
from crm.referrals.importing.versions import VALUES, merged
from crm.referrals.models import Grain

PIECE = 2_000
MIDDLE_OF_MONTH = 15
SAID_BY: dict[str, tuple[Target, ...]] = {
    "payer": (Target.PAYER,),
    "status": (Target.STATUS,),
    "appointment_on": (Target.APPOINTMENT_ON,),
    "seen_on": (Target.SEEN_ON,),
    "report_sent_on": (Target.REPORT_SENT_ON,),
    "revenue_cents": (Target.BILLED, Target.PAID, Target.NET),
    "revenue_kind": (Target.BILLED, Target.PAID, Target.NET),
}


class Change(NamedTuple):
    """A row that is there already and that the file says differently: which, and its new version."""

    referral_id: int
    version: dict[str, Any]


class Refusal(NamedTuple):
    """A row that does not go in."""

    line: int
    column: str
    reason: str


@dataclass
class Outcome:
    """What becomes of one piece of rows."""

    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)
    unmatched: int = 0
    unknown_sources: Counter[str] = field(default_factory=Counter)
    months: set[int] = field(default_factory=set)
    lines: int = 0


@dataclass
class Plan:
    """Everything that reading the rows of one import needs."""

    packed: bytes
    columns: list[MappedColumn]
    grain: Grain
    options: Options
    today: date
    sources: Sources
    names: Names
    keys: Keys
    seen: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reader = RowReader(self.columns, self.grain, self.options, self.today)
        mapped = set(self.reader.places)
        said = {name for name in VALUES if not SAID_BY.get(name) or mapped & set(SAID_BY[name])}
        if Target.SERVICE_LINE not in mapped and not self.options.service_line:
            said -= {"service_line_id"}
        if Target.SITE not in mapped and not self.options.site:
            said -= {"site_id"}
        self.said = frozenset(said)


@dataclass
class Piece:
    """Some lines of a file: those that could be read, each with its key, and those that could not."""

    lines: int
    rows: list[tuple[str, Row]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def pieces(plan: Plan) -> Iterator[Piece]:
    """The rows of the file, piece by piece."""
    lines = unpack(plan.packed)
    while some := list(islice(lines, PIECE)):
        piece = Piece(len(some))
        for line, cells in some:
            try:
                piece.rows.append(_read(plan, line, cells))
            except Refused as refusal:
                piece.refused.append(Refusal(line, refusal.column, refusal.reason))
        yield piece


def _read(plan: Plan, line: int, cells: list[str] | str) -> tuple[str, Row]:
    if isinstance(cells, str):
        raise Refused("", cells)
    row = plan.reader(line, cells)
    return plan.keys.key_of(row), row


def outcome_of(session: Session, plan: Plan, piece: Piece) -> Outcome:
    """What becomes of the rows of a piece, whose names are all known by now. Ends the transaction in which it reads."""
    found = Outcome(lines=piece.lines, refused=piece.refused)
    with glance(session):
        stored = import_queries.existing_rows(session, [key for key, _ in piece.rows]) if piece.rows else {}
    for key, row in piece.rows:
        values = _values(plan, row)
        try:
            _check_repeated(plan, key, row, values)
        except Refused as refusal:
            found.refused.append(Refusal(row.line, refusal.column, refusal.reason))
        except _Repeated:
            found.unchanged += 1
        else:
            _place(plan, found, key, row, values, stored.get(key))
    return found


class _Repeated(Exception):
    """The same referral with the same values stands in the file already: it counts once."""


def _check_repeated(plan: Plan, key: str, row: Row, values: dict[str, Any]) -> None:
    """The number of a sender stands for one referral: the file may say it again, but not differently."""
    if not (plan.reader.has_id and row.referral_id):
        return
    short, said = hash(key), hash(tuple(values.values()))
    earlier = plan.seen.get(short)
    if earlier is None:
        plan.seen[short] = said
    elif earlier == said:
        raise _Repeated
    else:
        raise Refused(
            plan.reader.headers[Target.REFERRAL_ID], "Same referral number as an earlier row, with other values"
        )


def _values(plan: Plan, row: Row) -> dict[str, Any]:
    day = row.received_on or formats.month_start(row.month).replace(day=MIDDLE_OF_MONTH)
    match = plan.sources.match(row.source_npi, row.source_name, row.city, row.zip, day)
    return {
        "month": row.month, "received_on": row.received_on,
        "practice_id": match.practice_id, "provider_id": match.provider_id,
        "source_name": row.source_name or row.provider_name, "source_npi": row.source_npi,
        "service_line_id": plan.names.service_line(row.service_line), "site_id": plan.names.site(row.site),
        "payer": row.payer, "status": row.status,
        "appointment_on": row.appointment_on, "seen_on": row.seen_on, "report_sent_on": row.report_sent_on,
        "count": row.count, "revenue_cents": row.revenue_cents, "revenue_kind": row.revenue_kind,
    }  # fmt: skip


def _place(plan: Plan, found: Outcome, key: str, row: Row, values: dict[str, Any], stored: Any) -> None:
    found.months.add(row.month)
    if values["practice_id"] is None:
        found.unmatched += 1
        found.unknown_sources[values["source_name"] or row.source_npi or "Source without a name"] += 1
    if stored is None:
        found.new.append({"row_key": key, **values})
        return
    before = tuple(stored[2:])
    after = merged(before, values, plan.said)
    if after == before:
        found.unchanged += 1
    else:
        found.changed.append(Change(stored.id, {"row_key": key, **dict(zip(VALUES, after, strict=True))}))
