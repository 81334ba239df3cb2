"""The dry run of an import: reads the rows exactly as the import will, writes none, sums up what would happen."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from crm.core.db import glance, turn
from crm.referrals.importing.headers import Target
from crm.referrals.importing.mapping import missing
from crm.referrals.importing.outcome import Outcome, Refusal, outcome_of, pieces
from crm.referrals.importing.writing import REFUSALS, TURN_ROWS, Checkpoint, Tally, plan_of
from crm.referrals.models import ReferralImport
from crm.referrals.preview_queries import counts_of_rows, received_by_month

SHOWN_LINES = 3
SHOWN_SOURCES = 25


@dataclass
class Summary:
    """What an import would do, as it is kept beside the mapping and shown on the check page."""

    tally: Tally = field(default_factory=Tally)
    refusals: list[Refusal] = field(default_factory=list)
    sources: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    changes: Counter[int] = field(default_factory=Counter)  # referrals more or fewer, by month
    received: dict[int, int] = field(default_factory=dict)  # referrals that there are now, by month

    def add(self, outcome: Outcome, before: Mapping[int, tuple[int, int]]) -> None:
        """Count one more piece; `before` tells month and count of the rows that it changes."""
        self.tally.add(outcome)
        self.refusals += outcome.refused
        self.sources.update(outcome.unknown_sources)
        for row in (*outcome.new, *(change.version for change in outcome.changed)):
            self.changes[row["month"]] += row["count"]
        for month, count in before.values():
            self.changes[month] -= count

    def months(self) -> list[dict[str, int]]:
        """What the import changes of each month that it touches, the latest first."""
        touched = sorted((month for month, change in self.changes.items() if change), reverse=True)
        return [
            {
                "month": month,
                "now": self.received.get(month, 0),
                "then": self.received.get(month, 0) + self.changes[month],
            }
            for month in touched
        ]

    def groups(self) -> list[dict[str, Any]]:
        """The refused rows by reason, the commonest first, with the numbers of the first lines."""
        lines: dict[tuple[str, str], list[int]] = {}
        for refusal in self.refusals:
            lines.setdefault((refusal.reason, refusal.column), []).append(refusal.line)
        found = [
            {"reason": reason, "column": column, "rows": len(at), "lines": at[:SHOWN_LINES]}
            for (reason, column), at in lines.items()
        ]
        return sorted(found, key=lambda group: (-len(lines[group["reason"], group["column"]]), str(group["reason"])))

    def as_json(self) -> dict[str, Any]:
        """As it is stored: counts, reasons and lines, and the names of sources that no practice has."""
        tally = self.tally
        return {
            "read": tally.read, "new": tally.new, "changed": tally.changed, "unchanged": tally.unchanged,
            "refused": tally.refused, "unmatched": tally.unmatched,
            "first_month": min(tally.months, default=None), "last_month": max(tally.months, default=None),
            "groups": self.groups(), "problems": self.problems,
            "sources": [{"name": name, "rows": rows} for name, rows in self.sources.most_common(SHOWN_SOURCES)],
            "source_names": len(self.sources), "months": self.months(),
        }  # fmt: skip


def summarize(session: Session, batch: ReferralImport, checkpoint: Checkpoint | None = None) -> Summary:
    """Run an import dry; it only reads. With a checkpoint it does so a moment for each piece, and others may write
    meanwhile; without, in the transaction that is open, which may have made the import itself."""
    summary = Summary(problems=mapping_problems(batch))
    if not summary.problems:
        plan, total = plan_of(session, batch), batch.read_rows
        note = checkpoint or (lambda _done, _total: None)
        if checkpoint:
            session.rollback()
        for piece in pieces(plan):
            plan.names.imagine(plan.names.unknown(row for _, row in piece.rows))
            outcome = outcome_of(session, plan, piece)
            with glance(session):
                before = counts_of_rows(session, [change.referral_id for change in outcome.changed])
            summary.add(outcome, before)
            note(summary.tally.read, total)
        with glance(session):
            summary.received = received_by_month(session, summary.changes)
    return summary


def keep_refusals(session: Session, import_id: int, refusals: list[Refusal]) -> None:
    """Keep the rows with a problem for the list of reasons. Commits its turns."""
    with turn(session):
        session.execute(delete(REFUSALS).where(REFUSALS.c.import_id == import_id))
    for start in range(0, len(refusals), TURN_ROWS):
        rows = [{"import_id": import_id, **row._asdict()} for row in refusals[start : start + TURN_ROWS]]
        with turn(session):
            session.execute(insert(REFUSALS), rows)


def mapping_problems(batch: ReferralImport) -> list[str]:
    """What must be said before any row can be read."""
    targets = [Target(column["target"]) for column in batch.mapping["columns"]]
    return missing(targets, batch.grain, has_month=batch.mapping.get("options", {}).get("month") is not None)
