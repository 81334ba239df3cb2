"""Reads of profiles: which there are, how often and when they were used, and imports of the same file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core.errors import NotFound
from crm.directory.queries import MAX_ID
from crm.referrals.importing.profiles import Saved
from crm.referrals.models import ImportState, MappingProfile, ReferralImport
from crm.referrals.origin_models import Door, ImportOrigin

WENT_IN = (ImportState.DONE, ImportState.TAKING_BACK, ImportState.TAKEN_BACK)


@dataclass(frozen=True)
class Use:
    """A profile and its use: how many imports went in by it, and when the last of them was done."""

    profile: MappingProfile
    saved: Saved
    imports: int
    used_at: datetime | None


def list_uses(session: Session, viewer: Viewer) -> list[Use]:
    """All profiles, the last used first; none for somebody who sees only some territories."""
    return _uses(session) if viewer.territory_ids is None else []


def list_saved(session: Session) -> list[Saved]:
    """All profiles as rules need them, the last used first."""
    return [use.saved for use in _uses(session)]


def _uses(session: Session) -> list[Use]:
    uses = (
        select(ImportOrigin.profile_id, func.count().label("imports"), func.max(ReferralImport.finished_at).label("at"))
        .join(ReferralImport, ReferralImport.id == ImportOrigin.import_id)
        .where(ReferralImport.state.in_(WENT_IN))
        .group_by(ImportOrigin.profile_id)
        .subquery()
    )
    query = (
        select(MappingProfile, func.coalesce(uses.c.imports, 0), uses.c.at)
        .outerjoin(uses, uses.c.profile_id == MappingProfile.id)
        # Which end NULL sorts to is another on each database.
        .order_by(uses.c.at.is_(None), uses.c.at.desc(), MappingProfile.updated_at.desc(), MappingProfile.id)
    )
    return [Use(profile, saved_of(profile), imports, at) for profile, imports, at in session.execute(query)]


def saved_of(profile: MappingProfile) -> Saved:
    """A profile as rules need it."""
    return Saved.from_json(profile.id, profile.name, profile.grain, profile.mapping)


def get_profile(session: Session, viewer: Viewer, profile_id: int) -> MappingProfile:
    """One profile. Whoever may import sees all of them, so the viewer only stands for the permission."""
    found = session.get(MappingProfile, profile_id) if 0 < profile_id <= MAX_ID else None
    if found is None or viewer.territory_ids is not None:
        raise NotFound("There is no such profile.")
    return found


def find_profile(session: Session, name: str) -> MappingProfile | None:
    """The profile of a name, in small or capital letters."""
    plain = name.strip().casefold()
    return next((p for p in session.scalars(select(MappingProfile)) if p.name.casefold() == plain), None)


def find_origin(session: Session, import_id: int) -> ImportOrigin | None:
    """Where an import came from, or None for one older than profiles."""
    return session.get(ImportOrigin, import_id)


def doors_of(session: Session, import_ids: Sequence[int]) -> dict[int, Door]:
    """The door through which each of these imports came in."""
    query = select(ImportOrigin.import_id, ImportOrigin.door).where(ImportOrigin.import_id.in_(import_ids))
    return {row.import_id: row.door for row in session.execute(query)}


def find_same_file(
    session: Session, file_key: str, states: tuple[ImportState, ...] = (ImportState.DONE,), *, but: int = 0
) -> ReferralImport | None:
    """The last other import of the same file, byte for byte, in one of these states."""
    query = (
        select(ReferralImport)
        .join(ImportOrigin, ImportOrigin.import_id == ReferralImport.id)
        .where(ImportOrigin.file_key == file_key, ReferralImport.state.in_(states), ReferralImport.id != but)
        .order_by(ReferralImport.id.desc())
    )
    return session.scalars(query).first()
