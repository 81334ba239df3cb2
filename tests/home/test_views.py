"""Tests of the home pages: where everybody starts, Today, the first steps, and the search."""

from collections.abc import Callable
from datetime import time

import pytest
from flask import Flask, url_for
from sqlalchemy import delete
from sqlalchemy.orm import Session

from crm.core import clock
from crm.directory.models import Affiliation, Contact, Practice, Provider
from crm.home.first_steps import SetUp, steps_for
from crm.tasks.models import Task
from crm.visits.models import Visit
from tests.cast import Cast
from tests.pages import PageClient
from tests.volumes import sent

SignIn = Callable[..., PageClient]


def set_up(session: Session, cast: Cast) -> None:
    """Referrals, so that no home page is empty."""
    sent(session, cast.olentangy, 24_300, 9, cents=98_765_400)
    session.commit()


@pytest.mark.parametrize(
    ("who", "where"),
    [
        ("dana", "/today"),
        ("maren", "/overview"),
        ("arjun", "/overview"),
        ("priya", "/lists"),
        ("carol", "/welcome"),
        ("adam", "/welcome"),
    ],
)
def test_everybody_starts_on_the_page_of_their_role(
    cast: Cast, database: Session, sign_in: SignIn, who: str, where: str
) -> None:
    set_up(database, cast)
    answer = sign_in(getattr(cast, who)).get("/")
    assert answer.status == 302
    assert answer.location.startswith(where)


def test_an_empty_organization_starts_with_the_first_steps(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.maren).get("/").location == "/welcome"


@pytest.mark.parametrize("url", ["/", "/today", "/welcome", "/search", "/search/suggest?q=oak"])
def test_nobody_sees_a_page_without_signing_in(cast: Cast, sign_in: SignIn, url: str) -> None:
    answer = sign_in().get(url)
    assert answer.status == 302
    assert "/sign-in" in answer.location


def test_today_shows_the_next_stop_and_follow_ups(cast: Cast, database: Session, sign_in: SignIn) -> None:
    today = clock.today()
    database.add_all(
        [
            Visit(practice_id=cast.olentangy.id, owner_id=cast.dana.id, visit_on=today, starts_at=time(23, 30)),
            Visit(practice_id=cast.olentangy.id, owner_id=cast.maren.id, visit_on=today, objective="Of Maren"),
            Task(title="Send the card <b>now</b>", due_on=today, owner_id=cast.dana.id, practice_id=cast.olentangy.id),
        ]
    )
    database.commit()
    answer = sign_in(cast.dana).get("/today")
    assert answer.status == 200
    assert "0 of 1 visited" in answer.text
    assert "Olentangy Family Medicine" in answer.text
    assert "Send the card <b>now</b>" in answer.text
    assert "Of Maren" not in answer.text
    assert "$" not in answer.text


def test_today_can_tick_off_a_follow_up(cast: Cast, database: Session, sign_in: SignIn) -> None:
    task = Task(title="Send the card", due_on=clock.today(), owner_id=cast.dana.id)
    database.add(task)
    database.commit()
    dana = sign_in(cast.dana)
    answer = dana.submit(dana.get("/today"), action=f"/tasks/{task.id}/done")
    assert (answer.status, answer.location) == (302, "/today")
    database.expire_all()
    assert task.done_at is not None


def test_an_empty_today_says_what_to_do_next(cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.dana).get("/today")
    assert "No visits planned for today" in answer.text
    assert "Choose stops" in answer.text
    assert "Due for a visit" in answer.text


def test_today_is_for_those_who_plan(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.maren).get("/today").status == 200
    for who in (cast.priya, cast.arjun, cast.carol, cast.adam):
        assert sign_in(who).get("/today").status == 403


def test_the_first_steps_lead_and_tick_themselves_off(cast: Cast, sign_in: SignIn) -> None:
    text = sign_in(cast.maren).get("/welcome").text
    assert "Done: 3 of 5" in text
    assert "2 territories" in text
    assert "Import referrals" in text
    assert "Add colleagues" not in text


def test_every_step_leads_to_a_page(app: Flask) -> None:
    with app.test_request_context():
        for step in steps_for(SetUp(), lambda _: True):
            assert url_for(step.endpoint)


def test_somebody_without_steps_sees_where_to_go(cast: Cast, sign_in: SignIn) -> None:
    text = sign_in(cast.carol).get("/welcome").text
    assert "Where to go" in text
    assert "Audit" in text


def test_search_finds_people_places_and_visits(cast: Cast, database: Session, sign_in: SignIn) -> None:
    database.add(Visit(practice_id=cast.olentangy.id, owner_id=cast.dana.id, visit_on=clock.today(), objective="Talk"))
    database.commit()
    dana = sign_in(cast.dana)
    text = dana.get("/search?q=olentangy").text
    assert "Practices Olentangy Family Medicine" in text
    assert "Visits" in text
    assert "Talk" in text
    assert "Nadia Okonjo" in dana.get("/search?q=okon").text


def test_search_stays_in_the_territory(cast: Cast, sign_in: SignIn) -> None:
    for url in ("/search?q=southgate", "/search/suggest?q=southgate", "/search?q=becker", "/search/suggest?q=lena"):
        dana, tomas = sign_in(cast.dana).get(url).text, sign_in(cast.tomas).get(url).text
        assert "Southgate Internal" not in dana
        assert "Becker" not in dana
        assert "Ortiz" not in dana
        assert any(name in tomas for name in ("Southgate Internal", "Becker", "Ortiz"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "Type at least two letters"),
        ("o", "Type at least two letters"),
        ("zzzz", "Nothing found for “zzzz”"),
        ("%%", "Nothing found"),
        ("__", "Nothing found"),
        ("<script>alert(1)</script>", "Nothing found"),
        ("%00ab%00", "Nothing found"),
        ("%ED%A0%80ab", "Nothing found"),
        ("a" * 5000, "Nothing found"),
        ("' OR 1=1 --", "Nothing found"),
    ],
)
def test_search_takes_anything(cast: Cast, sign_in: SignIn, words: str, says: str) -> None:
    dana = sign_in(cast.dana)
    answer = dana.get(f"/search?q={words}")
    assert answer.status == 200
    assert says in answer.text
    assert dana.get(f"/search/suggest?q={words}").status == 200


def test_suggestions_link_to_pages_and_to_everything(cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.dana).get("/search/suggest?q=olen", htmx=True)
    assert answer.soup is not None
    options = answer.soup.find_all(attrs={"role": "option"})
    links = [str(option["href"]) for option in options]
    assert links == [f"/directory/practices/{cast.olentangy.id}", "/search?q=olen"]


def test_short_words_suggest_nothing(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.dana).get("/search/suggest?q=o").text == ""


def test_who_may_not_see_the_directory_is_told(cast: Cast, sign_in: SignIn) -> None:
    text = sign_in(cast.adam).get("/search?q=olentangy").text
    assert "Your role does not include the directory" in text
    assert "Family Medicine" not in text
    assert "Family Medicine" not in sign_in(cast.adam).get("/search/suggest?q=olentangy").text


def test_an_empty_directory_leads_to_the_import(cast: Cast, database: Session, sign_in: SignIn) -> None:
    for model in (Affiliation, Contact, Provider, Practice):
        database.execute(delete(model))
    database.commit()
    text = sign_in(cast.maren).get("/welcome").text
    assert "Import practices From the public provider files" in text
    assert sign_in(cast.dana).get("/").location == "/welcome"
