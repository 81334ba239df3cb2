"""The dry run of an import: reads the rows exactly as the import will, writes none, sums up what would happen."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import delete
from sqlalchemy.orm import Session

from crm.core.db import glance, turn
from crm.jobs.run import Checkpoint
from crm.referrals.importing.facts import Facts
from crm.referrals.importing.headers import Target
from crm.referrals.importing.mapping import missing
from crm.referrals.importing.outcome import Changed, Outcome, outcome_of
from crm.referrals.importing.rows import Named, Refusal
from crm.referrals.importing.unmatched import SHOWN, Unmatched, by_source, described
from crm.referrals.importing.vanished import Held, vanished
from crm.referrals.importing.writing import REFUSALS, STEP_ROWS, Tally, batches_of, load_refusals, plan_of
from crm.referrals.models import Grain, ReferralImport
from crm.referrals.preview_queries import received_by_month

SHOWN_LINES = 3


@dataclass
class Summary:
    """What an import would do, as it is kept beside the mapping and shown on the check page."""

    tally: Tally = field(default_factory=Tally)
    refusals: list[Refusal] = field(default_factory=list)
    sources: Counter[Named] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    changes: Counter[int] = field(default_factory=Counter)  # referrals more or fewer, by month
    received: dict[int, int] = field(default_factory=dict)  # referrals that there are now, by month

    def add(self, outcome: Outcome) -> None:
        """Count one more batch."""
        self.tally.add(outcome)
        self.refusals += outcome.refused
        self.sources.update(outcome.unknown_sources)
        for facts, sign in ((outcome.new.facts, 1), (outcome.changed.facts, 1), (outcome.changed.before, -1)):
            self._change(facts, sign)

    def lose(self, changed: Changed, *, is_counted: bool) -> None:
        """Note counts of earlier files that this one does not have."""
        self.tally.lose(changed)
        if is_counted:
            self._change(changed.before, -1)

    def _change(self, facts: Facts, sign: int) -> None:
        months, places = np.unique(facts["month"], return_inverse=True)
        counts = np.bincount(places, facts["count"], len(months)).astype(int)
        for month, count in zip(months.tolist(), counts.tolist(), strict=True):
            self.changes[month] += sign * count

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
        sources = by_source(self.sources)
        return {
            "read": tally.read, "new": tally.new, "changed": tally.changed, "unchanged": tally.unchanged,
            "refused": tally.refused, "unmatched": tally.unmatched,
            "first_month": min(tally.months, default=None), "last_month": max(tally.months, default=None),
            "groups": self.groups(), "problems": self.problems,
            "sources": [
                {"key": key, "name": source.name, "city": source.city, "rows": sources[key]}
                for key, source in self.unmatched().items()
            ],
            "source_names": len(sources), "months": self.months(),
            "gone": tally.gone, "gone_referrals": tally.gone_referrals,
        }  # fmt: skip

    def unmatched(self) -> dict[str, Unmatched]:
        """The sources that match no practice, by key, those of the most rows first."""
        return described(self.sources, [key for key, _ in by_source(self.sources).most_common(SHOWN)])


def summarize(session: Session, batch: ReferralImport, checkpoint: Checkpoint | None = None) -> Summary:
    """Run an import dry; it only reads. With a checkpoint it does so a moment for each batch, and others may write
    meanwhile; without, in the transaction that is open, which may have made the import itself."""
    summary = Summary(problems=mapping_problems(batch))
    if not summary.problems:
        plan, total, import_id, held = plan_of(session, batch), batch.read_rows, batch.id, Held()
        note = checkpoint or (lambda _done, _total: None)
        if checkpoint:
            session.rollback()
        for rows in batches_of(plan):
            plan.names.imagine(session, rows.rows)
            summary.add(outcome_of(session, plan, rows))
            if plan.grain is Grain.MONTH:
                held.add(rows, plan.names)
            note(summary.tally.read, total)
        for changed in vanished(session, import_id, held, is_counted=plan.is_counted):
            summary.lose(changed, is_counted=plan.is_counted)
        with glance(session):
            summary.received = received_by_month(session, summary.changes)
    return summary


def keep_refusals(session: Session, import_id: int, refusals: list[Refusal]) -> None:
    """Keep the rows with a problem for the list of reasons. Commits its turns."""
    with turn(session):
        session.execute(delete(REFUSALS).where(REFUSALS.c.import_id == import_id))
    for start in range(0, len(refusals), STEP_ROWS):
        with turn(session):
            load_refusals(session, import_id, refusals[start : start + STEP_ROWS])


def mapping_problems(batch: ReferralImport) -> list[str]:
    """What must be said before any row can be read."""
    targets = [Target(column["target"]) for column in batch.mapping["columns"]]
    return missing(targets, batch.grain, has_month=batch.mapping.get("options", {}).get("month") is not None)
