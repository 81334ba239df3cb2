"""The demo's clinicians and staff: providers, where they work, contacts, and what people allow us to send."""

from datetime import date, datetime, timedelta

import numpy as np

from crm.demo import identifiers
from crm.demo.names import FIRST_NAMES, LAST_NAMES
from crm.demo.practices import Sketch, is_physician
from crm.demo.rows import Row, Rows, chance, generator, pick, pick_many
from crm.directory.models import Channel, Consent, ContactRole

ROLES = {
    ContactRole.OFFICE_MANAGER: ("Office manager", 30),
    ContactRole.REFERRAL_COORDINATOR: ("Referral coordinator", 26),
    ContactRole.FRONT_DESK: ("Front desk lead", 18),
    ContactRole.NURSE: ("Charge nurse", 10),
    ContactRole.SCHEDULER: ("Scheduler", 10),
    ContactRole.SOCIAL_WORKER: ("Social worker", 4),
    ContactRole.OTHER: ("Medical assistant", 4),
}
ROLE_SHARES = [share for _, share in ROLES.values()]
PREFERENCES = (
    "", "", "E-mail, answers the same day", "Text before 10:00, or the side window", "Call after lunch",
    "In person, never by phone", "Likes a day's notice",
)  # fmt: skip
# Which weekdays somebody is in: all five, or some of them (bit 0 = Monday).
WEEKDAY_SETS = (31, 31, 31, 0b01111, 0b11110, 0b10111, 0b11011, 0b00111, 0b10101)
ALL_WEEK = 31
OPT_OUT_SHARE = {Channel.EMAIL: 0.09, Channel.TEXT: 0.07, Channel.FAX: 0.12}


def staffing(sketches: list[Sketch], total: int, seed: int) -> list[int]:
    """The practice of each provider: every place has one, physicians' practices the rest."""
    rng = generator(seed, "staffing")
    homes = [sketch.id for sketch in sketches][:total]
    weights = [(4.0 if is_physician(sketch) else 0.6) / (1 + sketch.id / 400) for sketch in sketches]
    extra = pick_many(rng, weights, max(0, total - len(homes)))
    return [*homes, *(extra + 1).tolist()]


def provider_rows(sketches: list[Sketch], homes: list[int], seed: int, since: datetime) -> Rows:
    """The providers; the first of a practice has its specialty, the others mostly."""
    rng = generator(seed, "providers")
    return [_provider_row(rng, number, sketches[home - 1], since) for number, home in enumerate(homes, start=1)]


def _provider_row(rng: np.random.Generator, number: int, sketch: Sketch, since: datetime) -> Row:
    first, last = pick(rng, FIRST_NAMES), pick(rng, LAST_NAMES)
    domain = identifiers.domain(sketch.name, sketch.id)
    return {
        "id": number, "npi": identifiers.npi(number * 100 + 7) if chance(rng, 0.97) else None,
        "last_name": last, "first_name": first, "middle_name": pick(rng, ("", "", *"ABCDEJKLMRST")), "suffix": "",
        "credentials": pick(rng, sketch.specialty.credentials), "taxonomy": sketch.specialty.taxonomy,
        "specialty": sketch.specialty.words, "phone": None, "mobile": None, "fax": None,
        "email": f"{identifiers.mailbox(first, last)}.{number}@{domain}" if chance(rng, 0.4) else None,
        "note": "", "source": "NPPES" if chance(rng, 0.85) else "", "retired_on": None,
        "version": 1, "created_at": since, "updated_at": since,
    }  # fmt: skip


