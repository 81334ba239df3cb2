"""Migrations: up, down and up again; the schema they make is the one of the models; data survive; children too."""

import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from click import ClickException
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from config import Config
from crm.app import create_app
from crm.core.db import Base, db

MIGRATIONS = str(Path(__file__).parent.parent / "migrations")
HEAD = ScriptDirectory(MIGRATIONS).get_current_head()


def app_on(url: str, tmp_path: Path) -> Flask:
    return create_app(Config.for_tests(database_url=url, data_dir=tmp_path))


def test_up_down_and_up_again_on_an_empty_database(empty_database_url: str, tmp_path: Path) -> None:
    app = app_on(empty_database_url, tmp_path)
    with app.app_context():
        upgrade(directory=MIGRATIONS)
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []
        downgrade(directory=MIGRATIONS, revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        upgrade(directory=MIGRATIONS)
        upgrade(directory=MIGRATIONS)
        db.engine.dispose()


def test_every_constraint_has_a_name(app: Flask) -> None:
    for table in Base.metadata.tables.values():
        for constraint in table.constraints:
            assert constraint.name or not list(getattr(constraint, "columns", [])), f"{table.name}: {constraint}"


PARENT_AND_CHILD = (
    """INSERT INTO territory (id, name, zip_prefixes, created_at, updated_at)
       VALUES (1, 'North', '', '2026-01-01', '2026-01-01')""",
    """INSERT INTO user_account (id, email, name, password_hash, is_active, home_address,
                                 version, created_at, updated_at)
       VALUES (1, 'a@b.example', 'A', 'x', true, '', 1, '2026-01-01', '2026-01-01')""",
    "INSERT INTO user_territory (user_id, territory_id) VALUES (1, 1)",
)


def test_altering_a_parent_keeps_its_children(empty_database_url: str, tmp_path: Path) -> None:
    """SQLite copies the table and drops the old one: with foreign keys on, that deleted the children."""
    app = app_on(empty_database_url, tmp_path)
    with app.app_context():
        upgrade(directory=MIGRATIONS)
        with db.engine.begin() as connection:
            for statement in PARENT_AND_CHILD:
                connection.execute(text(statement))
        versions = tmp_path / "migrations"
        _copy_with_next_revision(versions)
        upgrade(directory=str(versions))
        if db.engine.dialect.name == "sqlite":
            snapshot = sqlite3.connect(f"{db.engine.url.database}.before-9999")
            assert snapshot.execute("SELECT count(*) FROM user_territory").fetchone() == (1,)
            snapshot.close()
        with db.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM user_territory")).scalar() == 1
            assert "head_count" in [column["name"] for column in inspect(connection).get_columns("territory")]
        db.engine.dispose()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DELETE FROM user_territory", r"user_territory \(rows: 1 before, 0 after\)"),
        ("UPDATE user_territory SET territory_id = 99", "pointing at nothing in: user_territory|foreign key"),
        ("DROP TABLE no_such_table", "no_such_table"),
    ],
)
def test_a_migration_that_fails_changes_nothing(
    empty_database_url: str, tmp_path: Path, statement: str, says: str
) -> None:
    app = app_on(empty_database_url, tmp_path)
    with app.app_context():
        upgrade(directory=MIGRATIONS)
        with db.engine.begin() as connection:
            for insert in PARENT_AND_CHILD:
                connection.execute(text(insert))
        versions = tmp_path / "migrations"
        changes = ["user_territory.territory_id"] if "UPDATE" in statement else []
        _copy_with_next_revision(versions, more=f"    op.execute({statement!r})\n", changes=changes)
        with pytest.raises((ClickException, DBAPIError), match=says):
            upgrade(directory=str(versions))
        with db.engine.connect() as connection:
            assert connection.execute(text("SELECT territory_id FROM user_territory")).scalar() == 1
            assert "head_count" not in [column["name"] for column in inspect(connection).get_columns("territory")]
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD
        db.engine.dispose()


def _copy_with_next_revision(target: Path, more: str = "", changes: Sequence[str] = ()) -> None:
    shutil.copytree(MIGRATIONS, target)
    (target / "versions" / "9999_next.py").write_text(
        '"""The next schema."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
        f'revision = "9999"\ndown_revision = "{HEAD}"\nCHANGES = {changes}\n\n\ndef upgrade() -> None:\n'
        '    how = "always" if op.get_bind().dialect.name == "sqlite" else "never"\n'
        '    with op.batch_alter_table("territory", recreate=how) as batch_op:\n'
        '        batch_op.add_column(sa.Column("head_count", sa.Integer(), nullable=True))\n' + more
    )
