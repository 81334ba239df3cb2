"""Reads of the sources of a waiting file that match no practice: what they may be, and what was said of them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.directory.models import Practice
from crm.referrals import source_queries
from crm.referrals.import_queries import find_upload
from crm.referrals.importing.mapping import Sure
from crm.referrals.importing.unmatched import Unmatched
from crm.referrals.kinds import KIND_WORDS
from crm.referrals.models import ReferralImport, ReferralSource, SourceKind
from crm.referrals.source_suggestions import Suggestion

SUGGESTED = 8  # of so many it is looked up what they may be


@dataclass
class Asked:
    """A source for which practices are suggested, by its place in the list."""

    id: int
    npi: str | None
    name: str
    provider_name: str
    city: str
    zip: str


@dataclass(frozen=True)
class Open:
    """A source of which nobody has said yet what it is, and the practices that it may be."""

    key: str
    name: str
    city: str
    rows: int
    suggestions: list[Suggestion]
    is_known: bool  # whether it can be decided about: its file was checked by this version

    @property
    def sure(self) -> Suggestion | None:
        """The practice that it surely is."""
        return next((suggestion for suggestion in self.suggestions if suggestion.sure is Sure.SURE), None)


@dataclass(frozen=True)
class Said:
    """A source of which somebody said what it is."""

    key: str
    name: str
    is_what: str


def unmatched_of(session: Session, batch: ReferralImport) -> dict[str, Unmatched]:
    """The sources of a waiting file that match no practice, or did so until somebody said what they are; by key."""
    upload = find_upload(session, batch.id)
    return {key: Unmatched.from_json(stored) for key, stored in upload.unknown.items()} if upload else {}


def summary_of(session: Session, batch: ReferralImport) -> dict[str, Any]:
    """What importing a file would do, with what was said of its sources since the check."""
    check = batch.mapping.get("check") or {}
    decided = {key for key, source in unmatched_of(session, batch).items() if source.ids}
    rows = [source["rows"] for source in check.get("sources", []) if source.get("key") in decided]
    if not rows:
        return check
    left = [source for source in check["sources"] if source.get("key") not in decided]
    unmatched, names = check["unmatched"] - sum(rows), check["source_names"] - len(rows)
    return {**check, "sources": left, "unmatched": unmatched, "source_names": names}


def list_open(session: Session, viewer: Viewer, batch: ReferralImport) -> list[Open]:
    """The sources that match no practice, those of the most rows first; the largest with suggestions."""
    known, sources = unmatched_of(session, batch), summary_of(session, batch).get("sources", [])
    asked = [
        Asked(place, *known[source["key"]].ways[0][1:])
        for place, source in enumerate(sources[:SUGGESTED])
        if source.get("key") in known
    ]
    found = source_queries.suggest_for(session, viewer, asked)
    return [
        Open(
            source.get("key", ""), source["name"], source.get("city", ""), source["rows"], found.get(place, []),
            is_known=source.get("key") in known,
        )
        for place, source in enumerate(sources)
    ]  # fmt: skip


def list_said(session: Session, batch: ReferralImport) -> list[Said]:
    """What people said of the sources of a waiting file and what still holds."""
    said = {key: source for key, source in unmatched_of(session, batch).items() if source.ids}
    holds = select(ReferralSource.id).where(
        ReferralSource.id.in_([id_ for source in said.values() for id_ in source.ids]),
        ReferralSource.decided_at.is_not(None),
    )
    ids = set(session.scalars(holds)) if said else set()
    wanted = [source.practice_id for source in said.values() if source.practice_id is not None]
    query = select(Practice.id, Practice.name).where(Practice.id.in_(wanted))
    names = {row.id: row.name for row in session.execute(query)} if wanted else {}
    return [
        Said(key, source.name, _is_what(source, names))
        for key, source in said.items()
        if not ids.isdisjoint(source.ids)
    ]


def _is_what(source: Unmatched, names: dict[int, str]) -> str:
    if source.kind is not SourceKind.PRACTICE:
        return KIND_WORDS[source.kind]
    return names.get(source.practice_id or 0, "")
