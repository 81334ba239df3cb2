"""Tests of the queue of those who wait to write to an SQLite database."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from crm.core import clock, write_queue
from crm.core.write_queue import WriteQueue


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(tmp_path / "a.sqlite3")


def test_who_waits_is_seen_by_others_and_not_by_themselves(database: str) -> None:
    worker, saver = WriteQueue(database), WriteQueue(database)
    assert not worker.is_anybody_waiting()
    with saver.waiting():
        assert worker.is_anybody_waiting()
        assert not saver.is_anybody_waiting()
    assert not worker.is_anybody_waiting()
    worker.close()
    saver.close()


def test_giving_way_lasts_until_nobody_waits(database: str) -> None:
    worker, saver = WriteQueue(database), WriteQueue(database)
    there, gone = threading.Event(), [0.0]

    def save() -> None:
        with saver.waiting():
            there.set()
            time.sleep(0.1)
            gone[0] = clock.stopwatch()

    thread = threading.Thread(target=save)
    thread.start()
    there.wait()
    worker.give_way()
    assert clock.stopwatch() >= gone[0] > 0
    thread.join()


def test_giving_way_has_an_end(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_queue, "LONGEST_WAY", 0.05)
    worker, saver = WriteQueue(database), WriteQueue(database)
    with saver.waiting():
        worker.give_way()
        assert worker.is_anybody_waiting()


def test_a_process_that_is_killed_waits_no_more(database: str) -> None:
    code = f"""
import time
from crm.core.write_queue import WriteQueue
with WriteQueue({database!r}).waiting():
    print("waiting", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        worker = WriteQueue(database)
        assert worker.is_anybody_waiting()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not worker.is_anybody_waiting()
