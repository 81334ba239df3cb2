"""What each rollup should hold: one SELECT for each table, the same on SQLite and PostgreSQL.

Each takes the layer that it is for, and leaves to the caller which rows (or cells of the rollup below) it sums up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, String, Table, case, cast, func, literal, select

from crm.core.days_between import DaysBetween
from crm.referrals.models import (
    Referral,
    ReferralMonth,
    ReferralPracticeMonth,
    ReferralStatus,
    ReferralTotalMonth,
    ReferralTotalWait,
    ReferralWait,
    RevenueKind,
    Volume,
)

MEASURES = tuple(Volume.__annotations__)
# What an import adds, and the negative of what it takes away, stand in layers of their own until they are merged.
SETTLED, COMING, GOING = 0, 1, 2


def volumes_of_rows(layer: int = SETTLED) -> Select[Any]:
    """`referral_month`, out of the rows."""
    sign = -1 if layer == GOING else 1

    def of_status(status: ReferralStatus) -> ColumnElement[int]:
        return _sum(case((Referral.status == status, Referral.count * sign), else_=0), status.value)

    def of_kind(kind: RevenueKind) -> ColumnElement[int]:
        cents = func.coalesce(Referral.revenue_cents, 0) * sign
        return _sum(case((Referral.revenue_kind == kind, cents), else_=0), f"{kind.value}_cents")

    dimensions = _dimensions()
    return select(
        *dimensions,
        _layer(layer),
        _sum(literal(sign), "entries"),
        _sum(Referral.count * sign, "received"),
        *(
            of_status(s)
            for s in (ReferralStatus.SCHEDULED, ReferralStatus.SEEN, ReferralStatus.DECLINED, ReferralStatus.LOST)
        ),
        *(of_kind(k) for k in (RevenueKind.BILLED, RevenueKind.PAID, RevenueKind.NET)),
        _sum(case((Referral.revenue_cents.is_not(None), Referral.count * sign), else_=0), "priced"),
    ).group_by(*dimensions)


def waits_of_rows(layer: int = SETTLED) -> Select[Any]:
    """`referral_wait`, out of the rows."""
    practice, month, _, line, site, payer = _dimensions()
    days = DaysBetween(Referral.appointment_on, Referral.received_on).label("days")
    referrals = _sum(Referral.count * (-1 if layer == GOING else 1), "referrals")
    return (
        select(practice, month, line, site, payer, days, _layer(layer), referrals)
        .where(Referral.received_on.is_not(None), Referral.appointment_on.is_not(None))
        .group_by(practice, month, line, site, payer, days)
    )


def volumes_of_practices(layer: int = SETTLED) -> Select[Any]:
    """`referral_practice_month`, out of `referral_month`."""
    keys: list[Any] = [ReferralMonth.month, ReferralMonth.practice_id]
    return select(*keys, _layer(layer), *_measures()).group_by(*keys)


def volumes_of_all(layer: int = SETTLED) -> Select[Any]:
    """`referral_total_month`, out of `referral_month`."""
    of = ReferralMonth
    keys: list[Any] = [of.month, of.service_line_id, of.site_id, of.payer]
    matched = _sum(case((of.practice_id > 0, of.received), else_=0), "matched")
    return select(*keys, _layer(layer), *_measures(), matched).group_by(*keys)


def waits_of_all(layer: int = SETTLED) -> Select[Any]:
    """`referral_total_wait`, out of `referral_wait`."""
    of = ReferralWait
    keys: list[Any] = [of.month, of.service_line_id, of.site_id, of.payer, of.days]
    return select(*keys, _layer(layer), _sum(of.referrals, "referrals")).group_by(*keys)


@dataclass(frozen=True)
class Rollup:
    """A rollup: its table, what it holds, and the rollup that it is made out of (None: the rows)."""

    model: Any
    contents: Callable[[int], Select[Any]]
    source: Any = None

    @property
    def table(self) -> Table:
        """Its table."""
        return self.model.__table__  # type: ignore[no-any-return]

    @property
    def keys(self) -> list[str]:
        """The columns that its sums are grouped by."""
        return [column.name for column in self.table.primary_key if column.name != "layer"]

    @property
    def measures(self) -> list[str]:
        """The columns that hold sums."""
        return [column.name for column in self.table.columns if not column.primary_key]

    @property
    def counted(self) -> str:
        """The measure that is 0 where nothing is left to sum up."""
        return "entries" if "entries" in self.table.c else "referrals"


# In the order in which they build on each other: those made out of the rows, then those made out of them.
OF_ROWS = (Rollup(ReferralMonth, volumes_of_rows), Rollup(ReferralWait, waits_of_rows))
OF_ROLLUPS = (
    Rollup(ReferralPracticeMonth, volumes_of_practices, ReferralMonth),
    Rollup(ReferralTotalMonth, volumes_of_all, ReferralMonth),
    Rollup(ReferralTotalWait, waits_of_all, ReferralWait),
)
ROLLUPS = (*OF_ROWS, *OF_ROLLUPS)


def _layer(number: int) -> ColumnElement[int]:
    return cast(literal(number), Integer).label("layer")


def _dimensions() -> list[Any]:
    return [
        func.coalesce(Referral.practice_id, 0).label("practice_id"),
        Referral.month.label("month"),
        func.coalesce(Referral.provider_id, 0).label("provider_id"),
        func.coalesce(Referral.service_line_id, 0).label("service_line_id"),
        func.coalesce(Referral.site_id, 0).label("site_id"),
        cast(Referral.payer, String).label("payer"),
    ]


def _measures() -> list[ColumnElement[int]]:
    return [_sum(getattr(ReferralMonth, name), name) for name in MEASURES]


def _sum(value: Any, name: str) -> ColumnElement[int]:
    # sum() of integers is a decimal in PostgreSQL; the columns are whole numbers. 64 bits hold cents of all rows.
    return cast(func.sum(value), BigInteger).label(name)
