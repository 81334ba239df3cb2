"""How long somebody waits who saves something while long work runs: the limit is 200 ms (docs/decisions/0006)."""

import threading
from time import perf_counter

from sqlalchemy import create_engine, text

from crm.core import engine
from tests.bench.figures import Figure, figure
from tests.bench.organization import Organization

EVERY_SECONDS = 0.05
SAVE = text("UPDATE organization SET version = version")


class Saver:
    """Saves a row every 50 ms over the program's own engine, from entering to leaving its block."""

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
        """Milliseconds that a save took, median and 95th percentile."""
        return figure(self.seconds)

    @property
    def longest(self) -> float:
        """Milliseconds that the slowest save took."""
        return max(self.seconds) * 1000

    def _save(self) -> None:
        while not self._is_over.wait(EVERY_SECONDS):
            began = perf_counter()
            with self._engine.begin() as connection:
                connection.execute(SAVE)
            self.seconds.append(perf_counter() - began)
