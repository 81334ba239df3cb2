"""The schema before profiles had names of their own, and back: how files are read is the same afterwards."""

import json
from pathlib import Path
from typing import Any

from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from config import Config
from crm.accounts.services import set_up_organization
from crm.accounts.viewer import SYSTEM
from crm.app import create_app
from crm.core.db import db
from crm.referrals import import_services
from crm.referrals.models import MappingProfile
from tests.referrals.files import OKONJO, csv_bytes, events
from tests.referrals.importing import bring_in

MIGRATIONS = str(Path(__file__).parents[2] / "migrations")
BEFORE = "0004"
COUNTS = csv_bytes([[OKONJO, "2026-03", "4"]], ("Ref NPI", "Month", "Number of Referrals"))


def profiles(session: Session) -> list[tuple[Any, ...]]:
    found = session.scalars(select(MappingProfile).order_by(MappingProfile.id)).all()
    return [(profile.name, profile.grain, profile.mapping) for profile in found]


def test_profiles_survive_the_way_down_and_up(empty_database_url: str, tmp_path: Path) -> None:
    app = create_app(Config.for_tests(database_url=empty_database_url, data_dir=tmp_path))
    with app.app_context():
        upgrade(directory=MIGRATIONS)
        session = db.session()
        set_up_organization(session, name="Harbor")
        session.commit()
        bring_in(session, events(3), "epic.csv")
        bring_in(session, COUNTS, "counts.csv")
        before = profiles(session)
        assert [name for name, _, _ in before] == ["Epic", "Counts"]
        session.rollback()

        downgrade(directory=MIGRATIONS, revision=BEFORE)
        old = session.execute(text("SELECT mapping FROM mapping_profile ORDER BY id")).scalars().all()
        first = json.loads(old[0]) if isinstance(old[0], str) else old[0]
        assert first["columns"]["Referral Date"] == "received_on"
        twin = {"name": "Epic", "key": "x" * 64, "mapping": json.dumps({"columns": {"A": "site"}}), "at": "2026-01-01"}
        session.execute(
            text(
                "INSERT INTO mapping_profile (id, name, header_key, mapping, created_at, updated_at) "
                "VALUES (90, :name, :key, :mapping, :at, :at)"
            ),
            twin,
        )
        session.commit()

        upgrade(directory=MIGRATIONS)
        assert profiles(session)[:2] == before
        assert profiles(session)[2][0] == "Epic 2"
        again = import_services.take_in_file(session, SYSTEM, "x.csv", events(4))
        assert again.mapping["profile"]["name"] == "Epic"
        bring_in(session, csv_bytes([["03/02/2026", OKONJO]], ("Referral Date", "Ref NPI")), "third.csv")
        db.session.remove()
        db.engine.dispose()
