"""Tests of the commands: import, take back, check; on a database that was only migrated."""

import json
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from crm.core.db import db
from crm.referrals.models import ImportRefusal, MappingProfile, Referral, ReferralImport
from crm.referrals.rollup_models import ReferralPracticeMonth
from tests.referrals.files import HEADER, OKONJO, csv_bytes, event, events


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["referrals", *arguments])
    db.session.rollback()
    return result.exit_code, result.stdout


def saved(folder: Path, data: bytes, name: str = "x.csv") -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def test_a_file_goes_in_on_a_database_that_was_only_migrated(app: Flask, tmp_path: Path) -> None:
    path = saved(tmp_path, csv_bytes([event(1), event(2), event(3, Status="?")]))
    code, output = run(app, "import", path, "--json")
    told = json.loads(output.splitlines()[-1])
    assert code == 0
    assert {k: v for k, v in told.items() if k != "batch"} == {
        "read": 3,
        "imported": 2,
        "updated": 0,
        "unchanged": 0,
        "refused": 1,
        "unmatched": 2,
    }
    told = json.loads(run(app, "import", path, "--json")[1].splitlines()[-1])
    assert (told["imported"], told["unchanged"], told["refused"]) == (0, 2, 1)
    assert run(app, "check-rollup") == (0, "The rollup agrees with the rows.\n")


def test_a_dry_run_writes_nothing(app: Flask, tmp_path: Path) -> None:
    code, output = run(app, "import", saved(tmp_path, events(4)), "--dry-run", "--json")
    assert (code, json.loads(output.splitlines()[-1])["imported"]) == (0, 4)
    for model in (ReferralImport, Referral, ImportRefusal):
        assert db.session.scalars(select(model)).all() == []


def test_counts_take_the_stated_month(app: Flask, tmp_path: Path) -> None:
    path = saved(tmp_path, csv_bytes([[OKONJO, "12"]], ("from_npi", "patient_count")))
    refused = app.test_cli_runner().invoke(args=["referrals", "import", path])
    assert (refused.exit_code, "Use --month" in refused.output) == (1, True)
    assert run(app, "import", path, "--month", "March")[0] == 2
    code, output = run(app, "import", path, "--month", "2026-03", "--json")
    assert (code, json.loads(output.splitlines()[-1])["imported"]) == (0, 1)
    assert db.session.scalars(select(ReferralPracticeMonth.received)).all() == [12]


def test_a_bad_file_ends_with_one_sentence(app: Flask, tmp_path: Path) -> None:
    result = app.test_cli_runner().invoke(args=["referrals", "import", saved(tmp_path, b"%PDF-1.4", "x.pdf")])
    assert (result.exit_code, result.stderr) == (1, "Error: This is a PDF. Export the report as CSV or XLSX instead.\n")


def test_refused_columns_are_named_without_values(app: Flask, tmp_path: Path) -> None:
    path = saved(tmp_path, csv_bytes([["03/02/2026", OKONJO, "Quillfeather"]], ("Referral Date", "Ref NPI", "PT_NAME")))
    result = app.test_cli_runner().invoke(args=["referrals", "import", path, "--dry-run"])
    assert "Refused: column C (PT_NAME): Patient name, 1 row." in result.stderr
    assert "Quillfeather" not in result.output


def test_taking_back(app: Flask, tmp_path: Path) -> None:
    _, output = run(app, "import", saved(tmp_path, events(3)), "--json")
    batch = str(json.loads(output.splitlines()[-1])["batch"])
    assert app.test_cli_runner().invoke(args=["referrals", "take-back", batch], input="n\n").exit_code == 1
    assert len(db.session.scalars(select(Referral.id)).all()) == 3
    db.session.rollback()
    assert run(app, "take-back", batch, "--yes") == (0, f"Batch {batch} was taken back.\n")
    assert db.session.scalars(select(Referral.id)).all() == []
    for number in (batch, "999"):
        assert run(app, "take-back", number, "--yes")[0] == 1


def test_the_check_finds_and_repairs(app: Flask, tmp_path: Path) -> None:
    run(app, "import", saved(tmp_path, events(3)))
    db.session.execute(update(ReferralPracticeMonth).values(received=9))
    db.session.commit()
    code, output = run(app, "check-rollup")
    assert code == 1
    assert "in the rollup" in output
    assert run(app, "check-rollup", "--repair")[0] == 0
    assert run(app, "check-rollup")[0] == 0


def test_the_command_removes_everything_when_it_is_stopped(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crm.referrals.importing import writing

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "_show", stop)
    assert run(app, "import", saved(tmp_path, events(3)))[0] == 1
    assert db.session.scalars(select(Referral.id)).all() == []


def name_profile(name: str) -> None:
    """Give the profile that an import has left a name of somebody's choice."""
    db.session.scalars(select(MappingProfile)).one().name = name
    db.session.commit()


def test_a_file_is_read_by_the_profile_that_is_named(app: Flask, tmp_path: Path) -> None:
    run(app, "import", saved(tmp_path, events(2)))
    name_profile("Epic Clarity nightly")
    path = saved(tmp_path, csv_bytes([[*event(n), "Routine"] for n in range(7, 47)], (*HEADER, "Priority")), "y.csv")
    result = app.test_cli_runner().invoke(args=["referrals", "import", path, "--profile", "epic clarity NIGHTLY"])
    assert (result.exit_code, "40 imported" in result.stdout) == (0, True)
    assert "Read by the profile Epic Clarity nightly (likely" in result.stderr
    assert "Not in the profile: Priority" in result.stderr


def test_an_unknown_profile_is_answered_with_the_names_of_all(app: Flask, tmp_path: Path) -> None:
    path = saved(tmp_path, events(2))
    none = app.test_cli_runner().invoke(args=["referrals", "import", path, "--profile", "Weekly"])
    assert (none.exit_code, "There is none yet" in none.stderr) == (2, True)
    run(app, "import", path)
    name_profile("Epic Clarity nightly")
    some = app.test_cli_runner().invoke(args=["referrals", "import", path, "--profile", "Weekly"])
    assert (some.exit_code, "The profiles are: “Epic Clarity nightly”." in some.stderr) == (2, True)


def test_a_file_without_the_columns_of_its_profile_does_not_go_in(app: Flask, tmp_path: Path) -> None:
    run(app, "import", saved(tmp_path, events(2)))
    name_profile("Epic Clarity nightly")
    path = saved(tmp_path, csv_bytes([event(7)[:-2]], HEADER[:-2]), "y.csv")
    result = app.test_cli_runner().invoke(args=["referrals", "import", path, "--profile", "Epic Clarity nightly"])
    assert result.exit_code == 1
    assert "reads columns that are missing: “Appt Dt”, “Payments”." in result.stderr
    assert len(db.session.scalars(select(ReferralImport.id)).all()) == 1


def test_profiles_are_listed_with_their_use(app: Flask, tmp_path: Path) -> None:
    assert run(app, "profiles") == (0, "No profiles yet. Save one on the page of an import.\n")
    run(app, "import", saved(tmp_path, events(2), "epic_2026-03-01.csv"))
    assert run(app, "profiles")[1].startswith("Epic: one row per referral; 1 import, last ")
    told = json.loads(run(app, "profiles", "--json")[1])
    assert (told["name"], told["rows"], told["imports"]) == ("Epic", "event", 1)
    assert told["columns"]["Ref NPI"] == "source_npi"
