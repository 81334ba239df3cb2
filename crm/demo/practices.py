"""The demo's practices: well-known ones first, then as many more as the scale asks for."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from crm.core.geo import Point
from crm.demo import identifiers
from crm.demo.names import GROUP_NAMES, LANDMARKS, TAGS, unique_practice_name
from crm.demo.places import Place, all_places, spot, street
from crm.demo.rows import Ints, Row, Rows, chance, generator, pick, pick_many
from crm.demo.scale import Scale
from crm.demo.specialties import SPECIALTIES, Specialty, find_specialty
from crm.directory.models import PracticeKind, PracticeStatus, Tier

# Name, ZIP, specialty, course of its referrals; the earlier, the more it refers.
WELL_KNOWN = (
    ("Scioto Valley Internal Medicine", "43017", "Internal medicine", "growing"),
    ("Olentangy Family Medicine", "43085", "Family medicine", "falling"),
    ("Whetstone Medical Group", "43214", "Internal medicine", "steady"),
    ("Franklinton Health Center", "43222", "General acute care hospital", "steady"),
    ("Big Walnut Cardiology Assoc.", "43074", "Cardiology", "falling"),
    ("Hoover Ridge Primary Care", "43081", "Family medicine", "growing"),
    ("Polaris Internal Medicine", "43240", "Internal medicine", "falling"),
    ("Alum Creek Sports Medicine", "43035", "Sports medicine", "growing"),
    ("Darby Plains Family Practice", "43026", "Family medicine", "steady"),
    ("Worthington Primary Care", "43085", "Family medicine", "steady"),
    ("Highbanks Women's Health", "43035", "Obstetrics and gynecology", "growing"),
    ("Griggs Primary Care", "43221", "Family medicine", "growing"),
    ("Blendon Family Health", "43081", "Family medicine", "steady"),
    ("Powell Road Family Health", "43065", "Family medicine", "steady"),
    ("Scioto Crossing Family Care", "43016", "Family medicine", "eroding"),
    ("Blacklick Family Practice", "43004", "Family medicine", "growing"),
    ("Bexley Women's Health", "43209", "Obstetrics and gynecology", "falling"),
    ("Linworth Sports Medicine", "43085", "Sports medicine", "steady"),
    ("Lazelle Skilled Nursing", "43240", "Skilled nursing facility", "steady"),
    ("Hayden Run Primary Care", "43026", "Family medicine", "steady"),
    ("Minerva Lake Pediatrics", "43231", "Pediatrics", "steady"),
    ("Linworth Internists", "43085", "Internal medicine", "growing"),
    ("Sharon Woods Rheumatology", "43229", "Rheumatology", "growing"),
    ("Three Creeks Home Health", "43068", "Home health", "falling"),
    ("Antrim Community Clinic", "43214", "Case management", "new"),
    ("Clinton Heights Family Medicine", "43202", "Family medicine", "steady"),
)
BEST_TIMES = ("", "", "Tue, Thu before 11:30", "Mornings before 10", "Wed after 1", "Fri before noon")
NOTES = ("", "", "", "Park behind the building.", "Ask for the side window.", "New front desk since summer.")
COURSES = {"steady": 52, "growing": 14, "eroding": 10, "falling": 5, "new": 7, "lapsed": 5, "silent": 7}


@dataclass(frozen=True)
class Sketch:
    """What is decided about a practice before anything happens to it."""

    id: int
    name: str
    specialty: Specialty
    place: Place
    point: Point
    course: str
    owner_id: int


def sketch_practices(scale: Scale, seed: int, liaison_of: dict[int, list[int]]) -> list[Sketch]:
    """Every practice, the largest sources first; `liaison_of` names the liaisons of each territory."""
    rng = generator(seed, "practices")
    places = all_places()
    place_of = {place.zip: place for place in places}
    taken = {name for name, *_ in WELL_KNOWN}
    drawn = zip(
        pick_many(rng, [place.weight for place in places], scale.practices).tolist(),
        pick_many(rng, [specialty.weight for specialty in SPECIALTIES], scale.practices).tolist(),
        pick_many(rng, list(COURSES.values()), scale.practices).tolist(),
        strict=True,
    )
    sketches = []
    for number, (place_number, specialty_number, course_number) in enumerate(drawn):
        if number < len(WELL_KNOWN):
            name, code, words, course = WELL_KNOWN[number]
            place, specialty = place_of[code], find_specialty(words)
        else:
            place, specialty, course = places[place_number], SPECIALTIES[specialty_number], list(COURSES)[course_number]
            name = unique_practice_name(pick(rng, LANDMARKS), pick(rng, specialty.nouns), place.city, taken)
        owner = pick(rng, liaison_of[place.territory_id])
        sketches.append(Sketch(number + 1, name, specialty, place, spot(rng, place.zip), course, owner))
    return sketches


@dataclass(frozen=True)
class Activity:
    """What a practice did, which decides its tier and status."""

    last_quarter: Ints  # referrals of the last three whole months, by practice
    ever: Ints
    expected: frozenset[int] = frozenset()  # practices with a visit ahead


def status_of(recent: int, ever: int) -> PracticeStatus:
    """Active when it refers now, lapsed when it used to, otherwise a target."""
    if recent:
        return PracticeStatus.ACTIVE
    return PracticeStatus.LAPSED if ever else PracticeStatus.TARGET


def tiers_of(activity: Activity) -> list[Tier | None]:
    """The largest eighth is tier A, the next third B, other sources C; targets have none yet, or C."""
    order = np.argsort(-activity.last_quarter, kind="stable")
    size = len(order)
    tiers: list[Tier | None] = [None] * size
    for rank, index in enumerate(order.tolist()):
        if rank < size // 8:
            tiers[index] = Tier.A
        elif rank < size * 11 // 24:
            tiers[index] = Tier.B
        elif activity.ever[index] or index % 3:
            tiers[index] = Tier.C
    return tiers


def practice_rows(sketches: list[Sketch], activity: Activity, seed: int, since: datetime) -> Rows:
    """The rows of the table."""
    rng = generator(seed, "practice details")
    tiers = tiers_of(activity)
    rows = []
    for sketch in sketches:
        index = sketch.id - 1
        status = status_of(int(activity.last_quarter[index]), int(activity.ever[index]))
        if status is PracticeStatus.TARGET and chance(rng, 0.15) and sketch.id not in activity.expected:
            status = PracticeStatus.DO_NOT_VISIT
        rows.append(_practice_row(rng, sketch, tiers[index], status, since))
    return rows


def _practice_row(
    rng: np.random.Generator, sketch: Sketch, tier: Tier | None, status: PracticeStatus, since: datetime
) -> Row:
    address1, address2 = street(rng)
    domain = identifiers.domain(sketch.name, sketch.id)
    is_typed_in = chance(rng, 0.3)
    return {
        "id": sketch.id, "name": sketch.name, "kind": sketch.specialty.kind, "status": status, "tier": tier,
        "npi": identifiers.npi(sketch.id * 100) if chance(rng, 0.8) else None,
        "group_id": int(rng.integers(1, len(GROUP_NAMES) + 1)) if chance(rng, 0.22) else None,
        "territory_id": sketch.place.territory_id, "owner_id": sketch.owner_id, "taxonomy": sketch.specialty.taxonomy,
        "address1": address1, "address2": address2, "city": sketch.place.city, "state": "OH", "zip": sketch.place.zip,
        "latitude": sketch.point.lat, "longitude": sketch.point.lon, "is_placed_by_zip": False,
        "phone": identifiers.phone(sketch.id),
        "fax": identifiers.phone(sketch.id, identifiers.FAX_AREAS) if chance(rng, 0.8) else None,
        "email": f"office@{domain}" if chance(rng, 0.6) else None,
        "website": f"https://www.{domain}" if chance(rng, 0.7) else None,
        "best_time": pick(rng, BEST_TIMES),
        "note": pick(rng, NOTES),
        "cadence_days": 45 if chance(rng, 0.03) else None,
        "source": "" if is_typed_in else "NPPES", "source_key": None, "retired_on": None,
        "version": 1, "created_at": since, "updated_at": since,
    }  # fmt: skip


def group_rows(since: datetime) -> Rows:
    """The parent groups."""
    return [
        {"id": number, "name": name, "pac_id": f"900000{number:04d}", "created_at": since, "updated_at": since}
        for number, name in enumerate(GROUP_NAMES, start=1)
    ]


def tag_rows(sketches: list[Sketch], seed: int) -> Rows:
    """A tag or two on every other practice."""
    rng = generator(seed, "tags")
    rows: Rows = []
    for sketch in sketches:
        if chance(rng, 0.5):
            chosen = rng.choice(len(TAGS), size=int(rng.integers(1, 4)), replace=False).tolist()
            rows += [{"practice_id": sketch.id, "tag": TAGS[number]} for number in sorted(chosen)]
    return rows


def hours_rows(sketches: list[Sketch], seed: int, open_on: dict[int, date]) -> Rows:
    """Open hours; most close over lunch. `open_on` opens a practice on the weekday of a day, whatever day that is."""
    rng = generator(seed, "hours")
    rows: Rows = []
    for sketch in sketches:
        opens, closes = time(pick(rng, (7, 8, 8, 8, 9))), time(int(rng.integers(16, 19)))
        has_lunch, short_day = chance(rng, 0.55), int(rng.integers(0, 12))
        weekdays = {0, 1, 2, 3, 4} | ({5} if chance(rng, 0.08) else set())
        if (day := open_on.get(sketch.id)) is not None:
            weekdays.add(day.weekday())
        for weekday in sorted(weekdays):
            spans = [(opens, time(12)), (time(13), closes)] if has_lunch else [(opens, closes)]
            if (weekday == short_day or weekday > 4) and sketch.id not in open_on:  # noqa: PLR2004 after Friday
                spans = [(opens, time(12))]
            rows += [
                {"practice_id": sketch.id, "weekday": weekday, "opens": first, "closes": last} for first, last in spans
            ]
    for number, row in enumerate(rows, start=1):
        row["id"] = number
    return rows


def is_physician(sketch: Sketch) -> bool:
    """Whether it is a practice of physicians, which has more clinicians than other places."""
    return sketch.specialty.kind in (PracticeKind.PHYSICIAN, PracticeKind.HOSPITAL)


def begin_of(today: date, months: int) -> date:
    """The first day of the month that lies so many months back."""
    number = today.year * 12 + today.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def workdays(first: date, last: date) -> list[date]:
    """Mondays to Fridays from a day to a day, both included."""
    days = (first + timedelta(n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5]  # noqa: PLR2004 Friday is 4
