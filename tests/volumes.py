"""Referral volumes for tests: months' counts typed in by the program's own service, so that every rollup has them."""

from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.directory.models import Practice
from crm.referrals import services
from crm.referrals.models import PayerClass, ReferralStatus, RevenueKind


def sent(session: Session, practice: Practice, month: int, count: int, cents: int | None = None) -> None:
    """A practice sent so many referrals in a month, all of them seen, together worth so much."""
    entry = services.Entry(
        practice.id, month=month, count=count, status=ReferralStatus.SEEN, payer=PayerClass.OTHER,
        revenue_cents=cents, revenue_kind=RevenueKind.PAID if cents is not None else None,
    )  # fmt: skip
    services.enter_referral(session, SYSTEM, entry)
