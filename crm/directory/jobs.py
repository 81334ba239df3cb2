"""Background work of the room directory: check a large CMS file, bring one in."""

from crm.core import engine, formats
from crm.core.db import commit, db, write_transaction
from crm.core.errors import RoundsError
from crm.directory import import_queries, import_services
from crm.directory.import_models import DirectoryImport, DirectoryImportState
from crm.directory.importing.checking import check_content
from crm.directory.importing.counts import Counts
from crm.directory.importing.filters import filter_of
from crm.directory.importing.importer import Progress, run_import
from crm.directory.importing.upload import unpacked
from crm.jobs.run import Cancelled, Handler, Run

FAULT = "This stopped because of a fault on our side."
CANCELLED = "Cancelled."


def run_check(run: Run) -> None:
    """Run an import dry, without keeping others from writing. A file that cannot be checked is forgotten."""
    import_id = int(run.payload["import_id"])
    batch = db.session.get(DirectoryImport, import_id)
    content = import_queries.find_content(db.session(), import_id)
    if batch is None or content is None or batch.state is not DirectoryImportState.CHECKING:
        run.finish("There was nothing left to check.")
        return
    wanted, total = filter_of(batch.filters), batch.total_rows
    engine.set_reading(on=True)
    db.session.rollback()
    try:
        found = check_content(
            db.session(), content, wanted, lambda done: run.progress(done, total, _words(done, total))
        )
    except (RoundsError, Cancelled):
        write_transaction()
        import_services.withdraw_check(db.session(), db.session.get_one(DirectoryImport, import_id))
        commit()
        raise
    write_transaction()
    import_services.keep_check(db.session(), db.session.get_one(DirectoryImport, import_id), found)
    commit()
    run.finish("The file is ready to be imported.", _page_of(import_id))


def run_file(run: Run) -> None:
    """Bring a checked file in, piece by piece; after a crash it goes on behind the last piece."""
    import_id = int(run.payload["import_id"])
    batch = db.session.get(DirectoryImport, import_id)
    content = import_queries.find_content(db.session(), import_id)
    if batch is None or content is None or batch.state is not DirectoryImportState.RUNNING:
        run.finish("There was nothing left to import.", _page_of(import_id) if batch else "")
        return
    wanted, total, done = filter_of(batch.filters), batch.total_rows, Counts.of(batch.counts)
    commit()

    def checkpoint(progress: Progress) -> None:
        import_services.keep_piece(db.session(), db.session.get_one(DirectoryImport, import_id), progress)
        commit()
        run.progress(progress.counts.read, total, _words(progress.counts.read, total))

    try:
        with unpacked(content) as (layout, rows):
            run_import(db.session(), layout, rows, wanted, checkpoint, done=done)
    except Cancelled:
        _stop(run, import_id, CANCELLED)
        return
    except Exception:
        _stop(run, import_id, FAULT)
        raise
    batch = db.session.get_one(DirectoryImport, import_id)
    import_services.finish(db.session(), batch)
    counts = Counts.of(batch.counts)
    commit()
    run.finish(f"{formats.plural(counts.brings, 'row')} imported.", _page_of(import_id))


def _stop(run: Run, import_id: int, why: str) -> None:
    """Cancelled, or a fault: whole pieces stay, and the receipt says how far it came."""
    db.session.rollback()
    batch = db.session.get_one(DirectoryImport, import_id)
    counts = Counts.of(batch.counts)
    if counts.read >= batch.total_rows and why == CANCELLED:
        import_services.finish(db.session(), batch)  # the cancel came after the last row
        says = f"{formats.plural(counts.brings, 'row')} imported."
    else:
        says = import_services.stopped_words(counts, why)
        import_services.stop(db.session(), batch, says)
    commit()
    run.finish(says, _page_of(import_id))


def _words(done: int, total: int) -> str:
    return f"{formats.number(done)} of {formats.number(total)} rows"


def _page_of(import_id: int) -> str:
    return f"/directory/imports/{import_id}"


HANDLERS: dict[str, Handler] = {import_services.CHECK: run_check, import_services.IMPORT: run_file}
