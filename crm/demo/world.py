"""Invents the whole organization, without writing anything: the same scale, seed and day give the same content."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from crm.accounts.permissions import Role
from crm.demo import diary, market, people, practices, receipts, referrals, trends, users, visits
from crm.demo.places import TERRITORIES, zip_prefixes
from crm.demo.rows import Columns, Ints, Row, Rows, World
from crm.demo.scale import MONTHS, SCALES
from crm.referrals.models import SourceKind

ORGANIZATION = {
    "id": 1, "name": "Harbor Specialty Group", "city": "Columbus, OH", "time_zone": "America/New_York",
    "latitude": 40.0931, "longitude": -83.018, "address": "600 Harbor Way, Worthington, OH 43085", "cadence_a_days": 45,
    "cadence_b_days": 90, "cadence_c_days": 180, "lapsed_after_days": 90, "is_demo": True, "version": 1,
}  # fmt: skip
HashOf = Callable[[users.Person], str]


def build_world(scale_name: str, seed: int, today: date, *, hash_of: HashOf, row_key_secret: str) -> World:
    """Everything of the organization. `hash_of` gives the password hash of each person."""
    scale = SCALES[scale_name]
    first = practices.begin_of(today, MONTHS)
    since = datetime(first.year, first.month, 1, 14, tzinfo=UTC)
    world = World(today)
    tables = world.tables
    staff = users.all_users(scale, seed)
    tables["organization"] = [
        ORGANIZATION | {"row_key_secret": row_key_secret, "created_at": since, "updated_at": since}
    ]
    tables["user_account"] = [users.user_row(person, hash_of(person), since, first) for person in staff]
    tables["user_role"], tables["user_territory"] = users.role_rows(staff), users.user_territory_rows(staff)
    tables["territory"] = _territory_rows(since)

    sketches = practices.sketch_practices(scale, seed, users.liaisons_by_territory(staff))
    homes = people.staffing(sketches, scale.providers, seed)
    providers = tables["provider"] = people.provider_rows(sketches, homes, seed, since)
    affiliations = people.affiliation_rows(sketches, homes, seed, today, since)
    tables["affiliation"] = affiliations
    contacts = people.contact_rows(sketches, scale.contacts, seed, since)
    tables["contact"] = contacts
    met_at = who_can_be_met(affiliations, contacts)

    outings = visits.make_visits(scale, sketches, staff, met_at, seed, today)
    tables["visit"], tables["visit_person"], tables["visit_topic"] = outings.visits, outings.people, outings.topics
    tables["route_plan"], tables["route_stop"] = outings.plans, outings.stops
    counts = trends.monthly_counts(scale, sketches, outings.visits, seed, today)
    events = referrals.referral_columns(counts, sketches, affiliations, seed, today)
    tables.update(referrals.referral_tables(events, sketches))

    activity = _activity(counts, outings.visits, today)
    places = practices.practice_rows(sketches, activity, seed, since)
    tables["practice"] = places
    tables["practice_group"] = practices.group_rows(since)
    tables["practice_tag"] = practices.tag_rows(sketches, seed)
    open_on = {visit["practice_id"]: visit["visit_on"] for visit in outings.visits if visit["visit_on"] == today}
    tables["practice_hours"] = practices.hours_rows(sketches, seed, open_on)
    tables["contact_permission"] = people.permission_rows(
        contacts + providers, places, _first(staff, Role.LIAISON).name, seed, today, since
    )

    tables["task"] = diary.task_rows(scale, staff, sketches, outings.visits, seed, today)
    meetings = diary.meeting_rows(scale, staff, sketches, seed, today)
    tables["meeting"] = meetings
    tables["meeting_attendee"] = diary.attendee_rows(meetings, staff, met_at, seed)
    _add_receipts(world, events, staff, seed, since)
    tables.update(market.market_tables(providers, affiliations, _first(staff, Role.ANALYST).id, seed, today, since))
    return world


def who_can_be_met(affiliations: Rows, contacts: Rows) -> dict[int, list[Row]]:
    """By practice: the clinicians who work there now, and its staff."""
    met_at: dict[int, list[Row]] = {}
    for row in affiliations:
        if row["ends_on"] is None:
            met_at.setdefault(row["practice_id"], []).append({"provider_id": row["provider_id"], "contact_id": None})
    for row in contacts:
        met_at.setdefault(row["practice_id"], []).append({"provider_id": None, "contact_id": row["id"]})
    return met_at


def _add_receipts(world: World, events: Columns, staff: list[users.Person], seed: int, since: datetime) -> None:
    sources = (row for chunk in world.chunks("referral_source") for row in chunk)
    of_practices = {row["id"] for row in sources if row["kind"] == SourceKind.PRACTICE}
    importer, exporter = _first(staff, Role.ANALYST), _first(staff, Role.MARKETING)
    imports, refusals = receipts.import_rows(events, of_practices, importer.id, seed, world.today)
    world.tables["referral_import"], world.tables["import_refusal"] = imports, refusals
    world.tables["contact_list"] = receipts.list_rows(exporter.id, since)
    world.tables["export"] = receipts.export_rows(exporter.id, world.today)


def _activity(counts: Ints, visits_made: Rows, today: date) -> practices.Activity:
    expected = frozenset(visit["practice_id"] for visit in visits_made if visit["visit_on"] >= today)
    return practices.Activity(referrals.last_quarter(counts), counts.sum(axis=1), expected)


def _territory_rows(since: datetime) -> Rows:
    return [
        {"id": number, "name": name, "zip_prefixes": zip_prefixes(name), "created_at": since, "updated_at": since}
        for number, name in enumerate(TERRITORIES, start=1)
    ]


def _first(staff: list[users.Person], role: Role) -> users.Person:
    return next(person for person in staff if person.role is role)
