"""The layers by which an import changes the rollups: written where nobody sees them, shown in one moment, then merged.

An import of a million rows changes a million sums. Changing them where they stand would lock everybody out for half a
minute. So what it adds, and the negative of what it replaces, are written beside them in short turns, as rows that do
not count. They begin to count when the import `is_settling`, a change of one value. Then they are merged into the
settled sums, again in short turns; every reader adds up all layers, so no number changes on the way. Taking back is the
same with the signs turned round. Only inside `only_one`: one import is at work at a time, so its layers need no name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, cast, delete, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.types import Integer

from crm.core.db import glance, turn
from crm.referrals.models import Referral, ReferralImport
from crm.referrals.rollup import wait_for_others
from crm.referrals.rollup_contents import COMING, GOING, OF_ROLLUPS, OF_ROWS, ROLLUPS, SETTLED, Rollup

SPAN_ROWS = 2_000
# Called between turns; may raise to stop.
Rest = Callable[[], None]
INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True)
class Span:
    """Neighbouring cells of a month: about as many rows as one turn works on."""

    month: int
    first: int | None = None
    last: int | None = None

    def of(self, rows: Any) -> list[ColumnElement[bool]]:
        """The condition that rows, or a rollup's, lie in these cells. Practice 0 is none; None is the whole month."""
        if self.first is None:
            return [rows.month == self.month]
        if rows is Referral and not self.last:
            return [rows.month == self.month, rows.practice_id.is_(None)]
        return [rows.month == self.month, rows.practice_id.between(self.first, self.last)]


def stage(session: Session, import_id: int, rest: Rest, *, takes_back: bool) -> None:
    """Write what an import (or its taking back) changes in the rollups, as layers that do not count yet."""
    own = (Referral.import_id == import_id) & Referral.replaced_by.is_(None)
    replaced = Referral.replaced_by == import_id
    coming, going = (replaced, own) if takes_back else (own, replaced)
    for layer, rows in ((COMING, coming), (GOING, going)):
        for span in _spans(session, Referral, rows):
            with turn(session):
                for rollup in OF_ROWS:
                    _insert(session, rollup, rollup.contents(layer).where(rows, *span.of(Referral)))
            rest()
    for rollup in OF_ROLLUPS:
        for month in _months(session, rollup.source):
            with turn(session):
                layered = (rollup.source.layer > SETTLED, rollup.source.month == month)
                _insert(session, rollup, rollup.contents(COMING).where(*layered))
            rest()


def show(session: Session, import_id: int) -> None:
    """From the end of this transaction on, the staged layers count. The state of the import changes in the same one."""
    wait_for_others(session)
    _mark(session, ReferralImport.id == import_id, is_settling=True)


def settle(session: Session, rest: Rest) -> None:
    """Merge the layers that count into the settled sums, or drop those of an import that never came to count."""
    with glance(session):
        is_settling = session.scalar(select(ReferralImport.id).where(ReferralImport.is_settling).limit(1)) is not None
    for rollup in ROLLUPS:
        model = rollup.model
        for span in _spans(session, model, model.layer > SETTLED):
            with turn(session):
                wait_for_others(session)
                if is_settling:
                    _merge(session, rollup, span)
                session.execute(delete(rollup.table).where(model.layer > SETTLED, *span.of(model)))
            rest()
    if is_settling:
        with turn(session):
            _mark(session, ReferralImport.is_settling.is_(True), is_settling=False)


def _mark(session: Session, imports: ColumnElement[bool], *, is_settling: bool) -> None:
    # A bulk statement: the audit trail tells of imports, not of how their sums are kept.
    statement = update(ReferralImport).where(imports).values(is_settling=is_settling)
    session.execute(statement.execution_options(synchronize_session=False))


def _insert(session: Session, rollup: Rollup, rows: Any) -> None:
    names = [column.key for column in rows.selected_columns]
    session.execute(insert(rollup.table).from_select(names, rows))


def _merge(session: Session, rollup: Rollup, span: Span) -> None:
    """Add the layers of some cells to their settled sums; a sum of which no row is left goes."""
    table, model = rollup.table, rollup.model
    keys = [table.c[name] for name in rollup.keys]
    sums = [func.sum(table.c[name]) for name in rollup.measures]
    rows = select(*keys, cast(literal(SETTLED), Integer), *sums).where(model.layer > SETTLED, *span.of(model))
    adding: Any = INSERTS[session.get_bind().dialect.name](table)
    adding = adding.from_select([*rollup.keys, "layer", *rollup.measures], rows.group_by(*keys))
    added = {name: table.c[name] + adding.excluded[name] for name in rollup.measures}
    session.execute(adding.on_conflict_do_update(index_elements=[*rollup.keys, "layer"], set_=added))
    is_over = (model.layer == SETTLED, table.c[rollup.counted] == 0)
    session.execute(delete(table).where(*is_over, *span.of(model)))


def _months(session: Session, model: Any) -> list[int]:
    with glance(session):
        return sorted(session.scalars(select(model.month).where(model.layer > SETTLED).distinct()))


def _spans(session: Session, of: Any, rows: ColumnElement[bool]) -> Iterator[Span]:
    """The cells of rows (or of a rollup's layers), cut into turns. Read at once: the turns change what is read."""
    if not hasattr(of, "practice_id"):
        yield from map(Span, _months(session, of))
        return
    practice = func.coalesce(of.practice_id, 0)
    query = select(of.month, practice, func.count()).where(rows).group_by(of.month, practice)
    with glance(session):
        cells = session.execute(query.order_by(of.month, practice)).all()
    yield from _cut([tuple(cell) for cell in cells])


def _cut(cells: list[tuple[int, int, int]]) -> Iterator[Span]:
    """Spans of about `SPAN_ROWS` rows within a month; those without a practice by themselves."""
    first, rows = None, 0
    for place, (month, practice, count) in enumerate(cells):
        first = practice if first is None else first
        rows += count
        is_last = place + 1 == len(cells) or cells[place + 1][0] != month
        if is_last or rows >= SPAN_ROWS or practice == 0:
            yield Span(month, first, practice)
            first, rows = None, 0
