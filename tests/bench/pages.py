"""The pages of the large demo organization over HTTP, its exports, and an import into it."""

from pathlib import Path

from sqlalchemy import create_engine, text

from tests.bench import bare, events, exports
from tests.bench.figures import alone, crowd
from tests.bench.imports import COMMAND
from tests.bench.organization import Organization, organization
from tests.bench.processes import run_measured
from tests.bench.report import Rows, say
from tests.bench.scale import Scale
from tests.bench.site import Site, floor, program

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
SOURCES = text(
    "SELECT p.name, r.npi FROM practice p JOIN affiliation a ON a.practice_id = p.id "
    "JOIN provider r ON r.id = a.provider_id WHERE r.npi IS NOT NULL AND a.ends_on IS NULL ORDER BY p.id, r.id"
)


def measure(kind: str, bench_dir: Path, scale: Scale) -> Rows:
    """Everything on one database."""
    with organization(kind, scale.organization, bench_dir) as made:
        rows = _sizes(made)
        with program(made) as site:
            rows += _pages(made, site, scale)
            bulk = _exports(made, site)
            memory = site.peak_megabytes()
        with floor(made) as site:
            browser = site.browser(made)
            rows.append(("*Floor: a bare page of 50 practices*", str(alone(browser, "/", scale.runs))))
            rows.append(("*Floor: the same bare page, eight people*", str(crowd(browser, "/", scale.crowd_runs))))
        rows += [("**Bulk work**", ""), *bulk, *_import(made, scale.into_large)]
        rows.append(("Peak memory, web server and worker together", f"{memory:,.0f} MB" if memory else "–"))
    return rows


def _pages(made: Organization, site: Site, scale: Scale) -> Rows:
    rows = [("**One person**, ms, median / 95th percentile", "")]
    browsers = {who: site.browser(made, who) for who in ("", "maren", "dana")}
    for label, who, path in PAGES:
        rows.append((label, str(alone(browsers[who], path, scale.runs))))
        say(f"{label}: {rows[-1][1]} ms")
    rows.append(("**Eight people at once**, ms, median / 95th percentile", ""))
    for label, who, path in PAGES:
        if label in CROWDED:
            rows.append((f"{label}, eight people", str(crowd(browsers[who], path, scale.crowd_runs))))
    return rows


def _exports(made: Organization, site: Site) -> Rows:
    browser = site.browser(made, "priya")
    formats = (("CSV", "csv"), ("Excel", "xlsx"))
    return [
        (f"Export of all contacts, {name}, as a job", str(exports.measure(browser, file_format)))
        for name, file_format in formats
    ]


def _import(made: Organization, size: int) -> Rows:
    """Of a file whose practices are known, beside the referrals that are there."""
    path = made.folder / "events.csv"
    events.write(path, size, from_=_sources(made))
    run = run_measured([*COMMAND, "import", str(path)], made.env)
    floor_seconds = bare.seconds(made, path)
    return [
        (f"Import of {size:,} referrals from its practices, command line", f"{run.seconds:.1f} s, {run.memory}"),
        ("*Floor: bare executemany (SQLite), bare COPY (PostgreSQL)*", f"{floor_seconds:.2f} s"),
    ]


def _sources(made: Organization) -> list[events.Source]:
    engine = create_engine(made.url)
    with engine.connect() as connection:
        found = [(row.name, row.npi) for row in connection.execute(SOURCES)]
    engine.dispose()
    return found


def _sizes(made: Organization) -> Rows:
    """How much there is of what."""
    engine = create_engine(made.url)
    with engine.connect() as connection:
        counts = [(name, connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0) for name in TABLES]
    engine.dispose()
    return [(f"{name.capitalize()}s", f"{count:,}") for name, count in counts]
