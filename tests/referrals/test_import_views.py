"""Tests of the pages of imports: the whole way from the file to the receipt and back; no patient's value stays."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import MetaData, select
from sqlalchemy.orm import Session

from crm.core.db import db
from crm.referrals import import_services
from crm.referrals.models import ImportState, ImportUpload, Referral, ReferralImport
from tests.cast import Cast
from tests.pages import PageClient
from tests.referrals.files import OKONJO, csv_bytes, event, events, workbook
from tests.referrals.importing import bring_in

SignIn = Callable[..., PageClient]
CANARIES = [
    "Quillfeather",
    "zebulon",
    "218-44-1029",
    "1EG4-TE5-MK72",
    "04/02/1951",
    "00482915",
    "quill@mail.example",
    "callback-canary",
]
PATIENT_HEADER = ("PT_NAME", "First Name", "SSN", "Insurance #", "DOB", "Field 9", "E-mail", "Comments")


def send(client: PageClient, data: bytes, name: str = "referrals.csv", month: str = "") -> Any:
    return client.post(
        "/referrals/imports/new",
        {"file": (io.BytesIO(data), name), "month": month},
        content_type="multipart/form-data",
        follow=True,
    )


@pytest.fixture
def maren(sign_in: SignIn, cast: Cast) -> PageClient:
    return sign_in(cast.maren)


def last_import(session: Session) -> ReferralImport:
    return session.scalars(select(ReferralImport).order_by(ReferralImport.id.desc())).first()  # type: ignore[return-value]


def test_the_whole_way_from_the_file_to_the_receipt_and_back(
    maren: PageClient, run_jobs: Callable[[], int], database: Any
) -> None:
    data = csv_bytes(
        [event(n) for n in range(1, 13)]
        + [event(20, Status="PEND-X"), event(21, Ref_NPI="", Referring_Practice="Walker Clinic")]
    )
    check = send(maren, data)
    assert "Import 13 rows" in check.text
    assert "14 rows" in check.text
    assert "Status not known" in check.text
    assert "Walker Clinic" in check.text
    batch = last_import(database())
    progress = maren.submit(check, action=f"/imports/{batch.id}/import", follow=True)
    assert "Importing referrals.csv" in progress.text
    assert maren.get(f"/referrals/imports/{batch.id}/progress", htmx=True).response.headers.get("HX-Redirect") is None
    assert run_jobs() == 1
    assert (
        maren.get(f"/referrals/imports/{batch.id}/progress", htmx=True)
        .response.headers["HX-Redirect"]
        .endswith(f"/{batch.id}")
    )
    receipt = maren.get(f"/referrals/imports/{batch.id}")
    assert "13 rows imported" in receipt.text
    assert "13 + 0 + 0 + 1 = 14 rows" in receipt.text
    assert "1 row matches no practice" in receipt.text
    assert "13" in maren.get(f"/referrals?import={batch.id}").text
    maren.submit(receipt, action="/take-back")
    assert run_jobs() == 1
    assert "was taken back" in maren.get(f"/referrals/imports/{batch.id}").text
    assert "referrals.csv" in maren.get("/referrals/imports").text
    assert database().scalars(select(Referral.id)).all() == []


def patient_rows() -> list[list[object]]:
    patient = [
        "Quillfeather, Z",
        "zebulon",
        "218-44-1029",
        "1EG4-TE5-MK72",
        "04/02/1951",
        "MRN 00482915",
        "quill@mail.example",
        "callback-canary",
    ]
    return [[*event(n), *patient] for n in range(1, 6)]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_nothing_of_a_patient_is_stored_or_shown(
    maren: PageClient,
    run_jobs: Callable[[], int],
    database: Any,
    app: Flask,
    kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    header = (*csv_header(), *PATIENT_HEADER)
    rows = patient_rows()
    rows[2].append("one cell too many, Quillfeather")
    data = (
        csv_bytes(rows, header)
        if kind == "csv"
        else workbook({"A": [header, *rows], "B": [["Patient Name"], ["Quillfeather"]]})
    )
    check = send(maren, data, f"x.{kind}")
    batch = last_import(database())
    pages = [check, maren.submit(check, action="/import", follow=True)]
    packed = database().get(ImportUpload, batch.id)
    import gzip

    unpacked = gzip.decompress(packed.rows).decode(errors="replace") if packed else ""
    run_jobs()
    pages += [maren.get(f"/referrals/imports/{batch.id}"), maren.get(f"/referrals/imports/{batch.id}/refused.csv")]
    pages += [maren.get(f"/referrals/imports/{batch.id}/note.txt"), maren.get("/referrals"), maren.get("/jobs/tray")]
    assert last_import(database()).added_rows == (4 if kind == "csv" else 5)
    texts = {"pages": " ".join(page.response.get_data(as_text=True) for page in pages), "upload": unpacked}
    texts |= {"database": whole_database(database()), "log": caplog.text}
    for place, text in texts.items():
        assert [canary for canary in CANARIES if canary.lower() in text.lower()] == [], place
    assert "PT_NAME" in pages[0].text
    assert "Column K" in pages[0].text


def csv_header() -> tuple[str, ...]:
    from tests.referrals.files import HEADER

    return HEADER


def whole_database(session: Session) -> str:
    """Every value of every table, unpacked."""
    metadata = MetaData()
    metadata.reflect(session.connection())
    found = [
        [str(value) for row in session.execute(table.select()) for value in row] for table in metadata.sorted_tables
    ]
    return json.dumps(found)


@pytest.mark.real_commits
def test_no_byte_of_a_patient_reaches_the_database_file(
    sign_in: SignIn, cast: Cast, app: Flask, run_jobs: Callable[[], int], tmp_path: Any
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("the files of a PostgreSQL server are not ours to read")
    client = sign_in(cast.maren)
    check = send(client, csv_bytes(patient_rows(), (*csv_header(), *PATIENT_HEADER)))
    client.submit(check, action="/import")
    run_jobs()
    folder = __import__("pathlib").Path(str(db.engine.url.database)).parent
    content = b"".join(path.read_bytes() for path in [*folder.glob("*"), *tmp_path.rglob("*")] if path.is_file())
    assert b"Olentangy" in content
    assert [canary for canary in CANARIES if canary.encode() in content] == []


def test_a_changed_choice_checks_again(maren: PageClient, database: Any) -> None:
    send(maren, events(4))
    batch = last_import(database())
    answer = maren.post(
        f"/referrals/imports/{batch.id}/mapping", {"column-9": "billed", "column-7": "", "site": "Easton"}, htmx=True
    )
    assert answer.status == 200
    columns = {column["header"]: column["target"] for column in last_import(database()).mapping["columns"]}
    assert (columns["Payments"], columns["Status"]) == ("billed", "")
    assert last_import(database()).mapping["options"]["site"] == "Easton"
    answer = maren.post(f"/referrals/imports/{batch.id}/mapping", {"column-1": "", "column-0": "nonsense"}, htmx=True)
    assert "Say which column holds the day" in answer.text
    assert "Import 4 rows" not in answer.text
    assert maren.post(f"/referrals/imports/{batch.id}/import").status == 422


def test_a_file_that_changes_nothing_says_so(maren: PageClient, database: Any) -> None:
    bring_in(database(), events(3))
    answer = send(maren, events(3))
    assert "Every row is here already" in answer.text
    assert "Import 0 rows" not in answer.text


def test_counts_without_a_month_ask_for_it(maren: PageClient, database: Any) -> None:
    data = csv_bytes([[OKONJO, "30", "Dublin"]], ("Ref NPI", "Number of Referrals", "Site"))
    assert "Say which month" in send(maren, data).text
    batch = last_import(database())
    assert "Import 1 row" in maren.post(f"/referrals/imports/{batch.id}/mapping", {"month": "2026-03"}, htmx=True).text
    assert maren.post(f"/referrals/imports/{batch.id}/mapping", {"month": "soon"}, htmx=True).status == 422
    assert "Import 1 row" in send(maren, data, month="2026-04").text


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"Referral Date,Ref NPI\n", "no rows"),
        ("a.csv", b'Referral Date,Ref NPI\n"03/02/2026', "cut off"),
        ("a.xlsx", b"PK\x03\x04nothing", "damaged"),
        ("a.pdf", b"%PDF-1.4", "PDF"),
        ("a.csv", b"\x00\x01\x02" * 50, "binary"),
        ("a.csv", b"PT_NAME,DOB\nZeb,04/02/1951\n", "column A (patient name), column B (birth date)"),
        ("a.csv", b"a,b\n1,2\n", "Its first line should name the columns"),
        ("a.csv", b"a,b\n1,2\n", "This file cannot go in as it is. Nothing of it was kept."),
    ],
)
def test_a_bad_file_is_refused_in_the_form(maren: PageClient, database: Any, name: str, data: bytes, says: str) -> None:
    answer = send(maren, data, name)
    assert answer.status == 422
    assert says in answer.text
    assert database().scalars(select(ReferralImport.id)).all() == []


def test_only_the_name_of_a_file_is_kept_not_its_path(maren: PageClient, database: Any) -> None:
    assert send(maren, events(1), "..\\..\\etc/pass\x00wd\u202e.csv").status == 200
    assert last_import(database()).file_name == "passwd.csv"


def test_no_file_at_all_is_told(maren: PageClient) -> None:
    answer = maren.post("/referrals/imports/new", {"month": "x"})
    assert answer.status == 422
    assert "Choose a file" in answer.text


def test_a_large_file_is_checked_in_the_background(
    maren: PageClient, run_jobs: Callable[[], int], database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_services, "CHECKED_AT_ONCE", 2)
    assert "Checking referrals.csv" in send(maren, events(5)).text
    batch = last_import(database())
    maren.post(f"/referrals/imports/{batch.id}/mapping", {"site": "Easton"}, htmx=True)
    assert run_jobs() == 2
    assert last_import(database()).state is ImportState.WAITING
    assert "Import 5 rows" in maren.get(f"/referrals/imports/{batch.id}").text


def test_giving_up_forgets_the_file(maren: PageClient, database: Any) -> None:
    check = send(maren, events(3))
    maren.submit(check, action="/give-up")
    batch = last_import(database())
    assert batch.state is ImportState.FAILED
    assert database().get(ImportUpload, batch.id) is None
    assert "given up" in maren.get(f"/referrals/imports/{batch.id}").text
    assert maren.post(f"/referrals/imports/{batch.id}/import").status == 409


def test_a_cancelled_import_keeps_nothing_and_waits(
    maren: PageClient, run_jobs: Callable[[], int], database: Any
) -> None:
    check = send(maren, events(3))
    batch = last_import(database())
    maren.submit(check, action="/import")
    from crm.jobs.models import Job

    job = database().get(Job, batch.job_id)
    job.is_cancel_asked = True
    run_jobs()
    assert last_import(database()).state is ImportState.WAITING
    assert database().scalars(select(Referral.id)).all() == []
    assert maren.get(f"/jobs/{job.id}").location == f"/referrals/imports/{batch.id}"
    page = maren.get(f"/referrals/imports/{batch.id}")
    assert "Cancelled" in page.text
    maren.submit(page, action="/import")
    run_jobs()
    assert last_import(database()).state is ImportState.DONE


def test_a_fault_in_the_work_keeps_nothing(
    maren: PageClient, run_jobs: Callable[[], int], database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crm.referrals.importing import writing

    check = send(maren, events(3))
    maren.submit(check, action="/import")
    monkeypatch.setattr(writing, "_show", lambda *_: 1 / 0)
    run_jobs()
    batch = last_import(database())
    assert batch.state is ImportState.WAITING
    assert "stopped because of a fault" in maren.get(f"/referrals/imports/{batch.id}").text
    assert database().scalars(select(Referral.id)).all() == []


def test_work_that_stopped_can_be_begun_again(maren: PageClient, run_jobs: Callable[[], int], database: Any) -> None:
    from crm.jobs.models import Job, JobState

    check = send(maren, events(2))
    maren.submit(check, action="/import")
    batch = last_import(database())
    database().get(Job, batch.job_id).state = JobState.FAILED
    database().commit()
    page = maren.get(f"/referrals/imports/{batch.id}")
    maren.submit(page, action="/try-again")
    assert last_import(database()).state is ImportState.WAITING
    maren.post(f"/referrals/imports/{batch.id}/import")
    run_jobs()
    maren.post(f"/referrals/imports/{batch.id}/take-back")
    batch = last_import(database())
    database().get(Job, batch.job_id).state = JobState.FAILED
    database().commit()
    maren.post(f"/referrals/imports/{batch.id}/try-again")
    run_jobs()
    assert last_import(database()).state is ImportState.TAKEN_BACK


@pytest.mark.parametrize("who", ["dana", "priya", "carol", "adam"])
def test_who_may_not_import_is_refused(sign_in: SignIn, cast: Cast, maren: PageClient, database: Any, who: str) -> None:
    send(maren, events(1))
    batch = last_import(database())
    outsider = sign_in(getattr(cast, who))
    for page in (
        "imports",
        "imports/new",
        f"imports/{batch.id}",
        f"imports/{batch.id}/refused.csv",
        f"imports/{batch.id}/progress",
    ):
        assert outsider.get(f"/referrals/{page}").status == 403
    for step in ("import", "mapping", "give-up", "take-back", "try-again"):
        assert outsider.post(f"/referrals/imports/{batch.id}/{step}").status == 403
    assert last_import(database()).state is ImportState.WAITING


def test_an_import_that_is_not_there_is_not_found(maren: PageClient) -> None:
    for number in ("999", "99999999999999999999"):
        assert maren.get(f"/referrals/imports/{number}").status == 404


def test_nothing_imported_yet(maren: PageClient) -> None:
    assert "Nothing imported yet" in maren.get("/referrals/imports").text
