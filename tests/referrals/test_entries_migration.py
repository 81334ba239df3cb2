"""The schema in which a count of 0 was an entry of the rollups, and back: the sums stay exact in both."""

from pathlib import Path

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from config import Config
from crm.accounts.services import set_up_organization
from crm.app import create_app
from crm.core.db import db
from crm.referrals import layers
from crm.referrals.models import ReferralImport
from crm.referrals.rollup import check_rollup
from tests.referrals.files import csv_bytes, event
from tests.referrals.importing import bring_in, take_back

MIGRATIONS = str(Path(__file__).parents[2] / "migrations")
ROLLUPS = ("referral_practice_month", "referral_line_month", "referral_total_month")


def entries() -> list[int]:
    """How many entries each rollup tells."""
    found = [db.session.execute(text(f"SELECT sum(entries) FROM {name}")).scalar() for name in ROLLUPS]
    db.session.rollback()
    return [int(count or 0) for count in found]


@pytest.mark.parametrize("is_large", [False, True])
def test_entries_survive_the_way_down_and_up(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    monkeypatch.setattr(layers, "LARGE_LAYER", 0 if is_large else 100)
    app = create_app(Config.for_tests(database_url=empty_database_url, data_dir=tmp_path))
    with app.app_context():
        upgrade(directory=MIGRATIONS)
        session = db.session()
        set_up_organization(session, name="Harbor").counts_only = True
        session.commit()
        bring_in(session, csv_bytes([event(n) for n in range(1, 5)]))
        newer = bring_in(session, csv_bytes([event(n, Dept="Sleep") for n in range(1, 5)]))
        assert check_rollup(session) == []
        session.rollback()
        assert entries() == [4, 4, 4]
        downgrade(directory=MIGRATIONS, revision="0009")
        assert entries() == [8, 8, 8]
        upgrade(directory=MIGRATIONS)
        assert entries() == [4, 4, 4]
        assert check_rollup(session) == []
        take_back(session, session.get_one(ReferralImport, newer.id))
        assert check_rollup(session) == []
        session.rollback()
        assert entries() == [4, 4, 4]
        db.session.remove()
        db.engine.dispose()
