"""`kill -9` at random moments of imports, takings back and repairs: more of what the kill tests do."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from tests.bench.organization import Organization
from tests.bench.report import Rows, say
from tests.bench.scale import Scale
from tests.cast import practice, provider
from tests.databases import PostgresqlDatabases, SqliteDatabases
from tests.postgresql_server import postgresql_server
from tests.referrals.files import OKONJO
from tests.referrals.killing import Kills, cut_small, kill_jobs, kill_repairs


def measure(kind: str, _bench_dir: Path, scale: Scale) -> Rows:
    """All kills on one kind of database; how many, and what was wrong after them."""
    from crm.referrals.models import ImportState

    works: dict[str, Callable[[Flask, pytest.MonkeyPatch], Kills]] = {
        "Import": lambda app, patch: kill_jobs(app, patch, ImportState.RUNNING, scale.kills),
        "Taking back": lambda app, patch: kill_jobs(app, patch, ImportState.TAKING_BACK, scale.kills),
        "Repair of the rollup": lambda app, patch: kill_repairs(app, patch, scale.kills),
    }
    with _app(kind) as app:
        return [_killed(app, label, work) for label, work in works.items()]


def _killed(app: Flask, label: str, work: Callable[[Flask, pytest.MonkeyPatch], Kills]) -> tuple[str, str]:
    began = time.perf_counter()
    with pytest.MonkeyPatch.context() as patch:
        cut_small(patch)
        kills = work(app, patch)
    say(f"{label}: {kills.count} kills in {time.perf_counter() - began:.0f} s")
    for fault in kills.faults:
        say(f"  {fault}")
    said = f"{kills.count} kills, {kills.undone} before it showed, {kills.done} after; {len(kills.faults)} failures"
    return f"{label}, killed", said


@contextmanager
def _app(kind: str) -> Iterator[Flask]:
    """The program on a new database with one practice and its clinician."""
    from config import Config
    from crm.accounts.services import set_up_organization
    from crm.app import create_app
    from crm.core.db import db

    with _database(kind) as made:
        made.flask("db", "upgrade")
        app = create_app(Config.for_tests(database_url=made.url, data_dir=made.folder))
        with app.app_context():
            session = db.session()
            set_up_organization(session, name="Harbor Specialty Group")
            provider(session, "Nadia", "Okonjo", OKONJO, practice(session, "Olentangy Family Medicine", None))
            session.commit()
            yield app
            db.session.remove()
            db.engine.dispose()


@contextmanager
def _database(kind: str) -> Iterator[Organization]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if kind == "sqlite":
            yield Organization(kind, SqliteDatabases(folder).create(), folder)
            return
        with postgresql_server() as server:
            yield Organization(kind, PostgresqlDatabases(server, "kills").create(), folder)
