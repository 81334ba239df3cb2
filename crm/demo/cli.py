"""Commands of the demo organization: `flask --app wsgi demo create`."""

from datetime import date, datetime

import click
from flask import current_app

from crm.core import clock, formats
from crm.core.commands import Commands
from crm.core.db import commit, db
from crm.core.errors import RoundsError
from crm.demo import services
from crm.demo.scale import SCALES

cli = Commands("demo", help="The invented organization for trying Rounds.")


@cli.command("create")
@click.option("--scale", type=click.Choice(list(SCALES)), default="small", show_default=True)
@click.option("--seed", type=click.IntRange(0), default=services.DEFAULT_SEED, show_default=True)
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day that counts as today.")
def create(scale: str, seed: int, today: datetime | None) -> None:
    """Fill an empty database with the demo organization."""
    day: date = today.date() if today else clock.today()
    data_dir = current_app.config["ROUNDS"].data_dir
    started = clock.stopwatch()
    try:
        made = services.create_demo(db.session(), scale=scale, data_dir=data_dir, seed=seed, today=day)
    except RoundsError as problem:
        db.session.rollback()
        raise click.ClickException(problem.says) from None
    commit()
    counts = ", ".join(
        f"{formats.number(made.counts[table])} {words}"
        for table, words in (("practice", "practices"), ("visit", "visits"), ("referral", "referrals"))
    )
    click.echo(f"Made the demo organization: {counts}, in {formats.span(clock.stopwatch() - started)}.")
    click.echo(services.password_file(data_dir).read_text(encoding="utf-8"))
