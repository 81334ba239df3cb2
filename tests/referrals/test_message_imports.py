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
    Referral,
    ReferralImport,
    ReferralStatus,
    ServiceLine,
    Site,
)
from tests.cast import Cast
from tests.pages import PageClient
from tests.referrals.files import events
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
    batch = database().scalars(select(ReferralImport)).one()
    packed = gzip.decompress(database().get_one(ImportUpload, batch.id).rows).decode()
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
