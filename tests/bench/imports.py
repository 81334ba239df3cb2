"""Importing referrals by the command, into a database that was only migrated, beside a bare insert of the same rows."""

import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import bare, events
from tests.bench.figures import spread
from tests.bench.organization import Migrated, Organization, migrated
from tests.bench.processes import Run, run_measured
from tests.bench.report import Rows, say
from tests.bench.scale import Scale

COMMAND = [sys.executable, "-m", "flask", "--app", "wsgi", "referrals"]
IMPORT, TAKE_BACK = "Import, the command from its start to its end", "The import taken back"


@dataclass
class Loads:
    """What is done with one size of file, in one database after the other."""

    size: int
    file: Path
    corrected: Path
    bare: list[float] = field(default_factory=list)
    runs: dict[str, list[Run]] = field(default_factory=dict)

    def steps(self, made: Organization, *, all_of_them: bool) -> None:
        """Import, take back, and so on, in a database; each step must do to the rows what it is for."""
        good, changed = events.expected(self.size)
        batch = self._import(made, IMPORT, self.file, imported=good)
        if not all_of_them:
            self._take_back(made, TAKE_BACK, batch)
            return
        self._import(made, "The same file again: nothing changes", self.file, unchanged=good)
        self._take_back(made, TAKE_BACK, batch)
        batch = self._import(made, "The file once more", self.file, imported=good)
        later = self._import(made, "A corrected file: 1 % of the rows changed", self.corrected, updated=changed)
        made.flask("referrals", "check-rollup")
        self._take_back(made, "The import taken back, its corrections stay", batch)
        self._take_back(made, "The corrections taken back", later)
        made.flask("referrals", "check-rollup")

    def _import(self, made: Organization, label: str, file: Path, **expected: int) -> int:
        run = run_measured([*COMMAND, "import", str(file), "--json"], made.env)
        counts = json.loads(run.output.splitlines()[-1])
        if counts["read"] != self.size or counts | expected != counts:
            raise SystemExit(f"{label}: expected {expected} of {self.size:,}, got {counts}")
        self._note(label, run)
        return int(counts["batch"])

    def _take_back(self, made: Organization, label: str, batch: int) -> None:
        self._note(label, run_measured([*COMMAND, "take-back", str(batch), "--yes"], made.env))

    def _note(self, label: str, run: Run) -> None:
        say(f"{self.size:,} rows: {label}: {run.seconds:.1f} s, {run.memory}")
        self.runs.setdefault(label, []).append(run)

    def rows(self) -> Rows:
        """The figures, medians."""
        floor = statistics.median(self.bare)
        times = self._median(IMPORT, lambda run: run.seconds)
        memory = [self._median(IMPORT, of) for of in (lambda run: run.memory.largest, lambda run: run.memory.together)]
        how_often = f", medians of {len(self.runs[IMPORT])} runs" if len(self.runs[IMPORT]) > 1 else ""
        return [
            (f"**{self.size:,} rows**{how_often}", ""),
            ("*Floor: bare executemany (SQLite), bare COPY (PostgreSQL), before and after*", spread(self.bare)),
            *((label, spread([run.seconds for run in runs])) for label, runs in self.runs.items()),
            ("Import, times the floor", f"{times / floor:.1f}×"),
            ("Import, a row", f"{times / self.size * 1e6:.1f} µs"),
            (
                "Import, peak memory: the largest process; all, what they share in shares",
                " MB, ".join(f"{m:,.0f}" for m in memory) + " MB",
            ),
        ]

    def _median(self, label: str, of: Callable[[Run], float]) -> float:
        return statistics.median(of(run) for run in self.runs[label])


def measure(kind: str, bench_dir: Path, scale: Scale) -> Rows:
    """All sizes on one database."""
    with migrated(kind, bench_dir) as fresh:
        return [row for size in scale.imports for row in _of_size(fresh, size, scale)]


def _of_size(fresh: Migrated, size: int, scale: Scale) -> Rows:
    loads = Loads(size, fresh.folder / "events.csv", fresh.folder / "corrected.csv")
    events.write(loads.file, size)
    events.write(loads.corrected, size, is_corrected=True)
    for _ in range(scale.import_runs if size == scale.imports[0] else 1):
        with fresh.database() as made:
            loads.bare.append(bare.seconds(made, loads.file))
            loads.steps(made, all_of_them=size <= scale.all_steps_up_to)
            loads.bare.append(bare.seconds(made, loads.file))
    return loads.rows()
