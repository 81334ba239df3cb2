"""Reads of single referral rows, and of service lines and sites."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core.errors import NotFound
from crm.core.paging import PAGE_SIZE, Page, page_number
from crm.directory.models import Practice, Provider
from crm.directory.queries import MAX_ID
from crm.referrals.list_filters import RowFilter
from crm.referrals.models import (
    TYPED_IN,
    Referral,
    ReferralImport,
    ReferralSource,
    ReferralStatus,
    ServiceLine,
    Site,
    SourceKind,
)
from crm.referrals.queries import is_counted, is_shown, of_import, practice_key, rollup_of
from crm.referrals.rollup_models import ReferralTotalMonth


def rows_query(viewer: Viewer, chosen: RowFilter) -> Select[Any]:
    """The rows that a viewer sees, the newest first, each with the names that a list shows. Money only by right."""
    money: tuple[Any, ...] = (Referral.revenue_cents, Referral.revenue_kind) if viewer.sees_revenue else ()
    query: Any = (
        select(
            Referral.id,
            (Referral.id - TYPED_IN).label("number"),
            Referral.month,
            Referral.received_on,
            Referral.practice_id,
            Practice.name.label("practice"),
            ReferralSource.kind.label("source_kind"),
            func.coalesce(func.nullif(ReferralSource.name, ""), ReferralSource.provider_name, "").label("source_name"),
            ReferralSource.npi.label("source_npi"),
            Provider.first_name,
            Provider.last_name,
            Provider.credentials,
            ServiceLine.name.label("line"),
            ServiceLine.position,
            Site.name.label("site"),
            Referral.payer,
            Referral.status,
            Referral.appointment_on,
            Referral.seen_on,
            Referral.report_sent_on,
            Referral.count,
            Referral.import_id,
            ReferralImport.file_name,
            *money,
        )
        .outerjoin(Practice, Practice.id == Referral.practice_id)
        .outerjoin(Provider, Provider.id == Referral.provider_id)
        .outerjoin(ServiceLine, ServiceLine.id == Referral.service_line_id)
        .outerjoin(ReferralSource, ReferralSource.id == Referral.source_id)
        .outerjoin(Site, Site.id == Referral.site_id)
        .outerjoin(ReferralImport, ReferralImport.id == Referral.import_id)
        .order_by(Referral.month.desc(), Referral.id.desc())
    )
    filtered: Select[Any] = _filtered(_scoped(query.where(is_counted()), viewer), chosen)
    return filtered


def rows_in_pieces(session: Session, viewer: Viewer, chosen: RowFilter, size: int) -> Iterator[Any]:
    """All rows of the list, read in pieces. No transaction is open while a piece is handed on: on SQLite a reader
    whose client is slow would keep everybody else from writing."""
    query, last = rows_query(viewer, chosen).limit(size), None
    while True:
        after = query if last is None else query.where(_is_after(*last))
        rows = session.execute(after).all()
        session.rollback()
        yield from rows
        if len(rows) < size:
            return
        last = rows[-1].month, rows[-1].id


def _is_after(month: int, row_id: int) -> ColumnElement[bool]:
    return or_(Referral.month < month, and_(Referral.month == month, Referral.id < row_id))


def _scoped(query: Any, viewer: Viewer) -> Any:
    """Rows without a known source belong to no territory, so only who sees all territories sees them."""
    return query if viewer.territory_ids is None else query.where(Practice.territory_id.in_(viewer.territory_ids))


def _filtered(query: Any, chosen: RowFilter) -> Any:
    equals = {
        Referral.practice_id: chosen.source,
        Practice.territory_id: chosen.territory,
        Referral.status: chosen.status,
        Referral.service_line_id: chosen.line,
        Referral.site_id: chosen.site,
        Referral.payer: chosen.payer,
    }
    # A count that a newer file took away is no referral.
    query = query.where(Referral.count > 0)
    for column, value in equals.items():
        query = _equal(query, column, value)
    if chosen.batch is not None:
        query = query.where(of_import(chosen.batch))
    query = _within_months(query, Referral.month, chosen)
    if chosen.ended:
        query = query.where(Referral.status.in_((ReferralStatus.DECLINED, ReferralStatus.LOST)))
    if chosen.booked:
        query = query.where(Referral.received_on.is_not(None), Referral.appointment_on.is_not(None))
    if chosen.reported:
        query = query.where(Referral.seen_on.is_not(None), Referral.report_sent_on.is_not(None))
    if chosen.kind is not None:
        query = query.where(_is_of_kind(chosen.kind))
    if chosen.unmatched:
        query = query.where(Referral.practice_id.is_(None), _is_of_kind(SourceKind.PRACTICE))
    return query


def _is_of_kind(kind: SourceKind) -> ColumnElement[bool]:
    """Rows that were typed in have no source of a file: they came from a practice."""
    source = func.coalesce(Referral.source_id, 0)
    if kind is SourceKind.PRACTICE:
        return source.not_in(select(ReferralSource.id).where(ReferralSource.kind != kind))
    return source.in_(select(ReferralSource.id).where(ReferralSource.kind == kind))


def _equal(query: Any, column: Any, value: Any) -> Any:
    """None is any value, 0 stands for none."""
    if value is None:
        return query
    return query.where(column.is_(None) if value == 0 else column == value)


def _within_months(query: Any, month: Any, chosen: RowFilter) -> Any:
    if chosen.month is not None:
        query = query.where(month == chosen.month)
    if chosen.first is not None:
        query = query.where(month >= chosen.first)
    return query if chosen.last is None else query.where(month <= chosen.last)


def list_rows(session: Session, viewer: Viewer, chosen: RowFilter, number: int | None) -> Page[Any]:
    """One page of the list, the newest first. Its place is found by the counts of months, so that no page has to walk
    over more rows than one month holds."""
    months = rows_by_month(session, viewer, chosen)
    total = sum(months.values())
    number = page_number(number, total, PAGE_SIZE)
    skipped, first = (number - 1) * PAGE_SIZE, max(months, default=0)
    for month in sorted(months, reverse=True):
        first = month
        if skipped < months[month]:
            break
        skipped -= months[month]
    query = rows_query(viewer, chosen).where(Referral.month <= first).limit(PAGE_SIZE).offset(skipped)
    return Page(session.execute(query).all(), number, PAGE_SIZE, total)


def rows_by_month(session: Session, viewer: Viewer, chosen: RowFilter) -> dict[int, int]:
    """How many rows the list has in each month: out of the rollups, except by what they do not tell apart."""
    query = _rolled_up(viewer, chosen) if _is_in_rollups(chosen) else _counted(viewer, chosen)
    return {int(month): int(count) for month, count in session.execute(query)}


def _is_in_rollups(chosen: RowFilter) -> bool:
    """They know neither status, steps and imports of single rows, nor which rows without a practice came from one."""
    flags = chosen.booked or chosen.reported or chosen.ended or chosen.unmatched
    return chosen.status is None and chosen.batch is None and chosen.kind is None and not flags


def _counted(viewer: Viewer, chosen: RowFilter) -> Any:
    query: Any = select(Referral.month, func.count()).where(is_counted()).group_by(Referral.month)
    if not _sees_all_places(viewer, chosen):
        query = query.outerjoin(Practice, Practice.id == Referral.practice_id)
    return _filtered(_scoped(query, viewer), chosen)


def _rolled_up(viewer: Viewer, chosen: RowFilter) -> Any:
    keys = {"practice_id": chosen.source, "service_line_id": chosen.line, "site_id": chosen.site, "payer": chosen.payer}
    chosen_keys = {name: value for name, value in keys.items() if value is not None}
    of_practices = chosen.source is not None or not _sees_all_places(viewer, chosen)
    rollup = rollup_of(practices=of_practices, details=chosen_keys.keys() - {"practice_id"})
    query: Any = select(rollup.month, func.sum(rollup.entries)).where(is_shown(rollup)).group_by(rollup.month)
    query = query.where(
        *(getattr(rollup, name) == value for name, value in chosen_keys.items() if name != "practice_id")
    )
    if chosen.source:
        query = query.where(practice_key(rollup) == chosen.source)
    if chosen.source == 0:
        query = query.where(rollup.practice_id == 0)
    if not _sees_all_places(viewer, chosen):
        query = query.outerjoin(Practice, Practice.id == practice_key(rollup))
        query = _scoped(_equal(query, Practice.territory_id, chosen.territory), viewer)
    return _within_months(query, rollup.month, chosen)


def _sees_all_places(viewer: Viewer, chosen: RowFilter) -> bool:
    return viewer.territory_ids is None and chosen.territory is None


def count_coverage(session: Session, viewer: Viewer) -> tuple[int, int, int]:
    """How many referrals matched a practice, how many there are, and how many of them came from no practice; over all
    time, from the rollup. Nothing for who does not see all territories."""
    if viewer.territory_ids is not None:
        return 0, 0, 0
    rollup = ReferralTotalMonth
    sums = select(func.sum(rollup.matched), func.sum(rollup.received), func.sum(rollup.apart))
    known, total, apart = session.execute(sums.where(is_shown(rollup))).one()
    return int(known or 0), int(total or 0), int(apart or 0)


def get_typed_in(session: Session, viewer: Viewer, number: int) -> Referral:
    """A row that somebody typed in, of a practice in the viewer's scope; imported rows are changed by their files."""
    query = select(Referral).outerjoin(Practice, Practice.id == Referral.practice_id)
    found: Referral | None = session.scalars(_scoped(query.where(Referral.id == TYPED_IN + number), viewer)).first()
    if found is None:
        raise NotFound("There is no such referral that was typed in.")
    return found


