"""The figures of the corpus: of which hostile files something stays, which clean ones are hindered."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from flask_migrate import upgrade

from config import Config
from crm.accounts.services import set_up_organization
from crm.app import create_app
from crm.core.db import db
from tests.referrals.corpus import measure
from tests.referrals.corpus.clean import clean_files
from tests.referrals.corpus.hostile import Hostile, hostile_files
from tests.referrals.corpus.limits import limits

MIGRATIONS = Path(__file__).parents[3] / "migrations"


@dataclass
class Figures:
    """How many files there were, and the labels of those that went wrong."""

    hostile: int = 0
    kept: list[str] = field(default_factory=list)
    clean: int = 0
    hindered: list[str] = field(default_factory=list)
    limits: int = 0

    @property
    def share(self) -> float:
        """The share of clean files that were hindered."""
        return len(self.hindered) / self.clean


def measured(*, every: int = 1) -> Figures:
    """Take in all files, or every nth of them, into a database of their own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        app = create_app(Config.for_tests(database_url=f"sqlite:///{path / 'corpus.sqlite3'}", data_dir=path))
        with app.app_context():
            upgrade(directory=str(MIGRATIONS))
            set_up_organization(db.session(), name="Harbor Specialty")
            db.session.commit()
            found = Figures()
            found.hostile, found.kept = _hostile(islice(hostile_files(), 0, None, every))
            for file in islice(clean_files(), 0, None, every):
                taken = measure.take_in(db.session(), file.name, file.data)
                found.clean += 1
                if gone := [*measure.wrongly_gone(taken, file), *measure.refused_lines(db.session(), taken)]:
                    found.hindered.append(f"{file.label}: {gone[0]}")
                db.session.rollback()
            found.limits = len(_hostile(limits())[1])
            db.session.remove()
            db.engine.dispose()
    return found


def _hostile(files: Iterable[Hostile]) -> tuple[int, list[str]]:
    total, kept = 0, []
    for file in files:
        total += 1
        taken = measure.take_in(db.session(), file.name, file.data)
        if measure.found_in(measure.kept_of(db.session(), taken), file) or measure.still_there(taken, file):
            kept.append(file.label)
        db.session.rollback()
    return total, kept
