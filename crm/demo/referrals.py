"""The demo's referrals, one row each: where from, for what, where to, and the import that brought it."""

from datetime import date, timedelta

import numpy as np

from crm.core.formats import month_start
from crm.demo import identifiers
from crm.demo.lifecycle import PAID_DOLLARS, PAID_SPREAD, live
from crm.demo.practices import Sketch, workdays
from crm.demo.rows import Bools, Columns, Days, Floats, Ints, Objects, Rows, generator
from crm.demo.specialties import SERVICE_LINES, SITE_SHARES, SITES
from crm.demo.trends import month_numbers
from crm.referrals.importing.rows import Named
from crm.referrals.models import ROWS_OF_IMPORT, TYPED_IN, PayerClass, RevenueKind, SourceKind

WEEKDAY_SHARES = (1.1, 1.08, 1.02, 0.98, 0.82)
PAYERS = (
    PayerClass.COMMERCIAL, PayerClass.MEDICARE, PayerClass.MEDICARE_ADVANTAGE, PayerClass.MEDICAID,
    PayerClass.WORKERS_COMP, PayerClass.SELF_PAY, PayerClass.UNKNOWN,
)  # fmt: skip
# The payers of each service line's patients, in the order of SERVICE_LINES and PAYERS.
PAYER_SHARES = (
    (0.3, 0.29, 0.22, 0.12, 0.0, 0.04, 0.03),
    (0.46, 0.14, 0.1, 0.12, 0.11, 0.04, 0.03),
    (0.46, 0.18, 0.12, 0.15, 0.02, 0.04, 0.03),
    (0.34, 0.2, 0.14, 0.16, 0.1, 0.03, 0.03),
    (0.56, 0.13, 0.11, 0.13, 0.0, 0.04, 0.03),
)
UNMATCHED_SHARE = 0.03
TYPED_IN_SHARE = 0.004
NO_PROVIDER_SHARE = 0.04
PROVIDER_SKEW = 1.7  # the first provider of a practice refers most
UNKNOWN_SOURCES = (
    "Carriage Hill Fam Med", "Dr. Fenwick's office", "Riverside Urgent Care #4", "St. Brigid Clinic", "Campus Health",
)  # fmt: skip
# How front desks write practices that are in the directory: a matcher does not guess, but it can suggest.
SHORTER = {"Family": "Fam", "Medicine": "Med", "Internal": "Int", "Associates": "Assoc", "Orthopedics": "Ortho"}
MISSPELLED = 14
APART = ((SourceKind.SELF, ""), (SourceKind.PATIENT, ""), (SourceKind.ADVERT, "Google"), (SourceKind.ADVERT, "Radio"))


def referral_columns(counts: Ints, sketches: list[Sketch], affiliations: Rows, seed: int, today: date) -> Columns:
    """Every referral of the counts, in the order of the days on which they came."""
    rng = generator(seed, "referrals")
    months = np.array(month_numbers(today))
    month_places, practice_places = np.nonzero(counts.T)
    sizes = counts.T[month_places, practice_places]
    practice = np.repeat(practice_places, sizes)
    month = np.repeat(months[month_places], sizes)
    received = _received(rng, month, today)
    order = np.argsort(received, kind="stable")
    practice, month, received = practice[order], month[order], received[order]

    line = _draw_by(rng, np.array([sketch.specialty.lines for sketch in sketches])[practice])
    territory = np.array([sketch.place.territory_id - 1 for sketch in sketches])[practice]
    site = _draw_by(rng, np.array(SITE_SHARES)[territory])
    payer = _draw_by(rng, np.array(PAYER_SHARES)[line])
    provider = _providers(rng, practice, len(sketches), affiliations)
    is_unmatched = rng.random(len(practice)) < UNMATCHED_SHARE
    life = live(rng, received, line, today)
    imports = import_ids(rng, month, today)
    return Columns({
        "id": _ids(imports, practice),
        "import_id": imports, "month": month, "received_on": received,
        "practice_id": _or_none(practice + 1, is_unmatched),
        "provider_id": _or_none(provider, is_unmatched | (provider == 0)),
        "source_id": _or_none(rng.integers(1, len(source_rows(sketches)) + 1, len(practice)), ~is_unmatched),
        "service_line_id": line + 1, "site_id": site + 1,
        "payer": np.array(PAYERS, dtype=object)[payer], "status": life.status, "appointment_on": life.appointment_on,
        "seen_on": life.seen_on, "report_sent_on": life.report_sent_on, "count": np.ones(len(practice), dtype=np.int64),
        "revenue_cents": life.revenue_cents,
        "revenue_kind": [None if cents is None else RevenueKind.PAID for cents in life.revenue_cents],
    })  # fmt: skip


