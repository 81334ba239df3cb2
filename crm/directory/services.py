"""Writes about practices: create, change, retire, tags, office hours, many at once; and permissions to contact."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from crm.accounts.queries import find_user
from crm.accounts.viewer import Viewer
from crm.core import clock, geo
from crm.core.db import check_version
from crm.core.errors import Conflict, Invalid
from crm.core.patient_words import check_texts
from crm.directory.addresses import key_for
from crm.directory.hours import DayHours
from crm.directory.models import (
    Channel,
    Consent,
    ContactPermission,
    Practice,
    PracticeGroup,
    PracticeHours,
    PracticeTag,
    Tier,
)
from crm.directory.practice_queries import find_practice_by_npi, find_twins, practices_of
from crm.directory.prefixes import territory_of
from crm.directory.territory_queries import zip_prefixes
from crm.directory.values import check_point, read_record, read_tags

APART = {"tags", "group_name", "names_no_patient"}  # values that are no columns
KEEP: Any = object()  # leaves a value as it is
MAX_BULK = 5000
NPI_TAKEN = "Another practice has this NPI already."
TWIN = "There is a practice of this name at this ZIP already. Tick the box if this is another one."


def create_practice(
    session: Session, viewer: Viewer, values: Mapping[str, Any], *, is_separate: bool = False
) -> Practice:
    """Add a practice. One of the same name and ZIP is taken for the same place unless `is_separate` says otherwise."""
    practice = Practice(name="")
    _fill(session, viewer, practice, values, is_separate=is_separate)
    session.add(practice)
    flush(session)
    return practice


def change_practice(
    session: Session,
    viewer: Viewer,
    practice: Practice,
    values: Mapping[str, Any],
    *,
    version: int | None = None,
    is_separate: bool = True,
) -> None:
    """Change a practice; Conflict when somebody saved after `version`."""
    check_version(practice, version)
    _fill(session, viewer, practice, values, is_separate=is_separate)
    flush(session)


def retire_practice(session: Session, practice: Practice) -> None:
    """Take a practice out of lists and plans; its history stays."""
    practice.retired_on = practice.retired_on or clock.today()
    flush(session)


def bring_back_practice(session: Session, practice: Practice) -> None:
    """Put a retired practice back into lists and plans."""
    practice.retired_on = None
    flush(session)


def set_hours(session: Session, practice: Practice, days: Sequence[DayHours], *, version: int | None = None) -> None:
    """Replace a practice's office hours."""
    check_version(practice, version)
    faults = {f"opens_{day.weekday}": day.fault for day in days if day.fault}
    if faults:
        raise Invalid(**faults)
    practice.hours = [
        PracticeHours(weekday=span.weekday, opens=span.opens, closes=span.closes) for day in days for span in day.spans
    ]
    practice.updated_at = clock.now()
    flush(session)


def add_tag(session: Session, practice: Practice, text: str) -> None:
    """Put one or more tags (with commas between) on a practice."""
    read_tags(text)
    _set_tags(practice, [*(row.tag for row in practice.tags), *text.split(",")])
    flush(session)


def change_many(
    session: Session,
    viewer: Viewer,
    practice_ids: Iterable[int],
    *,
    owner_id: int | None = KEEP,
    tier: Tier | None = KEEP,
    tag: str = KEEP,
) -> int:
    """Give many practices an owner, a tier or a tag; says how many changed. Those out of scope are left alone."""
    ids = list(practice_ids)
    if len(ids) > MAX_BULK:
        raise Invalid(f"At most {MAX_BULK} practices at once.")
    if owner_id is not KEEP:
        _check_owner(session, owner_id)
    changed = 0
    for practice in practices_of(session, viewer, ids):
        before = (practice.owner_id, practice.tier, [row.tag for row in practice.tags])
        practice.owner_id = practice.owner_id if owner_id is KEEP else owner_id
        practice.tier = practice.tier if tier is KEEP else tier
        if tag is not KEEP:
            _set_tags(practice, [*before[2], *read_tags(tag)])
        changed += before != (practice.owner_id, practice.tier, [row.tag for row in practice.tags])
    flush(session)
    return changed


def record_permission(
    session: Session,
    viewer: Viewer,
    channel: Channel,
    address: str,
    consent: Consent,
    decided_on: date | None = None,
    source: str = "",
) -> ContactPermission:
    """Keep what somebody said about a channel. It binds the address or number, whoever has it."""
    key = key_for(channel, address)
    if not key:
        raise Invalid(address="This is not an address or number of that kind.")
    day = decided_on or clock.today()
    if day > clock.today():
        raise Invalid(decided_on="This day has not come yet.")
    same = (ContactPermission.channel == channel, ContactPermission.address == key)
    found = session.scalar(select(ContactPermission).where(*same))
    if found is None:
        found = ContactPermission(channel=channel, address=key)
        session.add(found)
    found.consent, found.decided_on = consent, day
    found.source = source or f"Told {viewer.name}"
    flush(session)
    return found


