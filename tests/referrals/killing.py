"""Kills work on imports at random moments: for the kill tests and, a hundred times each, for `make bench`.

What is killed is what the worker runs. After every kill the import must be whole or absent and the rollup must agree;
after every restart the job must have ended, with all of the import there, or nothing.
"""

import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from flask import Flask
from sqlalchemy import delete, update
from sqlalchemy.event import listen

from crm.accounts.viewer import SYSTEM
from crm.core import db as core_db
from crm.core.db import commit, db
from crm.jobs import services as jobs
from crm.jobs import worker
from crm.jobs.models import Job, JobState
from crm.referrals import import_services, layers
from crm.referrals.importing import batches, key_pages, leftovers, segments, taking_back, text, writing
from crm.referrals.importing.lock import only_one
from crm.referrals.models import ImportState, ReferralImport
from crm.referrals.rollup import check_rollup, repair
from crm.referrals.rollup_models import ReferralPracticeMonth, ReferralTotalMonth
from tests.referrals.files import csv_bytes, event
from tests.referrals.importing import bring_in, rows


def soon(number: int, **changed: object) -> list[object]:
    """A referral of one of three months: each month more is merged anew after every kill, in the same way."""
    month = f"{number % 3 + 1:02d}"
    return event(number, **{"Referral_Date": f"{month}/14/2026", "Appt_Dt": f"{month}/20/2026"} | changed)


BEFORE = csv_bytes([soon(n) for n in range(1, 181)])
FILE = csv_bytes([soon(n, Status="Completed", Dept="Sleep") for n in range(100, 330)])
JOBS = {ImportState.RUNNING: "referrals.import", ImportState.TAKING_BACK: "referrals.take_back"}
# The worker gives a job three tries, and one is to succeed.
MOST_IN_A_ROW = jobs.MAX_TRIES - 1
Work = Callable[[Flask], object]


@dataclass
class Kills:
    """How many processes were killed, how many of them left their work undone or done, and what was wrong after it."""

    undone: int = 0
    done: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """All of them."""
        return self.undone + self.done

    def check(self, moment: str, *, is_right: bool) -> None:
        """Note what is wrong at a moment: with the rows, or with the rollup."""
        if not is_right:
            self.faults.append(f"{moment}, kill {self.count}: neither whole nor absent")
        if check_rollup(db.session()):
            self.faults.append(f"{moment}, kill {self.count}: the rollup disagrees")


