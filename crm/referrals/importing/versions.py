"""The values of a referral row as an import compares and merges them. Pure."""

from collections.abc import Sequence
from typing import Any

from crm.referrals.models import ReferralStatus

VALUES = (
    "month", "received_on", "practice_id", "provider_id", "source_name", "source_npi", "service_line_id", "site_id",
    "payer", "status", "appointment_on", "seen_on", "report_sent_on", "count", "revenue_cents", "revenue_kind",
)  # fmt: skip
STEPS = (ReferralStatus.RECEIVED, ReferralStatus.SCHEDULED, ReferralStatus.SEEN)


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
