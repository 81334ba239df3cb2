"""What becomes of each row of a file: new, changed, unchanged or refused. The check and the import both run this code.

Nothing is written here. Rows come in batches, so memory stays bounded whatever the size of the file.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from sqlalchemy.orm import Session

from crm.core import formats
from crm.core.db import glance
from crm.referrals import import_queries
from crm.referrals.importing.batches import Batch
from crm.referrals.importing.facts import CHOICES, NONE, VALUES, Bools, Facts, Ints, day_number
from crm.referrals.importing.headers import MONEY, Target
from crm.referrals.importing.kept import Block
from crm.referrals.importing.key_pages import newest_ids
from crm.referrals.importing.keys import some_keys
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.matching import Sources
from crm.referrals.importing.names import Names, apart_ids
from crm.referrals.importing.rows import NO_SOURCE, Named, Options, Refusal, RowReader
from crm.referrals.importing.unsaid import VALUES_OF, Part, leaves
from crm.referrals.models import Grain, ReferralStatus, SourceKind

MIDDLE_OF_MONTH = 15
STEPS = tuple(
    CHOICES["status"].index(step) for step in (ReferralStatus.RECEIVED, ReferralStatus.SCHEDULED, ReferralStatus.SEEN)
)
SAID_BY: dict[str, tuple[Target, ...]] = {
    "payer": (Target.PAYER,),
    "status": (Target.STATUS,),
    "appointment_on": (Target.APPOINTMENT_ON,),
    "seen_on": (Target.SEEN_ON,),
    "report_sent_on": (Target.REPORT_SENT_ON,),
    "revenue_cents": tuple(MONEY),
    "revenue_kind": tuple(MONEY),
}


@dataclass
class Versions:
    """Rows to write: their values, their keys, and which came from no practice."""

    facts: Facts
    keys: bytes  # one behind the other
    is_apart: Bools

    def __len__(self) -> int:
        return len(self.facts)


@dataclass
class Changed(Versions):
    """New versions of rows that are there already, with the version before: its number and its values."""

    replaces: list[int]
    before: Facts
    was_apart: Bools


@dataclass
class Outcome:
    """What becomes of one batch of rows."""

    lines: int
    new: Versions
    changed: Changed
    unchanged: int
    refused: list[Refusal]
    unmatched: int
    unknown_sources: Counter[Named]
    months: set[int]


@dataclass
class Plan:
    """Everything that reading the rows of one import needs."""

    blocks: Callable[[], Iterator[Block]]
    columns: list[MappedColumn]
    grain: Grain
    options: Options
    today: date
    sources: Sources
    names: Names
    secret: str
    rows: int  # of the file, as they were counted when it was taken in
    is_counted: bool = False  # its lines are counts that were made of single referrals as the file came in

    def __post_init__(self) -> None:
        self.reader = RowReader(self.columns, self.grain, self.options, self.today)
        mapped = set(self.reader.places)
        said = {name for name in VALUES if not SAID_BY.get(name) or mapped & set(SAID_BY[name])}
        if Target.SERVICE_LINE not in mapped and not self.options.service_line:
            said -= {"service_line_id"}
        if Target.SITE not in mapped and not self.options.site:
            said -= {"site_id"}
        self.said = frozenset(said)


def outcome_of(session: Session, plan: Plan, batch: Batch) -> Outcome:
    """What becomes of the rows of a batch, whose names are all known by now. Ends the transaction in which it reads."""
    with glance(session):
        apart = apart_ids(session)
        facts, is_apart = _facts(plan, batch, apart)
        newest = newest_ids(session, batch.keys)
        known = np.flatnonzero(newest)
        stored = import_queries.read_facts(session, newest[known])
    rows = batch.rows
    unsaid = rows.columns["unsaid"]
    after = _merged(plan, stored, facts.take(known), unsaid[known])
    differs = after.differ_from(stored) & (not batch.are_children)
    changed = known[differs]
    fresh, nameless, nothing = _fresh(newest == 0, unsaid, facts)
    is_unmatched = (facts["practice_id"] == NONE) & ~is_apart & ~leaves(unsaid, Part.SOURCE) & (facts["count"] > 0)
    skipped = nothing if plan.is_counted else 0
    return Outcome(
        lines=rows.lines - skipped,
        new=Versions(facts.take(fresh), some_keys(batch.keys, fresh), is_apart[fresh]),
        changed=Changed(
            after.take(differs), some_keys(batch.keys, changed),
            np.isin(after["source_id"][differs], apart), newest[changed].tolist(), stored.take(differs),
            np.isin(stored["source_id"][differs], apart),
        ),
        unchanged=len(known) - len(changed) + nothing - skipped + batch.repeated,
        refused=rows.refused + [Refusal(line, "", NO_SOURCE) for line in rows.numbers[nameless].tolist()],
        unmatched=int(is_unmatched.sum()),
        unknown_sources=_unknown(batch, is_unmatched),
        months=set(np.unique(np.concatenate([facts["month"][fresh], after["month"]])).tolist()),
    )  # fmt: skip


def _fresh(is_new: Bools, unsaid: Ints, facts: Facts) -> tuple[Ints, Ints, int]:
    """The rows that are not there yet, those of them that go on with a referral which nobody told of, and how many
    others say that there is nothing, where nothing is."""
    is_nameless = is_new & leaves(unsaid, Part.SOURCE)
    has_money = (facts["revenue_cents"] != NONE) & (facts["revenue_cents"] != 0)
    is_nothing = is_new & ~is_nameless & (facts["count"] == 0) & ~has_money
    return np.flatnonzero(is_new & ~is_nameless & ~is_nothing), np.flatnonzero(is_nameless), int(is_nothing.sum())


def _facts(plan: Plan, batch: Batch, apart: Ints) -> tuple[Facts, Bools]:
    """The rows as they are stored, with numbers for names; and which came from no practice: as the file says, or as a
    person said of their source."""
    rows = batch.rows
    names = plan.names.columns(rows)
    of_source = np.array([source.kind != SourceKind.PRACTICE for source in rows.sources] or [False], dtype=bool)
    is_apart = of_source[rows.columns["source"]] | np.isin(names["source_id"], apart)
    columns = {**rows.columns, **names, "practice_id": np.where(is_apart, NONE, rows.columns["practice_id"])}
    return Facts({name: columns[name] for name in VALUES}), is_apart


def match(sources: Sources, batch: Batch) -> None:
    """Add the practice and the provider of each row, as the directory knows them. Pure."""
    columns = batch.rows.columns
    found = sources.match_rows(batch.rows.sources, columns["source"], _days(columns))
    columns["practice_id"], columns["provider_id"] = found


def _days(columns: dict[str, Ints]) -> Ints:
    """The day as of which a source is looked up: of a monthly count, the middle of its month."""
    months = {
        month: day_number(formats.month_start(month).replace(day=MIDDLE_OF_MONTH))
        for month in np.unique(columns["month"]).tolist()
    }
    if (columns["received_on"] != NONE).all():
        return columns["received_on"]
    middles = np.array([months[month] for month in columns["month"].tolist()], dtype=np.int64)
    return np.where(columns["received_on"] == NONE, middles, columns["received_on"])


def _merged(plan: Plan, before: Facts, after: Facts, unsaid: Ints) -> Facts:
    """The new versions of rows: what the file says in place of what was there, and the rest as it was; of a message,
    what it leaves `unsaid`.

    A file without a status column only ever moves a referral forward. A source that is no longer recognized (its
    affiliation ended, say) stays where it was, as long as the file names it as before.
    """
    now = {name: after[name] if name in plan.said else before[name] for name in VALUES}
    if "status" not in plan.said:
        now["status"] = _further(before["status"], after["status"])
    for part, names in VALUES_OF.items() if unsaid.any() else ():
        for name in names:
            now[name] = np.where(leaves(unsaid, part), before[name], now[name])
    stays = (now["practice_id"] == NONE) & (before["practice_id"] != NONE) & (before["source_id"] == now["source_id"])
    for name in ("practice_id", "provider_id"):
        now[name] = np.where(stays, before[name], now[name])
    return Facts(now)


def _further(was: Ints, now: Ints) -> Ints:
    """The later of two steps; declined and lost stay what they are."""
    rank = np.full(len(CHOICES["status"]), -1, dtype=np.int64)
    rank[list(STEPS)] = np.arange(len(STEPS))
    moves = (rank[was] >= 0) & (rank[now] > rank[was])
    return np.where(moves, now, was)


def _unknown(batch: Batch, rows: Bools) -> Counter[Named]:
    """The sources of rows that match no practice."""
    places, counts = np.unique(batch.rows.columns["source"][rows], return_counts=True)
    named = [batch.rows.sources[place] for place in places.tolist()]
    return Counter(dict(zip(named, counts.tolist(), strict=True)))
