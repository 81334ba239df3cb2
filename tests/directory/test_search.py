"""Tests of search over practices, providers and contacts."""

from typing import Any

import pytest
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.core import clock
from crm.directory.search import search
from tests.cast import Cast, contact, practice, provider
from tests.pages import count_statements


@pytest.fixture
def session(database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("olen", ["Olentangy Family Medicine"]),
        ("family med", ["Olentangy Family Medicine"]),
        ("worthington", ["Olentangy Family Medicine"]),
        ("okonjo", ["Nadia Okonjo, MD"]),
        ("nadia oko", ["Nadia Okonjo, MD"]),
        ("Trent, Marisol", ["Marisol Trent"]),
        ("17304", ["Nadia Okonjo, MD"]),
        ("1730 482 910", ["Nadia Okonjo, MD"]),
        ("614 555 0177", ["Southgate Internal Medicine"]),
        ("+1 (614) 555-0143", ["Marisol Trent"]),
        ("43123", ["Southgate Internal Medicine"]),
        ("", []), ("   ", []), ("%", []), ("_", []), ("' OR 1=1 --", []), ("zzz", []), ("\x00", []), ("\ud800", []),
    ],
)  # fmt: skip
def test_search_finds(cast: Cast, session: Session, text: str, found: list[str]) -> None:
    assert [hit.label for hit in search(session, SYSTEM, text, 8)] == found


def test_search_keeps_to_the_scope(cast: Cast, session: Session) -> None:
    dana = cast.viewer(cast.dana)
    for text in ("southgate", "becker", "lena", "43123", "1588203640", "6145550177"):
        assert search(session, dana, text, 8) == [], text
    assert len(search(session, dana, "o", 8)) == 2


def test_search_leaves_retired_ones_out(cast: Cast, session: Session) -> None:
    for row in (cast.olentangy, cast.okonjo, cast.marisol):
        row.retired_on = clock.today()
    session.flush()
    for text in ("olentangy", "okonjo", "trent"):
        assert search(session, SYSTEM, text, 8) == [], text


def test_hits_lead_to_pages(cast: Cast, session: Session, app: Any) -> None:
    for text in ("olentangy", "okonjo", "trent"):
        hit = search(session, SYSTEM, text, 8)[0]
        with app.test_request_context():
            from flask import url_for

            assert url_for(hit.endpoint, **hit.values).endswith(f"/{hit.id}")
        assert hit.detail


def test_every_kind_gets_a_share(cast: Cast, session: Session) -> None:
    for number in range(9):
        practice(session, f"Maple Practice {number}", cast.north)
        provider(session, "Ann", f"Maple{number}", str(number), cast.olentangy)
        contact(session, "Ben", f"Maple{number}", cast.olentangy)
    kinds = [hit.kind for hit in search(session, SYSTEM, "maple", 9)]
    assert kinds == ["practice"] * 3 + ["provider"] * 3 + ["contact"] * 3
    assert len(search(session, SYSTEM, "maple", 2)) == 2


def test_new_names_are_found_and_old_ones_not(cast: Cast, session: Session) -> None:
    cast.olentangy.name = "Clearfork Family Practice"
    cast.marisol.last_name = "Muñoz"
    session.flush()
    assert [hit.id for hit in search(session, SYSTEM, "clearfork", 8)] == [cast.olentangy.id]
    assert search(session, SYSTEM, "olentangy", 8) == []
    assert [hit.id for hit in search(session, SYSTEM, "munoz", 8)] == [cast.marisol.id]


def test_the_number_of_statements_does_not_grow(cast: Cast, session: Session) -> None:
    with count_statements() as few:
        search(session, SYSTEM, "o", 8)
    for number in range(30):
        contact(session, "Ann", f"Oak{number}", cast.olentangy)
    with count_statements() as many:
        search(session, SYSTEM, "o", 8)
    assert len(many) <= len(few)


def test_the_beginning_of_a_name_is_looked_up_by_an_index(cast: Cast, session: Session) -> None:
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("PostgreSQL reads small tables through, whatever indexes they have")
    query = sql("EXPLAIN QUERY PLAN SELECT id FROM contact WHERE search_key >= 'oko' AND search_key < 'okp'")
    plan = " ".join(str(row) for row in session.execute(query))
    assert "ix_contact_search_key" in plan
