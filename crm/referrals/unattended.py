"""Imports that nobody looks at: a command or the watched folder brings a file in, whole or not at all."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from crm.accounts.queries import find_organization
from crm.accounts.services import set_up_organization
from crm.accounts.viewer import SYSTEM
from crm.core import clock
from crm.core.db import commit, db
from crm.core.errors import Invalid, NotFound
from crm.jobs.run import Checkpoint
from crm.referrals import import_services, profile_queries
from crm.referrals.importing import checking
from crm.referrals.importing.mapping import NO_MONTH
from crm.referrals.importing.profiles import Saved
from crm.referrals.importing.sheets import MEGABYTE, Limits
from crm.referrals.importing.source import Source
from crm.referrals.importing.writing import Blocks, Tally, withdraw, write_import
from crm.referrals.models import ImportState, ReferralImport
from crm.referrals.origin_models import Door

STOPPED = "The command was stopped. Nothing of the file was kept."
# Nobody waits for a page here, so files may be larger than uploads.
LEAST_MB = 4096
LARGEST = {"max_rows": 20_000_000, "max_cells": 400_000_000, "max_seconds": 3600}


@dataclass(frozen=True)
class Result:
    """What came of a file: its counts, and the number of its import unless it was a dry run."""

    import_id: int | None
    tally: Tally

    def as_json(self) -> dict[str, int | None]:
        """The counts under the names that programs read; `read` is the sum of the four that follow it."""
        tally = self.tally
        return {
            "batch": self.import_id, "read": tally.read, "imported": tally.new, "updated": tally.changed,
            "unchanged": tally.unchanged, "refused": tally.refused, "unmatched": tally.unmatched,
        }  # fmt: skip


def make_ready(*, is_dry: bool = False) -> None:
    """A database that was only migrated gets its organization: fingerprints need its secret. Sets the time zone."""
    organization = find_organization(db.session())
    if organization is None:
        organization = set_up_organization(db.session(), name="Our organization")
        clock.set_zone(organization.time_zone)
        if not is_dry:
            commit()
        return
    clock.set_zone(organization.time_zone)
    db.session.rollback()  # nobody waits for the lock while the file is read


def saved_profile(session: Session, name: str) -> Saved:
    """The profile of a name. Raises NotFound, which names those that there are."""
    found = profile_queries.find_profile(session, name)
    if found is None:
        names = ", ".join(f"“{saved.name}”" for saved in profile_queries.list_saved(session))
        known = f"The profiles are: {names}." if names else "There is none yet: save one on the page of an import."
        raise NotFound(f"There is no profile of that name. {known}")
    return profile_queries.saved_of(found)


def take_in(
    name: str,
    content: Path | Source,
    *,
    door: Door,
    max_upload_mb: int,
    month: int | None = None,
    profile: Saved | None = None,
    keeps: bool = True,
) -> tuple[ReferralImport, Blocks | None]:
    """Read a file; nothing is committed. Raises Invalid also when its columns do not say enough. Without `keeps` its
    rows are given beside it, to go in at once."""
    limits = Limits(max_bytes=max(max_upload_mb, LEAST_MB) * MEGABYTE, **LARGEST)
    batch, blocks = import_services.take_in_rows(
        db.session(), SYSTEM, name, content, month=month, limits=limits, profile=profile, door=door, keeps=keeps
    )
    problems = checking.mapping_problems(batch)
    if problems:
        db.session.rollback()
        way = "Use --month, such as --month 2026-03." if problems == [NO_MONTH] else "Use the import page to say it."
        raise Invalid(f"{' '.join(problems)} {way}")
    return batch, blocks


def write(import_id: int, checkpoint: Checkpoint, blocks: Blocks | None = None) -> Result:
    """Bring a file in that was taken in. When it is stopped, nothing of it stays."""
    db.session.get_one(ReferralImport, import_id).state = ImportState.RUNNING
    commit()
    try:
        write_import(db.session(), import_id, checkpoint, blocks)
    except BaseException:
        _forget(import_id)
        raise
    return result_of(db.session.get_one(ReferralImport, import_id))


def result_of(batch: ReferralImport) -> Result:
    """What came of an import that is done."""
    tally = Tally(
        read=batch.read_rows, new=batch.added_rows, changed=batch.updated_rows, unchanged=batch.unchanged_rows,
        refused=batch.refused_rows, unmatched=batch.unmatched_rows,
    )  # fmt: skip
    return Result(batch.id, tally)


def _forget(import_id: int) -> None:
    db.session.rollback()
    withdraw(db.session(), import_id, quiet, STOPPED)
    batch = db.session.get_one(ReferralImport, import_id)
    if batch.state is ImportState.WAITING:
        import_services.give_up(db.session(), batch)
    commit()


def quiet(_done: int, _total: int) -> None:
    """A checkpoint that tells nobody."""
    commit()
