"""Reads of rows of a waiting file that cannot go in: one of them, or all that have the same fault in common."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core.errors import NotFound
from crm.referrals.import_queries import find_upload
from crm.referrals.importing.corrections import MOST_LINES, Correction, cells_of, corrected
from crm.referrals.importing.headers import MONEY
from crm.referrals.importing.kept import Block
from crm.referrals.importing.mapping import MappedColumn
from crm.referrals.importing.rows import Refusal
from crm.referrals.importing.upload import stored_blocks
from crm.referrals.models import ImportRefusal, ReferralImport


class Place(NamedTuple):
    """A column that a person may correct, and which of the kept ones it is."""

    number: int
    column: MappedColumn


@dataclass(frozen=True)
class Text:
    """What stands in a cell of some rows with the same fault, and where."""

    text: str
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Alike:
    """Rows with the same fault in the same column: how many, and what stands there in the first 10,000 of them."""

    refusal: Refusal
    place: Place
    rows: int
    texts: list[Text]

    def lines_of(self, texts: Collection[str]) -> tuple[int, ...]:
        """The lines in which one of these texts stands, in their order."""
        return tuple(sorted(line for text in self.texts if text.text in texts for line in text.lines))

    @property
    def looked_at(self) -> int:
        """In how many of them it is known what stands there."""
        return sum(len(text.lines) for text in self.texts)


def places_of(viewer: Viewer, batch: ReferralImport) -> list[Place]:
    """The columns that go somewhere; those with money only for who sees it."""
    columns = map(MappedColumn.from_json, batch.mapping["columns"])
    return [
        Place(number, column)
        for number, column in enumerate(columns)
        if column.target and (viewer.sees_revenue or column.target not in MONEY)
    ]


def place_named(places: Collection[Place], header: str) -> Place | None:
    """The column of that name, unless there are several or none."""
    found = [place for place in places if place.column.header == header]
    return found[0] if header and len(found) == 1 else None


def get_refusal(session: Session, batch: ReferralImport, line: int) -> Refusal:
    """Why a line cannot go in. Raises NotFound where it can."""
    query = select(ImportRefusal.line, ImportRefusal.column, ImportRefusal.reason)
    found = session.execute(query.where(ImportRefusal.import_id == batch.id, ImportRefusal.line == line)).first()
    if found is None:
        raise NotFound("This line has no problem, or it was corrected already.")
    return Refusal(*found)


def read_cells(session: Session, batch: ReferralImport, lines: Collection[int]) -> dict[int, list[str]]:
    """The kept cells of some lines, with all corrections so far; without those of which nothing was kept."""
    return cells_of(_blocks(session, batch), lines)


def count_words(session: Session, batch: ReferralImport, place: int) -> Counter[str]:
    """In how many rows each text stands in a column, with all corrections, and words by what they mean."""
    column = MappedColumn.from_json(batch.mapping["columns"][place])
    found: Counter[str] = Counter()
    for block in _blocks(session, batch):
        cells = block.columns[place]
        rows = np.bincount(cells.codes, minlength=len(cells.words)).tolist()
        for word, count in zip(cells.words, rows, strict=True):
            found[column.reads(word)] += count
    return found


def _blocks(session: Session, batch: ReferralImport) -> Iterator[Block]:
    upload = find_upload(session, batch.id)
    return corrected(stored_blocks(upload.rows), list_corrections(session, batch)) if upload else iter(())


def list_corrections(session: Session, batch: ReferralImport) -> list[Correction]:
    """What people corrected of a waiting file, the first one first."""
    upload = find_upload(session, batch.id)
    return [Correction.from_json(stored) for stored in upload.corrections] if upload else []


def count_alike(session: Session, batch: ReferralImport, refusal: Refusal) -> int:
    """How many rows have the same fault in the same column."""
    return session.scalar(select(func.count()).where(*_same(batch, refusal))) or 0


def _same(batch: ReferralImport, refusal: Refusal) -> tuple[ColumnElement[bool], ...]:
    return (
        ImportRefusal.import_id == batch.id,
        ImportRefusal.column == refusal.column,
        ImportRefusal.reason == refusal.reason,
    )


def find_alike(session: Session, viewer: Viewer, batch: ReferralImport, refusal: Refusal) -> Alike | None:
    """The rows with the same fault, or None when they cannot be corrected together."""
    place = place_named(places_of(viewer, batch), refusal.column)
    if place is None:
        return None
    first = select(ImportRefusal.line).where(*_same(batch, refusal)).order_by(ImportRefusal.line).limit(MOST_LINES)
    by_text: dict[str, list[int]] = {}
    for line, cells in read_cells(session, batch, session.scalars(first).all()).items():
        by_text.setdefault(cells[place.number], []).append(line)
    texts = sorted((Text(text, tuple(lines)) for text, lines in by_text.items()), key=lambda text: -len(text.lines))
    return Alike(refusal, place, count_alike(session, batch, refusal), texts) if texts else None
