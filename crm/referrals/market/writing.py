"""Writes a file of market data in short turns that nobody reads yet, then one change of state that shows it whole.

A killed import leaves pairs of a file that is not done: nobody reads them, and the next run removes them first. A file
that another one replaces ceases to count in the moment in which the other begins to; its pairs are removed after that.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar, cast

from sqlalchemy import Insert, Row, Table, delete, exists, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import bulk, clock
from crm.core.db import glance, turn
from crm.core.errors import Conflict
from crm.jobs.run import Checkpoint, unstoppable
from crm.referrals.importing.lock import only_one
from crm.referrals.market import file_queries
from crm.referrals.market.models import (
    MarketDestination,
    MarketEdge,
    MarketImport,
    MarketReach,
    MarketState,
    MarketUpload,
)
from crm.referrals.market.sums import Sums
from crm.referrals.market.upload import unpack_edges, unpack_names

EDGES = cast(Table, MarketEdge.__table__)
DESTINATIONS = cast(Table, MarketDestination.__table__)
REACHES = cast(Table, MarketReach.__table__)
TURN_ROWS = 2_000
GLANCE_ROWS = 20_000
T = TypeVar("T")
REPLACED = "Replaced by a newer file."
GONE = "The pairs of this file are no longer kept. Upload it again."


def write_market(session: Session, import_id: int, checkpoint: Checkpoint) -> None:
    """Bring a file in, from a clean slate; run again after a crash it ends the same. Commits its turns."""
    with only_one(session):
        state = _state_of(session, import_id)
        if state not in (MarketState.RUNNING, MarketState.DONE):
            raise Conflict("This file was changed in the meantime. Open it again.")
        if state is MarketState.RUNNING:
            _clear_leftovers(session, checkpoint)
            stored = _write_pairs(session, import_id, checkpoint)
            with turn(session):
                bulk.look_over(session, EDGES, DESTINATIONS, REACHES)
            with turn(session):
                _show(session, import_id, stored)
        _clear_leftovers(session, unstoppable(checkpoint))


def take_back_market(session: Session, import_id: int, checkpoint: Checkpoint) -> None:
    """Remove the pairs of a file that nobody reads any more; run again after a crash it goes on where it stood."""
    with only_one(session):
        state = _state_of(session, import_id)
        if state not in (MarketState.TAKING_BACK, MarketState.TAKEN_BACK):
            raise Conflict("Only a file that is in can be taken back.")
        _clear_leftovers(session, unstoppable(checkpoint))
        if state is MarketState.TAKING_BACK:
            with turn(session):
                _note_taken_back(session, session.get_one(MarketImport, import_id), "")


def withdraw_market(session: Session, import_id: int, checkpoint: Checkpoint, says: str) -> None:
    """After a cancelled or failed run: remove what it wrote, and let the file wait for another try."""
    with only_one(session):
        if _state_of(session, import_id) is not MarketState.RUNNING:
            return
        _clear_leftovers(session, checkpoint)
        with turn(session):
            batch = session.get_one(MarketImport, import_id)
            batch.state, batch.says = MarketState.WAITING, says


def _state_of(session: Session, import_id: int) -> MarketState:
    with glance(session):
        return session.get_one(MarketImport, import_id, populate_existing=True).state


def _write_pairs(session: Session, import_id: int, checkpoint: Checkpoint) -> int:
    """Write the pairs of a file and the sums over them; how many pairs are stored."""
    with glance(session):
        upload = file_queries.find_upload(session, import_id)
        packed, total = upload.pairs if upload else None, session.get_one(MarketImport, import_id).kept_rows
    if packed is None:
        raise Conflict(GONE)
    checkpoint(0, total)
    statement, done = _insert_once(session), 0
    for edges in _turns(unpack_edges(packed)):
        with turn(session):
            session.execute(statement, [{"import_id": import_id, **edge._asdict()} for edge in edges])
        done += len(edges)
        checkpoint(done, total)
    sums = Sums(_words_of(session, packed))
    for stored in _stored_pairs(session, import_id):
        sums.add((row[0], row[1], row[2], row[3]) for row in stored)
    for table, rows in ((DESTINATIONS, sums.destinations()), (REACHES, sums.reaches())):
        for piece in _turns(rows):
            with turn(session):
                session.execute(insert(table), [{"import_id": import_id, **row} for row in piece])
    return sums.pairs


def _stored_pairs(session: Session, import_id: int) -> Iterator[Sequence[Row[str, str, int, int | None]]]:
    """The pairs of a file in pieces, each read in a glance: nobody who saves meanwhile waits for all of them."""
    columns, last = EDGES.c, ("", "")
    query = select(columns.from_npi, columns.to_npi, columns.patients, columns.transactions)
    query = query.where(columns.import_id == import_id).order_by(columns.from_npi, columns.to_npi).limit(GLANCE_ROWS)
    while True:
        with glance(session):
            rows = session.execute(query.where(tuple_(columns.from_npi, columns.to_npi) > last)).all()
        if not rows:
            return
        yield rows
        last = rows[-1][0], rows[-1][1]


def _words_of(session: Session, packed: bytes) -> dict[str, tuple[str, str]]:
    """Name and kind of each who receives: as the file says, otherwise as the directory does."""
    found = {npi: (name, kind) for npi, name, kind in unpack_names(packed)}
    for npis in _turns(npi for npi, words in list(found.items()) if not all(words)):
        with glance(session):
            for npi, own_name, own_kind in file_queries.directory_words(session, npis):
                name, kind = found[npi]
                found[npi] = name or own_name, kind or own_kind
    return found


def _turns(rows: Iterable[T]) -> Iterator[list[T]]:
    waiting = iter(rows)
    while piece := list(islice(waiting, TURN_ROWS)):
        yield piece


def _insert_once(session: Session) -> Insert:
    """A pair that stands in a file twice goes in once, whichever database it is."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(EDGES).on_conflict_do_nothing()
    return postgresql.insert(EDGES).on_conflict_do_nothing()


