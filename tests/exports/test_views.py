"""Tests of the pages: lists, people, exports, receipts, downloads."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.audit.models import AuditEvent
from crm.core import clock
from crm.directory.models import Channel, Consent, PracticeStatus
from crm.exports import services
from crm.exports.filters import ListFilter
from crm.exports.models import ContactList, Export, ExportFile, ExportFormat
from crm.jobs.models import Job, JobState
from tests.cast import Cast
from tests.exports.people import many_contacts, opt_out_marisol, say
from tests.pages import PageClient, count_statements

SignIn = Callable[..., PageClient]
RunJobs = Callable[[], int]


@pytest.fixture
def priya(cast: Cast, sign_in: SignIn) -> PageClient:
    """Priya's browser."""
    return sign_in(cast.priya)


@pytest.fixture
def saved(cast: Cast, database: Any) -> ContactList:
    """A saved list of everybody in the North, by email."""
    row = services.create_list(
        database(), cast.viewer(cast.priya), "North, by email", ListFilter(territory=(cast.north.id,))
    )
    database().commit()
    return row


@pytest.fixture
def export(cast: Cast, database: Any, saved: ContactList, run_jobs: RunJobs) -> Export:
    """A finished export of that list."""
    opt_out_marisol(database())
    order = services.Order(
        "North, by email", ListFilter(territory=(cast.north.id,)), ["practice"], ExportFormat.CSV, "Lunch", saved.id
    )
    row = services.order_export(database(), cast.viewer(cast.priya), order)
    run_jobs()
    return row


def test_lists_nothing_there_yet(priya: PageClient) -> None:
    answer = priya.get("/exports")
    assert answer.status == 200
    assert "No saved lists yet" in answer.text
    assert "Nothing was exported yet" in answer.text


def test_lists_shows_lists_in_words_and_recent_exports(priya: PageClient, export: Export) -> None:
    answer = priya.get("/exports")
    assert "North, by email Email Email North" in answer.text
    assert "1 address is opted out" in answer.text
    assert f'href="/exports/{export.id}"' in answer.response.get_data(as_text=True)


def test_list_count_says_reachable_and_suppressed(priya: PageClient, saved: ContactList, database: Any) -> None:
    opt_out_marisol(database())
    assert priya.get(f"/exports/lists/{saved.id}/count", htmx=True).text == "1 reachable , 1 suppressed"


def test_lists_is_refused_without_the_permission(cast: Cast, sign_in: SignIn, saved: ContactList) -> None:
    for person in (cast.dana, cast.arjun, cast.adam):
        client = sign_in(person)
        for path in ("/exports", "/exports/lists/new", f"/exports/lists/{saved.id}", "/exports/new", "/exports/all"):
            assert client.get(path).status == 403, (person.name, path)


def test_compliance_reads_but_does_not_write(cast: Cast, sign_in: SignIn, saved: ContactList, export: Export) -> None:
    carol = sign_in(cast.carol)
    assert carol.get(f"/exports/lists/{saved.id}").status == 200
    assert carol.get(f"/exports/{export.id}").status == 200
    for path in ("/exports/new", "/exports/lists/new", f"/exports/{export.id}/file"):
        assert carol.get(path).status == 403
    assert carol.post(f"/exports/lists/{saved.id}/retire").status == 403


def test_people_shows_who_comes_out_and_who_is_held_back_and_why(priya: PageClient, cast: Cast, database: Any) -> None:
    opt_out_marisol(database())
    cast.southgate.status = PracticeStatus.DO_NOT_VISIT
    cast.okonjo.email = None
    database().commit()
    answer = priya.get("/exports/lists/new")
    assert "Suppressed: opted out of email on 3 Nov 2025 (Unsubscribe link)" in answer.text
    assert "Suppressed: the practice is marked do not visit" in answer.text
    assert "No email address" in answer.text
    assert "0 of 4 people can be reached by email" in answer.text
    held = priya.get("/exports/lists/new?channel=email&show=held")
    assert "Marisol Trent" in held.text
    assert "Marisol Trent" not in priya.get("/exports/lists/new?channel=email&show=out").text


def test_people_shows_no_referral_counts_and_no_revenue(priya: PageClient) -> None:
    answer = priya.get("/exports/lists/new?channel=email&at_most=100")
    assert "At most 100 referrals in the last 12 months" in answer.text
    assert answer.soup is not None
    heads = [cell.get_text(" ", strip=True) for cell in answer.soup.select("main thead th")]
    assert heads == ["Name", "Tier", "Role or specialty", "Practice", "Email", "State"]


@pytest.mark.parametrize(
    "query",
    [
        "channel=carrier+pigeon",
        "tier=Z&zip=abc&owner=-1&unseen=9999999999999&page=-3",
        "city=%00%ed%a0%80",
        "page=99999999999",
        "show=x&specialty=%25",
    ],
)
def test_people_takes_nonsense_in_the_address(priya: PageClient, query: str) -> None:
    assert priya.get(f"/exports/lists/new?{query}").status == 200


