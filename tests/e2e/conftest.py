"""For the browser tests: a running server with demonstration data, a page that tolerates no fault, and axe."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.browser import axe_source, launch
from tests.databases import Databases

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 90
# What axe must not find: the success criteria of WCAG 2.0 to 2.2, levels A and AA.
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="session")
def live_server(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server started as a person starts it: migrated, with demonstration data and a worker."""
    folder = tmp_path_factory.mktemp("live")
    port = _free_port()
    env = {
        **os.environ,
        "DATABASE_URL": databases.create(),
        "DATA_DIR": str(folder / "data"),
        "SECRET_KEY": "a key for the browser tests only, long enough",
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "serve"]
    with (folder / "server.log").open("wb") as log:
        # A process group of its own, so that web and worker processes can be ended together.
        server = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_it_answers(address, server, folder / "server.log")
        yield address
    finally:
        _end_group(server)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests; each test gets a fresh profile in it."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, live_server: str) -> Iterator[Page]:
    """A page of a fresh profile. The test fails when the console shows an error or warning, or a script fails."""
    context = browser.new_context(base_url=live_server, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    faults: list[str] = []

    def keep(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            faults.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    # Before the first page: what the content security policy refuses is only ever said here.
    page.on("console", keep)
    page.on("pageerror", lambda error: faults.append(f"script failed: {error}"))
    yield page
    context.close()
    assert not faults, "\n".join(faults)


@pytest.fixture
def axe(page: Page) -> Callable[[], list[str]]:
    """Finds the accessibility faults of what the page shows now: one line for each, so an empty list is good."""

    def check() -> list[str]:
        # Evaluated by the debugger, so the page's content security policy needs no exception for it.
        page.evaluate(axe_source())
        found = page.evaluate("tags => axe.run({runOnly: tags})", WCAG)
        return [f"{fault['id']}: {fault['help']} {_where(fault)}" for fault in found["violations"]]

    return check


def _where(fault: dict[str, Any]) -> list[Any]:
    return [node["target"] for node in fault["nodes"]]


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
    _end_group(server)
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
