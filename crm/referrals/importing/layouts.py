"""Profiles as an import meets them: which one fits a file, and what is kept of how the file was read."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from crm.core.errors import Invalid
from crm.referrals import profile_queries
from crm.referrals.import_queries import find_upload
from crm.referrals.importing import profiles
from crm.referrals.importing.corrections import Correction, lasting
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.meanings import MOST_MEANINGS, fitting, word_key
from crm.referrals.importing.profiles import Fit, Meeting, Saved
from crm.referrals.models import Grain, ImportUpload, MappingProfile, ReferralImport
from crm.referrals.origin_models import Door

SHOWN = 20


def told(meeting: Meeting | None, rivals: Sequence[str] = ()) -> dict[str, Any]:
    """What is kept beside an import of the profile by which it is read, for its page."""
    if meeting is None:
        return {}
    return {
        "id": meeting.saved.id, "name": meeting.saved.name, "fit": meeting.fit,
        "added": list(meeting.added[:SHOWN]), "gone": list(meeting.gone[:SHOWN]),
        "lacking": list(meeting.lacking[:SHOWN]), "rivals": list(rivals[:SHOWN]),
    }  # fmt: skip


def must_fit(meeting: Meeting, grain: Grain, refused: Sequence[str]) -> None:
    """For a file that nobody looks at: raise Invalid when its profile cannot read it as it reads the others."""
    saved = meeting.saved
    if not profiles.takes(saved, grain):
        raise Invalid(f"The file holds monthly counts, and the profile “{saved.name}” reads one row per referral.")
    if not meeting.lacking:
        return
    names = ", ".join(f"“{header}”" for header in meeting.lacking)
    is_one = len(meeting.lacking) == 1
    says = f"The profile “{saved.name}” reads {'a column that is' if is_one else 'columns that are'} missing: {names}."
    held = [header for header in refused if header in meeting.lacking]
    if held:
        says += f" Refused for holding patient data or free text: {', '.join(f'“{header}”' for header in held)}."
    raise Invalid(says)


def remember(session: Session, batch: ReferralImport) -> None:
    """Keep how an import was read for the next file like it.

    A profile that the file fits follows what was said on the check page; a new layout gets a profile of its own. What
    came in without anybody looking at it changes no profile.
    """
    origin = profile_queries.find_origin(session, batch.id)
    if origin is None or batch.mapping.get("counted"):  # the columns of counts are ours, not those of the file
        return
    profile = session.get(MappingProfile, origin.profile_id) if origin.profile_id else None
    mapping = mapping_of(batch, find_upload(session, batch.id))
    if profile is None:
        name = free_name(session, profiles.name_after(batch.file_name))
        profile = MappingProfile(name=name, grain=batch.grain, mapping=mapping)
        session.add(profile)
        session.flush()
        origin.profile_id = profile.id
    elif origin.door is Door.PAGE and batch.mapping["profile"].get("fit") != Fit.PARTLY:
        profile.grain = batch.grain
        if profile.mapping != mapping:
            profile.mapping = mapping


def mapping_of(batch: ReferralImport, upload: ImportUpload | None) -> dict[str, Any]:
    """What a profile keeps of how an import is read: targets, options and what words mean, but no month, and no other
    value of the file."""
    columns = [MappedColumn.from_json(column) for column in batch.mapping["columns"]]
    options = batch.mapping.get("options", {})
    said = lasting(Correction.from_json(stored) for stored in upload.corrections) if upload else {}
    return {
        "columns": [_kept_column(column, said.get(place, {})) for place, column in enumerate(columns)],
        "options": {
            "service_line": options.get("service_line") or "", "site": options.get("site") or "",
            "day_first": bool(options.get("day_first")),
        },
    }  # fmt: skip


def _kept_column(column: MappedColumn, said: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"header": column.header, "target": column.target.value}
    meanings = fitting(column.target, _together(column.meanings, said))
    return {**found, "meanings": meanings} if meanings else found


def _together(before: dict[str, str], said: dict[str, str]) -> dict[str, str]:
    """What words mean, the last said first; of those that are compared alike only one."""
    new = {word_key(word) for word in said}
    older = {word: means for word, means in before.items() if word_key(word) not in new}
    return dict(islice((said | older).items(), MOST_MEANINGS))


def free_name(session: Session, wanted: str) -> str:
    """The wanted name for a profile, numbered when another has it."""
    name, number = wanted, 1
    while profile_queries.find_profile(session, name):
        number += 1
        name = f"{wanted} {number}"
    return name


def read_by(saved: Saved, columns: list[MappedColumn]) -> Meeting:
    """Map the columns of a file as a profile says; returns how well it fits."""
    meeting = profiles.meet(saved, [column.header for column in columns])
    profiles.apply(meeting, columns, adds=False)
    return meeting
