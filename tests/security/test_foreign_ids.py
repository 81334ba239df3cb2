"""Ids of another territory inside a form change nothing: every field of every form that a liaison can send."""

from collections.abc import Iterator
from datetime import time
from typing import Any

import pytest
from bs4 import Tag
from flask import Flask
from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from crm.core import clock
from crm.core.db import Base
from crm.directory.models import Contact, Practice, Provider
from crm.meetings.models import Attendee, Meeting
from crm.tasks.models import Task
from crm.visits.models import Visit
from tests.cast import Cast, contact, practice, provider
from tests.pages import filled_in
from tests.security.forms import add_north, forms_of

FOREIGN = 700  # every thing of the South that is guessed has this id
VALUES = (str(FOREIGN), f"provider-{FOREIGN}", f"contact-{FOREIGN}")
# Fields that pages or scripts read without a visible field, sent along with every form.
HIDDEN = (
    "ids", "practice_id", "provider_id", "contact_id", "visit_id", "meeting_id", "planned_id", "task_id", "people",
    "more_people", "guest", "attendee_id", "affiliation_id", "stop_id", "practice", "provider", "id",
)  # fmt: skip
TEXTS = (
    "title",
    "note",
    "objective",
    "topics",
    "outcome",
    "mode",
    "minutes",
    "agenda",
    "place",
    "phone",
    "fax",
    "email",
)
SOUTH = {
    "practice": "practice_id", "provider": "provider_id", "contact": "contact_id", "visit": "visit_id",
    "meeting": "meeting_id", "task": "task_id", "affiliation": "affiliation_id",
}  # fmt: skip


def add_south(session: Session, cast: Cast) -> None:
    """Things of the South, all of them with the same id."""
    place = practice(session, "Foreign Practice", cast.south, id=FOREIGN)
    doctor = provider(session, "Foreign", "Provider", "1700000007", place, id=FOREIGN)
    person = contact(session, "Foreign", "Contact", place, id=FOREIGN)
    doctor.affiliations[0].id = FOREIGN
    today = clock.today()
    visit = Visit(id=FOREIGN, practice_id=place.id, owner_id=cast.tomas.id, visit_on=today, starts_at=time(9))
    meeting = Meeting(id=FOREIGN, title="Theirs", owner_id=cast.tomas.id, practice_id=place.id)
    meeting.starts_at = meeting.ends_at = clock.now()
    meeting.attendees = [Attendee(id=FOREIGN, contact_id=person.id)]
    task = Task(id=FOREIGN, title="Theirs", owner_id=cast.tomas.id, practice_id=place.id, due_on=today)
    session.add_all([visit, meeting, task])
    session.commit()


def south(session: Session) -> dict[str, list[str]]:
    """Every row that is a thing of the South or points to one."""
    session.expire_all()
    tables = [table for table in Base.metadata.sorted_tables if any(points_south(column) for column in table.c)]
    return {table.name: sorted(rows_of(session, table)) for table in tables}


def rows_of(session: Session, table: Table) -> Iterator[str]:
    columns = [column for column in table.c if points_south(column)]
    for row in session.execute(select(table)).mappings():
        if any(row[column.name] == FOREIGN for column in columns):
            yield repr(dict(row))


def points_south(column: Any) -> bool:
    if column.primary_key and column.name == "id":
        return column.table.name in SOUTH
    return any(key.column.table.name in SOUTH for key in column.foreign_keys)


def tries(form: Tag) -> Iterator[dict[str, Any]]:
    """A form with foreign ids: in each field alone, and in all those that nobody sees."""
    plain = {name: value for name, value in filled_in(form).items() if name != "csrf_token"}
    names = [
        str(tag["name"]) for tag in form.find_all(attrs={"name": True}) if tag["name"] not in ("csrf_token", "version")
    ]
    for value in VALUES:
        for name in dict.fromkeys(names):
            yield {**plain, name: value}
        yield {**plain, **dict.fromkeys(HIDDEN, value)}


@pytest.mark.timeout(300)
def test_no_form_of_a_liaison_reaches_another_territory(app: Flask, cast: Cast, database: Any, sign_in: Any) -> None:
    session: Session = database()
    add_south(session, cast)
    ids = add_north(session, cast)
    browser = sign_in(cast.dana)
    token, before, faults, sent = browser.csrf(), south(session), [], 0
    assert {"practice", "visit", "meeting", "task", "affiliation"} <= {name for name, rows in before.items() if rows}
    for target, form in list(forms_of(app, browser, cast.viewer(cast.dana), cast, ids)):
        for values in tries(form):
            sent += 1
            answer = browser.raw.post(target, data={**values, "csrf_token": token})
            if answer.status_code >= 500:
                faults.append(f"{target} {values}: {answer.status_code}")
        after = south(session)
        if after != before:
            changed = [name for name in after if after[name] != before[name]]
            faults.append(f"{target} changed {changed}")
            before = after
    assert sent > 300, sent
    assert not faults, "\n".join(faults)


def test_the_south_is_really_there(cast: Cast, database: Any, sign_in: Any) -> None:
    """The other way round: whoever looks after the South can do all this, so the test above can fail."""
    session: Session = database()
    add_south(session, cast)
    before = south(session)
    tomas = sign_in(cast.tomas)
    assert tomas.post(f"/tasks/{FOREIGN}/done").status == 302
    assert south(session) != before
    assert all(session.get(model, FOREIGN) for model in (Practice, Provider, Contact))
