"""What one FHIR request says as the cells of a line: both parties, the days, and how far the referral got. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from crm.referrals.importing.fhir_json import Json, part, words
from crm.referrals.importing.fhir_parties import Directory, Party
from crm.referrals.importing.fhir_requests import Request
from crm.referrals.importing.messages import Cell, Taken
from crm.referrals.importing.unsaid import Part

SELF = "Self-referral"
# FHIR's words, where the house has others. A blank one leaves the status to the dates.
STATUS_WORDS = {
    "draft": "Draft", "active": "Active", "on-hold": "Pending", "revoked": "Canceled", "completed": "Completed",
    "entered-in-error": "Canceled", "unknown": "", "requested": "Requested", "accepted": "Accepted",
    "rejected": "Rejected", "cancelled": "Canceled", "proposed": "Draft", "planned": "Draft",
}  # fmt: skip
TASK_WORDS = {
    "completed": "Completed", "rejected": "Rejected", "cancelled": "Canceled", "failed": "Canceled",
    "accepted": "Accepted", "in-progress": "In progress", "on-hold": "Pending", "ready": "Pending",
    "received": "Received", "requested": "Requested",
}  # fmt: skip
APPOINTMENT_WORDS = {
    "booked": "Scheduled", "arrived": "Scheduled", "checked-in": "Scheduled",
    "fulfilled": "Completed", "noshow": "No show",
}  # fmt: skip
FINAL = {"Completed", "Canceled", "Rejected"}


@dataclass(frozen=True)
class Progress:
    """What a task or an appointment says of a request, and when it was changed last."""

    word: str
    changed: str
    day: str


def progress_of(resource: Json) -> Progress:
    """What a Task or an Appointment says; its word is '' when it says nothing."""
    meanings = TASK_WORDS if resource.get("resourceType") == "Task" else APPOINTMENT_WORDS
    changed = words(resource.get("lastModified")) or words(part(resource.get("meta")).get("lastUpdated"))
    return Progress(meanings.get(words(resource.get("status")), ""), changed, words(resource.get("start"))[:10])


def line_of(
    request: Request, number: str, directory: Directory, task: Progress | None, appointment: Progress | None
) -> Taken:
    """A referral as a line, under the number of the request of which it is a part."""
    if request.status not in STATUS_WORDS:
        return Taken(request.line, refused="The status of the request is not one of FHIR’s")
    cells = {
        Cell.NUMBER: number,
        Cell.RECEIVED: request.received,
        Cell.STATUS: _status(STATUS_WORDS[request.status], task, appointment),
        Cell.APPOINTMENT: (appointment.day if appointment else "") or request.appointment,
        **_source(directory, request),
        **_destination(directory, request),
    }
    # A part counts with its whole, whichever was changed last.
    sent = "" if request.parents else request.changed
    return Taken(request.line, cells, sent=sent, unsaid=_unsaid(request, cells))


def _unsaid(request: Request, cells: dict[Cell, str]) -> frozenset[Part]:
    """A resource is a whole state: what it does not hold is nothing. But the parties that it points to may stand in
    another file."""
    is_named = any(cells[cell] for cell in (Cell.NPI, Cell.PROVIDER, Cell.ORGANIZATION))
    away = {
        Part.SOURCE: bool(request.requesters) and not is_named,
        Part.SITE: bool(request.performers or request.places) and not cells[Cell.SITE],
        Part.SERVICE: bool(request.performers) and not cells[Cell.SERVICE],
    }
    return frozenset(part for part, is_away in away.items() if is_away)


def _status(own: str, task: Progress | None, appointment: Progress | None) -> str:
    """A request that is over says so itself; else the task tells, or an appointment that was made."""
    if own in FINAL or (task is None and appointment is None):
        return own
    if task and (task.word in FINAL or appointment is None):
        return task.word
    return appointment.word if appointment else own


def _source(directory: Directory, request: Request) -> dict[Cell, str]:
    around = [party for link in request.requesters for party in directory.around(link)]
    persons = [party for party in around if party.kind == "Practitioner"]
    others = [party for party in around if party.kind != "Practitioner"]
    place = next((party for party in (*others, *persons) if party.city), Party(""))
    return {
        Cell.NPI: _first(party.npi for party in (*persons, *others)),
        Cell.PROVIDER: _name(around, "Practitioner", "PractitionerRole"),
        Cell.ORGANIZATION: _name(around, "Organization", "HealthcareService", "Location")
        or (SELF if not around and request.is_by_patient else ""),
        Cell.CITY: place.city,
        Cell.ZIP: place.zip,
    }


def _destination(directory: Directory, request: Request) -> dict[Cell, str]:
    around = [party for link in request.performers for party in directory.around(link)]
    places = [party for link in request.places for party in directory.around(link)]
    provider = _name(around, "Practitioner", "PractitionerRole")
    return {
        Cell.SITE: _first(party.name for party in places)
        or _name(around, "Organization", "Location", "HealthcareService")
        or provider,
        Cell.TO_PROVIDER: provider,
        Cell.SERVICE: request.service or _first(party.specialty for party in around) or request.category,
    }


def _name(around: list[Party], *kinds: str) -> str:
    """The first name among parties of the first kind that has one."""
    return _first(party.name for kind in kinds for party in around if party.kind == kind)


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")
