"""Commands of market data: import a file of shared patients, take one back. They belong to the group `referrals`."""

import json
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from crm.accounts.viewer import SYSTEM
from crm.audit.trail import Actor
from crm.core import formats
from crm.core.commands import Commands
from crm.core.db import commit, db
from crm.core.errors import Invalid, RoundsError
from crm.referrals.list_filters import month_text, read_month
from crm.referrals.market import file_queries, services
from crm.referrals.market.models import MarketImport, MarketState
from crm.referrals.market.services import About
from crm.referrals.market.writing import take_back_market, withdraw_market, write_market
from crm.referrals.unattended import quiet

STOPPED = "The command was stopped. Nothing of the file was kept."


def add_to(group: Commands) -> None:
    """Put the commands into the group."""
    group.add_command(import_command)
    group.add_command(take_back_command)


@click.command("market-import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "first", help="The first month that the file is about, such as 2016-01.")
@click.option("--to", "last", help="The last month, such as 2016-12.")
@click.option("--source", help="Who made the file; the usual one for its layout if not given.")
@click.option("--replace", "is_replacing", is_flag=True, help="Put it in the place of an earlier one.")
@click.option("--json", "as_json", is_flag=True, help="End with one line of JSON.")
@with_appcontext
def import_command(
    file: Path,
    first: str | None,
    last: str | None,
    source: str | None,
    is_replacing: bool,  # noqa: FBT001 click's way
    as_json: bool,  # noqa: FBT001 click's way
) -> None:
    """Import a file of shared patients: DocGraph Hop Teaming or CMS shared patient patterns."""
    months = _month(first, "--from"), _month(last, "--to")
    db.session.info["actor"] = Actor(None, "Command line")
    try:
        with file.open("rb") as stream:
            batch = services.take_in(db.session(), SYSTEM, file.name, stream)
        twin = _describe(batch, months, source, is_replacing=is_replacing)
        result = _already(batch, twin) if twin else _write(batch)
    except RoundsError as problem:
        db.session.rollback()
        raise click.ClickException(problem.says or problem.title) from None
    if as_json:
        click.echo(json.dumps(result))


def _month(text: str | None, option: str) -> int | None:
    found = read_month(text or "")
    if text and found is None:
        raise click.BadParameter("write it as 2016-01", param_hint=option)
    return found


def _describe(
    batch: MarketImport, months: tuple[int | None, int | None], source: str | None, *, is_replacing: bool
) -> MarketImport | None:
    """Say what the file is about; the same file if that is in already and is not to be replaced."""
    first, last = months if any(months) else (batch.first_month, batch.last_month)
    if first is None or last is None:
        raise Invalid("The file does not say its months. Use --from and --to, such as --from 2016-01 --to 2016-12.")
    words = source or batch.source
    twin = file_queries.find_twin(db.session(), batch, words, first, last)
    if twin is not None and not is_replacing:
        if twin.content_hash == batch.content_hash:
            return twin
        raise Invalid(f"{services.twin_words(batch, twin)} Use --replace to put this one in its place.")
    services.describe(db.session(), batch, About(words, first, last, twin.id if twin else None))
    return None


def _already(batch: MarketImport, twin: MarketImport) -> dict[str, Any]:
    click.echo(f"{services.twin_words(batch, twin)} Nothing was changed; use --replace to import it again.")
    db.session.rollback()
    return _result(db.session.get_one(MarketImport, twin.id), is_new=False)


def _write(batch: MarketImport) -> dict[str, Any]:
    services.mark_running(db.session(), batch)
    import_id = batch.id
    commit()
    try:
        write_market(db.session(), import_id, _checkpoint)
    except BaseException:
        db.session.rollback()
        withdraw_market(db.session(), import_id, quiet, STOPPED)
        services.give_up(db.session(), db.session.get_one(MarketImport, import_id))
        commit()
        raise
    done = db.session.get_one(MarketImport, import_id)
    click.echo(
        f"Read {formats.plural(done.read_rows, 'row')}: {done.kept_rows:,} kept, {done.elsewhere_rows:,} elsewhere, "
        f"{done.refused_rows:,} with a problem."
    )
    click.echo(f"Batch {import_id}. Take it back with: flask --app wsgi referrals market-take-back {import_id}")
    return _result(done, is_new=True)


def _result(batch: MarketImport, *, is_new: bool) -> dict[str, Any]:
    return {
        "batch": batch.id, "is_new": is_new, "read": batch.read_rows, "kept": batch.kept_rows,
        "elsewhere": batch.elsewhere_rows, "refused": batch.refused_rows,
        "from": month_text(batch.first_month or 0), "to": month_text(batch.last_month or 0),
    }  # fmt: skip


@click.command("market-take-back")
@click.argument("batch", type=click.IntRange(1, 2**31 - 1))
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_appcontext
def take_back_command(batch: int, yes: bool) -> None:  # noqa: FBT001 click's way
    """Take a file of shared patients back whole."""
    db.session.info["actor"] = Actor(None, "Command line")
    found = db.session.get(MarketImport, batch)
    if found is None:
        raise click.ClickException(f"There is no market file {batch}.")
    if found.state not in (MarketState.DONE, MarketState.TAKING_BACK):
        raise click.ClickException(f"Market file {batch} cannot be taken back: {found.state.label.lower()}.")
    if not yes and not click.confirm(f"Take back {formats.plural(found.kept_rows, 'pair')} of {found.file_name}?"):
        raise click.Abort
    found.state = MarketState.TAKING_BACK
    commit()
    try:
        take_back_market(db.session(), batch, quiet)
    except RoundsError as problem:
        raise click.ClickException(problem.says) from None
    click.echo(f"Market file {batch} was taken back.")


def _checkpoint(done: int, total: int) -> None:
    commit()
    if total:
        click.echo(f"{done:,} of {total:,} pairs", err=True)
