"""Lets a process beside this one work out what a generator yields, while this one works on what came before."""

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any, TypeVar

T = TypeVar("T")
# A copy of this process needs nothing handed over. Elsewhere the system's own libraries may not survive that.
CAN_FORK = sys.platform == "linux"


def beside(produce: Callable[[], Iterator[T]]) -> Iterator[T]:
    """What `produce()` yields, in its order; what it raises is raised here. It must touch no connection or lock of
    this process. It ends with this process, however that ends, and when nobody takes what it yields."""
    if not CAN_FORK:
        yield from produce()
        return
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_hand_over, args=(produce, sending, receiving), daemon=True)
    process.start()
    sending.close()
    try:
        yield from _received(receiving)
    finally:
        receiving.close()
        process.terminate()
        process.join()


def _received(receiving: Connection) -> Iterator[Any]:
    while True:
        kind, value = receiving.recv()
        if kind == "end":
            return
        if kind == "fault":
            raise value
        yield value


def _hand_over(produce: Callable[[], Iterator[Any]], sending: Connection, receiving: Connection) -> None:
    receiving.close()  # so that sending fails as soon as the other process is gone
    try:
        for value in produce():
            sending.send(("value", value))
        sending.send(("end", None))
    except BrokenPipeError:
        return
    except Exception as problem:  # noqa: BLE001 it is raised over there
        sending.send(("fault", problem))
