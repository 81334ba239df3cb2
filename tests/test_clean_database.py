"""Tests of the test database: every test starts clean, requests live apart, and real commits are real."""

import threading

import pytest
from flask import Flask, g, request_started
from flask.testing import FlaskClient
from sqlalchemy import Connection, create_engine, text

from crm.core.db import db


def marks() -> int:
    """How many rows the tests below have left."""
    return int(db.session.execute(text("SELECT count(*) FROM clean_database_mark")).scalar_one())


@pytest.fixture
def marked(app: Flask) -> None:
    """A table with one committed row, made within the test's transaction."""
    db.session.execute(text("CREATE TABLE clean_database_mark (id INTEGER)"))
    db.session.execute(text("INSERT INTO clean_database_mark VALUES (1)"))
    db.session.commit()


@pytest.mark.parametrize("again", [1, 2, 3])
def test_commits_are_undone_after_each_test(marked: None, again: int) -> None:
    # The second and third time would fail on the existing table.
    assert marks() == 1
    assert isinstance(db.engines[None], Connection)


def test_rollback_undoes_only_what_was_not_committed(marked: None) -> None:
    db.session.execute(text("INSERT INTO clean_database_mark VALUES (2)"))
    db.session.rollback()

    assert marks() == 1


def test_a_request_has_its_own_context(app: Flask, client: FlaskClient) -> None:
    g.secret_of_the_test = "kept"
    seen: list[bool] = []

    def look(_app: Flask, **_kwargs: object) -> None:
        seen.append("secret_of_the_test" in g)

    with request_started.connected_to(look, app):
        client.get("/static/css/tokens.css")

    assert seen == [False]


@pytest.mark.real_commits
def test_real_commits_are_seen_by_others(app: Flask, marked: None) -> None:
    found: list[int] = []
    address = app.config["SQLALCHEMY_DATABASE_URI"]

    def look() -> None:
        engine = create_engine(address)
        with engine.connect() as connection:
            found.append(int(connection.execute(text("SELECT count(*) FROM clean_database_mark")).scalar_one()))
        engine.dispose()

    other = threading.Thread(target=look)
    other.start()
    other.join()

    assert found == [1]


def test_an_empty_database_is_empty(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        tables = engine.dialect.get_table_names(connection)
    engine.dispose()

    assert tables == []
