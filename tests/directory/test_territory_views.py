"""Tests of the pages of territories."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.directory.models import Territory
from tests.cast import Cast, practice

LIST = "/directory/territories"


@pytest.fixture
def session(database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def test_territories_lists_counts_and_people(cast: Cast, sign_in: Any, session: Session) -> None:
    practice(session, "Nowhere Clinic", None)
    for who in ("maren", "adam"):
        text = sign_in(cast.everybody[who]).get(LIST).text
        for words in ("North", "43085", "Dana Whitfield", "1 practice in no territory"):
            assert words in text


@pytest.mark.parametrize("name", ["dana", "priya", "arjun", "carol"])
def test_territories_are_closed_to_others(cast: Cast, sign_in: Any, name: str) -> None:
    browser = sign_in(cast.everybody[name])
    for path in ("", "/new", "/move", f"/{cast.north.id}/edit"):
        assert browser.get(f"{LIST}{path}").status == 403
    assert browser.post(f"{LIST}/move", {"which": "all", "expected": "0"}).status == 403


def test_territories_when_there_is_none(cast: Cast, sign_in: Any, session: Session) -> None:
    for row in (cast.olentangy, cast.southgate):
        row.territory_id = None
    session.flush()
    for territory in (cast.north, cast.south):
        for user in (cast.dana, cast.tomas):
            user.territories = []
        session.flush()
        session.delete(territory)
    session.commit()
    assert "No territories yet" in sign_in(cast.maren).get(LIST).text


def test_territory_new_and_edit(cast: Cast, sign_in: Any, session: Session) -> None:
    adam = sign_in(cast.adam)
    typed = {"name": "East", "zip_prefixes": "432, 43068", "users": [str(cast.dana.id)]}
    assert adam.submit(adam.get(f"{LIST}/new"), typed).location.endswith(LIST)
    east = session.scalars(select(Territory).where(Territory.name == "East")).one()
    edit = adam.get(f"{LIST}/{east.id}/edit")
    assert edit.soup.find("input", attrs={"value": str(cast.dana.id), "checked": True}) is not None
    assert adam.submit(edit, {"name": "Far East", "users": []}).status == 302
    session.expire_all()
    assert (east.name, east.zip_prefixes) == ("Far East", "43068 432")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"name": ""}, "Fill this in"), ({"name": "South"}, "already"), ({"zip_prefixes": "abc"}, "one to five digits"),
     ({"zip_prefixes": "431"}, "Another territory has 431"), ({"users": ["999999"]}, "Choose from the list")],
)  # fmt: skip
def test_territory_edit_keeps_what_was_typed(cast: Cast, sign_in: Any, wrong: dict[str, Any], says: str) -> None:
    maren = sign_in(cast.maren)
    answer = maren.submit(
        maren.get(f"{LIST}/{cast.north.id}/edit"), {"name": "Northern", "zip_prefixes": "439", **wrong}
    )
    assert answer.status == 422
    assert says in answer.text
    assert (wrong.get("zip_prefixes") or "439") in answer.soup.find("textarea").get_text()


def test_territory_move_is_previewed_and_done(cast: Cast, sign_in: Any, session: Session) -> None:
    lost = practice(session, "Nowhere Clinic", None, zip="43123")
    wrong = practice(session, "Wrong Clinic", cast.south, zip="43085")
    maren = sign_in(cast.maren)
    preview = maren.get(f"{LIST}/move")
    assert "Move 1 practice" in preview.text
    everything = maren.get(f"{LIST}/move?which=all")
    assert "Move 2 practices" in everything.text
    assert maren.submit(preview).status == 302
    session.expire_all()
    assert (lost.territory_id, wrong.territory_id) == (cast.south.id, cast.south.id)
    stale = maren.submit(everything)
    assert stale.status == 409
    assert "Look again" in stale.text
    assert maren.submit(stale).status == 302
    session.expire_all()
    assert wrong.territory_id == cast.north.id
    assert "Nothing to move" in maren.get(f"{LIST}/move?which=all").text


def test_territory_move_takes_any_nonsense(cast: Cast, sign_in: Any) -> None:
    maren = sign_in(cast.maren)
    assert maren.post(f"{LIST}/move", {"expected": "-1", "which": "\x00"}).status == 409
    assert maren.post(f"{LIST}/move", {}).status == 409
    assert maren.get(f"{LIST}/99999999999999999999/edit").status == 404
