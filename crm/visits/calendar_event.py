"""A visit as an event of a calendar file."""

from datetime import timedelta

from crm.core import clock
from crm.core.calendar_files import CalendarEvent
from crm.visits.calendar import USUAL_MINUTES
from crm.visits.models import Visit, VisitState

USUAL_HOUR = 10


def visit_event(visit: Visit, url: str) -> CalendarEvent:
    """The event of a visit; one without a time stands at ten."""
    hour, minute = (visit.starts_at.hour, visit.starts_at.minute) if visit.starts_at else (USUAL_HOUR, 0)
    starts_at = clock.at(visit.visit_on, hour, minute)
    return CalendarEvent(
        uid=f"visit-{visit.id}@rounds",
        title=f"Visit {visit.practice.name}",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=visit.minutes or USUAL_MINUTES),
        changed_at=visit.updated_at,
        place=visit.practice.address_line,
        text=visit.objective,
        url=url,
        sequence=visit.version - 1,
        is_cancelled=visit.state is VisitState.CANCELLED,
    )