def test_people_needs_the_same_statements_for_one_person_as_for_fifty(
    priya: PageClient, cast: Cast, database: Any
) -> None:
    counts = []
    for more in (0, 60):
        many_contacts(database(), cast, more)
        with count_statements() as statements:
            answer = priya.get("/exports/lists/new?channel=email&tier=A")
        counts.append(len(statements))
    assert "1 to 50 of 62" in answer.text
    assert counts[0] == counts[1]


def test_list_new_saves_the_filters_under_a_name(priya: PageClient, database: Any) -> None:
    page = priya.get("/exports/lists/new?channel=fax&tier=A&reachable=1")
    answer = priya.submit(page, {"name": "  Faxes, tier A "})
    row = database().scalars(select(ContactList)).one()
    assert answer.location.endswith(f"/exports/lists/{row.id}")
    assert (row.name, row.filters) == ("Faxes, tier A", {"channel": ["fax"], "tier": ["A"], "reachable": ["1"]})
    assert "Tier A" in priya.get(answer.location).text


def test_list_new_keeps_what_was_typed(priya: PageClient, saved: ContactList, database: Any) -> None:
    page = priya.get("/exports/lists/new?channel=email&tier=A")
    answer = priya.submit(page, {"name": "NORTH, by email"})
    assert answer.status == 422
    assert "There is a list with this name already" in answer.text
    assert answer.soup is not None
    assert answer.soup.find("input", attrs={"name": "name"})["value"] == "NORTH, by email"  # type: ignore[index]
    assert priya.submit(page, {"name": ""}).status == 422
    assert priya.submit(page, {"name": "x" * 500}).status == 422
    assert database().scalar(select(func.count()).select_from(ContactList)) == 1


def test_contact_list_with_other_filters_offers_to_save_them(
    priya: PageClient, saved: ContactList, database: Any
) -> None:
    url = f"/exports/lists/{saved.id}"
    assert "Save filters" not in priya.get(url).text
    page = priya.get(f"{url}?channel=email&tier=A")
    assert "These filters are not those of North, by email" in page.text
    action = "/filters?channel=email&tier=A"
    assert priya.submit(page, action=action).status == 302
    database().refresh(saved)
    assert saved.filters == {"channel": ["email"], "tier": ["A"]}
    # Somebody else's older page must not win.
    assert priya.submit(page, action=action).status == 409


def test_list_edit_renames(priya: PageClient, saved: ContactList, database: Any) -> None:
    page = priya.get(f"/exports/lists/{saved.id}/edit")
    assert priya.submit(page, {"name": "North"}).status == 302
    database().refresh(saved)
    assert saved.name == "North"
    conflict = priya.submit(page, {"name": "Norden"})
    assert conflict.status == 422
    assert "Norden" in str(conflict.soup)


def test_list_retire_can_be_undone(priya: PageClient, saved: ContactList, database: Any) -> None:
    answer = priya.post(f"/exports/lists/{saved.id}/retire", follow=True)
    assert "was retired" in answer.text
    assert priya.get(f"/exports/lists/{saved.id}").status == 404
    assert priya.submit(answer, action="/restore").status == 302
    assert priya.get(f"/exports/lists/{saved.id}").status == 200


@pytest.mark.parametrize(
    "path", ["lists/0", "lists/99999", "lists/99999999999999999999", "99999", "99999999999999999999/file"]
)
def test_what_is_not_there_is_not_found(priya: PageClient, path: str) -> None:
    assert priya.get(f"/exports/{path}").status == 404


def test_export_new_orders_an_export_and_the_receipt_shows_its_progress_and_end(
    priya: PageClient, saved: ContactList, database: Any, run_jobs: RunJobs
) -> None:
    opt_out_marisol(database())
    page = priya.get(f"/exports/new?list={saved.id}")
    assert "Export 1 person" in page.text
    assert "Opted out" in page.text
    answer = priya.submit(page, {"purpose": "Invitation to the lunch", "file_format": "xlsx"})
    row = database().scalars(select(Export)).one()
    assert answer.location.endswith(f"/exports/{row.id}")
    assert (row.title, row.list_id, row.file_format, row.in_words) == (
        "North, by email",
        saved.id,
        ExportFormat.XLSX,
        ["North"],
    )
    waiting = priya.get(answer.location)
    assert "Waiting for its turn" in waiting.text
    assert f'hx-get="/jobs/{row.job_id}"' in str(waiting.soup)
    run_jobs()
    done = priya.get(answer.location)
    assert "1 person exported" in done.text
    assert "1 + 1 = 2 people on the list" in done.text
    assert "Invitation to the lunch" in done.text
    assert row.sha256 in done.text


