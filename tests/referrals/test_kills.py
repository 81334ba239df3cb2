"""Kill tests: an import or a taking back whose process dies at any moment is whole or absent, and can go on."""

import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.core.db import db
from crm.referrals import import_services, layers
from crm.referrals.importing import batches, leftovers, taking_back, writing
from crm.referrals.importing.taking_back import take_back_rows
from crm.referrals.importing.writing import write_import
from crm.referrals.models import ImportState, ReferralImport
from crm.referrals.rollup import check_rollup, repair
from crm.referrals.rollup_models import ReferralPracticeMonth, ReferralTotalMonth
from tests.cast import Cast
from tests.referrals.files import csv_bytes, event, events
from tests.referrals.importing import bring_in, rows

KILLS = 20
FILE = csv_bytes([event(n, Status="Completed", Dept="Sleep") for n in range(100, 330)])
Work = Callable[[Session, int], None]


def write(session: Session, batch_id: int) -> None:
    write_import(session, batch_id, lambda _done, _total: session.commit())


def back(session: Session, batch_id: int) -> None:
    take_back_rows(session, batch_id, lambda _done, _total: session.commit())


def fork(app: Flask, work: Work, batch_id: int) -> int:
    """A process of its own that does the work and ends."""
    db.session.remove()  # an open transaction here would hold the lock that the process needs
    child = os.fork()
    if child:
        return child
    try:
        db.engine.dispose(close=False)
        with app.app_context():
            work(db.session(), batch_id)
    except BaseException:  # noqa: BLE001 the process must end here, whatever happened
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def run_whole(app: Flask, work: Work, batch_id: int) -> float:
    """Run the work in a process to its end; returns the seconds that it took."""
    started = time.monotonic()
    _, status = os.waitpid(fork(app, work, batch_id), 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return time.monotonic() - started


def kill(app: Flask, work: Work, batch_id: int, after: float) -> bool:
    """Begin the work and kill it; whether that was before its end."""
    child = fork(app, work, batch_id)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return bool(status)


def begin(state: ImportState) -> int:
    """A file that waits to be written, or that is written and waits to be taken back."""
    batch = import_services.take_in_file(db.session(), SYSTEM, "b.csv", FILE)
    batch.state, batch_id = ImportState.RUNNING, batch.id
    db.session.commit()
    if state is ImportState.TAKING_BACK:
        write(db.session(), batch_id)
        db.session.get_one(ReferralImport, batch_id).state = state
        db.session.commit()
    return batch_id


def finish(batch_id: int) -> None:
    """Whatever state a batch is in: run it to its end, and take it back."""
    batch = db.session.get_one(ReferralImport, batch_id)
    if batch.state is ImportState.RUNNING:
        write(db.session(), batch_id)
    if batch.state is ImportState.DONE:
        batch.state = ImportState.TAKING_BACK
        db.session.commit()
    back(db.session(), batch_id)


def cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many turns, although there are few rows."""
    monkeypatch.setattr(batches, "BATCH_ROWS", 60)
    monkeypatch.setattr(batches, "BLOCK_LINES", 60)
    for module in (writing, taking_back, leftovers, layers):
        for size in ("TURN_ROWS", "TURN_KEYS", "TURN_CHANGES", "TURN_CELLS"):
            if hasattr(module, size):
                monkeypatch.setattr(module, size, 60)


@pytest.mark.real_commits
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("work", "state"), [(write, ImportState.RUNNING), (back, ImportState.TAKING_BACK)], ids=["import", "take back"]
)
def test_a_killed_process_leaves_an_import_whole_or_absent(
    app: Flask, cast: Cast, database: Any, monkeypatch: pytest.MonkeyPatch, work: Work, state: ImportState
) -> None:
    cut_small(monkeypatch)
    bring_in(database(), events(180))
    absent = rows(db.session(), "status", "count", "row_key")
    batch_id = begin(ImportState.TAKING_BACK)
    whole = rows(db.session(), "status", "count", "row_key")
    finish(batch_id)
    batch_id = begin(state)
    taken = run_whole(app, work, batch_id)
    finish(batch_id)

    dice, killed = random.Random(20_261_122), 0
    batch_id = begin(state)
    while killed < KILLS:
        # Sums are merged, or stay a layer of their own.
        monkeypatch.setattr(layers, "LARGE_LAYER", dice.choice((0, 1000)))
        killed += kill(app, work, batch_id, dice.uniform(0, taken * 1.1))
        now = db.session.get_one(ReferralImport, batch_id).state
        is_there = now in (ImportState.DONE, ImportState.TAKING_BACK)
        assert rows(db.session(), "status", "count", "row_key") == (whole if is_there else absent)
        assert check_rollup(db.session()) == []
        if now is not state:
            finish(batch_id)
            assert rows(db.session(), "status", "count", "row_key") == absent
            batch_id = begin(state)
    finish(batch_id)
    assert check_rollup(db.session()) == []
    assert rows(db.session(), "status", "count", "row_key") == absent


def mend(session: Session, _batch_id: int) -> None:
    repair(session)


@pytest.mark.real_commits
@pytest.mark.timeout(300)
def test_a_killed_repair_changes_no_row_and_can_be_begun_again(
    app: Flask, cast: Cast, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in(database(), events(180))
    monkeypatch.setattr(layers, "LARGE_LAYER", 0)
    bring_in(database(), FILE)
    before = rows(db.session())
    db.session.commit()
    taken = run_whole(app, mend, 0)
    dice, killed = random.Random(20_261_123), 0
    while killed < KILLS:
        db.session.execute(update(ReferralPracticeMonth).values(received=ReferralPracticeMonth.received + 1))
        db.session.execute(delete(ReferralTotalMonth).where(ReferralTotalMonth.month == 2026 * 12 + 1))
        db.session.commit()
        killed += kill(app, mend, 0, dice.uniform(0, taken * 1.1))
        assert rows(db.session()) == before
        db.session.rollback()
        mend(db.session(), 0)
        assert check_rollup(db.session()) == []
