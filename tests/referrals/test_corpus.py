"""The measure of patient identity: of the hostile files of the corpus nothing of a patient stays anywhere, and hardly a
clean one is hindered. `python -m tests.referrals.corpus` prints the figures."""

import io
import logging
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from crm.core.db import db
from crm.referrals.models import ReferralImport
from tests.cast import Cast
from tests.pages import PageClient
from tests.referrals.corpus import measure
from tests.referrals.corpus.clean import Clean, clean_files
from tests.referrals.corpus.hostile import Hostile, hostile_files
from tests.referrals.corpus.identifiers import KINDS
from tests.referrals.corpus.limits import limits

DOCS = Path(__file__).parents[2] / "docs" / "PATIENT_DATA.md"
BATCHES = 8
BY_PAGE = 53  # one of so many goes the whole way, by the page
pytestmark = pytest.mark.usefixtures("cast")


@cache
def hostile() -> list[Hostile]:
    return list(hostile_files())


@cache
def clean() -> list[Clean]:
    return list(clean_files())


def test_the_corpus_has_every_identifier_and_is_large_enough() -> None:
    assert {kind.number for kind in KINDS} == {*map(str, range(1, 19)), "+"}
    assert len(hostile()) >= 300
    assert len(clean()) >= 200
    assert [file.canaries for file in hostile_files()] == [file.canaries for file in hostile()]


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder in which temporary files would be made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("batch", [0, *(pytest.param(n, marks=pytest.mark.one_database) for n in range(1, BATCHES))])
def test_of_a_hostile_file_nothing_is_kept(
    database: Any, temporary: Path, caplog: pytest.LogCaptureFixture, batch: int
) -> None:
    caplog.set_level(logging.DEBUG)
    session = database()
    misses = []
    for file in hostile()[batch::BATCHES]:
        taken = measure.take_in(session, file.name, file.data)
        kept = f"{measure.kept_of(session, taken)}\n{caplog.text}"
        if found := measure.found_in(kept, file) or measure.still_there(taken, file):
            misses.append((file.label, len(found)))
        caplog.clear()
        session.rollback()
    assert misses == []
    assert list(temporary.iterdir()) == []


@pytest.mark.one_database
def test_a_clean_file_is_hardly_ever_hindered(database: Any) -> None:
    session = database()
    hindered = []
    for file in clean():
        taken = measure.take_in(session, file.name, file.data)
        if gone := measure.wrongly_gone(taken, file) + measure.refused_lines(session, taken):
            hindered.append((file.label, gone))
        session.rollback()
    assert len(hindered) <= len(clean()) // 100, hindered


@pytest.mark.real_commits
def test_by_the_page_nothing_of_a_patient_reaches_pages_logs_or_the_database(
    sign_in: Callable[..., PageClient],
    cast: Cast,
    run_jobs: Callable[[], int],
    temporary: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    client = sign_in(cast.maren)
    files = hostile()[::BY_PAGE]
    misses = []
    for file in files:
        sent = {"file": (io.BytesIO(file.data), file.name)}
        answer = client.post("/referrals/imports/new", sent, content_type="multipart/form-data", follow=True)
        run_jobs()
        address = answer.response.request.path
        pages = [answer, client.get(address), client.post(f"{address}/import", follow=True)]
        run_jobs()
        pages += [client.get(path) for path in (address, f"{address}/note.txt", f"{address}/refused.csv")]
        seen = "\n".join([caplog.text, *(page.response.get_data(as_text=True) for page in pages)])
        if found := measure.found_in(seen, file):
            misses.append((file.label, len(found)))
        caplog.clear()
    assert misses == []
    text = measure.whole_database(db.session())
    assert db.session.query(ReferralImport).count() > len(files) // 2
    assert [file.label for file in files if measure.found_in(text, file)] == []
    db.session.rollback()
    assert list(temporary.iterdir()) == []
    assert _found_on_disk(files, tmp_path) == []


def _found_on_disk(files: list[Hostile], folder: Path) -> list[str]:
    """The labels of files of which some canary stands in the bytes of a database file, or of anything in a folder."""
    folders = [folder]
    if db.engine.dialect.name == "sqlite":  # the files of a PostgreSQL server are not ours to read
        folders.append(Path(str(db.engine.url.database)).parent)
    content = b"".join(path.read_bytes() for place in folders for path in place.rglob("*") if path.is_file())
    return [file.label for file in files if any(canary.encode() in content for canary in file.canaries)]


def test_what_the_docs_admit_is_still_so(database: Any) -> None:
    session, docs = database(), " ".join(DOCS.read_text(encoding="utf-8").split())
    for file in limits():
        taken = measure.take_in(session, file.name, file.data)
        assert measure.found_in(measure.kept_of(session, taken), file), file.label
        assert file.label in docs
        session.rollback()
