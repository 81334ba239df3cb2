"""The database rules: no lost update, no orphan, no naive moment, no write in a reading request; on both databases."""

import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import structlog
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from structlog.testing import capture_logs

from crm.accounts.models import Organization, UserSession
from crm.core import clock, engine
from crm.core.db import UtcDateTime, db, separate_transaction
from tests.cast import Cast


@pytest.mark.parametrize(
    ("version", "has_bug"),
    [
        ((3, 40, 1), True), ((3, 46, 1), True), ((3, 50, 4), True), ((3, 51, 2), True), ((3, 52, 0), True),
        ((3, 44, 5), True), ((3, 45, 1), True), ((3, 50, 6), True),
        ((3, 44, 6), False), ((3, 50, 7), False), ((3, 51, 3), False), ((3, 52, 1), False), ((3, 53, 0), False),
    ],
)  # fmt: skip
def test_wal_is_used_only_where_it_loses_nothing(version: tuple[int, int, int], *, has_bug: bool) -> None:
    assert engine.has_wal_reset_bug(version) is has_bug
    assert engine.journal_mode(version) == ("TRUNCATE" if has_bug else "WAL")


def sqlite_only() -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("a rule of SQLite")


@pytest.mark.real_commits
def test_every_pooled_connection_follows_the_rules(app: Flask) -> None:
    sqlite_only()
    with db.engine.connect() as one, db.engine.connect() as two:
        for connection in (one, two):
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("foreign_keys", "busy_timeout", "synchronous", "trusted_schema", "journal_mode")
            }
            wanted = {
                "foreign_keys": 1, "busy_timeout": 5000, "synchronous": 2, "trusted_schema": 0,
                "journal_mode": engine.journal_mode().lower(),
            }  # fmt: skip
            assert found == wanted
            connection.rollback()


@pytest.mark.real_commits
def test_concurrent_read_then_write_loses_no_update(app: Flask, cast: Cast) -> None:
    threads, rounds = 4, 25
    failures: list[Exception] = []

    def add() -> None:
        try:
            for _ in range(rounds):
                with app.app_context():
                    row = db.session.execute(select(Organization).with_for_update()).scalar_one()
                    db.session.execute(
                        update(Organization).values(cadence_a_days=row.cadence_a_days + 1, version=row.version)
                    )
                    db.session.commit()
        except Exception as problem:  # noqa: BLE001 a thread must hand its failure over
            failures.append(problem)

    before = cast.organization.cadence_a_days
    db.session.commit()
    workers = [threading.Thread(target=add) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures
    db.session.expire_all()
    assert db.session.execute(select(Organization)).scalar_one().cadence_a_days == before + threads * rounds


@pytest.mark.real_commits
def test_a_reading_transaction_cannot_write(app: Flask, cast: Cast) -> None:
    db.session.rollback()
    engine.set_reading(on=True)
    try:
        with pytest.raises(DBAPIError):
            db.session.execute(update(Organization).values(name="Changed by a GET"))
        db.session.rollback()
        with separate_transaction() as session:
            session.execute(update(Organization).values(city="Dublin"))
    finally:
        db.session.rollback()
        engine.set_reading(on=False)
    assert db.session.execute(select(Organization.name, Organization.city)).one() == (
        "Harbor Specialty Group",
        "Dublin",
    )


def test_foreign_keys_hold(cast: Cast, database: Any) -> None:
    database.add(UserSession(token_hash="x" * 64, user_id=99_999, started_at=clock.now(), last_used_at=clock.now()))
    with pytest.raises(IntegrityError):
        database.flush()


@pytest.mark.real_commits
def test_schema_changes_roll_back_too(app: Flask) -> None:
    with db.engine.connect() as connection:
        connection.execute(text("CREATE TABLE left_over (id INTEGER)"))
        connection.rollback()
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT * FROM left_over"))
        connection.rollback()


def test_a_naive_moment_is_refused(cast: Cast, database: Any) -> None:
    naive = datetime(2026, 11, 1, 1, 30)  # noqa: DTZ001 the fault under test
    database.add(UserSession(token_hash="n" * 64, user_id=cast.dana.id, started_at=naive, last_used_at=clock.now()))
    with pytest.raises(StatementError, match="time zone"):
        database.flush()


@pytest.mark.parametrize("hours", [-11, -5, 0, 5.5, 14])
def test_a_moment_comes_back_as_the_same_moment(cast: Cast, database: Any, hours: float) -> None:
    moment = datetime(2026, 3, 8, 23, 30, tzinfo=timezone(timedelta(hours=hours)))
    row = UserSession(token_hash="m" * 64, user_id=cast.dana.id, started_at=moment, last_used_at=moment)
    database.add(row)
    database.commit()
    database.expire_all()
    assert row.started_at == moment
    assert row.started_at.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2200, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_utc_type_keeps_every_moment(moment: datetime) -> None:
    stored = UtcDateTime().process_bind_param(moment, None)  # type: ignore[arg-type]
    assert stored is not None
    as_sqlite_reads_it = stored.replace(tzinfo=None)
    assert UtcDateTime().process_result_value(as_sqlite_reads_it, None) == moment.astimezone(UTC)  # type: ignore[arg-type]


@pytest.mark.real_commits
@pytest.mark.parametrize(
    ("holder", "seconds", "says"), [("job 7 export", 0.03, 1), ("", 0.03, 0), ("job 7 export", 0, 0)]
)
def test_who_keeps_others_waiting_says_so(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, holder: str, seconds: float, says: int
) -> None:
    monkeypatch.setattr(engine, "LONG_SECONDS", 0.02)
    # One that was used before, by a slow test, keeps to what was configured then.
    monkeypatch.setattr(engine, "log", structlog.get_logger())
    with capture_logs() as logs, app.app_context():
        engine.set_holder(holder)
        with separate_transaction() as session:
            session.execute(text("SELECT 1"))
            time.sleep(seconds)
        engine.set_holder("")
    assert [(log["event"], log["holder"]) for log in logs] == [("held the database for long", holder)] * says
    assert not says or any("db.py" in place for place in logs[0]["where"])
