"""Writes of market data: take in a file, begin it, give it up, take it back; our own NPIs; where segments begin."""

from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core import clock, formats
from crm.core.db import glance
from crm.core.errors import Conflict, Invalid
from crm.directory.npi import clean_npi, is_npi
from crm.jobs.models import Job
from crm.jobs.services import enqueue
from crm.referrals.importing.safe_names import safe_file_name
from crm.referrals.market import file_queries, period
from crm.referrals.market.models import MarketImport, MarketSetting, MarketState, MarketUpload, OurNpi
from crm.referrals.market.share import Thresholds
from crm.referrals.market.upload import pack

IMPORT, TAKE_BACK = "market.import", "market.take_back"
KEPT_FOR = timedelta(days=1)
UNPACKED = 12  # times the size that may be uploaded
MAX_SOURCE = 60
BUSY = (MarketState.RUNNING, MarketState.TAKING_BACK)


@dataclass(frozen=True)
class About:
    """What a person says about a file: where it comes from, its first and last month, and which file it replaces."""

    source: str
    first: int | None
    last: int | None
    replaces_id: int | None = None


def take_in(
    session: Session, viewer: Viewer, name: str, stream: BinaryIO, *, max_bytes: int | None = None
) -> MarketImport:
    """Read a file and keep its pairs that concern us; nothing is imported yet. Raises Invalid or TooLarge.

    While it is read, which may take minutes, no transaction is open.
    """
    with glance(session):
        known = file_queries.known_npis(session)
    pairs, found = pack(stream, known, max_bytes * UNPACKED if max_bytes else None)
    sweep_uploads(session)
    shown = safe_file_name(name)
    months = period.guess_period(shown, formats.month_of(clock.today()))
    batch = MarketImport(
        file_name=shown, layout=found.layout.kind,
        source=period.guess_source(shown, found.layout.kind.usual_source),
        first_month=months[0] if months else None, last_month=months[1] if months else None,
        content_hash=found.content_hash, owner_id=viewer.id,
        read_rows=found.read, kept_rows=found.kept, elsewhere_rows=found.elsewhere, refused_rows=found.refused,
        small_rows=found.small,
    )  # fmt: skip
    session.add(batch)
    session.flush()
    session.add(MarketUpload(import_id=batch.id, pairs=pairs))
    session.flush()
    return batch


def describe(session: Session, batch: MarketImport, about: About) -> None:
    """Say what a file is about. Raises Invalid when its months cannot be, Conflict when another file is in its way."""
    if batch.state is not MarketState.WAITING:
        raise Conflict("This file has been imported or given up already. Open it again to see where it stands.")
    source = " ".join(about.source.split())[:MAX_SOURCE]
    if not source:
        raise Invalid(source="Say where the file comes from.")
    if about.first is None or about.last is None:
        raise Invalid(**{"first" if about.first is None else "last": "Say which months the file is about."})
    if problem := period.problem_with(about.first, about.last, formats.month_of(clock.today())):
        raise Invalid(last=problem)
    batch.source, batch.first_month, batch.last_month = source, about.first, about.last
    twin = file_queries.find_twin(session, batch, source, about.first, about.last)
    if twin is not None and twin.id != about.replaces_id:
        raise Invalid(replaces_id=twin_words(batch, twin))
    batch.replaces_id = twin.id if twin else None
    session.flush()


def twin_words(batch: MarketImport, twin: MarketImport) -> str:
    """Which file is in the way of another, and why."""
    months = period.period_words(twin.first_month, twin.last_month)
    if twin.content_hash == batch.content_hash:
        return f"This file is here already: {twin.file_name}, {twin.source}, {months}."
    return f"There is a file of {twin.source}, {months}, already: {twin.file_name}."


def begin_import(session: Session, viewer: Viewer, batch: MarketImport) -> Job:
    """Queue the import of a file whose source and months were said."""
    mark_running(session, batch)
    payload = {"import_id": batch.id}
    job = enqueue(session, kind=IMPORT, title=f"Import {batch.file_name}", payload=payload, viewer=viewer)
    batch.job_id, job.result_url = job.id, _page_of(batch)
    session.flush()
    return job


