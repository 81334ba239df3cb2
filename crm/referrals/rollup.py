"""Keeps the monthly rollups equal to the rows: recomputes touched cells, proves that they agree, rebuilds them.

A cell is a practice (0 = none) and a month. Recomputing deletes a cell's rollup rows and inserts what its rows say now;
then it does the same to the sums over all practices, month by month. It may be done any number of times. All of it is
set-based SQL, the same on SQLite and PostgreSQL.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    null,
    select,
    tuple_,
    union_all,
)  # fmt: skip
from sqlalchemy.orm import Session

from crm.referrals.models import Referral, ReferralMonth, ReferralWait
from crm.referrals.rollup_contents import OF_ROLLUPS, OF_ROWS, table_of

PRACTICES, TOTALS = OF_ROLLUPS[0], OF_ROLLUPS[1:]
CELLS = Table(
    "touched_cell",
    MetaData(),
    Column("practice_id", Integer, primary_key=True, autoincrement=False),
    Column("month", Integer, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
)
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


class Touched:
    """Collects the cells that a change touches, then recomputes them. Lives inside one transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session
        connection = session.connection()
        _wait_for_others(session)
        if _is_there(session):
            CELLS.drop(connection, checkfirst=False)
        CELLS.create(connection, checkfirst=False)

    def add_rows(self, condition: ColumnElement[bool]) -> None:
        """Add the cells of all referral rows of a condition."""
        practice = func.coalesce(Referral.practice_id, 0)
        cells = select(practice.label("practice_id"), Referral.month).where(condition).distinct().subquery()
        known = exists().where(CELLS.c.practice_id == cells.c.practice_id, CELLS.c.month == cells.c.month)
        self.session.execute(insert(CELLS).from_select(["practice_id", "month"], select(cells).where(~known)))

    def add_cells(self, cells: Iterable[Cell]) -> None:
        """Add single cells."""
        wanted = set(cells)
        if not wanted:
            return
        known = {
            (practice, month) for practice, month in self.session.execute(select(CELLS.c.practice_id, CELLS.c.month))
        }
        if missing := wanted - known:
            self.session.execute(
                insert(CELLS), [{"practice_id": practice, "month": month} for practice, month in missing]
            )

    def recompute(self) -> None:
        """Make the rollups of all collected cells equal to the rows, and forget the cells."""
        cells = select(CELLS.c.practice_id, CELLS.c.month)
        months = select(CELLS.c.month).distinct()
        # Row values and IN let both databases walk the index on practice and month; a join would read every row.
        matched = tuple_(Referral.practice_id, Referral.month).in_(cells)
        unmatched = and_(Referral.practice_id.is_(None), Referral.month.in_(months.where(CELLS.c.practice_id == 0)))
        for table, contents in OF_ROWS:
            self._replace(table, _is_of(table, cells), contents().where(matched), contents().where(unmatched))
        table, of_practices = PRACTICES
        self._replace(table, _is_of(table, cells), of_practices().where(_is_of(table_of(ReferralMonth), cells)))
        for table, of_all in TOTALS:
            source = table_of(ReferralWait if "days" in table.c else ReferralMonth)
            self._replace(table, table.c.month.in_(months), of_all().where(source.c.month.in_(months)))
        CELLS.drop(self.session.connection(), checkfirst=False)

    def _replace(self, table: Table, old: ColumnElement[bool], *new: Select[Any]) -> None:
        self.session.execute(delete(table).where(old))
        for rows in new:
            self.session.execute(insert(table).from_select(_names(rows), rows))


def _is_of(table: Table, cells: Select[Any]) -> ColumnElement[bool]:
    return tuple_(table.c.practice_id, table.c.month).in_(cells)


def _names(rows: Select[Any]) -> list[str]:
    return [str(column.key) for column in rows.selected_columns]


def _wait_for_others(session: Session) -> None:
    """One transaction at a time may recompute: two that insert the same cell would collide, or miss each other's rows.

    SQLite has one writer anyway; PostgreSQL holds this lock until the transaction ends.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(ADVISORY_KEY)))


def _is_there(session: Session) -> bool:
    """Whether an earlier recompute of this connection was cut off; a temporary table outlives its transaction."""
    name = CELLS.name
    if session.get_bind().dialect.name == "sqlite":
        query = select(func.count()).select_from(_SQLITE_TEMP).where(_SQLITE_TEMP.c.name == name)
        return bool(session.scalar(query))
    return session.scalar(select(func.to_regclass(f"pg_temp.{name}"))) is not None


_SQLITE_TEMP = Table("sqlite_temp_master", MetaData(), Column("name", String))


def recompute(session: Session, cells: Iterable[Cell]) -> None:
    """Make the rollups of some cells equal to their rows."""
    session.flush()
    touched = Touched(session)
    touched.add_cells(cells)
    touched.recompute()


def rebuild_rollup(session: Session) -> None:
    """Make all rollups anew from all rows, in one transaction."""
    session.flush()
    _wait_for_others(session)
    for table, contents in (*OF_ROWS, *OF_ROLLUPS):
        rows = contents()
        session.execute(delete(table))
        session.execute(insert(table).from_select(_names(rows), rows))


def check_rollup(session: Session) -> list[Difference]:
    """Where the rollups and the rows disagree; at most fifty cells of each table, and nothing when all is well.

    The rollups of practices are held against the rows, and the others against those.
    """
    session.flush()
    return [found for table, contents in (*OF_ROWS, *OF_ROLLUPS) for found in _differences(session, table, contents())]


def _differences(session: Session, table: Table, rows: Select[Any]) -> list[Difference]:
    """Rows that stand in one of both and not in the other, all columns compared, summed up per cell."""
    names, zero = _names(rows), cast(0, Integer)
    counted = "received" if "received" in names else "referrals"
    held = select(*(table.c[name] for name in names))
    stored_only, actual_only = held.except_(rows).subquery(), rows.except_(held).subquery()

    def side(found: Any, stored: Any, actual: Any) -> Select[Any]:
        practice = found.c.practice_id if "practice_id" in names else cast(null(), Integer).label("practice_id")
        return select(practice, found.c.month, stored.label("stored"), actual.label("actual"))

    both = union_all(
        side(stored_only, stored_only.c[counted], zero), side(actual_only, zero, actual_only.c[counted])
    ).subquery()
    query = (
        select(both.c.practice_id, both.c.month, func.sum(both.c.stored), func.sum(both.c.actual))
        .group_by(both.c.practice_id, both.c.month)
        .order_by(both.c.practice_id, both.c.month)
        .limit(MOST_DIFFERENCES)
    )
    return [Difference(table.name, p, m, int(s), int(a)) for p, m, s, a in session.execute(query)]
