"""The values of a referral row as an import compares, replaces, keeps and restores them. Pure."""

from collections.abc import Sequence
from datetime import date
from enum import Enum
from typing import Any

from crm.referrals.models import PayerClass, ReferralStatus, RevenueKind

VALUES = (
    "month", "received_on", "practice_id", "provider_id", "source_name", "source_npi", "service_line_id", "site_id",
    "payer", "status", "appointment_on", "seen_on", "report_sent_on", "count", "revenue_cents", "revenue_kind",
)  # fmt: skip
DAYS = {"received_on", "appointment_on", "seen_on", "report_sent_on"}
CHOICES: dict[str, type[Enum]] = {"payer": PayerClass, "status": ReferralStatus, "revenue_kind": RevenueKind}
STEPS = (ReferralStatus.RECEIVED, ReferralStatus.SCHEDULED, ReferralStatus.SEEN)


def to_json(values: Sequence[Any]) -> dict[str, Any]:
    """A version as it is kept in `referral_superseded`."""
    return {name: _plain(value) for name, value in zip(VALUES, values, strict=True)}


def from_json(stored: dict[str, Any]) -> dict[str, Any]:
    """The values of a kept version."""
    return {name: _value(name, stored.get(name)) for name in VALUES}


def merged(before: Sequence[Any], after: dict[str, Any], said: frozenset[str]) -> tuple[Any, ...]:
    """The new version of a row: what the file says in place of what was there, and the rest as it was.

    A file without a status column only ever moves a referral forward. A source that is no longer recognized (its
    affiliation ended, say) stays where it was, as long as the file names it as before.
    """
    was = dict(zip(VALUES, before, strict=True))
    now = {name: after[name] if name in said else was[name] for name in VALUES}
    if "status" not in said:
        now["status"] = _further(was["status"], after["status"])
    is_same_source = (was["source_npi"], was["source_name"]) == (now["source_npi"], now["source_name"])
    if now["practice_id"] is None and was["practice_id"] is not None and is_same_source:
        now["practice_id"], now["provider_id"] = was["practice_id"], was["provider_id"]
    return tuple(now[name] for name in VALUES)


def _further(was: ReferralStatus, now: ReferralStatus) -> ReferralStatus:
    if was in STEPS and now in STEPS:
        return STEPS[max(STEPS.index(was), STEPS.index(now))]
    return was


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def _value(name: str, stored: Any) -> Any:
    if stored is None:
        return None
    if name in DAYS:
        return date.fromisoformat(stored)
    return CHOICES[name](stored) if name in CHOICES else stored
