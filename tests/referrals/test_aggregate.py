"""Tests of counting: by a command before the upload, or by a setting as a file comes in. Totals stay, days do not."""

import csv
import gzip
import io
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.accounts.models import Organization
from crm.accounts.viewer import SYSTEM
from crm.core.db import db
from crm.core.errors import Invalid
from crm.referrals import import_services
from crm.referrals.importing import aggregate
from crm.referrals.importing.aggregate import By
from crm.referrals.importing.cells import Cells
from crm.referrals.importing.headers import Target
from crm.referrals.importing.kept import Block
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.rows import Options, RowReader
from crm.referrals.models import Grain, ImportUpload, MappingProfile, Referral, ReferralImport
from crm.referrals.queries import is_counted
from crm.referrals.rollup_models import ReferralPracticeMonth
from tests.cast import Cast
from tests.referrals.files import BECKER, HEADER, OKONJO, csv_bytes, event, events, workbook
from tests.referrals.importing import bring_in, counts, take_back

ROOT = Path(__file__).parents[2]
PATIENT = ("PT_NAME", "DOB")
TARGETS = (
    Target.REFERRAL_ID, Target.RECEIVED_ON, Target.SOURCE_NPI, Target.SOURCE_NAME, Target.SERVICE_LINE, Target.SITE,
    Target.PAYER, Target.STATUS, Target.APPOINTMENT_ON, Target.PAID,
)  # fmt: skip


def extract(count: int = 40) -> bytes:
    """Referrals with patients in them."""
    npis, statuses, patient = (OKONJO, BECKER, ""), ("Seen", "Lost", "Scheduled"), ("Quillfeather", "04/02/1951")
    rows = [[*event(n, Ref_NPI=npis[n % 3], Status=statuses[n % 3]), *patient] for n in range(1, count + 1)]
    return csv_bytes(rows, (*HEADER, *PATIENT))


def totals(session: Session) -> Counter[tuple[int, str]]:
    """How many referrals by month and status, and the cents, whatever a row stands for."""
    query = (
        select(Referral.month, Referral.status, func.sum(Referral.count), func.sum(Referral.revenue_cents))
        .where(is_counted())
        .group_by(Referral.month, Referral.status)
    )
    found: Counter[tuple[int, str]] = Counter()
    for month, status, count, cents in session.execute(query):
        found[month, status] += count
        found[month, "cents"] += cents
    return +found


ROWS = st.lists(
    st.tuples(
        st.integers(1, 6), st.sampled_from([OKONJO, BECKER, ""]), st.sampled_from(["Olentangy", "Southgate"]),
        st.sampled_from(["Imaging", "IMAGING", "Cardiology"]), st.sampled_from(["Received", "Seen", "Lost"]),
        st.integers(0, 9_999),
    ),
    max_size=30,
)  # fmt: skip


def block_of(lines: list[list[str]]) -> Block:
    columns = list(map(Cells.of, zip(*lines, strict=True))) or [Cells.of([]) for _ in TARGETS]
    return Block(list(range(2, 2 + len(lines))), columns, {})


@given(ROWS, st.sampled_from(By), st.randoms(use_true_random=False))
def test_counts_add_up_and_do_not_hang_on_the_order_of_rows(rows: list[Any], by: By, chance: Any) -> None:
    cells = [
        [f"R{n}", f"2026-{month:02d}-14", npi, name, line, "", "", status, "", f"{cents / 100:.2f}"]
        for n, (month, npi, name, line, status, cents) in enumerate(rows)
    ]
    reader = RowReader(
        [MappedColumn("A", target, target) for target in TARGETS], Grain.EVENT, Options(), date(2026, 7, 1)
    )

    def counted(lines: list[list[str]]) -> list[list[str]]:
        return list(aggregate.count_rows([block_of(lines)], reader, by).lines())

    found = counted(cells)
    assert sum(int(line[-2]) for line in found) == len(rows)
    assert round(sum(float(line[-1]) for line in found) * 100) == sum(row[5] for row in rows)
    assert len({tuple(line[:-2]) for line in found}) == len(found)
    assert not any("2026-" in cell and len(cell) > 7 for line in found for cell in line)
    chance.shuffle(cells)
    assert counted(cells) == found


