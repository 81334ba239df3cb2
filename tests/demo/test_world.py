"""Tests of the invented organization as a whole: the same again, as much as promised, and without contradictions."""

import importlib
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import ForeignKeyConstraint, Table, UniqueConstraint

from crm.core.db import Base
from crm.core.formats import month_of
from crm.demo.rows import Row, World
from crm.demo.world import build_world
from crm.referrals.models import ReferralStatus
from crm.visits.models import VisitState

for room in ("accounts", "audit", "jobs", "directory", "visits", "tasks", "meetings", "referrals", "route_planning"):
    importlib.import_module(f"crm.{room}.models")

TODAY = date(2026, 11, 20)


def invented(seed: int = 7, today: date = TODAY) -> World:
    return build_world("small", seed, today, hash_of=lambda person: f"hash of {person.name}", row_key_secret="secret")


@pytest.fixture(scope="module")
def world() -> World:
    return invented()


def rows(world: World, table: str) -> Iterator[Row]:
    for chunk in world.chunks(table):
        yield from chunk


def test_the_same_seed_and_day_give_the_same_content(world: World) -> None:
    assert invented().fingerprint() == world.fingerprint()


def test_another_seed_or_day_gives_other_content(world: World) -> None:
    assert invented(seed=8).fingerprint() != world.fingerprint()
    assert invented(today=TODAY + timedelta(days=1)).fingerprint() != world.fingerprint()


def test_passwords_and_secrets_do_not_change_the_content(world: World) -> None:
    other = build_world("small", 7, TODAY, hash_of=lambda _: "another", row_key_secret="another")
    assert other.fingerprint() == world.fingerprint()


@pytest.mark.parametrize(
    ("table", "least", "most"),
    [
        ("practice", 320, 320),
        ("provider", 900, 900),
        ("contact", 700, 700),
        ("referral", 40_000, 51_000),
        ("visit", 1_700, 2_200),
        ("service_line", 5, 5),
        ("site", 4, 4),
        ("territory", 4, 4),
        ("task", 150, 150),
        ("meeting", 70, 70),
        ("contact_permission", 500, 1_200),
        ("practice_tag", 200, 700),
        ("referral_import", 36, 37),
        ("export", 3, 10),
        ("route_plan", 4, 4),
        ("market_import", 1, 1),
        ("market_edge", 1_500, 4_500),
        ("our_npi", 4, 4),
    ],
)
def test_there_is_as_much_as_promised(world: World, table: str, least: int, most: int) -> None:
    assert least <= world.count(table) <= most


def test_every_table_and_column_exists_and_holds_what_it_must(world: World) -> None:
    for name in world.tables:
        table = Base.metadata.tables[name]
        given = set(next(rows(world, name)))
        assert given <= {column.name for column in table.columns}, name
        needed = {c.name for c in table.columns if not c.nullable and c.default is None}
        assert needed <= given | {"id"}, name
        for row in rows(world, name):
            assert set(row) == given, f"{name}: rows have different columns"
            empty = [c.name for c in table.columns if not c.nullable and c.name in row and row[c.name] is None]
            assert not empty, f"{name} {row.get('id')}: {empty}"


def test_every_reference_leads_somewhere(world: World) -> None:
    ids = {name: {row.get("id") for row in rows(world, name)} for name in world.tables}
    for name in world.tables:
        for column, target in references(Base.metadata.tables[name]):
            used = {row.get(column) for row in rows(world, name)} - {None}
            assert used <= ids.get(target, set()), f"{name}.{column} -> {target}"


def references(table: Table) -> Iterator[tuple[str, str]]:
    for constraint in table.constraints:
        if isinstance(constraint, ForeignKeyConstraint):
            yield constraint.columns.keys()[0], constraint.referred_table.name


def test_what_must_be_unique_is(world: World) -> None:
    for name in world.tables:
        for columns in unique_columns(Base.metadata.tables[name]):
            if not set(columns) <= set(next(rows(world, name))):
                continue
            seen = Counter(tuple(row[column] for column in columns) for row in rows(world, name))
            twice = [values for values, count in seen.items() if count > 1 and None not in values]
            assert not twice, f"{name} {columns}: {twice[:3]}"


def unique_columns(table: Table) -> Iterator[list[str]]:
    yield [column.name for column in table.primary_key.columns]
    for column in table.columns:
        if column.unique:
            yield [column.name]
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield [column.name for column in constraint.columns]


def test_text_fits_its_column(world: World) -> None:
    for name in world.tables:
        lengths = {c.name: getattr(c.type, "length", None) for c in Base.metadata.tables[name].columns}
        for row in rows(world, name):
            long = [n for n, v in row.items() if isinstance(v, str) and lengths[n] and len(v) > lengths[n]]
            assert not long, f"{name} {row.get('id')}: {long}"


