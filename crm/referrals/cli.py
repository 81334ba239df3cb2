"""Commands of the room referrals: import a file, take an import back, check the rollup."""

import json
from pathlib import Path
from typing import Any

import click
from flask import current_app

from config import Config
from crm.accounts.queries import find_organization
from crm.accounts.services import set_up_organization
from crm.accounts.viewer import SYSTEM
from crm.audit.trail import Actor
from crm.core import formats
from crm.core.commands import Commands
from crm.core.db import commit, db, turn
from crm.core.errors import RoundsError
from crm.referrals import import_services, layers, rollup
from crm.referrals.importing import checking
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.mapping import NO_MONTH
from crm.referrals.importing.sheets import MEGABYTE, Limits
from crm.referrals.importing.taking_back import take_back_rows
from crm.referrals.importing.writing import Tally, withdraw, write_import
from crm.referrals.list_filters import read_month
from crm.referrals.models import ImportState, ReferralImport

cli = Commands("referrals", help="Import referrals, take an import back, check the monthly totals.")
STOPPED = "The command was stopped. Nothing of the file was kept."


@cli.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--month", help="The month of counts without a date, such as 2026-03.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="End with one line of JSON.")
def import_command(file: Path, month: str | None, dry_run: bool, as_json: bool) -> None:  # noqa: FBT001 click's way
    """Import a CSV or XLSX of referrals or of monthly counts."""
    chosen = read_month(month or "")
    if month and chosen is None:
        raise click.BadParameter("write it as 2026-03", param_hint="--month")
    try:
        batch = _take_in(file, chosen, is_dry=dry_run)
        _tell_columns(batch)
        result = _dry(batch) if dry_run else _write(batch.id)
    except RoundsError as problem:
        db.session.rollback()
        raise click.ClickException(problem.says or problem.title) from None
    _tell(result)
    if as_json:
        click.echo(json.dumps(result))


def _take_in(file: Path, month: int | None, *, is_dry: bool) -> ReferralImport:
    config: Config = current_app.config["ROUNDS"]
    db.session.info["actor"] = Actor(None, "Command line")
    if find_organization(db.session()) is None:
        # A database that was only migrated: the fingerprints of rows need the organisation's secret.
        set_up_organization(db.session(), name="Our organization")
        if not is_dry:
            commit()
    else:
        db.session.rollback()  # nobody waits for the lock while the file is read
    limits = Limits(max_bytes=max(config.max_upload_mb, 1024) * MEGABYTE)
    batch = import_services.take_in_file(db.session(), SYSTEM, file.name, file.read_bytes(), month=month, limits=limits)
    problems = checking.mapping_problems(batch)
    if problems:
        db.session.rollback()
        way = "Use --month, such as --month 2026-03." if problems == [NO_MONTH] else "Use the import page to say it."
        raise click.ClickException(f"{' '.join(problems)} {way}")
    return batch


def _tell_columns(batch: ReferralImport) -> None:
    for note in batch.mapping["dropped"]:
        if note["is_refused"]:
            sheet = f"sheet {note['sheet']}, " if note["sheet"] else ""
            rows = formats.plural(note["rows"], "row")
            click.echo(f"Refused: {sheet}column {note['letter']} ({note['header']}): {note['rule']}, {rows}.", err=True)
    for column in batch.mapping["columns"]:
        if column["target"]:
            click.echo(f"{column['header']} -> {column['target']} ({column['sure']})", err=True)


def _dry(batch: ReferralImport) -> dict[str, Any]:
    summary = checking.summarize(db.session(), batch)
    for group in summary.groups():
        lines = ", ".join(str(line) for line in group["lines"])
        click.echo(f"{formats.plural(group['rows'], 'row')}: {group['reason']} (line {lines} ...)", err=True)
    db.session.rollback()
    return _result(None, summary.tally)


