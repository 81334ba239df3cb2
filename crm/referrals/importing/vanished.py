"""Counts of a sender's earlier files that a newer one of the same months no longer has.

A file of referrals that became counts at the door is all that its sender says of its months: a referral that went on to
another service line, payer or source left its earlier cell, which must not count any more. So that cell gets a version
that counts nothing, and taking the newer import back gives it back. A file of counts that somebody else made may be a
part of a report: what it leaves out stays, and is only told. See docs/decisions/0008.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from crm.core import formats
from crm.core.db import glance
from crm.referrals import import_queries
from crm.referrals.importing.aggregate import Counts
from crm.referrals.importing.batches import Batch
from crm.referrals.importing.facts import NONE, Facts
from crm.referrals.importing.headers import header_key
from crm.referrals.importing.key_pages import keys_of
from crm.referrals.importing.names import Names, apart_ids
from crm.referrals.importing.outcome import Changed
from crm.referrals.models import Grain, Referral, ReferralImport, Site, ids_of
from crm.referrals.origin_models import ImportOrigin
from crm.referrals.queries import COUNTED

PIECE = 2_000
NO_SITE, UNKNOWN_SITE = 0, -1


def sender_key(mapping: dict[str, Any]) -> str:
    """By what the files of a sender are known that become counts: the columns that are read, and what was added."""
    options = mapping["options"]
    columns = sorted(
        f"{header_key(column['header'])}={column['target']}" for column in mapping["columns"] if column["target"]
    )
    said = "\x1f".join([*columns, options["service_line"] or "", options["site"] or ""]).casefold()
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:32]


@dataclass
class Held:
    """What a file of counts holds: the keys of its lines, its months, and the sites that it names."""

    keys: list[bytes] = field(default_factory=list)
    months: set[int] = field(default_factory=set)
    sites: set[int] = field(default_factory=set)

    def add(self, batch: Batch, names: Names) -> None:
        """Note some lines; those that count nothing tell of no month."""
        columns = batch.rows.columns
        self.keys.append(batch.keys)
        self.months.update(np.unique(columns["month"][columns["count"] > 0]).tolist())
        sites = names.columns(batch.rows)["site_id"]
        self.sites.update(np.unique(np.where(sites == NONE, NO_SITE, sites)).tolist())


def vanished(session: Session, import_id: int, held: Held, *, is_counted: bool) -> Iterator[Changed]:
    """What earlier files of the sender counted in the months and at the sites of this one, and it does not have: as
    versions that count nothing. A file that became counts at the door stands for all months from its first to its last.
    """
    if not held.months:
        return
    first, last = min(held.months), max(held.months)
    months = set(range(first, last + 1)) if is_counted else held.months
    here = np.sort(np.frombuffer(b"".join(held.keys), dtype="S16"))
    with glance(session):
        origin = session.get(ImportOrigin, import_id)
        earlier = session.scalars(_earlier(origin, first, last)).all() if origin else []
        apart = apart_ids(session)
    for id_ in earlier:
        with glance(session):
            keys, ids = keys_of(session, id_)
        away = np.flatnonzero(~np.isin(keys, here))
        for start in range(0, len(away), PIECE):
            some = away[start : start + PIECE]
            with glance(session):
                wanted = _that_count(session, ids[some].tolist(), months, held.sites)
                facts = import_queries.read_facts(session, np.array(wanted, dtype=np.int64))
            if wanted:
                is_apart = np.isin(facts["source_id"], apart)
                at = some[np.isin(ids[some], wanted)]
                ordered = at[np.argsort(ids[at])]
                packed = keys[ordered].astype("V16").tobytes()
                yield Changed(_nothing(facts), packed, is_apart, wanted, facts, is_apart)


def _earlier(origin: ImportOrigin, first: int, last: int) -> Any:
    """The imports of the same sender that are done and have some of these months."""
    query = (
        select(ReferralImport.id)
        .join(ImportOrigin, ImportOrigin.import_id == ReferralImport.id)
        .where(ReferralImport.grain == Grain.MONTH, ReferralImport.state.in_(COUNTED))
        .where(ReferralImport.id != origin.import_id, _of_sender(origin.counted_key, origin.profile_id))
        .where(ReferralImport.first_month <= last, ReferralImport.last_month >= first)
    )
    return query.order_by(ReferralImport.id)


def _of_sender(counted_key: str | None, profile_id: int | None) -> ColumnElement[bool]:
    of_profile = ImportOrigin.profile_id == (profile_id or 0)
    if counted_key is None:
        return ImportOrigin.counted_key.is_(None) & of_profile
    return ImportOrigin.counted_key.is_not(None) & or_(ImportOrigin.counted_key == counted_key, of_profile)


def _that_count(session: Session, ids: list[int], months: set[int], sites: set[int]) -> list[int]:
    """Of some rows those that are the newest and count something in these months, at these sites."""
    site = func.coalesce(Referral.site_id, NO_SITE)
    has_money = Referral.revenue_cents.is_not(None) & (Referral.revenue_cents != 0)
    query = select(Referral.id).where(
        Referral.id.in_(ids), Referral.replaced_by.is_(None), Referral.month.in_(months), site.in_(sites),
        or_(Referral.count > 0, has_money),
    )  # fmt: skip
    return list(session.scalars(query.order_by(Referral.id)))


def _nothing(facts: Facts) -> Facts:
    none = np.full(len(facts), NONE, dtype=np.int64)
    return facts.with_columns(count=np.zeros(len(facts), dtype=np.int64), revenue_cents=none, revenue_kind=none)


def spare_first_month(session: Session, counts: Counts, counted_key: str, profile_id: int | None) -> str:
    """For files that nobody looks at: a nightly extract mostly begins within a month, so its first month leaves what
    earlier files of the sender count there when that is more. Returns what was left as it was, in a sentence, or ''."""
    months = {cell.month for cell in counts.cells}
    first, last = min(months), max(months)
    here = sum(
        number for cell, count in counts.cells.items() if cell.month == first for number, _ in count.numbers.values()
    )
    known = import_queries.name_ids(session, Site)
    sites = {known.get(cell.site, UNKNOWN_SITE) if cell.site else NO_SITE for cell in counts.cells}
    origin = ImportOrigin(import_id=0, counted_key=counted_key, profile_id=profile_id)
    before = 0
    for id_ in session.scalars(_earlier(origin, first, first)):
        own = Referral.id.between(ids_of(id_).start, ids_of(id_).stop - 1)
        newest = select(func.coalesce(func.sum(Referral.count), 0)).where(own, Referral.replaced_by.is_(None))
        at = func.coalesce(Referral.site_id, NO_SITE).in_(sites)
        before += session.scalar(newest.where(Referral.month == first, at)) or 0
    if first == last or here >= before:
        return ""
    counts.cells = {cell: count for cell, count in counts.cells.items() if cell.month != first}
    return (
        f"{formats.month(first)} was left as it was: this file has {formats.number(here)} of the "
        f"{formats.plural(before, 'referral')} that were counted there before, so it seems to begin within that month."
    )
