"""Writes of profiles: save one from a waiting file, change it, delete it."""

from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from crm.core.errors import Invalid
from crm.referrals import profile_queries
from crm.referrals.import_queries import find_upload
from crm.referrals.importing import layouts, profiles
from crm.referrals.importing.headers import Target
from crm.referrals.importing.mapping import missing
from crm.referrals.importing.meanings import fitting
from crm.referrals.importing.profiles import SavedOptions
from crm.referrals.models import MappingProfile, ReferralImport


def save_profile(session: Session, batch: ReferralImport, name: str) -> MappingProfile:
    """Keep how a file is read under a name; a profile of that name is replaced."""
    mapping = layouts.mapping_of(batch, find_upload(session, batch.id))
    profile = profile_queries.find_profile(session, name)
    if profile is None:
        profile = MappingProfile(name=name, grain=batch.grain, mapping=mapping)
        session.add(profile)
    else:
        profile.grain, profile.mapping = batch.grain, mapping
    session.flush()
    headers = [column["header"] for column in batch.mapping["columns"]]
    told = layouts.told(profiles.meet(profile_queries.saved_of(profile), headers))
    batch.mapping = {**batch.mapping, "profile": told}
    origin = profile_queries.find_origin(session, batch.id)
    if origin:
        origin.profile_id = profile.id
    session.flush()
    return profile


def change_profile(
    session: Session,
    profile: MappingProfile,
    name: str,
    targets: dict[int, Target],
    options: SavedOptions,
    meanings: dict[int, dict[str, str]],
) -> None:
    """Rename a profile and change what it makes of columns and of their words, by place. Raises Invalid for what cannot
    be read."""
    other = profile_queries.find_profile(session, name)
    if other is not None and other.id != profile.id:
        raise Invalid(name="Another profile has this name.")
    columns = [
        _changed(column, targets.get(place, Target(column["target"])), meanings.get(place, {}))
        for place, column in enumerate(profile.mapping["columns"])
    ]
    problems = missing([Target(column["target"]) for column in columns], profile.grain, has_month=True)
    if problems:
        raise Invalid(" ".join(problems))
    profile.name = name
    mapping = {"columns": columns, "options": asdict(options)}
    if mapping != profile.mapping:
        profile.mapping = mapping
    session.flush()


def _changed(column: dict[str, Any], target: Target, meanings: dict[str, str]) -> dict[str, Any]:
    """Meanings go with what they are meanings of: a word of a status says nothing in a column of sites."""
    fitting_now = fitting(target, meanings)
    found = {"header": column["header"], "target": target.value}
    return {**found, "meanings": fitting_now} if fitting_now else found


def delete_profile(session: Session, profile: MappingProfile) -> None:
    """Delete a profile. What was imported by it stays; its files are guessed again."""
    session.delete(profile)
    session.flush()
