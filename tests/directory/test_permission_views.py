"""Tests of the pages on which permissions to contact are recorded."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit.models import AuditEvent
from crm.core import clock
from crm.directory import services
from crm.directory.addresses import postal_key
from crm.directory.models import Channel, Consent, ContactPermission
from tests.cast import Cast

NEW = "/directory/permissions/new"


@pytest.fixture
def session(database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def kept(session: Session) -> list[tuple[str, str, str]]:
    session.expire_all()
    return [(row.channel.value, row.address, row.consent.value) for row in session.scalars(select(ContactPermission))]


def test_permission_new_records_from_a_pill(cast: Cast, sign_in: Any, session: Session) -> None:
    dana = sign_in(cast.dana)
    page = dana.get(f"/directory/contacts/{cast.marisol.id}")
    link = next(a["href"] for a in page.soup.select("a.pill-link") if "channel=email" in a["href"])
    answer = dana.submit(dana.get(link), {"consent": "opted_out", "source": "Said so on the visit"})
    assert answer.location == f"/directory/contacts/{cast.marisol.id}"
    assert kept(session) == [("email", "marisol@olentangy.example", "opted_out")]
    assert "Email opted out" in dana.get(answer.location).text
    shown = dana.get(link).soup.find("input", attrs={"name": "consent", "checked": True})
    assert shown["value"] == "opted_out"
    assert session.scalars(select(AuditEvent).where(AuditEvent.object_kind == "contact_permission")).all()


def test_permission_new_takes_an_answer_away(cast: Cast, sign_in: Any, session: Session) -> None:
    priya = sign_in(cast.priya)
    services.record_permission(session, cast.viewer(cast.priya), Channel.FAX, "6145550142", Consent.OPTED_OUT)
    assert (
        priya.submit(priya.get(NEW), {"channel": "fax", "address": "(614) 555-0142", "consent": "unknown"}).status
        == 302
    )
    assert kept(session) == []


@pytest.mark.parametrize(
    ("channel", "address"),
    [("email", "lena@southgate.example"), ("phone", "614 555 0177"), ("email", "nobody@else.example"),
     ("mail", "43123 88 canal rd")],
)  # fmt: skip
def test_a_liaison_speaks_only_for_own_practices(
    cast: Cast, sign_in: Any, session: Session, channel: str, address: str
) -> None:
    dana = sign_in(cast.dana)
    answer = dana.submit(dana.get(NEW), {"channel": channel, "address": address})
    assert answer.status == 422
    assert "Nobody at the practices" in answer.text
    assert kept(session) == []


def test_a_liaison_speaks_for_every_address_of_own_practices(cast: Cast, sign_in: Any, session: Session) -> None:
    dana = sign_in(cast.dana)
    mail = postal_key(cast.olentangy.address1, cast.olentangy.zip, cast.olentangy.address2)
    for channel, address in (
        ("text", "614-555-0143"),
        ("phone", "614-555-0142"),
        ("email", "Nadia.Okonjo@olentangy.example"),
        ("mail", mail),
    ):
        assert dana.submit(dana.get(NEW), {"channel": channel, "address": address}).status == 302, address
    assert len(kept(session)) == 4
    assert len(dana.get("/directory/permissions").soup.select("tbody tr")) == 3
    assert dana.get("/directory/permissions").status == 200


@pytest.mark.parametrize(
    "wrong",
    [{"address": "x"}, {"address": ""}, {"channel": "pigeon"}, {"consent": "maybe"}, {"decided_on": "2026-02-30"},
     {"decided_on": (clock.today() + timedelta(days=2)).isoformat()}, {"source": "x" * 201}, {"address": "a@\x00"}],
)  # fmt: skip
def test_permission_new_refuses_nonsense(cast: Cast, sign_in: Any, session: Session, wrong: dict[str, str]) -> None:
    priya = sign_in(cast.priya)
    typed = {"channel": "email", "address": "a@b.example", "source": "Call", **wrong}
    answer = priya.submit(priya.get(NEW), typed)
    assert answer.status == 422
    assert kept(session) == []


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/x", "/\\evil.example", "javascript:alert(1)", "x" * 900]
)
def test_permission_new_leads_back_only_to_this_site(cast: Cast, sign_in: Any, target: str) -> None:
    priya = sign_in(cast.priya)
    form = priya.get(NEW, query_string={"next": target})
    answer = priya.submit(form, {"address": "a@b.example"})
    assert answer.location == "/directory/permissions"
    assert priya.submit(form, {"address": "a@b.example", "next": target}).location == "/directory/permissions"


def test_permissions_lists_what_is_in_scope(cast: Cast, sign_in: Any, session: Session) -> None:
    for address in ("marisol@olentangy.example", "lena@southgate.example", "old@gone.example"):
        services.record_permission(session, cast.viewer(cast.maren), Channel.EMAIL, address, Consent.OPTED_OUT)
    session.commit()
    dana = sign_in(cast.dana).get("/directory/permissions").text
    assert "marisol@" in dana
    assert "lena@" not in dana
    assert "old@" not in dana
    priya = sign_in(cast.priya)
    assert "3 answers" in priya.get("/directory/permissions").text
    assert "1 answer" in priya.get("/directory/permissions?q=lena").text
    assert "No answer matches" in priya.get("/directory/permissions?q=%25").text
    assert "No answer matches" in priya.get("/directory/permissions?consent=allowed").text
    assert priya.get(f"{NEW}?channel=email&address=a%00@b.example&next=%00").status == 200
    assert priya.get("/directory/permissions?q=%00&consent=x&page=999999").status == 200


def test_permissions_when_nobody_was_asked(cast: Cast, sign_in: Any) -> None:
    assert "Nobody was asked yet" in sign_in(cast.priya).get("/directory/permissions").text


@pytest.mark.parametrize("name", ["arjun", "carol", "adam"])
def test_permissions_are_recorded_by_those_who_may(cast: Cast, sign_in: Any, name: str) -> None:
    browser = sign_in(cast.everybody[name])
    assert browser.get("/directory/permissions").status == 403
    assert browser.get(NEW).status == 403
    assert browser.post(NEW, {"channel": "email", "address": "a@b.example", "consent": "allowed"}).status == 403


def test_a_foreign_answer_is_not_shown_in_the_form(cast: Cast, sign_in: Any, session: Session) -> None:
    services.record_permission(
        session, cast.viewer(cast.maren), Channel.EMAIL, "lena@southgate.example", Consent.OPTED_OUT, source="Secret"
    )
    session.commit()
    dana = sign_in(cast.dana)
    assert "Secret" not in str(dana.get(f"{NEW}?channel=email&address=lena@southgate.example").soup)