def mark_running(session: Session, batch: MarketImport) -> None:
    """A file begins to go in. Raises Invalid when nothing of it concerns us."""
    if not batch.kept_rows:
        raise Invalid("No pair of this file concerns a provider or practice of the directory, or an NPI of ours.")
    if batch.state is not MarketState.WAITING or batch.first_month is None:
        raise Conflict("This file is not waiting to be imported. Open it again to see where it stands.")
    batch.state, batch.says = MarketState.RUNNING, ""
    session.flush()


def give_up(session: Session, batch: MarketImport) -> None:
    """Forget a file that was not imported."""
    if batch.state is not MarketState.WAITING:
        raise Conflict("This file has been imported or given up already. Open it again to see where it stands.")
    batch.state, batch.says = MarketState.FAILED, "Given up before anything was imported."
    session.execute(delete(MarketUpload).where(MarketUpload.import_id == batch.id))
    session.flush()


def begin_take_back(session: Session, viewer: Viewer, batch: MarketImport) -> Job:
    """From now on nobody reads the file; queue the removal of its pairs."""
    if batch.state is not MarketState.DONE:
        raise Conflict("Only a file that is in can be taken back.")
    batch.state = MarketState.TAKING_BACK
    payload = {"import_id": batch.id}
    job = enqueue(session, kind=TAKE_BACK, title=f"Take back {batch.file_name}", payload=payload, viewer=viewer)
    batch.job_id, job.result_url = job.id, _page_of(batch)
    session.flush()
    return job


def is_stopped(session: Session, batch: MarketImport) -> bool:
    """Whether work on a file should be going on and its job has ended without it."""
    if batch.state not in BUSY:
        return False
    job = session.get(Job, batch.job_id) if batch.job_id else None
    return job is None or job.state.is_over


def try_again(session: Session, viewer: Viewer, batch: MarketImport) -> None:
    """After a stop: a file waits for another try, a taking back begins again."""
    if not is_stopped(session, batch):
        raise Conflict("This has not stopped. Open it again to see where it stands.")
    if batch.state is MarketState.RUNNING:
        batch.state = MarketState.WAITING
        session.flush()
        return
    batch.state = MarketState.DONE
    begin_take_back(session, viewer, batch)


def sweep_uploads(session: Session) -> None:
    """Forget files that nobody imported within a day."""
    old = select(MarketImport).where(
        MarketImport.state == MarketState.WAITING, MarketImport.updated_at < clock.now() - KEPT_FOR
    )
    for batch in session.scalars(old).all():
        give_up(session, batch)


def add_our_npi(session: Session, *, npi: str, name: str, site_id: int | None) -> OurNpi:
    """An NPI receives patients for us. Raises Invalid when it is none, or is in the list already."""
    plain = clean_npi(npi)
    if not is_npi(plain):
        raise Invalid(npi="This is no NPI: it needs ten digits, and its check digit must be right.")
    if session.scalar(select(OurNpi.id).where(OurNpi.npi == plain)):
        raise Invalid(npi="This NPI is in the list already.")
    row = OurNpi(npi=plain, name=name, site_id=site_id)
    session.add(row)
    session.flush()
    return row


def change_our_npi(session: Session, row: OurNpi, *, name: str, site_id: int | None) -> None:
    """Another name or site for an NPI of ours."""
    row.name, row.site_id = name, site_id
    session.flush()


def remove_our_npi(session: Session, row: OurNpi) -> None:
    """An NPI is no longer ours."""
    session.delete(row)
    session.flush()


def change_thresholds(session: Session, thresholds: Thresholds) -> None:
    """Where segments begin. Raises Invalid when they are not in order."""
    if not 0 < thresholds.splitter_from < thresholds.loyal_from <= 100:  # noqa: PLR2004 percent
        raise Invalid(splitter_from="Splitters begin above 0% and below loyalists, loyalists at 100% at most.")
    row = session.scalars(select(MarketSetting)).first()
    if row is None:
        row = MarketSetting(id=1, loyal_from=thresholds.loyal_from, splitter_from=thresholds.splitter_from)
        session.add(row)
    row.loyal_from, row.splitter_from = thresholds.loyal_from, thresholds.splitter_from
    session.flush()


def _page_of(batch: MarketImport) -> str:
    """Where the tray and a cancelled job lead."""
    return f"/referrals/market/files/{batch.id}"