def _show(session: Session, import_id: int, stored: int) -> None:
    """Everything that others see of a file, in one transaction; however large the file, it is a short one."""
    batch = session.get_one(MarketImport, import_id)
    batch.refused_rows, batch.kept_rows = batch.refused_rows + batch.kept_rows - stored, stored
    batch.state, batch.finished_at, batch.says = MarketState.DONE, clock.now(), ""
    earlier = session.get(MarketImport, batch.replaces_id) if batch.replaces_id else None
    if earlier is not None and earlier.state is MarketState.DONE:
        _note_taken_back(session, earlier, REPLACED)
    session.execute(delete(MarketUpload).where(MarketUpload.import_id == import_id))
    session.flush()
    record(
        session, Action.IMPORTED, "market_import", object_id=import_id, label=batch.file_name, read=batch.read_rows,
        kept=batch.kept_rows, elsewhere=batch.elsewhere_rows, refused=batch.refused_rows,
    )  # fmt: skip


def _note_taken_back(session: Session, batch: MarketImport, says: str) -> None:
    batch.state, batch.taken_back_at, batch.says = MarketState.TAKEN_BACK, clock.now(), says
    session.flush()
    record(
        session, Action.TAKEN_BACK, "market_import", object_id=batch.id, label=batch.file_name, removed=batch.kept_rows
    )


def _clear_leftovers(session: Session, checkpoint: Checkpoint) -> None:
    """Remove the pairs of every file that is not done: killed, withdrawn, replaced or taken back."""
    for table in (EDGES, DESTINATIONS, REACHES):
        has_rows = exists().where(table.c.import_id == MarketImport.id)
        with glance(session):
            dead = session.scalars(
                select(MarketImport.id).where(MarketImport.state != MarketState.DONE, has_rows)
            ).all()
        for import_id in dead:
            _delete_rows(session, table, import_id, checkpoint)


def _delete_rows(session: Session, table: Table, import_id: int, checkpoint: Checkpoint) -> None:
    key = table.c.npi if table is DESTINATIONS else table.c.from_npi
    border = select(key).where(table.c.import_id == import_id).order_by(key).offset(TURN_ROWS).limit(1)
    is_more = True
    while is_more:
        with glance(session):
            last = session.scalar(border)
        is_more = last is not None
        with turn(session):
            # Up to the border: all pairs of one provider go together, so that the next turn begins behind it.
            upto = key <= last if is_more else key.is_not(None)
            session.execute(delete(table).where(table.c.import_id == import_id, upto))
        checkpoint(0, 0)
