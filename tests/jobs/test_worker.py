"""The worker: runs what waits, survives its own death, parks what kills it, and stops when asked."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from structlog import PrintLogger, wrap_logger
from structlog.testing import LogCapture

from crm.accounts.permissions import Role
from crm.core import clock
from crm.core.db import commit, db
from crm.core.errors import Conflict, Invalid
from crm.jobs import services, worker
from crm.jobs.models import Job, JobState
from crm.jobs.run import Run
from tests.cast import Cast

ROOT = Path(__file__).parents[2]


def enqueue(cast: Cast, **payload: Any) -> Job:
    job = services.enqueue(
        db.session(), kind="test.count", title="Count", payload=payload, viewer=cast.viewer(cast.maren)
    )
    commit()
    return job


def run(app: Flask, handler: Any) -> int:
    from contextvars import Context

    db.session.commit()
    count = Context().run(worker.run_waiting, app, {"test.count": handler})
    db.session.expire_all()
    return count


def test_a_job_runs_for_its_owner_and_keeps_its_receipt(app: Flask, cast: Cast) -> None:
    job = enqueue(cast, up_to=3)
    seen: list[Any] = []

    def count(run: Run) -> None:
        for number in range(run.payload["up_to"]):
            run.progress(number, 3, f"{number} of 3")
        seen.append((run.viewer.name, run.viewer.roles))
        run.finish("Counted to 3", "/referrals")

    assert run(app, count) == 1
    assert (job.state, job.says, job.result_url) == (JobState.DONE, "Counted to 3", "/referrals")
    assert (job.done, job.total) == (3, 3)
    assert seen == [("Maren Oakes", frozenset({Role.MANAGER}))]


def test_a_refusal_is_told_and_a_fault_is_not(app: Flask, cast: Cast) -> None:
    refused, faulty = enqueue(cast), enqueue(cast)

    def handler(run: Run) -> None:
        if run.job_id == refused.id:
            raise Invalid("Row 3 has no date.")
        raise ZeroDivisionError("secret")

    run(app, handler)
    assert (refused.state, refused.says) == (JobState.FAILED, "Row 3 has no date.")
    assert faulty.state is JobState.FAILED
    assert "secret" not in faulty.says


def test_cancel_before_and_while_it_runs(app: Flask, cast: Cast) -> None:
    waiting, running = enqueue(cast), enqueue(cast)
    services.ask_cancel(waiting)
    commit()

    def handler(run: Run) -> None:
        job = db.session.get_one(Job, run.job_id)
        job.is_cancel_asked = True
        commit()
        run.progress(1, 2)
        raise AssertionError("went on after cancel")

    assert run(app, handler) == 1
    assert waiting.state is JobState.CANCELLED
    assert running.state is JobState.CANCELLED
    with pytest.raises(Conflict):
        services.ask_cancel(running)


def test_a_closed_account_gets_nothing_done(app: Flask, cast: Cast) -> None:
    job = enqueue(cast)
    cast.maren.is_active = False
    run(app, lambda run: run.finish("done"))
    assert job.state is JobState.FAILED
    assert "closed" in job.says


def test_a_job_whose_worker_died_is_run_again_and_parked_after_three_tries(app: Flask, cast: Cast) -> None:
    job = enqueue(cast)
    for tries in (1, 2, 3):
        claimed = services.claim_next(db.session())
        assert claimed is not None
        assert claimed.tries == tries
        assert services.claim_next(db.session()) is None, "leased"
        claimed.leased_until = clock.now() - timedelta(seconds=1)
        commit()
    services.claim_next(db.session())
    commit()
    assert job.state is JobState.FAILED
    assert services.claim_next(db.session()) is None


@pytest.mark.real_commits
def test_the_worker_process_ends_cleanly_and_picks_up_after_a_kill(app: Flask, cast: Cast, tmp_path: Path) -> None:
    job = enqueue(cast)
    services.claim_next(db.session())  # a worker that was killed left this running
    commit()
    env = {
        **os.environ, "DATABASE_URL": str(db.engine.url.render_as_string(hide_password=False)),
        "SECRET_KEY": "s3cret-of-the-worker-test-0123456789-abcdef", "DATA_DIR": str(tmp_path),
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "flask", "--app", "wsgi", "work"], cwd=ROOT, env=env)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not _is_over(job):
            time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(timeout=30)
    db.session.expire_all()
    assert job.state is JobState.FAILED, "its kind has no handler there, so it ends as a fault, not never"
    assert status == 0


def _is_over(job: Job) -> bool:
    is_over = job.state.is_over
    db.session.rollback()  # let go of the lock, so that the worker can write
    return is_over


def test_job_page_is_the_owners_alone(cast: Cast, sign_in: Any) -> None:
    job = enqueue(cast)
    assert "Count" in sign_in(cast.maren).get(f"/jobs/{job.id}").text
    assert sign_in(cast.arjun).get(f"/jobs/{job.id}").status == 404
    assert sign_in(cast.maren).get("/jobs/999999").status == 404
    maren = sign_in(cast.maren)
    assert "1 running" in maren.get("/jobs/tray", htmx=True).text
    assert maren.get(f"/jobs/{job.id}", htmx=True).status == 200
    assert maren.post(f"/jobs/{job.id}/cancel").status == 302
    assert maren.get(f"/jobs/{job.id}", htmx=True).status == 286, "htmx stops asking"
    assert maren.post(f"/jobs/{job.id}/cancel").status == 409


def test_a_job_waits_while_the_database_cannot_be_used(app: Flask, cast: Cast) -> None:
    job = enqueue(cast)
    runs: list[int] = []

    def handler(run: Run) -> None:
        runs.append(run.job_id)
        if len(runs) == 1:
            raise OperationalError("UPDATE practice ...", {}, Exception("database is locked"))
        run.finish("Counted")

    assert run(app, handler) == 1
    assert (job.state, job.says) == (JobState.RUNNING, ""), "given up for the moment, not failed"
    job.leased_until = clock.now() - timedelta(seconds=1)
    run(app, handler)
    assert (job.state, job.says, len(runs)) == (JobState.DONE, "Counted", 2)


def test_the_log_of_a_failed_job_quotes_no_row(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    capture = LogCapture()
    monkeypatch.setattr(worker, "log", wrap_logger(PrintLogger(), processors=[capture]))
    enqueue(cast)

    def handler(run: Run) -> None:
        raise ValueError("row 7: Jane Patient, born 1961-02-03")

    run(app, handler)
    (entry,) = capture.entries
    assert (entry["event"], entry["fault"]) == ("job failed", "ValueError")
    assert "Jane" not in str(entry)


@pytest.mark.real_commits
def test_the_worker_process_outlives_a_locked_database(app: Flask, cast: Cast, tmp_path: Path) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL locks rows, not the database")
    job_id = enqueue(cast).id
    other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    db.session.remove()
    other.execute("BEGIN EXCLUSIVE")
    env = {
        **os.environ, "DATABASE_URL": str(db.engine.url), "DATA_DIR": str(tmp_path),
        "SECRET_KEY": "s3cret-of-the-worker-test-0123456789-abcdef",
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "flask", "--app", "wsgi", "work"], cwd=ROOT, env=env)
    try:
        time.sleep(8)  # longer than a connection waits for the lock
        assert process.poll() is None, "the worker ended, and with it the server"
        other.rollback()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not _is_over(db.session.get_one(Job, job_id)):
            time.sleep(0.2)
    finally:
        other.close()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    assert db.session.get_one(Job, job_id).state is JobState.FAILED, "it went on, and knows no such kind of job"


def test_tray_counts_what_runs_and_asks_again_only_then(cast: Cast, sign_in: Any) -> None:
    maren = sign_in(cast.maren)
    assert "Imports and exports show their progress here" in maren.get("/jobs/tray", htmx=True).text
    waiting, failed, cancelled = enqueue(cast), enqueue(cast), enqueue(cast)
    services.end(failed, JobState.FAILED, "It broke.")
    services.end(cancelled, JobState.CANCELLED, "")
    tray = maren.get("/jobs/tray", htmx=True)
    assert "1 running, 1 failed" in tray.text
    assert "every 2s" in str(tray.soup)
    assert "Waiting for its turn" in tray.text
    services.end(waiting, JobState.DONE, "Counted 3.")
    tray = maren.get("/jobs/tray", htmx=True)
    assert "1 failed, 1 done" in tray.text
    assert "every 2s" not in str(tray.soup)
    assert 'aria-label="Cancelled"' in str(tray.soup)
