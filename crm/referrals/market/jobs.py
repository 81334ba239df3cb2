"""Background work of market data: import a file, take one back."""

from crm.core import formats
from crm.core.db import commit, db
from crm.core.errors import RoundsError
from crm.jobs.run import Cancelled, Checkpoint, Handler, Run
from crm.referrals.market import services
from crm.referrals.market.models import MarketImport, MarketState
from crm.referrals.market.writing import take_back_market, withdraw_market, write_market

CANCELLED = "Cancelled. Nothing of the file was kept, and it still waits here."
STOPPED = "The import stopped because of a fault. Nothing of it was kept, and the file still waits here."


def run_import(run: Run) -> None:
    """Bring a file in. After a cancel or a fault nothing of it stays."""
    import_id = int(run.payload["import_id"])
    try:
        write_market(db.session(), import_id, _checkpoint(run))
    except Cancelled:
        if not _is_done(import_id):
            _withdraw(import_id, CANCELLED)
            raise
    except Exception as problem:
        _withdraw(import_id, problem.says if isinstance(problem, RoundsError) else STOPPED)
        raise
    batch = db.session.get_one(MarketImport, import_id)
    run.finish(f"{formats.plural(batch.kept_rows, 'pair')} imported.", _page_of(import_id))


def run_take_back(run: Run) -> None:
    """Take a file back."""
    import_id = int(run.payload["import_id"])
    take_back_market(db.session(), import_id, _checkpoint(run))
    run.finish("Taken back.", _page_of(import_id))


def _withdraw(import_id: int, says: str) -> None:
    db.session.rollback()
    withdraw_market(db.session(), import_id, lambda _done, _total: commit(), says)


def _is_done(import_id: int) -> bool:
    """A cancel that comes after the last pair changes nothing any more."""
    db.session.rollback()
    return db.session.get_one(MarketImport, import_id).state is MarketState.DONE


def _checkpoint(run: Run) -> Checkpoint:
    def checkpoint(done: int, total: int) -> None:
        commit()
        run.progress(done, total, f"{formats.number(done)} of {formats.number(total)} pairs" if total else "Tidying up")

    return checkpoint


def _page_of(import_id: int) -> str:
    return f"/referrals/market/files/{import_id}"


HANDLERS: dict[str, Handler] = {services.IMPORT: run_import, services.TAKE_BACK: run_take_back}
