"""Fills the rollups of the demo's referrals in one statement each."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, Table, case, cast, func, insert, select
from sqlalchemy.orm import Session

from crm.referrals.models import Referral, ReferralMonth, ReferralStatus, ReferralWait, RevenueKind

KEY = (
    func.coalesce(Referral.practice_id, 0), Referral.month, func.coalesce(Referral.provider_id, 0),
    func.coalesce(Referral.service_line_id, 0), func.coalesce(Referral.site_id, 0), Referral.payer,
)  # fmt: skip


def rebuild(session: Session) -> None:
    """Compute both rollups from all rows."""

    def counted(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, Referral.count), else_=0)), 0)

    def money(kind: RevenueKind) -> ColumnElement[int]:
        amount = case((Referral.revenue_kind == kind, Referral.revenue_cents), else_=0)
        return cast(func.coalesce(func.sum(amount), 0), BigInteger)

    steps = (ReferralStatus.SCHEDULED, ReferralStatus.SEEN, ReferralStatus.DECLINED, ReferralStatus.LOST)
    months = select(
        *KEY, func.sum(Referral.count), *(counted(Referral.status == step) for step in steps),
        *(money(kind) for kind in (RevenueKind.BILLED, RevenueKind.PAID, RevenueKind.NET)),
        counted(Referral.revenue_cents.is_not(None)),
    ).group_by(*KEY)  # fmt: skip
    _fill(session, ReferralMonth, months)
    days: ColumnElement[Any] = Referral.appointment_on - Referral.received_on
    if session.get_bind().dialect.name == "sqlite":
        days = cast(func.julianday(Referral.appointment_on) - func.julianday(Referral.received_on), Integer)
    cell = (KEY[0], KEY[1], KEY[3], KEY[4], KEY[5], days)
    has_both = Referral.received_on.is_not(None), Referral.appointment_on.is_not(None)
    waits = select(*cell, func.sum(Referral.count)).where(*has_both).group_by(*cell)
    _fill(session, ReferralWait, waits)


def _fill(session: Session, model: type[Any], rows: Any) -> None:
    table: Table = model.__table__
    session.execute(insert(table).from_select([column.name for column in table.columns], rows))
