"""Writes of imports: take in a file, change how it is mapped, check it, begin it, give it up, take it back."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.errors import Conflict, Invalid
from crm.core.patient_words import signs_in
from crm.jobs.models import Job
from crm.jobs.services import enqueue
from crm.referrals import import_queries
from crm.referrals.importing import checking, layouts
from crm.referrals.importing.headers import Target
from crm.referrals.importing.identity import Ruling
from crm.referrals.importing.mapping import MappedColumn, Sure, guess
from crm.referrals.importing.reading import read_file
from crm.referrals.importing.sheets import Limits
from crm.referrals.importing.survey import SheetSurvey, Survey, survey
from crm.referrals.importing.upload import pack
from crm.referrals.models import Grain, ImportState, ImportUpload, ReferralImport

CHECKED_AT_ONCE = 10_000  # rows; more are checked by a job
KEPT_FOR = timedelta(days=1)
MAX_DROPPED = 200


@dataclass(frozen=True)
class Choices:
    """What a person says about a file on its check page: targets by column place, and what the file leaves unsaid."""

    targets: dict[int, Target]
    month: int | None
    service_line: str
    site: str
    grain: Grain


def take_in_file(
    session: Session, viewer: Viewer, name: str, data: bytes, *, month: int | None = None, limits: Limits | None = None
) -> ReferralImport:
    """Read a file, drop its patient columns, guess its mapping, and keep the rest for the check. Raises Invalid."""
    found = survey(read_file(name, data, limits))
    if not found.main.kept:
        raise Invalid("Every column of this file holds patient data or free text, so nothing is left to import.")
    packed, count = pack(found.main)
    sweep_uploads(session)
    batch = ReferralImport(
        file_name=_safe_name(name),
        sheet=_safe_name(found.main.sheet.name),
        grain=found.grain,
        owner_id=viewer.id,
        state=ImportState.CHECKING,
        mapping=_first_mapping(session, found, count, month),
        read_rows=count,
    )
    session.add(batch)
    session.flush()
    session.add(ImportUpload(import_id=batch.id, rows=packed, row_count=count))
    session.flush()
    return batch


def _safe_name(name: str) -> str:
    """The name of a file or sheet, unless it names a patient itself."""
    plain = (
        "".join(c for c in PurePath(name.replace("\\", "/")).name if c.isprintable()).encode("utf-8", "ignore").decode()
    )
    return f"file{PurePath(plain).suffix[:10]}" if signs_in(plain) else plain[:200]


def _first_mapping(session: Session, found: Survey, rows: int, month: int | None) -> dict[str, Any]:
    headers = [column.header for column in found.main.kept]
    profile = import_queries.find_profile(session, layouts.fingerprint(headers, found.grain))
    remembered = profile.mapping if profile else {}
    columns = guess(found.main.kept, found.grain, rows, remembered.get("columns"))
    options = {"month": month, "service_line": "", "site": "", **remembered.get("options", {})}
    return {
        "columns": [column.as_json() for column in columns],
        "dropped": [
            note for sheet in (found.main, *found.others) for note in _dropped(sheet, is_main=sheet is found.main)
        ],
        "options": {**options, "month": month},
        "layout": profile.name if profile else "",
        "revision": 1,
    }


def _dropped(sheet: SheetSurvey, *, is_main: bool) -> list[dict[str, Any]]:
    """What is said of the columns of which nothing was kept: where they stand and why, never a value."""
    return [
        {
            "sheet": _safe_name(sheet.sheet.name),
            "letter": column.letter,
            "header": column.header,
            "rule": column.verdict.rule,
            "rows": column.verdict.rows,
            "is_main": is_main,
            "is_refused": column.verdict.ruling is Ruling.REFUSE,
            "filled": round(column.signs.filled / max(sheet.rows, 1), 4),
        }
        for column in sheet.dropped
        if is_main or column.verdict.ruling is Ruling.REFUSE
    ][:MAX_DROPPED]


def change_mapping(session: Session, batch: ReferralImport, choices: Choices) -> None:
    """Say what the columns are; the check is to be run again. A counts file cannot become a file of single referrals:
    what was harmless in it might be a patient's there."""
    _must_wait(batch)
    if batch.grain is Grain.MONTH and choices.grain is Grain.EVENT:
        raise Invalid(grain="Upload the file again to read it as single referrals.")
    columns = [MappedColumn.from_json(column) for column in batch.mapping["columns"]]
    for place, column in enumerate(columns):
        chosen = choices.targets.get(place, column.target)
        if chosen is not column.target:
            column.target, column.sure = chosen, Sure.SURE
    batch.grain = choices.grain
    batch.mapping = {
        **batch.mapping,
        "columns": [column.as_json() for column in columns],
        "options": {"month": choices.month, "service_line": choices.service_line[:60], "site": choices.site[:60]},
        "revision": batch.mapping.get("revision", 1) + 1,
        "check": None,
    }
    batch.state = ImportState.CHECKING
    session.flush()


