"""The table of a benchmark run: for the console and for docs/BENCHMARKS.md."""

import os
import platform
import re
import sqlite3
import subprocess
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tests.bench.bulk import Export, Import
from tests.bench.figures import Figure

KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
# Measured in November 2026 on two cores with 250,000 contacts and 10 million referrals, median / p95 in ms, one person.
PEERS = (
    ("List, first page", "Flask floor 2.9 / 4.7, Flask-Admin 53 / 70, Directus 22 / 49 (all SQLite)"),
    ("List, first page, PostgreSQL", "Flask floor 33 / 51, Django admin 101 / 128, Superset 133 / 162"),
    ("List, far page", "Flask floor 89 / 121, Django admin 407 / 519, Flask-Admin 287 / 346, Directus 26 / 49"),
    ("Search for a name", "Django admin 689 / 724, Flask-Admin 823 / 1,122, Directus 67 / 104"),
    ("Chart from a rollup", "Flask floor 1.8 / 2.5, Superset 117 / 150 (52 / 67 cached)"),
    ("Export of 200,000 rows", "bare CSV writer 1.7 s, Django admin 12.8 s, Flask-Admin 18.4 s, Directus 16.8 s"),
    ("Import of 1,000,000 rows", "bare executemany 4.1 s, SQLAlchemy Core 12 s, full loader with upsert 14 s (SQLite)"),
)


@dataclass
class Results:
    """What was measured on one database."""

    kind: str
    pages: dict[str, Figure] = field(default_factory=dict)
    crowds: dict[str, Figure] = field(default_factory=dict)
    floor: Figure | None = None
    floor_crowd: Figure | None = None
    exports: dict[str, Export] = field(default_factory=dict)
    loaded: Import | None = None
    megabytes: float | None = None


def table(results: list[Results]) -> str:
    """All figures, the databases side by side."""
    head = ["", *(KINDS[result.kind] for result in results)]
    rows = [["**One person**, ms, median / 95th percentile", *[""] * len(results)]]
    rows += [[label, *(str(result.pages[label]) for result in results)] for label in results[0].pages]
    rows.append(["*Floor: a bare page of 50 practices*", *(str(result.floor) for result in results)])
    rows.append(["**Eight people at once**, ms, median / 95th percentile", *[""] * len(results)])
    rows += [[label, *(str(result.crowds[label]) for result in results)] for label in results[0].crowds]
    rows.append(["*Floor: the same bare page*", *(str(result.floor_crowd) for result in results)])
    rows.append(["**Bulk work**", *[""] * len(results)])
    for label in results[0].exports:
        rows.append([label, *(_export(result.exports[label]) for result in results)])
    rows += _import_lines(results)
    rows.append(["Peak memory, web server and worker together", *(_memory(result.megabytes) for result in results)])
    return "\n".join(_line(row) for row in (head, ["---", *["--:"] * len(results)], *rows))


def _import_lines(results: list[Results]) -> list[list[str]]:
    loads = [result.loaded for result in results if result.loaded is not None]
    if not loads:
        return []
    said = {
        f"Import of {loads[0].rows:,} referral events, command line": [
            f"{load.seconds:.1f} s, {load.megabytes:,.0f} MB" for load in loads
        ],
        "The same file again (nothing changes)": [f"{load.again_seconds:.1f} s" for load in loads],
        "The import taken back": [f"{load.back_seconds:.1f} s" for load in loads],
        "Somebody else saves meanwhile, ms, median / 95th percentile, longest": [
            f"{load.waits}, {load.longest:.0f}" for load in loads
        ],
        "*Floor: bare executemany (SQLite), bare COPY (PostgreSQL)*": [f"{load.bare_seconds:.2f} s" for load in loads],
        "Import, times the floor": [f"{load.ratio:.1f}×" for load in loads],
    }
    return [[label, *values] for label, values in said.items()]


def _export(export: Export) -> str:
    return f"{export.seconds:.1f} s, {export.bytes / 1e6:.1f} MB"


def _memory(megabytes: float | None) -> str:
    return "–" if megabytes is None else f"{megabytes:,.0f} MB"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def machine() -> str:
    """What the figures were measured on, without naming it."""
    model = platform.processor() or platform.machine()
    if (cpuinfo := Path("/proc/cpuinfo")).is_file():
        found = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())
        model = found.group(1).strip() if found else model
    busy = f"{os.getloadavg()[2]:.1f}"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; load in the last 15 minutes {busy}"
    )


def commit() -> str:
    """The commit that was measured."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return done.stdout.strip() or "unknown"


def document(results: list[Results], *, scale: str, sizes: str, runs: int, today: date) -> str:
    """The page docs/BENCHMARKS.md."""
    peers = "\n".join(_line(list(peer)) for peer in PEERS)
    return f"""# How fast it is

Written by `make bench`; do not edit. Measured on {today:%d %B %Y} at commit {commit()}, on {machine()}.

The {scale} demo organization: {sizes}. The program runs as `make run` starts it (gunicorn, 2 workers with 4 threads,
and the worker for jobs); the figures are those of a signed-in person over HTTP on the same machine, up to {runs}
requests per page (ten seconds at most) after three to warm up. The floor is a bare Flask page behind the same server,
measured in the same run: no page of this kind can be quicker. Single runs differ by about a quarter; compare within one
column.

{table(results)}

## Beside others

Earlier measurements of other programs, on two cores and with more data (250,000 contacts, 10 million referrals).

| What | Median / 95th percentile |
| --- | --- |
{peers}
"""