def fork(app: Flask, work: Work) -> int:
    """A process of its own that does the work and ends."""
    db.session.remove()  # an open transaction here would hold the lock that the process needs
    child = os.fork()
    if child:
        return child
    try:
        db.engine.dispose(close=False)
        with app.app_context():
            work(app)
    except BaseException:  # noqa: BLE001 the process must end here, whatever happened
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def run_whole(app: Flask, work: Work) -> float:
    """Run the work in a process to its end; returns the seconds that it took."""
    started = time.monotonic()
    _, status = os.waitpid(fork(app, work), 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return time.monotonic() - started


def kill(app: Flask, work: Work, after: float) -> bool:
    """Begin the work and kill it; whether that was before its end."""
    child = fork(app, work)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return bool(status)


def run_worker(app: Flask) -> None:
    """What a worker does that is started: it takes up what a killed one left, and all that waits."""
    jobs.release_running(db.session())
    commit()
    worker.run_waiting(app, app.extensions["job_handlers"])


def mend(_app: Flask) -> None:
    """What the command check-rollup does to mend a rollup."""
    with only_one(db.session()):
        repair(db.session())


def spare_the_disk() -> None:
    """Wait for no disk: a process that is killed, unlike a machine, loses nothing of what the system holds."""
    if db.engine.dialect.name == "sqlite":  # the PostgreSQL of tests waits for none anyhow
        db.session.remove()
        db.engine.dispose()
        listen(db.engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous = OFF"))


def cut_small(patch: pytest.MonkeyPatch) -> None:
    """Many turns, although there are few rows."""
    patch.setattr(batches, "BATCH_ROWS", 60)
    patch.setattr(text, "CHUNK", 5_000)
    patch.setattr(segments, "SEGMENT_ROWS", 60)
    patch.setattr(core_db, "LONGEST_TURN", 0.0)
    for module in (writing, key_pages, taking_back, leftovers, layers):
        for size in ("PAGE_KEYS", "STEP_ROWS", "STEP_CHANGES", "TURN_ROWS", "TURN_CELLS"):
            if hasattr(module, size):
                patch.setattr(module, size, 60)


def kill_jobs(app: Flask, patch: pytest.MonkeyPatch, state: ImportState, count: int) -> Kills:
    """Kill so many jobs that import a file, or that take one back."""
    kills, dice = Kills(), random.Random(20_261_122)
    spare_the_disk()
    bring_in(db.session(), BEFORE)
    absent = _rows()
    batch_id = _begin(app, ImportState.TAKING_BACK)
    seen = {True: _rows(), False: absent}
    run_whole(app, run_worker)
    batch_id = _begin(app, state)
    seconds = run_whole(app, run_worker)
    _take_back(app, batch_id)
    # Where every job fails before it can be killed, that is enough to know.
    while kills.count < count and len(kills.faults) < count:
        # Sums are merged, or stay a layer of their own.
        patch.setattr(layers, "LARGE_LAYER", dice.choice((0, 1000)))
        batch_id = _begin(app, state)
        for _ in range(min(dice.randint(1, MOST_IN_A_ROW), count - kills.count)):
            # Half of them early: the longer part of the time is often what comes after the import was shown.
            if not kill(app, run_worker, dice.uniform(0, seconds * 1.1) * dice.choice((0.4, 1))):
                break
            now = _state(batch_id)
            kills.undone, kills.done = kills.undone + (now is state), kills.done + (now is not state)
            is_there = now in (ImportState.DONE, ImportState.TAKING_BACK)
            kills.check("After the kill", is_right=_rows() == seen[is_there])
        run_whole(app, run_worker)
        has_ended = _job(batch_id).state is JobState.DONE
        kills.check("After the restart", is_right=has_ended and _rows() == seen[_state(batch_id) is ImportState.DONE])
        _take_back(app, batch_id)
    return kills


def kill_repairs(app: Flask, patch: pytest.MonkeyPatch, count: int) -> Kills:
    """Kill so many repairs of a rollup that was spoiled; each is begun again, and then agrees."""
    kills, dice = Kills(), random.Random(20_261_123)
    spare_the_disk()
    bring_in(db.session(), BEFORE)
    patch.setattr(layers, "LARGE_LAYER", 0)
    bring_in(db.session(), FILE)
    before = _rows()
    seconds = run_whole(app, mend)
    while kills.count < count:
        db.session.execute(update(ReferralPracticeMonth).values(received=ReferralPracticeMonth.received + 1))
        db.session.execute(delete(ReferralTotalMonth).where(ReferralTotalMonth.month == 2026 * 12 + 1))
        db.session.commit()
        if kill(app, mend, dice.uniform(0, seconds * 1.1)):
            is_undone = bool(check_rollup(db.session()))
            kills.undone, kills.done = kills.undone + is_undone, kills.done + (not is_undone)
        run_whole(app, mend)
        kills.check("After the repair", is_right=_rows() == before)
    return kills


def _begin(app: Flask, state: ImportState) -> int:
    """Queue the job that imports a file; or run it here, and queue the one that takes it back."""
    batch_id = import_services.take_in_file(db.session(), SYSTEM, "b.csv", FILE).id
    _queue(batch_id, ImportState.RUNNING)
    if state is ImportState.TAKING_BACK:
        run_worker(app)
        _queue(batch_id, state)
    return batch_id


def _take_back(app: Flask, batch_id: int) -> None:
    if _state(batch_id) is ImportState.DONE:
        _queue(batch_id, ImportState.TAKING_BACK)
        run_worker(app)


def _queue(batch_id: int, state: ImportState) -> None:
    session = db.session()
    batch = session.get_one(ReferralImport, batch_id)
    job = jobs.enqueue(session, kind=JOBS[state], title="b.csv", payload={"import_id": batch_id}, viewer=SYSTEM)
    batch.state, batch.job_id = state, job.id
    commit()


def _job(batch_id: int) -> Job:
    return db.session.get_one(Job, db.session.get_one(ReferralImport, batch_id).job_id)


def _state(batch_id: int) -> ImportState:
    return db.session.get_one(ReferralImport, batch_id, populate_existing=True).state


def _rows() -> list[object]:
    return rows(db.session(), "status", "count", "source_id", "received_on")
