"""`make bench`: measures the real program, part by part, and writes docs/BENCHMARKS.md."""

import argparse
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import report
from tests.bench.organization import ROOT
from tests.bench.parts import BOTH, PARTS, TITLES, Part
from tests.bench.scale import FULL, QUICK, Scale

PAGE = ROOT / "docs" / "BENCHMARKS.md"
Figures = dict[str, dict[str, report.Rows]]


def main(arguments: list[str] | None = None) -> Figures:
    """Measure everything, or some parts; print the figures, and renew the page unless it was only a look."""
    chosen = _parser().parse_args(arguments)
    scale = QUICK if chosen.quick else FULL.up_to(chosen.rows) if chosen.rows else FULL
    kinds = [chosen.database] if chosen.database else ["sqlite"] if chosen.quick else list(BOTH)
    is_look = bool(chosen.quick or chosen.rows or chosen.database)
    commit, found = report.commit(), Figures()
    for name in chosen.only or PARTS:
        found[name] = _measure(PARTS[name], kinds, scale)
        if found[name]:
            print(f"\n## {PARTS[name].title}\n\n{report.table(found[name])}", flush=True)
        if not is_look:
            _renew(PARTS[name], found[name], commit)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=main.__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--database", choices=BOTH, help="measure one database; writes no page")
    parser.add_argument("--rows", type=int, help="import no larger files than this; writes no page")
    parser.add_argument("--quick", action="store_true", help="all of it small, on SQLite; writes no page")
    return parser


def _measure(part: Part, kinds: list[str], scale: Scale) -> dict[str, report.Rows]:
    bench_dir = Path(os.environ.get("BENCH_DIR") or ROOT / ".bench").resolve()
    found = {}
    for kind in part.kinds:
        if kind in kinds:
            began = time.perf_counter()
            found[kind] = part.measure(kind, bench_dir, scale)
            report.say(f"{part.title} on {report.KINDS[kind]}: {time.perf_counter() - began:.0f} s")
    return found


def _renew(part: Part, columns: dict[str, report.Rows], commit: str) -> None:
    text = report.section(part.about, columns, today=datetime.now(UTC).date(), commit=commit)
    page = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    PAGE.write_text(report.renewed(page, {part.title: text}, TITLES), encoding="utf-8")


if __name__ == "__main__":
    main()