def keep_summary(session: Session, batch: ReferralImport, summary: checking.Summary) -> None:
    """Keep what the dry run found; the file now waits for somebody to import it."""
    checking.keep_refusals(session, batch.id, summary.refusals)
    found = summary.as_json()
    batch.mapping = {**batch.mapping, "check": found}
    batch.state = ImportState.WAITING
    batch.first_month, batch.last_month = found["first_month"], found["last_month"]
    session.flush()


def begin_check(session: Session, viewer: Viewer, batch: ReferralImport) -> Job:
    """Queue the check of a large file."""
    payload = {"import_id": batch.id, "revision": batch.mapping["revision"]}
    job = enqueue(session, kind="referrals.check", title=f"Check {batch.file_name}", payload=payload, viewer=viewer)
    batch.job_id, job.result_url = job.id, _page_of(batch)
    session.flush()
    return job


def begin_import(session: Session, viewer: Viewer, batch: ReferralImport) -> Job:
    """Queue the import of a checked file."""
    summary = batch.mapping.get("check")
    if batch.state is not ImportState.WAITING or not summary:
        raise Conflict("This file is not waiting to be imported. Open it again to see where it stands.")
    if summary["problems"]:
        raise Invalid(summary["problems"][0])
    if not summary["new"] + summary["changed"] + summary["unchanged"]:
        raise Invalid("No row of this file can be imported. See the reasons below.")
    batch.state, batch.says = ImportState.RUNNING, ""
    job = enqueue(
        session,
        kind="referrals.import",
        title=f"Import {batch.file_name}",
        payload={"import_id": batch.id},
        viewer=viewer,
    )
    batch.job_id, job.result_url = job.id, _page_of(batch)
    session.flush()
    return job


def _page_of(batch: ReferralImport) -> str:
    """Where the tray and a cancelled job lead: the file may wait there for another try."""
    return f"/referrals/imports/{batch.id}"


def give_up(session: Session, batch: ReferralImport) -> None:
    """Forget a file that was not imported."""
    _must_wait(batch)
    batch.state, batch.says = ImportState.FAILED, "Given up before anything was imported."
    session.execute(delete(ImportUpload).where(ImportUpload.import_id == batch.id))
    session.flush()


def begin_take_back(session: Session, viewer: Viewer, batch: ReferralImport) -> Job:
    """Queue the taking back of an import."""
    if batch.state is not ImportState.DONE:
        raise Conflict("Only an import that is done can be taken back.")
    batch.state = ImportState.TAKING_BACK
    job = enqueue(
        session,
        kind="referrals.take_back",
        title=f"Take back {batch.file_name}",
        payload={"import_id": batch.id},
        viewer=viewer,
    )
    batch.job_id, job.result_url = job.id, _page_of(batch)
    session.flush()
    return job


def is_stopped(session: Session, batch: ReferralImport) -> bool:
    """Whether an import or taking back should be running and its job has ended without it."""
    if batch.state not in (ImportState.RUNNING, ImportState.TAKING_BACK, ImportState.CHECKING):
        return False
    job = session.get(Job, batch.job_id) if batch.job_id else None
    return job is None or job.state.is_over


def try_again(session: Session, viewer: Viewer, batch: ReferralImport) -> None:
    """After a stop: an import waits for another try with its file, a check or a taking back begins again."""
    if not is_stopped(session, batch):
        raise Conflict("This has not stopped. Open it again to see where it stands.")
    if batch.state is ImportState.TAKING_BACK:
        batch.state = ImportState.DONE
        begin_take_back(session, viewer, batch)
    elif batch.state is ImportState.CHECKING:
        begin_check(session, viewer, batch)
    else:
        batch.state = ImportState.WAITING
    session.flush()


def sweep_uploads(session: Session) -> None:
    """Remove the rows of files that nobody imported within a day."""
    old = select(ReferralImport).where(
        ReferralImport.state.in_((ImportState.CHECKING, ImportState.WAITING)),
        ReferralImport.updated_at < clock.now() - KEPT_FOR,
    )
    for batch in session.scalars(old).all():
        give_up(session, batch)


def _must_wait(batch: ReferralImport) -> None:
    if batch.state not in (ImportState.CHECKING, ImportState.WAITING):
        raise Conflict("This file has been imported or given up already. Open it again to see where it stands.")
