"""Tests of the pages of profiles, and of choosing and saving one where a file waits for its check."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit.models import Action, AuditEvent
from crm.referrals.models import ImportState, MappingProfile
from tests.cast import Cast
from tests.pages import PageClient
from tests.referrals.files import HEADER, OKONJO, csv_bytes, event, events
from tests.referrals.importing import bring_in
from tests.referrals.test_import_views import last_import, send

SignIn = Callable[..., PageClient]
BLOB = ("Referral Date", "Ref NPI", "Blob")


@pytest.fixture
def maren(sign_in: SignIn, cast: Cast) -> PageClient:
    return sign_in(cast.maren)


def blob_file(count: int = 40, header: tuple[str, ...] = BLOB) -> bytes:
    return csv_bytes([["03/02/2026", OKONJO, "Imaging", "Routine"][: len(header)] for _ in range(count)], header)


def profile_named(session: Session, name: str) -> MappingProfile:
    return session.scalars(select(MappingProfile).where(MappingProfile.name == name)).one()


def test_how_a_file_is_read_is_saved_and_known_again(maren: PageClient, database: Any) -> None:
    assert "New layout" in send(maren, blob_file()).text
    batch = last_import(database())
    maren.post(f"/referrals/imports/{batch.id}/mapping", {"column-2": "service_line", "site": "Dublin"}, htmx=True)
    page = maren.post(f"/referrals/imports/{batch.id}/save-profile", {"name": " Clarity nightly "}, htmx=True)
    assert "Recognized as Clarity nightly" in page.text
    again = send(maren, blob_file(41))
    assert "Recognized as Clarity nightly" in again.text
    batch = last_import(database())
    assert (batch.mapping["columns"][2]["target"], batch.mapping["options"]["site"]) == ("service_line", "Dublin")


def test_a_file_with_other_columns_beside_is_likely_and_says_what_is_new(maren: PageClient, database: Any) -> None:
    bring_in(database(), blob_file(), "clarity.csv")
    page = send(maren, blob_file(42, (*BLOB, "Priority")))
    assert "Likely Clarity" in page.text
    assert "New in this file: “Priority”." in page.text


def test_another_profile_can_be_used_or_none(maren: PageClient, database: Any) -> None:
    bring_in(database(), events(30), "epic.csv")
    send(maren, blob_file())
    batch = last_import(database())
    epic = profile_named(database(), "Epic")
    page = maren.post(f"/referrals/imports/{batch.id}/profile", {"profile_id": str(epic.id)}, htmx=True)
    assert "Fits only in part: Epic" in page.text
    assert "reads columns that this file does not have: “Referral ID”" in page.text
    page = maren.post(f"/referrals/imports/{batch.id}/profile", {"profile_id": ""}, htmx=True)
    assert "New layout" in page.text
    assert last_import(database()).mapping["columns"][0]["target"] == "received_on"
    assert maren.post(f"/referrals/imports/{batch.id}/profile", {"profile_id": "999"}).status == 404


def test_of_two_profiles_that_fit_the_last_used_one_is_taken_and_the_other_is_named(
    maren: PageClient, database: Any
) -> None:
    for name in ("North", "South"):
        send(maren, events(20))
        batch = last_import(database())
        maren.post(f"/referrals/imports/{batch.id}/save-profile", {"name": name})
    page = send(maren, events(21))
    assert "“North” fits as well." in page.text or "“South” fits as well." in page.text


def test_a_profile_without_a_name_is_not_saved(maren: PageClient, database: Any) -> None:
    send(maren, events(2))
    batch = last_import(database())
    for name in ("", "  ", "x" * 61):
        assert maren.post(f"/referrals/imports/{batch.id}/save-profile", {"name": name}, htmx=True).status == 422
    assert database().scalars(select(MappingProfile)).all() == []


def test_profiles_are_listed_with_their_use(maren: PageClient, database: Any) -> None:
    assert "No profiles yet" in maren.get("/referrals/profiles").text
    bring_in(database(), events(3), "epic_clarity-2026-03-01.csv")
    page = maren.get("/referrals/profiles")
    for words in ("1 profile", "Epic clarity", "One referral", "Referral number, Received on, Referring NPI"):
        assert words in page.text


def test_a_profile_is_changed(maren: PageClient, database: Any) -> None:
    bring_in(database(), events(3), "epic.csv")
    profile_id = profile_named(database(), "Epic").id
    page = maren.get(f"/referrals/profiles/{profile_id}/edit")
    maren.submit(
        page,
        action="/edit",
        values={"name": "Epic nightly", "column-9": "billed", "site": "Easton", "day_first": "day"},
    )
    profile = profile_named(database(), "Epic nightly")
    assert profile.mapping["columns"][9] == {"header": "Payments", "target": "billed"}
    assert profile.mapping["options"] == {"service_line": "", "site": "Easton", "day_first": True}
    events_of = database().scalars(select(AuditEvent).where(AuditEvent.object_kind == "mapping_profile")).all()
    assert [(e.action, e.detail.get("changes")) for e in events_of][-1] == (
        Action.CHANGED, {"name": ["Epic", "Epic nightly"], "mapping": "changed"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"name": ""}, "Give it a name"), ({"name": "weekly"}, "Another profile has this name"),
        ({"column-1": ""}, "Say which column holds the day"), ({"column-2": "source_name"}, "Two columns go to"),
        ({"column-1": "nonsense"}, "Say which column holds the day"),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_read_keeps_what_was_typed(
    maren: PageClient, database: Any, sent: dict[str, str], says: str
) -> None:
    bring_in(database(), events(3), "epic.csv")
    database().add(MappingProfile(name="Weekly", grain="event", mapping={"columns": [], "options": {}}))
    database().commit()
    profile_id = profile_named(database(), "Epic").id
    answer = maren.post(f"/referrals/profiles/{profile_id}/edit", {"name": "Epic", "site": "Typed site", **sent})
    assert answer.status == 422
    assert says in answer.text
    assert 'value="Typed site"' in answer.response.get_data(as_text=True)
    assert profile_named(database(), "Epic").mapping["options"]["site"] == ""


def test_a_profile_is_deleted_and_its_imports_stay(maren: PageClient, database: Any) -> None:
    batch = bring_in(database(), events(3), "epic.csv")
    batch_id, profile_id = batch.id, profile_named(database(), "Epic").id
    maren.post(f"/referrals/profiles/{profile_id}/delete")
    assert database().scalars(select(MappingProfile)).all() == []
    assert "3 rows imported" in maren.get(f"/referrals/imports/{batch_id}").text
    deleted = select(AuditEvent).where(AuditEvent.action == Action.DELETED, AuditEvent.object_kind == "mapping_profile")
    assert [event.object_label for event in database().scalars(deleted)] == ["Epic"]
    for step in ("edit", "delete"):
        assert maren.post(f"/referrals/profiles/{profile_id}/{step}").status == 404


@pytest.mark.parametrize("who", ["dana", "priya", "carol", "adam"])
def test_who_may_not_import_sees_no_profile(sign_in: SignIn, cast: Cast, database: Any, who: str) -> None:
    batch = bring_in(database(), events(3), "epic.csv")
    batch_id, profile_id = batch.id, profile_named(database(), "Epic").id
    outsider = sign_in(getattr(cast, who))
    for path in ("profiles", f"profiles/{profile_id}/edit"):
        assert outsider.get(f"/referrals/{path}").status == 403
    steps = (f"profiles/{profile_id}/delete", f"imports/{batch_id}/profile", f"imports/{batch_id}/save-profile")
    for path in steps:
        assert outsider.post(f"/referrals/{path}").status == 403


def test_an_import_on_the_page_makes_its_profile_follow(
    maren: PageClient, database: Any, run_jobs: Callable[[], int]
) -> None:
    bring_in(database(), events(3), "epic.csv")
    send(maren, events(4), "epic.csv")
    batch = last_import(database())
    maren.post(f"/referrals/imports/{batch.id}/mapping", {"column-9": ""}, htmx=True)
    maren.post(f"/referrals/imports/{batch.id}/import")
    run_jobs()
    assert last_import(database()).state is ImportState.DONE
    assert profile_named(database(), "Epic").mapping["columns"][9]["target"] == ""
    assert "Epic" in maren.get(f"/referrals/imports/{batch.id}").text


def test_days_that_could_be_months_are_read_as_somebody_says(maren: PageClient, database: Any) -> None:
    rows = [["03/04/2026", OKONJO, "Imaging"] for _ in range(30)]
    page = send(maren, csv_bytes(rows, BLOB))
    assert "Dates are written" in page.text
    batch = last_import(database())
    for sent, month in ((("day"), "Apr 2026"), ("", "Mar 2026")):
        page = maren.post(f"/referrals/imports/{batch.id}/mapping", {"day_first": sent}, htmx=True)
        assert month in page.text
    assert "Dates are written" not in send(maren, csv_bytes([event(n) for n in range(9)], HEADER)).text
    plain = [["2026-03-04", OKONJO, "Imaging"] for _ in range(30)]
    assert "Dates are written" not in send(maren, csv_bytes(plain, BLOB)).text, "the year first leaves nothing open"
