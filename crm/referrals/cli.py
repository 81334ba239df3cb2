"""Commands of the room referrals: import a file, take an import back, check the rollup."""

import json
from pathlib import Path

import click
from flask import current_app

from config import Config
from crm.accounts.viewer import SYSTEM
from crm.audit.trail import Actor
from crm.core import clock, formats
from crm.core.commands import Commands
from crm.core.db import commit, db, glance
from crm.core.errors import NotFound, RoundsError
from crm.jobs.run import Checkpoint
from crm.referrals import aggregate_cli, layers, profile_queries, rollup, unattended
from crm.referrals.importing import checking
from crm.referrals.importing.folder import Folder
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.profiles import Fit, Saved
from crm.referrals.importing.taking_back import take_back_rows
from crm.referrals.list_filters import read_month
from crm.referrals.market import cli as market
from crm.referrals.models import ImportState, ReferralImport
from crm.referrals.origin_models import Door
from crm.referrals.unattended import Result
from crm.referrals.watching import Stop, Told, Watch, run

cli = Commands("referrals", help="Import referrals, take an import back, check the monthly totals.")
market.add_to(cli)
aggregate_cli.add_to(cli)


@cli.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", help="The name of the profile that says what the columns are.")
@click.option("--month", help="The month of counts without a date, such as 2026-03.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="End with one line of JSON.")
def import_command(file: Path, profile: str | None, month: str | None, dry_run: bool, as_json: bool) -> None:  # noqa: FBT001 click's way
    """Import a file of referrals or of monthly counts."""
    chosen = read_month(month or "")
    if month and chosen is None:
        raise click.BadParameter("write it as 2026-03", param_hint="--month")
    config: Config = current_app.config["ROUNDS"]
    db.session.info["actor"] = Actor(None, "Command line")
    unattended.make_ready(is_dry=dry_run)
    saved = _profile(profile) if profile is not None else None
    try:
        batch, blocks = unattended.take_in(
            file.name, file, door=Door.COMMAND, max_upload_mb=config.max_upload_mb, month=chosen, profile=saved,
            keeps=dry_run,
        )  # fmt: skip
        _tell_columns(batch)
        result = _dry(batch) if dry_run else unattended.write(batch.id, _progress(), blocks)
    except RoundsError as problem:
        db.session.rollback()
        raise click.ClickException(problem.says or problem.title) from None
    _tell(result)
    if as_json:
        click.echo(json.dumps(result.as_json()))


def _profile(name: str) -> Saved:
    try:
        with glance(db.session()):
            return unattended.saved_profile(db.session(), name)
    except NotFound as problem:
        raise click.BadParameter(problem.says, param_hint="--profile") from None


def _tell_columns(batch: ReferralImport) -> None:
    for note in batch.mapping["dropped"]:
        if note["is_refused"]:
            sheet = f"sheet {note['sheet']}, " if note["sheet"] else ""
            rows = formats.plural(note["rows"], "row")
            click.echo(f"Refused: {sheet}column {note['letter']} ({note['header']}): {note['rule']}, {rows}.", err=True)
    profile = batch.mapping["profile"]
    if profile:
        likely = "" if profile["fit"] == Fit.EXACT else " (likely: its columns are not quite the same)"
        click.echo(f"Read by the profile {profile['name']}{likely}.", err=True)
        for header in profile["added"]:
            click.echo(f"Not in the profile: {header}", err=True)
    for column in batch.mapping["columns"]:
        if column["target"]:
            click.echo(f"{column['header']} -> {column['target']} ({column['sure']})", err=True)


def _dry(batch: ReferralImport) -> Result:
    summary = checking.summarize(db.session(), batch)
    for group in summary.groups():
        lines = ", ".join(str(line) for line in group["lines"])
        click.echo(f"{formats.plural(group['rows'], 'row')}: {group['reason']} (line {lines} ...)", err=True)
    db.session.rollback()
    return Result(None, summary.tally)


def _tell(result: Result) -> None:
    tally = result.tally
    click.echo(
        f"Read {tally.read:,} rows: {tally.new:,} imported, {tally.changed:,} updated, {tally.unchanged:,} unchanged, "
        f"{tally.refused:,} refused; {tally.unmatched:,} match no practice."
    )
    if result.import_id:
        click.echo(
            f"Batch {result.import_id}. Take it back with: flask --app wsgi referrals take-back {result.import_id}"
        )


@cli.command("profiles")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each.")
def profiles_command(as_json: bool) -> None:  # noqa: FBT001 click's way
    """List the profiles by which files are read."""
    with glance(db.session()):
        uses = profile_queries.list_uses(db.session(), SYSTEM)
        told = [(use.saved, use.imports, use.used_at) for use in uses]
    for saved, imports, used_at in told:
        if as_json:
            columns = {column.header: column.target for column in saved.columns if column.target}
            used = used_at.isoformat() if used_at else None
            click.echo(
                json.dumps(
                    {"name": saved.name, "rows": saved.grain, "columns": columns, "imports": imports, "used_at": used}
                )
            )
        else:
            when = f", last {formats.moment(used_at)}" if used_at else ""
            click.echo(f"{saved.name}: {saved.grain.label.lower()}; {formats.plural(imports, 'import')}{when}")
    if not told and not as_json:
        click.echo("No profiles yet. Save one on the page of an import.")


@cli.command("watch")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--profile", required=True, help="The name of the profile by which the files are read.")
@click.option("--every", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds between looks.")
@click.option("--once", is_flag=True, help="Take what is complete, and end; with 1 when a file failed.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each file.")
def watch_command(folder: Path, profile: str, every: float, once: bool, as_json: bool) -> None:  # noqa: FBT001 click's way
    """Import each file that is put into a folder, then move it to done/ or failed/ in it."""
    _profile(profile)
    config: Config = current_app.config["ROUNDS"]
    watched = Folder(folder)
    watch = Watch(watched, profile, config.max_upload_mb)
    try:
        with watched.held(), Stop() as stop:
            failed = run(watch, stop, every=every, is_once=once, tell=_json_line if as_json else _line)
    except RoundsError as problem:
        raise click.ClickException(problem.says) from None
    if once and failed:
        raise click.exceptions.Exit(1)


def _line(told: Told) -> None:
    click.echo(f"{clock.local(clock.now()):%Y-%m-%d %H:%M:%S} {told.file}: {told.outcome}. {told.says}")


def _json_line(told: Told) -> None:
    counts = told.result.as_json() if told.result else {}
    at = clock.now().isoformat(timespec="seconds")
    click.echo(json.dumps({"at": at, "file": told.file, "outcome": told.outcome, "says": told.says, **counts}))


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
        take_back_rows(db.session(), batch, unattended.quiet)
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
            rollup.repair(db.session())
            click.echo("Repaired: the rollup was made anew from the rows.")
        db.session.rollback()
    if found and not repair:
        raise click.exceptions.Exit(1)
    if not found:
        click.echo("The rollup agrees with the rows.")


def _progress() -> Checkpoint:
    """A checkpoint that says how far it is, once for each step."""
    told = ""

    def checkpoint(done: int, total: int) -> None:
        nonlocal told
        commit()
        says = f"{done:,} of {total:,} rows"
        if total and says != told:
            told = says
            click.echo(says, err=True)

    return checkpoint
