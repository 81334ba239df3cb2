"""`make bench`: builds the large demo organization on both databases and measures the real program over HTTP."""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import bulk, report
from tests.bench.figures import alone, crowd
from tests.bench.organization import ROOT, Organization, organization
from tests.bench.site import floor, program

# Label, who asks, address.
PAGES = (
    ("Sign-in page", "", "/sign-in"),
    ("Overview (manager's home)", "maren", "/overview"),
    ("Today (liaison's home)", "dana", "/today"),
    ("Practices, first page", "maren", "/directory/practices"),
    ("Practices, most overdue first", "maren", "/directory/practices?sort=due"),
    ("Practices, most referrals first", "maren", "/directory/practices?sort=-referrals"),
    ("Practices, last page", "maren", "/directory/practices?page=100"),
    ("Contacts, first page", "maren", "/directory/contacts"),
    ("Contacts, last page", "maren", "/directory/contacts?page=400"),
    ("Search page", "maren", "/search?q=okon"),
    ("Search while typing", "maren", "/search/suggest?q=oken"),
    ("A practice", "maren", "/directory/practices/1"),
    ("A practice's chart", "maren", "/analytics/practices/1.json"),
    ("Chart: referrals by month", "maren", "/analytics/charts/referrals-by-month.json"),
    ("Chart: sources", "maren", "/analytics/charts/sources.json"),
    ("Chart: revenue by month", "maren", "/analytics/charts/revenue-by-month.json"),
    ("Visits, first page", "maren", "/visits"),
    ("Referrals, first page", "maren", "/referrals"),
)
CROWDED = ("Practices, first page", "A practice", "Search while typing", "Chart: referrals by month")
TABLES = ("practice", "provider", "contact", "visit", "referral")
RUNS, CROWD_RUNS, EVENTS = 40, 15, 100_000


def measure(made: Organization, *, runs: int, crowd_runs: int, events: int) -> report.Results:
    """Everything on one database."""
    results = report.Results(made.kind)
    with program(made) as site:
        browsers = {who: site.browser(made, who) for who in ("", "maren", "dana", "priya")}
        for label, who, path in PAGES:
            results.pages[label] = alone(browsers[who], path, runs)
            _say(f"{label}: {results.pages[label]} ms")
        for label, who, path in PAGES:
            if label in CROWDED:
                results.crowds[label] = crowd(browsers[who], path, crowd_runs)
        for name, file_format in (("CSV", "csv"), ("Excel", "xlsx")):
            export = bulk.measure_export(browsers["priya"], file_format)
            results.exports[f"Export of all contacts, {name}, as a job"] = export
        results.megabytes = site.peak_megabytes()
    with floor(made) as site:
        browser = site.browser(made)
        results.floor, results.floor_crowd = alone(browser, "/", runs), crowd(browser, "/", crowd_runs)
    path = made.folder / "events.csv"
    bulk.write_events(made, path, events, datetime.now(UTC).date())
    results.loaded = bulk.measure_import(made, path, events)
    return results


def sizes_of(made: Organization) -> str:
    """How much there is of what, in words."""
    from sqlalchemy import create_engine, text

    engine = create_engine(made.url)
    with engine.connect() as connection:
        counts = {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) for name in TABLES}
    engine.dispose()
    return ", ".join(f"{count:,} {name}s" for name, count in counts.items())


def main(arguments: list[str] | None = None) -> list[report.Results]:
    """Measure, print the table, and write the page unless it was only a quick look."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="the small organization on SQLite, a few runs, no page")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="measure one database; writes no page")
    chosen = parser.parse_args(arguments)
    bench_dir = Path(os.environ.get("BENCH_DIR") or ROOT / ".bench").resolve()
    scale = "small" if chosen.quick else "large"
    kinds = [chosen.only or "sqlite"] if chosen.quick or chosen.only else ["sqlite", "postgresql"]
    runs, crowd_runs, events = (1, 1, 2_000) if chosen.quick else (RUNS, CROWD_RUNS, EVENTS)
    results, sizes = [], ""
    for kind in kinds:
        with organization(kind, scale, bench_dir) as made:
            sizes = sizes_of(made)
            results.append(measure(made, runs=runs, crowd_runs=crowd_runs, events=events))
    print(report.table(results))
    if not chosen.quick and not chosen.only:
        page = report.document(results, scale=scale, sizes=sizes, runs=runs, today=datetime.now(UTC).date())
        (ROOT / "docs" / "BENCHMARKS.md").write_text(page, encoding="utf-8")
    return results


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
