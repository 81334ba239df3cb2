"""`flask --app wsgi doctor`: what is set up, what is not, and what to do about it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from config import Config
from crm.accounts import queries as accounts
from crm.core import engine
from crm.core.db import db
from crm.jobs import queries as jobs

OK, ADVICE, WRONG = "ok", "advice", "wrong"
Finding = tuple[str, str]


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Check this installation. Ends with status 1 when something is wrong."""
    findings = list(_findings(current_app.config["ROUNDS"]))
    for kind, says in findings:
        click.echo(f"{ {OK: 'ok     ', ADVICE: 'advice ', WRONG: 'WRONG  '}[kind] }{says}")
    if any(kind == WRONG for kind, _ in findings):
        sys.exit(1)


def _findings(config: Config) -> Iterator[Finding]:
    yield OK, f"Python {sys.version.split()[0]}"
    try:
        with db.engine.connect() as connection:
            found = engine.report(connection)
            revision = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError:
        yield WRONG, "The database does not answer. Check DATABASE_URL, and that its server runs."
        return
    yield OK, f"Database: {found.dialect} {found.version} {found.journal}".rstrip()
    if found.warning:
        yield ADVICE, found.warning
    yield from _schema(revision)
    if revision is not None:
        yield from _content()
    yield from _settings(config)


def _schema(revision: str | None) -> Iterator[Finding]:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(Path(current_app.root_path) / "migrations"))
    head = ScriptDirectory.from_config(settings).get_current_head()
    if revision == head:
        yield OK, f"Schema: at {head}, the newest"
    else:
        yield WRONG, f"Schema: at {revision or 'nothing'}, the newest is {head}. Run: flask --app wsgi db upgrade"


def _content() -> Iterator[Finding]:
    organization = accounts.find_organization(db.session())
    if organization is None or not accounts.count_users(db.session()):
        yield ADVICE, "Nobody can sign in yet. Run: flask --app wsgi users create-admin"
        return
    yield OK, f"Organization: {organization.name}, time zone {organization.time_zone}"
    if organization.is_demo:
        yield ADVICE, "This is the demo organization: invented people only. Use another DATA_DIR for real work."
    waiting = jobs.count_waiting(db.session())
    if waiting:
        yield ADVICE, f"{waiting} jobs wait. They run while `flask --app wsgi serve` (or `work`) runs."


def _settings(config: Config) -> Iterator[Finding]:
    yield OK, f"Data directory: {config.data_dir}"
    if config.secure_cookies:
        yield OK, "Cookies are sent over HTTPS only"
    elif config.host not in ("127.0.0.1", "localhost", "::1"):
        yield WRONG, "Served beyond this machine without HTTPS. Put a TLS proxy in front and set SECURE_COOKIES=yes."
    else:
        yield (
            ADVICE,
            "Served on this machine only. Before others use it: HTTPS and SECURE_COOKIES=yes (docs/DEPLOY.md).",
        )
    yield ADVICE, "Disk encryption: Rounds cannot see it. SQLite files are plain, so keep them on an encrypted disk."
    if not config.map_tiles_url:
        yield ADVICE, "Maps have no streets: set MAP_TILES_URL to your tile server if you want them."
