"""The page docs/BENCHMARKS.md: a section for each part, so that a part measured alone renews only its own."""

import os
import platform
import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

# Labels and what was measured, in words; a label in bold without a figure is a headline.
Rows = list[tuple[str, str]]
KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
OTHERS = "Beside others"
INTRO = """# How fast it is

Written by `make bench`; do not edit. Each section says when, at which commit and on what it was measured; `make bench
ARGS="--only PART"` renews one. Single runs differ by about a quarter; compare within one column.
"""
# Measured in November 2026 on two cores with 250,000 contacts and 10 million referrals, median / p95 in ms, one person.
PEERS = """
Earlier measurements of other programs, on two cores and with more data (250,000 contacts, 10 million referrals).

| What | Median / 95th percentile |
| --- | --- |
| List, first page | Flask floor 2.9 / 4.7, Flask-Admin 53 / 70, Directus 22 / 49 (all SQLite) |
| List, first page, PostgreSQL | Flask floor 33 / 51, Django admin 101 / 128, Superset 133 / 162 |
| List, far page | Flask floor 89 / 121, Django admin 407 / 519, Flask-Admin 287 / 346, Directus 26 / 49 |
| Search for a name | Django admin 689 / 724, Flask-Admin 823 / 1,122, Directus 67 / 104 |
| Chart from a rollup | Flask floor 1.8 / 2.5, Superset 117 / 150 (52 / 67 cached) |
| Export of 200,000 rows | bare CSV writer 1.7 s, Django admin 12.8 s, Flask-Admin 18.4 s, Directus 16.8 s |
| Import of 1,000,000 rows | bare executemany 4.1 s, SQLAlchemy Core 12 s, full loader with upsert 14 s (SQLite) |
"""


def table(columns: Mapping[str, Rows]) -> str:
    """What was measured on each kind of database, side by side."""
    kinds, labels = list(columns), [label for label, _ in next(iter(columns.values()))]
    cells = [[value for _, value in rows] for rows in columns.values()]
    lines = [["", *(KINDS[kind] for kind in kinds)], ["---", *["--:"] * len(kinds)]]
    lines += [list(line) for line in zip(labels, *cells, strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def section(about: str, columns: Mapping[str, Rows], *, today: date, commit: str) -> str:
    """What stands under the headline of a part."""
    return f"\n{about}\n\nMeasured on {today:%d %B %Y} at commit {commit}, on {machine()}.\n\n{table(columns)}\n"


def renewed(page: str, sections: Mapping[str, str], order: Sequence[str]) -> str:
    """The page with some sections, by their headlines, anew; the others stay as they were measured."""
    kept = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
    texts = {**kept, **sections, OTHERS: PEERS}
    return INTRO + "".join(f"\n## {title}\n{texts[title].rstrip()}\n" for title in (*order, OTHERS) if title in texts)


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
    """The commit that is measured, and whether files differ from it."""
    command = ["git", "describe", "--always", "--dirty=, changed"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return done.stdout.strip() or "unknown"


def say(words: str) -> None:
    """Tell whoever waits how far it is."""
    print(words, file=sys.stderr, flush=True)
