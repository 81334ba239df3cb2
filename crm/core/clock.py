"""The only caller of the real clock: moments are UTC and aware, days are dates in the organisation's zone."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)
DEFAULT_ZONE = "America/New_York"
_zone: ContextVar[str] = ContextVar("organisation_zone", default=DEFAULT_ZONE)


def now() -> datetime:
    """The present moment, UTC and aware."""
    return datetime.now(UTC)


def today() -> date:
    """The present day in the organisation's zone."""
    return now().astimezone(zone()).date()


def zone() -> ZoneInfo:
    """The organisation's time zone."""
    return ZoneInfo(_zone.get())


def local(moment: datetime) -> datetime:
    """An aware moment on the organisation's clock."""
    return moment.astimezone(zone())


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """The UTC moment of a wall-clock time in the organisation's zone."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone()).astimezone(UTC)


def is_in_our_time(day: date) -> bool:
    """Whether a day is one that somebody can mean; others are slips of the keyboard."""
    return FIRST_DAY <= day <= LAST_DAY


def set_zone(name: str) -> None:
    """Make `name` the organisation's zone for what runs in this thread from now on."""
    if name not in zone_names():
        raise ValueError(f"{name!r} is not a time zone")
    _zone.set(name)


@cache
def zone_names() -> frozenset[str]:
    """All time zones; read from disk once, since every request sets its zone."""
    return frozenset(available_timezones())


@contextmanager
def in_zone(name: str) -> Iterator[None]:
    """Run a block in another zone."""
    before = _zone.get()
    set_zone(name)
    try:
        yield
    finally:
        _zone.set(before)


def stopwatch() -> float:
    """Seconds on a clock that only goes forward, for measuring how long something took."""
    return time.monotonic()
