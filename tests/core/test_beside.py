"""Tests of work beside this process: everything comes over in order, faults too, and nobody is left behind."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from crm.core import beside as module
from crm.core.beside import beside
from crm.core.errors import Conflict, Invalid


@pytest.mark.parametrize("can_fork", [True, False])
def test_everything_comes_in_order(monkeypatch: pytest.MonkeyPatch, can_fork: bool) -> None:
    monkeypatch.setattr(module, "CAN_FORK", can_fork and module.CAN_FORK)
    assert list(beside(lambda: iter(range(1000)))) == list(range(1000))


def test_a_fault_is_raised_here() -> None:
    def produce() -> Iterator[int]:
        yield 1
        raise Invalid("The file ends inside a quoted value.")

    found = beside(produce)
    assert next(found) == 1
    with pytest.raises(Invalid, match="quoted value"):
        next(found)


def test_a_process_with_several_threads_is_not_copied() -> None:
    here = os.getpid()
    is_over = threading.Event()
    other = threading.Thread(target=is_over.wait)
    assert list(beside(lambda: iter([os.getpid()]))) != [here]
    other.start()
    assert list(beside(lambda: iter([os.getpid()]))) == [here]
    is_over.set()
    other.join()


def test_it_ends_when_nobody_takes_more() -> None:
    before = set(multiprocessing.active_children())
    found = beside(lambda: iter([b"x" * 100_000] * 1000))
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert set(multiprocessing.active_children()) == before


def test_who_kills_it_is_told_in_words() -> None:
    def produce() -> Iterator[int]:
        yield os.getpid()
        time.sleep(60)
        yield 0

    found = beside(produce)
    os.kill(next(found), signal.SIGKILL)
    with pytest.raises(Conflict, match="ended from outside"):
        next(found)


def test_it_does_not_hold_on_to_how_this_process_hears_signals() -> None:
    def produce() -> Iterator[int]:
        yield 1
        time.sleep(60)

    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        found = beside(produce)
        next(found)
        started = time.monotonic()
        found.close()  # type: ignore[attr-defined]
        assert time.monotonic() - started < 20
    finally:
        signal.signal(signal.SIGTERM, before)
