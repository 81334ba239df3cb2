"""Tests of bringing in messages and packed files: parties are matched, states updated, and no patient gets anywhere."""

import gzip
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.db import db
from crm.core.errors import Invalid
from crm.referrals.models import (
    ImportRefusal,
    ImportUpload,
    MappingProfile,
    Referral,
    ReferralImport,
    ReferralStatus,
    ServiceLine,
    Site,
)
from tests.cast import Cast
from tests.pages import PageClient
from tests.referrals.files import BECKER, events
from tests.referrals.importing import bring_in, counts, rows, whole_database
from tests.referrals.message_files import (
    CANARY,
    bundle,
    coded,
    hl7,
    ndjson,
    parties,
    patient,
    reference,
    referral,
    service_request,
    zipped,
)

LAB = {"category": [coded("108252007", "Laboratory procedure")], "code": coded("1", "BMP")}


def files() -> dict[str, bytes]:
    """One referral of Okonjo and one refused request, in each kind of file."""
    fhir = [service_request(), service_request("sr2", **LAB), *parties(), *patient()]
    messages = hl7(referral(), referral("A04", kind="ADT"))
    return {
        "day.hl7": messages,
        "export.json": bundle(*fhir),
        "export.ndjson": ndjson(*fhir),
        "day.zip": zipped({"1.hl7": messages, "codes.csv": b"code,words\n1,x\n"}),
        "bulk.zip": zipped({"a.ndjson": ndjson(*fhir[:2]), "b.ndjson": ndjson(*fhir[2:])}),
        "export.ndjson.gz": gzip.compress(ndjson(*fhir)),
    }


