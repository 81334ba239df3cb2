"""Writes of imports: take in a file, change how it is mapped, check it, begin it, give it up, take it back."""

import base64
import hashlib
import hmac
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm.accounts.queries import get_organization
from crm.accounts.viewer import SYSTEM, Viewer
from crm.core import clock
from crm.core.db import glance
from crm.core.errors import Conflict, Invalid
from crm.jobs.models import Job
from crm.jobs.services import enqueue
from crm.referrals import profile_queries
from crm.referrals.import_queries import find_upload
from crm.referrals.importing import checking, layouts, profiles
from crm.referrals.importing.aggregate import Counts
from crm.referrals.importing.first_mapping import first_mapping
from crm.referrals.importing.headers import Target, header_key
from crm.referrals.importing.kept import kept_blocks
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.mapping import MappedColumn, Sure
from crm.referrals.importing.profiles import Saved
from crm.referrals.importing.reading import read_file
from crm.referrals.importing.safe_names import safe_file_name, safe_sheet_name
from crm.referrals.importing.sheets import Limits
from crm.referrals.importing.source import Source, source_of
from crm.referrals.importing.survey import survey
from crm.referrals.importing.taken import refuse_patients, says_nothing_kept, take
from crm.referrals.importing.unmatched import kept
from crm.referrals.importing.vanished import sender_key, spare_first_month
from crm.referrals.importing.writing import Blocks
from crm.referrals.market.layouts import only_referrals
from crm.referrals.models import Grain, ImportState, ImportUpload, MappingProfile, ReferralImport
from crm.referrals.origin_models import Door, ImportOrigin

CHECKED_AT_ONCE = 10_000  # rows; more are checked by a job
KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Choices:
    """What a person says about a file on its check page: targets by column place, and what the file leaves unsaid."""

    targets: dict[int, Target]
    month: int | None
    service_line: str
    site: str
    grain: Grain
    day_first: bool = False


def take_in_file(
    session: Session, viewer: Viewer, name: str, content: bytes | Path | Source, **how: Any
) -> ReferralImport:
    """Read a file, drop its patient columns, map the others, and keep the rest for the check. Raises Invalid, also when
    it lacks columns that a given profile reads. `how`: month, limits, profile, door, as in `take_in_rows`."""
    return take_in_rows(session, viewer, name, content, **how)[0]


def take_in_rows(
    session: Session,
    viewer: Viewer,
    name: str,
    content: bytes | Path | Source,
    *,
    month: int | None = None,
    limits: Limits | None = None,
    profile: Saved | None = None,
    door: Door = Door.PAGE,
    keeps: bool = True,
) -> tuple[ReferralImport, Blocks | None]:
    """The same. Without `keeps` the rows stay in the file, which is to go in at once: they are read once more."""
    source = source_of(content)
    key = file_key(session, source)
    with glance(session):
        organization = get_organization(session)
        refuses, counts_only = organization.refuses_patient_files, organization.counts_only
    found = survey(only_referrals(read_file(name, source, limits)), _named_before(session))
    if refuses:
        refuse_patients(found)
    if not found.main.kept:
        raise Invalid(says_nothing_kept(found))
    grain, mapping = first_mapping(session, found, found.main.rows, month=month, saved=profile)
    sender, profile_id = sender_key(mapping), mapping["profile"].get("id")

    def spare(counts: Counts) -> str:
        return spare_first_month(session, counts, sender, profile_id) if door is Door.FOLDER else ""

    taken = take(found, grain, mapping, counts_only=counts_only, keeps=keeps, spare=spare)
    sweep_uploads(session)
    batch = ReferralImport(
        file_name=safe_file_name(name),
        sheet=safe_sheet_name(found.main.sheet.name),
        grain=taken.grain,
        owner_id=viewer.id,
        state=ImportState.CHECKING,
        mapping=taken.mapping,
        read_rows=taken.count,
    )
    session.add(batch)
    session.flush()
    if taken.packed is not None:
        session.add(ImportUpload(import_id=batch.id, rows=taken.packed, row_count=taken.count))
    counted_key = sender if taken.mapping.get("counted") else None
    session.add(
        ImportOrigin(import_id=batch.id, door=door, file_key=key, counted_key=counted_key, profile_id=profile_id)
    )
    session.flush()
    return batch, partial(kept_blocks, found.main) if taken.packed is None else None


def _named_before(session: Session) -> frozenset[str]:
    """The names of columns that some profile maps: somebody said what they hold."""
    with glance(session):
        profiles_there = profile_queries.list_saved(session)
    return frozenset(header_key(column.header) for saved in profiles_there for column in saved.columns if column.target)


