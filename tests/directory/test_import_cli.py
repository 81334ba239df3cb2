"""The commands: directory import-nppes and directory import-dac."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from crm.audit.models import Action, AuditEvent
from crm.core.db import db
from crm.directory import cli
from crm.directory.import_models import DirectoryImport, DirectoryImportRefusal
from crm.directory.import_models import DirectoryImportState as State
from crm.directory.importing import importer
from crm.directory.importing.counts import Counts
from crm.directory.models import Provider
from tests.directory.cms_files import clinician, compare_42, dac_row, deactivated, many, npi_of, nppes_330, organization

ADA, BEN, CLINIC = npi_of(41), npi_of(42), npi_of(91)
ROWS = [
    clinician(ADA), clinician(BEN, state="KY", zip="402010000"), clinician("123"), organization(CLINIC, "RIVERBEND PC"),
]  # fmt: skip

WHOLE = nppes_330([clinician(ADA)])
CUT = WHOLE[: WHOLE.rindex(b"WHITCOMB") + 3]


def run(app: Flask, *words: str | Path) -> Any:
    """Run a command as from the shell."""
    from contextvars import Context

    db.session.commit()
    result = Context().run(app.test_cli_runner().invoke, args=["directory", *map(str, words)])
    db.session.expire_all()
    return result


def providers() -> int:
    return db.session.scalar(select(func.count()).select_from(Provider)) or 0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "npidata.csv"
    path.write_bytes(nppes_330(ROWS))
    return path


def test_import_nppes_on_an_empty_database(app: Flask, file: Path) -> None:
    result = run(app, "import-nppes", file, "--json")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "4 rows: 2 added, 1 updated, 0 unchanged, 0 filtered out, 1 refused, 0 blank"
    assert "refused: Not an NPI: its length or its check digit is wrong (1 row)" in lines[1]
    assert lines[2] == "Providers added 2, practices added 2, places of work added 2."
    told = json.loads(lines[-1])
    assert (told["read"], told["added"], told["updated"], told["refused"]) == (4, 2, 1, 1)
    batch = db.session.get_one(DirectoryImport, told["import"])
    assert (batch.state, batch.owner_id, batch.total_rows, batch.file_name) == (State.DONE, None, 4, "npidata.csv")
    assert Counts.of(batch.counts).adds_up
    assert [(row.line, row.reason.value) for row in db.session.scalars(select(DirectoryImportRefusal))] == [
        (4, "bad_npi")
    ]
    events = db.session.scalars(select(AuditEvent)).all()
    assert [(event.action, event.actor_name, event.detail["added"]) for event in events] == [
        (Action.IMPORTED, "Command line", 2)
    ]
    again = json.loads(run(app, "import-nppes", file, "--json").stdout.splitlines()[-1])
    assert (again["unchanged"], again["refused"], again["added"], again["updated"]) == (3, 1, 0, 0)


def test_filters_and_a_dry_run(app: Flask, file: Path) -> None:
    options = ("--state", "OH", "--zip", "430", "--zip", "43215", "--taxonomy", "207Q", "--taxonomy", "208")
    dry = run(app, "import-nppes", file, *options, "--dry-run", "--json")
    assert dry.stdout.startswith("4 rows: 1 would be added, 1 would be updated, 0 unchanged, 1 filtered out, 1 refused")
    assert (providers(), json.loads(dry.stdout.splitlines()[-1])["import"]) == (0, None)
    assert db.session.scalars(select(DirectoryImport)).all() == []
    real = run(app, "import-nppes", file, *options)
    assert (real.exit_code, providers()) == (0, 1)


def test_import_dac_from_a_compressed_file(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "compare.csv.gz"
    path.write_bytes(compare_42([dac_row(ADA), dac_row(ADA, adr_ln_1="88 CANAL RD"), dac_row(BEN, st="KY")]))
    result = run(app, "import-dac", path, "--state", "Ohio", "--json")
    told = json.loads(result.stdout.splitlines()[-1])
    assert (told["read"], told["added"], told["filtered"], told["affiliations_added"]) == (3, 2, 1, 2)


@pytest.mark.parametrize(
    ("command", "data", "options", "says"),
    [
        ("import-nppes", b"", (), "The file is empty."),
        ("import-nppes", b"\x00\x01\x02", (), "binary data"),
        (
            "import-nppes",
            compare_42([dac_row(ADA)]),
            (),
            "This is not an NPPES file: its columns are those of a Doctors",
        ),
        ("import-dac", nppes_330([clinician(ADA)]), (), "This is not a Doctors & Clinicians file"),
        ("import-nppes", nppes_330([]), (), "header but no rows"),
        ("import-nppes", nppes_330([clinician(ADA)]), ("--zip", "43x", "--state", "XX"), "43x is not one"),
        ("import-nppes", CUT, (), "never ends"),
        ("import-nppes", gzip.compress(nppes_330([clinician(ADA)]), mtime=0)[:-50], (), "cut off or damaged"),
    ],
)
def test_what_cannot_be_imported_is_told_in_one_sentence(
    app: Flask, tmp_path: Path, command: str, data: bytes, options: tuple[str, ...], says: str
) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(data)
    for more in ((), ("--dry-run",)):
        result = run(app, command, path, *options, *more)
        assert result.exit_code == 1
        assert says in result.output
        assert "Traceback" not in result.output
        assert "Error: " in result.output
    assert providers() == 0
    assert db.session.scalars(select(DirectoryImport)).all() == []


def test_a_file_that_ends_in_the_middle_keeps_its_receipt(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "PIECE", 10)
    path = tmp_path / "cut.csv"
    whole = nppes_330(many(40))
    path.write_bytes(whole[: whole.rindex(b"ADA33") + 3])
    result = run(app, "import-nppes", path)
    assert result.exit_code == 1
    assert "20 rows of the first 20 went in and stay" in result.output or "30 rows of the first 30" in result.output
    assert "nothing goes in twice" in result.output
    [batch] = db.session.scalars(select(DirectoryImport)).all()
    assert (batch.state, Counts.of(batch.counts).read) == (State.STOPPED, 30)
    path.write_bytes(whole)
    run(app, "import-nppes", path)
    assert providers() == 34


def test_stopped_by_hand(app: Flask, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "run_import", interrupted)
    assert run(app, "import-nppes", file).exit_code == 1
    assert db.session.scalars(select(DirectoryImport)).all() == []


def test_a_file_that_is_not_there(app: Flask) -> None:
    assert run(app, "import-nppes", "/no/such/file.csv").exit_code == 2


def test_progress_is_told_for_large_files(app: Flask, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "TELL_EVERY", 2)
    file.write_bytes(nppes_330([*ROWS, deactivated(npi_of(5)), clinician(npi_of(6))]))
    assert "6 rows read" in run(app, "import-nppes", file).stderr
