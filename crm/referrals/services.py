"""Writes of single referrals and monthly counts that are typed in, and of service lines and sites."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.accounts.queries import get_organization
from crm.accounts.viewer import Viewer
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock, formats
from crm.core.errors import Conflict, Invalid
from crm.directory.models import Affiliation
from crm.directory.queries import get_practice
from crm.referrals import layers, row_queries
from crm.referrals.importing.facts import VALUES, Facts
from crm.referrals.importing.names import LAST_POSITION
from crm.referrals.importing.rows import MAX_AHEAD
from crm.referrals.importing.sums import Sums
from crm.referrals.importing.values import MAX_COUNT, OLDEST_YEAR
from crm.referrals.models import (
    TYPED_IN,
    PayerClass,
    Referral,
    ReferralStatus,
    RevenueKind,
    ServiceLine,
    Site,
)
from crm.referrals.rollup import wait_for_others

IDENTIFYING = ("practice_id", "month", "provider_id", "service_line_id", "site_id", "payer", "status")


@dataclass(frozen=True)
class Entry:
    """What somebody types in: one referral with its day, or the count of a month."""

    practice_id: int
    received_on: date | None = None
    month: int | None = None
    count: int = 1
    provider_id: int | None = None
    service_line_id: int | None = None
    site_id: int | None = None
    payer: PayerClass = PayerClass.UNKNOWN
    status: ReferralStatus = ReferralStatus.RECEIVED
    appointment_on: date | None = None
    seen_on: date | None = None
    report_sent_on: date | None = None
    revenue_cents: int | None = None
    revenue_kind: RevenueKind | None = None


@dataclass(frozen=True)
class LineValue:
    """What a referral of a service line is worth on average, and what kind of money that is; both or none."""

    cents: int | None = None
    kind: RevenueKind | None = None


def enter_referral(session: Session, viewer: Viewer, entry: Entry) -> tuple[Referral, int | None]:
    """Type in one referral or a month's count. A count for the same month, source and kind replaces the earlier one,
    whose number is returned beside the row."""
    _check_entry(session, viewer, entry)
    if entry.received_on is not None:
        _check_singles_are_kept(session)
    number = _next_id(session)
    row = _find_count(session, entry)
    replaced = row.count if row else None
    if row is None:
        row = Referral(id=number, import_id=None)
    _write(session, viewer, row, entry, Action.CREATED if replaced is None else Action.CHANGED)
    return row, replaced


def change_referral(session: Session, viewer: Viewer, row: Referral, entry: Entry) -> None:
    """Correct a row that was typed in."""
    _check_entry(session, viewer, entry)
    if entry.received_on is not None and row.received_on is None:
        _check_singles_are_kept(session)
    wait_for_others(session)
    other = _find_count(session, entry)
    if other is not None and other.id != row.id:
        raise Invalid(month="There is a count for this source and month already. Change that one.")
    _write(session, viewer, row, entry, Action.CHANGED)


def delete_referral(session: Session, row: Referral) -> None:
    """Remove a row that was typed in."""
    record(session, Action.DELETED, "referral", object_id=row.number, label=formats.month(row.month), count=row.count)
    sums = Sums()
    _count(sums, row, -1)
    session.delete(row)
    session.flush()
    layers.apply(session, sums)


def _write(session: Session, viewer: Viewer, row: Referral, entry: Entry, action: Action) -> None:
    practice = get_practice(session, viewer, entry.practice_id)
    sums = Sums()
    if action is Action.CHANGED:
        _count(sums, row, -1)
    row.practice_id = practice.id
    row.received_on = entry.received_on
    row.month = formats.month_of(entry.received_on) if entry.received_on else entry.month or 0
    row.count = 1 if entry.received_on else entry.count
    row.provider_id, row.service_line_id, row.site_id = entry.provider_id, entry.service_line_id, entry.site_id
    row.payer, row.status = entry.payer, entry.status
    row.appointment_on, row.seen_on, row.report_sent_on = entry.appointment_on, entry.seen_on, entry.report_sent_on
    if viewer.sees_revenue:
        row.revenue_cents = entry.revenue_cents
        row.revenue_kind = entry.revenue_kind if entry.revenue_cents is not None else None
    session.add(row)
    session.flush()
    record(
        session,
        action,
        "referral",
        object_id=row.number,
        label=f"{practice.name}, {formats.month(row.month)}",
        count=row.count,
    )
    _count(sums, row, 1)
    layers.apply(session, sums)


def _count(sums: Sums, row: Referral, sign: int) -> None:
    facts = Facts.of_rows([[getattr(row, name) for name in VALUES]])
    sums.add(facts, np.zeros(1, dtype=bool), sign)


def _find_count(session: Session, entry: Entry) -> Referral | None:
    """The count of a month that was typed in before for the same source and kind; single referrals are each their own.
    Whoever types in waits for others, so no two write the same."""
    if entry.received_on is not None:
        return None
    same = [getattr(Referral, name).is_not_distinct_from(getattr(entry, name)) for name in IDENTIFYING]
    query = select(Referral).where(Referral.id >= TYPED_IN, Referral.received_on.is_(None), *same)
    return session.scalars(query).first()


def _next_id(session: Session) -> int:
    """Whoever types in waits for others who do, so no two get the same."""
    wait_for_others(session)
    last = session.scalar(select(func.max(Referral.id)).where(Referral.id >= TYPED_IN))
    return TYPED_IN + 1 if last is None else last + 1


def _check_singles_are_kept(session: Session) -> None:
    if get_organization(session).counts_only:
        raise Invalid(kind="Your organization keeps counts only. Type in the count of a month.")


def _check_entry(session: Session, viewer: Viewer, entry: Entry) -> None:
    practice = get_practice(session, viewer, entry.practice_id)
    faults = _faults_of_days(entry)
    if not 0 <= entry.count <= MAX_COUNT:
        faults["count"] = f"A whole number from 0 to {MAX_COUNT:,}."
    if entry.provider_id is not None and not _works_there(session, entry.provider_id, practice.id):
        faults["provider_id"] = "This provider does not work at that practice."
    if entry.revenue_cents is not None and entry.revenue_kind is None:
        faults["revenue_kind"] = "Say what the amount is: billed, paid or net."
    if faults:
        raise Invalid(**faults)


def _faults_of_days(entry: Entry) -> dict[str, str]:
    faults: dict[str, str] = {}
    today = clock.today()
    if entry.received_on is None:
        if entry.month is None:
            faults["month"] = "Say which month."
        elif entry.month > formats.month_of(today) or entry.month < OLDEST_YEAR * 12:
            faults["month"] = "Choose this month or an earlier one."
        return faults
    if not date(OLDEST_YEAR, 1, 1) <= entry.received_on <= today:
        faults["received_on"] = "Choose today or an earlier day."
    if entry.appointment_on and not entry.received_on <= entry.appointment_on <= today + MAX_AHEAD:
        faults["appointment_on"] = "The appointment cannot be before the referral was received, nor years ahead."
    if entry.seen_on and not entry.received_on <= entry.seen_on <= today:
        faults["seen_on"] = "Seen between the day of the referral and today."
    if entry.report_sent_on and not (entry.seen_on or entry.received_on) <= entry.report_sent_on <= today:
        faults["report_sent_on"] = "Sent between the day seen and today."
    return faults


def _works_there(session: Session, provider_id: int, practice_id: int) -> bool:
    query = select(Affiliation.id).where(Affiliation.provider_id == provider_id, Affiliation.practice_id == practice_id)
    return session.scalars(query).first() is not None


def save_service_line(
    session: Session, line: ServiceLine | None, name: str, position: int | None = None
) -> ServiceLine:
    """Add a service line or give one another name or colour place."""
    _check_name(session, ServiceLine, line, name)
    if line is None:
        used = len(row_queries.list_service_lines(session))
        line = ServiceLine(position=min(used + 1, LAST_POSITION))
        session.add(line)
    line.name = name
    if position is not None:
        line.position = position
    session.flush()
    return line


def value_service_line(session: Session, viewer: Viewer, line: ServiceLine, value: LineValue) -> None:
    """State, change or remove the average value of a service line; only who sees revenue changes it."""
    if not viewer.sees_revenue:
        return
    if value.cents is not None and value.kind is None:
        raise Invalid(value_kind="Say what the value is: billed, paid or net.")
    if value.cents is None and value.kind is not None:
        raise Invalid(value="Say how much, or that the kind is not said.")
    line.value_cents, line.value_kind = value.cents, value.kind
    session.flush()


def save_site(session: Session, site: Site | None, name: str) -> Site:
    """Add a site or give one another name."""
    _check_name(session, Site, site, name)
    if site is None:
        site = Site()
        session.add(site)
    site.name = name
    session.flush()
    return site


def delete_unused(session: Session, thing: ServiceLine | Site) -> None:
    """Delete a service line or site that no referral names."""
    if row_queries.is_used(session, thing):
        raise Conflict("Referrals name this, so it stays. Give it another name instead.")
    session.delete(thing)
    session.flush()


def _check_name(
    session: Session, model: type[ServiceLine] | type[Site], own: ServiceLine | Site | None, name: str
) -> None:
    query = select(model.id).where(func.lower(model.name) == name.lower(), model.id != (own.id if own else 0))
    if session.scalars(query).first() is not None:
        raise Invalid(name="This name is taken.")
