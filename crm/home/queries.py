"""Reads for the home pages: what there is so far, and which practices refer clearly less."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, exists, func, or_, select
from sqlalchemy.orm import Session

from crm.accounts.models import Organization, User
from crm.accounts.viewer import Viewer
from crm.directory.models import Practice, Territory
from crm.directory.queries import practices_in_scope
from crm.home.falls import Fall, is_clear_fall, whole_months, year_before
from crm.home.first_steps import SetUp
from crm.referrals.queries import is_shown, volume_subquery
from crm.referrals.rollup_models import ReferralPracticeMonth, ReferralTotalMonth
from crm.visits.models import Visit

# Only the largest falls can be clear; so many are looked at more closely.
CANDIDATES = 100


class Attention(NamedTuple):
    """A practice that refers clearly less."""

    practice: Practice
    fall: Fall


def find_set_up(session: Session) -> SetUp:
    """What there is so far, in one statement. Of referrals and visits, of which there may be many, only whether any."""
    counts = [select(func.count()).select_from(model).scalar_subquery() for model in (Territory, Practice)]
    colleagues = select(func.count()).select_from(User).where(User.is_active).scalar_subquery() - 1
    # Set-up on the command line gives a name, but no address; saving the settings form raises the version.
    is_described = or_(Organization.version > 1, Organization.address != "")
    there = [
        exists().where(is_described), exists().where(ReferralTotalMonth.received > 0, is_shown(ReferralTotalMonth)),
        exists().where(Visit.id > 0),
    ]  # fmt: skip
    row = session.execute(select(*counts, colleagues, *there)).one()
    return SetUp(
        territories=row[0],
        practices=row[1],
        colleagues=row[2],
        is_named=row[3],
        has_referrals=row[4],
        has_visits=row[5],
    )


def list_falls(session: Session, viewer: Viewer, today: date, limit: int = 3) -> list[Attention]:
    """Practices whose last three whole months fell clearly against the year before, the largest loss first."""
    months = whole_months(today)
    now, before = _received(months), _received(year_before(months))
    query = (
        practices_in_scope(viewer)
        .with_only_columns(Practice.id, now, before)
        .join(ReferralPracticeMonth, ReferralPracticeMonth.practice_id == Practice.id)
        .where(
            or_(
                ReferralPracticeMonth.month.between(*months), ReferralPracticeMonth.month.between(*year_before(months))
            ),
            is_shown(ReferralPracticeMonth),
        )
        .group_by(Practice.id)
        .having(now < before)
        .order_by((before - now).desc(), Practice.id)
        .limit(CANDIDATES)
    )
    falls = {id_: Fall(int(new), int(old)) for id_, new, old in session.execute(query)}
    clear = [id_ for id_, fall in falls.items() if is_clear_fall(fall)][:limit]
    found = {row.id: row for row in session.scalars(select(Practice).where(Practice.id.in_(clear)))}
    return [Attention(found[id_], falls[id_]) for id_ in clear]


def _received(months: tuple[int, int]) -> ColumnElement[int]:
    return func.sum(case((ReferralPracticeMonth.month.between(*months), ReferralPracticeMonth.received), else_=0))


def count_quarter(session: Session, practice_id: int, today: date) -> Fall:
    """A practice's referrals of the last three whole months and of a year before; the caller has checked the scope."""
    months = whole_months(today)
    now, before = volume_subquery(*months), volume_subquery(*year_before(months))
    new = session.scalar(select(now.c.received).where(now.c.practice_id == practice_id)) or 0
    old = session.scalar(select(before.c.received).where(before.c.practice_id == practice_id)) or 0
    return Fall(int(new), int(old))
