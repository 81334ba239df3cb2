"""What rooms above the directory add to the list of practices: visits, when the next is due, and referrals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask import g
from sqlalchemy.orm import Session

from crm.accounts.permissions import Permission
from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.directory.models import PracticeStatus
from crm.directory.practice_filters import SORTS
from crm.directory.practice_queries import PracticeRow, Sources
from crm.referrals import queries as referrals
from crm.visits import queries as visits
from crm.visits.cadence import Cadences, cadence_days, cadences_of, due_on

USUAL = Cadences(30, 60, 90)
VISIT_SORTS = ("last", "due")
REFERRAL_SORTS = ("referrals", "change")


@dataclass(frozen=True)
class Line:
    """One practice of the list with what every room knows of it. None: nothing known, or not for this viewer."""

    practice: PracticeRow
    last_on: date | None
    due_on: date | None
    is_due_known: bool
    counts: referrals.RecentCounts | None

    @property
    def change(self) -> float | None:
        """Referrals of 90 days against the 90 before."""
        if self.counts is None or not self.counts.before90:
            return None
        return self.counts.last90 / self.counts.before90 - 1

    @property
    def trend_kind(self) -> str:
        """How the trend line is colored: only a fall from numbers that say something is red."""
        counts = self.counts
        if counts is None or min(counts.last90, counts.before90) < 10 or self.change is None:  # noqa: PLR2004 as in change()
            return "plain"
        return "bad" if self.change <= -0.0995 else "plain"  # noqa: PLR2004 a tenth, rounded as it is shown


def cadences() -> Cadences:
    """The organization's cadences."""
    organization = getattr(g, "organization", None)
    return cadences_of(organization) if organization else USUAL


def sources_for(viewer: Viewer) -> Sources:
    """What this viewer may sort and filter by."""
    found = Sources()
    if viewer.may(Permission.VISITS_VIEW):
        last = visits.last_visit_subquery()
        late = visits.late_column(clock.today(), last, cadences())
        found = Sources(last_visit=last, cadence=visits.cadence_column(cadences()), late=late)
    if viewer.may(Permission.REFERRALS_VIEW):
        found = replace(found, recent=referrals.recent_subquery(clock.today()))
    return found


def allowed_sorts(sources: Sources) -> list[str]:
    """The sort keys that this viewer may use: nobody can order by what they do not see."""
    hidden: tuple[str, ...] = () if sources.last_visit is not None else VISIT_SORTS
    hidden += () if sources.recent is not None else REFERRAL_SORTS
    return [key for key in SORTS if key not in hidden]


def lines(session: Session, viewer: Viewer, rows: Sequence[PracticeRow]) -> list[Line]:
    """The rows of one page, each with its visits and referrals: a fixed number of statements."""
    ids = [row.id for row in rows]
    sees_visits, sees_referrals = viewer.may(Permission.VISITS_VIEW), viewer.may(Permission.REFERRALS_VIEW)
    last = visits.last_visits(session, ids) if sees_visits else {}
    counts = referrals.recent_counts(session, viewer, ids, clock.today()) if sees_referrals else {}
    days = cadences()
    return [_line(row, last.get(row.id), counts.get(row.id), days, sees_visits=sees_visits) for row in rows]


def _line(
    row: PracticeRow,
    last_on: date | None,
    counts: referrals.RecentCounts | None,
    days: Cadences,
    *,
    sees_visits: bool,
) -> Line:
    cadence = cadence_days(row.tier, row.cadence_days, days)
    is_due_known = sees_visits and cadence is not None and row.status is not PracticeStatus.DO_NOT_VISIT
    return Line(row, last_on, due_on(last_on, cadence) if is_due_known else None, is_due_known, counts)
