"""Reads of referral volumes: what each practice sent, per month and lately."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Subquery, and_, case, func, literal, select, union_all
from sqlalchemy import cast as as_type
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core import formats
from crm.core.days_between import DaysBetween
from crm.directory.models import Practice
from crm.directory.queries import scope_practices
from crm.referrals.models import (
    ImportState,
    Referral,
    ReferralImport,
    ReferralStatus,
    RevenueKind,
    Wait,
    ids_of,
)
from crm.referrals.rollup_models import ReferralLineMonth, ReferralPracticeMonth, ReferralTotalMonth, ReferralTotalWait

WINDOW_DAYS = 90
WINDOWS = ("last90", "before90")
YEAR_MONTHS = 12
# Rows of an import that is being taken back count until the moment in which it is taken back.
COUNTED = (ImportState.DONE, ImportState.TAKING_BACK)
CHUNK = 5000
# An alias, so that it stays a question of its own inside of queries about imports.
_IMPORT = ReferralImport.__table__.alias("hiding_import")
_HIDDEN = select(_IMPORT.c.hidden_layer).where(_IMPORT.c.hidden_layer.is_not(None))


@dataclass(frozen=True)
class RecentCounts:
    """How many referrals a practice sent in the last 90 days, in the 90 days before, and in each of twelve months."""

    last90: int = 0
    before90: int = 0
    months12: tuple[int, ...] = (0,) * YEAR_MONTHS


@cache
def is_counted() -> ColumnElement[bool]:
    """The condition on `Referral` that a row counts: typed in or of a done import, and not replaced by a done one."""
    done = select(ReferralImport.id).where(ReferralImport.state.in_(COUNTED))
    # One IN over one expression: an OR over the column itself makes SQLite leave the index that gives the order.
    return and_(
        func.coalesce(Referral.import_id, 0).in_(union_all(select(literal(0)), done)),
        func.coalesce(Referral.replaced_by, 0).not_in(done),
    )


def of_import(import_id: int) -> ColumnElement[bool]:
    """The condition on `Referral` that a row is of an import."""
    ids = ids_of(import_id)
    return Referral.id.between(ids.start, ids.stop - 1)


def is_shown(rollup: Any) -> ColumnElement[bool]:
    """The condition on a rollup that a row of it counts: no import hides its layer."""
    return rollup.layer.not_in(_HIDDEN)  # type: ignore[no-any-return]


def rollup_of(*, practices: bool, details: Collection[str]) -> Any:
    """The smallest source of volumes that tells practices apart, or some of service line, site and payer, or both.

    Its columns are those of a rollup. Practices by site or payer are in none: there the rows themselves are read.
    """
    if not practices:
        return ReferralTotalMonth
    if not details:
        return ReferralPracticeMonth
    return ReferralLineMonth if set(details) == {"service_line_id"} else _volumes_of_rows().c


def waits_of(wait: Wait, *, practices: bool) -> Any:
    """How many referrals waited how many days, as columns of `ReferralTotalWait`; for practices out of the rows."""
    if not practices:
        table = ReferralTotalWait
        return select(table).where(table.wait == wait.value).subquery().c
    start, end = {
        Wait.APPOINTMENT: (Referral.received_on, Referral.appointment_on),
        Wait.REPORT: (Referral.seen_on, Referral.report_sent_on),
    }[wait]
    days = DaysBetween(end, start).label("days")
    rows = select(*_keys_of_rows(), days, Referral.count.label("referrals"))
    return rows.where(start.is_not(None), end.is_not(None), is_counted()).subquery().c


def practice_key(source: Any) -> Any:
    """The column of a source of volumes by which practices are looked up."""
    return getattr(source, "known_practice_id", source.practice_id)


@cache
def _volumes_of_rows() -> Subquery:
    """Each row as a cell of its own."""
    is_priced, is_known = Referral.revenue_cents.is_not(None), Referral.practice_id.is_not(None)
    statuses = (ReferralStatus.SCHEDULED, ReferralStatus.SEEN, ReferralStatus.DECLINED, ReferralStatus.LOST)
    columns = (
        *_keys_of_rows(),
        case((Referral.count > 0, 1), else_=0).label("entries"),
        Referral.count.label("received"),
        case((is_priced, Referral.count), else_=0).label("priced"),
        case((is_known, Referral.count), else_=0).label("matched"),
        *(case((Referral.status == status, Referral.count), else_=0).label(status.value) for status in statuses),
        *(
            case((Referral.revenue_kind == kind, Referral.revenue_cents), else_=0).label(f"{kind.value}_cents")
            for kind in RevenueKind
        ),
    )
    return select(*columns).where(is_counted()).subquery()


def _keys_of_rows() -> list[Any]:
    optional = ("practice_id", "service_line_id", "site_id")
    return [
        Referral.month.label("month"),
        Referral.practice_id.label("known_practice_id"),
        *(func.coalesce(getattr(Referral, name), 0).label(name) for name in optional),
        as_type(Referral.payer, String).label("payer"),
        literal(0).label("layer"),
    ]


def volume_subquery(first_month: int, last_month: int) -> Subquery:
    """Referrals received per practice in a span of months (both included), as `practice_id, received`.

    Practices that sent nothing have no row: join it outer. The caller scopes the practices that it joins to.
    """
    return (
        select(ReferralPracticeMonth.practice_id, func.sum(ReferralPracticeMonth.received).label("received"))
        .where(ReferralPracticeMonth.month.between(first_month, last_month), ReferralPracticeMonth.practice_id > 0)
        .where(is_shown(ReferralPracticeMonth))
        .group_by(ReferralPracticeMonth.practice_id)
        .subquery()
    )


def recent_subquery(today: date) -> Subquery:
    """The windows of `recent_counts` for every practice, as `practice_id, last90, before90`, to sort and filter by.

    Practices that sent nothing have no row: join it outer. The caller scopes the practices that it joins to.
    """
    return _recent(today).subquery()


def _recent(today: date, among: Collection[int] | None = None) -> Select[Any]:
    last, before = _window(today), _window(today - timedelta(days=WINDOW_DAYS))
    months = range(formats.month_of(before[0]), formats.month_of(last[1]) + 1)
    whole = {month for month in months if 1.0 in (share_of_month(month, last), share_of_month(month, before))}
    of_months, of_rows = _of_whole_months(whole, last, before), _of_rows(set(months) - whole, last, before)
    if among is not None:
        of_months = of_months.where(ReferralPracticeMonth.practice_id.in_(among))
        of_rows = of_rows.where(Referral.practice_id.in_(among))
    both = union_all(of_months, of_rows).subquery()
    sums = (func.sum(both.c.last90).label("last90"), func.sum(both.c.before90).label("before90"))
    return select(both.c.practice_id, *sums).group_by(both.c.practice_id)


def _of_whole_months(months: Collection[int], *windows: tuple[date, date]) -> Select[Any]:
    """What lies whole in a window is in the rollup."""
    table = ReferralPracticeMonth
    sums = [
        func.sum(case((table.month.in_([m for m in months if share_of_month(m, window)]), table.received), else_=0))
        for window in windows
    ]
    columns: list[Any] = [column.label(name) for column, name in zip(sums, WINDOWS, strict=True)]
    query = select(table.practice_id, *columns)
    query = query.where(table.month.in_(months), table.practice_id > 0, is_shown(table))
    return query.group_by(table.practice_id)


def _of_rows(months: Collection[int], *windows: tuple[date, date], by: Any = Referral.practice_id) -> Select[Any]:
    """At the edges of a window days count, and a monthly count by its share."""

    def within(window: tuple[date, date]) -> ColumnElement[Any]:
        share = case({month: share_of_month(month, window) for month in months}, value=Referral.month, else_=0.0)
        monthly = case((Referral.received_on.is_(None), Referral.count * share), else_=0.0)
        return func.sum(case((Referral.received_on.between(*window), Referral.count), else_=monthly))

    columns: list[Any] = [within(window).label(name) for window, name in zip(windows, WINDOWS, strict=False)]
    query = select(by, *columns).where(Referral.month.in_(months), Referral.practice_id.is_not(None), is_counted())
    return query.group_by(by)


def recent_counts(
    session: Session, viewer: Viewer, practice_ids: Collection[int], today: date
) -> dict[int, RecentCounts]:
    """How many referrals each of some practices sent lately; a fixed number of statements however many practices.

    The windows are `last90` = the 90 days that end today, `before90` = the 90 days before them, `months12` = each
    of the twelve whole months before the current one. Months that lie whole in a window come from the rollup; at its
    edges an event counts on its day, and a monthly count, which has no day, by the share of its month's days that lie
    in the window, rounded at the end. Practices outside the viewer's scope are left out; the others are always in the
    answer, also with zeros.
    """
    ids = _in_scope(session, viewer, practice_ids)
    recent = {
        id_: (round(last), round(before))
        for chunk in _chunks(ids)
        for id_, last, before in session.execute(_recent(today, chunk))
    }
    month = formats.month_of(today)
    year = _year_counts(session, ids, month)
    return {
        id_: RecentCounts(
            *recent.get(id_, (0, 0)), tuple(year.get((id_, at), 0) for at in range(month - YEAR_MONTHS, month))
        )
        for id_ in ids
    }


def recent_by_provider(session: Session, viewer: Viewer, practice_id: int, today: date) -> dict[int, int]:
    """How many referrals each provider sent from one practice in the last 90 days, counted as in `recent_counts`."""
    last = _window(today)
    months = range(formats.month_of(last[0]), formats.month_of(last[1]) + 1)
    query = _of_rows(months, last, by=Referral.provider_id).where(Referral.provider_id.is_not(None))
    query = query.where(Referral.practice_id.in_(_in_scope(session, viewer, [practice_id])))
    return {row.provider_id: round(row.last90) for row in session.execute(query)}


def months_for_practice(session: Session, viewer: Viewer, practice_id: int, first: int, last: int) -> dict[int, int]:
    """Referrals that a practice sent in each month from `first` to `last`, zeros included; empty out of scope."""
    ids = _in_scope(session, viewer, [practice_id])
    if not ids or last < first:
        return {}
    query = (
        select(ReferralPracticeMonth.month, func.sum(ReferralPracticeMonth.received))
        # Each month by itself: the table is clustered by month.
        .where(
            ReferralPracticeMonth.practice_id == practice_id, ReferralPracticeMonth.month.in_(range(first, last + 1))
        )
        .where(is_shown(ReferralPracticeMonth))
        .group_by(ReferralPracticeMonth.month)
    )
    received = {month: int(count) for month, count in session.execute(query)}
    return {month: received.get(month, 0) for month in range(first, last + 1)}


def _window(last: date) -> tuple[date, date]:
    return last - timedelta(days=WINDOW_DAYS - 1), last


def _chunks(ids: Iterable[int]) -> list[list[int]]:
    known = list(ids)
    return [known[start : start + CHUNK] for start in range(0, len(known), CHUNK)]


def _in_scope(session: Session, viewer: Viewer, practice_ids: Collection[int]) -> list[int]:
    found: set[int] = set()
    for chunk in _chunks(dict.fromkeys(practice_ids)):
        found.update(session.scalars(scope_practices(select(Practice.id).where(Practice.id.in_(chunk)), viewer)))
    return [id_ for id_ in dict.fromkeys(practice_ids) if id_ in found]


def _rows(session: Session, ids: Iterable[int], query: Any, column: Any) -> list[Any]:
    return [row for chunk in _chunks(ids) for row in session.execute(query.where(column.in_(chunk)))]


def share_of_month(month: int, window: tuple[date, date]) -> float:
    """Which part of a month's days lies inside a window of days (both ends included)."""
    first, after = formats.month_start(month), formats.month_start(month + 1)
    days = (min(after - timedelta(days=1), window[1]) - max(first, window[0])).days + 1
    return max(days, 0) / (after - first).days


def _year_counts(session: Session, ids: list[int], month: int) -> dict[tuple[int, int], int]:
    query = (
        select(ReferralPracticeMonth.practice_id, ReferralPracticeMonth.month, func.sum(ReferralPracticeMonth.received))
        .where(ReferralPracticeMonth.month.in_(range(month - YEAR_MONTHS, month)), is_shown(ReferralPracticeMonth))
        .group_by(ReferralPracticeMonth.practice_id, ReferralPracticeMonth.month)
    )
    return {(row[0], row[1]): int(row[2]) for row in _rows(session, ids, query, ReferralPracticeMonth.practice_id)}