@pytest.fixture
def session(cast: Cast, database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", files())
def test_a_referral_goes_in_through_every_door(session: Session, cast: Cast, name: str) -> None:
    batch = bring_in(session, files()[name], name)
    assert counts(batch) == (2, 1, 0, 0, 1)
    row = session.scalars(select(Referral)).one()
    assert (row.practice_id, row.provider_id, row.received_on) == (cast.olentangy.id, cast.okonjo.id, date(2026, 3, 1))
    assert row.status is ReferralStatus.RECEIVED
    assert session.scalars(select(Site.name)).one().startswith("Riverbend")
    assert session.scalars(select(ServiceLine.name)).one() in ("Medical", "Cardiology")
    refusal = session.scalars(select(ImportRefusal)).one()
    assert (refusal.line, "referral" in refusal.reason) == (2, True)
    assert counts(bring_in(session, files()[name], name)) == (2, 0, 0, 1, 1)


@pytest.mark.parametrize("name", files())
def test_no_patient_reaches_the_database_a_page_or_the_log(
    sign_in: Callable[..., PageClient],
    cast: Cast,
    database: Any,
    run_jobs: Callable[[], int],
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    client = sign_in(cast.maren)
    sent = {"file": (io.BytesIO(files()[name]), name), "month": ""}
    check = client.post("/referrals/imports/new", sent, content_type="multipart/form-data", follow=True)
    assert "Nothing about the patients of these messages was read." in check.text
    batch = database().scalars(select(ReferralImport)).one()
    packed = gzip.decompress(database().get_one(ImportUpload, batch.id).rows).decode(errors="replace")
    pages = [check, client.submit(check, action="/import", follow=True)]
    before = whole_database(database())
    run_jobs()
    pages += [client.get(f"/referrals/imports/{batch.id}{more}") for more in ("", "/refused.csv", "/note.txt")]
    pages += [client.get("/referrals"), client.get("/referrals.csv")]
    texts = [packed, before, whole_database(database()), caplog.text]
    texts += [page.response.get_data(as_text=True) for page in pages]
    assert [text for text in texts if CANARY.lower() in text.lower() or "218-44" in text or "Zebulon" in text] == []
    assert "Okonjo" in packed


def test_a_file_of_other_messages_is_refused_and_nothing_is_kept(session: Session) -> None:
    with pytest.raises(Invalid, match="This file holds no referral") as problem:
        bring_in(session, hl7(referral("A04", kind="ADT")), "adt.hl7")
    assert CANARY not in repr(problem.value)
    assert session.scalars(select(ReferralImport)).all() == []


def test_a_changed_and_a_canceled_referral_update_the_same_row(session: Session) -> None:
    assert counts(bring_in(session, hl7(referral(), referral(number="R-2")), "1.hl7")) == (2, 2, 0, 0, 0)
    later = hl7(referral("I13", status="A^Accepted", sent="202603050800"), referral("I14", "R-2", sent="202603050900"))
    assert counts(bring_in(session, later, "2.hl7")) == (2, 0, 1, 1, 0)
    assert sorted(rows(session, "status")) == [ReferralStatus.LOST, ReferralStatus.RECEIVED]
    assert counts(bring_in(session, hl7(referral(), referral("I14")), "3.hl7")) == (1, 0, 1, 0, 0)
    assert set(rows(session, "status")) == {ReferralStatus.LOST}


def test_a_file_without_appointments_leaves_them_as_they_were(session: Session) -> None:
    day = {"performer": [reference("Organization", "org2")], "occurrenceDateTime": "2026-03-09"}
    bring_in(session, bundle(service_request(**day), *parties()), "1.json")
    bring_in(session, bundle(service_request(status="completed"), *parties()), "2.json")
    assert rows(session, "appointment_on", "status") == [(date(2026, 3, 9), ReferralStatus.SEEN)]


def test_the_command_takes_every_kind_of_file(app: Flask, cast: Cast, tmp_path: Path) -> None:
    db.session.commit()
    for name, data in {**files(), "table.zip": zipped({"referrals.csv": events(2)})}.items():
        path = tmp_path / name
        path.write_bytes(data)
        result = app.test_cli_runner().invoke(args=["referrals", "import", str(path), "--dry-run", "--json"])
        db.session.rollback()
        assert result.exit_code == 0, result.output
        told = json.loads(result.stdout.splitlines()[-1])
        assert (told["read"], told["imported"]) == (2, 2 if name == "table.zip" else 1)
        assert CANARY not in result.output


def sparse(event: str = "I13", *, rf1: str = "RF1||||||R-1^EHR", more: str = "", sent: str = "202603050800") -> str:
    """A message that says only some fields."""
    return f"MSH|^~\\&|EHR|Olentangy|RHH|Riverbend|{sent}||REF^{event}|R-1-{sent}|P|2.5.1\r{rf1}\r{more}"


def told(session: Session) -> tuple[Any, ...]:
    columns = ("received_on", "practice_id", "provider_id", "source_id", "service_line_id", "site_id", "status")
    (row,) = rows(session, *columns)
    return tuple(row)


def test_a_later_message_changes_only_what_it_says(session: Session, cast: Cast) -> None:
    bring_in(session, hl7(referral(number="R-1")), "1.hl7")
    before = told(session)
    assert None not in before
    assert counts(bring_in(session, hl7(sparse()), "2.hl7")) == (1, 0, 0, 1, 0)
    assert told(session) == before
    batch = bring_in(session, hl7(sparse(rf1="RF1|R^Rejected|||||R-1^EHR")), "3.hl7")
    assert (counts(batch), batch.unmatched_rows) == ((1, 0, 1, 0, 0), 0)
    assert (batch.first_month, batch.last_month) == (2026 * 12 + 2, 2026 * 12 + 2)
    assert told(session) == (*before[:-1], ReferralStatus.DECLINED)
    becker = f"PRD|RP|Becker^Jonas|||||{BECKER}^NPI\r"
    bring_in(session, hl7(sparse("I14", more=becker)), "4.hl7")
    after = told(session)
    assert after[2:4] != before[2:4]
    assert after[:1] + after[4:] == (before[0], before[4], before[5], ReferralStatus.LOST)


def test_two_quotes_say_that_there_is_nothing_any_more(session: Session) -> None:
    bring_in(session, hl7(referral(number="R-1")), "1.hl7")
    before = told(session)
    emptied = sparse(rf1='RF1|""||""|||R-1^EHR', more='PRD|RT|""||||||||""\r')
    assert counts(bring_in(session, hl7(emptied), "2.hl7")) == (1, 0, 1, 0, 0)
    assert told(session) == (*before[:4], None, None, ReferralStatus.RECEIVED)
    nobody = sparse(more='PRD|RP|""|||||""|||""\r')
    assert counts(bring_in(session, hl7(nobody), "3.hl7")) == (1, 0, 0, 0, 1)


def test_in_one_file_two_quotes_empty_what_an_earlier_message_said(session: Session) -> None:
    emptied = sparse(rf1='RF1|||""|||R-1^EHR', sent="202603060800")
    bring_in(session, hl7(referral(number="R-1"), emptied), "1.hl7")
    received, practice, _, _, line, site, _ = told(session)
    assert (received, line) == (date(2026, 3, 1), None)
    assert None not in (practice, site)


def test_a_message_about_a_referral_that_nobody_told_of_is_refused(session: Session) -> None:
    assert counts(bring_in(session, hl7(referral(number="R-2"), sparse()), "1.hl7")) == (2, 1, 0, 0, 1)
    assert session.scalars(select(ImportRefusal)).one().reason == "No source"
    unnumbered = sparse(rf1="RF1|A^Accepted", sent="202603060800")
    assert counts(bring_in(session, hl7(referral(number="R-3"), unnumbered), "2.hl7")) == (2, 1, 0, 0, 1)


def test_a_profile_of_messages_also_reads_those_that_say_only_some_fields(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    session = db.session()
    bring_in(session, hl7(referral(number="R-1")), "clinic.hl7")
    before = told(session)
    name = session.scalars(select(MappingProfile.name)).one()
    session.commit()
    for number, data in enumerate((hl7(sparse()), hl7(referral(number="R-1")))):
        path = tmp_path / f"{number}.hl7"
        path.write_bytes(data)
        result = app.test_cli_runner().invoke(args=["referrals", "import", str(path), "--profile", name, "--json"])
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout.splitlines()[-1])["unchanged"] == 1
        db.session.rollback()
        assert told(db.session()) == before


def test_a_fhir_resource_is_a_whole_state_but_its_parties_may_stand_elsewhere(session: Session) -> None:
    bring_in(session, bundle(service_request(), *parties()), "1.json")
    received, practice, provider, source, line, site, status = told(session)
    assert None not in (received, practice, provider, source, line, site)
    changed = {"status": "revoked", "code": coded("1", "Refer"), "locationReference": None}
    bring_in(session, bundle(service_request(**changed)), "2.json")
    assert told(session) == (received, practice, provider, source, line, site, ReferralStatus.LOST)
    whole = {"performer": None, "code": coded("1", "Refer")}
    bring_in(session, bundle(service_request(**whole), *parties()), "3.json")
    assert told(session) == (received, practice, provider, source, None, None, status)
