"""Lets a process beside this one work out what a generator yields, while this one works on what came before."""

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from crm.core.errors import Conflict

T = TypeVar("T")
KILLED = "The process that read the file was ended from outside, perhaps for want of memory. Try again."
# A copy of this process needs nothing handed over. Elsewhere the system's own libraries may not survive that.
CAN_FORK = sys.platform == "linux"


def beside(produce: Callable[[], Iterator[T]]) -> Iterator[T]:
    """What `produce()` yields, in its order; what it raises is raised here. It must touch no connection or lock of
    this process. It ends with this process, however that ends, and when nobody takes what it yields. Raises Conflict
    when it was killed. A process with several threads can not be copied: there it runs in this one."""
    if not CAN_FORK or threading.active_count() > 1:
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
        try:
            kind, value = receiving.recv()
        except EOFError:
            raise Conflict(KILLED) from None
        if kind == "end":
            return
        if kind == "fault":
            raise value
        yield value


def _hand_over(produce: Callable[[], Iterator[Any]], sending: Connection, receiving: Connection) -> None:
    # It ends when it is told to, whatever the other process does then; Ctrl-C is for the other one.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    receiving.close()  # so that sending fails as soon as the other process is gone
    try:
        for value in produce():
            sending.send(("value", value))
        sending.send(("end", None))
    except BrokenPipeError:
        return
    except Exception as problem:  # noqa: BLE001 it is raised over there
        sending.send(("fault", problem))