def test_no_referral_lives_in_the_future(world: World) -> None:
    for row in rows(world, "referral"):
        assert row["received_on"] < TODAY
        assert row["month"] == month_of(row["received_on"])
        assert row["received_on"].weekday() < 5
        for step in ("seen_on", "report_sent_on"):
            assert row[step] is None or row[step] <= TODAY


def test_the_steps_of_a_referral_follow_each_other(world: World) -> None:
    for row in rows(world, "referral"):
        if row["appointment_on"]:
            assert row["appointment_on"] > row["received_on"]
        if row["report_sent_on"]:
            assert row["report_sent_on"] > row["seen_on"]
        assert (row["seen_on"] is not None) == (row["status"] is ReferralStatus.SEEN)
        assert row["revenue_cents"] is None or (row["seen_on"] and row["revenue_cents"] > 0)
        assert (row["revenue_kind"] is None) == (row["revenue_cents"] is None)
        if row["status"] is ReferralStatus.SCHEDULED:
            assert row["appointment_on"] >= TODAY
        if row["status"] is ReferralStatus.RECEIVED:
            assert row["appointment_on"] is None


def test_recent_referrals_still_wait_and_old_ones_do_not(world: World) -> None:
    waiting = [row for row in rows(world, "referral") if row["status"] in ("received", "scheduled")]
    assert len(waiting) > 200
    old = [row for row in waiting if row["received_on"] < TODAY - timedelta(days=150)]
    assert len(old) < len(waiting) * 0.05


def test_about_three_in_a_hundred_name_no_known_source(world: World) -> None:
    unmatched = [row for row in rows(world, "referral") if row["practice_id"] is None]
    assert 0.02 < len(unmatched) / world.count("referral") < 0.04
    known = {row["id"] for row in rows(world, "referral_source")}
    assert all(row["source_id"] in known and row["provider_id"] is None for row in unmatched)
    assert all(row["source_id"] is None for row in rows(world, "referral") if row["practice_id"] is not None)


def test_the_counts_of_each_import_agree_with_its_rows(world: World) -> None:
    added = Counter(row["import_id"] for row in rows(world, "referral"))
    practices = {row["id"] for row in rows(world, "referral_source") if row["kind"] == "practice"}
    unmatched = Counter(row["import_id"] for row in rows(world, "referral") if row["source_id"] in practices)
    refused = Counter(row["import_id"] for row in rows(world, "import_refusal"))
    for row in rows(world, "referral_import"):
        parts = row["added_rows"] + row["updated_rows"] + row["unchanged_rows"] + row["refused_rows"]
        assert row["read_rows"] == parts
        assert row["added_rows"] == added[row["id"]]
        assert row["unmatched_rows"] == unmatched[row["id"]]
        assert row["refused_rows"] == refused[row["id"]]


def test_providers_refer_from_where_they_work(world: World) -> None:
    works_at = {(row["provider_id"], row["practice_id"]) for row in rows(world, "affiliation") if not row["ends_on"]}
    named = {(r["provider_id"], r["practice_id"]) for r in rows(world, "referral") if r["provider_id"] is not None}
    assert named <= works_at


def test_everybody_has_a_full_day_today_whatever_the_weekday() -> None:
    sunday = date(2026, 11, 22)
    world = invented(today=sunday)
    visits = [row for row in rows(world, "visit") if row["visit_on"] == sunday]
    assert Counter(Counter(row["owner_id"] for row in visits).values()) == {6: 4}
    open_today = {row["practice_id"] for row in rows(world, "practice_hours") if row["weekday"] == sunday.weekday()}
    assert {row["practice_id"] for row in visits} <= open_today


def test_visits_are_logged_in_the_past_and_planned_ahead(world: World) -> None:
    for row in rows(world, "visit"):
        assert (row["visit_on"] >= TODAY) == (row["state"] is VisitState.PLANNED)
        assert (row["outcome"] is not None) == (row["state"] is VisitState.DONE)


def test_nobody_plans_to_visit_who_does_not_want_it(world: World) -> None:
    unwanted = {row["id"] for row in rows(world, "practice") if row["status"] == "do_not_visit"}
    assert unwanted
    assert not unwanted & {row["practice_id"] for row in rows(world, "visit") if row["visit_on"] >= TODAY}


def test_tasks_are_overdue_due_and_done(world: World) -> None:
    open_tasks = [row for row in rows(world, "task") if row["done_at"] is None]
    days = Counter((row["due_on"] > TODAY) - (row["due_on"] < TODAY) for row in open_tasks)
    assert days[-1] >= 4
    assert days[0] >= 4
    assert days[1] >= 4
    assert sum(row["done_at"] is not None for row in rows(world, "task")) > 50


def test_some_people_opted_out(world: World) -> None:
    answers: Counter[Any] = Counter(row["consent"] for row in rows(world, "contact_permission"))
    assert 20 < answers["opted_out"] < answers["allowed"] / 4