def run(app: Flask, *arguments: str) -> Any:
    result = app.test_cli_runner().invoke(args=["referrals", "aggregate", *arguments])
    db.session.rollback()
    return result


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "extract.csv"
    found.write_bytes(extract())
    return found


def test_what_the_command_writes_can_be_imported_with_the_same_totals(app: Flask, cast: Cast, path: Path) -> None:
    session = db.session()
    batch = bring_in(session, path.read_bytes())
    before = totals(session)
    take_back(session, batch)
    for by in By:
        output = path.with_name(f"{by}.csv")
        assert run(app, str(path), "--output", str(output), "--by", by.value).exit_code == 0
        batch = bring_in(session, output.read_bytes())
        assert batch.grain is Grain.MONTH
        assert (batch.refused_rows, totals(session)) == (0, before)
        take_back(session, batch)


def test_the_command_says_what_it_dropped_and_writes_no_patient(app: Flask, path: Path) -> None:
    path.write_bytes(extract() + b"R9,soon" + b"," * 10 + b"\r\n")
    result = run(app, str(path))
    assert result.exit_code == 0
    assert "Dropped: column K (PT_NAME): Patient name, 40 rows." in result.stderr
    assert "Refused: 1 row: Not a date: Referral Date (line 42)" in result.stderr
    assert "40 referrals in" in result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert sum(int(row["Referrals"]) for row in rows) == 40
    for canary in ("Quillfeather", "1951", "R9", "REF-"):
        assert canary not in result.output


def test_by_practice_names_no_provider_where_the_practice_is_named(app: Flask, path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run(app, str(path), "--by", "practice").stdout)))
    assert {row["Source practice"] for row in rows} == {"Olentangy Family Medicine"}
    assert "Referring NPI" not in rows[0]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (csv_bytes([["2026-03", OKONJO, "4"]], ("Month", "NPI", "Count")), "holds monthly counts already"),
        (csv_bytes([["03/02/2026", "Seen"]], ("Referral Date", "Status")), "Say which column names the source"),
        (csv_bytes([event(1, Referral_Date="soon")]), "No row of the file could be read"),
        (b"%PDF-1.4", "This is a PDF"),
        (b"", "The file is empty"),
    ],
)
def test_what_cannot_be_counted_ends_with_one_sentence(app: Flask, path: Path, data: bytes, says: str) -> None:
    path.write_bytes(data)
    result = run(app, str(path), "--output", str(path.with_name("out.csv")))
    assert result.exit_code == 1
    assert says in result.stderr
    assert not path.with_name("out.csv").exists()
    assert run(app, str(path), "--output", str(path)).exit_code == 2


def test_the_command_needs_no_database(path: Path, tmp_path: Path) -> None:
    env = {
        **os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "DATA_DIR": str(tmp_path / "data"),
        "SECRET_KEY": "a key for this test only, which is long enough",
    }  # fmt: skip
    line = [sys.executable, "-m", "flask", "--app", "wsgi", "referrals", "aggregate", str(path)]
    done = subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout.splitlines()[0][:20]) == (0, "Month,Referring NPI,")
    assert list((tmp_path / "data").iterdir()) == []


@pytest.fixture
def organization(cast: Cast) -> Organization:
    return db.session.scalars(select(Organization)).one()


