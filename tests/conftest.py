"""What every test can ask for: the app on a real database that is clean again after each test, and a client.

A test gets a database only when it (or a fixture of it) asks for `app`, `database` or `client`; tests of pure rules
ask for nothing and take microseconds. TEST_DATABASE chooses `sqlite` (default) or `postgresql`.
"""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import FileSystemBytecodeCache

from tests.databases import SERVER_URL, Databases, chosen_kind, databases_for, server_for_tests

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

ROOT = Path(__file__).parent.parent
# The named people and places, and the client that checks every page.
pytest_plugins = ["tests.cast", "tests.pages"]
# A test that asks for none of these has nothing to do with the database, so the PostgreSQL run leaves it out.
DATABASE_FIXTURES = {"app", "empty_database_url", "migrated_database_url"}
AppOn = Callable[[str, Path], AbstractContextManager["Flask"]]
_run = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL once, before the xdist workers, which inherit its address."""
    config.stash[_run] = ExitStack()
    is_worker = hasattr(config, "workerinput")
    wanted = chosen_kind() == "postgresql" and not config.option.collectonly
    if wanted and not is_worker and SERVER_URL not in os.environ:
        os.environ[SERVER_URL] = config.stash[_run].enter_context(server_for_tests())
        config.stash[_run].callback(os.environ.pop, SERVER_URL)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what `pytest_configure` started, also after failures and Ctrl-C."""
    if _run in config.stash:
        config.stash[_run].close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests to which the database makes no difference out of the PostgreSQL run: the SQLite run has them."""
    if chosen_kind() == "sqlite":
        return
    apart = [item for item in items if item.get_closest_marker("one_database") or not _touches_database(item)]
    config.hook.pytest_deselected(items=apart)
    items[:] = [item for item in items if item not in apart]


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the collector need not look through it again at every page."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _touches_database(item: pytest.Item) -> bool:
    return bool(DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())))


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Databases:
    """Makes databases of the chosen kind."""
    return databases_for(chosen_kind(), folder=tmp_path_factory.mktemp("databases"), prefix=f"test_{worker_id}")


@pytest.fixture(scope="session")
def make_app(tmp_path_factory: pytest.TempPathFactory) -> AppOn:
    """Makes apps on databases; each template of a page is compiled once for all of them."""
    compiled = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("compiled")))
    return partial(_app_on, compiled=compiled)


@pytest.fixture(scope="session")
def template_url(databases: Databases, make_app: AppOn, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database made by the real migrations, to copy from: nobody may stay connected to it."""
    from flask_migrate import upgrade

    url = databases.create()
    with make_app(url, tmp_path_factory.mktemp("template")) as app, app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
    return url


@pytest.fixture(scope="session")
def shared_app(
    databases: Databases, make_app: AppOn, template_url: str, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Flask]":
    """The app that all tests without real commits share; ask for `app`, not for this."""
    with make_app(databases.copy(template_url), tmp_path_factory.mktemp("data")) as app:
        yield app


@pytest.fixture
def migrated_database_url(databases: Databases, template_url: str) -> Iterator[str]:
    """A database of its own with the current schema and no rows: for processes that the test starts."""
    url = databases.copy(template_url)
    yield url
    databases.drop(url)


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """A database of its own without any tables: for tests of migrations and of the first start."""
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.fixture
def app(request: pytest.FixtureRequest, make_app: AppOn, tmp_path: Path) -> "Iterator[Flask]":
    """The app. Tests marked `real_commits` get one on a database of their own, which other threads can see."""
    if request.node.get_closest_marker("real_commits") is None:
        yield request.getfixturevalue("shared_app")
        return
    with make_app(request.getfixturevalue("migrated_database_url"), tmp_path) as own_app:
        yield own_app


@pytest.fixture
def database(app: "Flask", request: pytest.FixtureRequest) -> Iterator[Any]:
    """The session of the test, inside an app context; everything it and its requests write is undone afterwards."""
    from crm.core.db import db

    has_own = request.node.get_closest_marker("real_commits") is not None
    with app.app_context():
        if has_own:
            yield db.session
            db.session.remove()
            return
        with _undone(db):
            yield db.session


@pytest.fixture(autouse=True)
def _clean_database(request: pytest.FixtureRequest) -> None:
    """Whoever asks for the app gets the undoing `database` around it, before any other fixture writes."""
    if "app" in request.fixturenames:
        request.getfixturevalue("database")


@pytest.fixture
def client(app: "Flask") -> "FlaskClient":
    """A browser that is not signed in."""
    return app.test_client()


@contextmanager
def _app_on(url: str, data_dir: Path, *, compiled: FileSystemBytecodeCache) -> "Iterator[Flask]":
    """An app on a database, its connections closed at the end."""
    from config import Config
    from crm.app import create_app
    from crm.core.db import db
    from tests.client import SeparateClient

    app = create_app(Config.for_tests(database_url=url, data_dir=data_dir))
    app.test_client_class = SeparateClient
    app.jinja_env.bytecode_cache = compiled
    yield app
    with app.app_context():
        db.engine.dispose()


@contextmanager
def _undone(db: Any) -> Iterator[None]:
    """One outer transaction around the test: each commit inside only releases a savepoint of it."""
    engine = db.engines[None]
    connection = engine.connect()
    outer = connection.begin()
    db.session.session_factory.configure(join_transaction_mode="create_savepoint")
    # Flask-SQLAlchemy asks this table for the engine of each statement; there is no other way to hand it a connection.
    db.engines[None] = connection
    try:
        yield
    finally:
        db.session.remove()
        db.engines[None] = engine
        outer.rollback()
        connection.close()
