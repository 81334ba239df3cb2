"""A migration changes only what its revision declares: anything else stops it, whichever way it goes, and is undone."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from threading import Thread

import pytest
import sqlalchemy as sa
from click import ClickException
from flask import Flask
from flask_migrate import downgrade, stamp, upgrade

from config import Config
from crm.app import create_app
from crm.core.commands import BUSY
from crm.core.db import db

ENVIRONMENT = Path(__file__).parent.parent / "migrations" / "env.py"
REVISION = '''"""A revision."""

import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = {before}
CHANGES = {changes}


def upgrade() -> None:
{up}


def downgrade() -> None:
{down}
'''
TABLES = """
op.create_table(
    "shelf",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("code", sa.String(20)),
    sa.Column("weight", sa.Integer()),
    sa.Column("picture", sa.LargeBinary()),
)
op.create_table(
    "book",
    sa.Column("shelf_id", sa.Integer(), sa.ForeignKey("shelf.id", name="fk_book_shelf"), primary_key=True),
    sa.Column("title", sa.String(20), primary_key=True),
    sa.Column("added_at", sa.DateTime(timezone=True)),
)
op.create_table("wish", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("title", sa.String(20)))
"""
ROWS = (
    "INSERT INTO shelf (id, code, weight) VALUES (1, '007', -1), (2, '10', -2)",
    "INSERT INTO book VALUES (1, 'Atlas', '2026-01-01'), (1, 'Basics', NULL), (2, 'Atlas', '2026-01-02')",
)
RECREATE = """
with op.batch_alter_table("shelf", recreate="always" if op.get_bind().dialect.name == "sqlite" else "never") as batch:
    batch.{}
"""


class Migrations:
    """A folder of migrations with the real env.py, and a database with a few rows at its first revision."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.versions = folder / "versions"
        self.versions.mkdir(parents=True)
        shutil.copy(ENVIRONMENT, folder)
        self._write(1, None, TABLES, 'for name in ("book", "wish", "shelf"):\n    op.drop_table(name)')
        upgrade(directory=self.folder)

    def add(self, up: str, down: str = "pass", changes: str = "") -> None:
        """Add a second revision, which declares one change or none."""
        self._write(2, "1", up, down, changes)

    def _write(self, number: int, before: str | None, up: str, down: str, changes: str = "") -> None:
        declared = {changes: "because the test says so"} if changes else {}
        up, down = indent(up, "    "), indent(down, "    ")
        text = REVISION.format(number=number, before=repr(before), changes=declared, up=up, down=down)
        (self.versions / f"{number}_revision.py").write_text(text)

    def up(self) -> None:
        """Go to the newest revision."""
        upgrade(directory=self.folder)

    def down(self) -> None:
        """Go back by one revision."""
        downgrade(directory=self.folder)


def everything() -> dict[str, object]:
    """All tables with their columns, and all rows as they are."""
    with db.engine.connect() as connection:
        inspector = sa.inspect(connection)
        return {
            name: (
                [(column["name"], repr(column["type"])) for column in inspector.get_columns(name)],
                sorted(map(repr, connection.execute(sa.text(f"SELECT * FROM {name}")))),
            )
            for name in inspector.get_table_names()
        }


