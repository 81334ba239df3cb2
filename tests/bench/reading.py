"""`python -m tests.bench.reading bare|whole FILE`: seconds to read a workbook with python-calamine alone, or to take it
in as an upload is taken in."""

import io
import sys
import time
from pathlib import Path


def bare(path: Path) -> float:
    """Seconds until all cells are Python's."""
    from python_calamine import CalamineWorkbook

    data = path.read_bytes()
    began = time.perf_counter()
    CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    return time.perf_counter() - began


def whole(path: Path) -> float:
    """Seconds until the rows wait to be imported."""
    from crm.accounts.viewer import SYSTEM
    from crm.app import create_app
    from crm.core.db import commit, db
    from crm.referrals import import_services, unattended

    app = create_app()
    with app.app_context():
        unattended.make_ready()
        data = path.read_bytes()
        began = time.perf_counter()
        import_services.take_in_file(db.session(), SYSTEM, path.name, data)
        commit()
        return time.perf_counter() - began


if __name__ == "__main__":
    print({"bare": bare, "whole": whole}[sys.argv[1]](Path(sys.argv[2])))
