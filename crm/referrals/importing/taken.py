"""What is kept of a file under the organization's settings: rows without their patient columns, counts, or nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from crm.core import clock, formats
from crm.core.errors import Invalid
from crm.referrals.importing import aggregate
from crm.referrals.importing.identity import Ruling
from crm.referrals.importing.kept import kept_blocks
from crm.referrals.importing.mapping import MappedColumn, missing
from crm.referrals.importing.rows import Options, RowReader
from crm.referrals.importing.survey import Column, Survey
from crm.referrals.importing.upload import pack, pack_blocks
from crm.referrals.models import Grain

SHOWN = 3
NOT_COUNTABLE = "Your organization keeps counts only, so this file is counted as it comes in."


@dataclass(frozen=True)
class Taken:
    """The rows of a file, packed unless they are to go in at once; how many they are, and how they are read."""

    packed: bytes | None
    count: int
    grain: Grain
    mapping: dict[str, Any]


def refuse_patients(found: Survey) -> None:
    """Raise Invalid, which names columns and never values, when any sheet holds a column of patients."""
    columns = [
        (column, sheet)
        for sheet in (found.main, *found.others)
        for column in sheet.dropped
        if column.verdict.ruling is Ruling.REFUSE
    ]
    if not columns:
        return
    raise Invalid(
        f"This file identifies patients: {_named([column for column, _ in columns])}. Your organization refuses such "
        "files whole. Nothing of it was kept; export it without these columns."
    )


def says_nothing_kept(found: Survey) -> str:
    """Why a file of which no column may be kept cannot go in. Columns are named by letters, never by what they hold."""
    dropped = found.main.dropped
    why = f": {_named(dropped)}" if dropped else ""
    return (
        f"No column of this file can be kept, so nothing is left to import{why}. Its first line should name the "
        "columns, such as “Received on” and “Source practice”."
    )


def _named(columns: Sequence[Column]) -> str:
    named = [f"column {column.letter} ({column.verdict.rule.lower()})" for column in columns[:SHOWN]]
    more = f" and {len(columns) - SHOWN} more" if len(columns) > SHOWN else ""
    return f"{', '.join(named)}{more}"


def take(
    found: Survey,
    grain: Grain,
    mapping: dict[str, Any],
    *,
    counts_only: bool,
    keeps: bool = True,
    spare: Callable[[aggregate.Counts], str] = lambda _: "",
) -> Taken:
    """Pack the rows of a file, or their counts. Raises Invalid when they cannot be counted. Without `keeps` rows that
    would be kept as they are are left in the file. `spare` may take counts away, and says so."""
    is_plain = not counts_only or grain is Grain.MONTH
    if is_plain and not keeps:
        return Taken(None, found.main.rows, grain, mapping)
    if is_plain:
        packed, count = pack(found.main)
        return Taken(packed, count, grain, mapping)
    columns = [MappedColumn.from_json(column) for column in mapping["columns"]]
    if problems := missing([column.target for column in columns], grain, has_month=False):
        raise Invalid(f"{NOT_COUNTABLE} {' '.join(problems)} Name the column so that it is known, or use a profile.")
    reader = RowReader(columns, grain, Options.from_json(mapping["options"]), clock.today())
    counts = aggregate.count_rows(kept_blocks(found.main), reader)
    if not counts.cells:
        raise Invalid(f"{NOT_COUNTABLE} No row of it could be read: {counts.refused[0][1].lower()}.")
    spared = spare(counts)
    packed, count = pack_blocks(aggregate.blocks(counts))
    return Taken(packed, count, Grain.MONTH, _counted(mapping, counts, spared))


def _counted(mapping: dict[str, Any], counts: aggregate.Counts, spared: str) -> dict[str, Any]:
    """The mapping of the counts in place of that of the rows."""
    columns = aggregate.mapped(counts)
    said = f"{formats.plural(counts.rows - len(counts.refused), 'referral')} became counts of months as they came in."
    return {
        **mapping,
        "columns": [column.as_json() for column in columns],
        "guesses": [column.target for column in columns],
        "surveyed": Grain.MONTH,
        "dropped": [{**note, "is_main": False} for note in mapping["dropped"]],
        "options": {**mapping["options"], "service_line": "", "site": "", "day_first": False},
        "counted": f"{said} {spared}".strip(),
    }
