"""What else taking an import back touches: what came after it, and what one of its rows would be again."""

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from crm.accounts.viewer import Viewer
from crm.core import formats
from crm.directory.models import Practice
from crm.referrals.models import Referral, ReferralImport, ReferralSource, ServiceLine, Site, ids_of
from crm.referrals.queries import of_import

PLAIN = {
    "received_on": "Received on", "status": "Status", "appointment_on": "Appointment", "seen_on": "Seen on",
    "report_sent_on": "Report sent", "payer": "Payer class", "count": "Referrals",
}  # fmt: skip

MODELS: tuple[tuple[str, str, type[Any]], ...] = (
    ("Practice", "practice_id", Practice),
    ("Service line", "service_line_id", ServiceLine),
    ("Site", "site_id", Site),
)


class LaterImport(NamedTuple):
    """An import that changed rows of an earlier one, and how many."""

    id: int
    file_name: str
    rows: int


@dataclass(frozen=True)
class Example:
    """One of the rows that would be put back: whose it is, from when, and what of it changes (what, now, then)."""

    source: str
    when: str
    changes: list[tuple[str, str, str]]


def later_imports(session: Session, import_id: int) -> list[LaterImport]:
    """The imports that changed rows of this one, which stay as those say; the first one first."""
    query = (
        select(ReferralImport.id, ReferralImport.file_name, func.count())
        .join(Referral, Referral.replaced_by == ReferralImport.id)
        .where(of_import(import_id))
        .group_by(ReferralImport.id, ReferralImport.file_name)
        .order_by(ReferralImport.id)
    )
    return [LaterImport(*row) for row in session.execute(query)]


def matched_since(session: Session, batch: ReferralImport) -> list[ReferralSource]:
    """The sources to which people gave a practice after an import, and that no other rows name."""
    ids = ids_of(batch.id)
    # Rows of a source that was matched lie at its practice, and by that they are found quickly.
    of_source = (Referral.practice_id == ReferralSource.practice_id) & (Referral.source_id == ReferralSource.id)
    is_elsewhere = or_(Referral.id < ids.start, Referral.id >= ids.stop)
    query = select(ReferralSource).where(
        ReferralSource.decided_at > batch.finished_at,
        ReferralSource.practice_id.is_not(None),
        select(Referral.id).where(of_source, of_import(batch.id)).exists(),
        ~select(Referral.id).where(of_source, is_elsewhere).exists(),
    )
    return list(session.scalars(query.order_by(ReferralSource.id)))


def find_example(session: Session, viewer: Viewer, import_id: int) -> Example | None:
    """A row that taking an import back would put back, where people see a difference; money only by right."""
    earlier = aliased(Referral)
    query = select(Referral, earlier).join(earlier, earlier.id == Referral.replaces_id)
    query = query.where(of_import(import_id), Referral.replaced_by.is_(None)).order_by(Referral.id)
    found = session.execute(query.limit(1)).first()
    if found is None:
        return None
    now, then = found
    changes = [(label, before, after) for label, before, after in _told(session, viewer, now, then) if before != after]
    source = session.get(Practice, then.practice_id) if then.practice_id else None
    day = formats.day(then.received_on) if then.received_on else formats.month(then.month)
    return Example(source.name if source else "No known practice", day, changes) if changes else None


def _told(session: Session, viewer: Viewer, now: Referral, then: Referral) -> list[tuple[str, str, str]]:
    told = [(label, _words(getattr(now, name)), _words(getattr(then, name))) for name, label in PLAIN.items()]
    for label, name, model in MODELS:
        told.append((label, _name(session, model, getattr(now, name)), _name(session, model, getattr(then, name))))
    if viewer.sees_revenue:
        told.append(("Revenue", _money(now), _money(then)))
    return told


def _words(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, date):
        return formats.day(value)
    return formats.number(value) if isinstance(value, int) else str(value.label)


def _name(session: Session, model: type[Any], id_: int | None) -> str:
    found = session.get(model, id_) if id_ else None
    return found.name if found else "empty"


def _money(row: Referral) -> str:
    if row.revenue_cents is None or row.revenue_kind is None:
        return "empty"
    return f"{formats.money_exact(row.revenue_cents)} {row.revenue_kind.label.lower()}"
