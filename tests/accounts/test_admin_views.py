"""People and settings: what an administrator can do, and that nobody else can."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from crm.accounts import queries, services
from crm.accounts.models import Organization, User
from crm.accounts.permissions import Role
from crm.audit.models import AuditEvent
from crm.core import clock
from crm.core.db import db
from crm.core.errors import Conflict, Invalid
from tests.cast import HASH, PASSWORD, Cast, person


def test_user_new_shows_the_password_once_and_makes_them_choose(cast: Cast, sign_in: Any) -> None:
    adam = sign_in(cast.adam)
    answer = adam.submit(
        adam.get("/admin/users/new"),
        {
            "name": "Ines Calder",
            "email": "Ines@HarborSpecialty.example",
            "roles": ["liaison"],
            "territories": [str(cast.north.id)],
        },
    )
    assert answer.status == 200
    assert answer.soup is not None
    password = answer.soup.find("dd", string=lambda text: text and text.count("-") == 3)
    assert password is not None
    browser = sign_in()
    browser.post("/sign-in", {"email": "ines@harborspecialty.example", "password": password.get_text(strip=True)})
    assert browser.get("/").location == "/account/password"
    ines = db.session.scalars(select(User).where(User.email == "ines@harborspecialty.example")).one()
    assert queries.viewer_of(ines).own_territory_ids == {cast.north.id}
    assert ines.must_change_password


def test_somebody_who_would_see_nothing_is_pointed_out(cast: Cast, sign_in: Any, database: Any) -> None:
    adam = sign_in(cast.adam)
    for role, email, is_told in (("liaison", "ines@x.example", True), ("marketing", "lee@x.example", False)):
        form = adam.get("/admin/users/new")
        answer = adam.submit(form, {"name": "Ines Calder", "email": email, "roles": [role], "territories": []})
        assert ("no territory yet" in answer.text) is is_told, role
    for territories, is_told in (([], True), ([str(cast.north.id)], False)):
        dana = {"name": cast.dana.name, "email": cast.dana.email, "roles": ["liaison"], "is_active": "y"}
        version = {"version": str(database().get(User, cast.dana.id).version), "territories": territories}
        answer = adam.post(f"/admin/users/{cast.dana.id}", {**dana, **version}, follow=True)
        database().expire_all()
        assert ("Dana Whitfield looks after no territory" in answer.text) is is_told, territories


def test_a_temporary_password_lasts_three_days(cast: Cast, sign_in: Any, database: Any) -> None:
    dana = {"email": cast.dana.email, "password": services.reset_password(database(), cast.dana)}
    database().commit()
    with time_machine.travel(clock.now() + timedelta(days=3, minutes=1)):
        answer = sign_in().post("/sign-in", dana)
        assert answer.status == 422
        assert "This temporary password has expired" in answer.text
        assert "do not match" in sign_in().post("/sign-in", dana | {"password": "something else entirely"}).text
    with time_machine.travel(clock.now() + timedelta(days=2, hours=23)):
        assert sign_in().post("/sign-in", dana).status == 302
    services.set_password(database(), cast.dana, "a quite new passphrase")
    database().commit()
    with time_machine.travel(clock.now() + timedelta(days=400)):
        assert sign_in().post("/sign-in", dana | {"password": "a quite new passphrase"}).status == 302


@pytest.mark.parametrize("name", ["maren", "dana", "priya", "arjun", "carol"])
def test_users_are_the_administrators_alone(cast: Cast, sign_in: Any, name: str) -> None:
    browser = sign_in(cast.everybody[name])
    assert browser.get("/admin/users").status == 403
    assert browser.post(f"/admin/users/{cast.adam.id}/password").status == 403


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("email", "no address", "not an email"),
        ("name", "", "Fill this in"),
        ("roles", [], "at least one role"),
        ("email", "dana@harborspecialty.example", "already"),
    ],
)
def test_user_new_keeps_what_was_typed(cast: Cast, sign_in: Any, field: str, value: Any, says: str) -> None:
    adam = sign_in(cast.adam)
    values = {"name": "Ines Calder", "email": "ines@example.com", "roles": ["liaison"]} | {field: value}
    answer = adam.post("/admin/users/new", values)
    assert answer.status == 422
    assert says in answer.text
    if field != "name":
        assert 'value="Ines Calder"' in str(answer.soup)


def test_closing_an_account_ends_its_sessions(cast: Cast, sign_in: Any) -> None:
    dana, adam = sign_in(cast.dana), sign_in(cast.adam)
    assert dana.get("/account").status == 200
    page = adam.get(f"/admin/users/{cast.dana.id}")
    values = {"name": cast.dana.name, "email": cast.dana.email, "roles": ["liaison"], "version": str(cast.dana.version)}
    assert adam.post(f"/admin/users/{cast.dana.id}", values).status == 302, page.text
    assert dana.get("/account").status == 302


def test_the_last_administrator_stays(cast: Cast, database: Any) -> None:
    with pytest.raises(Invalid, match="only administrator"):
        services.change_user(
            database(), cast.adam, name="Adam", email=cast.adam.email, roles={Role.MANAGER}, territory_ids=set(),
            is_active=True, version=None,
        )  # fmt: skip


def test_two_edits_of_one_version_do_not_both_win(cast: Cast, database: Any) -> None:
    seen = cast.dana.version
    change = {
        "name": "Dana W.",
        "email": cast.dana.email,
        "roles": {Role.LIAISON},
        "territory_ids": {cast.north.id},
        "is_active": True,
    }
    services.change_user(database(), cast.dana, **change, version=seen)
    with pytest.raises(Conflict):
        services.change_user(database(), cast.dana, **change, version=seen)


def test_settings_move_the_office_and_say_what_is_wrong(cast: Cast, sign_in: Any) -> None:
    adam = sign_in(cast.adam)
    page = adam.get("/admin/settings")
    assert adam.submit(page, {"zip": "43215", "time_zone": "America/Chicago"}).status == 302
    organization = db.session.scalars(select(Organization)).one()
    assert organization.time_zone == "America/Chicago"
    assert organization.latitude == pytest.approx(39.96, abs=0.1)
    answer = adam.submit(adam.get("/admin/settings"), {"zip": "00000", "cadence_a_days": "abc", "name": "New name"})
    assert answer.status == 422
    assert 'value="New name"' in str(answer.soup)


def test_settings_offer_the_usual_zones_first(cast: Cast, sign_in: Any) -> None:
    soup = sign_in(cast.adam).get("/admin/settings").soup
    options = [option.get_text() for option in soup.select("select[name=time_zone] option")]
    assert options[:2] == ["Eastern (New York)", "Central (Chicago)"]
    assert "America/Detroit" in options
    assert len(options) == len(set(options))


def test_territories_stand_in_the_menu_of_whoever_has_no_directory(cast: Cast, sign_in: Any) -> None:
    def places(user: Any) -> list[str]:
        return [link.get_text(strip=True) for link in sign_in(user).get("/account").soup.select("a.rail-link")]

    assert "Territories" in places(cast.adam)
    assert "Territories" not in places(cast.maren), "they are a place of the directory"


def test_every_change_of_an_account_is_in_the_trail_without_secrets(cast: Cast, database: Any) -> None:
    services.set_password(database(), cast.dana, "a quite new passphrase")
    database.commit()
    event = db.session.scalars(
        select(AuditEvent).where(AuditEvent.object_id == cast.dana.id, AuditEvent.action == "changed")
    ).one()
    assert event.detail["changes"]["password_hash"] == "changed"


def test_password_change_needs_the_current_one_and_ends_other_sessions(cast: Cast, sign_in: Any) -> None:
    here, elsewhere = sign_in(cast.dana), sign_in(cast.dana)
    page = here.get("/account/password")
    assert here.submit(page, {"current": "wrong", "password": "kupfer lampe wiese"}).status == 422
    assert here.submit(page, {"current": PASSWORD, "password": "kupfer lampe wiese"}).status == 302
    assert here.get("/account").status == 200
    assert elsewhere.get("/account").status == 302


def test_the_first_password_cannot_be_kept(cast: Cast, sign_in: Any) -> None:
    first = services.reset_password(db.session(), cast.dana)
    db.session.commit()
    dana = sign_in(cast.dana)
    assert dana.get("/today").location == "/account/password", "every page leads there until one is chosen"
    page = dana.get("/account/password")
    dana.token = page.form().find("input", attrs={"name": "csrf_token"})["value"]
    answer = dana.submit(page, {"current": first, "password": first})
    assert answer.status == 422
    assert "Choose another one" in answer.text


def test_blanks_around_a_password_count(cast: Cast, sign_in: Any) -> None:
    dana = sign_in(cast.dana)
    assert dana.post("/account/password", {"current": PASSWORD, "password": " kupfer lampe wiese "}).status == 302
    browser = sign_in()
    assert browser.post("/sign-in", {"email": cast.dana.email, "password": "kupfer lampe wiese"}).status == 422
    assert browser.post("/sign-in", {"email": cast.dana.email, "password": " kupfer lampe wiese "}).status == 302


def test_password_fields_help_password_managers(cast: Cast, sign_in: Any) -> None:
    expected = {"/sign-in": ["current-password"], "/account/password": ["current-password", "new-password"]}
    for path, wanted in expected.items():
        soup = sign_in(cast.dana if path.startswith("/account") else None).get(path).soup
        fields = soup.find_all("input", type="password")
        assert [field["autocomplete"] for field in fields] == wanted
        assert not any(field.has_attr("onpaste") for field in fields)


@pytest.mark.real_commits
def test_two_administrators_cannot_remove_each_other_at_once(app: Flask, cast: Cast) -> None:
    eve = person(db.session(), "Eve Long", Role.ADMIN)
    db.session.commit()
    gate, refusals = threading.Barrier(2), []

    def demote(user_id: int) -> None:
        with app.app_context():
            gate.wait()
            user = queries.get_user(db.session(), user_id)
            change = {"name": user.name, "email": user.email, "roles": {Role.MANAGER}, "territory_ids": set()}
            try:
                services.change_user(db.session(), user, **change, is_active=True, version=None)
                db.session.commit()
            except Invalid as problem:
                refusals.append(problem)

    workers = [threading.Thread(target=demote, args=(user_id,)) for user_id in (cast.adam.id, eve.id)]
    db.session.commit()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    db.session.expire_all()
    admins = [user for user in queries.list_users(db.session()) if Role.ADMIN in user.role_set]
    assert (len(admins), len(refusals)) == (1, 1)


def test_the_last_administrator_cannot_close_the_own_account(cast: Cast, sign_in: Any) -> None:
    adam = sign_in(cast.adam)
    values = {"name": "Adam Stone", "email": cast.adam.email, "roles": ["admin"], "version": str(cast.adam.version)}
    answer = adam.post(f"/admin/users/{cast.adam.id}", values)
    assert answer.status == 422
    assert "only administrator" in answer.text


EXTRA = {
    "id": "1", "user_id": "1", "role": "admin", "is_admin": "1", "password_hash": "x", "must_change_password": "",
    "created_at": "2001-01-01", "row_key_secret": "1" * 64, "is_demo": "1", "latitude": "1", "is_active": "y",
    "territory_ids": "1", "password": "kupfer lampe wiese", "roles[]": "admin", "roles.0": "admin", "welcomed_on": "",
}  # fmt: skip


def test_fields_that_a_form_does_not_have_change_nothing(cast: Cast, sign_in: Any) -> None:
    adam = sign_in(cast.adam)
    values = {"name": cast.dana.name, "email": cast.dana.email, "roles": ["liaison"], "version": str(cast.dana.version)}
    assert adam.post(f"/admin/users/{cast.dana.id}", {**values, **EXTRA}).status == 302
    db.session.expire_all()
    assert (cast.dana.password_hash, cast.dana.role_set, cast.dana.created_at.year > 2001) == (
        HASH,
        {Role.LIAISON},
        True,
    )
    assert adam.submit(adam.get("/admin/settings"), EXTRA).status == 302
    organization = db.session.scalars(select(Organization)).one()
    assert (organization.row_key_secret, organization.is_demo, organization.latitude) == ("0" * 64, False, 40.0)
