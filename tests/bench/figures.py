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
    """Milliseconds of one page."""

    median: float
    p95: float

    def __str__(self) -> str:
        """`12 / 18`."""
        return f"{_short(self.median)} / {_short(self.p95)}"


def figure(seconds: list[float]) -> Figure:
    """The median and the 95th percentile of some runs, in milliseconds."""
    ordered = sorted(seconds)
    place = min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))
    return Figure(statistics.median(ordered) * 1000, ordered[place] * 1000)


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
