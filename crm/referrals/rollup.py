"""Keeps the monthly rollups equal to the rows: recomputes touched cells, proves that they agree, rebuilds them.

A cell is a practice (0 = none) and a month. Recomputing deletes what the rollups say of a cell and inserts what its
rows say now; then it does the same to the sums over all practices of that month. It may be done any number of times.
All of it is set-based SQL, the same on SQLite and PostgreSQL. What imports change goes through `layers`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
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
)  # fmt: skip
from sqlalchemy.orm import Session

from crm.core.db import glance
from crm.referrals.models import Referral
from crm.referrals.queries import is_counted, is_shown
from crm.referrals.rollup_contents import ROLLUPS, SETTLED, Rollup

Cell = tuple[int, int]
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


def recompute(session: Session, cells: Iterable[Cell]) -> None:
    """Make the rollups of some cells equal to their rows, with all layers that count merged."""
    session.flush()
    wait_for_others(session)
    for practice, month in sorted(set(cells)):
        for rollup in ROLLUPS:
            _remake(session, rollup, month, practice)


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
    """Make all rollups of a month anew from its rows."""
    session.flush()
    wait_for_others(session)
    for rollup in ROLLUPS:
        _remake(session, rollup, month)


def rebuild_rollup(session: Session) -> None:
    """Make all rollups anew from all rows."""
    for month in months_of_rollup(session):
        rebuild_month(session, month)


def _remake(session: Session, rollup: Rollup, month: int, practice: int | None = None) -> None:
    stored, made_of = rollup.model, rollup.source or Referral
    session.execute(delete(rollup.table).where(*_cell(stored, month, practice), is_shown(stored)))
    counts = is_shown(rollup.source) if rollup.source else is_counted()
    rows = rollup.contents(SETTLED).where(*_cell(made_of, month, practice if hasattr(stored, "practice_id") else None))
    session.execute(insert(rollup.table).from_select(_names(rows), rows.where(counts)))


def _cell(of: Any, month: int, practice: int | None) -> list[ColumnElement[bool]]:
    """The condition on rows, or on a rollup, that they are of one cell; sums over all practices are of the month."""
    found: list[ColumnElement[bool]] = [of.month == month]
    if practice is None or not hasattr(of, "practice_id"):
        return found
    return [*found, of.practice_id.is_(None) if of is Referral and not practice else of.practice_id == practice]


def _names(rows: Select[Any]) -> list[str]:
    return [str(column.key) for column in rows.selected_columns]


def wait_for_others(session: Session) -> None:
    """One transaction at a time may change what the rollups show: two that do it to the same cell would collide, or
    miss each other's rows. SQLite has one writer anyway; PostgreSQL holds this lock until the transaction ends.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(ADVISORY_KEY)))


def check_rollup(session: Session) -> list[Difference]:
    """Where the rollups and the rows disagree; at most fifty cells of each table and month; nothing when all is well.

    The rollups of practices are held against the rows, and the others against those. In glances, so that others may
    write meanwhile.
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
    held, said = _held(rollup).where(rollup.model.month == month), _actual(rollup, month).subquery()
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
    """What a rollup shows, its layers added up."""
    keys = [rollup.table.c[name] for name in rollup.keys]
    sums = [func.sum(rollup.table.c[name]).label(name) for name in rollup.measures]
    return select(*keys, *sums).where(is_shown(rollup.model)).group_by(*keys).having(_is_left(rollup.model))


def _actual(rollup: Rollup, month: ColumnElement[int]) -> Select[Any]:
    """What it should show of a month."""
    if rollup.source is None:
        return rollup.contents(SETTLED).where(is_counted(), Referral.month == month)
    of_month = (is_shown(rollup.source), rollup.source.month == month)
    return rollup.contents(SETTLED).where(*of_month).having(_is_left(rollup.source))


def _is_left(model: Any) -> ColumnElement[bool]:
    """Where layers cancel each other out, nothing is left to compare."""
    return or_(*(func.sum(column) != 0 for column in model.__table__.columns if not column.primary_key))
