"""The schema before sources could be set apart, and back: what a person decided is followed by later files."""

from pathlib import Path

from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from config import Config
from crm.accounts.services import set_up_organization
from crm.accounts.viewer import SYSTEM
from crm.app import create_app
from crm.core.db import db
from crm.referrals import source_queries, source_services
from crm.referrals.importing.rows import Named
from crm.referrals.models import ReferralSource, SourceKind
from crm.referrals.rollup import check_rollup
from tests.referrals.files import csv_bytes, event
from tests.referrals.importing import bring_in

MIGRATIONS = str(Path(__file__).parents[2] / "migrations")
NAMES = ("Walker Clinic", "Sunny Quill", "Billboard 71", "Maple Clinic")
DATA = csv_bytes([event(n, Ref_NPI="", Referring_Practice=name) for n, name in enumerate(NAMES, 1)])


def source(session: Session, name: str) -> ReferralSource:
    return session.scalars(select(ReferralSource).where(ReferralSource.name == name)).one()


def test_decisions_and_fingerprints_survive_the_way_down_and_up(empty_database_url: str, tmp_path: Path) -> None:
    app = create_app(Config.for_tests(database_url=empty_database_url, data_dir=tmp_path))
    with app.app_context():
        upgrade(directory=MIGRATIONS)
        session = db.session()
        set_up_organization(session, name="Harbor")
        session.commit()
        bring_in(session, DATA)
        source_services.set_apart(session, SYSTEM, source(session, "Sunny Quill"), SourceKind.SELF)
        source_services.set_apart(session, SYSTEM, source(session, "Billboard 71"), SourceKind.ADVERT)
        source_services.leave_source(session, SYSTEM, source(session, "Maple Clinic"))
        session.commit()
        before = {row.id: row.key for row in session.execute(select(ReferralSource.id, ReferralSource.key))}
        session.rollback()

        downgrade(directory=MIGRATIONS, revision="0007")
        kept = {row.name: bytes(row.key) for row in session.execute(text("SELECT name, key FROM referral_source"))}
        session.rollback()
        assert kept.keys() == {"Walker Clinic", "", "Billboard 71", "Maple Clinic"}
        for name in kept.keys() - {""}:
            assert kept[name] == Named("practice", None, name, "", "", "").key

        upgrade(directory=MIGRATIONS)
        after = {row.id: row.key for row in session.execute(select(ReferralSource.id, ReferralSource.key))}
        changed = [id_ for id_ in before if before[id_] != after[id_]]
        assert [source_queries.label_of(session.get_one(ReferralSource, id_)) for id_ in changed] == ["Self-referral"]
        session.rollback()
        bring_in(session, DATA)
        assert check_rollup(session) == []
        assert sorted(session.scalars(select(ReferralSource.name))) == sorted(["", *NAMES])
        db.session.remove()
        db.engine.dispose()
