"""Proves that the monthly rollups equal the rows, and makes them anew from the rows.

All of it is set-based SQL, the same on SQLite and PostgreSQL. What changes them from day to day goes through `layers`.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    bindparam,
    cast,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    union_all,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session

from crm.core.db import glance, turn
from crm.referrals.models import Referral, ReferralImport
from crm.referrals.queries import is_counted, is_shown
from crm.referrals.rollup_contents import ROLLUPS, Rollup

MOST_DIFFERENCES = 50
ADVISORY_KEY = 7_305_512


@dataclass(frozen=True)
class Difference:
    """A cell in which rollup and rows disagree: what stands in the rollup, and what the rows say.

    Practice 0 is none; None stands for all of them together.
    """

    table: str
    practice_id: int | None
    month: int
    stored: int
    actual: int


def months_of_rollup(session: Session) -> range:
    """The months of which rows or rollups may say anything, from the first to the last."""
    ends = union_all(
        *(
            select(end(of.month))
            for of in (Referral, *(rollup.model for rollup in ROLLUPS))
            for end in (func.min, func.max)
        )
    )
    with glance(session):
        months = [month for month in session.scalars(ends) if month is not None]
    return range(min(months), max(months) + 1) if months else range(0)


def rebuild_month(session: Session, month: int) -> None:
    """Make all rollups of a month anew from its rows, as layer 0."""
    session.flush()
    wait_for_others(session)
    session.execute(update(ReferralImport).values(has_own_layer=False).where(ReferralImport.has_own_layer))
    for rollup in ROLLUPS:
        table, rows = rollup.table, rollup.contents(is_counted(), Referral.month == month)
        session.execute(delete(table).where(table.c.month == month, is_shown(rollup.model)))
        names = [str(column.key) for column in rows.selected_columns]
        session.execute(insert(table).from_select(names, rows))


def repair(session: Session) -> None:
    """Make all rollups anew, month by month, each in a turn of its own. Only inside `only_one`."""
    for month in months_of_rollup(session):
        with turn(session):
            rebuild_month(session, month)


def rebuild_rollup(session: Session) -> None:
    """Make all rollups anew from all rows."""
    for month in months_of_rollup(session):
        rebuild_month(session, month)


def wait_for_others(session: Session) -> None:
    """One transaction at a time may change what the rollups show: two that do it to the same cell would collide, or
    miss each other's rows. SQLite has one writer anyway; PostgreSQL holds this lock until the transaction ends.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(ADVISORY_KEY)))


def check_rollup(session: Session) -> list[Difference]:
    """Where the rollups and the rows disagree; at most fifty cells of each table and month; nothing when all is well.

    In glances, so that others may write meanwhile.
    """
    session.flush()
    found: list[Difference] = []
    queries = [(rollup.table.name, _differences(rollup)) for rollup in ROLLUPS]
    for month in months_of_rollup(session):
        for table, query in queries:
            with glance(session):
                rows = session.execute(query, {"of_month": month}).all()
            found += [Difference(table, p, m, int(stored), int(actual)) for p, m, stored, actual in rows]
    return found


def _differences(rollup: Rollup) -> Select[Any]:
    """Sums of a month that stand in one of both and not in the other, all columns compared, summed up per cell."""
    names, zero, month = [*rollup.keys, *rollup.measures], cast(0, Integer), bindparam("of_month", type_=Integer)
    counted = "received" if "received" in names else "referrals"
    held = _held(rollup).where(rollup.model.month == month)
    said = rollup.contents(is_counted(), Referral.month == month).subquery()
    actual = select(*(said.c[name] for name in names))
    stored_only, actual_only = held.except_(actual).subquery(), actual.except_(held).subquery()

    def side(found: Any, stored: Any, actual: Any) -> Select[Any]:
        practice = found.c.practice_id if "practice_id" in names else cast(null(), Integer).label("practice_id")
        return select(practice, found.c.month, stored.label("stored"), actual.label("actual"))

    both = union_all(
        side(stored_only, stored_only.c[counted], zero), side(actual_only, zero, actual_only.c[counted])
    ).subquery()
    return (
        select(both.c.practice_id, both.c.month, func.sum(both.c.stored), func.sum(both.c.actual))
        .group_by(both.c.practice_id, both.c.month)
        .order_by(both.c.practice_id, both.c.month)
        .limit(MOST_DIFFERENCES)
    )


def _held(rollup: Rollup) -> Select[Any]:
    """What a rollup shows, its layers added up; where they cancel each other out, nothing is left to compare."""
    keys = [rollup.table.c[name] for name in rollup.keys]
    sums = [func.sum(rollup.table.c[name]) for name in rollup.measures]
    named = [total.label(name) for total, name in zip(sums, rollup.measures, strict=True)]
    is_left = or_(*(total != 0 for total in sums))
    return select(*keys, *named).where(is_shown(rollup.model)).group_by(*keys).having(is_left)
