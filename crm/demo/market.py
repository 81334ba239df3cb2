"""The demo's market data: an invented file of shared patients. Some practices are loyal to us, others are not."""

import hashlib
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from crm.demo.identifiers import npi
from crm.demo.rows import Ints, Row, Rows, generator
from crm.demo.specialties import SITES
from crm.referrals.market.models import MarketLayout, MarketState
from crm.referrals.market.share import SMALLEST_CELL
from crm.referrals.market.sums import Sums

FIRST_NUMBER = 60_000_000  # of the invented NPIs; those of providers and practices are far below
SPECIALISTS, HOSPITAL = "Multispecialty group", "General acute care hospital"
OTHERS = (
    ("Riverbend Specialty Partners", SPECIALISTS), ("Buckeye Lake Specialists", SPECIALISTS),
    ("Canal Winchester Medical Group", SPECIALISTS), ("Old Mill Physicians", SPECIALISTS),
    ("Riverbend Medical Center", HOSPITAL), ("Scioto Crossing Hospital", HOSPITAL),
)  # fmt: skip
FILE_NAME, SOURCE = "demo-shared-patients.csv", "Invented shared patients"
YEARS_OLD = 2  # such files come late
REFUSED, ELSEWHERE = 37, 21_406


def market_tables(
    providers: Rows, affiliations: Rows, owner_id: int, seed: int, today: date, since: datetime
) -> dict[str, Rows]:
    """The file, its pairs and sums, and our own NPIs, by table."""
    ours = [npi(FIRST_NUMBER + number) for number in range(len(SITES))]
    others = [npi(FIRST_NUMBER + 100 + number) for number in range(len(OTHERS))]
    words = {number: (name, SPECIALISTS) for number, name in zip(ours, SITES, strict=True)}
    words |= dict(zip(others, OTHERS, strict=True))
    pairs = _pairs(providers, affiliations, ours, others, seed)
    sums = Sums(words)
    sums.add((row["from_npi"], row["to_npi"], row["patients"], row["transactions"]) for row in pairs)
    return {
        "market_import": [_file_row(len(pairs), owner_id, today)],
        "market_edge": pairs,
        "market_destination": [{"import_id": 1, **row} for row in sums.destinations()],
        "market_reach": [{"import_id": 1, **row} for row in sums.reaches()],
        "our_npi": [
            {"id": n, "npi": number, "name": name, "site_id": n, "created_at": since, "updated_at": since}
            for n, (number, name) in enumerate(zip(ours, SITES, strict=True), start=1)
        ],
    }


def _pairs(providers: Rows, affiliations: Rows, ours: list[str], others: list[str], seed: int) -> Rows:
    rng = generator(seed, "market")
    home: dict[int, int] = {}
    for row in affiliations:
        if row["ends_on"] is None and (row["is_primary"] or row["provider_id"] not in home):
            home[row["provider_id"]] = row["practice_id"]
    # Most practices divide their patients, some send us nearly all or nothing.
    loyalty = rng.beta(0.7, 0.8, max(home.values(), default=0) + 1)
    rows: Rows = []
    for provider in providers:
        practice_id = home.get(provider["id"])
        if provider["npi"] is None or practice_id is None:
            continue
        whole = int(rng.lognormal(4.6, 0.7))
        to_us = int(whole * loyalty[practice_id])
        for numbers, patients in ((ours, to_us), (others, whole - to_us)):
            spread = rng.multinomial(patients, rng.dirichlet(np.full(len(numbers), 0.6)))
            rows += _rows_of(rng, provider["npi"], numbers, spread)
    return rows


def _rows_of(rng: np.random.Generator, from_npi: str, numbers: list[str], spread: Ints) -> Rows:
    """The pairs of a provider that are large enough to be published."""
    return [
        {
            "import_id": 1, "from_npi": from_npi, "to_npi": to_npi, "patients": patients,
            "transactions": round(patients * float(rng.uniform(1.1, 1.9))), "same_day": None,
            "wait_days": round(float(rng.uniform(3, 40)), 1),
        }
        for to_npi, patients in zip(numbers, spread.tolist(), strict=True)
        if patients >= SMALLEST_CELL
    ]  # fmt: skip


def _file_row(pairs: int, owner_id: int, today: date) -> Row:
    year, made = today.year - YEARS_OLD, datetime(today.year, today.month, 1, 15, 40, tzinfo=UTC)
    row: dict[str, Any] = {
        "id": 1, "file_name": FILE_NAME, "layout": MarketLayout.HOP_TEAMING, "source": SOURCE,
        "first_month": year * 12, "last_month": year * 12 + 11,
        "content_hash": hashlib.sha256(FILE_NAME.encode()).hexdigest(), "owner_id": owner_id, "job_id": None,
        "replaces_id": None, "state": MarketState.DONE, "read_rows": pairs + ELSEWHERE + REFUSED, "kept_rows": pairs,
        "elsewhere_rows": ELSEWHERE, "refused_rows": REFUSED, "small_rows": REFUSED, "finished_at": made,
        "taken_back_at": None, "says": "", "created_at": made, "updated_at": made,
    }  # fmt: skip
    return row
