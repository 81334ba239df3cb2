"""Finds every form that somebody can send, on pages with some of everything, for the tests that misuse them."""

from collections.abc import Iterator
from datetime import time

from bs4 import BeautifulSoup, Tag
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.directory.models import Affiliation
from crm.meetings.models import Attendee, Meeting
from crm.tasks.models import Task
from crm.visits.models import Visit, VisitPerson
from tests.cast import Cast
from tests.pages import PageClient
from tests.test_access import fill_in

# What ends the session or takes away the thing that further forms are about.
LEFT_OUT = ("/sign-out", "/account", "/remove", "/cancel", "/retire", "/end", "/delete")


def add_north(session: Session, cast: Cast) -> dict[str, int]:
    """Things of Dana's, and their ids by the name that addresses use."""
    today = clock.today()
    visit = Visit(practice_id=cast.olentangy.id, owner_id=cast.dana.id, visit_on=today, starts_at=time(9))
    visit.people = [VisitPerson(contact_id=cast.marisol.id)]
    meeting = Meeting(title="Ours", owner_id=cast.dana.id, practice_id=cast.olentangy.id)
    meeting.starts_at = meeting.ends_at = clock.now()
    attendee = Attendee(contact_id=cast.marisol.id)
    meeting.attendees = [attendee]
    task = Task(title="Ours", owner_id=cast.dana.id, practice_id=cast.olentangy.id, due_on=today)
    session.add_all([visit, meeting, task])
    session.commit()
    affiliation = session.scalars(select(Affiliation).where(Affiliation.practice_id == cast.olentangy.id)).one()
    return {
        "practice_id": cast.olentangy.id, "provider_id": cast.okonjo.id, "contact_id": cast.marisol.id,
        "visit_id": visit.id, "meeting_id": meeting.id, "task_id": task.id, "affiliation_id": affiliation.id,
    }  # fmt: skip


def forms_of(
    app: Flask, browser: PageClient, viewer: Viewer, cast: Cast, ids: dict[str, int]
) -> Iterator[tuple[str, Tag]]:
    """Every POST form of the pages that somebody may open, once for each address that it is sent to."""
    seen = set()
    for rule in app.url_map.iter_rules():
        permission = getattr(app.view_functions[rule.endpoint], "permission", None)
        is_page = "GET" in (rule.methods or ()) and permission is not None
        if not is_page or not viewer.may(str(permission)) or not rule.arguments <= {*ids, "day"}:
            continue
        path = fill_in(rule, ids)
        # Some pages ask first for which practice; with one they show their form.
        for address in (path, f"{path}?practice={cast.olentangy.id}"):
            found = [form for form in posts(browser, address) if str(form.get("action") or address) not in seen]
            for form in found:
                target = str(form.get("action") or address)
                seen.add(target)
                if not target.endswith(LEFT_OUT):
                    yield target, form
            if found:
                break


def posts(browser: PageClient, address: str) -> list[Tag]:
    """The POST forms of a page."""
    answer = browser.raw.get(address)
    if answer.status_code != 200 or answer.mimetype != "text/html":
        return []
    soup = BeautifulSoup(answer.get_data(as_text=True), "html.parser")
    return [form for form in soup.find_all("form", method="post") if isinstance(form, Tag)]
