"""Background work of the room referrals: check a large file, import it, take it back, match its sources again."""

from crm.core import engine, formats
from crm.core.db import commit, db, write_transaction
from crm.core.errors import RoundsError
from crm.jobs.run import Cancelled, Checkpoint, Handler, Run
from crm.referrals import import_services, source_services
from crm.referrals.importing import checking
from crm.referrals.importing.rematching import rematch_all, rematch_source
from crm.referrals.importing.taking_back import take_back_rows
from crm.referrals.importing.writing import withdraw, write_import
from crm.referrals.models import ImportState, ReferralImport

CANCELLED = "Cancelled. Nothing of the file was kept, and it still waits here."
STOPPED = "The import stopped because of a fault. Nothing of it was kept, and the file still waits here."


class Overtaken(Exception):
    """The file was given up, or is read another way by now: somebody else checks it, or nobody needs to."""


def run_check(run: Run) -> None:
    """Run an import dry, in transactions that only read, as long as nobody changes how the file is read."""
    import_id, revision = int(run.payload["import_id"]), run.payload["revision"]
    engine.set_reading(on=True)
    db.session.rollback()
    try:
        batch = _still_checked(import_id, revision)
        summary = checking.summarize(db.session(), batch, _check_point(run, import_id, revision))
        write_transaction()
        import_services.keep_summary(db.session(), _still_checked(import_id, revision), summary)
    except Overtaken:
        run.finish("There was a newer check.")
        return
    commit()
    run.finish("The file is ready to be imported.", _page_of(import_id))


def _still_checked(import_id: int, revision: int) -> ReferralImport:
    batch = db.session.get(ReferralImport, import_id)
    if batch is None or not import_services.waits_for_check(batch, revision):
        raise Overtaken
    return batch


def _check_point(run: Run, import_id: int, revision: int) -> Checkpoint:
    def checkpoint(done: int, total: int) -> None:
        run.progress(done, total, f"{formats.number(done)} of {formats.number(total)} rows")
        _still_checked(import_id, revision)
        db.session.rollback()

    return checkpoint


def run_import(run: Run) -> None:
    """Bring a checked file in. After a cancel or a fault nothing of it stays."""
    import_id = int(run.payload["import_id"])
    try:
        write_import(db.session(), import_id, _checkpoint(run))
    except Cancelled:
        if not _is_done(import_id):
            _withdraw(import_id, CANCELLED)
            raise
    except Exception as problem:
        _withdraw(import_id, str(problem) if isinstance(problem, RoundsError) else STOPPED)
        raise
    batch = db.session.get_one(ReferralImport, import_id)
    run.finish(f"{formats.plural(batch.added_rows + batch.updated_rows, 'row')} imported.", _page_of(import_id))


def run_take_back(run: Run) -> None:
    """Take an import back."""
    import_id = int(run.payload["import_id"])
    take_back_rows(db.session(), import_id, _checkpoint(run))
    run.finish("Taken back.", _page_of(import_id))


def run_rematch(run: Run) -> None:
    """Move the rows of a source to the practice that a person named, or back."""
    # A job of an earlier version names one source, and not in a list.
    moved = 0
    for one in run.payload.get("sources") or [run.payload]:
        source_id, earlier = int(one["source_id"]), [int(id_) for id_ in one["earlier"]]
        moved += rematch_source(db.session(), source_id, earlier, _checkpoint(run))
    run.finish(f"{formats.plural(moved, 'row')} moved.", source_services.ADDRESS)


def run_look_again(run: Run) -> None:
    """Look again for the practices of all rows without one."""
    moved = rematch_all(db.session(), _checkpoint(run))
    run.finish(f"{formats.plural(moved, 'row')} found a practice.", source_services.ADDRESS)


def _withdraw(import_id: int, says: str) -> None:
    db.session.rollback()
    withdraw(db.session(), import_id, lambda _done, _total: commit(), says)


def _is_done(import_id: int) -> bool:
    """A cancel that comes after the last row changes nothing any more."""
    db.session.rollback()
    return db.session.get_one(ReferralImport, import_id).state is ImportState.DONE


def _checkpoint(run: Run) -> Checkpoint:
    def checkpoint(done: int, total: int) -> None:
        commit()
        run.progress(done, total, f"{formats.number(done)} of {formats.number(total)} rows" if total else "Tidying up")

    return checkpoint


def _page_of(import_id: int) -> str:
    return f"/referrals/imports/{import_id}"


HANDLERS: dict[str, Handler] = {
    "referrals.check": run_check,
    "referrals.import": run_import,
    "referrals.take_back": run_take_back,
    source_services.REMATCH: run_rematch,
    source_services.LOOK_AGAIN: run_look_again,
}
