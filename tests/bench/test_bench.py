"""Tests of the benchmark itself: its arithmetic, its files, its page, and one quick run of every part."""

import csv
import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from config import Config
from crm.app import create_app
from crm.core.db import db
from crm.directory.npi import is_npi
from tests.bench import events, hostile, imports, report, site, waiting
from tests.bench.__main__ import main
from tests.bench.figures import figure, spread
from tests.bench.organization import Organization
from tests.bench.pages import CROWDED, PAGES
from tests.bench.parts import PARTS, TITLES
from tests.bench.processes import Memory, Run, run_measured
from tests.bench.scale import FULL
from tests.referrals.files import with_member, workbook

ROWS = [("**One person**", ""), ("A page", "12 / 18")]


def test_median_and_percentiles() -> None:
    found = figure([n / 1000 for n in range(1, 102)])
    assert (found.median, found.p95, found.p99, found.longest) == pytest.approx((51, 96, 100, 101))
    assert found.tail == "51 / 96 / 100 / 101"
    assert str(figure([0.0012])) == "1.2 / 1.2"
    assert spread([3.0, 1.0, 2.0]) == "2.00 s (1.00–3.00)"


def test_both_databases_stand_side_by_side() -> None:
    lines = report.table({"sqlite": ROWS, "postgresql": ROWS}).splitlines()
    assert lines[0] == "|  | SQLite | PostgreSQL |"
    assert lines[-1] == "| A page | 12 / 18 | 12 / 18 |"
    assert len({line.count("|") for line in lines}) == 1


def test_a_part_that_is_measured_alone_renews_only_its_section() -> None:
    today = date(2026, 11, 22)
    first, second = (report.section(about, {"sqlite": ROWS}, today=today, commit="abc") for about in ("One.", "Two."))
    page = report.renewed("", {TITLES[2]: first, TITLES[0]: first}, TITLES)
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == [TITLES[0], TITLES[2], report.OTHERS]
    again = report.renewed(page, {TITLES[2]: second}, TITLES)
    assert (again.count("One."), again.count("Two.")) == (1, 1)
    assert report.renewed(again, {}, TITLES) == again
    assert "22 November 2026 at commit abc" in page
    assert "/home/" not in page
    assert str(Path.cwd()) not in page


def test_files_are_the_same_each_time_but_for_what_is_corrected(tmp_path: Path) -> None:
    files = {}
    for name, is_corrected in (("a", False), ("b", False), ("c", True)):
        events.write(tmp_path / name, 5_000, is_corrected=is_corrected)
        files[name] = list(csv.reader((tmp_path / name).read_text().splitlines()))
    good, changed = events.expected(5_000)
    rows = files["a"][1:]
    assert files["a"] == files["b"]
    assert sum(row[1] != "02/30/2026" for row in rows) == good
    kept = [(row, other) for row, other in zip(rows, files["c"][1:], strict=True) if row[1] != "02/30/2026"]
    assert sum(row != other for row, other in kept) == changed
    assert len({row[0] for row in rows}) == 5_000
    assert all(is_npi(row[2]) for row in rows if row[2])
    assert len({row[3] for row in rows}) > 1_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory of others")
def test_memory_counts_the_largest_process_and_all_of_them() -> None:
    child = "import time; taken = b'x' * 60_000_000; time.sleep(1)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    run = run_measured([sys.executable, "-c", parent], dict(os.environ))
    assert 60 < run.memory.largest < 90
    assert run.memory.together > 60
    with subprocess.Popen([sys.executable, "-c", child]) as process, Memory(process.pid, "nothing like it") as none:
        process.wait()
    assert str(none) == "–"


def test_a_command_that_fails_ends_the_benchmark() -> None:
    with pytest.raises(SystemExit, match="ended with 3"):
        run_measured([sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ))


def test_fewer_rows_make_smaller_files() -> None:
    assert FULL.up_to(1_000_000).imports == (100_000, 1_000_000)
    assert FULL.up_to(20_000).imports == (20_000,)
    assert FULL.up_to(20_000).waits == 20_000


@pytest.fixture
def commands_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands run inside this process, for each start of a program takes longer than what it does to few rows."""

    def run_here(command: list[str], env: dict[str, str]) -> Run:
        app = create_app(Config.from_env({**env, "LOG_LEVEL": "INFO"}))
        began = time.perf_counter()
        with Memory(os.getpid()) as memory:
            done = app.test_cli_runner().invoke(args=command[command.index("wsgi") + 1 :])
        with app.app_context():
            db.engine.dispose()
        if done.exit_code:
            raise SystemExit(done.output)
        return Run(done.stdout, time.perf_counter() - began, memory)

    def flask(made: Organization, *arguments: str) -> str:
        return run_here(["wsgi", *arguments], made.env).output

    for part in (imports, waiting):
        monkeypatch.setattr(part, "run_measured", run_here)
    monkeypatch.setattr(Organization, "flask", flask)


def quick_run(names: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Measure some parts, and check what is the same for all of them; returns the figures by what they are of."""
    found = main(["--quick", "--only", *names])
    assert list(found) == names
    assert set(names) <= set(PARTS)
    labels = {label: value for part in found.values() for label, value in part["sqlite"]}
    assert all(value or label.startswith("**") for label, value in labels.items())
    printed = capsys.readouterr().out
    assert all(f"## {PARTS[name].title}" in printed for name in names)
    assert all(path.name.startswith("sqlite-small") for path in folder.iterdir()), "leftovers"
    return labels


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the benchmark keeps its databases."""
    monkeypatch.setenv("BENCH_DIR", str(tmp_path))
    return tmp_path


# Several programs start one after the other; on a busy machine that takes its time.
@pytest.mark.timeout(600)
def test_a_quick_run_measures_pages_and_hostile_files(
    commands_here: None, monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    macros = with_member(workbook({"S": [["a"]]}), "xl/vbaProject.bin", b"x")
    monkeypatch.setattr(hostile, "BOOKS", {"Macros": lambda: macros})
    monkeypatch.setattr(site, "WORKERS", 1)
    labels = quick_run(["pages", "hostile"], folder, capsys)
    assert {label for label, _, _ in PAGES} | {f"{label}, eight people" for label in CROWDED} <= set(labels)


def test_a_quick_run_measures_imports_and_waits(
    commands_here: None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = quick_run(["imports", "waits"], folder, capsys)
    assert {imports.IMPORT, imports.TAKE_BACK, "With nothing else running"} <= set(labels)


@pytest.mark.timeout(600)
def test_a_quick_run_measures_workbooks_kills_and_patients(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = quick_run(["workbooks", "kills", "patients"], folder, capsys)
    assert [value.endswith("; 0 failures") for label, value in labels.items() if "killed" in label] == [True] * 3