def test_with_counts_only_a_file_of_referrals_becomes_counts_at_the_door(organization: Organization) -> None:
    session = db.session()
    batch = bring_in(session, extract())
    before, month_before = totals(session), _rollup(session)
    take_back(session, batch)
    organization.counts_only = True
    session.commit()
    batch = import_services.take_in_file(session, SYSTEM, "a.csv", extract())
    upload = gzip.decompress(session.get_one(ImportUpload, batch.id).rows).decode(errors="replace")
    assert not any(sign in upload for sign in ("REF-", "/14/2026", "2026-01-14", "Quill"))
    assert "40 referrals became counts" in batch.mapping["counted"]
    batch = bring_in(session, extract())
    assert (batch.grain, totals(session)) == (Grain.MONTH, before)
    assert _rollup(session) == month_before
    days = (Referral.received_on, Referral.appointment_on, Referral.seen_on)
    assert {tuple(row) for row in session.execute(select(*days).where(is_counted()))} == {(None, None, None)}
    read, _, _, unchanged, _ = counts(bring_in(session, extract()))
    assert read == unchanged


def test_with_counts_only_a_newer_file_moves_counts_from_status_to_status(organization: Organization) -> None:
    organization.counts_only = True
    session = db.session()
    day = {"Referral Date": "03/14/2026", "Appt Dt": "", "Dept": "Imaging"}
    rows = [event(n, Status="Lost", **day) for n in range(1, 6)]
    bring_in(session, csv_bytes(rows))
    newer = [event(n, Status="Seen", **day) for n in range(1, 6)]
    bring_in(session, csv_bytes([*newer[:4], rows[4]]))
    month = 2026 * 12 + 2
    assert totals(session) == {(month, "seen"): 4, (month, "lost"): 1, (month, "cents"): 5 * 12_050}


def test_with_counts_only_no_profile_is_made_of_columns_that_are_ours(organization: Organization) -> None:
    organization.counts_only = True
    bring_in(db.session(), extract())
    assert db.session.scalars(select(MappingProfile)).all() == []


def test_with_counts_only_a_file_that_cannot_be_counted_is_refused(organization: Organization) -> None:
    organization.counts_only = True
    for data, says in (
        (csv_bytes([["03/02/2026", "Seen"]], ("Referral Date", "Status")), "names the source"),
        (csv_bytes([event(1, Referral_Date="soon")]), "No row of it could be read"),
    ):
        with pytest.raises(Invalid, match=says):
            import_services.take_in_file(db.session(), SYSTEM, "a.csv", data)
    batch = bring_in(db.session(), csv_bytes([["2026-03", OKONJO, "4"]], ("Month", "NPI", "Count")))
    assert batch.added_rows == 1


@pytest.mark.parametrize("kind", ["csv", "other sheet"])
def test_a_file_with_patient_columns_is_refused_whole_where_that_is_set(
    organization: Organization, sign_in: Any, cast: Cast, kind: str
) -> None:
    organization.refuses_patient_files = True
    db.session.commit()
    data = extract(3)
    if kind == "other sheet":
        data = workbook({"Main": [HEADER, event(1)], "Old": [("Patient Name", "x"), ("Quillfeather", "1")]})
    sent = {"file": (io.BytesIO(data), "a.csv" if kind == "csv" else "a.xlsx")}
    answer = sign_in(cast.maren).post("/referrals/imports/new", sent, content_type="multipart/form-data")
    assert answer.status == 422
    assert "refuses such files whole" in answer.text
    assert "patient name" in answer.text
    assert "Quillfeather" not in answer.text
    assert db.session.scalars(select(ReferralImport.id)).all() == []
    assert bring_in(db.session(), events(2)).added_rows == 2


def test_the_settings_of_imports_are_kept(organization: Organization, sign_in: Any, cast: Cast) -> None:
    adam = sign_in(cast.adam)
    assert adam.submit(adam.get("/admin/settings"), {"counts_only": "y", "refuses_patient_files": "y"}).status == 302
    db.session.refresh(organization)
    assert (organization.counts_only, organization.refuses_patient_files) == (True, True)
    page = adam.get("/admin/settings")
    assert page.soup.select_one("input[name=counts_only]").has_attr("checked")


def _rollup(session: Session) -> list[tuple[int, ...]]:
    of = ReferralPracticeMonth
    query = select(of.month, *map(func.sum, (of.received, of.seen, of.lost, of.paid_cents))).group_by(of.month)
    return [tuple(map(int, row)) for row in session.execute(query.order_by(of.month)) if any(row[1:])]
