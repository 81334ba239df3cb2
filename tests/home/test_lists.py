"""Tests of the home page of marketing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from crm.core import clock
from crm.directory.models import Channel, Consent, ContactPermission
from crm.exports import services
from crm.exports.filters import ListFilter
from crm.exports.models import ExportFormat
from crm.meetings.models import Meeting
from tests.cast import Cast
from tests.pages import PageClient

SignIn = Callable[..., PageClient]


def test_lists_shows_lists_exports_opt_outs_and_meetings(
    cast: Cast, sign_in: SignIn, database: Any, run_jobs: Callable[[], int]
) -> None:
    session, viewer, soon = database(), cast.viewer(cast.priya), clock.now() + timedelta(days=2)
    services.create_list(session, viewer, "Faxes of the South", ListFilter(Channel.FAX, territory=(cast.south.id,)))
    services.order_export(session, viewer, services.Order("Lunch", ListFilter(), [], ExportFormat.CSV, "Invitation"))
    session.add_all(
        [
            ContactPermission(
                channel=Channel.FAX,
                address="+16145550142",
                consent=Consent.OPTED_OUT,
                decided_on=clock.today(),
                source="Told us",
            ),
            ContactPermission(
                channel=Channel.EMAIL, address="yes@x.example", consent=Consent.ALLOWED, decided_on=clock.today()
            ),
            Meeting(title="Evening talk", owner_id=cast.dana.id, starts_at=soon, ends_at=soon, place="Town hall"),
            Meeting(
                title="Later",
                owner_id=cast.dana.id,
                starts_at=soon + timedelta(days=90),
                ends_at=soon + timedelta(days=91),
            ),
        ]
    )
    run_jobs()
    answer = sign_in(cast.priya).get("/lists")
    assert "Faxes of the South Fax · South" in answer.text
    assert "Lunch Priya Raman" in answer.text
    assert "4 people" in answer.text
    assert "(614) 555-0142 Fax, Told us" in answer.text
    assert "yes@x.example" not in answer.text
    assert "Evening talk Town hall" in answer.text
    assert "Later" not in answer.text


def test_lists_nothing_there_yet(cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.priya).get("/lists")
    assert "No saved lists yet" in answer.text
    assert "Nobody opted out" in answer.text
    assert "No meetings are planned" in answer.text


def test_lists_is_for_those_who_may_see_lists(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.dana).get("/lists").status == 403
    compliance = sign_in(cast.carol).get("/lists")
    assert compliance.status == 200
    assert "New list" not in compliance.text
    assert "Meetings ahead" not in compliance.text