def file_key(session: Session, source: Source) -> str:
    """The one-way fingerprint of a file, by which the same one is known again."""
    with glance(session):
        secret = get_organization(session).row_key_secret
    digest = hmac.new(secret.encode(), b"file\x1f", hashlib.sha256)
    for piece in source.pieces():
        digest.update(piece)
    return base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")


def change_mapping(session: Session, batch: ReferralImport, choices: Choices, *, by: Viewer = SYSTEM) -> None:
    """Say what the columns are; the check is to be run again. A counts file cannot become a file of single referrals:
    what was harmless in it might be a patient's there."""
    _must_wait(batch)
    if choices.grain is Grain.EVENT and surveyed_grain(batch) is Grain.MONTH:
        raise Invalid(grain="Upload the file again to read it as single referrals.")
    columns = [MappedColumn.from_json(column) for column in batch.mapping["columns"]]
    for place, column in enumerate(columns):
        chosen = choices.targets.get(place, column.target)
        if chosen is not column.target:
            column.target, column.sure = chosen, Sure.SURE
    profiles.set_date_order(columns, day_first=choices.day_first)
    batch.grain = choices.grain
    options = {
        "month": choices.month, "service_line": choices.service_line[:60], "site": choices.site[:60],
        "day_first": choices.day_first,
    }  # fmt: skip
    _remap(batch, columns, by=by.id, options=options)
    session.flush()


def apply_profile(
    session: Session, batch: ReferralImport, profile: MappingProfile | None, *, by: Viewer = SYSTEM
) -> None:
    """Read a waiting file as a profile says, or as was guessed; the check is to be run again."""
    _must_wait(batch)
    columns = [MappedColumn.from_json(column) for column in batch.mapping["columns"]]
    options, meeting = profiles.SavedOptions(), None
    if profile is None:
        for column, guessed in zip(columns, batch.mapping.get("guesses", []), strict=False):
            column.target, column.sure = Target(guessed), Sure.CHECK if guessed else Sure.SURE
            column.meanings = {}
        profiles.set_date_order(columns, day_first=False)
    else:
        saved = profile_queries.saved_of(profile)
        if not profiles.takes(saved, surveyed_grain(batch)):
            raise Invalid(profile="This profile reads one row per referral, and the file holds monthly counts.")
        meeting, options, batch.grain = layouts.read_by(saved, columns), saved.options, saved.grain
    month = batch.mapping.get("options", {}).get("month")
    _remap(batch, columns, by=by.id, options={"month": month, **asdict(options)}, profile=layouts.told(meeting))
    origin = profile_queries.find_origin(session, batch.id)
    if origin:
        origin.profile_id = profile.id if profile else None
    session.flush()


def surveyed_grain(batch: ReferralImport) -> Grain:
    """By which rules its columns were looked at for patients: what passed as counts must never become single rows."""
    return Grain(batch.mapping.get("surveyed", batch.grain))


def _remap(batch: ReferralImport, columns: list[MappedColumn], **said: Any) -> None:
    batch.mapping = {
        **batch.mapping,
        **said,
        "columns": [column.as_json() for column in columns],
        "revision": batch.mapping.get("revision", 1) + 1,
        "check": None,
    }
    batch.state = ImportState.CHECKING


def note_corrections(session: Session, batch: ReferralImport, rows: int, *, by: Viewer) -> None:
    """So many rows were corrected by hand; the check is to be run again."""
    _must_wait(batch)
    columns = [MappedColumn.from_json(column) for column in batch.mapping["columns"]]
    _remap(batch, columns, by=by.id, corrected=rows)
    session.flush()


def check_again(session: Session, batch: ReferralImport, *, by: Viewer) -> None:
    """What a waiting file meets has changed; the check is to be run again."""
    _must_wait(batch)
    _remap(batch, [MappedColumn.from_json(column) for column in batch.mapping["columns"]], by=by.id)
    session.flush()


def waits_for_check(batch: ReferralImport, revision: int) -> bool:
    """Whether a file is still read as it was when a check of it began."""
    return batch.state is ImportState.CHECKING and batch.mapping.get("revision") == revision


def keep_summary(session: Session, batch: ReferralImport, summary: checking.Summary) -> None:
    """Keep what the dry run found; the file now waits for somebody to import it, unless it was changed meanwhile."""
    revision = batch.mapping["revision"]
    checking.keep_refusals(session, batch.id, summary.refusals)
    session.refresh(batch, with_for_update=True)
    if not waits_for_check(batch, revision):
        return
    found = summary.as_json()
    if upload := find_upload(session, batch.id):
        upload.unknown = kept(upload.unknown, summary.unmatched())
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
    return job.state.is_over if job else not _is_anyone_writing(session)


def _is_anyone_writing(session: Session) -> bool:
    """Whether a command or the watched folder works on an import just now; they have no job."""
    try:
        with only_one(session, wait_seconds=0):
            return False
    except Conflict:
        return True


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
