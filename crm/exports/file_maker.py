"""Makes the file of an export out of who is on the list at that moment."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from crm.core import formats
from crm.core.errors import Conflict
from crm.directory.models import Channel
from crm.exports import columns, csv_writer, xlsx_writer
from crm.exports.csv_writer import Cell
from crm.exports.detail_queries import details
from crm.exports.models import ExportFormat
from crm.exports.people_queries import Member, Sifted
from crm.exports.reach import written_for
from crm.exports.suppression import Decision, Reason

CHUNK = 1000
# These people have an address: the tool that sends must know that nothing may go there.
ON_SUPPRESSION_LIST = (Reason.OPTED_OUT, Reason.DO_NOT_VISIT)

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Plan:
    """What the file is about, in plain values, so that no database row is held while it is made."""

    title: str
    channel: Channel
    columns: Sequence[str]
    file_format: ExportFormat
    purpose: str
    in_words: Sequence[str]
    made_by: str
    made_on: date


def file_name(plan: Plan) -> str:
    """`cardiology-lunch-2026-11-20.csv`: letters, digits and hyphens only."""
    words = re.sub(r"[^a-z0-9]+", "-", plan.title.lower()).strip("-")[:60] or "list"
    return f"{words}-{plan.made_on:%Y-%m-%d}.{plan.file_format.value}"


def make_content(session: Session, plan: Plan, sifted: Sifted, progress: Progress) -> bytes:
    """The file with everybody who may come out."""
    rows = _rows(session, plan, sifted.shown("out"), progress)
    if plan.file_format is ExportFormat.CSV:
        return b"".join(csv_writer.lines(columns.header(plan.channel, plan.columns), rows))
    return xlsx_writer.workbook(
        [
            xlsx_writer.Sheet("People", columns.header(plan.channel, plan.columns), rows, columns.widths(plan.columns)),
            xlsx_writer.Sheet("Receipt", (), receipt_rows(plan, sifted), (34, 48)),
            xlsx_writer.Sheet("Suppressed", columns.SUPPRESSION_HEAD, suppression_rows(plan, sifted), (32, 32, 12, 40)),
        ]
    )


def make_suppression(plan: Plan, sifted: Sifted) -> bytes:
    """The addresses to which nothing may be sent, as CSV, for the suppression list of the tool that sends."""
    return b"".join(csv_writer.lines(columns.SUPPRESSION_HEAD, suppression_rows(plan, sifted)))


def receipt_rows(plan: Plan, sifted: Sifted) -> Iterator[list[Cell]]:
    """The second sheet: what this file is, and how many were held back and why."""
    yield ["List", plan.title]
    yield ["Made by", plan.made_by]
    yield ["Made on", plan.made_on.isoformat()]
    yield ["Purpose", plan.purpose]
    yield ["Channel", plan.channel.label]
    yield ["Filters", "; ".join(plan.in_words) or "None"]
    yield ["People in this file", sifted.exported]
    yield ["Suppressed", sifted.suppressed]
    for reason, count in sifted.held_back.items():
        yield [f"   {Reason(reason).label}", count]


def suppression_rows(plan: Plan, sifted: Sifted) -> Iterator[list[Cell]]:
    """Each address to which nothing may be sent, once."""
    seen: set[str] = set()
    for member, decision in sifted.rows:
        written = written_for(plan.channel, member.addresses)
        if decision.reason in ON_SUPPRESSION_LIST and written.lower() not in seen:
            seen.add(written.lower())
            yield columns.suppression_row(plan.channel, written, decision)


def progress_words(done: int, total: int) -> str:
    """What the progress bar says."""
    return f"{formats.number(done)} of {formats.plural(total, 'person', 'people')}"


def _rows(
    session: Session, plan: Plan, members: Sequence[tuple[Member, Decision]], progress: Progress
) -> Iterator[list[Cell]]:
    for start in range(0, len(members), CHUNK):
        chunk = members[start : start + CHUNK]
        known = details(session, [member.key for member, _ in chunk])
        # Progress is written in a transaction of its own, and ends the one that has just read.
        progress(start + len(chunk))
        if len(known) < len(chunk):
            raise Conflict("The directory changed while the file was being written. Please export again.")
        for member, decision in chunk:
            written = written_for(plan.channel, member.addresses)
            yield columns.row(plan.channel, plan.columns, written, known[member.key], decision)
