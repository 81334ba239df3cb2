"""The command `referrals aggregate`: an extract with patients becomes counts of months, without database or network.

It belongs on the machine that may hold the extract. What comes out can be imported like any file of monthly counts.
"""

import csv
import io
from collections import Counter
from pathlib import Path

import click

from crm.core import clock, formats
from crm.core.commands import Commands
from crm.core.errors import RoundsError
from crm.referrals.importing import aggregate
from crm.referrals.importing.aggregate import By, Counts
from crm.referrals.importing.identity import Ruling
from crm.referrals.importing.kept import kept_blocks
from crm.referrals.importing.mapping import guess, missing
from crm.referrals.importing.reading import read_file
from crm.referrals.importing.rows import Options, RowReader
from crm.referrals.importing.sheets import MEGABYTE, Limits
from crm.referrals.importing.survey import Survey, survey
from crm.referrals.models import Grain

MAX_BYTES = 4_096 * MEGABYTE
MAX_ROWS = 20_000_000
SHOWN_LINES = 3
FORMULA_STARTS = ("=", "+", "@", "\t", "\r")


def add_to(group: Commands) -> None:
    """Put the command into the group."""
    group.add_command(aggregate_command)


@click.command("aggregate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write; else standard output.")
@click.option(
    "--by", type=click.Choice([by.value for by in By]), default=By.PROVIDER.value, show_default=True,
    help="Whose counts: each provider's, or each practice's where the file names it.",
)  # fmt: skip
def aggregate_command(file: Path, output: Path | None, by: str) -> None:
    """Turn an extract of single referrals into monthly counts; nothing of a patient comes out.

    Works without a database and without a network. Ends with 1 when the file cannot be counted.
    """
    if output is not None and output.exists() and output.samefile(file):
        raise click.BadParameter("choose another file than the extract itself", param_hint="--output")
    try:
        found = survey(read_file(file.name, file, Limits(max_bytes=MAX_BYTES, max_rows=MAX_ROWS)))
        _tell_dropped(found)
        counts = _counted(found, By(by))
    except RoundsError as problem:
        raise click.ClickException(problem.says or problem.title) from None
    _tell_refused(counts)
    text = _csv(counts)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8", newline="")
    referrals = formats.plural(counts.rows - len(counts.refused), "referral")
    click.echo(f"{referrals} in {formats.plural(len(counts.cells), 'cell')} of counts.", err=True)


def _counted(found: Survey, by: By) -> Counts:
    if found.grain is Grain.MONTH:
        raise click.ClickException("The file holds monthly counts already. Import it as it is.")
    columns = guess(found.main.kept, found.grain, found.main.rows)
    for column in columns:
        if column.target:
            click.echo(f"{column.header} -> {column.target} ({column.sure})", err=True)
    if problems := missing([column.target for column in columns], found.grain, has_month=False):
        raise click.ClickException(f"{' '.join(problems)} Give the column a name that is known, such as Referral date.")
    reader = RowReader(columns, found.grain, Options(), clock.today())
    counts = aggregate.count_rows(kept_blocks(found.main), reader, by)
    if not counts.cells:
        _tell_refused(counts)
        raise click.ClickException("No row of the file could be read.")
    return counts


def _tell_dropped(found: Survey) -> None:
    for sheet in (found.main, *found.others):
        for column in sheet.dropped:
            if sheet is found.main or column.verdict.ruling is Ruling.REFUSE:
                where = "" if sheet is found.main else "another sheet, "
                rows = formats.plural(column.verdict.rows, "row")
                what = f"column {column.letter} ({column.header})"
                click.echo(f"Dropped: {where}{what}: {column.verdict.rule}, {rows}.", err=True)


def _tell_refused(counts: Counts) -> None:
    lines: dict[str, list[int]] = {}
    for line, reason in counts.refused:
        lines.setdefault(reason, []).append(line)
    for reason, rows in Counter({reason: len(at) for reason, at in lines.items()}).most_common():
        at = ", ".join(map(str, lines[reason][:SHOWN_LINES]))
        more = " ..." if rows > SHOWN_LINES else ""
        click.echo(f"Refused: {formats.plural(rows, 'row')}: {reason} (line {at}{more})", err=True)


def _csv(counts: Counts) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([header for header, _ in counts.headers])
    writer.writerows([_guarded(cell) for cell in line] for line in counts.lines())
    return text.getvalue()


def _guarded(cell: str) -> str:
    """A name that a spreadsheet would run gets an apostrophe; an import takes it off again."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) or (cell.startswith("-") and not cell[1:2].isdigit()) else cell
