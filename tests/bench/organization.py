"""The databases that are measured: the demo organization, made by the program's own commands and kept for later, or
databases that were only migrated."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.databases import Databases, PostgresqlDatabases, SqliteDatabases
from tests.postgresql_server import postgresql_server

ROOT = Path(__file__).parents[2]
SECRET = "only-for-benchmarks-on-this-machine-0123456789"
LINE = re.compile(r"(\S+@\S+)\s+(\S+)$")


@dataclass(frozen=True)
class Organization:
    """A database, the demo organization's or an empty one, and the folder of its data, with the demo's passwords."""

    kind: str
    url: str
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """The environment in which the program works on it."""
        own = {"DATABASE_URL": self.url, "DATA_DIR": str(self.folder), "SECRET_KEY": SECRET, "LOG_LEVEL": "WARNING"}
        return {**os.environ, **own}

    def password(self, who: str) -> tuple[str, str]:
        """The address and the password of a demo person."""
        text = (self.folder / "demo-passwords.txt").read_text(encoding="utf-8")
        known = dict(match.groups() for line in text.splitlines() if (match := LINE.search(line.strip())))
        email = next(email for email in known if email.startswith(f"{who}@"))
        return email, known[email]

    def flask(self, *arguments: str) -> str:
        """Run a command of the program; returns what it prints."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout


@contextmanager
def organization(kind: str, scale: str, bench_dir: Path) -> Iterator[Organization]:
    """A fresh database of a kind with the demo organization; gone after the block."""
    with _run_folder(kind, bench_dir) as folder:
        if kind == "sqlite":
            yield _copy_of_sqlite(scale, bench_dir, folder)
            return
        with postgresql_server(careless=False) as server:
            made = Organization(kind, PostgresqlDatabases(server, "bench").create(), folder)
            _fill(made, scale)
            yield made


@dataclass(frozen=True)
class Migrated:
    """Gives out databases that were only migrated."""

    kind: str
    folder: Path
    databases: Databases
    template: str

    @contextmanager
    def database(self) -> Iterator[Organization]:
        """A new one; gone after the block."""
        made = Organization(self.kind, self.databases.copy(self.template), self.folder)
        try:
            yield made
        finally:
            self.databases.drop(made.url)


@contextmanager
def migrated(kind: str, bench_dir: Path) -> Iterator[Migrated]:
    """Databases of a kind; everything is gone after the block."""
    with ExitStack() as stack:
        folder = stack.enter_context(_run_folder(kind, bench_dir))
        databases: Databases = SqliteDatabases(folder)
        if kind == "postgresql":
            server = stack.enter_context(postgresql_server(careless=False))
            databases = PostgresqlDatabases(server, "bench")
        template = databases.create()
        Organization(kind, template, folder).flask("db", "upgrade")
        yield Migrated(kind, folder, databases, template)


@contextmanager
def _run_folder(kind: str, bench_dir: Path) -> Iterator[Path]:
    folder = bench_dir / f"run-{kind}-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_of_sqlite(scale: str, bench_dir: Path, folder: Path) -> Organization:
    kept = bench_dir / f"sqlite-{scale}-{_version()}"
    if not (kept / "demo-passwords.txt").is_file():
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        _fill(Organization("sqlite", f"sqlite:///{kept / 'rounds.sqlite3'}", kept), scale)
    for path in kept.iterdir():
        shutil.copyfile(path, folder / path.name)
    return Organization("sqlite", f"sqlite:///{folder / 'rounds.sqlite3'}", folder)


def _fill(made: Organization, scale: str) -> None:
    print(f"Making the {scale} demo organization on {made.kind} ...", file=sys.stderr, flush=True)
    made.flask("db", "upgrade")
    made.flask("demo", "create", "--scale", scale)
    if made.kind == "postgresql":
        _analyze(made.url)


def _analyze(url: str) -> None:
    """What autovacuum does within a minute of such a change on a real server."""
    import psycopg

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _version() -> str:
    """Changes whenever the schema or the demo changes, so that an old copy is not measured."""
    paths = [*ROOT.glob("crm/demo/*.py"), *ROOT.glob("crm/*/models.py"), *ROOT.glob("migrations/versions/*.py")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(paths))).hexdigest()[:12]
