"""The commands of market data: import, the same file again, replace, take back; what they say and write."""

import json
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.db import db
from crm.referrals.market.models import MarketEdge, MarketImport, MarketState
from tests.cast import Cast
from tests.referrals.market.pairs import OKONJO, OURS, RIVAL, hop_file, usual_pairs

MONTHS = ("--from", "2018-01", "--to", "2018-12")


@pytest.fixture
def session(database: Any, cast: Cast) -> Session:
    """A database with the cast."""
    return database()  # type: ignore[no-any-return]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of market data without months in its name."""
    path = tmp_path / "pairs.csv"
    path.write_bytes(usual_pairs())
    return path


def run(app: Flask, *words: str | Path, answer: str | None = None) -> Result:
    db.session.commit()
    result: Result = Context().run(
        app.test_cli_runner().invoke, args=["referrals", *map(str, words)], input=answer
    )  # fmt: skip
    db.session.expire_all()
    return result


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout.splitlines()[-1]))


def test_import_and_take_back(app: Flask, session: Session, file: Path) -> None:
    result = run(app, "market-import", file, *MONTHS, "--json")
    assert "Read 6 rows: 5 kept, 1 elsewhere, 0 with a problem." in result.stdout
    found = told(result)
    assert {name: found[name] for name in ("is_new", "read", "kept", "elsewhere", "refused", "from", "to")} == {
        "is_new": True, "read": 6, "kept": 5, "elsewhere": 1, "refused": 0, "from": "2018-01", "to": "2018-12",
    }  # fmt: skip
    batch = session.get_one(MarketImport, found["batch"])
    assert (batch.state, batch.source) == (MarketState.DONE, "DocGraph Hop Teaming")
    assert run(app, "market-take-back", str(batch.id), answer="n\n").exit_code == 1
    assert batch.state is MarketState.DONE
    assert run(app, "market-take-back", str(batch.id), "--yes").exit_code == 0
    assert session.scalar(select(func.count()).select_from(MarketEdge)) == 0
    again = run(app, "market-take-back", str(batch.id), "--yes")
    assert (again.exit_code, "cannot be taken back: taken back" in again.output) == (1, True)
    assert run(app, "market-take-back", "987654", "--yes").exit_code == 1


def test_the_same_file_changes_nothing_unless_it_is_to_replace(app: Flask, session: Session, file: Path) -> None:
    first = told(run(app, "market-import", file, *MONTHS, "--json"))
    second = told(run(app, "market-import", file, *MONTHS, "--json"))
    assert (second["is_new"], second["batch"]) == (False, first["batch"])
    assert session.scalar(select(func.count()).select_from(MarketImport)) == 1
    third = told(run(app, "market-import", file, *MONTHS, "--replace", "--json"))
    assert third["batch"] != first["batch"]
    assert session.get_one(MarketImport, first["batch"]).state is MarketState.TAKEN_BACK


def test_a_corrected_file_needs_the_word(app: Flask, session: Session, file: Path) -> None:
    run(app, "market-import", file, *MONTHS)
    file.write_bytes(hop_file([(OKONJO, OURS, 85), (OKONJO, RIVAL, 15)]))
    refused = run(app, "market-import", file, *MONTHS)
    assert (refused.exit_code, "Use --replace" in refused.output) == (1, True)
    assert told(run(app, "market-import", file, *MONTHS, "--replace", "--json"))["kept"] == 2
    other = told(run(app, "market-import", file, "--from", "2018-01", "--to", "2018-06", "--source", "Own", "--json"))
    assert other["is_new"] is False  # the same pairs, whatever is said about them


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Use --from and --to"), (("--from", "2018"), "write it as 2016-01"), (("--from", "2018-01"), "--from and"),
        (("--from", "2018-12", "--to", "2018-01"), "lies before"), (("--from", "2018-01", "--to", "2199-01"), "future"),
    ],
)  # fmt: skip
def test_months_must_be_said(app: Flask, session: Session, file: Path, words: tuple[str, ...], says: str) -> None:
    result = run(app, "market-import", file, *words)
    assert result.exit_code != 0
    assert says in result.output
    assert session.scalar(select(func.count()).select_from(MarketImport)) == 0


def test_the_name_may_say_the_months(app: Flask, session: Session, file: Path) -> None:
    named = file.rename(file.with_name("hop_teaming_2017.csv"))
    assert told(run(app, "market-import", named, "--json"))["from"] == "2017-01"


def test_other_files_are_refused_and_leave_nothing(app: Flask, session: Session, file: Path) -> None:
    for data, says in (
        (b"name,city\nAda,Dublin\n", "no file of shared patients"),
        (usual_pairs().replace(b'"to_organization"', b'"patient_name"'), "single patients"),
        (hop_file([(OURS, RIVAL, 40)]), "No pair of this file concerns"),
    ):
        file.write_bytes(data)
        result = run(app, "market-import", file, *MONTHS)
        assert (result.exit_code, says in result.output) == (1, True), result.output
    assert session.scalar(select(func.count()).select_from(MarketImport)) == 0


def test_the_import_of_referrals_says_where_market_data_go(app: Flask, session: Session, file: Path) -> None:
    result = run(app, "import", file, "--month", "2018-01")
    assert (result.exit_code, "market-import" in result.output) == (1, True)