def find_provider(session: Session, provider_id: int) -> Provider | None:
    """A provider, for a label."""
    return session.get(Provider, provider_id)


def list_service_lines(session: Session) -> list[ServiceLine]:
    """All service lines in the order of their colours."""
    return list(session.scalars(select(ServiceLine).order_by(ServiceLine.position, ServiceLine.name)))


def list_sites(session: Session) -> list[Site]:
    """All sites by name."""
    return list(session.scalars(select(Site).order_by(Site.name)))


def get_service_line(session: Session, line_id: int) -> ServiceLine:
    """One service line."""
    found = session.get(ServiceLine, line_id) if 0 < line_id <= MAX_ID else None
    if found is None:
        raise NotFound
    return found


def get_site(session: Session, site_id: int) -> Site:
    """One site."""
    found = session.get(Site, site_id) if 0 < site_id <= MAX_ID else None
    if found is None:
        raise NotFound
    return found


def uses_by_line(session: Session) -> dict[int, int]:
    """Referrals per service line, from the rollup."""
    return _uses_by(session, ReferralTotalMonth.service_line_id)


def uses_by_site(session: Session) -> dict[int, int]:
    """Referrals per site, from the rollup."""
    return _uses_by(session, ReferralTotalMonth.site_id)


def _uses_by(session: Session, key: Any) -> dict[int, int]:
    query = select(key, func.sum(ReferralTotalMonth.received)).where(is_shown(ReferralTotalMonth)).group_by(key)
    return {id_: int(count) for id_, count in session.execute(query)}


def is_used(session: Session, thing: ServiceLine | Site) -> bool:
    """Whether any row names a service line or site, also a row that nobody counts yet."""
    column = Referral.service_line_id if isinstance(thing, ServiceLine) else Referral.site_id
    return session.scalar(select(Referral.id).where(column == thing.id).limit(1)) is not None
