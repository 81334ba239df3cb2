"""A running Rounds for the browser tests: started as a person starts it, and ended with its worker."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 90
# The person of the demo who stands for each role.
PEOPLE = {
    "liaison": "dana@harborspecialty.example",
    "manager": "maren@harborspecialty.example",
    "marketing": "priya@harborspecialty.example",
    "analyst": "arjun@harborspecialty.example",
    "compliance": "carol@harborspecialty.example",
    "admin": "adam@harborspecialty.example",
}


@dataclass
class Live:
    """A server that answers. `states` keeps the cookies of the roles that have signed in already."""

    address: str
    data_dir: Path
    env: dict[str, str]
    states: dict[str, object] = field(default_factory=dict)

    def password_of(self, email: str) -> str:
        """The password that this server made for a person of its demo."""
        lines = (self.data_dir / "demo-passwords.txt").read_text(encoding="utf-8").splitlines()
        return next(line.split()[-1] for line in lines if email in line.split())


@contextmanager
def serving(data_dir: Path, database_url: str, *options: str) -> Iterator[Live]:
    """Run `serve` on a free port until the block ends."""
    env = environment(data_dir, database_url)
    with _started([sys.executable, "-m", "flask", "--app", "wsgi", "serve", *options], env, data_dir) as address:
        yield Live(address, data_dir, env)


def environment(data_dir: Path, database_url: str) -> dict[str, str]:
    """The settings of a server and of the commands beside it."""
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "DATA_DIR": str(data_dir),
        "SECRET_KEY": "a key for the browser tests only, long enough",
        "HOST": "127.0.0.1",
        "PORT": str(_free_port()),
    }


def command(env: dict[str, str], *words: str) -> str:
    """Run one of Rounds' commands; returns what it says."""
    line = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    return subprocess.run(line, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout


@contextmanager
def _started(command: list[str], env: dict[str, str], data_dir: Path) -> Iterator[str]:
    data_dir.mkdir(parents=True, exist_ok=True)
    address, log = f"http://127.0.0.1:{env['PORT']}", data_dir / "server.log"
    with log.open("wb") as output:
        # A process group of its own, so that web and worker processes can be ended together.
        server = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait_until_it_answers(address, server, log)
        yield address
    finally:
        _end_group(server)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urlopen(address, timeout=5).close()  # noqa: S310 our own address
        except HTTPError:
            return  # an answer, if not a welcome
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')}")


def _end_group(server: "subprocess.Popen[bytes]") -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, how)
            server.wait(timeout=20)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
