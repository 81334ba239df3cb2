"""The pages of market data: from the file to the receipt and back, the table of shares, our NPIs; who sees what."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.audit.models import Action, AuditEvent
from crm.core.db import db
from crm.referrals.market import jobs, services
from crm.referrals.market.models import MarketEdge, MarketImport, MarketSetting, MarketState, MarketUpload, OurNpi
from crm.referrals.models import Referral, ReferralImport
from tests.cast import Cast
from tests.directory.cms_files import npi_of
from tests.pages import Answer, PageClient, filled_in
from tests.referrals.market.pairs import OKONJO, OURS, RIVAL, bring_in, hop_file, is_ours, take_in, usual_pairs

FILE = "#check"
SignIn = Callable[..., PageClient]
NEW, FILES, SHARE, NPIS = (f"/referrals/market{path}" for path in ("/files/new", "/files", "", "/our-npis"))


@pytest.fixture
def session(database: Any, cast: Cast) -> Session:
    """A database with the cast."""
    return database()  # type: ignore[no-any-return]


@pytest.fixture
def maren(sign_in: SignIn, cast: Cast) -> PageClient:
    return sign_in(cast.maren)


def send(client: PageClient, data: bytes, name: str = "hop_teaming_2018.csv", address: str = NEW) -> Answer:
    values = {"file": (io.BytesIO(data), name)}
    return client.post(address, values, content_type="multipart/form-data", follow=True)


def newest(session: Session) -> MarketImport:
    return session.scalars(select(MarketImport).order_by(MarketImport.id.desc())).one()


def test_the_whole_way_from_the_file_to_the_receipt_and_back(
    maren: PageClient, run_jobs: Callable[[], int], session: Session
) -> None:
    assert "No market data yet" in maren.get(SHARE).text
    assert "No market files yet" in maren.get(FILES).text
    check = send(maren, usual_pairs())
    assert "Import 5 pairs" in check.text
    assert check.form(f"/files/{newest(session).id}/give-up")
    address = f"{FILES}/{newest(session).id}"
    progress = maren.submit(check, {"source": "Hop teaming"}, action=FILE, follow=True)
    assert "Importing hop_teaming_2018.csv" in progress.text
    assert maren.get(f"{address}/progress", htmx=True).response.headers.get("HX-Redirect") is None
    assert run_jobs() == 1
    assert maren.get(f"{address}/progress", htmx=True).response.headers["HX-Redirect"] == address
    receipt = maren.get(address)
    assert "5 pairs imported" in receipt.text
    assert "5 + 1 + 0 = 6 rows in hop_teaming_2018.csv" in receipt.text
    assert "Canal Road Clinic" in receipt.text
    assert "Hop teaming · 2018" in receipt.text
    assert "hop_teaming_2018.csv Imported" in maren.get(FILES).text
    maren.submit(receipt, action="/take-back")
    assert "No market data yet" in maren.get(SHARE).text  # nobody reads it from then on
    assert run_jobs() == 1
    assert "was taken back" in maren.get(address).text
    assert session.scalar(select(func.count()).select_from(MarketEdge)) == 0


def test_a_file_without_months_is_asked_for_them_and_keeps_what_was_typed(maren: PageClient, session: Session) -> None:
    check = send(maren, usual_pairs(), "pairs.csv")
    again = maren.submit(check, {"source": "My own extract", "last": "2016-12"}, action=FILE)
    assert again.status == 422
    assert "Say the first month." in again.text
    assert filled_in(again.form(FILE))["source"] == "My own extract"
    for first, last, says in (
        ("2017-01", "2016-12", "lies before the first"), ("2016-01", "2199-12", "lies in the future"),
        ("2016-13", "2016-12", "Write the month"), ("1\x00", "x" * 5000, "Write the month"),
    ):  # fmt: skip
        answer = maren.submit(check, {"first": first, "last": last}, action=FILE)
        assert (answer.status, says in answer.text) == (422, True), answer.text
    assert newest(session).state is MarketState.WAITING


def test_the_same_file_and_a_corrected_one_ask_before_they_replace(
    maren: PageClient, run_jobs: Callable[[], int], session: Session
) -> None:
    first = bring_in(session, usual_pairs())
    check = send(maren, usual_pairs(), "again_2018.csv")
    assert "This file is here already" in check.text
    assert "Replace with 5 pairs" in check.text
    other = maren.submit(check, {"replaces_id": "", "first": "2011-01", "last": "2011-12"}, action=FILE)
    assert other.status == 422
    maren.submit(check, action=FILE)
    run_jobs()
    session.expire_all()
    assert session.get_one(MarketImport, first.id).state is MarketState.TAKEN_BACK
    assert "Replaced by a newer file." in maren.get(f"{FILES}/{first.id}").text
    assert session.scalar(select(func.count()).select_from(MarketEdge)) == 5


def test_a_file_of_another_kind_is_refused_with_a_reason_and_nothing_is_kept(
    maren: PageClient, session: Session
) -> None:
    patients = usual_pairs().replace(b'"to_organization"', b'"patient_name"')
    for data, name, says in (
        (patients, "p.csv", "is about single patients"), (b"a,b\n1,2\n", "x.csv", "no file of shared patients"),
        (b"", "x.csv", "empty"), (b"PK\x03\x04", "x.xlsx", "choose the file inside"),
    ):  # fmt: skip
        answer = send(maren, data, name)
        assert answer.status == 422
        assert says in answer.text
        assert "HARBOR" not in answer.text
    assert "Choose a file" in maren.post(NEW, {}, content_type="multipart/form-data").text
    assert session.scalar(select(func.count()).select_from(MarketImport)) == 0
    assert session.scalar(select(func.count()).select_from(MarketUpload)) == 0


def test_giving_up_forgets_the_file(maren: PageClient, session: Session) -> None:
    check = send(maren, usual_pairs())
    maren.submit(check, action="/give-up")
    session.expire_all()
    assert newest(session).state is MarketState.FAILED
    assert session.scalar(select(func.count()).select_from(MarketUpload)) == 0
    assert "Nothing of this file was imported" in maren.get(f"{FILES}/{newest(session).id}").text


def test_a_file_of_strangers_says_what_to_do(maren: PageClient, session: Session) -> None:
    check = send(maren, hop_file([(npi_of(900), npi_of(901), 40)]))
    assert "Nothing of it concerns you yet" in check.text
    assert "Import 0 pairs" not in check.text
    months = {"source": "x", "first": "2018-01", "last": "2018-12"}
    assert maren.post(f"{FILES}/{newest(session).id}", months).status == 422


def test_market_data_sent_as_referrals_are_handed_over(maren: PageClient, session: Session) -> None:
    check = send(maren, usual_pairs(), address="/referrals/imports/new")
    assert "This is market data, not referrals" in check.text
    assert "Import 5 pairs" in check.text
    assert session.scalar(select(func.count()).select_from(ReferralImport)) == 0
    assert session.scalar(select(func.count()).select_from(Referral)) == 0
    patients = hop_file([(OKONJO, OURS, 40)]).replace(b"std_day_wait", b"patient_name")
    refused = send(maren, patients, address="/referrals/imports/new")
    assert (refused.status, "is about single patients" in refused.text) == (422, True)


def test_a_fault_lets_the_file_wait(
    maren: PageClient, run_jobs: Callable[[], int], session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = send(maren, usual_pairs())
    maren.submit(check, action=FILE)

    def broken(*_args: object) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "write_market", broken)
        run_jobs()
    session.expire_all()
    page = maren.get(f"{FILES}/{newest(session).id}")
    assert "stopped because of a fault" in page.text
    maren.submit(page, action=FILE)
    run_jobs()
    assert "5 pairs imported" in maren.get(f"{FILES}/{newest(session).id}").text


def test_what_has_stopped_can_be_tried_again(maren: PageClient, session: Session, run_jobs: Callable[[], int]) -> None:
    batch = bring_in(session, usual_pairs())
    batch.state = MarketState.TAKING_BACK
    session.commit()
    page = maren.get(f"{FILES}/{batch.id}")
    assert "has stopped" in page.text
    maren.submit(page, action="/try-again")
    run_jobs()
    assert "was taken back" in maren.get(f"{FILES}/{batch.id}").text


def test_the_table_says_what_the_file_says(maren: PageClient, session: Session) -> None:
    bring_in(session, usual_pairs())
    assert "Nobody has said yet which NPIs are yours" in maren.get(SHARE).text
    is_ours(session)
    page = maren.get(SHARE)
    assert "An estimate from DocGraph Hop Teaming, 2018" in page.text
    assert "110 of 190 patients with us; 400 more at other kinds of places are not compared" in page.text
    assert "Olentangy Family Medicine Tier A Loyalist 80.0 % 71.1 to 86.7 80 20 with others" in page.text
    assert "Southgate Internal Medicine Tier B Splitter 33.3" in page.text
    assert "60 Riverbend Hospital" in page.text
    assert page.text.index("Southgate Internal") < page.text.index("Olentangy Family")  # most with others first
    sorted_page = maren.get(f"{SHARE}?sort=-share")
    assert sorted_page.text.index("Southgate Internal") > sorted_page.text.index("Olentangy Family")
    people = maren.get(f"{SHARE}?by=providers")
    assert "Okonjo, Nadia" in people.text
    assert "No source fits these filters" in maren.get(f"{SHARE}?segment=phantom").text
    assert "Southgate" not in maren.get(f"{SHARE}?segment=loyal").text
    assert "of 590 patients with us" in maren.get(f"{SHARE}?basis=all").text


def test_the_own_counts_have_no_part_in_it(maren: PageClient, session: Session, cast: Cast) -> None:
    """Whatever referrals there are, the page of shares is the same to the letter."""
    from crm.accounts.viewer import SYSTEM
    from crm.referrals.services import Entry, enter_referral

    bring_in(session, usual_pairs())
    is_ours(session)
    before = maren.get(SHARE).text
    enter_referral(session, SYSTEM, Entry(practice_id=cast.olentangy.id, month=2018 * 12, count=500))
    session.commit()
    assert maren.get(SHARE).text == before


def test_a_liaison_sees_shares_of_the_own_territory_and_no_files(sign_in: SignIn, cast: Cast, session: Session) -> None:
    batch = bring_in(session, usual_pairs())
    is_ours(session)
    dana = sign_in(cast.dana)
    page = dana.get(SHARE)
    assert "Olentangy" in page.text
    assert "Southgate" not in page.text
    assert "80 of 100 patients with us" in page.text
    assert "Southgate" not in dana.get(f"{SHARE}/shares.csv").response.get_data(as_text=True)
    for address in (FILES, NEW, f"{FILES}/{batch.id}", NPIS):
        assert dana.get(address).status == 403
    for outsider in (cast.priya, cast.carol, cast.adam):
        assert sign_in(outsider).get(SHARE).status == 403


def test_the_file_of_the_table_has_its_rows_and_is_recorded(maren: PageClient, session: Session) -> None:
    assert len(maren.get(f"{SHARE}/shares.csv").response.get_data(as_text=True).splitlines()) == 1
    bring_in(session, usual_pairs())
    is_ours(session)
    text = maren.get(f"{SHARE}/shares.csv").response.get_data(as_text=True).lstrip("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["Practice"] for row in rows] == ["Southgate Internal Medicine", "Olentangy Family Medicine"]
    assert (rows[1]["Share of care"], rows[1]["Patients with us"], rows[1]["Segment"]) == ("0.8", "80", "Loyalist")
    assert (rows[0]["Other place 1"], rows[0]["Patients there 1"]) == ("Riverbend Hospital", "60")
    one = maren.get(f"{SHARE}/shares.csv?segment=loyal").response.get_data(as_text=True)
    assert "Southgate" not in one
    event = session.scalars(
        select(AuditEvent).where(AuditEvent.action == Action.EXPORTED).order_by(AuditEvent.id)
    ).all()
    assert [row.detail["rows"] for row in event] == [0, 2, 1]


def test_our_npis_are_listed_suggested_and_removed(maren: PageClient, session: Session) -> None:
    assert "None yet" in maren.get(NPIS).text
    bring_in(session, usual_pairs())
    page = maren.get(NPIS)
    assert "Canal Road Clinic" in page.text
    bad = maren.submit(page, {"npi": "1234567890", "name": "Harbor Main"}, action="/our-npis")
    assert (bad.status, "check digit must be right" in bad.text) == (422, True)
    assert filled_in(bad.form("/our-npis"))["name"] == "Harbor Main"
    good = maren.post(NPIS, {"npi": f" {OURS[:4]}-{OURS[4:]} ", "name": "Harbor Main"}, follow=True)
    assert "Harbor Main counts as ours from now on." in good.text
    row = session.scalars(select(OurNpi)).one()
    assert row.npi == OURS
    edit = maren.get(f"{NPIS}/{row.id}")
    maren.submit(edit, {"name": "Harbor North"}, action=f"/our-npis/{row.id}")
    assert "Harbor North" in maren.get(NPIS).text
    assert maren.get(f"{NPIS}/987654").status == 404
    maren.post(f"{NPIS}/{row.id}/remove")
    assert session.scalar(select(func.count()).select_from(OurNpi)) == 0


def test_segments_begin_where_somebody_said(maren: PageClient, session: Session) -> None:
    bring_in(session, usual_pairs())
    is_ours(session)
    page = maren.get(NPIS)
    bad = maren.submit(page, {"loyal_from": "30", "splitter_from": "40"}, action="/segments")
    assert (bad.status, "below loyalists" in bad.text) == (422, True)
    assert session.scalar(select(func.count()).select_from(MarketSetting)) == 0
    maren.submit(page, {"loyal_from": "85", "splitter_from": "40"}, action="/segments")
    shares = maren.get(SHARE)
    assert "85% or more to us" in shares.text
    assert "Olentangy Family Medicine Tier A Splitter" in shares.text
    assert "Southgate Internal Medicine Tier B Occasional" in shares.text


def test_a_missing_file_is_not_there(maren: PageClient) -> None:
    for path in ("", "/progress"):
        assert maren.get(f"{FILES}/987654{path}").status == 404
    assert maren.post(f"{FILES}/987654/take-back").status == 404


def test_nonsense_in_the_address_is_as_usual(maren: PageClient, session: Session) -> None:
    bring_in(session, usual_pairs())
    usual = maren.get(SHARE).text
    for query in (
        "file=x",
        "file=99",
        "by=nobody",
        "basis=x",
        "tier=Z",
        "segment=x",
        "sort=drop",
        "page=-1",
        "page=99",
    ):
        assert maren.get(f"{SHARE}?{query}").text == usual


def test_the_practice_page_has_the_estimate(sign_in: SignIn, cast: Cast, session: Session) -> None:
    address = f"/directory/practices/{cast.olentangy.id}"
    dana, priya = sign_in(cast.dana), sign_in(cast.priya)
    assert "Share of care" not in dana.get(address).text
    bring_in(session, usual_pairs())
    is_ours(session)
    page = dana.get(address)
    assert "Share of care, estimate" in page.text
    assert "80.0% Loyalist" in page.text
    assert "Riverbend Hospital" in page.text
    assert "Share of care" not in priya.get(address).text
    alone = f"/directory/practices/{cast.southgate.id}"
    services.begin_take_back(session, cast.viewer(cast.maren), newest(session))
    db.session.commit()
    assert "Share of care" not in sign_in(cast.maren).get(alone).text


def test_a_waiting_file_is_taken_in_with_the_months_of_its_name(session: Session) -> None:
    batch = take_in(session, hop_file([(OKONJO, RIVAL, 40)]), "shared_patients_2014-days30.txt")
    assert (batch.first_month, batch.last_month) == (2014 * 12, 2014 * 12 + 11)
    assert batch.source == "DocGraph Hop Teaming, 30 days"
