"""Reads volumes, waits and visits, grouped by the database, as small pandas frames; scoped by the viewer.

Rollups are read, and of those the smallest that can answer. No rollup tells practices apart by site, payer or days of
waiting, nor holds the last day received: these come from rows of few practices, or of one month.
"""

from collections.abc import Collection
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Double, Select, Subquery, case, extract, func, literal, select, union_all
from sqlalchemy import cast as as_type
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.analytics.filters import Filters
from crm.analytics.periods import Span, is_incomplete
from crm.core.formats import month_of, month_start
from crm.directory.models import Practice
from crm.directory.queries import scope_practices
from crm.referrals.models import Referral, Wait
from crm.referrals.queries import is_counted, is_shown, practice_key, rollup_of, waits_of
from crm.referrals.rollup_models import ReferralTotalMonth
from crm.visits.models import Visit, VisitState

COUNTS = ("received", "scheduled", "seen", "declined", "lost")
MONEY = ("paid", "net", "billed")
SOURCE = ("name", "city", "tier")
SPEAKING = (VisitState.DONE, VisitState.NO_ACCESS)
KEYS = {
    "month": "month",
    "line": "service_line_id",
    "site": "site_id",
    "payer": "payer",
    "practice": "practice_id",
}
DETAILS = frozenset({"line", "site", "payer"})


def span(session: Session, today: date) -> Span:
    """Which months have data, and how far the last of them goes."""
    rollup = ReferralTotalMonth
    query = select(rollup.month, func.sum(rollup.received)).where(is_shown(rollup)).group_by(rollup.month)
    query = query.having(func.sum(rollup.entries) > 0)
    received = {int(month): int(count) for month, count in session.execute(query)}
    last = max((month for month in received if month <= month_of(today)), default=None)
    if last is None:
        return Span(frozenset(received))
    day = select(func.max(Referral.received_on)).where(Referral.month == last, is_counted())
    through = session.scalar(day)
    through = min(through, today) if through else None
    is_open = is_incomplete(last, today=today, through=through, received=received[last])
    return Span(frozenset(received), last, through, is_open)


def volumes(
    session: Session,
    viewer: Viewer,
    filters: Filters,
    months: Collection[int],
    *keys: str,
    practices: Collection[int] | None = None,
    money: bool = False,
) -> pd.DataFrame:
    """Counts, and money if asked for by somebody who may see it, per month, line, site, payer or practice (`keys`)."""
    of_practices = practices is not None or _is_of_practices(viewer, filters, keys)
    rollup = rollup_of(practices=of_practices, details=_details(filters, keys))
    by = [getattr(rollup, KEYS[key]) for key in keys]
    matched = rollup.matched if hasattr(rollup, "matched") else case((rollup.practice_id > 0, rollup.received), else_=0)
    apart = rollup.apart if hasattr(rollup, "apart") else literal(0)  # those of a practice came from it
    counts = {name: func.sum(getattr(rollup, name)) for name in COUNTS}
    measures = {
        **counts,
        "matched": func.sum(matched),
        "apart": func.sum(apart),
        **(_money(rollup, viewer) if money else {}),
    }
    query = select(*by, *measures.values()).where(*_conditions(rollup, viewer, filters, months)).group_by(*by)
    if practices is not None:
        query = query.where(practice_key(rollup).in_(practices))
    return _frame(session, query, [*keys, *measures], floats=MONEY)


