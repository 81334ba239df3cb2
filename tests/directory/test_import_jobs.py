"""The background work: progress, cancel, going on, faults, a worker that dies."""

import io
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.accounts.viewer import Viewer
from crm.core.db import db
from crm.directory import import_services
from crm.directory.import_models import DirectoryImport, DirectoryImportFile
from crm.directory.import_models import DirectoryImportState as State
from crm.directory.importing import importer
from crm.directory.importing.counts import Counts
from crm.directory.importing.rows import RowFilter
from crm.directory.models import Provider
from crm.jobs import services as job_services
from crm.jobs.models import Job, JobState
from tests.cast import Cast
from tests.directory.cms_files import many, nppes_330


@pytest.fixture
def waiting(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> DirectoryImport:
    """A checked file of 40 rows, which go in ten by ten."""
    monkeypatch.setattr(importer, "PIECE", 10)
    session = db.session()
    batch = import_services.take_in(
        session, cast.viewer(cast.maren), "npidata.csv", io.BytesIO(nppes_330(many(40))), kind=None,
        wanted=RowFilter(), max_bytes=1_000_000,
    )  # fmt: skip
    batch.state = State.WAITING
    session.commit()
    return batch


@pytest.fixture
def maren(cast: Cast) -> Viewer:
    return cast.viewer(cast.maren)


def providers() -> int:
    return db.session.scalar(select(func.count()).select_from(Provider)) or 0


def the_job(batch: DirectoryImport) -> Job:
    return db.session.get_one(Job, batch.job_id)


def test_progress_and_end(waiting: DirectoryImport, maren: Viewer, run_jobs: Any) -> None:
    import_services.begin_import(db.session(), maren, waiting)
    run_jobs()
    job = the_job(waiting)
    assert (job.state, job.done, job.total, job.says) == (JobState.DONE, 40, 40, "40 rows imported.")
    assert job.result_url == f"/directory/imports/{waiting.id}"
    assert (waiting.state, Counts.of(waiting.counts).adds_up, providers()) == (State.DONE, True, 2 + 34)


def test_cancel_keeps_whole_pieces_and_says_so_and_it_can_go_on(
    waiting: DirectoryImport, maren: Viewer, run_jobs: Any, sign_in: Any, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_services.begin_import(db.session(), maren, waiting)
    real = job_services.note_progress
    monkeypatch.setattr(job_services, "note_progress", lambda *args: real(*args) or args[2] == 20)
    run_jobs()
    assert (waiting.state, Counts.of(waiting.counts).read) == (State.STOPPED, 20)
    assert the_job(waiting).state is JobState.DONE
    browser = sign_in(cast.maren)
    page = browser.get(f"/directory/imports/{waiting.id}")
    assert "Cancelled. 20 rows of the first 20 went in and stay. Go on to import the rest" in page.text
    monkeypatch.undo()
    browser.submit(page, action="/import")
    run_jobs()
    db.session.expire_all()
    counts = Counts.of(waiting.counts)
    assert (waiting.state, counts.read, counts.taken, counts.adds_up) == (State.DONE, 40, 40, True)
    assert providers() == 2 + 34


def test_a_stopped_file_can_be_given_up_and_its_receipt_stays(
    waiting: DirectoryImport, maren: Viewer, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_services.begin_import(db.session(), maren, waiting)
    monkeypatch.setattr(job_services, "note_progress", lambda *args: args[2] == 10)
    run_jobs()
    import_services.give_up(db.session(), waiting)
    db.session.commit()
    assert db.session.get(DirectoryImportFile, waiting.id) is None
    assert waiting.state is State.STOPPED
    assert providers() == 2 + 9


def test_a_cancel_after_the_last_row_changes_nothing(
    waiting: DirectoryImport, maren: Viewer, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_services.begin_import(db.session(), maren, waiting)
    monkeypatch.setattr(job_services, "note_progress", lambda *args: args[2] == 40)
    run_jobs()
    assert (waiting.state, the_job(waiting).says) == (State.DONE, "40 rows imported.")


def test_a_fault_stops_the_import_and_keeps_what_is_in(
    waiting: DirectoryImport, maren: Viewer, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_services.begin_import(db.session(), maren, waiting)
    real = importer.store
    calls: list[int] = []

    def store(working: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("the disk is full")
        real(working)

    monkeypatch.setattr(importer, "store", store)
    run_jobs()
    assert (waiting.state, Counts.of(waiting.counts).read) == (State.STOPPED, 20)
    assert "fault on our side. 20 rows of the first 20 went in and stay" in waiting.says
    assert the_job(waiting).state is JobState.FAILED
    assert providers() == 2 + 17


def test_a_worker_that_died_goes_on_where_it_was(waiting: DirectoryImport, maren: Viewer, run_jobs: Any) -> None:
    """As after kill -9: two pieces are in, the job still says that it runs."""
    from crm.directory.import_queries import find_content
    from crm.directory.importing.upload import unpacked

    import_services.begin_import(db.session(), maren, waiting)
    db.session.commit()

    class Killed(BaseException):
        pass

    def checkpoint(progress: importer.Progress) -> None:
        import_services.keep_piece(db.session(), waiting, progress)
        db.session.commit()
        if progress.counts.read == 20:
            raise Killed

    with unpacked(find_content(db.session(), waiting.id) or b"") as (layout, rows), pytest.raises(Killed):
        importer.run_import(db.session(), layout, rows, RowFilter(), checkpoint)
    db.session.rollback()
    run_jobs()
    counts = Counts.of(waiting.counts)
    assert (waiting.state, counts.read, counts.providers_added, counts.adds_up) == (State.DONE, 40, 34, True)
    assert providers() == 2 + 34


def test_a_check_that_is_cancelled_or_fails_forgets_the_file(
    waiting: DirectoryImport, maren: Viewer, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting.state = State.CHECKING
    import_services.begin_check(db.session(), maren, waiting)
    monkeypatch.setattr(job_services, "note_progress", lambda *_: True)
    job_id, import_id = waiting.job_id, waiting.id
    run_jobs()
    assert db.session.get_one(Job, job_id).state is JobState.CANCELLED
    assert db.session.get(DirectoryImport, import_id) is None


def test_work_on_a_file_that_is_gone_ends_quietly(waiting: DirectoryImport, maren: Viewer, run_jobs: Any) -> None:
    import_services.begin_import(db.session(), maren, waiting)
    waiting.state = State.STOPPED
    job_id = waiting.job_id
    run_jobs()
    assert db.session.get_one(Job, job_id).says == "There was nothing left to import."
