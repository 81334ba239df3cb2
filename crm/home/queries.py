"""Reads for the home pages: what there is so far, and which practices refer clearly less."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from crm.accounts.models import Organization, User
from crm.accounts.viewer import Viewer
from crm.directory.models import Practice, Territory
from crm.directory.queries import practices_in_scope
from crm.home.falls import Fall, is_clear_fall, whole_months, year_before
from crm.home.first_steps import SetUp
from crm.referrals.models import ReferralMonth
from crm.referrals.queries import volume_subquery
from crm.visits.models import Visit

# Only the largest falls can be clear; so many are looked at more closely.
CANDIDATES = 100


class Attention(NamedTuple):
    """A practice that refers clearly less."""

    practice: Practice
    fall: Fall


def find_set_up(session: Session) -> SetUp:
    """What there is so far, in one statement."""
    counts = [select(func.count()).select_from(model).scalar_subquery() for model in (Territory, Practice, Visit)]
    colleagues = select(func.count()).select_from(User).where(User.is_active).scalar_subquery() - 1
    referrals = select(func.coalesce(func.sum(ReferralMonth.received), 0)).scalar_subquery()
    # Set-up on the command line gives a name, but no address; saving the settings form raises the version.
    is_described = or_(Organization.version > 1, Organization.address != "")
    saved = select(func.count()).select_from(Organization).where(is_described).scalar_subquery()
    row = session.execute(select(*counts, colleagues, referrals, saved)).one()
    return SetUp(
        territories=row[0], practices=row[1], visits=row[2], colleagues=row[3], referrals=int(row[4]),
        is_named=row[5] > 0,
    )  # fmt: skip


def list_falls(session: Session, viewer: Viewer, today: date, limit: int = 3) -> list[Attention]:
    """Practices whose last three whole months fell clearly against the year before, the largest loss first."""
    months = whole_months(today)
    now, before = volume_subquery(*months), volume_subquery(*year_before(months))
    received = func.coalesce(now.c.received, 0)
    query = (
        practices_in_scope(viewer)
        .join(before, before.c.practice_id == Practice.id)
        .outerjoin(now, now.c.practice_id == Practice.id)
        .add_columns(received, before.c.received)
        .where(received < before.c.received)
        .order_by((before.c.received - received).desc(), Practice.id)
        .limit(CANDIDATES)
    )
    found = [Attention(practice, Fall(int(new), int(old))) for practice, new, old in session.execute(query)]
    return [row for row in found if is_clear_fall(row.fall)][:limit]


def count_quarter(session: Session, practice_id: int, today: date) -> Fall:
    """A practice's referrals of the last three whole months and of a year before; the caller has checked the scope."""
    months = whole_months(today)
    now, before = volume_subquery(*months), volume_subquery(*year_before(months))
    new = session.scalar(select(now.c.received).where(now.c.practice_id == practice_id)) or 0
    old = session.scalar(select(before.c.received).where(before.c.practice_id == practice_id)) or 0
    return Fall(int(new), int(old))
