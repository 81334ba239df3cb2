"""Tests of the list of referrals, its CSV, typing in, service lines and sites."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.audit.models import Action, AuditEvent
from crm.core import clock
from crm.referrals import services
from crm.referrals.models import Referral, ReferralImport, RevenueKind, ServiceLine, Site
from crm.referrals.rollup import check_rollup
from crm.referrals.rollup_models import ReferralPracticeMonth
from crm.referrals.services import Entry
from crm.referrals.views import rows
from tests.cast import Cast
from tests.pages import PageClient, count_statements
from tests.referrals.files import HEADER, csv_bytes, event, events
from tests.referrals.importing import bring_in

SignIn = Callable[..., PageClient]


@pytest.fixture
def maren(sign_in: SignIn, cast: Cast) -> PageClient:
    return sign_in(cast.maren)


def test_the_list_shows_referrals_and_filters_them(maren: PageClient, database: Any, cast: Cast) -> None:
    batch = bring_in(
        database(),
        csv_bytes([event(1), event(2, Status="Completed"), event(3, Ref_NPI="", Referring_Practice="=Walker Clinic")]),
    )
    everything = maren.get("/referrals")
    assert "3 rows" in everything.text
    assert "$120.50" in everything.text
    assert "2 of 3 referrals matched a practice" in everything.text
    assert "matched a practice" not in maren.get("/referrals?status=seen").text, "that is said of all of them"
    line = database().scalars(select(ServiceLine).where(ServiceLine.name == "Cardiology")).one()
    for query, count in {
        "status=seen": 1,
        "month=2026-03": 1,
        f"line={line.id}": 2,
        f"source={cast.olentangy.id}": 2,
        "unmatched=1": 1,
        f"import={batch.id}": 3,
        "payer=medicare": 3,
        "status=lost": 0,
        "site=99": 0,
        "from=2026-01&to=2026-12": 3,
        "from=2030-01": 0,
        "to=2020-01": 0,
        f"territory={cast.north.id}": 2,
        f"territory={cast.south.id}": 0,
        "line=0": 0,
        "month=never&status=x&line=-1&page=abc": 3,
    }.items():
        shown = maren.get(f"/referrals?{query}").text
        assert ("No referral fits" in shown) if not count else (f"{count} row" in shown), query


HEADER_WITH_KIND = (*HEADER, "Referral Source Type")
KINDS = (
    ("Physician", "Walker Clinic"),
    ("Self", ""),
    ("Word of mouth", ""),
    ("Billboard", "Morse Road"),
)


def of_all_kinds(database: Any, cast: Cast) -> ReferralImport:
    """Five referrals: of a known practice, an unknown one, the patient, another patient, and an advert."""
    others = [
        [*event(number, Ref_NPI="", Referring_Practice=name), kind]
        for number, (kind, name) in enumerate(KINDS, start=2)
    ]
    return bring_in(database(), csv_bytes([[*event(1), "Physician"], *others], HEADER_WITH_KIND))


def test_who_is_no_practice_is_named_and_not_called_unmatched(maren: PageClient, database: Any, cast: Cast) -> None:
    batch = of_all_kinds(database, cast)
    everything = maren.get("/referrals")
    for words in ("Self-referral", "Patient", "Advertising (Morse Road)", "No match"):
        assert words in everything.text
    assert everything.text.count("No match") == 1
    assert "1 of 2 referrals matched a practice; 3 more came from no practice" in everything.text
    for query, count in {
        "unmatched=1": 1,
        f"import={batch.id}&unmatched=1": 1,
        "source=0": 4,
        "kind=practice": 2,
        "kind=self": 1,
        "kind=patient": 1,
        "kind=advert": 1,
        "kind=advert&unmatched=1": 0,
        "kind=never": 5,
    }.items():
        shown = maren.get(f"/referrals?{query}").text
        assert ("No referral fits" in shown) if not count else (f"{count} row" in shown), query
    assert "From: self-referral" in maren.get("/referrals?kind=self").text
    assert "Walker Clinic" in maren.get("/referrals?unmatched=1").text
    assert '"Morse Road","Advertising",' in maren.get("/referrals/referrals.csv?kind=advert").text
    analytics = maren.get("/analytics?period=36").text
    assert "1 of 2 referrals matched a practice; 3 more came from no practice" in analytics


def test_a_territory_sees_nothing_of_those_who_are_no_practice(sign_in: SignIn, cast: Cast, database: Any) -> None:
    of_all_kinds(database, cast)
    dana = sign_in(cast.dana)
    for query in ("kind=self", "unmatched=1", "source=0"):
        assert "No referral fits" in dana.get(f"/referrals?{query}").text, query
    assert "came from no practice" not in dana.get("/referrals").text


def test_a_liaison_sees_the_own_territory_without_money(sign_in: SignIn, cast: Cast, database: Any) -> None:
    bring_in(
        database(),
        csv_bytes(
            [
                event(1),
                event(2, Ref_NPI="1588203640", Referring_Practice="Southgate"),
                event(3, Ref_NPI="", Referring_Practice="Walker Clinic"),
            ]
        ),
    )
    dana = sign_in(cast.dana)
    for url in ("/referrals", "/referrals/referrals.csv"):
        text = dana.get(url).text
        assert "Olentangy" in text
        assert "Southgate" not in text
        assert "Walker Clinic" not in text
        assert "120.5" not in text
        assert "Revenue" not in text
    assert "No referral fits" in dana.get(f"/referrals?source={cast.southgate.id}").text
    assert sign_in(cast.priya).get("/referrals").status == 403


def test_the_csv_cannot_run_anything(maren: PageClient, database: Any) -> None:
    bring_in(database(), csv_bytes([event(1, Ref_NPI="", Referring_Practice="=2+5"), event(2)]))
    answer = maren.get("/referrals/referrals.csv?unmatched=1")
    assert '"\'=2+5"' in answer.text
    assert answer.text.count("Dublin") == 1
    assert "120.5" in answer.text


def test_the_csv_is_read_in_pieces_and_recorded(
    maren: PageClient, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in(database(), csv_bytes([event(number) for number in range(1, 24)]))
    at_once = maren.get("/referrals/referrals.csv").response.get_data(as_text=True).splitlines()
    assert len(at_once) == 1 + 23
    monkeypatch.setattr(rows, "CSV_PIECE", 5)
    assert maren.get("/referrals/referrals.csv").response.get_data(as_text=True).splitlines() == at_once
    taken = database().scalars(select(AuditEvent).where(AuditEvent.action == Action.EXPORTED)).all()
    assert [event.object_kind for event in taken] == ["referral", "referral"]


def test_nothing_there_yet(maren: PageClient, sign_in: SignIn, cast: Cast) -> None:
    assert "No referrals yet" in maren.get("/referrals").text
    assert "No referrals yet" in sign_in(cast.dana).get("/referrals").text
    assert "No service lines yet" in maren.get("/referrals/service-lines").text


def test_the_list_takes_the_same_statements_for_many_rows(maren: PageClient, database: Any) -> None:
    bring_in(database(), events(1))
    maren.get("/referrals")
    with count_statements() as one:
        maren.get("/referrals")
    bring_in(database(), events(60))
    with count_statements() as many:
        maren.get("/referrals")
    assert len(one) == len(many)


def test_one_referral_is_typed_in_corrected_and_deleted(maren: PageClient, database: Any, cast: Cast) -> None:
    today = clock.today()
    form = maren.get("/referrals/new")
    values = {
        "practice_id": str(cast.olentangy.id),
        "received_on": str(today - timedelta(3)),
        "provider_id": str(cast.okonjo.id),
        "revenue": "12.5",
        "revenue_kind": "paid",
    }
    assert maren.submit(form, values).status == 302
    row = database().scalars(select(Referral)).one()
    assert (row.practice_id, row.provider_id, row.count, row.revenue_cents, row.revenue_kind) == (
        cast.olentangy.id,
        cast.okonjo.id,
        1,
        1250,
        RevenueKind.PAID,
    )
    assert "Nadia Okonjo" in str(maren.get(f"/referrals/{row.number}/edit").soup)
    maren.post(
        f"/referrals/{row.number}/edit",
        {
            **values,
            "kind": "event",
            "practice_id": str(cast.southgate.id),
            "provider_id": "",
            "payer": "unknown",
            "status": "seen",
        },
    )
    assert (
        database().scalar(
            select(func.sum(ReferralPracticeMonth.seen)).where(ReferralPracticeMonth.practice_id == cast.southgate.id)
        )
        == 1
    )
    assert check_rollup(database()) == []
    maren.post(f"/referrals/{row.number}/delete")
    assert database().scalar(select(func.count()).select_from(ReferralPracticeMonth)) == 0


def test_a_months_count_replaces_the_earlier_one(maren: PageClient, database: Any, cast: Cast) -> None:
    values = {
        "kind": "month",
        "practice_id": str(cast.olentangy.id),
        "month": "2026-03",
        "payer": "unknown",
        "status": "received",
    }
    maren.post("/referrals/new", {**values, "count": "12"})
    answer = maren.post("/referrals/new", {**values, "count": "14"}, follow=True)
    assert "in place of the earlier count of 12" in answer.text
    assert database().scalars(select(Referral.count)).all() == [14]
    assert database().scalar(select(func.sum(ReferralPracticeMonth.received))) == 14


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"practice_id": ""}, "Choose a practice"),
        ({"practice_id": "x" * 5}, "Choose a practice of the list"),
        ({"received_on": "9999-12-31"}, "today or an earlier day"),
        ({"received_on": "0001-01-01"}, "today or an earlier day"),
        ({"received_on": "soon"}, "Received on"),
        ({"received_on": ""}, "Say on which day"),
        ({"appointment_on": "2020-01-01"}, "cannot be before"),
        ({"seen_on": "2031-01-01"}, "Seen between"),
        ({"revenue": "1e309"}, "Revenue"),
        ({"revenue": "5"}, "Say what the amount is"),
        ({"payer": "gold"}, "Choose from the list"),
        ({"provider_id": "999"}, "does not work at that practice"),
        ({"kind": "month", "month": "2031-01", "count": "3"}, "this month or an earlier one"),
        ({"kind": "month", "month": "", "count": "3"}, "Say which month"),
        ({"kind": "month", "month": "2026-03", "count": "-3"}, "whole number"),
        ({"kind": "month", "month": "2026-03", "count": ""}, "how many"),
    ],
)
def test_bad_input_is_told_and_kept(
    maren: PageClient, database: Any, cast: Cast, bad: dict[str, str], says: str
) -> None:
    values = {
        "kind": "event",
        "practice_id": str(cast.olentangy.id),
        "received_on": "2026-03-02",
        "payer": "unknown",
        "status": "received",
    } | bad
    answer = maren.post("/referrals/new", values)
    assert answer.status == 422
    assert says in answer.text
    assert database().scalars(select(Referral.id)).all() == []


def test_what_is_out_of_scope_or_imported_is_not_found(maren: PageClient, database: Any) -> None:
    bring_in(database(), events(1))
    row = database().scalars(select(Referral)).one()
    for number in (row.number, 9_999, 99_999_999_999):
        assert maren.get(f"/referrals/{number}/edit").status == 404
        assert maren.post(f"/referrals/{number}/delete").status == 404
    assert (
        maren.post(
            "/referrals/new",
            {
                "kind": "event",
                "practice_id": "4444",
                "received_on": "2026-03-02",
                "payer": "unknown",
                "status": "received",
            },
        ).status
        == 404
    )


def test_typing_in_needs_the_right_to_import(sign_in: SignIn, cast: Cast) -> None:
    dana = sign_in(cast.dana)
    for url in ("/referrals/new", "/referrals/1/edit", "/referrals/service-lines", "/referrals/sites/new"):
        assert dana.get(url).status == 403


def test_service_lines_and_sites_are_edited(maren: PageClient, database: Any) -> None:
    page = maren.get("/referrals/service-lines")
    maren.submit(page, {"name": "Sleep"})
    maren.submit(maren.get("/referrals/sites/new"), {"name": "Easton"})
    line, site = database().scalars(select(ServiceLine)).one(), database().scalars(select(Site)).one()
    assert (
        maren.get(f"/referrals/service-lines/{line.id}/edit").status
        == maren.get(f"/referrals/sites/{site.id}/edit").status
        == 200
    )
    maren.post(f"/referrals/service-lines/{line.id}/edit", {"name": "Sleep medicine", "position": "4"})
    maren.post(f"/referrals/sites/{site.id}/edit", {"name": "Easton Town"})
    database().expire_all()
    assert (line.name, line.position, site.name) == ("Sleep medicine", 4, "Easton Town")
    for url, name in (("service-lines", "SLEEP MEDICINE"), ("sites/new", "easton town"), (f"sites/{site.id}/edit", "")):
        assert maren.post(f"/referrals/{url}", {"name": name}).status == 422


def test_only_unused_lines_and_sites_can_go(maren: PageClient, database: Any, cast: Cast) -> None:
    used = services.save_service_line(database(), None, "Used")
    spare, site = services.save_service_line(database(), None, "Spare"), services.save_site(database(), None, "Easton")
    services.enter_referral(
        database(), cast.viewer(cast.maren), Entry(cast.olentangy.id, month=24314, count=2, service_line_id=used.id)
    )
    database().commit()
    assert maren.post(f"/referrals/service-lines/{used.id}/delete").status == 409
    assert maren.post(f"/referrals/service-lines/{spare.id}/delete").status == 302
    assert maren.post(f"/referrals/sites/{site.id}/delete").status == 302
    assert [line.name for line in database().scalars(select(ServiceLine))] == ["Used"]
    assert maren.get("/referrals/service-lines/999/edit").status == 404
    assert maren.get("/referrals/sites/999/edit").status == 404
