"""Commands on a database that is not set up, busy or silent end with one line."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError, ProgrammingError

from config import Config
from crm.app import create_app
from crm.core.commands import BUSY, NOT_SET_UP, SILENT, Commands
from crm.core.db import db

ROOT = Path(__file__).parent.parent.parent


class UndefinedTable(Exception):
    """Named as PostgreSQL's driver names it."""


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (OperationalError("SELECT 1", {}, Exception("no such table: user_account")), NOT_SET_UP),
        (ProgrammingError("SELECT 1", {}, UndefinedTable('relation "practice" does not exist')), NOT_SET_UP),
        (OperationalError("SELECT 1", {}, Exception("database is locked")), BUSY),
        (OperationalError("SELECT 1", {}, Exception("connection refused")), SILENT),
    ],
)
def test_known_trouble_is_one_line(app: Flask, trouble: Exception, says: str) -> None:
    result = app.test_cli_runner().invoke(_group(trouble), ["run"])
    assert (result.exit_code, result.output) == (1, f"Error: {says}\n")


def test_unknown_trouble_is_not_hidden(app: Flask) -> None:
    trouble = OperationalError("SELECT 1", {}, Exception("disk I/O error"))
    assert app.test_cli_runner().invoke(_group(trouble), ["run"]).exception is trouble


def _group(trouble: Exception) -> click.Group:
    group: Any = Commands("things")

    @group.command("run")
    def run() -> None:
        raise trouble

    return group


def test_a_fresh_database_is_told_to_be_set_up(tmp_path: Path) -> None:
    env = {"DATA_DIR": str(tmp_path), "PATH": ""}
    line = [sys.executable, "-m", "flask", "--app", "wsgi", "users", "list"]
    done = subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (1, f"Error: {NOT_SET_UP}")
    app = create_app(Config.from_env(env))
    for command in (["demo", "create"], ["referrals", "take-back", "1"]):
        told = app.test_cli_runner().invoke(args=command)
        assert (told.exit_code, told.stderr.strip()) == (1, f"Error: {NOT_SET_UP}")
    with app.app_context():
        db.engine.dispose()
