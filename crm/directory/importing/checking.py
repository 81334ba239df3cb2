"""Runs an import dry: everything is read, understood and compared, nothing is written."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from crm.directory.importing.importer import Progress, Refusals, run_import
from crm.directory.importing.rows import RowFilter
from crm.directory.importing.upload import unpacked


def check_content(session: Session, content: bytes, wanted: RowFilter, report: Callable[[int], None]) -> Progress:
    """What an import of an upload would do: its counts, the rows that stay out, the first rows that go in."""
    refusals: Refusals = []
    last = Progress()

    def checkpoint(progress: Progress) -> None:
        nonlocal last
        refusals.extend(progress.refusals)
        last = progress
        session.rollback()
        report(progress.counts.read)

    with unpacked(content) as (layout, rows):
        run_import(session, layout, rows, wanted, checkpoint, is_dry=True)
    return Progress(last.counts, refusals, last.samples)
