"""Moves rows that are stored already to the practice of their source, when that became known or was taken back, and
sets sources apart that are no practices.

In short turns: each changes some rows and, in the same transaction, the sums that they are in, so the rollups equal the
rows after every one of them. What is moved already is not found again, so it may be cut off and begun anew at any time.
Only inside `only_one`: no import is at work meanwhile.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from crm.core import formats
from crm.core.db import glance, turn
from crm.jobs.run import Checkpoint, unstoppable
from crm.referrals import import_queries, layers
from crm.referrals.importing.facts import NONE, Bools, Facts, Ints, day_number
from crm.referrals.importing.lock import only_one
from crm.referrals.importing.matching import Sources, name_key
from crm.referrals.importing.names import apart_ids
from crm.referrals.importing.outcome import MIDDLE_OF_MONTH
from crm.referrals.importing.rows import Named
from crm.referrals.importing.sums import Sums
from crm.referrals.importing.writing import ROWS
from crm.referrals.models import Referral, ReferralSource, SourceKind
from crm.referrals.queries import is_counted
from crm.referrals.rollup_contents import TOTAL

TURN_ROWS = 500
PIECE = 900


class Plan(NamedTuple):
    """What is to be moved: ids of rows, months together, of sources by their numbers, as the directory stands; and the
    sources whose kind is not yet what a person said."""

    directory: Sources
    named: dict[int, Named]
    ids: list[int]
    switching: tuple[int, ...] = ()


class Moving(NamedTuple):
    """Rows of one turn: their ids, values before and after, which of them count, and the imports they touch."""

    ids: list[int]
    before: Facts
    after: Facts
    is_counted: Bools
    imports: frozenset[int]


def rematch_source(session: Session, source_id: int, earlier: Collection[int], checkpoint: Checkpoint) -> int:
    """Move the rows of a source to where matching puts them now; returns how many. Commits its turns."""
    with only_one(session):
        return move(session, plan_of_source(session, source_id, earlier), unstoppable(checkpoint))


def rematch_all(session: Session, checkpoint: Checkpoint) -> int:
    """Look again for all rows without a practice; returns how many found one. Commits its turns."""
    with only_one(session):
        with glance(session):
            directory = import_queries.load_sources(session)
            named = _with_a_chance(session, directory)
            ids = _unmatched_of(session, list(named))
        return move(session, Plan(directory, named, ids), unstoppable(checkpoint))


def plan_of_source(session: Session, source_id: int, earlier: Collection[int], most: int | None = None) -> Plan:
    """The rows of a source, at most so many, that may lie elsewhere than matching puts them now. `earlier` are
    practices at which some may lie because of an earlier decision."""
    with glance(session):
        directory = import_queries.load_sources(session)
        named = _named(session, [source_id])
        source = named[source_id]
        places = {*earlier, *_possible(directory, source)} - {directory.decided.get(source.key, 0)}
        lies: ColumnElement[bool] = Referral.practice_id.in_(places)
        if source.kind == SourceKind.PRACTICE:
            lies = or_(Referral.practice_id.is_(None), lies)
        kind = session.scalar(select(ReferralSource.kind).where(ReferralSource.id == source_id))
        ids = _ids(session, Referral.source_id == source_id, lies, most=most)
        return Plan(directory, named, ids, () if kind == source.kind else (source_id,))


def places_of(session: Session, source_id: int) -> list[int]:
    """The practices at which rows of a source may lie, as long as its name is known."""
    with glance(session):
        directory = import_queries.load_sources(session)
        source = _named(session, [source_id])[source_id]
        return sorted({*_possible(directory, source), directory.decided.get(source.key, 0)} - {0})


def has_more_rows(session: Session, source_id: int, than: int) -> bool:
    """Whether a source has more rows without a practice than so many."""
    query = select(Referral.id).where(Referral.source_id == source_id, Referral.practice_id.is_(None))
    with glance(session):
        return session.scalar(query.order_by(None).offset(than).limit(1)) is not None


def _possible(directory: Sources, named: Named) -> set[int]:
    """The practices at which matching may have put rows of a source, whatever their day."""
    provider_id = directory.provider_ids.get(named.npi or "", 0)
    found = {stay.practice_id for stay in directory.stays.get(provider_id, ())}
    if named.npi in directory.practice_ids:
        found.add(directory.practice_ids[named.npi])
    if named.name:
        found.update(place.id for place in directory.by_name.get(name_key(named.name), ()))
    return found


def _with_a_chance(session: Session, directory: Sources) -> dict[int, Named]:
    """Sources with rows that lie nowhere, of which matching knows any practice by now."""
    lost = select(Referral.source_id).where(Referral.practice_id.is_(None), Referral.source_id.is_not(None)).distinct()
    named = _named(session, session.scalars(lost).all())
    return {
        id_: source
        for id_, source in named.items()
        if source.kind == SourceKind.PRACTICE and (source.key in directory.decided or _possible(directory, source))
    }


def _named(session: Session, ids: Sequence[Any]) -> dict[int, Named]:
    """These sources as files name them, each of the kind that a person said."""
    kind = func.coalesce(ReferralSource.decided_kind, ReferralSource.kind)
    columns = [kind, *(getattr(ReferralSource, name) for name in Named._fields[1:])]
    found: dict[int, Named] = {}
    for start in range(0, len(ids), PIECE):
        query = select(ReferralSource.id, *columns).where(ReferralSource.id.in_(ids[start : start + PIECE]))
        found.update((row[0], Named(*row[1:])) for row in session.execute(query))
    return found


def _unmatched_of(session: Session, source_ids: Sequence[int]) -> list[int]:
    found: list[int] = []
    for start in range(0, len(source_ids), PIECE):
        some = source_ids[start : start + PIECE]
        found += _ids(session, Referral.source_id.in_(some), Referral.practice_id.is_(None))
    return found


def _ids(session: Session, *conditions: ColumnElement[bool], most: int | None = None) -> list[int]:
    # Each month of a turn costs a look through that month of the rollups.
    query = select(Referral.id).where(*conditions).order_by(Referral.month, Referral.id)
    return list(session.scalars(query.limit(most)))


def move(session: Session, plan: Plan, checkpoint: Checkpoint) -> int:
    """Move what is to be moved, in turns; returns how many rows that were. Only inside `only_one`."""
    # A row of no practice never lies at one, whenever this is cut off.
    kinds = {source_id: SourceKind(plan.named[source_id].kind) for source_id in plan.switching}
    for source_id, kind in kinds.items():
        if kind is SourceKind.PRACTICE:
            _switch(session, source_id, kind)
    moved = _move_rows(session, plan, checkpoint)
    for source_id, kind in kinds.items():
        if kind is not SourceKind.PRACTICE:
            _switch(session, source_id, kind)
    return moved


def _switch(session: Session, source_id: int, kind: SourceKind) -> None:
    """Make a source what a person said it is, and tell the totals of months in the same turn."""
    with glance(session):
        before = session.scalar(select(ReferralSource.kind).where(ReferralSource.id == source_id))
        sign = int(kind is not SourceKind.PRACTICE) - int(before is not SourceKind.PRACTICE)
        rows = TOTAL.contents(is_counted(), Referral.source_id == source_id, Referral.practice_id.is_(None))
        found = session.execute(rows).mappings().all() if sign else []
    nothing = dict.fromkeys(TOTAL.measures, 0)
    cells = [{**nothing, **{name: row[name] for name in TOTAL.keys}, "apart": sign * row["received"]} for row in found]
    with turn(session):
        session.execute(update(ReferralSource).where(ReferralSource.id == source_id).values(kind=kind))
        layers.add(session, TOTAL, cells)


def _move_rows(session: Session, plan: Plan, checkpoint: Checkpoint) -> int:
    moved, total = 0, len(plan.ids)
    for start in range(0, total, TURN_ROWS):
        with glance(session):
            moving = _moving(session, plan, sorted(plan.ids[start : start + TURN_ROWS]))
            sums = _sums(session, moving)
        if moving.ids:
            with turn(session):
                _write(session, moving, sums)
        moved += len(moving.ids)
        checkpoint(min(start + TURN_ROWS, total), total)
    return moved


def _moving(session: Session, plan: Plan, ids: list[int]) -> Moving:
    """The rows among some that lie elsewhere than matching puts them."""
    before = import_queries.read_facts(session, np.array(ids, dtype=np.int64))
    order = list(plan.named)
    place_of = {source_id: place for place, source_id in enumerate(order)}
    places = np.array([place_of[source_id] for source_id in before["source_id"].tolist()], dtype=np.int64)
    practice, provider = plan.directory.match_rows([plan.named[id_] for id_ in order], places, _days(before))
    known = before["provider_id"]
    after = before.with_columns(practice_id=practice, provider_id=np.where(known == NONE, provider, known))
    differs = np.flatnonzero(after["practice_id"] != before["practice_id"])
    some = [ids[place] for place in differs.tolist()]
    query = select(Referral.id, Referral.import_id, Referral.replaced_by, is_counted().label("counts"))
    found = session.execute(query.where(Referral.id.in_(some)).order_by(Referral.id)).all()
    # A layer also tells what its import took away from the sums, so those that replaced a row are touched, too.
    imports = {id_ for row in found for id_ in (row.import_id, row.replaced_by) if id_ is not None}
    counts = np.array([bool(row.counts) for row in found], dtype=bool)
    return Moving(some, before.take(differs), after.take(differs), counts, frozenset(imports))


def _days(facts: Facts) -> Ints:
    """The day as of which each row is matched: of a monthly count, the middle of its month."""
    middles = [day_number(formats.month_start(month).replace(day=MIDDLE_OF_MONTH)) for month in facts["month"].tolist()]
    received = facts["received_on"]
    return np.where(received == NONE, np.array(middles, dtype=np.int64), received)


def _sums(session: Session, moving: Moving) -> Sums:
    """What the rollups lose and get."""
    before, after = moving.before.take(moving.is_counted), moving.after.take(moving.is_counted)
    is_apart = np.isin(before["source_id"], apart_ids(session))
    sums = Sums()
    sums.add(before, is_apart, -1)
    sums.add(after, is_apart)
    return sums


def _write(session: Session, moving: Moving, sums: Sums) -> None:
    found = (moving.after[name].tolist() for name in ("practice_id", "provider_id"))
    practices, providers = ([None if id_ == NONE else id_ for id_ in ids] for ids in found)
    values = zip(moving.ids, practices, providers, strict=True)
    statement = update(ROWS).where(ROWS.c.id == bindparam("of_id"))
    statement = statement.values(practice_id=bindparam("practice"), provider_id=bindparam("provider"))
    session.connection().execute(
        statement, [{"of_id": id_, "practice": practice, "provider": provider} for id_, practice, provider in values]
    )
    layers.share(session, moving.imports)
    layers.apply(session, sums)
