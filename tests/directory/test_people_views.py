"""Tests of the pages of providers, contacts and affiliations."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core import clock
from crm.directory.models import Affiliation, Contact, Practice, Provider
from tests.cast import Cast, contact, practice, provider
from tests.pages import count_statements


@pytest.fixture
def session(database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def names(answer: Any) -> list[str]:
    return [link.get_text() for link in answer.soup.select("tbody a.row-name")]


@pytest.mark.parametrize(
    ("path", "own", "all_names"),
    [
        ("/directory/providers", ["Okonjo, Nadia"], ["Becker, Ruth", "Okonjo, Nadia"]),
        ("/directory/contacts", ["Trent, Marisol"], ["Ortiz, Lena", "Trent, Marisol"]),
    ],
)
def test_people_are_listed_in_scope(cast: Cast, sign_in: Any, path: str, own: list[str], all_names: list[str]) -> None:
    assert names(sign_in(cast.dana).get(path)) == own
    for who in ("maren", "priya", "arjun", "carol"):
        assert names(sign_in(cast.everybody[who]).get(path)) == all_names
    assert sign_in(cast.adam).get(path).status == 403


@pytest.mark.parametrize("path", ["/directory/providers", "/directory/contacts"])
def test_people_lists_that_are_empty_say_what_to_do(cast: Cast, sign_in: Any, session: Session, path: str) -> None:
    for row in (cast.okonjo, cast.becker, cast.marisol, cast.lena):
        row.retired_on = clock.today()
    session.flush()
    assert "yet" in sign_in(cast.maren).get(path).soup.select_one(".empty").get_text()
    assert "matches" in sign_in(cast.maren).get(f"{path}?q=zzz").soup.select_one(".empty").get_text()
    assert len(names(sign_in(cast.maren).get(f"{path}?retired=1"))) == 2


@pytest.mark.parametrize("path", ["/directory/providers", "/directory/contacts"])
@pytest.mark.parametrize(
    "query",
    ["page=99999999", "page=x", "sort=revenue", "q=%00%ff", "q=" + "x" * 3000, "territory=x", "territory=999999999999",
     "role=king", "strength=9", "specialty=%3Cb%3E", "q=%25", "sort=-"],
)  # fmt: skip
def test_people_lists_take_any_nonsense(cast: Cast, sign_in: Any, path: str, query: str) -> None:
    assert sign_in(cast.maren).get(f"{path}?{query}").status == 200


def test_people_lists_sort_and_filter(cast: Cast, sign_in: Any) -> None:
    maren = sign_in(cast.maren)
    assert names(maren.get("/directory/contacts?sort=-name")) == ["Trent, Marisol", "Ortiz, Lena"]
    assert names(maren.get(f"/directory/contacts?territory={cast.north.id}")) == ["Trent, Marisol"]
    assert names(maren.get("/directory/contacts?q=southgate")) == ["Ortiz, Lena"]
    assert names(maren.get("/directory/providers?q=1730")) == ["Okonjo, Nadia"]
    assert names(maren.get(f"/directory/providers?specialty=Family+Medicine&territory={cast.south.id}")) == [
        "Becker, Ruth"
    ]


@pytest.mark.parametrize("path", ["/directory/providers", "/directory/contacts?sort=practice"])
def test_people_lists_take_a_fixed_number_of_statements(cast: Cast, sign_in: Any, session: Session, path: str) -> None:
    dana = sign_in(cast.dana)
    dana.get(path)
    with count_statements() as few:
        assert len(names(dana.get(path))) == 1
    for number in range(60):
        at = practice(session, f"Maple {number:02}", cast.north)
        provider(session, "Ann", f"Maple{number}", f"{number}", at, email=f"{number}@maple.example")
        contact(session, "Ben", f"Maple{number}", at, email=f"{number}@maple.example")
    session.commit()
    with count_statements() as many:
        assert len(names(dana.get(path))) == 50
    assert len(many) == len(few), [a for a in many if a not in few]


def test_provider_and_contact_show_who_they_are(cast: Cast, sign_in: Any) -> None:
    dana = sign_in(cast.dana)
    text = dana.get(f"/directory/providers/{cast.okonjo.id}").text
    for words in ("Nadia Okonjo, MD", "1730 482 910", "Olentangy Family Medicine", "Main practice", "Email: not asked"):
        assert words in text
    text = dana.get(f"/directory/contacts/{cast.marisol.id}").text
    for words in ("Marisol Trent", "Referral coordinator", "Olentangy Family Medicine", "marisol@olentangy.example"):
        assert words in text


def test_people_of_other_territories_are_like_missing_ones(cast: Cast, sign_in: Any) -> None:
    dana = sign_in(cast.dana)
    for kind, person in (("providers", cast.becker), ("contacts", cast.lena)):
        for path in (f"/{person.id}", f"/{person.id}/edit", "/999999", "/99999999999999999999"):
            assert dana.get(f"/directory/{kind}{path}").status == 404, path
        assert dana.post(f"/directory/{kind}/{person.id}/retire").status == 404
    becker = cast.becker.affiliations[0].id
    assert dana.get(f"/directory/affiliations/{becker}/edit").status == 404
    assert dana.post(f"/directory/affiliations/{becker}/end").status == 404


@pytest.mark.parametrize("name", ["priya", "arjun", "carol", "adam"])
def test_people_are_changed_only_by_those_who_edit(cast: Cast, sign_in: Any, name: str) -> None:
    browser = sign_in(cast.everybody[name])
    for path in (
        "providers/new",
        "contacts/new",
        f"providers/{cast.okonjo.id}/edit",
        f"contacts/{cast.marisol.id}/edit",
    ):
        assert browser.get(f"/directory/{path}").status == 403


def test_provider_new_stands_at_its_practice(cast: Cast, sign_in: Any, session: Session) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/directory/providers/new?practice={cast.olentangy.id}")
    answer = dana.submit(form, {"last_name": "Lindqvist", "npi": "1234567893", "weekdays": ["0", "4"]})
    assert answer.location.endswith(f"/directory/practices/{cast.olentangy.id}")
    made = session.scalars(select(Provider).where(Provider.npi == "1234567893")).one()
    assert [(row.practice_id, row.days) for row in made.affiliations] == [(cast.olentangy.id, [0, 4])]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"last_name": ""}, "Fill this in"), ({"npi": "1"}, "not an NPI"), ({"npi": "1588203640"}, "already"),
     ({"practice_id": ""}, "Choose the practice"), ({"weekdays": ["9"]}, "Choose from the list")],
)  # fmt: skip
def test_provider_new_keeps_what_was_typed(cast: Cast, sign_in: Any, wrong: dict[str, Any], says: str) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/directory/providers/new?practice={cast.olentangy.id}")
    answer = dana.submit(form, {"last_name": "Lindqvist", "first_name": "Gareth", **wrong})
    assert answer.status == 422
    assert says in answer.text
    assert answer.soup.find("input", attrs={"name": "first_name"})["value"] == "Gareth"
    assert "Becker" not in answer.text


def test_provider_new_links_to_who_has_the_npi(cast: Cast, sign_in: Any) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/directory/providers/new?practice={cast.olentangy.id}")
    answer = dana.submit(form, {"last_name": "Okonjo", "npi": "1730 482 910"})
    assert answer.soup.find("a", href=f"/directory/providers/{cast.okonjo.id}") is not None


def test_provider_edit_saves_and_notices_conflicts(cast: Cast, sign_in: Any, session: Session) -> None:
    dana, path = sign_in(cast.dana), f"/directory/providers/{cast.okonjo.id}/edit"
    form = dana.get(path)
    assert dana.submit(form, {"credentials": "DO"}).status == 302
    answer = dana.submit(form, {"credentials": "PhD"})
    assert answer.status == 422
    assert dana.submit(answer).status == 302
    session.expire_all()
    assert cast.okonjo.credentials == "PhD"


def test_provider_new_needs_a_practice_in_scope(cast: Cast, sign_in: Any, session: Session) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/directory/providers/new?practice={cast.southgate.id}")
    assert "Southgate" not in form.text
    assert dana.submit(form, {"last_name": "Lindqvist"}).status == 422
    maren = sign_in(cast.maren)
    assert maren.submit(maren.get("/directory/providers/new"), {"last_name": "Anywhere"}).status == 302


def test_affiliation_new_and_edit(cast: Cast, sign_in: Any, session: Session) -> None:
    maren = sign_in(cast.maren)
    path = f"/directory/practices/{cast.olentangy.id}/providers/new"
    assert maren.submit(maren.get(path), {"provider_id": ""}).status == 422
    assert maren.submit(maren.get(path), {"provider_id": str(cast.okonjo.id)}).status == 422
    assert maren.submit(maren.get(path), {"provider_id": str(cast.becker.id), "weekdays": ["2"]}).status == 302
    made = session.scalars(select(Affiliation).where(Affiliation.practice_id == cast.olentangy.id)).all()[-1]
    assert made.days == [2]
    edit = f"/directory/affiliations/{made.id}/edit"
    assert maren.submit(maren.get(edit), {"weekdays": ["1"]}, action="/edit").status == 302
    wrong = {"starts_on": "2026-02-30", "ends_on": "2020-01-01"}
    assert maren.submit(maren.get(edit), wrong, action="/edit").status == 422
    session.expire_all()
    assert made.days == [1]
    assert maren.post(f"/directory/affiliations/{made.id}/end").status == 302
    session.expire_all()
    assert made.ends_on == clock.today()


def test_affiliation_edit_notices_conflicts(cast: Cast, sign_in: Any, session: Session) -> None:
    found = session.scalars(select(Affiliation).where(Affiliation.practice_id == cast.olentangy.id)).one()
    dana, maren = sign_in(cast.dana), sign_in(cast.maren)
    path = f"/directory/affiliations/{found.id}/edit"
    first, second = dana.get(path), maren.get(path)
    assert dana.submit(first, {"weekdays": ["1", "2"]}, action="/edit").status == 302
    answer = maren.submit(second, {"weekdays": ["4"]}, action="/edit")
    assert answer.status == 422
    assert "Saved by now: Tuesday, Wednesday" in answer.text
    session.expire_all()
    assert found.days == [1, 2]
    assert maren.submit(answer, action="/edit").status == 302
    session.expire_all()
    assert found.days == [4]


def test_a_liaison_finds_only_own_providers_to_add(cast: Cast, sign_in: Any) -> None:
    dana = sign_in(cast.dana)
    assert dana.get("/directory/providers/suggest?q=becker").json == []
    path = f"/directory/practices/{cast.olentangy.id}/providers/new"
    assert dana.submit(dana.get(path), {"provider_id": str(cast.becker.id)}).status == 422


def test_contact_new_and_edit(cast: Cast, sign_in: Any, session: Session) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/directory/contacts/new?practice={cast.olentangy.id}")
    typed = {"last_name": "Petrik", "first_name": "Joanne", "role": "office_manager", "relationship_strength": "2"}
    assert dana.submit(form, {**typed, "email": "x"}).status == 422
    assert dana.submit(form, {**typed, "practice_id": str(cast.southgate.id)}).status == 422
    assert dana.submit(form, {**typed, "relationship_strength": "77"}).status == 422
    assert dana.submit(form, typed).location.endswith(f"/practices/{cast.olentangy.id}")
    made = session.scalars(select(Contact).where(Contact.last_name == "Petrik")).one()
    assert (made.practice_id, made.relationship_strength) == (cast.olentangy.id, 2)
    edit = f"/directory/contacts/{made.id}/edit"
    assert dana.submit(dana.get(edit), {"prefers": "Text before 10:00", "practice_id": "999"}).status == 302
    session.expire_all()
    assert (made.prefers, made.practice_id) == ("Text before 10:00", cast.olentangy.id)


def test_numbers_are_shown_as_people_write_them_and_read_back(cast: Cast, sign_in: Any, session: Session) -> None:
    cast.marisol.phone, cast.marisol.mobile = "+16145550142;ext=12", "+442071838750"
    session.flush()
    dana = sign_in(cast.dana)
    form = dana.get(f"/directory/contacts/{cast.marisol.id}/edit")
    shown = {name: form.soup.find("input", attrs={"name": name})["value"] for name in ("phone", "mobile")}
    assert shown == {"phone": "(614) 555-0142 ext. 12", "mobile": "+442071838750"}
    assert dana.submit(form).status == 302
    session.expire_all()
    assert (cast.marisol.phone, cast.marisol.mobile) == ("+16145550142;ext=12", "+442071838750")


@pytest.mark.parametrize("kind", ["providers", "contacts"])
def test_people_are_retired_and_brought_back(cast: Cast, sign_in: Any, session: Session, kind: str) -> None:
    dana = sign_in(cast.dana)
    person: Provider | Contact = cast.okonjo if kind == "providers" else cast.marisol
    answer = dana.post(f"/directory/{kind}/{person.id}/retire", follow=True)
    assert "Retired on" in answer.text
    assert names(dana.get(f"/directory/{kind}")) == []
    assert dana.submit(answer, action="/bring-back").status == 302
    assert len(names(dana.get(f"/directory/{kind}"))) == 1


def test_names_are_shown_as_text(cast: Cast, sign_in: Any, session: Session) -> None:
    evil = '"><svg/onload=alert(1)>{{7*7}}'
    cast.marisol.last_name = cast.okonjo.last_name = evil
    cast.olentangy.name = cast.olentangy.note = evil
    session.commit()
    maren = sign_in(cast.maren)
    practice_page = f"/directory/practices/{session.scalars(select(Practice.id)).first()}"
    for path in ("providers", "contacts", "practices", f"providers/{cast.okonjo.id}", f"contacts/{cast.marisol.id}"):
        answer = maren.get(f"/directory/{path}")
        assert evil in answer.text.replace("49", "{{7*7}}")
        assert answer.soup.find("svg", attrs={"onload": True}) is None
    assert maren.get(practice_page).soup.find("svg", attrs={"onload": True}) is None