def _write(import_id: int) -> dict[str, Any]:
    batch = db.session.get_one(ReferralImport, import_id)
    batch.state = ImportState.RUNNING
    commit()
    try:
        write_import(db.session(), import_id, _checkpoint)
    except BaseException:
        db.session.rollback()
        withdraw(db.session(), import_id, _quiet, STOPPED)
        import_services.give_up(db.session(), db.session.get_one(ReferralImport, import_id))
        commit()
        raise
    done = db.session.get_one(ReferralImport, import_id)
    tally = Tally(
        read=done.read_rows, new=done.added_rows, changed=done.updated_rows, unchanged=done.unchanged_rows,
        refused=done.refused_rows, unmatched=done.unmatched_rows,
    )  # fmt: skip
    return _result(import_id, tally)


def _result(import_id: int | None, tally: Tally) -> dict[str, Any]:
    return {
        "batch": import_id, "read": tally.read, "imported": tally.new, "updated": tally.changed,
        "unchanged": tally.unchanged, "refused": tally.refused, "unmatched": tally.unmatched,
    }  # fmt: skip


def _tell(result: dict[str, Any]) -> None:
    click.echo(
        f"Read {result['read']:,} rows: {result['imported']:,} imported, {result['updated']:,} updated, "
        f"{result['unchanged']:,} unchanged, {result['refused']:,} refused; {result['unmatched']:,} match no practice."
    )
    if result["batch"]:
        click.echo(
            f"Batch {result['batch']}. Take it back with: flask --app wsgi referrals take-back {result['batch']}"
        )


@cli.command("take-back")
@click.argument("batch", type=click.IntRange(1, 2**31 - 1))
@click.option("--yes", is_flag=True, help="Do not ask.")
def take_back_command(batch: int, yes: bool) -> None:  # noqa: FBT001 click's way
    """Take an import back whole."""
    db.session.info["actor"] = Actor(None, "Command line")
    found = db.session.get(ReferralImport, batch)
    if found is None:
        raise click.ClickException(f"There is no batch {batch}.")
    if found.state not in (ImportState.DONE, ImportState.TAKING_BACK):
        raise click.ClickException(f"Batch {batch} cannot be taken back: {found.state.label.lower()}.")
    rows = formats.plural(found.added_rows + found.updated_rows, "row")
    if not yes and not click.confirm(f"Take back {rows} of {found.file_name}?"):
        raise click.Abort
    found.state = ImportState.TAKING_BACK
    commit()
    try:
        take_back_rows(db.session(), batch, _quiet)
    except RoundsError as problem:
        raise click.ClickException(problem.says) from None
    click.echo(f"Batch {batch} was taken back.")


@cli.command("check-rollup")
@click.option("--repair", is_flag=True, help="Make the rollup anew when it disagrees.")
def check_rollup_command(repair: bool) -> None:  # noqa: FBT001 click's way
    """Prove that the monthly totals equal the rows; exit with 1 when they do not."""
    with only_one(db.session()):
        found = rollup.check_rollup(db.session())
        for cell in found:
            whose = {None: "all practices", 0: "no known practice"}.get(
                cell.practice_id, f"practice {cell.practice_id}"
            )
            where = f"{whose}, {formats.month(cell.month)}"
            click.echo(f"{cell.table}: {where}: {cell.stored} in the rollup, {cell.actual} in the rows")
        if found and repair:
            layers.settle(db.session(), lambda: None)
            for month in rollup.months_of_rollup(db.session()):
                with turn(db.session()):
                    rollup.rebuild_month(db.session(), month)
            click.echo("Repaired: the rollup was made anew from the rows.")
        db.session.rollback()
    if found and not repair:
        raise click.exceptions.Exit(1)
    if not found:
        click.echo("The rollup agrees with the rows.")


def _checkpoint(done: int, total: int) -> None:
    commit()
    if total:
        click.echo(f"{done:,} of {total:,} rows", err=True)


def _quiet(_done: int, _total: int) -> None:
    commit()
