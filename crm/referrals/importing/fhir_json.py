"""Reads FHIR JSON and forgets, while it is read, everything that is not needed of a referral. Pure.

Only the names in KEPT survive in any object, and only the kinds in RESOURCES survive as resources: a patient, a note, a
reason, an extension is dropped before the next object is read. Numbers are never turned into numbers.
"""

import json
from typing import Any, NoReturn

KEPT = frozenset(
    {
        "address", "agent", "authoredOn", "basedOn", "category", "city", "code", "coding", "contained", "date",
        "dateSent", "display", "doNotPerform", "end", "entry", "family", "focus", "fulfillmentTime", "fullUrl",
        "given", "healthcareService", "id", "identifier", "intent", "lastModified", "lastUpdated", "location",
        "locationReference", "managingOrganization", "meta", "name", "occurrenceDateTime", "occurrencePeriod",
        "onBehalfOf", "organization", "performer", "performerType", "postalCode", "practitioner", "providedBy",
        "recipient", "reference", "requester", "resource", "resourceType", "specialty", "specimen", "start",
        "status", "suffix", "system", "text", "type", "use", "value",
    }
)  # fmt: skip
PARTIES = frozenset({"Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService"})
REQUESTS = frozenset({"ServiceRequest", "ReferralRequest"})
RESOURCES = PARTIES | REQUESTS | {"Bundle", "Task", "Appointment"}
Json = dict[str, Any]


class UnreadableError(ValueError):
    """Text that is no JSON, or JSON that no FHIR server writes; the text says why, without a word of it."""


def parsed(text: str) -> Any:
    """What JSON says, reduced to what is needed. Raises UnreadableError."""
    try:
        return json.loads(
            text,
            object_pairs_hook=_reduced,
            parse_int=_no_number,
            parse_float=_no_number,
            parse_constant=_refused_constant,
        )
    except json.JSONDecodeError as problem:
        raise UnreadableError(f"it is no JSON from its line {problem.lineno} on") from None
    except RecursionError:
        raise UnreadableError("it is nested deeper than any FHIR resource") from None


def _reduced(pairs: list[tuple[str, Any]]) -> Json:
    if len({name for name, _ in pairs}) < len(pairs):
        raise UnreadableError("an object in it names a field twice")
    found = {name: value for name, value in pairs if name in KEPT}
    kind = found.get("resourceType")
    if isinstance(kind, str) and kind not in RESOURCES:
        return {"resourceType": kind}
    return found


def _no_number(_digits: str) -> None:
    """No number is needed, and a long one would take long to read."""


def _refused_constant(_name: str) -> NoReturn:
    raise UnreadableError("it holds NaN or Infinity, which JSON does not know")


def parts(value: object) -> list[Json]:
    """The objects in a value that should be a list of objects, or one."""
    found = value if isinstance(value, list) else [value]
    return [part for part in found if isinstance(part, dict)]


def part(value: object) -> Json:
    """The first object in a value; an empty one when there is none."""
    return next(iter(parts(value)), {})


def words(value: object) -> str:
    """A value that should be a text."""
    return value.strip() if isinstance(value, str) else ""


def codings(*concepts: object) -> list[Json]:
    """All codings of one or several lists of CodeableConcepts."""
    return [coding for concept in concepts for one in parts(concept) for coding in parts(one.get("coding"))]
