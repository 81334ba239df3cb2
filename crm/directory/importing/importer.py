"""The loop of an import: read, understand, apply, store, piece by piece, with constant memory.

Each piece is one transaction of the caller, and the counts go with it: an import that is stopped in the middle can go
on behind the last piece, or simply be run again from the start, for what is in already does not change.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core import bulk
from crm.core.db import glance
from crm.core.errors import Invalid
from crm.directory.importing.applying import apply
from crm.directory.importing.cells import is_blank
from crm.directory.importing.counts import Counts, Outcome
from crm.directory.importing.dac import DacReader
from crm.directory.importing.headers import Layout
from crm.directory.importing.nppes import NppesReader
from crm.directory.importing.reading import NO_ROWS, Row
from crm.directory.importing.rows import FileKind, Reason, Record, RowFilter, Sample
from crm.directory.importing.seen import SeenNumbers
from crm.directory.importing.storing import store
from crm.directory.importing.working import Working
from crm.directory.models import Affiliation, Practice, Provider

PIECE = 400
SAMPLES = 12
Refusals = list[tuple[int, Reason]]
Entry = tuple[int, Record]


@dataclass
class Progress:
    """How far an import has come: the counts so far, and the rows refused since the last piece."""

    counts: Counts = field(default_factory=Counts)
    refusals: Refusals = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def refuse(self, line: int, reason: Reason) -> None:
        """Note a row that stays out."""
        self.counts.refuse(reason)
        self.refusals.append((line, reason))


Checkpoint = Callable[[Progress], None]


def run_import(
    session: Session,
    layout: Layout,
    rows: Iterable[Row],
    wanted: RowFilter,
    checkpoint: Checkpoint,
    *,
    is_dry: bool = False,
    done: Counts | None = None,
) -> Counts:
    """Bring the rows of a file in. `checkpoint` is called after each piece: it commits, and may raise to stop.

    `done` are the counts of the pieces that are in already; their rows are only looked at, not applied again.
    """
    check_filter(layout, wanted)
    progress = Progress(done or Counts())
    with glance(session):
        working = Working(session, layout.kind, is_dry=is_dry)
    piece: list[Entry] = []
    for read, entry in enumerate(_entries(rows, layout, wanted, progress, skip=progress.counts.read), 1):
        if entry is not None:
            piece.append(entry)
        if len(piece) >= PIECE or read % (PIECE * 50) == 0:
            _apply_whole(piece, working, progress, is_filtered=wanted.is_set)
            piece = []
            checkpoint(progress)
            progress.refusals = []
    if not progress.counts.read:
        raise Invalid(NO_ROWS)
    _apply_whole(piece, working, progress, is_filtered=wanted.is_set)
    if not is_dry:
        bulk.look_over(session, Practice.__table__, Provider.__table__, Affiliation.__table__)
    checkpoint(progress)
    return progress.counts


def check_filter(layout: Layout, wanted: RowFilter) -> None:
    """Refuse a filter by what the file does not say: it would let nothing through."""
    parts = (
        (wanted.states, ("state",), "no column for the state"),
        (wanted.zips, ("zip",), "no column for the ZIP code"),
        (wanted.codes, ("code1", "specialty"), "neither taxonomy codes nor specialties"),
    )
    for part, columns, lacks in parts:
        if part and not any(layout.has(column) for column in columns):
            raise Invalid(f"This file has {lacks}, so it cannot be filtered by that.")


def _entries(
    rows: Iterable[Row], layout: Layout, wanted: RowFilter, progress: Progress, *, skip: int
) -> Iterator[Entry | None]:
    """Each row as a record to apply, or None when it is counted already: blank, not wanted, refused."""
    reader = (NppesReader if layout.kind is FileKind.NPPES else DacReader)(layout, wanted)
    seen = SeenNumbers()
    counts = progress.counts
    for place, row in enumerate(rows, 1):
        found = _understand(row, reader, seen, is_unique=layout.kind is FileKind.NPPES)
        if place <= skip:
            continue
        counts.read += 1
        if isinstance(found, Record):
            yield row.line, found
            continue
        if isinstance(found, Reason):
            progress.refuse(row.line, found)
        elif found:
            counts.blank += 1
        else:
            counts.filtered += 1
        yield None


def _understand(
    row: Row, reader: NppesReader | DacReader, seen: SeenNumbers, *, is_unique: bool
) -> Record | Reason | bool:
    """What a row says, why it is refused; True for a blank one, False for one that is not wanted."""
    if row.fault is not None:
        return row.fault
    if is_blank(row.cells):
        return True
    row.cells.append("")  # where columns point that the file does not have
    record = reader.read(row.cells)
    if not isinstance(record, Record):
        return record or False
    record.is_first = seen.add(record.npi)
    return Reason.REPEATED if is_unique and not record.is_first else record


def _apply_whole(piece: list[Entry], working: Working, progress: Progress, *, is_filtered: bool) -> None:
    """Apply a piece; once more from its start when somebody added one of its NPIs at the same moment."""
    before, refused, shown = progress.counts.stored(), len(progress.refusals), len(progress.samples)
    try:
        _apply(piece, working, progress, is_filtered=is_filtered)
    except IntegrityError:
        working.session.rollback()
        working.reset()
        progress.counts.restore(before)
        del progress.refusals[refused:], progress.samples[shown:]
        _apply(piece, working, progress, is_filtered=is_filtered)


def _apply(piece: list[Entry], working: Working, progress: Progress, *, is_filtered: bool) -> None:
    working.load([record for _, record in piece])
    for line, record in piece:
        outcome = apply(record, working, progress.counts)
        if outcome is not None:
            progress.counts.note(outcome)
            _sample(line, record, outcome, progress)
        elif is_filtered:
            progress.counts.filtered += 1  # its row holds no state and no specialty that could match
        else:
            progress.refuse(line, Reason.DEACTIVATED)
    store(working)


def _sample(line: int, record: Record, outcome: Outcome, progress: Progress) -> None:
    if len(progress.samples) >= SAMPLES or record.ended_on is not None:
        return
    person, site = record.person, record.site
    name = f"{person['first_name']} {person['last_name']}".strip() if person else site.name if site else ""
    place = ", ".join(part for part in (site.address1, site.city) if part) if site else ""
    specialty = person["specialty"] if person else site.kind.label if site else ""
    progress.samples.append(Sample(line, name, specialty, place or record.state, outcome.label))