@pytest.fixture
def own_app(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(Config.for_tests(database_url=empty_database_url, data_dir=tmp_path))
    with app.app_context():
        yield app
        db.engine.dispose()


@pytest.fixture
def migrations(own_app: Flask, tmp_path: Path) -> Migrations:
    """At the first revision, with rows."""
    made = Migrations(tmp_path / "migrations")
    with db.engine.begin() as connection:
        for statement in ROWS:
            connection.execute(sa.text(statement))
        connection.execute(sa.text("UPDATE shelf SET picture = :picture"), {"picture": bytes(range(256))})
    return made


def execute(*statements: str) -> str:
    return "\n".join(f"op.execute({statement!r})" for statement in statements)


@pytest.mark.parametrize(
    ("up", "says"),
    [
        (execute("UPDATE shelf SET code = '7' WHERE id = 1"), "shelf.code (other values"),
        (execute("UPDATE shelf SET code = NULL WHERE id = 1"), "shelf.code (other values"),
        (execute("UPDATE shelf SET weight = -3 - weight"), "shelf.weight (other values"),
        (execute("UPDATE book SET added_at = '2026-01-01' WHERE title = 'Basics'"), "book.added_at (other values"),
        (execute("UPDATE book SET title = 'Cells' WHERE title = 'Basics'"), "book.title (other values"),
        ("op.get_bind().execute(sa.text('UPDATE shelf SET picture = :p'), {'p': bytes(256)})", "shelf.picture (other"),
        (execute("DELETE FROM book WHERE title = 'Basics'"), "book (rows: 3 before, 2 after)"),
        (execute("INSERT INTO book VALUES (2, 'Basics', NULL)"), "book (rows: 3 before, 4 after)"),
        (execute("INSERT INTO wish (id) VALUES (1)"), "wish (rows: 0 before, 1 after)"),
        (
            execute("DELETE FROM book WHERE shelf_id = 2", "INSERT INTO book VALUES (1, 'Cells', '2026-01-02')"),
            "book.shelf_id (other values or another type), book.title (other",
        ),
        ("op.drop_table('book')", "book (rows: 3 before, 0 after)"),
        ("op.rename_table('book', 'volume')", "book (rows: 3 before, 0 after)"),
        (RECREATE.format("alter_column('code', new_column_name='label')"), "shelf (code gone, label new)"),
        (
            RECREATE.format("alter_column('code', type_=sa.Integer(), postgresql_using='code::integer')"),
            "shelf.code (other values or another type)",
        ),
        (
            RECREATE.format("alter_column('code', type_=sa.String(2), postgresql_using='left(code, 2)')"),
            "shelf.code (other values or another type)",
        ),
    ],
)
def test_what_is_not_declared_stops_the_migration(migrations: Migrations, up: str, says: str) -> None:
    before = everything()
    migrations.add(f"op.add_column('wish', sa.Column('price', sa.Integer()))\n{up}")

    with pytest.raises(ClickException) as stopped:
        migrations.up()

    assert says in stopped.value.message
    assert everything() == before


@pytest.mark.parametrize(
    "up",
    [
        RECREATE.format("add_column(sa.Column('room', sa.String(20), server_default='hall'))"),
        RECREATE.format("drop_column('code')"),
        RECREATE.format("create_index('ix_shelf_code', ['code'])"),
        "op.add_column('book', sa.Column('scan', sa.LargeBinary()))",
        "op.drop_table('wish')",
        "with op.batch_alter_table('wish') as batch:\n    batch.alter_column('title', type_=sa.String(40))",
        "op.create_table('lent', sa.Column('id', sa.Integer(), primary_key=True))\n"
        + execute("INSERT INTO lent VALUES (1)"),
    ],
)
def test_schema_alone_changes_freely(migrations: Migrations, up: str) -> None:
    migrations.add(up)

    migrations.up()

    assert len(everything()["shelf"][1]) == 2
    assert "2" in str(everything()["alembic_version"])


@pytest.mark.parametrize(
    ("changes", "up"),
    [
        ("book", execute("UPDATE book SET added_at = NULL", "DELETE FROM book WHERE title = 'Basics'")),
        ("book", "op.drop_table('book')"),
        ("shelf.code", execute("UPDATE shelf SET code = '7' WHERE id = 1")),
        ("shelf.code", RECREATE.format("alter_column('code', new_column_name='label')")),
        ("shelf.code", RECREATE.format("alter_column('code', existing_type=sa.String(20), type_=sa.String(40))")),
    ],
)
def test_what_is_declared_changes(migrations: Migrations, changes: str, up: str) -> None:
    before = everything()
    migrations.add(up, changes=changes)

    migrations.up()

    assert everything() != before


@pytest.mark.parametrize(
    ("changes", "up"),
    [
        ("book", execute("UPDATE shelf SET code = '7' WHERE id = 1")),
        ("shelf.code", execute("UPDATE shelf SET weight = 0")),
        ("shelf.code", execute("DELETE FROM book WHERE shelf_id = 2", "DELETE FROM shelf WHERE id = 2")),
    ],
)
def test_a_declaration_covers_only_what_it_names(migrations: Migrations, changes: str, up: str) -> None:
    before = everything()
    migrations.add(up, changes=changes)

    with pytest.raises(ClickException):
        migrations.up()

    assert everything() == before


def test_the_way_down_is_watched_too(migrations: Migrations) -> None:
    up = RECREATE.format("add_column(sa.Column('room', sa.String(20)))")
    down = RECREATE.format("drop_column('room')")
    migrations.add(up, f"{down}\n{execute('DELETE FROM book')}")
    migrations.up()
    before = everything()
    with pytest.raises(ClickException, match="book"):
        migrations.down()
    assert everything() == before

    migrations.add(up, down)
    migrations.down()
    assert "room" not in str(everything()["shelf"])
    with pytest.raises(ClickException, match="book"):
        migrations.down()


def test_without_data_or_revisions_nothing_is_read(own_app: Flask, tmp_path: Path) -> None:
    read: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: read.append(statement))

    migrations = Migrations(tmp_path / "migrations")  # an empty database
    assert not [statement for statement in read if "shelf" in statement and "CREATE" not in statement]
    read.clear()
    migrations.up()  # at its newest
    stamp(directory=migrations.folder, revision="1")
    assert not [statement for statement in read if "shelf" in statement]
    migrations.add("pass")
    migrations.up()
    assert [statement for statement in read if "shelf" in statement]


def test_a_second_server_waits_for_the_migration_of_the_first(own_app: Flask, migrations: Migrations) -> None:
    """A page would give up after five seconds, and every statement of it after sixty."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite itself lets only one of them write")
    limits = "current_setting('statement_timeout') = '0' AND current_setting('lock_timeout') = '5s'"
    migrations.add(execute(f"INSERT INTO wish (id) SELECT 1 WHERE {limits}"), changes="wish")

    def start() -> None:
        with own_app.app_context():
            migrations.up()

    second = Thread(target=start)
    with db.engine.begin() as first:
        first.execute(sa.text("SELECT pg_advisory_xact_lock(7203811)"))
        second.start()
        second.join(timeout=6)
        assert second.is_alive()
    second.join()
    assert everything()["wish"][1] == ["(1, None)"]


def test_the_command_says_it_in_one_line(own_app: Flask, migrations: Migrations) -> None:
    migrations.add(execute("DELETE FROM book", "UPDATE shelf SET weight = 0"))

    result = own_app.test_cli_runner().invoke(args=["db", "upgrade", "-d", migrations.folder])

    assert result.exit_code == 1
    assert result.output == (
        "Error: The migration was stopped, and the database is as it was: it would change data that it does not "
        "declare: book (rows: 3 before, 0 after), shelf.weight (other values or another type).\n"
    )


def test_a_database_that_somebody_else_writes_is_called_busy(own_app: Flask, migrations: Migrations) -> None:
    migrations.add(execute("DROP TABLE book"), changes="book")
    with db.engine.begin() as other:
        other.execute(sa.text("UPDATE book SET title = title"))
        result = own_app.test_cli_runner().invoke(args=["db", "upgrade", "-d", migrations.folder])

    assert (result.exit_code, result.output) == (1, f"Error: {BUSY}\n")
