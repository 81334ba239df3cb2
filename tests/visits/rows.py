"""Visits for the tests of this room."""

from datetime import date, time
from typing import Any

from sqlalchemy.orm import Session

from crm.accounts.models import User
from crm.core import clock
from crm.directory.models import Contact, Practice, Provider
from crm.visits.models import Visit, VisitPerson, VisitState, VisitTopic


def visit(
    session: Session, practice: Practice, owner: User, day: date | None = None, *,
    people: tuple[Provider | Contact, ...] = (), topics: tuple[str, ...] = (), **values: Any,
) -> Visit:  # fmt: skip
    """A visit, done today unless said otherwise."""
    usual: dict[str, Any] = {"state": VisitState.DONE, "starts_at": time(10, 30)}
    row = Visit(practice_id=practice.id, owner_id=owner.id, visit_on=day or clock.today(), **(usual | values))
    row.people = [
        VisitPerson(provider_id=person.id) if isinstance(person, Provider) else VisitPerson(contact_id=person.id)
        for person in people
    ]
    row.topics = [VisitTopic(topic=topic) for topic in topics]
    session.add(row)
    session.flush()
    return row
