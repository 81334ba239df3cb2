"""Writes about the sources of a file before it is imported: a person says which practice one is, or that it is none.

What is said is remembered as for sources that are there already; one that no import has brought in yet is made for it.
"""

from dataclasses import replace

from sqlalchemy.orm import Session

from crm.accounts.queries import get_organization
from crm.accounts.viewer import Viewer
from crm.core.db import end_turn
from crm.core.errors import Conflict, Invalid
from crm.referrals import import_services, source_queries, source_services
from crm.referrals.import_queries import find_upload, source_ids
from crm.referrals.importing.keys import Keys
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.rows import Named
from crm.referrals.importing.unmatched import Unmatched
from crm.referrals.models import ImportState, ImportUpload, ReferralImport, ReferralSource, SourceKind
from crm.referrals.source_services import WITHOUT_NAME

NOT_WAITING = "This file is not waiting any more. Open it again to see where it stands."
SAID = "Somebody has said what this source is, or the file was read anew. Here is how it stands now."


def decide(session: Session, viewer: Viewer, batch: ReferralImport, key: str, practice_id: int) -> str:
    """A person says which practice a source of a waiting file is; returns what the source is called.

    It holds for this import at once, for later ones, and for rows that are there. Raises Invalid(practice_id=...).
    """
    source_services.active_practice(session, viewer, practice_id)
    source = _open(session, batch, key)
    there = _make(session, batch, source)
    _keep(session, batch, key, replace(source, ids=tuple(there), practice_id=practice_id))
    source_services.decide_sources(session, viewer, list(there.values()), practice_id)
    if source.is_part:
        import_services.check_again(session, batch, by=viewer)
    return source.name


def set_apart(session: Session, viewer: Viewer, batch: ReferralImport, key: str, kind: SourceKind) -> None:
    """A person says that a source of a waiting file is no practice; the check is to be run again."""
    if kind is SourceKind.PRACTICE:
        raise Invalid("Say what this source is.")
    source = _open(session, batch, key)
    there = _make(session, batch, source)
    said = replace(source, ids=tuple(there), kind=kind)
    _keep(session, batch, key, said.forgotten() if kind in WITHOUT_NAME else said)
    for one in there.values():
        source_services.set_apart(session, viewer, one, kind)
    session.refresh(batch)
    import_services.check_again(session, batch, by=viewer)


def undo(session: Session, viewer: Viewer, batch: ReferralImport, key: str) -> None:
    """Take back what was said of a source of a waiting file; the check is to be run again. Raises Conflict."""
    upload = _waiting(session, batch)
    stored = upload.unknown.get(key)
    ids = Unmatched.from_json(stored).ids if stored else ()
    said = [source for id_ in ids if (source := session.get(ReferralSource, id_)) and source.decided_at is not None]
    if not said:
        raise Conflict("This was undone already.")
    upload.unknown = {other: source for other, source in upload.unknown.items() if other != key}
    import_services.check_again(session, batch, by=viewer)
    for source in said:
        source_services.undo_decision(session, viewer, source)


def _waiting(session: Session, batch: ReferralImport) -> ImportUpload:
    upload = find_upload(session, batch.id)
    if upload is None or batch.state is not ImportState.WAITING:
        raise Conflict(NOT_WAITING)
    return upload


def _open(session: Session, batch: ReferralImport, key: str) -> Unmatched:
    stored = _waiting(session, batch).unknown.get(key)
    if stored is None or stored["ids"]:
        raise Conflict(SAID)
    return Unmatched.from_json(stored)


def _make(session: Session, batch: ReferralImport, source: Unmatched) -> dict[int, ReferralSource]:
    """The sources of these names; new ones are written while no import is, which might make them, too."""
    keys = Keys(get_organization(session).row_key_secret).of_sources(way.key for way in source.ways)
    named = dict(zip(keys, source.ways, strict=True))
    if named.keys() - source_ids(session, keys).keys():
        with only_one(session, wait_seconds=0):
            session.expire_all()
            _add(session, named)
            end_turn(session)
        session.refresh(batch, with_for_update=True)
        _waiting(session, batch)
    return {
        id_: _named_again(session.get_one(ReferralSource, id_), named[key])
        for key, id_ in source_ids(session, keys).items()
    }


def _add(session: Session, named: dict[bytes, Named]) -> None:
    there = source_ids(session, list(named))
    for key, way in named.items():
        if key not in there:
            session.add(ReferralSource(key=key, **{**way._asdict(), "kind": SourceKind.PRACTICE}))
    session.flush()


def _named_again(source: ReferralSource, way: Named) -> ReferralSource:
    """A source whose name was not kept has one as long as the file that names it."""
    if source_queries.is_forgotten(source):
        source.npi, source.name, source.provider_name, source.city, source.zip = way[1:]
    return source


def _keep(session: Session, batch: ReferralImport, key: str, said: Unmatched) -> None:
    upload = _waiting(session, batch)
    upload.unknown = {**upload.unknown, key: said.as_json()}
    session.flush()
