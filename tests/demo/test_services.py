"""Tests of making the demo organization in a database: whole, only into an empty one, with fresh passwords."""

import stat
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.accounts.models import Organization, User
from crm.accounts.passwords import is_password
from crm.audit.models import AuditEvent
from crm.core.errors import Conflict
from crm.demo import services
from crm.demo.users import NAMED
from crm.directory.models import Practice, Territory
from crm.referrals.models import Referral, ReferralStatus
from crm.referrals.rollup_models import ReferralPracticeMonth, ReferralTotalWait

TODAY = date(2026, 11, 20)


@pytest.fixture
def session(database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


@pytest.fixture
def made(session: Session, tmp_path: Path) -> services.Made:
    return services.create_demo(session, scale="small", data_dir=tmp_path, today=TODAY)


def test_everything_is_written(made: services.Made, session: Session, tmp_path: Path) -> None:
    for model in (Practice, Referral, User):
        assert session.scalar(select(func.count()).select_from(model)) == made.counts[model.__tablename__]
    organization = session.scalars(select(Organization)).one()
    assert organization.is_demo
    assert organization.name == "Harbor Specialty Group"
    assert len(organization.row_key_secret) == 64
    assert [event.object_label for event in session.scalars(select(AuditEvent))] == ["Demo organization"]
    _check_rollups(session)
    _check_passwords(made, session, tmp_path)
    _check_numbering_goes_on(session)
    with pytest.raises(Conflict):
        services.create_demo(session, scale="small", data_dir=tmp_path, today=TODAY)


def _check_rollups(session: Session) -> None:
    rows, money = session.execute(select(func.sum(Referral.count), func.sum(Referral.revenue_cents))).one()
    of = ReferralPracticeMonth
    sums = select(func.sum(of.received), func.sum(of.paid_cents), func.sum(of.seen))
    received, paid, seen = session.execute(sums).one()
    assert (received, paid) == (rows, money)
    is_seen = select(func.count()).where(Referral.status == ReferralStatus.SEEN)
    assert seen == session.scalar(is_seen)
    with_appointment = select(func.count()).where(Referral.appointment_on.is_not(None))
    waits = select(func.sum(ReferralTotalWait.referrals)).where(ReferralTotalWait.wait == "appointment")
    assert session.scalar(waits) == session.scalar(with_appointment)


def _check_passwords(made: services.Made, session: Session, data_dir: Path) -> None:
    path = services.password_file(data_dir)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text(encoding="utf-8")
    assert len(made.passwords) == len(NAMED) == len(set(made.passwords.values()))
    for email, password in made.passwords.items():
        assert password in text
        user = session.scalars(select(User).where(User.email == email)).one()
        assert is_password(password, user.password_hash)


def _check_numbering_goes_on(session: Session) -> None:
    territory = Territory(name="Newark")
    session.add(territory)
    session.flush()
    assert territory.id == 5


def test_a_database_with_an_account_is_left_alone(session: Session, tmp_path: Path) -> None:
    session.add(User(email="somebody@harbor.example", name="Somebody", password_hash="x"))
    session.flush()
    with pytest.raises(Conflict):
        services.create_demo(session, scale="small", data_dir=tmp_path)
    assert not services.password_file(tmp_path).exists()


def test_the_command_says_what_it_made(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    result = app.test_cli_runner().invoke(args=["demo", "create", "--today", "2026-11-20", "--seed", "3"])
    assert result.exit_code == 0, result.output
    assert "320 practices" in result.output
    assert "dana@harborspecialty.example" in result.output
    again = app.test_cli_runner().invoke(args=["demo", "create"])
    assert again.exit_code == 1
    assert "empty database" in again.output