def referral_tables(events: Columns, sketches: list[Sketch]) -> dict[str, Rows | Columns]:
    """The referrals and what they point to."""
    return {
        "referral": events, "referral_source": source_rows(sketches),
        "service_line": service_line_rows(), "site": site_rows(),
    }  # fmt: skip


def _received(rng: np.random.Generator, month: Ints, today: date) -> Days:
    received = np.empty(len(month), dtype="datetime64[D]")
    for number in np.unique(month).tolist():
        last = min(month_start(number + 1) - timedelta(1), today - timedelta(1))
        days = workdays(month_start(number), last) or [month_start(number)]
        shares = np.array([WEEKDAY_SHARES[day.weekday() % 5] for day in days])
        rows = month == number
        received[rows] = rng.choice(
            np.array(days, dtype="datetime64[D]"), size=int(rows.sum()), p=shares / shares.sum()
        )
    return received


def _draw_by(rng: np.random.Generator, shares: Floats) -> Ints:
    cumulated = np.cumsum(shares, axis=1)
    drawn = rng.random(len(shares))[:, None] * cumulated[:, -1:]
    return np.asarray((drawn >= cumulated).sum(axis=1), dtype=np.int64)


def _providers(rng: np.random.Generator, practice: Ints, practices: int, affiliations: Rows) -> Ints:
    staff: list[list[int]] = [[] for _ in range(practices)]
    for row in affiliations:
        if row["ends_on"] is None:
            staff[row["practice_id"] - 1].append(row["provider_id"])
    sizes = np.array([len(people) for people in staff])
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    everybody = np.array([person for people in staff for person in people] or [0])
    place = (sizes[practice] * rng.random(len(practice)) ** PROVIDER_SKEW).astype(np.int64)
    nobody = (sizes[practice] == 0) | (rng.random(len(practice)) < NO_PROVIDER_SHARE)
    return np.where(nobody, 0, everybody[np.minimum(starts[practice] + place, len(everybody) - 1)])


def source_rows(sketches: list[Sketch]) -> Rows:
    """Who referred and is not recognized: known practices in other words, unknown ones, and nobody in particular."""
    others = [sketch for sketch in sketches if _shorter(sketch.name) != sketch.name][:MISSPELLED]
    sources = [
        *(Named("practice", None, _shorter(of.name), "", of.place.city, of.place.zip) for of in others),
        *(
            Named("practice", identifiers.npi(9_000_003 + n) if n % 2 else None, name, "", "", "")
            for n, name in enumerate(UNKNOWN_SOURCES)
        ),
        *(Named(kind.value, None, name, "", "", "") for kind, name in APART),
    ]
    return [{"id": number, "key": source.key, **source._asdict()} for number, source in enumerate(sources, start=1)]


def _shorter(name: str) -> str:
    return " ".join(SHORTER.get(word, word) for word in name.split())


def _ids(imports: Objects, practice: Ints) -> Ints:
    """Rows of an import lie together, in the order of their practices; typed-in ones stand behind all."""
    of = np.array([number or 0 for number in imports], dtype=np.int64)
    order = np.lexsort((practice, of))
    places = np.empty(len(of), dtype=np.int64)
    first = np.searchsorted(of[order], of[order])
    places[order] = np.arange(len(of)) - first
    return np.where(of == 0, TYPED_IN + 1, of * ROWS_OF_IMPORT) + places


def _or_none(values: Ints, is_none: Bools) -> Objects:
    result = values.astype(object)
    result[is_none] = None
    return result


def import_ids(rng: np.random.Generator, month: Ints, today: date) -> Objects:
    """The import of each row: one file a month, and a few referrals typed in by hand."""
    first = month_numbers(today)[0]
    return _or_none(month - first + 1, rng.random(len(month)) < TYPED_IN_SHARE)


def service_line_rows() -> Rows:
    """The lines of care, with what a referral of them brings on average."""
    dollars = PAID_DOLLARS * np.exp(PAID_SPREAD**2 / 2)  # the mean of the amounts that are drawn
    cents = (np.round(dollars, -1) * 100).astype(int).tolist()
    return [
        {"id": n, "name": name, "position": n, "value_cents": cents[n - 1], "value_kind": RevenueKind.PAID}
        for n, name in enumerate(SERVICE_LINES, start=1)
    ]


def site_rows() -> Rows:
    """The places of ours."""
    return [{"id": n, "name": name} for n, name in enumerate(SITES, start=1)]


def last_quarter(counts: Ints) -> Ints:
    """Referrals of the last three whole months, by practice."""
    return np.asarray(counts[:, -4:-1].sum(axis=1))