def test_export_new_keeps_what_was_typed(priya: PageClient, saved: ContactList, database: Any) -> None:
    page = priya.get(f"/exports/new?list={saved.id}")
    answer = priya.submit(page, {"title": "Kept title", "purpose": "", "columns": ["npi"]})
    assert answer.status == 422
    assert "Say what the list is used for" in answer.text
    assert 'value="Kept title"' in str(answer.soup)
    for wrong in ({"columns": ["revenue"]}, {"file_format": "pdf"}, {"purpose": "x" * 999}):
        assert priya.submit(page, {"purpose": "Lunch", **wrong}).status == 422
    assert database().scalar(select(func.count()).select_from(Export)) == 0


def test_export_new_uses_the_filters_of_the_page(priya: PageClient, database: Any) -> None:
    page = priya.get("/exports/new?channel=phone&tier=A")
    priya.submit(page, {"title": "Calls", "purpose": "Calls"})
    row = database().scalars(select(Export)).one()
    assert row.filters == {"channel": ["phone"], "tier": ["A"]}
    assert row.list_id is None


def test_export_that_failed_says_so(priya: PageClient, export: Export, database: Any) -> None:
    export.finished_at = None
    job = database().get_one(Job, export.job_id)
    job.state, job.says = JobState.FAILED, "The directory changed while the file was being written."
    database().commit()
    answer = priya.get(f"/exports/{export.id}")
    assert "The directory changed" in answer.text
    assert "No file was made" in answer.text


def test_export_file_is_an_attachment_that_nobody_keeps_and_each_download_is_noted(
    priya: PageClient, export: Export, database: Any
) -> None:
    for _ in range(2):
        answer = priya.get(f"/exports/{export.id}/file")
        assert answer.status == 200
    headers = answer.response.headers
    assert headers["Content-Disposition"] == f"attachment; filename=north-by-email-{clock.today():%Y-%m-%d}.csv"
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "no-store" in headers["Cache-Control"]
    assert answer.response.data == database().get_one(ExportFile, export.id).content
    suppressed = priya.get(f"/exports/{export.id}/suppressed")
    assert b"marisol@olentangy.example" in suppressed.response.data
    noted = database().scalars(select(AuditEvent).where(AuditEvent.object_kind == "export_file")).all()
    assert [(event.actor_name, event.object_label) for event in noted] == [
        ("Priya Raman", "People"), ("Priya Raman", "People"), ("Priya Raman", "Suppressed addresses"),
    ]  # fmt: skip
    assert "Suppressed addresses" in priya.get(f"/exports/{export.id}").text


def test_a_file_is_not_given_out_after_somebody_opted_out(
    priya: PageClient, cast: Cast, export: Export, database: Any, run_jobs: RunJobs
) -> None:
    say(database(), Channel.FAX, "+16145550199", Consent.OPTED_OUT)
    assert priya.get(f"/exports/{export.id}/file").status == 200, "another channel says nothing about this one"
    say(database(), Channel.EMAIL, "somebody@else.example", Consent.OPTED_OUT)
    for path in ("file", "suppressed"):
        refused = priya.get(f"/exports/{export.id}/{path}")
        assert (refused.status, "opted out since" in refused.text) == (409, True)
    receipt = priya.get(f"/exports/{export.id}")
    assert "1 address opted out of this channel since" in receipt.text
    assert "Export again" in receipt.text
    assert "Download CSV" not in receipt.text


def test_export_of_somebody_else_is_seen_by_managers_and_compliance_only(
    cast: Cast, sign_in: SignIn, export: Export, database: Any
) -> None:
    export.owner_id = cast.maren.id
    database().commit()
    assert sign_in(cast.priya).get(f"/exports/{export.id}").status == 404
    assert sign_in(cast.priya).get(f"/exports/{export.id}/file").status == 404
    assert sign_in(cast.carol).get(f"/exports/{export.id}").status == 200
    assert sign_in(cast.maren).get(f"/exports/{export.id}/file").status == 200
    assert sign_in(cast.dana).get(f"/exports/{export.id}").status == 403


def test_exports_lists_all_of_them(priya: PageClient, export: Export) -> None:
    assert "North, by email" in priya.get("/exports/all").text
    assert priya.get("/exports/all?page=99").status == 200


def test_texts_warn_where_nobody_said_yes(priya: PageClient, database: Any) -> None:
    assert "can be unlawful" in priya.get("/exports/lists/new?channel=text").text
    say(database(), Channel.TEXT, "+16145550143", Consent.ALLOWED)
    answer = priya.get("/exports/lists/new?channel=text&allowed=1")
    assert "can be unlawful" not in answer.text
    assert "1 of 4 people can be reached by text" in answer.text