def forget_permission(session: Session, channel: Channel, address: str) -> None:
    """Nobody was asked after all: take an answer that was recorded by mistake away."""
    same = (ContactPermission.channel == channel, ContactPermission.address == key_for(channel, address))
    found = session.scalar(select(ContactPermission).where(*same))
    if found is not None:
        session.delete(found)
        flush(session)


def flush(session: Session) -> None:
    """Send the changes; somebody else's simultaneous change becomes a Conflict or a message."""
    try:
        session.flush()
    except StaleDataError:
        raise Conflict("Somebody saved a change at the same moment.") from None
    except IntegrityError as problem:
        if "npi" in str(problem.orig):
            raise Invalid(npi="Somebody added this NPI at the same moment.") from None
        raise


def _fill(
    session: Session, viewer: Viewer, practice: Practice, values: Mapping[str, Any], *, is_separate: bool
) -> None:
    given = read_record({name: value for name, value in values.items() if name not in APART})
    name = given.get("name", practice.name)
    if not name:
        raise Invalid(name="Give the practice a name.")
    _check_words(given, is_confirmed=bool(values.get("names_no_patient")))
    _check_npi(session, practice, given.get("npi"))
    zip_code = given.get("zip", practice.zip) or ""
    if not is_separate and find_twins(session, viewer, name=name, zip_code=zip_code, except_id=practice.id):
        raise Invalid(is_separate=TWIN)
    if "owner_id" in given and given["owner_id"] != practice.owner_id:
        _check_owner(session, given["owner_id"])
    _place(practice, given, zip_code)
    if "territory_id" in given or practice.id is None:
        given["territory_id"] = _territory_for(session, viewer, given.get("territory_id"), zip_code)
    if "tags" in values:
        _set_tags(practice, read_tags(values["tags"]))
    if "group_name" in values:
        practice.group = _group(session, values["group_name"])
    for field, value in given.items():
        setattr(practice, field, value)


def _check_words(given: Mapping[str, Any], *, is_confirmed: bool) -> None:
    check_texts(is_confirmed=is_confirmed, note=given.get("note"), best_time=given.get("best_time"))


def _check_npi(session: Session, practice: Practice, npi: str | None) -> None:
    if npi is None or npi == practice.npi:
        return
    with session.no_autoflush:
        other = find_practice_by_npi(session, npi)
    if other is not None and other is not practice:
        raise Invalid(npi=NPI_TAKEN)


def _check_owner(session: Session, owner_id: int | None) -> None:
    owner = find_user(session, owner_id)
    if owner_id is not None and (owner is None or not owner.is_active):
        raise Invalid(owner_id="Choose somebody who can sign in.")


def _place(practice: Practice, given: dict[str, Any], zip_code: str) -> None:
    """Typed coordinates win; without them the centre of the ZIP stands in."""
    if "latitude" not in given and "longitude" not in given:
        if practice.point is not None and not practice.is_placed_by_zip:
            return
    elif given.get("latitude") is not None or given.get("longitude") is not None:
        check_point(given.get("latitude"), given.get("longitude"))
        given["is_placed_by_zip"] = False
        return
    point = geo.zip_point(zip_code)
    given["latitude"], given["longitude"] = point or (None, None)
    given["is_placed_by_zip"] = point is not None


def _territory_for(session: Session, viewer: Viewer, chosen: int | None, zip_code: str) -> int | None:
    """The chosen territory, else that of the ZIP; a liaison can only put a practice into an own one."""
    own = viewer.territory_ids
    territory_id = chosen or territory_of(zip_code, zip_prefixes(session))
    if own is None:
        return territory_id
    if territory_id is None:
        if len(own) == 1:
            return next(iter(own))
        raise Invalid(territory_id="Choose a territory: none has this ZIP.")
    if territory_id not in own:
        field = "territory_id" if chosen else "zip"
        raise Invalid(**{field: "This belongs to a territory that you do not look after. Ask your manager to add it."})
    return territory_id


def _group(session: Session, name: str | None) -> PracticeGroup | None:
    if not name:
        return None
    with session.no_autoflush:
        found = session.scalar(select(PracticeGroup).where(func.lower(PracticeGroup.name) == name.lower()).limit(1))
    return found or PracticeGroup(name=name)


def _set_tags(practice: Practice, tags: Sequence[str]) -> None:
    wanted = {tag.casefold(): tag for tag in reversed(read_tags(",".join(tags)))}
    kept = [row for row in practice.tags if row.tag.casefold() in wanted]
    known = {row.tag.casefold() for row in kept}
    new = [tag for key, tag in reversed(wanted.items()) if key not in known]
    practice.tags = [*kept, *(PracticeTag(tag=tag) for tag in new)]
