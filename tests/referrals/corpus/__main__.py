"""`python -m tests.referrals.corpus`: of how many hostile files something stays, how many clean ones are hindered."""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from flask_migrate import upgrade

from config import Config
from crm.accounts.services import set_up_organization
from crm.app import create_app
from crm.core.db import db
from tests.referrals.corpus import measure
from tests.referrals.corpus.clean import Clean, clean_files
from tests.referrals.corpus.hostile import Hostile, hostile_files
from tests.referrals.corpus.limits import limits


def main() -> int:
    """Measure; 0 when both goals are met."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        app = create_app(Config.for_tests(database_url=f"sqlite:///{path / 'corpus.sqlite3'}", data_dir=path))
        with app.app_context():
            upgrade(directory=str(Path(__file__).parents[3] / "migrations"))
            set_up_organization(db.session(), name="Harbor Specialty")
            db.session.commit()
            began = time.perf_counter()
            leaks, hindered = _hostile(hostile_files(), "Hostile files"), _clean(clean_files())
            _hostile(limits(), "Known limits")
            print(f"Measured in {time.perf_counter() - began:.0f} s.")
            db.session.remove()
            db.engine.dispose()
    return 0 if not leaks and hindered <= 0.01 else 1


def _hostile(files: Iterable[Hostile], title: str) -> int:
    total, leaks = 0, Counter[str]()
    for file in files:
        total += 1
        taken = measure.take_in(db.session(), file.name, file.data)
        if measure.found_in(measure.kept_of(db.session(), taken), file) or measure.still_there(taken, file):
            leaks[file.label] += 1
        db.session.rollback()
    print(f"{title}: {total}; something of a patient was kept of {leaks.total()} of them.")
    for label in leaks:
        print(f"  kept: {label}")
    return leaks.total()


def _clean(files: Iterable[Clean]) -> float:
    total = hindered = 0
    for file in files:
        total += 1
        taken = measure.take_in(db.session(), file.name, file.data)
        gone = [*measure.wrongly_gone(taken, file), *measure.refused_lines(db.session(), taken)]
        if gone:
            hindered += 1
            print(f"  hindered: {file.label}: {gone[0]}")
        db.session.rollback()
    print(f"Clean files: {total}; refused, or short of a column or row: {hindered} ({hindered / total:.1%}).")
    return hindered / total


if __name__ == "__main__":
    sys.exit(main())
