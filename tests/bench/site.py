"""The running program that is measured, and a browser that is as quick as Python can make one."""

import http.client
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.bench.organization import ROOT, Organization
from tests.bench.processes import peak_megabytes

START_SECONDS = 60
WORKERS, THREADS = 2, 4
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
BOUNDARY = "rounds-benchmark-0a1b2c3d4e5f"
Answer = tuple[int, bytes, str, float]


@dataclass
class Browser:
    """One person with one kept-alive connection."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    _line: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, form: list[tuple[str, str]] | None = None) -> Answer:
        """One request: status, body, where it leads, and the seconds until the last byte."""
        if form is None:
            return self._send(method, path, None, "")
        return self._send(method, path, urlencode(form).encode(), "application/x-www-form-urlencoded")

    def upload(self, path: str, name: str, data: bytes) -> Answer:
        """Send a file by the form of a page, and nothing else with it."""
        parts = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self.token(path)}\r\n'
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = parts.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
        return self._send("POST", path, body, f"multipart/form-data; boundary={BOUNDARY}")

    def _send(self, method: str, path: str, body: bytes | None, content_type: str) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            answer, content, seconds = self._exchange(method, path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionError):
            # The server hangs up after two idle seconds.
            self.close()
            answer, content, seconds = self._exchange(method, path, body, headers)
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        return answer.status, content, answer.headers.get("Location", ""), seconds

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes, float]:
        if self._line is None:
            self._line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        began = time.perf_counter()
        self._line.request(method, path, body, headers)
        answer = self._line.getresponse()
        content = answer.read()
        return answer, content, time.perf_counter() - began

    def get(self, path: str) -> float:
        """Seconds of a page that must be there."""
        status, body, _, seconds = self.ask("GET", path)
        if status != http.client.OK or not body:
            raise SystemExit(f"{path} answered {status}: it cannot be measured")
        return seconds

    def token(self, path: str) -> str:
        """The CSRF token of a page."""
        _, body, _, _ = self.ask("GET", path)
        found = TOKEN.search(body.decode())
        if found is None:
            raise SystemExit(f"{path} has no form")
        return found.group(1)

    def sign_in(self, email: str, password: str) -> "Browser":
        """Sign in as a person does."""
        form = [("csrf_token", self.token("/sign-in")), ("email", email), ("password", password)]
        status, _, _, _ = self.ask("POST", "/sign-in", form)
        if status != http.client.FOUND:
            raise SystemExit(f"signing in answered {status}")
        return self

    def twin(self) -> "Browser":
        """The same person on another connection."""
        return Browser(self.port, dict(self.cookies))

    def close(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line.close()
            self._line = None


@dataclass(frozen=True)
class Site:
    """A server that answers."""

    port: int
    process: "subprocess.Popen[bytes]"
    browsers: list[Browser] = field(default_factory=list)

    def browser(self, made: Organization, who: str = "") -> Browser:
        """Somebody's signed-in browser, or nobody's; it is closed when the server stops."""
        self.browsers.append(Browser(self.port))
        return self.browsers[-1].sign_in(*made.password(who)) if who else self.browsers[-1]

    def peak_megabytes(self) -> float | None:
        """The peak memory of all its processes together; only Linux tells."""
        return peak_megabytes(self.process.pid)


@contextmanager
def program(made: Organization) -> Iterator[Site]:
    """The whole program as `make run` starts it: web server and worker."""
    with _served([sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--no-demo"], made, "/sign-in") as site:
        yield site


@contextmanager
def floor(made: Organization) -> Iterator[Site]:
    """The bare page of tests/bench/floor.py behind the same web server."""
    port = _free_port()
    workers = ["--worker-class", "gthread", "--workers", str(WORKERS), "--threads", str(THREADS)]
    command = [sys.executable, "-m", "gunicorn", "tests.bench.floor:app", *workers, "--no-control-socket"]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    with _served(command, made, "/", port) as site:
        yield site


@contextmanager
def _served(command: list[str], made: Organization, path: str, port: int = 0) -> Iterator[Site]:
    port = port or _free_port()
    env = {**made.env, "PORT": str(port), "HOST": "127.0.0.1", "WEB_WORKERS": str(WORKERS), "WEB_THREADS": str(THREADS)}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    try:
        _wait_until_answers(port, path, process)
        site = Site(port, process)
        yield site
        for browser in site.browsers:
            browser.close()
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_answers(port: int, path: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode}")
        browser = Browser(port)
        try:
            browser.get(path)
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        else:
            return
        finally:
            browser.close()
    raise SystemExit("the server does not answer")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
