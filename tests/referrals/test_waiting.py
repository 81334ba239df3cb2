"""Whoever saves something while a large file goes in, or is taken back, gets in between."""

import threading
import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.core import db as core_db
from crm.core.db import db
from crm.referrals import import_services, layers
from crm.referrals.importing import batches, key_pages, leftovers, taking_back, writing
from crm.referrals.importing.taking_back import take_back_rows
from crm.referrals.importing.writing import write_import
from crm.referrals.models import ImportState, ReferralImport
from tests.cast import Cast
from tests.referrals.files import csv_bytes, event
from tests.referrals.importing import counts

ROWS = 300
SAVE = text("UPDATE organization SET version = version")


class Saver(threading.Thread):
    """Somebody who saves a form again and again, with a database connection of their own."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.app, self.is_over, self.saves, self.fault = app, threading.Event(), 0, ""

    def run(self) -> None:
        with self.app.app_context():
            while not self.is_over.wait(0.002):
                try:
                    with Session(db.engine) as session:
                        session.execute(SAVE)
                        session.commit()
                    self.saves += 1
                except Exception as problem:  # noqa: BLE001 any fault is what the test looks for
                    self.fault = repr(problem)


@pytest.mark.real_commits
@pytest.mark.timeout(120)
def test_somebody_saves_between_the_turns_of_an_import(
    app: Flask, cast: Cast, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 100)
    for module in (writing, key_pages, taking_back, leftovers, layers):
        for size in ("PAGE_KEYS", "STEP_ROWS", "STEP_CHANGES", "TURN_ROWS", "TURN_CELLS"):
            if hasattr(module, size):
                monkeypatch.setattr(module, size, 20)
    monkeypatch.setattr(core_db, "LONGEST_TURN", 60.0)
    session = db.session()
    data = csv_bytes([event(n) for n in range(ROWS)])
    batch = import_services.take_in_file(session, SYSTEM, "a.csv", data)
    batch.state, batch_id = ImportState.RUNNING, batch.id
    session.commit()
    saver, turns = Saver(app), [0]

    def report(_done: int, _total: int) -> None:
        session.commit()
        turns[0] += 1

    saver.start()
    try:
        write_import(session, batch_id, report)
        session.get_one(ReferralImport, batch_id).state = ImportState.TAKING_BACK
        session.commit()
        take_back_rows(session, batch_id, report)
        time.sleep(0.01)
    finally:
        saver.is_over.set()
        saver.join()
    assert not saver.fault
    assert counts(session.get_one(ReferralImport, batch_id))[:2] == (ROWS, ROWS)
    # A save for every other turn, at least: nobody is kept out from the first turn to the last.
    assert saver.saves > turns[0] / 2
