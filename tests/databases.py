"""Real databases for tests, benchmarks and development: SQLite files, or a PostgreSQL server of our own.

`TEST_DATABASE=postgresql pytest` chooses PostgreSQL; SQLite is the default.
`python -m tests.databases postgresql` prints the URL of an empty database and keeps it until Ctrl-C.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from tests.postgresql_server import postgresql_server

KINDS = ("sqlite", "postgresql")
SERVER_URL = "TEST_POSTGRESQL_URL"


def chosen_kind() -> str:
    """Which database this run of the tests uses."""
    kind = os.environ.get("TEST_DATABASE") or "sqlite"
    if kind not in KINDS:
        raise SystemExit(f"TEST_DATABASE must be one of {', '.join(KINDS)}, not {kind!r}")
    return kind


class Databases(Protocol):
    """Databases of one kind, for one test process."""

    def create(self) -> str:
        """Make an empty database; returns its URL."""

    def copy(self, url: str) -> str:
        """Make a copy of a database that nobody is connected to; returns the URL of the copy."""

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""


class SqliteDatabases:
    """SQLite files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def create(self) -> str:
        """The URL of a file that SQLite makes when it is first opened."""
        return f"sqlite:///{self._folder / f'test-{next(self._numbers)}.sqlite3'}"

    def copy(self, url: str) -> str:
        """Copy the file."""
        new = self.create()
        shutil.copyfile(_path(url), _path(new))
        return new

    def drop(self, url: str) -> None:
        """Remove the file and what SQLite keeps beside it."""
        for suffix in ("", "-wal", "-shm", "-journal"):
            _path(url + suffix).unlink(missing_ok=True)


class PostgresqlDatabases:
    """Databases on a running PostgreSQL server."""

    def __init__(self, server_url: str, prefix: str) -> None:
        self._server = make_url(server_url).set(drivername="postgresql")
        self._prefix = prefix
        self._numbers = count(1)

    def create(self) -> str:
        """Create an empty database."""
        return self._create("template0")

    def copy(self, url: str) -> str:
        """Let the server copy a database, which takes a tenth of the time of its migrations."""
        return self._create(str(make_url(url).database))

    def drop(self, url: str) -> None:
        """Drop a database and end the connections to it."""
        self._run(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(str(make_url(url).database)))
        )

    def _create(self, template: str) -> str:
        # The process number keeps two test runs on one server apart.
        name = f"{self._prefix}_{os.getpid()}_{next(self._numbers)}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        url = self._server.set(drivername="postgresql+psycopg", database=name)
        return url.render_as_string(hide_password=False)

    def _run(self, statement: sql.Composed) -> None:
        address = self._server.render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement)


def databases_for(kind: str, *, folder: Path, prefix: str) -> Databases:
    """The databases of the chosen kind; PostgreSQL's server was started by `server_for_tests`."""
    if kind == "postgresql":
        return PostgresqlDatabases(os.environ[SERVER_URL], prefix)
    return SqliteDatabases(folder)


@contextmanager
def server_for_tests() -> Iterator[str]:
    """One server for a whole test run, in a process that ends with ours even if ours is killed."""
    command = [sys.executable, "-m", "tests.postgresql_server"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the server's process has no pipes")
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise SystemExit("PostgreSQL for the tests did not start; its message is above")
        yield url
    finally:
        process.stdin.close()
        process.wait(timeout=60)
        process.stdout.close()


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def main() -> None:
    """Keep a server running for a benchmark or for development, until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.databases", description=main.__doc__)
    parser.add_argument("kind", choices=["postgresql"])
    parser.add_argument("--durable", action="store_true", help="write to disk as a real server does (for benchmarks)")
    careless = not parser.parse_args().durable
    # Also when ended by a plain kill: stop the server and remove its files.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with postgresql_server(careless=careless) as url:
        print(f"DATABASE_URL={PostgresqlDatabases(url, 'rounds').create()}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("Stopping PostgreSQL ...", file=sys.stderr)


if __name__ == "__main__":
    main()
