"""The pages of imports from CMS: choose a file, check it, import it, read the receipt."""

import io
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from config import Config
from crm.accounts.models import User
from crm.audit.models import Action, AuditEvent
from crm.core.db import db
from crm.directory import import_services
from crm.directory.import_models import DirectoryImport, DirectoryImportFile, DirectoryImportRefusal
from crm.directory.import_models import DirectoryImportState as State
from crm.directory.models import Practice, Provider
from tests.cast import Cast
from tests.directory.cms_files import clinician, dac_40, dac_row, deactivated, many, npi_of, nppes_330
from tests.pages import Answer, PageClient, count_statements

ADA, BEN = npi_of(41), npi_of(42)
NEW = "/directory/imports/new"


def upload(browser: PageClient, data: bytes, name: str = "npidata.csv", **values: str) -> Answer:
    """Choose a file and send the form."""
    return browser.post(NEW, {"file": (io.BytesIO(data), name), **values}, content_type="multipart/form-data")


def the_import() -> DirectoryImport:
    db.session.expire_all()
    return db.session.scalars(select(DirectoryImport).order_by(DirectoryImport.id.desc()).limit(1)).one()


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def maren(cast: Cast, sign_in: Any) -> PageClient:
    browser: PageClient = sign_in(cast.maren)
    return browser


def test_the_whole_way(maren: PageClient, cast: Cast, run_jobs: Any) -> None:
    rows = [
        clinician(ADA),
        clinician(BEN, state="KY"),
        deactivated(npi_of(7)),
        clinician("123"),
        clinician(cast.okonjo.npi or ""),
    ]
    page = maren.get(NEW)
    assert "Find out NPPES Doctors & Clinicians" in page.text
    answer = upload(maren, nppes_330(rows), states="OH, KY", zips="430")
    assert answer.status == 302
    check = maren.get(answer.location)
    assert "npidata.csv NPPES · 5 rows · State KY, OH · ZIP 430…" in check.text
    assert "Ada Whitcomb Family medicine 7420 Riverbend Parkway, Worthington New" in check.text
    assert "Will be imported 2 Already here, unchanged 1 Refused 1 Filtered out 1 Rows in the file 5" in check.text
    assert "Not an NPI: its length or its check digit is wrong 5 1" in check.text
    assert count(Provider) == 2, "the check writes nothing"

    answer = maren.submit(check, action="/import")
    assert answer.location == f"/directory/imports/{the_import().id}"
    assert "Waiting for its turn" in maren.get(answer.location).text
    assert run_jobs() == 1
    receipt = maren.get(answer.location)
    assert "2 rows imported" in receipt.text
    assert "2 + 0 + 1 + 2 = 5 rows in npidata.csv" in receipt.text
    assert "New providers 2 New practices 0" in receipt.text
    assert "NPPES · by Maren Oakes" in receipt.text
    assert (count(Provider), count(DirectoryImportFile)) == (4, 0)
    assert "New practices by territory" not in receipt.text, "the practice of that address was there"
    refused = maren.get(f"{answer.location}/refused.csv").response.get_data(as_text=True)
    assert refused.splitlines()[1:] == ['"5","Not an NPI: its length or its check digit is wrong"']
    events = db.session.scalars(select(AuditEvent).where(AuditEvent.action == Action.IMPORTED)).all()
    assert [(event.object_label, event.detail["read"], event.actor_name) for event in events] == [
        ("npidata.csv", 5, "Maren Oakes")
    ]
    assert "npidata.csv" in maren.get("/directory/imports").text


def test_another_part_of_the_file_is_checked_again(maren: PageClient, cast: Cast) -> None:
    page = maren.get(upload(maren, nppes_330([clinician(ADA), clinician(BEN, state="KY")])).location)
    assert "Import 2 rows" in page.text
    answer = maren.submit(page, {"states": "ky"}, action="/filter")
    page = maren.get(answer.location)
    assert "Import 1 row" in page.text
    assert "Filtered out 1" in page.text
    assert page.form("/filter").find("input", {"name": "states"})["value"] == "KY"
    bad = maren.submit(page, {"states": "Ohoi"}, action="/filter")
    assert bad.status == 422
    assert "Ohoi is not one" in bad.text
    assert bad.form("/filter").find("input", {"name": "states"})["value"] == "Ohoi"


@pytest.mark.parametrize(
    ("data", "name", "values", "says"),
    [
        (b"", "a.csv", {}, "The file is empty."),
        (b"PK\x03\x04", "a.zip", {}, "This is a ZIP archive"),
        (b"Patient,Birth date\nx,y\n", "a.csv", {}, "it has no column NPI"),
        (nppes_330([]), "a.csv", {}, "header but no rows"),
        (nppes_330([clinician(ADA)]), "a.csv", {"kind": "dac"}, "its columns are those of an NPPES file"),
        (nppes_330([clinician(ADA)]), "a.csv", {"zips": "43x"}, "43x is not one"),
        (nppes_330([clinician(ADA)]), "a.csv", {"kind": "xlsx"}, "Choose from the list."),
        (nppes_330([clinician(ADA)]), "a.csv", {"states": "O" * 700}, "Field cannot be longer than 600"),
        (b'NPI,Provider Last Name (Legal Name)\n1,"open\n', "a.csv", {}, "begins on line 2 never ends"),
    ],
)
def test_a_bad_file_or_filter_is_refused_and_what_was_typed_stays(
    maren: PageClient, data: bytes, name: str, values: dict[str, str], says: str
) -> None:
    answer = upload(maren, data, name, **{"codes": "207Q", **values})
    assert answer.status == 422
    assert says in answer.text
    assert answer.form().find("input", {"name": "codes"})["value"] == "207Q"
    assert count(DirectoryImport) == count(DirectoryImportFile) == 0


