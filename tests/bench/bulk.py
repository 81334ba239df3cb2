"""Bulk work: importing referrals by the command line beside a bare insert of the same rows, and exporting contacts."""

import csv
import json
import re
import sqlite3
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import psycopg
from sqlalchemy import create_engine, text

from tests.bench.figures import Figure
from tests.bench.organization import Organization
from tests.bench.site import Browser, run_measured
from tests.bench.waiting import Saver

HEAD = (
    "Referral Date", "Referring Practice", "Referring NPI", "Department", "Location", "Insurance Class", "Status",
    "Appt Date", "Paid Amount",
)  # fmt: skip
LINES = ("Cardiology", "Orthopedics", "Imaging", "Pain", "Sleep")
SITES = ("Harbor Worthington", "Harbor Downtown", "Harbor Grove City", "Harbor Dublin")
EXPORT_SECONDS = 300
LEADS_TO = re.compile(r"/exports/(\d+)")


class Import(NamedTuple):
    """What an import took, and what a bare insert of the same rows takes."""

    rows: int
    seconds: float
    megabytes: float
    bare_seconds: float
    again_seconds: float
    back_seconds: float
    waits: Figure
    longest: float
    counts: dict[str, int]

    @property
    def ratio(self) -> float:
        """How many times as long as the bare insert."""
        return self.seconds / self.bare_seconds


class Export(NamedTuple):
    """What an export took from the order to the finished file."""

    rows: int
    seconds: float
    bytes: int


def write_events(made: Organization, path: Path, rows: int, today: date) -> None:
    """A file of referral events of the last month, from practices and providers of the organization, 2 % unknown."""
    engine = create_engine(made.url)
    with engine.connect() as connection:
        query = text(
            "SELECT p.name, r.npi FROM practice p JOIN affiliation a ON a.practice_id = p.id "
            "JOIN provider r ON r.id = a.provider_id WHERE r.npi IS NOT NULL AND a.ends_on IS NULL ORDER BY p.id, r.id"
        )
        sources = [tuple(row) for row in connection.execute(query)]
    engine.dispose()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        for n in range(rows):
            name, npi = sources[n * 7919 % len(sources)] if n % 50 else (f"Unknown Clinic {n % 37}", "")
            received = today - timedelta(days=20 + n % 28)
            seen = received + timedelta(days=1 + n % 17)
            paid = f"{100 + n % 900}.{n % 100:02d}"
            writer.writerow((received, name, npi, LINES[n % 5], SITES[n % 4], "Medicare", "Seen", seen, paid))


def measure_import(made: Organization, path: Path, rows: int) -> Import:
    """Import the file with the program's own command while somebody saves, then once more, and take it back; insert it
    bare into a table beside."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "referrals"]
    with Saver(made) as saver:
        output, seconds, megabytes = run_measured([*command, "import", str(path), "--json"], made.env)
        counts = json.loads(output.strip().splitlines()[-1])
        _, again, _ = run_measured([*command, "import", str(path), "--json"], made.env)
        _, back, _ = run_measured([*command, "take-back", str(counts["batch"]), "--yes"], made.env)
    bare = (_bare_copy if made.kind == "postgresql" else _bare_executemany)(made, path)
    return Import(rows, seconds, megabytes, bare, again, back, saver.waits, saver.longest, counts)


def _bare_executemany(made: Organization, path: Path) -> float:
    connection = sqlite3.connect(made.url.removeprefix("sqlite:///"))
    connection.execute(f"CREATE TABLE bare ({', '.join(f'c{n} TEXT' for n in range(len(HEAD)))})")
    began = time.perf_counter()
    with path.open(newline="", encoding="utf-8") as file, connection:
        reader = csv.reader(file)
        next(reader)
        connection.executemany(f"INSERT INTO bare VALUES ({', '.join('?' * len(HEAD))})", reader)
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


def _bare_copy(made: Organization, path: Path) -> float:
    with psycopg.connect(made.url.replace("+psycopg", "")) as connection:
        connection.execute(f"CREATE TABLE bare ({', '.join(f'c{n} TEXT' for n in range(len(HEAD)))})".encode())
        began = time.perf_counter()
        with path.open("rb") as file, connection.cursor().copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy:
            while data := file.read(1 << 16):
                copy.write(data)
        connection.commit()
        return time.perf_counter() - began


def measure_export(browser: Browser, file_format: str) -> Export:
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
    while time.perf_counter() - began < EXPORT_SECONDS:
        status, body, _, _ = browser.ask("GET", file)
        if status == 200:
            return Export(body.count(b"\n"), time.perf_counter() - began, len(body))
        time.sleep(0.05)
    raise SystemExit("the export did not finish")
