"""Tests of bringing files in and taking them back: counts that add up, idempotency, versions, whole or absent."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.audit.models import Action, AuditEvent
from crm.core.errors import Conflict, Invalid
from crm.directory.models import Affiliation
from crm.referrals import import_services, layers
from crm.referrals.importing import checking
from crm.referrals.market.layouts import MarketData
from crm.referrals.models import (
    Grain,
    ImportRefusal,
    ImportState,
    ImportUpload,
    MappingProfile,
    Referral,
    ReferralSource,
    ReferralStatus,
    ServiceLine,
    Site,
)
from crm.referrals.rollup import check_rollup
from crm.referrals.rollup_models import ReferralPracticeMonth
from tests.cast import Cast, practice
from tests.referrals.files import BECKER, OKONJO, csv_bytes, event, events
from tests.referrals.importing import bring_in, counts, rows, take_back


@pytest.fixture
def session(cast: Cast, database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def test_a_file_goes_in_with_everything_it_says(session: Session, cast: Cast) -> None:
    batch = bring_in(session, events(20))
    assert counts(batch) == (20, 20, 0, 0, 0)
    assert (batch.state, batch.unmatched_rows) == (ImportState.DONE, 0)
    row = session.scalars(select(Referral).where(Referral.received_on == date(2026, 2, 14))).first()
    assert row is not None
    assert (row.practice_id, row.provider_id, row.received_on) == (cast.olentangy.id, cast.okonjo.id, date(2026, 2, 14))
    assert (row.status, row.appointment_on, row.revenue_cents) == (ReferralStatus.SCHEDULED, date(2026, 2, 20), 12_050)
    assert {line.name for line in session.scalars(select(ServiceLine))} == {"Orthopedics", "Cardiology"}
    assert check_rollup(session) == []
    assert session.scalar(select(func.count()).select_from(ImportUpload)) == 0


def test_the_same_file_twice_changes_nothing(session: Session) -> None:
    bring_in(session, events(12))
    before = rows(session)
    assert counts(bring_in(session, events(12))) == (12, 0, 0, 12, 0)
    assert rows(session) == before


def test_rows_without_a_number_are_known_by_what_they_say(session: Session) -> None:
    header = ("Referral Date", "Ref NPI", "Dept", "Status")
    like = ["03/02/2026", OKONJO, "Imaging", "Open"]
    assert counts(bring_in(session, csv_bytes([like, like, like], header)))[:2] == (3, 3)
    assert counts(bring_in(session, csv_bytes([like, like, like], header))) == (3, 0, 0, 3, 0)
    assert counts(bring_in(session, csv_bytes([like, like, like, like], header))) == (4, 1, 0, 3, 0)


def test_a_corrected_file_updates_exactly_the_corrected_rows(session: Session) -> None:
    bring_in(session, events(10))
    corrected = csv_bytes([event(n, Status="Completed") if n in (3, 7) else event(n) for n in range(1, 12)])
    assert counts(bring_in(session, corrected)) == (11, 1, 2, 8, 0)
    assert rows(session, "status").count(ReferralStatus.SEEN) == 2
    assert check_rollup(session) == []


def test_a_file_without_a_column_leaves_what_it_does_not_say(session: Session) -> None:
    bring_in(session, events(4, Status="Completed"))
    narrow = csv_bytes(
        [[f"REF-{n}", f"{n % 9 + 1:02d}/14/2026", OKONJO] for n in range(1, 5)],
        ("Referral ID", "Referral Date", "Ref NPI"),
    )
    before = rows(session, "status", "revenue_cents", "service_line_id", "payer")
    bring_in(session, narrow)
    assert rows(session, "status", "revenue_cents", "service_line_id", "payer") == before


def test_a_number_that_stands_twice_counts_once_or_is_refused(session: Session) -> None:
    data = csv_bytes([event(1), event(1), event(2), event(2, Status="Denied")])
    batch = bring_in(session, data)
    assert counts(batch) == (4, 2, 0, 1, 1)
    refusal = session.scalars(select(ImportRefusal)).one()
    assert (refusal.line, refusal.column) == (5, "Referral ID")


def test_rows_with_a_problem_stay_out_with_their_line_and_reason(session: Session) -> None:
    data = csv_bytes(
        [
            event(1),
            event(2, Referral_Date=""),
            event(3, Referral_Date="12/31/9999"),
            event(4, Status="PEND-X"),
            event(5, Appt_Dt="01/01/2026"),
            event(6, Payments="NaN"),
            event(7, Ref_NPI="", Referring_Practice=""),
            event(8, Referral_Date="2026-02-30"),
            event(9, Payments="1e309"),
        ]
    )
    batch = bring_in(session, data)
    assert counts(batch) == (9, 1, 0, 0, 8)
    found = session.execute(select(ImportRefusal.line, ImportRefusal.reason).order_by(ImportRefusal.line)).all()
    assert [line for line, _ in found] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert [reason for _, reason in found][:4] == [
        "No received date",
        "Date is outside the years that make sense",
        "Status not known",
        "Appointment before the referral was received",
    ]


def test_a_row_of_another_shape_is_refused_and_its_cells_are_not_kept(session: Session) -> None:
    header = "Referral Date,Ref NPI,PT_NAME,Status\n"
    lines = [
        f"{header}03/02/2026,{OKONJO},Zeb,Open",
        f"03/02/2026,{OKONJO},Quill, Zeb,Open",
        f"03/02/2026,{OKONJO},Open",
    ]
    data = "\n".join(lines).encode()
    batch = bring_in(session, data)
    assert counts(batch) == (3, 1, 0, 0, 2)
    assert {r.reason for r in session.scalars(select(ImportRefusal))} == {
        "More cells than the header has columns",
        "Fewer cells than the header has columns",
    }


def test_sources_are_found_by_npi_affiliation_and_name(session: Session, cast: Cast) -> None:
    twin = practice(session, "Olentangy Family Medicine", cast.south, city="Grove City", zip="43123")
    session.add(
        Affiliation(
            provider_id=cast.okonjo.id, practice_id=cast.southgate.id, starts_on=date(2026, 6, 1), is_primary=False
        )
    )
    session.flush()
    header = ("Referral Date", "Ref NPI", "Referring Practice", "Referring Zip")
    cases = [
        ("03/02/2026", OKONJO, "", "", cast.olentangy.id),
        ("01/02/2022", OKONJO, "", "", None),  # before the affiliation began
        ("07/02/2026", OKONJO, "SOUTHGATE INTERNAL MEDICINE, LLC", "", cast.southgate.id),
        ("07/02/2026", OKONJO, "", "", cast.olentangy.id),  # the primary one
        ("03/02/2026", "", "olentangy family medicine", "43123", twin.id),
        ("03/02/2026", "", "Olentangy Family Medicine", "", None),  # two have this name
        ("03/02/2026", "", "Southgate Internal Medicine P.C.", "", cast.southgate.id),
        ("03/02/2026", "", "Nobody's Practice", "", None),
    ]
    batch = bring_in(session, csv_bytes([case[:4] for case in cases], header))
    query = select(ReferralSource.name, ReferralSource.zip, Referral.received_on, Referral.practice_id)
    found = session.execute(query.join(Referral, Referral.source_id == ReferralSource.id)).all()
    expected = [(name, code, date(int(d[6:]), int(d[:2]), int(d[3:5])), id_) for d, _, name, code, id_ in cases]
    assert sorted(map(tuple, found), key=str) == sorted(expected, key=str)
    assert batch.unmatched_rows == 3
    assert (
        session.scalar(select(func.sum(ReferralPracticeMonth.received)).where(ReferralPracticeMonth.practice_id == 0))
        == 3
    )


def test_monthly_counts_go_in_and_are_corrected(session: Session) -> None:
    header = ("Month", "Referring NPI", "Service Line", "Total Referrals")
    first = bring_in(
        session, csv_bytes([["2026-03", OKONJO, "Imaging", "12"], ["Apr 2026", BECKER, "Imaging", "5"]], header)
    )
    assert (first.grain, counts(first)[:2]) == (Grain.MONTH, (2, 2))
    again = bring_in(
        session, csv_bytes([["2026-03", OKONJO, "Imaging", "14"], ["2026-04", BECKER, "Imaging", "5"]], header)
    )
    assert counts(again) == (2, 0, 1, 1, 0)
    assert sorted(rows(session, "count")) == [5, 14]
    assert check_rollup(session) == []


def test_counts_take_the_month_that_is_stated(session: Session) -> None:
    header = ("from_npi", "patient_count", "to_organization", "full_name")
    data = csv_bytes([[OKONJO, "76", "HARBOR HOSPITAL", "NADIA OKONJO"]] * 2, header)
    waiting = import_services.take_in_file(session, cast_viewer(), "counts.csv", data)
    assert checking.mapping_problems(waiting) == ["The file has no month. Say which month its counts are of."]
    batch = bring_in(session, data, month=2026 * 12 + 2)
    assert counts(batch) == (2, 2, 0, 0, 0)
    assert rows(session, "count", "month") == [(76, 24314), (76, 24314)]
    assert [site.name for site in session.scalars(select(Site))] == ["HARBOR HOSPITAL"]


def test_market_data_are_no_referrals(session: Session) -> None:
    header = ("from_npi", "to_npi", "patient_count", "transaction_count", "to_organization", "full_name")
    data = csv_bytes([[OKONJO, BECKER, "76", "134", "HARBOR HOSPITAL", "NADIA OKONJO"]] * 2, header)
    with pytest.raises(MarketData, match="Import it under Market"):
        import_services.take_in_file(session, cast_viewer(), "hop.csv", data, month=2026 * 12 + 2)
    assert rows(session, "count") == []


def cast_viewer() -> Any:
    from crm.accounts.viewer import SYSTEM

    return SYSTEM


def test_counts_that_are_none_are_refused(session: Session) -> None:
    header = ("Month", "Referring NPI", "Count")
    bad = ["-1", "NaN", "1e309", "2.5", ""]
    batch = bring_in(
        session, csv_bytes([["2026-03", OKONJO, n] for n in [*bad, "3"]] + [["2031-01", OKONJO, "3"]], header)
    )
    assert counts(batch) == (7, 1, 0, 0, 6)


def test_the_check_is_what_the_import_then_does(session: Session) -> None:
    bring_in(session, events(6))
    data = csv_bytes([event(n, Status="Seen") if n == 2 else event(n) for n in range(1, 9)] + [event(20, Status="?")])
    batch = import_services.take_in_file(session, cast_viewer(), "a.csv", data)
    summary = checking.summarize(session, batch)
    assert (summary.tally.new, summary.tally.changed, summary.tally.unchanged, summary.tally.refused) == (2, 1, 5, 1)
    assert summary.groups() == [{"reason": "Status not known", "column": "Status", "rows": 1, "lines": [10]}]
    done = bring_in(session, data)
    assert counts(done) == (9, 2, 1, 5, 1)


def test_taking_back_removes_what_is_new_and_puts_back_what_changed(session: Session) -> None:
    bring_in(session, events(8))
    before, lines = rows(session), session.scalar(select(func.count()).select_from(ServiceLine))
    second = bring_in(session, csv_bytes([event(n, Status="Denied", Dept="Sleep") for n in range(5, 12)]))
    assert counts(second) == (7, 3, 4, 0, 0)
    take_back(session, second)
    assert rows(session) == before
    assert second.state is ImportState.TAKEN_BACK
    assert session.scalar(select(func.count()).select_from(Referral)) == 8
    assert session.scalar(select(func.count()).select_from(ServiceLine)) == lines
    assert check_rollup(session) == []
    assert (
        session.scalars(select(AuditEvent).where(AuditEvent.action == Action.TAKEN_BACK)).one().detail["removed"] == 3
    )


def test_the_current_row_is_the_newest_version_that_was_not_taken_back(session: Session) -> None:
    first = bring_in(session, events(1, Status="Open"))
    second = bring_in(session, events(1, Status="Scheduled"))
    third = bring_in(session, events(1, Status="Completed"))
    take_back(session, second)
    assert rows(session, "status") == [ReferralStatus.SEEN]
    take_back(session, third)
    assert rows(session, "status") == [ReferralStatus.RECEIVED]
    take_back(session, first)
    assert rows(session) == []
    assert session.scalar(select(func.count()).where(Referral.replaced_by.is_not(None))) == 0
    assert check_rollup(session) == []


def test_a_taking_back_that_was_cut_off_does_not_disturb_another(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bring_in(session, events(3, Status="Open"))
    second = bring_in(session, events(2, Status="Scheduled"))
    third = bring_in(session, events(1, Status="Completed"))
    monkeypatch.setattr(layers, "write", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        take_back(session, second)
    session.rollback()
    monkeypatch.undo()
    take_back(session, third)
    assert len(rows(session)) == 3
    assert check_rollup(session) == []
    take_back(session, second)
    assert rows(session, "status") == [ReferralStatus.RECEIVED] * 3
    take_back(session, first)
    assert session.scalar(select(func.count()).select_from(Referral)) == 0
    assert check_rollup(session) == []


def test_a_first_import_can_go_while_a_later_version_stays(session: Session) -> None:
    first = bring_in(session, events(2, Status="Open"))
    bring_in(session, events(1, Status="Completed"))
    take_back(session, first)
    assert rows(session, "status") == [ReferralStatus.SEEN]
    assert check_rollup(session) == []


def test_what_was_taken_back_can_come_again(session: Session) -> None:
    first = bring_in(session, events(5))
    before = rows(session, "received_on", "status", "practice_id")
    take_back(session, first)
    assert counts(bring_in(session, events(5))) == (5, 5, 0, 0, 0)
    assert rows(session, "received_on", "status", "practice_id") == before


def test_only_what_is_done_can_be_taken_back(session: Session) -> None:
    batch = bring_in(session, events(1))
    take_back(session, batch)
    with pytest.raises(Conflict):
        import_services.begin_take_back(session, cast_viewer(), batch)


def test_a_layout_is_remembered(session: Session) -> None:
    header = ("Referral Date", "Ref NPI", "Blob")
    data = csv_bytes([["03/02/2026", OKONJO, "Imaging"]], header)
    batch = import_services.take_in_file(session, cast_viewer(), "a.csv", data)
    choices = import_services.Choices({2: import_services.Target.SERVICE_LINE}, None, "", "Dublin", Grain.EVENT)
    import_services.change_mapping(session, batch, choices)
    batch.state = ImportState.RUNNING
    session.commit()
    from crm.referrals.importing.writing import write_import

    write_import(session, batch.id, lambda _done, _total: session.commit())
    kept = session.scalars(select(MappingProfile)).one().mapping["columns"]
    assert kept[2] == {"header": "Blob", "target": "service_line"}
    again = import_services.take_in_file(session, cast_viewer(), "b.csv", data)
    assert (again.mapping["profile"]["name"], again.mapping["profile"]["fit"]) == ("A", "exact")
    assert [column["target"] for column in again.mapping["columns"]] == ["received_on", "source_npi", "service_line"]
    assert again.mapping["options"]["site"] == "Dublin"


def test_counts_never_become_single_referrals_after_the_upload(session: Session) -> None:
    data = csv_bytes(
        [["2026-03", OKONJO, "3", "front@olentangy.example"]], ("Month", "Referring NPI", "Count", "Email")
    )
    batch = import_services.take_in_file(session, cast_viewer(), "a.csv", data)
    with pytest.raises(Invalid):
        import_services.change_mapping(session, batch, import_services.Choices({}, None, "", "", Grain.EVENT))


def test_a_file_that_nobody_imports_is_forgotten_after_a_day(session: Session) -> None:
    from datetime import timedelta

    from crm.core import clock

    batch = import_services.take_in_file(session, cast_viewer(), "a.csv", events(2))
    session.execute(
        type(batch)
        .__table__.update()
        .values(updated_at=clock.now() - timedelta(days=2))
        .where(type(batch).id == batch.id)
    )
    session.expire_all()
    import_services.sweep_uploads(session)
    assert batch.state is ImportState.FAILED
    assert session.get(ImportUpload, batch.id) is None


def test_a_file_name_that_names_a_patient_is_not_kept(session: Session) -> None:
    batch = import_services.take_in_file(session, cast_viewer(), "MRN 0048291 218-44-1029.csv", events(1))
    assert batch.file_name == "file.csv"
