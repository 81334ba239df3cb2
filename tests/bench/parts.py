"""The parts of the benchmark: each is measured alone, and is a section of docs/BENCHMARKS.md."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench import hostile, imports, kills, pages, patients, waiting, workbooks
from tests.bench.report import Rows
from tests.bench.scale import Scale

BOTH, ONE = ("sqlite", "postgresql"), ("sqlite",)
PAGES = """\
The large demo organization. The program runs as `make run` starts it (gunicorn, 2 workers with 4 threads, and the
worker for jobs); the figures are those of a signed-in person over HTTP on the same machine, up to 40 requests per page
(ten seconds at most) after three to warm up. The floor is a bare Flask page behind the same server, measured in the
same run: no page of this kind can be quicker."""
IMPORTS = """\
`flask --app wsgi referrals import FILE`, from the start of the command to its end, into a database that was only
migrated: events of three years in ten columns, from 2,000 practices, each with a number of its own. Beside it the same
rows go bare, as text, into a table without an index. What each step did to the rows was checked, and that the rollup
agrees."""
WAITS = """\
Somebody else saves a row 40 times a second, with a connection of their own. Milliseconds of a save, with its commit:
median / 95th percentile / 99th percentile / longest."""
KILLS = """\
`kill -9` of the worker or the repair, with many small turns. After each kill all of the import counts or nothing, and
the rollup agrees; after each restart the job has ended."""


@dataclass(frozen=True)
class Part:
    """What is measured, what its section says before the figures, and on which databases."""

    title: str
    about: str
    measure: Callable[[str, Path, Scale], Rows]
    kinds: tuple[str, ...] = BOTH


PARTS = {
    "pages": Part("Pages and exports", PAGES, pages.measure),
    "imports": Part("Imports of referrals", IMPORTS, imports.measure),
    "waits": Part("Saving while an import runs", WAITS, waiting.measure),
    "workbooks": Part(
        "Excel files",
        "The whole way of an upload, beside python-calamine alone; each run in a process of its own.",
        workbooks.measure,
        ONE,
    ),
    "hostile": Part(
        "Hostile Excel files",
        "Uploaded to the running site, while somebody else asks for a page again and again.",
        hostile.measure,
        ONE,
    ),
    "kills": Part("Killed at random moments", KILLS, kills.measure),
    "patients": Part(
        "Patients in files",
        "The corpus of `tests/referrals/corpus`, taken in file by file.",
        patients.measure,
        ONE,
    ),
}
TITLES = [part.title for part in PARTS.values()]
