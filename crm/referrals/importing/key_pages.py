"""Looks up and writes the keys of imported rows, which lie in pages: a few thousand in order, those of one import."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
from sqlalchemy import Table, delete, select
from sqlalchemy.orm import Session

from crm.core import bulk
from crm.core.db import glance, pause, step
from crm.referrals.importing.facts import Ints
from crm.referrals.importing.keys import KeyArray, in_order
from crm.referrals.models import KEY_BYTES, ImportState, Referral, ReferralImport, ReferralKeyPage, ids_of
from crm.referrals.queries import COUNTED

PAGES = cast(Table, ReferralKeyPage.__table__)
PAGE_KEYS = 4096
PAGES_AT_ONCE, PAGES_REMOVED = 64, 8
IDS_AT_ONCE = 5_000
PLACE = np.dtype("<u4")


class _Page(NamedTuple):
    """A page in which some of the wanted keys may lie: those from `low` up to `high`."""

    id: int
    import_id: int
    low: int
    high: int


def write_pages(session: Session, import_id: int, keys: bytes, ids: Ints) -> Iterator[None]:
    """Write the keys of rows of an import in steps; yields between its turns, and leaves the last one open."""
    wanted = in_order(keys)
    places = (ids - ids_of(import_id).start).astype(PLACE)[wanted.order]
    for start in range(0, len(places), PAGE_KEYS):
        some = wanted.keys[start : start + PAGE_KEYS]
        columns: dict[str, Sequence[Any]] = {
            "import_id": [import_id], "first_key": [_padded(some[0])], "last_key": [_padded(some[-1])],
            "keys": [some.tobytes()], "places": [places[start : start + PAGE_KEYS].tobytes()],
        }  # fmt: skip
        with step(session):
            bulk.load(session, PAGES, columns)
        yield from pause(session)


def remove_pages(session: Session, import_id: int) -> Iterator[None]:
    """Forget the keys of an import in steps; yields between its turns, and leaves the last one open."""
    with glance(session):
        ids = session.scalars(select(PAGES.c.id).where(PAGES.c.import_id == import_id)).all()
    for start in range(0, len(ids), PAGES_REMOVED):
        with step(session):
            session.execute(delete(PAGES).where(PAGES.c.id.in_(ids[start : start + PAGES_REMOVED])))
        yield from pause(session)


def keys_of(session: Session, import_id: int) -> tuple[KeyArray, Ints]:
    """All keys of an import, and the ids of their rows."""
    query = select(PAGES.c["keys"], PAGES.c.places).where(PAGES.c.import_id == import_id).order_by(PAGES.c.id)
    pages = session.execute(query).all()
    keys = np.frombuffer(b"".join(bytes(page[0]) for page in pages), dtype=f"S{KEY_BYTES}")
    places = np.frombuffer(b"".join(bytes(page[1]) for page in pages), dtype=PLACE)
    return keys, places.astype(np.int64) + ids_of(import_id).start


def newest_ids(session: Session, keys: bytes) -> Ints:
    """The newest row that counts of each key, or 0."""
    if session.scalar(select(PAGES.c.id).limit(1)) is None:
        return np.zeros(len(keys) // KEY_BYTES, dtype=np.int64)
    wanted = in_order(keys)
    found = np.zeros(len(wanted.keys), dtype=np.int64)
    doubtful: dict[int, set[int]] = {}
    unsure = _going(session)
    pages = _pages_of(session, wanted.keys)
    for start in range(0, len(pages), PAGES_AT_ONCE):
        for page, at, ids in _hits(session, pages[start : start + PAGES_AT_ONCE], wanted.keys):
            before = found[at]
            found[at] = ids
            is_unsure = (before != 0) | (page.import_id in unsure)
            some = (column[is_unsure].tolist() for column in (at, ids, before))
            for place, id_, other in zip(*some, strict=True):
                doubtful.setdefault(place, set()).update({id_, other} - {0})
    _decide(session, found, doubtful)
    back = np.empty_like(found)
    back[wanted.order] = found
    return back


def _going(session: Session) -> frozenset[int]:
    """Imports that are being taken back: some of their rows may be gone already."""
    query = select(ReferralImport.id).where(ReferralImport.state == ImportState.TAKING_BACK)
    return frozenset(session.scalars(query))


def _pages_of(session: Session, keys: KeyArray) -> list[_Page]:
    if not len(keys):
        return []
    columns = (PAGES.c.id, PAGES.c.import_id, PAGES.c.first_key, PAGES.c.last_key)
    counts = select(ReferralImport.id).where(ReferralImport.state.in_(COUNTED))
    query = select(*columns).where(
        PAGES.c.import_id.in_(counts), PAGES.c.last_key >= _padded(keys[0]), PAGES.c.first_key <= _padded(keys[-1])
    )
    rows = session.execute(query.order_by(PAGES.c.id)).all()
    lows = np.searchsorted(keys, _array([row.first_key for row in rows]), "left").tolist()
    highs = np.searchsorted(keys, _array([row.last_key for row in rows]), "right").tolist()
    pages = (_Page(row.id, row.import_id, low, high) for row, low, high in zip(rows, lows, highs, strict=True))
    return [page for page in pages if page.low < page.high]


def _hits(session: Session, pages: list[_Page], keys: KeyArray) -> Iterator[tuple[_Page, Ints, Ints]]:
    """The places of the wanted keys that lie in each page, and the ids of their rows."""
    query = select(PAGES.c.id, PAGES.c["keys"], PAGES.c.places).where(PAGES.c.id.in_([page.id for page in pages]))
    contents = {row.id: (row.keys, row.places) for row in session.execute(query)}
    for page in pages:
        stored, places = contents[page.id]
        there = np.frombuffer(stored, keys.dtype)
        some = keys[page.low : page.high]
        at = np.minimum(np.searchsorted(there, some), len(there) - 1)
        is_hit = there[at] == some
        ids = np.frombuffer(places, PLACE)[at[is_hit]].astype(np.int64) + ids_of(page.import_id).start
        yield page, np.flatnonzero(is_hit) + page.low, ids


def _decide(session: Session, found: Ints, doubtful: dict[int, set[int]]) -> None:
    """Of several versions of a row the newest is the one that nothing replaced."""
    candidates = sorted(set().union(*doubtful.values()))
    newest: set[int] = set()
    for start in range(0, len(candidates), IDS_AT_ONCE):
        some = candidates[start : start + IDS_AT_ONCE]
        query = select(Referral.id).where(Referral.id.in_(some), Referral.replaced_by.is_(None))
        newest.update(session.scalars(query))
    for place, ids in doubtful.items():
        found[place] = max(ids & newest, default=0)


def _padded(key: np.bytes_) -> bytes:
    """numpy leaves out zeros at the end."""
    return bytes(key).ljust(KEY_BYTES, b"\x00")


def _array(keys: list[bytes]) -> KeyArray:
    return np.frombuffer(b"".join(keys), f"S{KEY_BYTES}")
