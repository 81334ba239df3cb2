"""Imports when things do not come in order: twice the same file, two people, a choice taken back, a large receipt."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from crm.accounts.viewer import SYSTEM
from crm.core.db import commit, db
from crm.jobs.run import Run
from crm.referrals import import_queries, import_services
from crm.referrals.importing import batches, segments, text
from crm.referrals.importing.lock import only_one
from crm.referrals.models import ImportState, ImportUpload, ReferralImport
from crm.referrals.origin_models import Door
from crm.referrals.views import imports
from tests.cast import Cast
from tests.pages import PageClient
from tests.referrals.files import OKONJO, csv_bytes, event, events
from tests.referrals.importing import bring_in
from tests.referrals.test_import_views import last_import, send

SignIn = Callable[..., PageClient]


@pytest.fixture
def maren(sign_in: SignIn, cast: Cast) -> PageClient:
    return sign_in(cast.maren)


@pytest.fixture
def arjun(sign_in: SignIn, cast: Cast) -> PageClient:
    return sign_in(cast.arjun)


def test_the_same_file_again_is_told_with_its_receipt(maren: PageClient, database: Any) -> None:
    first = bring_in(database(), events(3)).id
    page = send(maren, events(3))
    assert "The same file was imported on" in page.text
    assert page.soup.select(f'a[href="/referrals/imports/{first}"]')
    assert "The same file" not in send(maren, events(4)).text


def test_what_changes_of_each_month_is_shown_before_and_what_taking_back_changes_after(
    maren: PageClient, database: Any, run_jobs: Callable[[], int]
) -> None:
    bring_in(database(), csv_bytes([event(1, Referral_Date="01/14/2026"), event(2, Referral_Date="01/15/2026")]))
    moved = csv_bytes([event(1, Referral_Date="02/14/2026"), event(3, Referral_Date="02/15/2026")])
    send(maren, moved)
    batch = last_import(database())
    assert [(line["now"], line["then"]) for line in batch.mapping["check"]["months"]] == [(0, 2), (2, 1)]
    maren.post(f"/referrals/imports/{batch.id}/import")
    run_jobs()
    page = maren.get(f"/referrals/imports/{batch.id}")
    table = next(table for table in page.soup.select("table") if "Referrals per month" in table.caption.text)
    cells = [[cell.text for cell in row.select("th, td")] for row in table.select("tbody tr")]
    assert cells == [["Feb 2026", "2", "0", "−2"], ["Jan 2026", "1", "2", "+1"]]


def test_counts_change_their_months_by_their_numbers(maren: PageClient, database: Any) -> None:
    header = ("Ref NPI", "Month", "Number of Referrals")
    bring_in(database(), csv_bytes([[OKONJO, "2026-03", "30"]], header))
    send(maren, csv_bytes([[OKONJO, "2026-03", "25"], [OKONJO, "2026-04", "7"]], header))
    months = last_import(database()).mapping["check"]["months"]
    assert [(line["now"], line["then"]) for line in months] == [(0, 7), (30, 25)]


def test_whoever_comes_second_is_told(
    maren: PageClient, arjun: PageClient, database: Any, run_jobs: Callable[[], int]
) -> None:
    send(maren, events(3))
    batch_id = last_import(database()).id
    maren.post(f"/referrals/imports/{batch_id}/import")
    assert "begun already" in arjun.post(f"/referrals/imports/{batch_id}/import", follow=True).text
    assert run_jobs() == 1
    assert "begun already" in arjun.post(f"/referrals/imports/{batch_id}/import", follow=True).text
    maren.post(f"/referrals/imports/{batch_id}/take-back")
    assert "being taken back already" in arjun.post(f"/referrals/imports/{batch_id}/take-back", follow=True).text
    assert run_jobs() == 1
    assert "being taken back already" in arjun.post(f"/referrals/imports/{batch_id}/take-back", follow=True).text


def test_two_people_do_not_overwrite_each_others_choices(maren: PageClient, arjun: PageClient, database: Any) -> None:
    seen = send(maren, events(3))
    batch = last_import(database())
    revision = str(batch.mapping["revision"])
    assert [field["value"] for field in seen.soup.select("#mapping [name=revision]")] == [revision]
    arjun.post(f"/referrals/imports/{batch.id}/mapping", {"site": "Easton", "revision": revision}, htmx=True)
    answer = maren.post(f"/referrals/imports/{batch.id}/mapping", {"site": "Dublin", "revision": revision}, htmx=True)
    assert answer.response.headers["HX-Redirect"].endswith(f"/imports/{batch.id}")
    assert last_import(database()).mapping["options"]["site"] == "Easton"
    assert "Somebody else changed how this file is read" in maren.get(f"/referrals/imports/{batch.id}").text
    maren.post(f"/referrals/imports/{batch.id}/import", {"revision": revision})
    assert last_import(database()).state is ImportState.WAITING
    # One's own changes in quick succession are not somebody else's.
    for site in ("A", "B"):
        arjun.post(f"/referrals/imports/{batch.id}/mapping", {"site": site, "revision": revision}, htmx=True)
    assert last_import(database()).mapping["options"]["site"] == "B"


def test_a_check_can_be_cut_short(
    maren: PageClient, database: Any, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_services, "CHECKED_AT_ONCE", 2)
    page = send(maren, events(5))
    assert "Give up this file" in page.text
    maren.submit(page, action="/give-up")
    assert run_jobs() == 1
    batch = last_import(database())
    assert batch.state is ImportState.FAILED
    assert database().get(ImportUpload, batch.id) is None


def test_a_check_lets_others_write_and_ends_when_nobody_needs_it(
    maren: PageClient, database: Any, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_services, "CHECKED_AT_ONCE", 2)
    monkeypatch.setattr(batches, "BATCH_ROWS", 2)
    monkeypatch.setattr(segments, "SEGMENT_ROWS", 2)
    monkeypatch.setattr(text, "CHUNK", 1)
    send(maren, events(9))
    batch_id, told = last_import(database()).id, []

    def progress(_run: Run, done: int, total: int, _says: str) -> None:
        told.append((done, total, database().in_transaction()))
        if done == 4:
            import_services.give_up(database(), database().get(ReferralImport, batch_id))
            database().commit()

    monkeypatch.setattr(Run, "progress", progress)
    run_jobs()
    assert [(done, total) for done, total, _ in told] == [(2, 9), (4, 9)]
    assert not any(is_kept_waiting for *_, is_kept_waiting in told)
    assert last_import(database()).state is ImportState.FAILED


def test_only_who_began_an_import_can_cancel_it(maren: PageClient, arjun: PageClient, database: Any) -> None:
    send(maren, events(3))
    batch_id = last_import(database()).id
    maren.post(f"/referrals/imports/{batch_id}/import")
    assert "Cancel" in maren.get(f"/referrals/imports/{batch_id}").soup.select("#progress")[0].text
    theirs = arjun.get(f"/referrals/imports/{batch_id}").soup.select("#progress")[0].text
    assert ("Cancel" in theirs, "Maren Oakes began this" in theirs) == (False, True)


def test_one_row_per_referral_may_become_counts_and_single_rows_again(maren: PageClient, database: Any) -> None:
    send(maren, events(3))
    batch = last_import(database())
    page = maren.post(f"/referrals/imports/{batch.id}/mapping", {"grain": "month"}, htmx=True)
    assert "Say which column holds the number of referrals" in page.text
    page = maren.post(f"/referrals/imports/{batch.id}/mapping", {"grain": "event"}, htmx=True)
    assert "Import 3 rows" in page.text
    send(maren, csv_bytes([[OKONJO, "2026-03", "30"]], ("Ref NPI", "Month", "Number of Referrals")))
    batch = last_import(database())
    assert maren.post(f"/referrals/imports/{batch.id}/mapping", {"grain": "event"}, htmx=True).status == 422


def test_the_receipt_of_a_large_import_looks_its_months_up_afterwards(
    maren: PageClient, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = bring_in(database(), events(5)).id
    monkeypatch.setattr(imports, "LOOKED_UP_AT_ONCE", 2)
    page = maren.get(f"/referrals/imports/{batch_id}")
    assert "Looking up what that changes" in page.text
    address = page.soup.select("[hx-trigger=load]")[0]["hx-get"]
    part = maren.get(address, htmx=True)
    assert ("Rows removed" in part.text, "Take back import" in part.text) == (True, True)
    assert maren.get(address).location.endswith(f"/imports/{batch_id}")


def test_a_browser_that_shows_progress_is_sent_on(maren: PageClient, database: Any) -> None:
    import io

    sent = {"file": (io.BytesIO(events(2)), "a.csv"), "month": ""}
    answer = maren.post("/referrals/imports/new", sent, content_type="multipart/form-data", htmx=True)
    batch = database().scalars(select(ReferralImport)).one()
    assert (answer.status, answer.response.headers["HX-Redirect"]) == (200, f"/referrals/imports/{batch.id}")


@pytest.mark.real_commits
def test_an_import_that_a_command_writes_just_now_has_not_stopped(
    sign_in: SignIn, cast: Cast, database: Any, tmp_path: Any
) -> None:
    maren = sign_in(cast.maren)
    batch = import_services.take_in_file(database(), SYSTEM, "a.csv", events(2), door=Door.COMMAND)
    batch.state, batch_id = ImportState.RUNNING, batch.id
    database().commit()
    with only_one(database()):
        assert "A command is at work on it" in maren.get(f"/referrals/imports/{batch_id}").text
        assert maren.post(f"/referrals/imports/{batch_id}/try-again").status == 409
    assert "has stopped" in maren.get(f"/referrals/imports/{batch_id}").text


@pytest.mark.real_commits
def test_who_gives_a_file_up_waits_for_who_imports_it(app: Flask, sign_in: SignIn, cast: Cast, database: Any) -> None:
    maren = sign_in(cast.maren)
    send(maren, events(2))
    batch_id, arjun = last_import(database()).id, cast.viewer(cast.arjun)
    database().rollback()
    has_begun = threading.Event()

    def start() -> None:
        with app.app_context():
            batch = import_queries.get_import(db.session(), SYSTEM, batch_id)
            has_begun.set()
            time.sleep(0.3)
            import_services.begin_import(db.session(), arjun, batch)
            commit()

    importing = threading.Thread(target=start)
    importing.start()
    has_begun.wait()
    answer = maren.post(f"/referrals/imports/{batch_id}/give-up")
    importing.join()
    assert answer.status == 409
    assert last_import(database()).state is ImportState.RUNNING
    assert database().get(ImportUpload, batch_id) is not None
