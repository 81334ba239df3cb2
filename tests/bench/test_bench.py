"""Tests of the benchmark itself: its arithmetic, its page, and one quick run of everything."""

from datetime import date
from pathlib import Path

import pytest

from tests.bench import report
from tests.bench.__main__ import CROWDED, PAGES, main
from tests.bench.bulk import Export, Import
from tests.bench.figures import Figure, figure


def test_median_and_95th_percentile() -> None:
    found = figure([n / 1000 for n in range(1, 102)])
    assert found.median == pytest.approx(51)
    assert found.p95 == pytest.approx(96)
    assert str(found) == "51 / 96"
    assert str(figure([0.0012])) == "1.2 / 1.2"


def results(kind: str) -> report.Results:
    found = report.Results(kind, {"A page": Figure(12, 18)}, {"A page": Figure(80, 120)}, Figure(2, 3), Figure(9, 14))
    found.exports = {"Export": Export(20_000, 1.25, 2_500_000)}
    found.loaded = Import(100_000, 6.0, 140, 1.5, 2.0, 3.0, Figure(1, 40), 150.4, {})
    found.megabytes = 512
    return found


def test_both_databases_stand_side_by_side() -> None:
    lines = report.table([results("sqlite"), results("postgresql")]).splitlines()
    assert lines[0] == "|  | SQLite | PostgreSQL |"
    assert "| A page | 12 / 18 | 12 / 18 |" in lines
    assert "| Import, times the floor | 4.0× | 4.0× |" in lines
    assert (
        "| Somebody else saves meanwhile, ms, median / 95th percentile, longest | 1.0 / 40, 150 | 1.0 / 40, 150 |"
        in lines
    )
    assert "| Export | 1.2 s, 2.5 MB | 1.2 s, 2.5 MB |" in lines
    assert len({line.count("|") for line in lines}) == 1


def test_the_page_names_no_machine() -> None:
    page = report.document([results("sqlite")], scale="large", sizes="5 practices", runs=9, today=date(2026, 11, 22))
    assert "22 November 2026" in page
    assert "/home/" not in page
    assert str(Path.cwd()) not in page


# Several programs start one after the other; on a busy machine that takes its time.
@pytest.mark.timeout(300)
def test_a_quick_run_measures_every_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BENCH_DIR", str(tmp_path))
    (found,) = main(["--quick"])
    assert set(found.pages) == {label for label, _, _ in PAGES}
    assert set(found.crowds) == set(CROWDED)
    assert all(0 < value.median <= value.p95 for value in found.pages.values())
    assert found.loaded is not None
    counts = found.loaded.counts
    assert counts["read"] == 2_000 == counts["imported"] + counts["refused"] + counts["updated"] + counts["unchanged"]
    assert counts["imported"] > 1_900
    assert all(export.rows > 300 for name, export in found.exports.items() if "CSV" in name)
    assert [path.name.split("-")[:2] for path in tmp_path.iterdir()] == [["sqlite", "small"]], "leftovers"
