"""What an import, or taking it back, changes of the months that it touches."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from crm.referrals.models import Referral
from crm.referrals.queries import is_shown, of_import
from crm.referrals.rollup_models import ReferralTotalMonth


@dataclass(frozen=True)
class MonthChange:
    """The referrals of a month, now and after what is asked about."""

    month: int
    now: int
    then: int


def received_by_month(session: Session, months: Collection[int]) -> dict[int, int]:
    """The referrals that were received in each of these months, by month."""
    if not months:
        return {}
    query = (
        select(ReferralTotalMonth.month, func.sum(ReferralTotalMonth.received))
        .where(ReferralTotalMonth.month.between(min(months), max(months)), is_shown(ReferralTotalMonth))
        .group_by(ReferralTotalMonth.month)
    )
    return {month: int(count) for month, count in session.execute(query)}


def take_back_months(session: Session, import_id: int) -> list[MonthChange]:
    """What taking an import back would change of each month now, the latest first.

    A row that a later import has changed stays as that one says. Any other goes, and what it had replaced counts again.
    """
    is_newest = of_import(import_id) & Referral.replaced_by.is_(None)
    own = select(Referral.month, func.sum(Referral.count)).where(is_newest)
    earlier = aliased(Referral)
    restored = (
        select(earlier.month, func.sum(earlier.count))
        .select_from(Referral)
        .join(earlier, earlier.id == Referral.replaces_id)
        .where(is_newest)
        .group_by(earlier.month)
    )
    changes: dict[int, int] = {}
    for month, count in session.execute(own.group_by(Referral.month)):
        changes[month] = changes.get(month, 0) - int(count)
    for month, count in session.execute(restored):
        changes[month] = changes.get(month, 0) + int(count)
    received = received_by_month(session, changes)
    return [
        MonthChange(month, received.get(month, 0), received.get(month, 0) + changes[month])
        for month in sorted(changes, reverse=True)
        if changes[month]
    ]
