"""The demo's imports and exports: the receipts of files that came in and went out."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import numpy as np

from crm.core.formats import month_start
from crm.demo.rows import Columns, Ints, Row, Rows, generator
from crm.demo.trends import month_numbers
from crm.directory.models import Channel, ContactRole, Tier
from crm.exports.columns import USUAL
from crm.exports.filters import ListFilter
from crm.exports.models import ExportFormat
from crm.exports.suppression import Reason
from crm.referrals.models import Grain, ImportState

REFUSED_REASONS = (
    "The date is not a date",
    "The status is not known",
    "The day lies in the future",
    "There is no source",
)
COLUMNS = {
    "received_on": "Referral Date", "source_name": "Referring Practice", "source_npi": "Referring NPI",
    "service_line": "Department", "site": "Location", "payer": "Insurance Class", "status": "Status",
    "appointment_on": "Appt Date", "seen_on": "Visit Date", "revenue_cents": "Paid Amount",
}  # fmt: skip
EXPORTS = (
    ("Cardiology evening", Channel.EMAIL, "Invitations", ExportFormat.CSV, 214, 31, 40, "Specialty: Cardiology"),
    ("Holiday cards", Channel.MAIL, "Holiday cards", ExportFormat.XLSX, 188, 6, 22, "Role: Office manager"),
    ("Imaging letter", Channel.EMAIL, "Quarterly letter on report times", ExportFormat.XLSX, 61, 9, 9, "Tier: A"),
    ("Scheduling page", Channel.EMAIL, "New online scheduling", ExportFormat.CSV, 143, 17, 2, "Role: Coordinator"),
)  # fmt: skip
LISTS = (
    ("Cardiology referrers", ListFilter(specialty=("Internal medicine", "Family medicine"), at_least=11)),
    ("Office managers, tier A and B", ListFilter(role=(ContactRole.OFFICE_MANAGER,), tier=(Tier.A, Tier.B))),
    ("Not seen for 90 days", ListFilter(channel=Channel.MAIL, unseen=90)),
)
OPTED_OUT_SHARE = 0.7  # of those held back; the others have no address


def import_rows(referrals: Columns, practices: set[int], owner_id: int, seed: int, today: date) -> tuple[Rows, Rows]:
    """One import per month of referrals, with counts that agree with its rows, and the rows that were refused.

    `practices` are the sources that stand for practices, though for none that is known.
    """
    rng = generator(seed, "imports")
    ids = np.array([number or 0 for number in referrals.columns["import_id"]])
    unmatched = np.isin([number or 0 for number in referrals.columns["source_id"]], list(practices))
    imports: Rows = []
    refusals: Rows = []
    for number, month in enumerate(month_numbers(today), start=1):
        of_import = ids == number
        if not of_import.any():
            continue
        refused = int(rng.integers(0, 9))
        added = int(of_import.sum())
        imports.append(_import_row(number, month, added, refused, int((of_import & unmatched).sum()), owner_id, today))
        lines = np.sort(rng.choice(np.arange(2, added + refused + 2), refused, replace=False))
        refusals += _refusals(rng, number, lines, len(refusals))
    return imports, refusals


def _import_row(number: int, month: int, added: int, refused: int, unmatched: int, owner_id: int, today: date) -> Row:
    first = month_start(month)
    day = min(month_start(month + 1) + timedelta(2), today)
    finished = datetime(day.year, day.month, day.day, 11, 24, tzinfo=UTC)
    return {
        "id": number, "file_name": f"referrals-{first:%Y-%m}.csv", "sheet": "", "grain": Grain.EVENT,
        "state": ImportState.DONE,
        "owner_id": owner_id, "job_id": None,
        "mapping": {"columns": COLUMNS, "refused": [], "options": {"revenue_kind": "paid"}},
        "read_rows": added + refused, "added_rows": added, "updated_rows": 0, "unchanged_rows": 0,
        "refused_rows": refused,
        "unmatched_rows": unmatched, "first_month": month, "last_month": month, "finished_at": finished,
        "taken_back_at": None,
        "says": "", "created_at": finished - timedelta(minutes=3), "updated_at": finished,
    }  # fmt: skip


def _refusals(rng: np.random.Generator, import_id: int, lines: Ints, before: int) -> Rows:
    return [
        {
            "id": before + place,
            "import_id": import_id,
            "line": line,
            "column": "Referral Date",
            "reason": REFUSED_REASONS[int(rng.integers(len(REFUSED_REASONS)))],
        }
        for place, line in enumerate(lines.tolist(), start=1)
    ]


def export_rows(owner_id: int, today: date) -> Rows:
    """Who took which people, and how many were held back; the files are gone by now."""
    rows: Rows = []
    for number, (title, channel, purpose, file_format, count, suppressed, days_ago, words) in enumerate(EXPORTS, 1):
        day = today - timedelta(days_ago)
        made = datetime(day.year, day.month, day.day, 14, 5, tzinfo=UTC)
        opted_out = round(suppressed * OPTED_OUT_SHARE)
        rows.append({
            "id": number, "title": title, "owner_id": owner_id, "list_id": None, "job_id": None, "channel": channel,
            "purpose": purpose, "filters": {}, "in_words": [words], "columns": list(USUAL), "file_format": file_format,
            "rows": count, "suppressed": suppressed,
            "reasons": {Reason.OPTED_OUT.value: opted_out, Reason.NO_ADDRESS.value: suppressed - opted_out},
            "sha256": hashlib.sha256(title.encode()).hexdigest(), "finished_at": made, "created_at": made,
            "updated_at": made,
        })  # fmt: skip
    return rows


def list_rows(owner_id: int, since: datetime) -> Rows:
    """Saved contact lists."""
    return [
        {"id": number, "name": name, "owner_id": owner_id, "filters": filters.values(), "retired_on": None,
         "version": 1, "created_at": since, "updated_at": since}
        for number, (name, filters) in enumerate(LISTS, 1)
    ]  # fmt: skip
