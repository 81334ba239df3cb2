"""Hostile workbooks of five megabytes, uploaded to the running site while somebody else asks for a page."""

import html
import io
import random
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from crm.referrals.importing.workbook import FAULTS
from tests.bench.figures import alone, figure, spread
from tests.bench.organization import organization
from tests.bench.processes import Memory
from tests.bench.report import Rows, say
from tests.bench.scale import Scale
from tests.bench.site import Browser, program
from tests.referrals.files import workbook

PAGE, UPLOAD = "/directory/practices/1", "/referrals/imports/new"
MEGABYTE = 1_000_000
SHEET = "xl/worksheets/sheet1.xml"
OPEN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
CLOSE = b"</sheetData></worksheet>"


def bomb() -> bytes:
    """A sheet that unpacks to five gigabytes of blanks."""

    def fill(part: IO[bytes]) -> None:
        blank = b" " * MEGABYTE
        for _ in range(5_000):
            part.write(blank)

    return _workbook(fill)


def cells() -> bytes:
    """A sheet of more than five million cells, which says nothing of its size."""

    def fill(part: IO[bytes]) -> None:
        chance, texts = random.Random(20_261_122), [b"<c><v>%d</v></c>" % (n % 16) for n in range(256)]
        for _ in range(52_000):
            part.write(b"<row>" + b"".join(map(texts.__getitem__, chance.randbytes(100))) + b"</row>")

    return _workbook(fill)


BOOKS: dict[str, Callable[[], bytes]] = {"A sheet that unpacks to 5 GB": bomb, "5,200,000 cells": cells}


def _workbook(fill: Callable[[IO[bytes]], None]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        with zipfile.ZipFile(io.BytesIO(workbook({"S": [["a"]]}))) as good:
            for member in good.infolist():
                if member.filename != SHEET:
                    book.writestr(member, good.read(member))
        with book.open(SHEET, "w", force_zip64=True) as part:
            part.write(OPEN)
            fill(part)
            part.write(CLOSE)
    return packed.getvalue()


class Reader:
    """Somebody who asks for a page again and again, from entering to leaving the block."""

    def __init__(self, browser: Browser) -> None:
        self._browser, self.seconds = browser, list[float]()
        self._is_over, self._thread = threading.Event(), threading.Thread(target=self._read)

    def __enter__(self) -> "Reader":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _read(self) -> None:
        while not self._is_over.is_set():
            self.seconds.append(self._browser.get(PAGE))


def measure(kind: str, bench_dir: Path, scale: Scale) -> Rows:
    """Each workbook some times, and some seconds long, one upload after the other."""
    books = {what: make() for what, make in BOOKS.items()}
    with organization(kind, "small", bench_dir) as made, program(made) as site:
        sender, reader = site.browser(made, "maren"), site.browser(made, "maren")
        quiet = alone(reader, PAGE, scale.runs)
        rows = [("A practice's page with nothing else running, ms, median / 95th percentile", str(quiet))]
        for what, data in books.items():
            rows += _uploads(what, data, sender, reader, site.process.pid, scale)
    return rows


def _uploads(what: str, data: bytes, sender: Browser, reader: Browser, server: int, scale: Scale) -> Rows:
    took: list[float] = []
    alone(reader, PAGE, 5)
    with Reader(reader) as page, Memory(server, "workbook_child") as child:
        while len(took) < scale.uploads or sum(took) < scale.upload_seconds:
            says, seconds = _refused(sender, data)
            took.append(seconds)
    say(f"{what}: {len(took)} uploads, {len(page.seconds)} pages, {says}")
    return [
        (f"**{what}, a file of {len(data) / MEGABYTE:.1f} MB**", ""),
        (f"Refused: {says}", f"after {spread(took)}"),
        ("The page meanwhile, ms, median / 95th percentile", str(figure(page.seconds))),
        ("Memory of the process that reads the file", f"{child.largest:,.0f} MB" if child.largest else "–"),
    ]


def _refused(sender: Browser, data: bytes) -> tuple[str, float]:
    began = time.perf_counter()
    status, body, _, _ = sender.upload(UPLOAD, "hostile.xlsx", data)
    seconds, text = time.perf_counter() - began, html.unescape(body.decode())
    for says in FAULTS.values():
        if status == 422 and says in text:
            return says, seconds
    raise SystemExit(f"the upload of a hostile file answered {status}")
