"""Taking in a large workbook, whole: read, looked through for patients, its rows kept; beside a bare reader of it."""

import statistics
import sys
from datetime import datetime
from pathlib import Path

import xlsxwriter

from tests.bench import events
from tests.bench.figures import spread
from tests.bench.organization import migrated
from tests.bench.processes import Run, run_measured
from tests.bench.report import Rows, say
from tests.bench.scale import Scale

DAYS, NUMBERS = {"Referral Date", "Appt Date"}, {"Referring NPI", "Paid Amount"}


def write(path: Path, rows: int) -> None:
    """The same events as an Excel workbook, with real dates and numbers, all texts shared as Excel does."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet, day = book.add_worksheet("Referrals"), book.add_format({"num_format": "mm/dd/yyyy"})
        sheet.write_row(0, 0, events.HEAD)
        for n, row in enumerate(events.events(rows, events.sources()), start=1):
            for at, (name, cell) in enumerate(zip(events.HEAD, row, strict=True)):
                if name in DAYS and cell and not cell.startswith("02/30"):
                    sheet.write_datetime(n, at, datetime.strptime(cell, "%m/%d/%Y"), day)  # noqa: DTZ007 a day
                elif name in NUMBERS and cell:
                    sheet.write_number(n, at, float(cell))
                else:
                    sheet.write_string(n, at, cell)


def measure(kind: str, bench_dir: Path, scale: Scale) -> Rows:
    """Both by turns, each time in a process of its own."""
    runs: dict[str, list[Run]] = {"bare": [], "whole": []}
    with migrated(kind, bench_dir) as fresh, fresh.database() as made:
        path = fresh.folder / "events.xlsx"
        write(path, scale.workbook)
        for _ in range(scale.workbook_runs):
            for how, found in runs.items():
                found.append(run_measured([sys.executable, "-m", "tests.bench.reading", how, str(path)], made.env))
                say(f"{how}: {found[-1].output.strip()} s, {found[-1].memory}")
        size = path.stat().st_size / 1e6
    bare, whole = ([float(run.output.splitlines()[-1]) for run in found] for found in runs.values())
    ratio = statistics.median(whole) / statistics.median(bare)
    return [
        (f"*Floor: python-calamine reads {scale.workbook:,} rows ({size:.1f} MB)*", spread(bare)),
        ("Rounds takes them in: reads them, looks for patients, keeps the rows", spread(whole)),
        ("Times the floor", f"{ratio:.1f}×"),
        ("Peak memory: the largest process; all, what they share in shares", str(runs["whole"][-1].memory)),
    ]
