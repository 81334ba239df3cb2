"""What each rollup should hold: one SELECT for each table, the same on SQLite and PostgreSQL."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, String, Table, case, cast, func, select

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
from crm.referrals.queries import is_counted

MEASURES = tuple(Volume.__annotations__)


def table_of(model: type[Any]) -> Table:
    """The table of a rollup."""
    return model.__table__  # type: ignore[no-any-return]


def volumes_of_rows() -> Select[Any]:
    """`referral_month`, out of the rows."""

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
            func.count().label("entries"),
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


def waits_of_rows() -> Select[Any]:
    """`referral_wait`, out of the rows."""
    practice, month, _, line, site, payer = _dimensions()
    days = DaysBetween(Referral.appointment_on, Referral.received_on).label("days")
    return (
        select(practice, month, line, site, payer, days, _sum(Referral.count, "referrals"))
        .where(is_counted(), Referral.received_on.is_not(None), Referral.appointment_on.is_not(None))
        .group_by(practice, month, line, site, payer, days)
    )


def volumes_of_practices() -> Select[Any]:
    """`referral_practice_month`, out of `referral_month`."""
    keys: list[Any] = [ReferralMonth.month, ReferralMonth.practice_id]
    return select(*keys, *_measures()).group_by(*keys)


def volumes_of_all() -> Select[Any]:
    """`referral_total_month`, out of `referral_month`."""
    of = ReferralMonth
    keys: list[Any] = [of.month, of.service_line_id, of.site_id, of.payer]
    matched = _sum(case((of.practice_id > 0, of.received), else_=0), "matched")
    return select(*keys, *_measures(), matched).group_by(*keys)


def waits_of_all() -> Select[Any]:
    """`referral_total_wait`, out of `referral_wait`."""
    of = ReferralWait
    keys: list[Any] = [of.month, of.service_line_id, of.site_id, of.payer, of.days]
    return select(*keys, _sum(of.referrals, "referrals")).group_by(*keys)


# In the order in which they build on each other: those of practices out of the rows, the others out of those.
OF_ROWS = ((table_of(ReferralMonth), volumes_of_rows), (table_of(ReferralWait), waits_of_rows))
OF_ROLLUPS = (
    (table_of(ReferralPracticeMonth), volumes_of_practices),
    (table_of(ReferralTotalMonth), volumes_of_all),
    (table_of(ReferralTotalWait), waits_of_all),
)


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
