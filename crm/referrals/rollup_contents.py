"""What each rollup should hold, out of the rows: one SELECT for each table, the same on SQLite and PostgreSQL.

`importing.sums` works out the same in memory for the rows of an import; `rollup.check_rollup` holds both against each
other. The caller says which rows are summed up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    Table,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)  # fmt: skip

from crm.core.days_between import DaysBetween
from crm.referrals.models import Referral, ReferralSource, ReferralStatus, RevenueKind, SourceKind, Wait
from crm.referrals.rollup_models import (
    ReferralLineMonth,
    ReferralPracticeMonth,
    ReferralTotalMonth,
    ReferralTotalWait,
    Volume,
)

MEASURES = tuple(Volume.__annotations__)
SETTLED = 0


@dataclass(frozen=True)
class Rollup:
    """A rollup: its table, and what it holds of the rows under some conditions."""

    model: Any
    contents: Callable[..., Select[Any]]

    @cached_property
    def table(self) -> Table:
        """Its table."""
        return self.model.__table__  # type: ignore[no-any-return]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The columns that its sums are grouped by."""
        return tuple(column.name for column in self.table.primary_key if column.name != "layer")

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """The columns that hold sums."""
        return tuple(column.name for column in self.table.columns if not column.primary_key)

    @property
    def counted(self) -> str:
        """The measure that is 0 where nothing is left to sum up."""
        return "entries" if "entries" in self.table.c else "referrals"


def _of_practices(*conditions: ColumnElement[bool]) -> Select[Any]:
    return _summed(_keys("month", "practice_id"), _volumes(), *conditions)


def _of_lines(*conditions: ColumnElement[bool]) -> Select[Any]:
    return _summed(_keys("month", "service_line_id", "practice_id"), _volumes(), *conditions)


def _summed(keys: list[Any], sums: list[ColumnElement[int]], *conditions: ColumnElement[bool]) -> Select[Any]:
    """Sums by keys; counts of nothing, which newer files leave behind, make no cell."""
    is_left = or_(*(total != 0 for total in sums))
    return select(*keys, _layer(), *sums).where(*conditions).group_by(*keys).having(is_left)


def _of_all(*conditions: ColumnElement[bool]) -> Select[Any]:
    keys = _keys("month", "service_line_id", "site_id", "payer")
    apart = select(ReferralSource.id).where(ReferralSource.kind != SourceKind.PRACTICE)
    more = [
        _sum(case((Referral.practice_id.is_not(None), Referral.count), else_=0), "matched"),
        _sum(case((Referral.source_id.in_(apart), Referral.count), else_=0), "apart"),
    ]
    return _summed(keys, [*_volumes(), *more], *conditions)


def _waits(*conditions: ColumnElement[bool]) -> Select[Any]:
    keys = _keys("month", "service_line_id", "site_id", "payer")
    parts = []
    for wait, start, end in (
        (Wait.APPOINTMENT, Referral.received_on, Referral.appointment_on),
        (Wait.REPORT, Referral.seen_on, Referral.report_sent_on),
    ):
        name, days = cast(literal(wait.value), String(32)).label("wait"), DaysBetween(end, start).label("days")
        query = select(*keys, name, days, Referral.count.label("count")).where(start.is_not(None), end.is_not(None))
        parts.append(query.where(*conditions))
    both = union_all(*parts).subquery()
    by = [both.c[name] for name in ("month", "service_line_id", "site_id", "payer", "wait", "days")]
    referrals = _sum(both.c.count, "referrals")
    return select(*by, _layer(), referrals).group_by(*by).having(referrals != 0)


PRACTICES, TOTAL = Rollup(ReferralPracticeMonth, _of_practices), Rollup(ReferralTotalMonth, _of_all)
ROLLUPS = (PRACTICES, Rollup(ReferralLineMonth, _of_lines), Rollup(ReferralTotalWait, _waits), TOTAL)


def _layer() -> ColumnElement[int]:
    return cast(literal(SETTLED), Integer).label("layer")


def _keys(*names: str) -> list[Any]:
    columns = {
        "month": Referral.month,
        "payer": cast(Referral.payer, String),
        **{name: func.coalesce(getattr(Referral, name), 0) for name in ("practice_id", "service_line_id", "site_id")},
    }
    return [columns[name].label(name) for name in names]


def _volumes() -> list[ColumnElement[int]]:
    """The measures of MEASURES."""
    found = {
        "entries": func.sum(case((Referral.count > 0, 1), else_=0)),
        "received": func.sum(Referral.count),
        "priced": func.sum(case((Referral.revenue_cents.is_not(None), Referral.count), else_=0)),
    }
    for status in (ReferralStatus.SCHEDULED, ReferralStatus.SEEN, ReferralStatus.DECLINED, ReferralStatus.LOST):
        found[status.value] = func.sum(case((Referral.status == status, Referral.count), else_=0))
    for kind in RevenueKind:
        cents = func.coalesce(Referral.revenue_cents, 0)
        found[f"{kind.value}_cents"] = func.sum(case((Referral.revenue_kind == kind, cents), else_=0))
    return [cast(found[name], BigInteger).label(name) for name in MEASURES]


def _sum(value: Any, name: str) -> ColumnElement[int]:
    # sum() of integers is a decimal in PostgreSQL; the columns are whole numbers. 64 bits hold cents of all rows.
    return cast(func.sum(value), BigInteger).label(name)