def sources(
    session: Session,
    viewer: Viewer,
    filters: Filters,
    now: Collection[int],
    before: Collection[int],
    *,
    money: bool = False,
) -> pd.DataFrame:
    """Per source: referrals (and money) in the months `now`, `before` and in `both`, where the two overlap.

    Practice 0 holds what matched nobody, and what came from no practice.
    """
    rollup = rollup_of(practices=True, details=_details(filters, ()))
    measures = {"received": func.sum(rollup.received), **(_money(rollup, viewer) if money else {})}
    periods = {"now": now, "before": before, "both": set(now) & set(before)}
    parts = [
        select(rollup.practice_id, literal(name).label("period"), *(c.label(n) for n, c in measures.items()))
        .where(*_conditions(rollup, viewer, filters, months))
        .group_by(rollup.practice_id)
        for name, months in periods.items()
        if months or name == "now"
    ]
    totals = union_all(*parts).subquery()
    frame = _frame(
        session,
        _with_practice(totals, ["period", *measures]),
        ["practice", *SOURCE, "period", *measures],
        floats=MONEY,
    )
    return _side_by_side(frame, list(measures), list(periods))


def _side_by_side(frame: pd.DataFrame, measures: list[str], periods: list[str]) -> pd.DataFrame:
    """One row per source out of one per source and period: `now`, `before`, `paid_now`, `paid_before`, ..."""
    names = frame.drop_duplicates("practice").set_index("practice")[[*SOURCE]]
    for period in periods:
        sums = frame[frame["period"] == period].set_index("practice")[measures].reindex(names.index, fill_value=0)
        for measure in measures:
            names[period if measure == "received" else f"{measure}_{period}"] = sums[measure]
    return names.reset_index()


def waits(
    session: Session,
    viewer: Viewer,
    filters: Filters,
    months: Collection[int],
    *keys: str,
    practices: Collection[int] | None = None,
    wait: Wait = Wait.APPOINTMENT,
) -> pd.DataFrame:
    """How many referrals waited how many days, from received to appointment unless another wait is asked for."""
    of_practices = practices is not None or _is_of_practices(viewer, filters, keys)
    rollup = waits_of(wait, practices=of_practices)
    by = [*(getattr(rollup, KEYS[key]) for key in keys), rollup.days]
    query = select(*by, func.sum(rollup.referrals)).where(*_conditions(rollup, viewer, filters, months))
    if practices is not None:
        query = query.where(practice_key(rollup).in_(practices))
    return _frame(session, query.group_by(*by), [*keys, "days", "referrals"])


def visits(session: Session, viewer: Viewer, filters: Filters, months: Collection[int]) -> pd.DataFrame:
    """Visits made or tried, per month, mode and state. Line, site and payer do not apply to visits."""
    # Grouped by day, which is in the index; working out the month of every visit would take five times as long.
    by = (Visit.visit_on, Visit.state, Visit.mode)
    query = select(*by, func.count()).where(*_visit_conditions(viewer, filters, months)).group_by(*by)
    days = _frame(session, query, ["day", "state", "mode", "visits"], texts=("day", "mode", "state"))
    days["month"] = [month_of(day) for day in days["day"]]
    sums: pd.DataFrame = days.groupby(["month", "mode", "state"], as_index=False)[["visits"]].sum()
    return sums


def visited(session: Session, viewer: Viewer, filters: Filters, months: Collection[int], limit: int) -> pd.DataFrame:
    """The practices visited most in these months, with the number of visits and the last day."""
    made = Visit.state == VisitState.DONE
    number, last = func.count().label("visits"), func.max(Visit.visit_on).label("last_on")
    totals = (
        select(Visit.practice_id, number, last)
        .where(*_visit_conditions(viewer, filters, months), made)
        .group_by(Visit.practice_id)
        .order_by(number.desc(), last.desc(), Visit.practice_id)
        .limit(limit)
        .subquery()
    )
    query = _with_practice(totals, ["visits", "last_on"]).order_by(totals.c.visits.desc(), totals.c.last_on.desc())
    return _frame(session, query, ["practice", *SOURCE, "visits", "last_on"], texts=("last_on",))


def visit_days(session: Session, viewer: Viewer, practice_id: int, first: date) -> pd.DataFrame:
    """Each visit made or tried at one practice since a day."""
    query = select(Visit.visit_on, Visit.mode, Visit.state).order_by(Visit.visit_on)
    query = query.where(Visit.practice_id == practice_id, Visit.visit_on >= first, Visit.state.in_(SPEAKING))
    query = query.where(Visit.practice_id.in_(scope_practices(select(Practice.id), viewer)))
    return _frame(session, query, ["day", "mode", "state"], texts=("day", "mode", "state"))


