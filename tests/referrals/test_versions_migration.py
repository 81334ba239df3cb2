"""The schema before versions and layers, and back: no version of a referral and no sum is lost on the way."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from config import Config
from crm.accounts.services import set_up_organization
from crm.app import create_app
from crm.core.db import db
from crm.referrals import layers
from crm.referrals.importing.key_pages import PLACE
from crm.referrals.importing.keys import key_list
from crm.referrals.models import Referral, ReferralKeyPage, ids_of
from crm.referrals.rollup import check_rollup
from crm.referrals.rollup_models import ReferralPracticeMonth
from tests.referrals.files import csv_bytes, event, events
from tests.referrals.importing import bring_in, rows, take_back

MIGRATIONS = str(Path(__file__).parents[2] / "migrations")


def versions(session: Session) -> list[tuple[Any, ...]]:
    """All versions, also those that no longer count."""
    columns = (Referral.import_id, Referral.replaced_by, Referral.status, Referral.appointment_on)
    found = {row[0]: tuple(row[1:]) for row in session.execute(select(Referral.id, *columns))}
    keys = {}
    for page in session.scalars(select(ReferralKeyPage)):
        places = np.frombuffer(page.places, PLACE).tolist()
        keys |= {ids_of(page.import_id)[place]: key for place, key in zip(places, key_list(page.keys), strict=True)}
    return sorted((keys[id_], *values) for id_, values in found.items())


def test_versions_and_sums_survive_the_way_down_and_up(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(Config.for_tests(database_url=empty_database_url, data_dir=tmp_path))
    with app.app_context():
        upgrade(directory=MIGRATIONS)
        session = db.session()
        set_up_organization(session, name="Harbor")
        session.commit()
        bring_in(session, events(6, Status="Open"))
        second = bring_in(session, events(4, Status="Scheduled"))
        monkeypatch.setattr(layers, "settle", lambda *_: None)  # as if killed before its sums are merged
        bring_in(session, csv_bytes([event(n, Status="Completed") for n in (2, 3, 9)]))
        assert session.scalar(select(func.count()).where(ReferralPracticeMonth.layer > 0))
        monkeypatch.undo()
        before, counted = versions(session), rows(session)
        assert len(before) == 6 + 4 + 3
        session.rollback()

        downgrade(directory=MIGRATIONS, revision="0001")
        kept = session.execute(text("SELECT referral_id, import_id FROM referral_superseded ORDER BY id")).all()
        assert len(kept) == 6
        assert session.execute(text("SELECT count(*) FROM referral")).scalar() == len(counted)
        received = session.execute(text("SELECT sum(received) FROM referral_month")).scalar()
        session.rollback()

        upgrade(directory=MIGRATIONS)
        assert versions(session) == before
        assert rows(session) == counted
        assert received == len(counted)
        assert check_rollup(session) == []
        take_back(session, second)
        assert check_rollup(session) == []
        db.session.remove()
        db.engine.dispose()
