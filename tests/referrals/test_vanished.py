"""Tests of counts that a newer file no longer has: replaced where counts are made at the door, told where not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.core.db import db
from crm.referrals import import_queries, import_services, row_queries
from crm.referrals.importing import checking
from crm.referrals.list_filters import RowFilter
from crm.referrals.models import Referral, ReferralImport
from crm.referrals.origin_models import Door
from crm.referrals.queries import is_counted, is_shown
from crm.referrals.rollup import check_rollup
from crm.referrals.rollup_models import ReferralTotalMonth
from tests.cast import Cast
from tests.pages import PageClient
from tests.referrals.files import BECKER, OKONJO, csv_bytes, event
from tests.referrals.importing import bring_in, counts, rows, take_back

MARCH, APRIL = 2026 * 12 + 2, 2026 * 12 + 3


@pytest.fixture
def session(cast: Cast, database: Any) -> Session:
    cast.organization.counts_only = True
    db.session.commit()
    return database()  # type: ignore[no-any-return]


def line(number: int, **changed: Any) -> list[object]:
    """A referral of March."""
    day = {"Referral_Date": "03/14/2026", "Appt_Dt": "", "Dept": "Imaging", "Payments": "10"}
    return event(number, **{**day, **changed})


def received(session: Session) -> dict[int, int]:
    """Referrals by month, out of the rollups, which equal the rows."""
    assert check_rollup(session) == []
    table = ReferralTotalMonth
    query = select(table.month, func.sum(table.received)).where(is_shown(table)).group_by(table.month)
    found = {month: int(count) for month, count in session.execute(query)}
    by_rows = select(Referral.month, func.sum(Referral.count)).where(is_counted(), Referral.count > 0)
    assert found == {month: int(count) for month, count in session.execute(by_rows.group_by(Referral.month))}
    return found


def cells(session: Session) -> list[tuple[Any, ...]]:
    """What counts, without the cells that count nothing."""
    names = ("month", "service_line_id", "site_id", "payer", "status", "count", "revenue_cents")
    return sorted((tuple(map(str, row)) for row in rows(session, *names) if row.count), key=repr)


@pytest.mark.parametrize(
    "changed", [{"Dept": "Sleep"}, {"Ins_Class": "Medicaid"}, {"Ref_NPI": BECKER}, {"Status": "Lost"}]
)
def test_a_corrected_file_counts_each_referral_once_and_is_taken_back_whole(
    session: Session, cast: Cast, changed: dict[str, str]
) -> None:
    first = bring_in(session, csv_bytes([line(n) for n in range(1, 6)]))
    before = cells(session)
    newer = bring_in(session, csv_bytes([line(1, **changed), *(line(n) for n in range(2, 6))]))
    assert received(session) == {MARCH: 5}
    assert sum(int(cell[-1]) for cell in cells(session)) == 5_000
    take_back(session, newer)
    assert (received(session), cells(session)) == ({MARCH: 5}, before)
    newer = bring_in(session, csv_bytes([line(1, **changed), *(line(n) for n in range(2, 6))]))
    after = cells(session)
    take_back(session, session.get_one(ReferralImport, first.id))
    assert (received(session), cells(session)) == ({MARCH: 5}, after)
    take_back(session, session.get_one(ReferralImport, newer.id))
    assert (received(session), cells(session)) == ({}, [])


def test_a_cell_that_went_and_comes_again_counts_again(session: Session) -> None:
    imaging, sleep = csv_bytes([line(1)]), csv_bytes([line(1, Dept="Sleep")])
    for data in (imaging, sleep, imaging, sleep):
        batch = bring_in(session, data)
        assert received(session) == {MARCH: 1}
        assert [row.count for row in session.scalars(select(Referral).where(is_counted())) if row.count] == [1]
    assert batch.mapping["gone"] == {"counts": 1, "referrals": 1, "stays": False}


def test_a_newer_file_stands_for_its_months_and_sites_only(session: Session) -> None:
    days = {"02": "02/10/2026", "03": "03/10/2026", "04": "04/10/2026"}
    bring_in(session, csv_bytes([line(n, Referral_Date=day) for n, day in enumerate(days.values())]))
    bring_in(session, csv_bytes([line(9, Site="Westerville")]))
    assert received(session) == {MARCH - 1: 1, MARCH: 2, APRIL: 1}
    # A month between the first and the last is of the file, too.
    ends = [line(n, Referral_Date=days[month], Dept="Sleep") for n, month in ((0, "02"), (2, "04"))]
    bring_in(session, csv_bytes(ends))
    assert received(session) == {MARCH - 1: 1, MARCH: 1, APRIL: 1}
    bring_in(session, csv_bytes([line(2, Referral_Date=days["04"])]))
    assert received(session) == {MARCH - 1: 1, MARCH: 1, APRIL: 1}


def test_files_of_another_sender_are_left_alone(session: Session) -> None:
    bring_in(session, csv_bytes([line(1)]))
    header = ("Date Received", "Source NPI", "Specialty", "Location")
    bring_in(session, csv_bytes([["03/02/2026", OKONJO, "Sleep", "Dublin"]], header))
    assert received(session) == {MARCH: 2}


def test_counts_of_nothing_are_no_rows(session: Session, cast: Cast) -> None:
    batch = bring_in(session, csv_bytes([line(n) for n in range(1, 4)]))
    assert counts(batch) == (1, 1, 0, 0, 0)
    newer = bring_in(session, csv_bytes([line(n, Dept="Sleep") for n in range(1, 4)]))
    assert counts(newer) == (1, 1, 0, 0, 0)
    assert session.scalar(select(func.count()).select_from(Referral)) == 3
    assert [found.name for found in import_queries.by_service_line(session, newer)] == ["Sleep"]
    viewer = cast.viewer(cast.maren)
    for chosen in (RowFilter(), RowFilter(status=rows(session, "status")[0])):
        assert row_queries.list_rows(session, viewer, chosen, 1).total == 1
        assert len(row_queries.list_rows(session, viewer, chosen, 1).rows) == 1
    found = session.execute(select(func.sum(ReferralTotalMonth.entries)).where(is_shown(ReferralTotalMonth))).scalar()
    assert found == 1


def test_the_check_says_the_same_as_the_import(session: Session) -> None:
    bring_in(session, csv_bytes([line(n) for n in range(1, 6)]))
    data = csv_bytes([line(n, Dept="Sleep") for n in range(1, 4)])
    batch = import_services.take_in_file(session, SYSTEM, "a.csv", data)
    found = checking.summarize(session, batch).as_json()
    session.rollback()
    assert found["months"] == [{"month": MARCH, "now": 5, "then": 3}]
    assert (found["read"], found["new"], found["gone"], found["gone_referrals"]) == (1, 1, 1, 5)
    assert bring_in(session, data).mapping["gone"] == {"counts": 1, "referrals": 5, "stays": False}


def test_a_file_that_only_lacks_something_can_be_imported(
    sign_in: Callable[..., PageClient], session: Session, cast: Cast, run_jobs: Callable[[], int]
) -> None:
    bring_in(session, csv_bytes([line(1), line(2, Dept="Sleep")]))
    batch = import_services.take_in_file(session, SYSTEM, "a.csv", csv_bytes([line(1)]))
    import_services.keep_summary(session, batch, checking.summarize(session, batch))
    session.commit()
    client = sign_in(cast.maren)
    check = client.get(f"/referrals/imports/{batch.id}")
    assert "1 count of 1 referral from earlier files of these months is not in this file" in check.text
    client.submit(check, action="/import")
    run_jobs()
    assert received(session) == {MARCH: 1}
    assert "is not in this file and count no more" in client.get(f"/referrals/imports/{batch.id}").text


@pytest.mark.parametrize(("door", "march"), [(Door.FOLDER, 4), (Door.PAGE, 2)])
def test_the_first_month_of_a_nightly_extract_does_not_shrink(session: Session, door: Door, march: int) -> None:
    april = [line(n, Referral_Date=f"04/{n:02d}/2026") for n in range(10, 13)]
    bring_in(session, csv_bytes([*(line(n) for n in range(1, 5)), *april]))
    later = csv_bytes([line(3, Dept="Sleep"), line(4), *april, line(13, Referral_Date="04/13/2026")])
    assert run(session, later, door) == {MARCH: march, APRIL: 4}
    more = csv_bytes([*(line(n) for n in range(1, 8)), *april])
    assert run(session, more, door) == {MARCH: 7, APRIL: 3}


def run(session: Session, data: bytes, door: Door) -> dict[int, int]:
    batch = import_services.take_in_file(session, SYSTEM, "a.csv", data, door=door)
    assert ("Mar 2026 was left as it was" in batch.mapping["counted"]) == (door is Door.FOLDER and len(data) < 700)
    session.rollback()
    bring_in(session, data, door=door)
    return received(session)


def test_what_a_file_of_monthly_counts_leaves_out_stays_and_is_told(
    sign_in: Callable[..., PageClient], session: Session, cast: Cast
) -> None:
    header = ("Month", "NPI", "Department", "Count")
    bring_in(session, csv_bytes([["2026-03", OKONJO, "Sleep", "4"], ["2026-03", BECKER, "Sleep", "6"]], header))
    newer = bring_in(session, csv_bytes([["2026-03", OKONJO, "Sleep", "5"]], header))
    assert received(session) == {MARCH: 11}
    assert newer.mapping["gone"] == {"counts": 1, "referrals": 6, "stays": True}
    text = sign_in(cast.maren).get(f"/referrals/imports/{newer.id}").text
    assert "Not in this file: 1 count of 6 referrals" in text
    none = bring_in(session, csv_bytes([["2026-03", OKONJO, "Sleep", "5"], ["2026-03", BECKER, "Sleep", "0"]], header))
    assert received(session) == {MARCH: 5}
    assert "gone" not in none.mapping


def test_the_command_replaces_too(app: Flask, session: Session, cast: Cast, tmp_path: Path) -> None:
    session.commit()
    path = tmp_path / "extract.csv"
    for dept in ("Imaging", "Sleep"):
        path.write_bytes(csv_bytes([line(n, Dept=dept) for n in range(1, 4)]))
        result = app.test_cli_runner().invoke(args=["referrals", "import", str(path), "--json"])
        assert result.exit_code == 0, result.output
        db.session.rollback()
    assert received(db.session()) == {MARCH: 3}