def affiliation_rows(sketches: list[Sketch], homes: list[int], seed: int, today: date, since: datetime) -> Rows:
    """Where each provider works; one in eight also works at a second practice nearby, on the other days."""
    rng = generator(seed, "affiliations")
    by_territory: dict[int, list[int]] = {}
    for sketch in sketches:
        by_territory.setdefault(sketch.place.territory_id, []).append(sketch.id)
    rows: Rows = []
    for provider_id, home in enumerate(homes, start=1):
        started = today - timedelta(int(rng.integers(200, 4200)))
        has_left = chance(rng, 0.03) and home != provider_id  # the first of a practice stays
        weekdays = pick(rng, WEEKDAY_SETS)
        ended = today - timedelta(int(rng.integers(30, 180))) if has_left else None
        rows.append(_affiliation(provider_id, home, weekdays, started, ended, since, is_primary=True))
        if weekdays != ALL_WEEK and chance(rng, 0.24):
            second = pick(rng, by_territory[sketches[home - 1].place.territory_id])
            if second != home:
                second_start = started + timedelta(int(rng.integers(0, 150)))
                rows.append(
                    _affiliation(provider_id, second, ALL_WEEK & ~weekdays, second_start, None, since, is_primary=False)
                )
    for number, row in enumerate(rows, start=1):
        row["id"] = number
    return rows


def _affiliation(
    provider_id: int,
    practice_id: int,
    weekdays: int,
    started: date,
    ended: date | None,
    since: datetime,
    *,
    is_primary: bool,
) -> Row:
    return {
        "provider_id": provider_id, "practice_id": practice_id, "is_primary": is_primary, "weekdays": weekdays,
        "starts_on": started, "ends_on": ended, "created_at": since, "updated_at": since,
    }  # fmt: skip


def contact_rows(sketches: list[Sketch], total: int, seed: int, since: datetime) -> Rows:
    """The staff: every larger practice has some."""
    rng = generator(seed, "contacts")
    homes = [sketch.id for sketch in sketches][: max(1, min(len(sketches) * 9 // 10, total))]
    extra = pick_many(rng, [1 / (1 + number / 200) for number in range(len(sketches))], total - len(homes))
    homes += (extra + 1).tolist()
    return [_contact_row(rng, number, sketches[home - 1], since) for number, home in enumerate(homes, start=1)]


def _contact_row(rng: np.random.Generator, number: int, sketch: Sketch, since: datetime) -> Row:
    first, last = pick(rng, FIRST_NAMES), pick(rng, LAST_NAMES)
    role = list(ROLES)[int(pick_many(rng, ROLE_SHARES, 1)[0])]
    domain = identifiers.domain(sketch.name, sketch.id)
    return {
        "id": number, "practice_id": sketch.id, "first_name": first, "last_name": last, "role": role,
        "job_title": ROLES[role][0] if chance(rng, 0.5) else "",
        "email": f"{identifiers.mailbox(first, last)}.{number}@{domain}" if chance(rng, 0.82) else None,
        "phone": f"{identifiers.phone(sketch.id)};ext={int(rng.integers(101, 199))}" if chance(rng, 0.6) else None,
        "mobile": identifiers.phone(number, identifiers.MOBILE_AREAS) if chance(rng, 0.4) else None, "fax": None,
        "relationship_strength": int(pick_many(rng, (30, 20, 25, 15, 10), 1)[0]), "prefers": pick(rng, PREFERENCES),
        "note": "", "retired_on": None, "version": 1, "created_at": since, "updated_at": since,
    }  # fmt: skip


def permission_rows(people: Rows, practices: Rows, liaison: str, seed: int, today: date, since: datetime) -> Rows:
    """What people said about e-mail, text and fax: mostly yes or nothing, some no. One answer per address."""
    rng = generator(seed, "permissions")
    addresses = [(Channel.EMAIL, row["email"], 0.62) for row in people if row["email"]]
    addresses += [(Channel.TEXT, row["mobile"], 0.5) for row in people if row.get("mobile")]
    addresses += [(Channel.FAX, row["fax"], 0.35) for row in practices if row["fax"]]
    rows: Rows = []
    for channel, address in dict.fromkeys((c, a) for c, a, share in addresses if chance(rng, share)):
        is_out = chance(rng, OPT_OUT_SHARE[channel])
        source = "Unsubscribe link" if is_out and chance(rng, 0.5) else f"Told {liaison} on a visit"
        rows.append({
            "id": len(rows) + 1, "channel": channel, "address": address,
            "consent": Consent.OPTED_OUT if is_out else Consent.ALLOWED,
            "decided_on": today - timedelta(int(rng.integers(5, 900))), "source": source,
            "created_at": since, "updated_at": since,
        })  # fmt: skip
    return rows
