"""Tests of the pages on which people correct rows of a waiting file that cannot go in."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.accounts.permissions import Permission, Role
from crm.accounts.permissions import permissions_of as real
from crm.core.clock import today
from crm.core.db import db
from crm.referrals import import_services
from crm.referrals.models import ImportUpload, Referral, ReferralImport
from tests.cast import Cast
from tests.pages import Answer, PageClient
from tests.referrals.files import csv_bytes, event
from tests.referrals.test_import_views import send

PENDING = [event(n, Status="PEND-X") for n in (4, 5)]
LINES = [*(event(n) for n in range(1, 4)), *PENDING, event(6, Referral_Date="", Appt_Dt="")]


@pytest.fixture
def maren(sign_in: Callable[..., PageClient], cast: Cast) -> PageClient:
    return sign_in(cast.maren)


def sent(client: PageClient, *more: list[object]) -> tuple[Answer, ReferralImport]:
    """The check page of a file of which some rows cannot go in."""
    answer = send(client, csv_bytes([*LINES, *more]))
    batch = db.session.scalars(select(ReferralImport).order_by(ReferralImport.id.desc())).first()
    assert batch is not None
    return answer, batch


def field(answer: Answer, words: str) -> str:
    """The name of the input whose label begins so."""
    assert answer.soup is not None
    label = next(tag for tag in answer.soup.find_all("label") if tag.get_text(strip=True).startswith(words))
    return str(answer.soup.find(id=label["for"])["name"])  # type: ignore[index]


def test_import_alike_gives_a_word_its_meaning_and_the_rows_go_in(
    maren: PageClient, run_jobs: Callable[[], int]
) -> None:
    check, batch = sent(maren)
    assert "3 rows in 2 groups. They stay out unless you correct them here" in check.text
    assert "Say what it means" in check.text
    assert "PEND-X" in check.text
    page = maren.get(f"/referrals/imports/{batch.id}/lines/5/alike")
    assert "Status not known" in page.text
    assert "2 rows of referrals.csv" in page.text
    answer = maren.submit(page, {field(page, "Status becomes"): "lost"}, follow=True)
    assert "2 rows were corrected." in answer.text
    assert "Import 5 rows" in answer.text
    assert "Status PEND-X becomes lost" in answer.text
    fill = maren.get(f"/referrals/imports/{batch.id}/lines/7/alike")
    assert "empty" in fill.text
    answer = maren.submit(fill, {field(fill, "Referral Date becomes"): "2026-03-02"}, follow=True)
    assert "Import 6 rows" in answer.text
    assert "Rows with a problem" not in answer.text
    maren.submit(answer, action="/import")
    run_jobs()
    receipt = maren.get(f"/referrals/imports/{batch.id}")
    assert "6 rows imported" in receipt.text
    assert "3 of them were corrected by hand" in receipt.text
    assert db.session.scalar(select(func.count()).where(Referral.status == "lost")) == 2
    assert maren.get(f"/referrals/imports/{batch.id}/lines/5").status == 404


def test_import_alike_keeps_what_was_typed_and_says_what_is_wrong(maren: PageClient) -> None:
    _, batch = sent(maren, event(8, Referral_Date="02/30/2026", Appt_Dt=""), event(9, Referral_Date="02/31/2026"))
    page = maren.get(f"/referrals/imports/{batch.id}/lines/8/alike")
    assert "All the others" in page.text
    late = f"{today().year + 1}-01-01"
    answer = maren.submit(page, {field(page, "Referral Date becomes"): late})
    assert answer.status == 422
    assert "Date lies in the future." in answer.text
    assert late in answer.response.get_data(as_text=True)
    nothing = maren.submit(page)
    assert nothing.status == 422
    assert "Say what should stand there." in nothing.text


def test_import_line_corrects_a_row(maren: PageClient) -> None:
    _, batch = sent(maren)
    page = maren.get(f"/referrals/imports/{batch.id}/lines/5")
    assert "2 rows have this problem" in page.text
    wrong = maren.submit(page, {field(page, "Referring Practice"): "MRN 00482915", field(page, "Status"): "seen"})
    assert wrong.status == 422
    assert "Rounds keeps no patient identity" in wrong.text
    assert "MRN 00482915" in wrong.response.get_data(as_text=True)
    unread = maren.submit(page, {field(page, "Referral Date"): "soon"})
    assert "Not a date." in unread.text
    answer = maren.submit(page, {field(page, "Status"): "seen"}, follow=True)
    assert "Line 5 was corrected." in answer.text
    assert "Import 4 rows" in answer.text
    assert maren.get(f"/referrals/imports/{batch.id}/lines/5").status == 404
    undone = maren.submit(answer, action="/corrections/undo", follow=True)
    assert "Import 3 rows" in undone.text
    assert maren.submit(answer, action="/corrections/undo").status == 409


def test_import_line_of_which_nothing_was_kept_says_so(maren: PageClient) -> None:
    check, batch = sent(maren, [*event(7), "one cell too many"])
    assert "Only in your file" in check.text
    page = maren.get(f"/referrals/imports/{batch.id}/lines/8")
    assert "Nothing of this line was kept" in page.text
    assert maren.get(f"/referrals/imports/{batch.id}/lines/8/alike").location.endswith("/lines/8")
    assert maren.post(f"/referrals/imports/{batch.id}/lines/8", {"cell_0": "x"}).status == 422
    assert maren.get(f"/referrals/imports/{batch.id}/lines/2").status == 404


def test_money_is_corrected_only_by_who_sees_it(maren: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    _, batch = sent(maren, event(7, Payments="4,5,6"))
    page = maren.get(f"/referrals/imports/{batch.id}/lines/8/alike")
    maren.submit(page, {field(page, "Payments becomes"): "77.70"})
    assert "77.70" in maren.get(f"/referrals/imports/{batch.id}").text

    def without_revenue(roles: set[Role]) -> frozenset[Permission]:
        return real(roles) - {Permission.REVENUE_VIEW}

    monkeypatch.setattr("crm.accounts.viewer.permissions_of", without_revenue)
    assert "Payments becomes an amount" in maren.get(f"/referrals/imports/{batch.id}").text
    assert "Payments" not in maren.get(f"/referrals/imports/{batch.id}/lines/5").text
    maren.post(f"/referrals/imports/{batch.id}/corrections/undo", {"key": ""})
    _, other = sent(maren, event(7, Payments="4,5,6"))
    assert maren.get(f"/referrals/imports/{other.id}/lines/8/alike").location.endswith("/lines/8")


def test_a_large_file_is_checked_again_in_the_background(
    maren: PageClient, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, batch = sent(maren)
    page = maren.get(f"/referrals/imports/{batch.id}/lines/5/alike")
    monkeypatch.setattr(import_services, "CHECKED_AT_ONCE", 2)
    answer = maren.submit(page, {field(page, "Status becomes"): "seen"}, follow=True)
    assert "Checking referrals.csv" in answer.text
    assert maren.get(f"/referrals/imports/{batch.id}/lines/7").location == f"/referrals/imports/{batch.id}"
    assert maren.post(f"/referrals/imports/{batch.id}/lines/7").status == 409
    run_jobs()
    assert "Import 5 rows" in maren.get(f"/referrals/imports/{batch.id}").text


def test_who_may_not_import_corrects_nothing(maren: PageClient, sign_in: Any, cast: Cast) -> None:
    _, batch = sent(maren)
    dana = sign_in(cast.dana)
    for path in ("lines/5", "lines/5/alike"):
        assert dana.get(f"/referrals/imports/{batch.id}/{path}").status == 403
    for path in ("lines/5", "lines/5/alike", "corrections/undo"):
        assert dana.post(f"/referrals/imports/{batch.id}/{path}").status == 403
    assert maren.get("/referrals/imports/999/lines/5").status == 404
    upload = db.session.get(ImportUpload, batch.id)
    assert upload is not None
    assert upload.corrections == []
