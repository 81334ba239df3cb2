"""Tests of territories: their prefixes and people, and moving practices by ZIP."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts import queries as accounts
from crm.audit.models import AuditEvent
from crm.core.errors import Conflict, Invalid, NotFound
from crm.directory import territory_queries as queries
from crm.directory import territory_services as services
from tests.cast import Cast, practice


@pytest.fixture
def session(database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def test_create_territory(cast: Cast, session: Session) -> None:
    made = services.create_territory(session, name="East", prefixes="432, 43068*", user_ids=[cast.dana.id, 999_999])
    assert made.zip_prefixes == "43068 432"
    assert queries.list_user_ids(session, made.id) == [cast.dana.id]
    assert accounts.viewer_of(cast.dana).own_territory_ids == {cast.north.id, made.id}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"), ({"name": "north"}, "name"), ({"prefixes": "4308X"}, "zip_prefixes"),
        ({"prefixes": "431"}, "zip_prefixes"), ({"prefixes": " ".join(f"{n:05}" for n in range(200))}, "zip_prefixes"),
    ],
)  # fmt: skip
def test_create_territory_refuses(cast: Cast, session: Session, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as problem:
        services.create_territory(session, **{"name": "East", "prefixes": "432", **values})
    assert set(problem.value.fields) == {field}


def test_change_territory_keeps_its_own_name_and_prefixes(cast: Cast, session: Session) -> None:
    services.change_territory(session, cast.north, name="NORTH", prefixes="430 43085 433", user_ids=[cast.tomas.id])
    assert (cast.north.name, cast.north.zip_prefixes) == ("NORTH", "430 43085 433")
    assert queries.list_user_ids(session, cast.north.id) == [cast.tomas.id]
    assert cast.olentangy.territory_id == cast.north.id


def test_rows_count_practices_and_name_people(cast: Cast, session: Session) -> None:
    practice(session, "Nowhere Clinic", None)
    rows = {row.territory.name: row for row in queries.list_territory_rows(session)}
    assert (rows["North"].practices, rows["North"].people) == (1, ["Dana Whitfield"])
    assert queries.count_without_territory(session) == 1
    with pytest.raises(NotFound):
        queries.get_territory(session, 10**30)


def test_moves_are_previewed_and_then_done(cast: Cast, session: Session) -> None:
    lost = practice(session, "Nowhere Clinic", None, zip="43123-1000")
    wrong = practice(session, "Wrong Clinic", cast.south, zip="43085")
    practice(session, "Unknown ZIP", None, zip="99999")
    only = queries.list_moves(session, is_only_unplaced=True)
    assert [(move.from_id, move.to_id, move.practice_ids) for move in only] == [(None, cast.south.id, (lost.id,))]
    everything = queries.list_moves(session, is_only_unplaced=False)
    assert {move.practice_ids for move in everything} == {(lost.id,), (wrong.id,)}
    version = wrong.version
    assert services.move_by_prefix(session, is_only_unplaced=False, expected=2) == 2
    assert (lost.territory_id, wrong.territory_id) == (cast.south.id, cast.north.id)
    assert wrong.version == version + 1
    assert queries.list_moves(session, is_only_unplaced=False) == []
    events = session.scalars(select(AuditEvent).where(AuditEvent.object_label == "Practices moved by ZIP prefix")).all()
    assert sorted(event.detail["practices"] for event in events) == [1, 1]


def test_a_stale_preview_moves_nothing(cast: Cast, session: Session) -> None:
    lost = practice(session, "Nowhere Clinic", None, zip="43123")
    with pytest.raises(Conflict):
        services.move_by_prefix(session, is_only_unplaced=True, expected=2)
    assert lost.territory_id is None