def _chosen(filters: Filters) -> dict[str, Any]:
    """The filters that are set, by key."""
    values = {"line": filters.line, "site": filters.site, "payer": filters.payer, "practice": filters.source}
    return {key: value for key, value in values.items() if value is not None}


def _is_of_practices(viewer: Viewer, filters: Filters, keys: Collection[str]) -> bool:
    """Whether an answer depends on the practice."""
    return "practice" in {*keys, *_chosen(filters)} or _places(viewer, filters) is not None


def _details(filters: Filters, keys: Collection[str]) -> set[str]:
    """On which of service line, site and payer an answer depends."""
    return {KEYS[key] for key in DETAILS & {*keys, *_chosen(filters)}}


def _money(rollup: Any, viewer: Viewer) -> dict[str, ColumnElement[Any]]:
    if not viewer.sees_revenue:
        return {}
    # As floating numbers: a sum of absurd amounts must not overflow the database's integers.
    sums = {name: func.sum(as_type(getattr(rollup, f"{name}_cents"), Double)) for name in MONEY}
    return {**sums, "priced": func.sum(rollup.priced)}


def _conditions(rollup: Any, viewer: Viewer, filters: Filters, months: Collection[int]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [rollup.month.in_(sorted(months)), is_shown(rollup)]
    for key, value in _chosen(filters).items():
        column = practice_key(rollup) if key == "practice" and value else getattr(rollup, KEYS[key])
        found.append(column == value)
    places = _places(viewer, filters)
    return found if places is None else [*found, practice_key(rollup).in_(places)]


def _places(viewer: Viewer, filters: Filters) -> Select[int] | None:
    """The practices that a viewer sees within the filter's territory; None when that leaves nothing out."""
    query = scope_practices(select(Practice.id), viewer)
    if filters.territory is not None:
        return query.where(Practice.territory_id == filters.territory)
    return None if viewer.territory_ids is None else query


def _visit_conditions(viewer: Viewer, filters: Filters, months: Collection[int]) -> list[ColumnElement[bool]]:
    if not months:
        return [Visit.id.is_(None)]
    first, after = month_start(min(months)), month_start(max(months) + 1)
    found = [Visit.visit_on >= first, Visit.visit_on < after, Visit.state.in_(SPEAKING)]
    if set(months) != set(range(min(months), max(months) + 1)):
        found.append(_visit_month().in_(sorted(months)))
    if filters.source is not None:
        found.append(Visit.practice_id == filters.source)
    places = _places(viewer, filters)
    return found if places is None else [*found, Visit.practice_id.in_(places)]


def _visit_month() -> ColumnElement[int]:
    return extract("year", Visit.visit_on) * 12 + extract("month", Visit.visit_on) - 1


def _with_practice(totals: Subquery, names: list[str]) -> Select[Any]:
    """The totals by `practice_id`, each with the practice's name, town and tier."""
    columns = [totals.c.practice_id, Practice.name, Practice.city, Practice.tier, *(totals.c[name] for name in names)]
    return select(*columns).outerjoin(Practice, Practice.id == totals.c.practice_id)


def _frame(
    session: Session,
    query: Any,
    columns: list[str],
    *,
    floats: tuple[str, ...] = (),
    texts: tuple[str, ...] = (),
) -> pd.DataFrame:
    """The rows of a query; sums are whole numbers but for money, whatever type the database gives them."""
    frame = pd.DataFrame([tuple(row) for row in session.execute(query)], columns=columns)
    for column in columns:
        if column in texts or column in (*SOURCE, "payer", "period"):
            frame[column] = frame[column].astype(object)
        else:
            frame[column] = frame[column].astype("float64" if column in floats else "int64")
    return frame
