"""Tests of the job that makes the file: checked anew, told in a receipt, the same when run again."""

import csv
import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit.models import Action, AuditEvent
from crm.core import clock
from crm.core.errors import TooMany
from crm.directory.models import Channel, Consent
from crm.exports import queries, services
from crm.exports.filters import ListFilter
from crm.exports.models import Export, ExportFile, ExportFormat
from crm.jobs.models import Job, JobState
from tests.cast import Cast, contact
from tests.exports.people import many_contacts, opt_out_marisol, say

RunJobs = Callable[[], int]


def order(session: Session, cast: Cast, file_format: ExportFormat = ExportFormat.CSV, **filters: Any) -> Export:
    """Priya orders an export."""
    wanted = services.Order(
        "Spring lunch", ListFilter(**filters), ["practice", "last_name", "zip"], file_format, "Invitation to the lunch"
    )
    export = services.order_export(session, cast.viewer(cast.priya), wanted)
    session.commit()
    return export


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def test_the_file_holds_who_may_come_out_and_the_receipt_says_so(cast: Cast, database: Any, run_jobs: RunJobs) -> None:
    session = database()
    opt_out_marisol(session)
    export = order(session, cast)
    assert export.columns == ["last_name", "practice", "zip"]  # in the order of the page
    assert run_jobs() == 1
    kept = session.get_one(ExportFile, export.id)
    rows = table(kept.content)
    assert rows[0] == ["Email", "Last name", "Practice", "ZIP", "Permission"]
    assert [row[0] for row in rows[1:]] == [
        "ruth.becker@southgate.example", "nadia.okonjo@olentangy.example", "lena@southgate.example",
    ]  # fmt: skip
    assert rows[1][1:] == ["Becker", "Southgate Internal Medicine", "43123", "Not asked"]
    assert (export.rows, export.suppressed, export.reasons) == (3, 1, {"opted_out": 1})
    assert export.sha256 == hashlib.sha256(kept.content).hexdigest()
    assert kept.name == f"spring-lunch-{clock.today():%Y-%m-%d}.csv"
    assert table(kept.suppression) == [
        ["Address", "Why", "Since", "Source"],
        ["marisol@olentangy.example", "Opted out", "2025-11-03", "Unsubscribe link"],
    ]
    event = session.scalars(select(AuditEvent).where(AuditEvent.object_kind == "export")).one()
    assert (event.action, event.actor_name, event.object_id) == (Action.EXPORTED, "Priya Raman", export.id)
    assert (event.detail["rows"], event.detail["suppressed"], event.detail["purpose"]) == (
        3,
        1,
        "Invitation to the lunch",
    )
    job = session.get_one(Job, export.job_id)
    assert (job.state, job.result_url) == (JobState.DONE, f"/exports/{export.id}")


def test_who_opts_out_between_the_order_and_the_job_is_held_back(cast: Cast, database: Any, run_jobs: RunJobs) -> None:
    session = database()
    export = order(session, cast)
    say(session, Channel.EMAIL, "lena@southgate.example", Consent.OPTED_OUT, "Told Tomas Rivera")
    run_jobs()
    assert b"lena@southgate" not in session.get_one(ExportFile, export.id).content
    assert export.reasons == {"opted_out": 1}


def test_excel_holds_the_receipt_and_the_suppressed_addresses(cast: Cast, database: Any, run_jobs: RunJobs) -> None:
    session = database()
    contact(session, "=1+1", "@SUM(A1)", cast.olentangy, email="formula@olentangy.example")
    opt_out_marisol(session)
    export = order(session, cast, ExportFormat.XLSX, city="Worthington")
    run_jobs()
    book = openpyxl.load_workbook(io.BytesIO(session.get_one(ExportFile, export.id).content))
    people = [[cell.value for cell in row] for row in book["People"].iter_rows()]
    assert ["formula@olentangy.example", "@SUM(A1)", "Olentangy Family Medicine", "43085", "Not asked"] in people
    assert {cell.data_type for row in book["People"].iter_rows() for cell in row} == {"s"}
    receipt = {row[0].value: row[1].value for row in book["Receipt"].iter_rows()}
    assert (receipt["Made by"], receipt["Filters"], receipt["People in this file"]) == (
        "Priya Raman",
        "In Worthington",
        2,
    )
    assert receipt["   Opted out"] == receipt["Suppressed"] == 1
    assert book["Suppressed"]["A2"].value == "marisol@olentangy.example"


def test_a_csv_never_holds_a_formula(cast: Cast, database: Any, run_jobs: RunJobs) -> None:
    session = database()
    contact(session, "x", "\t=1+1", cast.olentangy, email="a@olentangy.example")
    export = order(session, cast)
    run_jobs()
    assert "'\t=1+1" in [row[1] for row in table(session.get_one(ExportFile, export.id).content)]


def test_an_empty_list_gives_a_file_with_its_head(cast: Cast, database: Any, run_jobs: RunJobs) -> None:
    export = order(database(), cast, city="Nowhere")
    run_jobs()
    assert (export.rows, export.suppressed) == (0, 0)
    assert len(table(database().get_one(ExportFile, export.id).content)) == 1


def test_a_long_list_is_written_in_parts(cast: Cast, database: Any, run_jobs: RunJobs) -> None:
    many_contacts(database(), cast, 1200)
    export = order(database(), cast)
    run_jobs()
    job = database().get_one(Job, export.job_id)
    assert export.rows == job.total == job.done == 1204
    assert len(table(database().get_one(ExportFile, export.id).content)) == 1205


def test_run_again_after_a_crash_it_starts_over(cast: Cast, database: Any, run_jobs: RunJobs) -> None:
    session = database()
    export = order(session, cast)
    run_jobs()
    first = session.get_one(ExportFile, export.id).content
    session.get_one(Job, export.job_id).state = JobState.QUEUED
    assert run_jobs() == 1
    assert session.get_one(ExportFile, export.id).content == first
    assert session.get_one(Job, export.job_id).state is JobState.DONE


def test_files_go_after_seven_days_and_receipts_stay(cast: Cast, database: Any, run_jobs: RunJobs) -> None:
    session = database()
    old = order(session, cast)
    run_jobs()
    old.finished_at = clock.now() - timedelta(days=7, minutes=1)
    session.commit()
    assert queries.find_file(session, old) is None  # at once, not only after the next sweep
    new = order(session, cast)
    run_jobs()
    assert session.scalars(select(ExportFile.export_id)).all() == [new.id]
    assert old.rows == 4


def test_too_many_exports_at_once_are_refused(cast: Cast, database: Any) -> None:
    for number in range(services.MOST_EXPORTS):
        order(database(), cast, city=f"City {number}")
    with pytest.raises(TooMany):
        order(database(), cast)


def test_a_form_that_is_sent_twice_orders_once(cast: Cast, database: Any, run_jobs: RunJobs) -> None:
    session = database()
    first, again, other = order(session, cast), order(session, cast), order(session, cast, city="Worthington")
    assert (again.id, other.id != first.id) == (first.id, True)
    assert run_jobs() == 2
    assert order(session, cast).id != first.id, "once it is made, another one is another one"
