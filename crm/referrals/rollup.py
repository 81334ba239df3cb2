"""Keeps the monthly rollups equal to the rows: recomputes touched cells, proves that they agree, rebuilds them.

A cell is a practice (0 = none) and a month. Recomputing deletes a cell's rollup rows and inserts what its rows say now,
so it may be done any number of times. All of it is set-based SQL, the same on SQLite and PostgreSQL.
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
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
    tuple_,
    union_all,
)  # fmt: skip
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from crm.referrals.models import Referral, ReferralMonth, ReferralStatus, ReferralWait, RevenueKind
from crm.referrals.queries import is_counted

MONTH_TABLE: Table = ReferralMonth.__table__  # type: ignore[assignment]
WAIT_TABLE: Table = ReferralWait.__table__  # type: ignore[assignment]
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


class days_between(GenericFunction[int]):  # noqa: N801 an SQL function
    """Whole days from the first day to the second."""

    type = Integer()
    inherit_cache = True


@compiles(days_between, "sqlite")
def _days_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    first, second = element.clauses
    return f"CAST(julianday({compiler.process(second, **kw)}) - julianday({compiler.process(first, **kw)}) AS INTEGER)"


@compiles(days_between)
def _days_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    first, second = element.clauses
    return f"({compiler.process(second, **kw)} - {compiler.process(first, **kw)})"


@dataclass(frozen=True)
class Difference:
    """A cell in which rollup and rows disagree: what stands in the rollup, and what the rows say."""

    table: str
    practice_id: int
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
        for table in (MONTH_TABLE, WAIT_TABLE):
            self.session.execute(delete(table).where(tuple_(table.c.practice_id, table.c.month).in_(cells)))
        # Row values and IN let both databases walk the index on practice and month; a join would read every row.
        matched = tuple_(Referral.practice_id, Referral.month).in_(cells)
        months = select(CELLS.c.month).where(CELLS.c.practice_id == 0)
        unmatched = and_(Referral.practice_id.is_(None), Referral.month.in_(months))
        for condition in (matched, unmatched):
            self._insert(MONTH_TABLE, _months().where(condition))
            self._insert(WAIT_TABLE, _waits().where(condition))
        CELLS.drop(self.session.connection(), checkfirst=False)

    def _insert(self, table: Table, rows: Select[Any]) -> None:
        self.session.execute(insert(table).from_select([column.name for column in table.columns], rows))


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
    """Make both rollups anew from all rows, in one transaction."""
    session.flush()
    _wait_for_others(session)
    for table, rows in ((MONTH_TABLE, _months()), (WAIT_TABLE, _waits())):
        session.execute(delete(table))
        session.execute(insert(table).from_select([column.name for column in table.columns], rows))


def check_rollup(session: Session) -> list[Difference]:
    """Where the rollups and the rows disagree; at most fifty cells of each table, and nothing when all is well."""
    session.flush()
    return [
        *_differences(session, MONTH_TABLE, _months(), "received"),
        *_differences(session, WAIT_TABLE, _waits(), "referrals"),
    ]


def _differences(session: Session, table: Table, rows: Select[Any], counted: str) -> list[Difference]:
    """Rows that stand in one of both and not in the other, all columns compared, summed up per cell."""
    columns = [column.name for column in table.columns]
    actual = rows.subquery("actual")
    stored_only = (
        select(*(table.c[name] for name in columns)).except_(select(*(actual.c[name] for name in columns))).subquery()
    )
    again = rows.subquery("again")
    actual_only = (
        select(*(again.c[name] for name in columns)).except_(select(*(table.c[name] for name in columns))).subquery()
    )
    zero = cast(0, Integer)
    both = union_all(
        select(
            stored_only.c.practice_id, stored_only.c.month, stored_only.c[counted].label("stored"), zero.label("actual")
        ),
        select(
            actual_only.c.practice_id, actual_only.c.month, zero.label("stored"), actual_only.c[counted].label("actual")
        ),
    ).subquery()
    query = (
        select(both.c.practice_id, both.c.month, func.sum(both.c.stored), func.sum(both.c.actual))
        .group_by(both.c.practice_id, both.c.month)
        .order_by(both.c.practice_id, both.c.month)
        .limit(MOST_DIFFERENCES)
    )
    return [Difference(table.name, p, m, int(s), int(a)) for p, m, s, a in session.execute(query)]


def _dimensions() -> list[Any]:
    return [
        func.coalesce(Referral.practice_id, 0).label("practice_id"),
        Referral.month.label("month"),
        func.coalesce(Referral.provider_id, 0).label("provider_id"),
        func.coalesce(Referral.service_line_id, 0).label("service_line_id"),
        func.coalesce(Referral.site_id, 0).label("site_id"),
        cast(Referral.payer, String).label("payer"),
    ]


def _months() -> Select[Any]:
    """What the month rollup should hold, in the order of its columns."""

    def of_status(status: ReferralStatus) -> ColumnElement[int]:
        return _sum(case((Referral.status == status, Referral.count), else_=0), status.value)

    def of_kind(kind: RevenueKind) -> ColumnElement[int]:
        return _sum(
            case((Referral.revenue_kind == kind, func.coalesce(Referral.revenue_cents, 0)), else_=0),
            f"{kind.value}_cents",
        )

    dimensions = _dimensions()
    return (
        select(
            *dimensions,
            _sum(Referral.count, "received"),
            *(
                of_status(s)
                for s in (ReferralStatus.SCHEDULED, ReferralStatus.SEEN, ReferralStatus.DECLINED, ReferralStatus.LOST)
            ),
            *(of_kind(k) for k in (RevenueKind.BILLED, RevenueKind.PAID, RevenueKind.NET)),
            _sum(case((Referral.revenue_cents.is_not(None), Referral.count), else_=0), "priced"),
        )
        .where(is_counted())
        .group_by(*dimensions)
    )


def _waits() -> Select[Any]:
    """What the wait rollup should hold, in the order of its columns."""
    practice, month, _, line, site, payer = _dimensions()
    days = days_between(Referral.received_on, Referral.appointment_on).label("days")
    return (
        select(practice, month, line, site, payer, days, _sum(Referral.count, "referrals"))
        .where(is_counted(), Referral.received_on.is_not(None), Referral.appointment_on.is_not(None))
        .group_by(practice, month, line, site, payer, days)
    )


def _sum(value: Any, name: str) -> ColumnElement[int]:
    # sum() of integers is a decimal in PostgreSQL; the columns are whole numbers. 64 bits hold cents of all rows.
    return cast(func.sum(value), MONTH_TABLE.c.net_cents.type).label(name)
