"""Timing a page: median and 95th percentile, one at a time or eight people at once."""

import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.bench.site import WORKERS, Browser

CROWD = 8
SECONDS_A_PAGE = 10
AT_LEAST = 5


@dataclass(frozen=True)
class Figure:
    """Milliseconds of many runs of the same."""

    median: float
    p95: float
    p99: float
    longest: float

    def __str__(self) -> str:
        """`12 / 18`."""
        return f"{_short(self.median)} / {_short(self.p95)}"

    @property
    def tail(self) -> str:
        """`12 / 18 / 25 / 40`: how long the unlucky waited."""
        return f"{self} / {_short(self.p99)} / {_short(self.longest)}"


def figure(seconds: list[float]) -> Figure:
    """The median, the 95th and 99th percentile and the longest of some runs, in milliseconds."""
    ordered = [value * 1000 for value in sorted(seconds)]
    p95, p99 = (ordered[round(share * (len(ordered) - 1))] for share in (0.95, 0.99))
    return Figure(statistics.median(ordered), p95, p99, ordered[-1])


def spread(seconds: list[float]) -> str:
    """`3.21 s`, of several runs with the quickest and the slowest: `3.21 s (3.10-3.40)`."""
    said = f"{statistics.median(seconds):.2f} s"
    return f"{said} ({min(seconds):.2f}–{max(seconds):.2f})" if len(seconds) > 1 else said


def alone(browser: Browser, path: str, runs: int) -> Figure:
    """One person asks again and again; before that, as often as there are workers to warm up, and once more.

    A slow page is asked for less often, but at least five times.
    """
    for _ in range(min(runs, WORKERS + 1)):
        browser.get(path)
    seconds: list[float] = []
    while len(seconds) < runs and (len(seconds) < AT_LEAST or sum(seconds) < SECONDS_A_PAGE):
        seconds.append(browser.get(path))
    return figure(seconds)


def crowd(browser: Browser, path: str, runs: int) -> Figure:
    """Eight people ask at once, each on an own connection."""
    twins = [browser.twin() for _ in range(CROWD)]
    first = browser.get(path)
    each = max(1, min(runs, round(SECONDS_A_PAGE / max(first * CROWD, 0.001))))

    def ask(twin: Browser) -> list[float]:
        return [twin.get(path) for _ in range(each)]

    with ThreadPoolExecutor(CROWD) as pool:
        seconds = [value for values in pool.map(ask, twins) for value in values]
    for twin in twins:
        twin.close()
    return figure(seconds)


def _short(milliseconds: float) -> str:
    return f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:,.0f}"
