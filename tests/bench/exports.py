"""Exporting contacts: from the order on the page until the worker has made the file."""

import re
import time
from typing import NamedTuple

from tests.bench.site import Browser

SECONDS = 300
LEADS_TO = re.compile(r"/exports/(\d+)")


class Export(NamedTuple):
    """What an export took from the order to the finished file."""

    rows: int
    seconds: float
    bytes: int

    def __str__(self) -> str:
        """`1.2 s, 2.5 MB`."""
        return f"{self.seconds:.1f} s, {self.bytes / 1e6:.1f} MB"


def measure(browser: Browser, file_format: str) -> Export:
    """Order a file of all contacts over HTTP and wait until the worker has made it."""
    where = "/exports/new?who=contacts&channel=email"
    form = [
        ("csrf_token", browser.token(where)), ("title", "Everybody"), ("purpose", "Benchmark"),
        ("file_format", file_format),
        *(("columns", name) for name in ("first_name", "last_name", "role", "practice", "city", "state", "zip")),
    ]  # fmt: skip
    began = time.perf_counter()
    status, _, location, _ = browser.ask("POST", where, form)
    found = LEADS_TO.search(location)
    if found is None:
        raise SystemExit(f"ordering an export answered {status}")
    file = f"/exports/{found.group(1)}/file"
    while time.perf_counter() - began < SECONDS:
        status, body, _, _ = browser.ask("GET", file)
        if status == 200:
            return Export(body.count(b"\n"), time.perf_counter() - began, len(body))
        time.sleep(0.05)
    raise SystemExit("the export did not finish")
