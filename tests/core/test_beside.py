"""Tests of work beside this process: everything comes over in order, faults too, and nobody is left behind."""

import multiprocessing
from collections.abc import Iterator

import pytest

from crm.core import beside as module
from crm.core.beside import beside
from crm.core.errors import Invalid


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


def test_it_ends_when_nobody_takes_more() -> None:
    before = set(multiprocessing.active_children())
    found = beside(lambda: iter([b"x" * 100_000] * 1000))
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert set(multiprocessing.active_children()) == before
