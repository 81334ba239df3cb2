"""Known layouts: how files with a certain header were mapped last time, so that the next one needs no mapping."""

from sqlalchemy.orm import Session

from crm.core import clock
from crm.referrals import import_queries
from crm.referrals.importing.mapping import header_fingerprint
from crm.referrals.models import Grain, MappingProfile, ReferralImport


def fingerprint(headers: list[str], grain: Grain) -> str:
    """What the layout of a file is recognized by."""
    return header_fingerprint(headers, grain)


def remember(session: Session, batch: ReferralImport) -> None:
    """Keep how an import was mapped for the next file with the same columns."""
    columns = {column["header"]: column["target"] for column in batch.mapping["columns"]}
    options = {name: value for name, value in batch.mapping.get("options", {}).items() if name != "month"}
    mapping = {"columns": columns, "options": options}
    key = fingerprint(list(columns), batch.grain)
    profile = import_queries.find_profile(session, key)
    if profile is None:
        session.add(MappingProfile(name=batch.file_name, header_key=key, mapping=mapping))
    elif profile.mapping != mapping:
        profile.mapping = mapping
        profile.updated_at = clock.now()
