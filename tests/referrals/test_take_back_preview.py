"""Tests of what the receipt says about taking an import back: what came after it, and one row that is put back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM, Viewer
from crm.core import clock
from crm.referrals import source_services, take_back_queries
from crm.referrals.models import ImportState, Referral, ReferralImport, ReferralSource
from crm.referrals.rollup import check_rollup
from tests.cast import Cast
from tests.pages import PageClient
from tests.referrals.files import csv_bytes, event
from tests.referrals.importing import bring_in

WALKER = {"Ref_NPI": "", "Referring_Practice": "Walker Clinic"}
ASHGROVE = {"Ref_NPI": "", "Referring_Practice": "Ashgrove Office"}


@pytest.fixture
def session(cast: Cast, database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def source(session: Session, name: str) -> ReferralSource:
    return session.scalars(select(ReferralSource).where(ReferralSource.name == name)).one()


def match(session: Session, cast: Cast, name: str) -> None:
    source_services.decide_source(session, cast.viewer(cast.maren), source(session, name), cast.olentangy.id)
    session.commit()


def test_later_imports_and_the_row_that_is_put_back(session: Session) -> None:
    bring_in(
        session, csv_bytes([event(1, Status="Received", Payments="", Appt_Dt=""), event(2), event(3)]), "first.csv"
    )
    batch = bring_in(session, csv_bytes([event(1), event(2, Status="Seen"), event(3, Site="Easton")]), "second.csv")
    later = bring_in(session, csv_bytes([event(3, Site="Worthington")]), "third.csv")
    assert take_back_queries.later_imports(session, batch.id) == [(later.id, "third.csv", 1)]
    found = take_back_queries.find_example(session, SYSTEM, batch.id)
    assert found is not None
    assert found.source == "Olentangy Family Medicine"
    assert ("Status", "Scheduled", "Received") in found.changes
    assert ("Appointment", "20 Feb", "empty") in found.changes
    assert ("Revenue", "$120.50 paid", "empty") in found.changes
    hidden = take_back_queries.find_example(session, Viewer(1, "Nobody"), batch.id)
    assert hidden is not None
    assert [label for label, _, _ in hidden.changes] == ["Status", "Appointment"]
    assert take_back_queries.find_example(session, SYSTEM, later.id - 2) is None


@pytest.mark.parametrize("choice", ["keep", "forget"])
def test_matches_of_people_are_kept_or_forgotten_with_the_import(
    session: Session, cast: Cast, sign_in: Callable[..., PageClient], run_jobs: Callable[[], int], choice: str
) -> None:
    bring_in(session, csv_bytes([event(1, **ASHGROVE)]), "first.csv")
    batch = bring_in(session, csv_bytes([event(2, **ASHGROVE), event(3, **WALKER), event(4)]), "second.csv")
    match(session, cast, "Ashgrove Office")
    match(session, cast, "Walker Clinic")
    maren = sign_in(cast.maren)
    receipt = maren.get(f"/referrals/imports/{batch.id}")
    assert "Source matched by people since 1" in receipt.text
    maren.submit(receipt, {"matches": choice}, action="/take-back")
    assert run_jobs() == 1
    session.expire_all()
    assert session.get_one(ReferralImport, batch.id).state is ImportState.TAKEN_BACK
    assert source(session, "Ashgrove Office").practice_id == cast.olentangy.id, "another import names it, too"
    assert source(session, "Walker Clinic").practice_id == (cast.olentangy.id if choice == "keep" else None)
    assert session.scalars(select(Referral.practice_id)).all() == [cast.olentangy.id]
    assert check_rollup(session) == []


def test_a_match_from_before_the_import_is_not_its_doing(session: Session, cast: Cast) -> None:
    batch = bring_in(session, csv_bytes([event(3, **WALKER)]))
    match(session, cast, "Walker Clinic")
    assert [found.name for found in take_back_queries.matched_since(session, batch)] == ["Walker Clinic"]
    source(session, "Walker Clinic").decided_at = clock.now() - timedelta(days=1)
    session.flush()
    assert take_back_queries.matched_since(session, batch) == []