def test_no_file_was_chosen(maren: PageClient) -> None:
    assert "Choose a file." in maren.post(NEW, {"states": "OH"}).text


def test_a_name_that_cannot_be_shown_is_made_harmless(maren: PageClient) -> None:
    upload(maren, nppes_330([clinician(ADA)]), "../../a/ab\x07<i>.csv")
    assert the_import().file_name == "ab<i>.csv"


def test_a_large_file_is_checked_by_a_job(maren: PageClient, run_jobs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_services, "CHECKED_AT_ONCE", 10)
    answer = upload(maren, nppes_330(many(20)))
    assert "Checking npidata.csv" in maren.get(answer.location).text
    progress = maren.get(f"{answer.location}/progress", htmx=True)
    assert "Waiting for its turn" in progress.text
    assert "HX-Redirect" not in progress.response.headers
    assert maren.get(f"{answer.location}/progress").location == answer.location
    run_jobs()
    assert maren.get(f"{answer.location}/progress", htmx=True).response.headers["HX-Redirect"] == answer.location
    assert "Import 20 rows" in maren.get(answer.location).text


def test_a_file_of_which_nothing_goes_in_says_so(maren: PageClient) -> None:
    page = maren.get(upload(maren, nppes_330([clinician(ADA)]), states="KY").location)
    assert "No row of this file goes in. Leave a filter empty to take more." in page.text
    assert "Import 0 rows" not in page.text


def test_giving_a_file_up_forgets_it(maren: PageClient) -> None:
    answer = upload(maren, nppes_330([clinician(ADA), clinician("123")]))
    assert " until " in maren.get("/directory/imports").text, "the list says how long a file waits"
    assert maren.submit(maren.get(answer.location), action="/give-up").location == "/directory/imports"
    assert count(DirectoryImport) == count(DirectoryImportFile) == count(DirectoryImportRefusal) == 0
    assert "Nothing imported yet" in maren.get("/directory/imports").text


def test_an_import_cannot_be_begun_twice(maren: PageClient, run_jobs: Any) -> None:
    answer = upload(maren, nppes_330([clinician(ADA)]))
    page = maren.get(answer.location)
    maren.submit(page, action="/import")
    assert maren.submit(page, action="/import").status == 409
    run_jobs()
    assert maren.submit(page, action="/import").status == 409
    assert maren.submit(page, action="/give-up").status == 409
    assert maren.submit(page, {"states": "OH"}, action="/filter").location == answer.location
    assert count(Practice) == 2


def test_files_that_nobody_came_back_for_go(maren: PageClient) -> None:
    upload(maren, nppes_330([clinician(ADA)]))
    old = the_import()
    old.updated_at = old.updated_at.replace(year=2020)
    upload(maren, nppes_330([clinician(BEN)]))
    assert count(DirectoryImport) == count(DirectoryImportFile) == 1


@pytest.mark.parametrize("name", ["dana", "priya", "arjun", "carol", "adam"])
def test_others_may_not_import(cast: Cast, sign_in: Any, name: str) -> None:
    user: User = cast.everybody[name]
    browser = sign_in(user)
    assert browser.get("/directory/imports").status == 403
    assert upload(browser, nppes_330([clinician(ADA)])).status == 403
    assert count(DirectoryImport) == 0


@pytest.mark.parametrize("path", ["", "/progress", "/refused.csv"])
def test_an_import_that_is_not_there(maren: PageClient, path: str) -> None:
    assert maren.get(f"/directory/imports/987654{path}").status == 404
    assert maren.get(f"/directory/imports/99999999999999999999{path}").status == 404


def test_the_list_costs_the_same_for_many(maren: PageClient, cast: Cast) -> None:
    def statements() -> int:
        with count_statements() as seen:
            assert maren.get("/directory/imports").status == 200
        return len(seen)

    upload(maren, nppes_330([clinician(ADA)]))
    few = statements()
    for number in range(20):
        batch = DirectoryImport(
            kind=the_import().kind, file_name=f"f{number}.csv", state=State.DONE, owner_id=cast.maren.id,
            counts=the_import().counts, filters={}, samples=[],
        )  # fmt: skip
        db.session.add(batch)
    db.session.commit()
    assert statements() == few


def test_an_upload_may_be_larger_than_other_forms_but_not_too_large(
    maren: PageClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = dac_40(dac_row(npi_of(number), "L" * 50) for number in range(12_000))
    fields = f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{maren.csrf()}\r\n--x\r\n'
    fields += 'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    body = fields.encode() + data + b"\r\n--x--\r\n"
    assert len(body) > 1_500_000

    def send() -> int:
        status: int = maren.raw.post(NEW, data=body, content_type="multipart/form-data; boundary=x").status_code
        return status

    assert send() == 302
    monkeypatch.setitem(maren.app.config, "ROUNDS", Config.for_tests("sqlite://", tmp_path, max_upload_mb=1))
    assert send() == 413


def test_the_receipt_says_where_new_practices_went(maren: PageClient, run_jobs: Any) -> None:
    places = ({"zip": "430170000"}, {"zip": "430810000"}, {"zip": "431230000"}, {"zip": "900010000"})
    rows = [clinician(npi_of(60 + n), line1="5 CANAL RD", **where) for n, where in enumerate(places)]
    answer = upload(maren, nppes_330(rows))
    maren.submit(maren.get(answer.location), action="/import")
    run_jobs()
    assert "North 2 South 1 In no territory 1" in maren.get(answer.location).text
