"""How long somebody waits who saves something while long work runs: the limit is 100 ms for 99 of a hundred saves."""

import json
import threading
import time
from pathlib import Path
from time import perf_counter

from sqlalchemy import create_engine, text

from crm.core import engine
from tests.bench import events
from tests.bench.figures import Figure, figure
from tests.bench.imports import COMMAND
from tests.bench.organization import Organization, migrated
from tests.bench.processes import run_measured
from tests.bench.report import Rows, say
from tests.bench.scale import Scale

EVERY_SECONDS = 0.025
SAVE = text("UPDATE organization SET version = version")


class Saver:
    """Saves a row again and again over the program's own engine, from entering to leaving its block."""

    def __init__(self, made: Organization) -> None:
        self._engine = create_engine(made.url, **engine.engine_options(made.url))
        engine.configure(self._engine)
        self._is_over, self._thread = threading.Event(), threading.Thread(target=self._save)
        self.seconds: list[float] = []

    def __enter__(self) -> "Saver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._engine.dispose()

    @property
    def waits(self) -> Figure:
        """How long the saves took."""
        return figure(self.seconds)

    def _save(self) -> None:
        while not self._is_over.wait(EVERY_SECONDS):
            began = perf_counter()
            with self._engine.begin() as connection:
                if connection.execute(SAVE).rowcount != 1:
                    raise SystemExit("there is no row to save")
            self.seconds.append(perf_counter() - began)


def measure(kind: str, bench_dir: Path, scale: Scale) -> Rows:
    """Saves on one database: with nothing else running, during an import, during its taking back."""
    with migrated(kind, bench_dir) as fresh, fresh.database() as made:
        file = fresh.folder / "events.csv"
        events.write(file, 100)
        run_measured([*COMMAND, "import", str(file)], made.env)  # makes the organization
        file = fresh.folder / "large.csv"
        events.write(file, scale.waits, from_=events.sources())
        with Saver(made) as alone:
            time.sleep(scale.alone_seconds)
        with Saver(made) as importing:
            run = run_measured([*COMMAND, "import", str(file), "--json"], made.env)
        batch = json.loads(run.output.splitlines()[-1])["batch"]
        with Saver(made) as back:
            run_measured([*COMMAND, "take-back", str(batch), "--yes"], made.env)
    said = [("With nothing else running", alone), (f"While {scale.waits:,} rows are imported", importing)]
    said.append(("While they are taken back", back))
    rows = [(label, f"{saver.waits.tail} ({len(saver.seconds):,} saves)") for label, saver in said]
    for label, waits in rows:
        say(f"{label}: {waits}")
    return rows
