"""Lists take the same number of SQL statements for one row as for fifty, in every room; so do pages of one thing."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm.accounts import sign_in as accounts
from crm.accounts.models import User
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock
from crm.core.db import db
from crm.core.formats import month_of
from crm.directory.models import (
    Channel,
    Consent,
    ContactPermission,
    Practice,
    PracticeGroup,
    PracticeHours,
    PracticeTag,
)
from crm.exports.models import ContactList, Export, ExportFormat
from crm.jobs.models import Job, JobState
from crm.meetings.models import Attendee, Meeting
from crm.referrals.models import Grain, ImportState, ReferralImport, ReferralStatus, ServiceLine, Site
from crm.referrals.rollup import rebuild_rollup
from crm.tasks.models import Task
from crm.visits.models import Visit, VisitPerson, VisitState, VisitTopic
from tests.cast import Cast, contact, practice, provider
from tests.pages import PageClient, count_statements
from tests.referral_rows import a_referral
from tests.walk import addresses, may_open

# The lists of the rooms: each must be among the pages that are counted.
LISTS = {
    "maren": {
        "directory.practices", "directory.providers", "directory.contacts", "directory.permissions", "visits.visits",
        "visits.visit_calendar", "tasks.tasks", "meetings.meetings", "referrals.referrals", "referrals.imports",
        "exports.lists", "exports.exports", "home.overview",
    },
    "dana": {"home.today", "route_planning.today", "directory.practice", "visits.visits"},
    "priya": {"home.lists", "exports.lists", "exports.contact_list"},
    "adam": {"audit.log", "admin.users"},
}  # fmt: skip


def add_sets(session: Session, cast: Cast, numbers: range) -> None:
    """For each number a practice with everything that hangs on practices, and as much more on Olentangy."""
    for number in numbers:
        place = practice(session, f"Practice {number:02d}", cast.north, owner_id=cast.dana.id)
        place.group = PracticeGroup(name=f"Group {number:02d}")
        place.tags = [PracticeTag(tag=f"Tag {number:02d}"), PracticeTag(tag="Spanish")]
        place.hours = [PracticeHours(weekday=number % 5, opens=time(8), closes=time(17))]
        for at in (place, cast.olentangy):
            _add_to(session, cast, number, at, "own" if at is place else "more")
    rebuild_rollup(session)
    session.commit()


def _add_to(session: Session, cast: Cast, number: int, at: Practice, kind: str) -> None:
    clinician = provider(session, f"First{number}", f"Clinician {kind}", npi(number, kind), at)
    email = f"{kind}{number}@practice.example"
    staff = contact(session, f"First{number}", f"Staff {kind}", at, email=email)
    today = clock.today()
    later = today + timedelta(days=number % 10)  # nobody sees fifty practices on one day
    visit = Visit(practice_id=at.id, owner_id=cast.dana.id, visit_on=today - timedelta(days=number + 1))
    visit.state, visit.people = VisitState.DONE, [VisitPerson(provider=clinician), VisitPerson(contact=staff)]
    visit.topics = [VisitTopic(topic="Scheduling"), VisitTopic(topic=f"Topic {number}")]
    plan = Visit(practice_id=at.id, owner_id=cast.dana.id, visit_on=later, starts_at=time(9), minutes=20)
    plan.people = [VisitPerson(contact=staff)]
    start = clock.at(later, 13)
    meeting = Meeting(title=f"Talk {number}", owner_id=cast.maren.id, practice_id=at.id, starts_at=start, ends_at=start)
    meeting.attendees = [Attendee(provider=clinician), Attendee(contact=staff), Attendee(user_id=cast.dana.id)]
    session.add_all([visit, plan, meeting])
    session.add(ContactPermission(channel=Channel.EMAIL, address=email, consent=Consent.OPTED_OUT, decided_on=today))
    session.flush()
    for origin in ({"visit_id": visit.id}, {"meeting_id": meeting.id}):
        session.add(Task(title=f"Card {number}", owner_id=cast.maren.id, practice_id=at.id, due_on=today, **origin))
    _add_referrals(session, cast, number, at, clinician.id, kind)
    _add_receipts(session, cast, number, kind)


def _add_referrals(session: Session, cast: Cast, number: int, at: Practice, provider_id: int, kind: str) -> None:
    line, site = ServiceLine(name=f"Line {kind} {number}"), Site(name=f"Site {kind} {number}")
    batch = ReferralImport(
        file_name=f"{kind}{number}.csv", grain=Grain.EVENT, state=ImportState.DONE, owner_id=cast.maren.id
    )
    batch.finished_at = clock.now()
    session.add_all([line, site, batch])
    session.flush()
    for months in (1, 2, 13):
        day = month_day(months)
        session.add(
            a_referral(
                import_id=batch.id, month=month_of(day), received_on=day,
                practice_id=at.id, provider_id=provider_id, service_line_id=line.id, site_id=site.id,
                status=ReferralStatus.SEEN,
            )
        )  # fmt: skip


def _add_receipts(session: Session, cast: Cast, number: int, kind: str) -> None:
    saved = ContactList(name=f"List {kind} {number}", owner_id=cast.priya.id, filters={"channel": ["email"]})
    session.add(saved)
    session.flush()
    job = Job(kind="exports.export", title=f"Export {number}", state=JobState.DONE, owner_id=cast.maren.id)
    taken = Export(title=saved.name, owner_id=cast.priya.id, list_id=saved.id, channel="email", rows=1, suppressed=1)
    taken.file_format, taken.finished_at, taken.reasons = ExportFormat.CSV, clock.now(), {"opted_out": 1}
    session.add_all([job, taken])
    record(session, Action.EXPORTED, "export", label=saved.name, rows=1)


def npi(number: int, kind: str) -> str:
    """Ten digits of its own; lists do not check the last one."""
    return f"1{'5' if kind == 'own' else '6'}{number:08d}"


def month_day(months_ago: int) -> date:
    """A day in an earlier month."""
    return clock.today().replace(day=1) - timedelta(days=30 * months_ago - 15)


def counts(app: Flask, browser: PageClient, user: User, *, warm: bool) -> dict[str, int]:
    """How many statements each page takes that a person may open; `warm` asks for each once before that."""
    found: dict[str, int] = {}
    for address in addresses(app, db.session()):
        if not may_open(user, address) or address.names_nothing:
            continue
        if warm:
            browser.raw.get(address.path)
        with count_statements() as statements:
            answer = browser.raw.get(address.path)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            found[address.endpoint] = len(statements)
    return found


@pytest.mark.one_database
@pytest.mark.timeout(400)
def test_fifty_rows_take_no_more_statements_than_one(
    app: Flask, cast: Cast, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Once a minute a page also notes that the sign-in is in use.
    monkeypatch.setattr(accounts, "TOUCH_EVERY", timedelta(hours=1))
    morning = clock.at(clock.today(), 8)  # of today's meetings and visits none has begun
    monkeypatch.setattr(clock, "now", lambda: morning)
    people = {name: (sign_in(cast.everybody[name]), cast.everybody[name]) for name in LISTS}
    add_sets(db.session(), cast, range(1))
    one = {name: counts(app, browser, user, warm=True) for name, (browser, user) in people.items()}
    add_sets(db.session(), cast, range(1, 50))
    # What code and caches need is there since the first time.
    fifty = {name: counts(app, browser, user, warm=False) for name, (browser, user) in people.items()}
    for name, lists in LISTS.items():
        assert lists <= one[name].keys() == fifty[name].keys()
        assert {
            page: (count, fifty[name][page]) for page, count in one[name].items() if fifty[name][page] != count
        } == {}
        assert max(fifty[name].values()) < 60
