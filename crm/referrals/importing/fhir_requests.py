"""Which FHIR requests are referrals, and what is taken of one. Pure.

The rule, the same for every resource whatever else its file holds: a ReferralRequest (STU3 and DSTU2) is a referral; a
ServiceRequest is one when its category or code says so, and otherwise when it names both who asks and who is to act and
is no laboratory, imaging or diagnostic order; proposals, plans and prohibitions are none.

The service is a specialty: that of the performer, else the department behind a code such as "Referral to cardiology
service", else a coded category. A procedure, a reason or any free text is never taken.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from crm.referrals.importing.fhir_json import PARTIES, REQUESTS, Json, codings, part, parts, words
from crm.referrals.importing.fhir_parties import Link, Party, id_in, link_of, party_of, shown
from crm.referrals.importing.messages import clean

# SNOMED CT: patient referral; to a service, a specialist, a physician; for a consultation, for evaluation.
REFERRAL_CODES = frozenset({"3457005", "306206005", "103696004", "44383000", "103697008", "308447003"})
REFERRAL_WORDS = re.compile(r"\brefer(?:ral|red|rals)?\b|\bconsult(?:ation)?\b", re.IGNORECASE)
# SNOMED CT: laboratory, imaging, diagnostic procedure; and what other systems call these categories.
ORDER_CODES = frozenset(
    {
        "108252007", "15220000", "363679005", "103693007", "71388002",
        "laboratory", "lab", "lab-order", "imaging", "radiology", "rad", "diagnostic",
    }
)  # fmt: skip
LOINC = "http://loinc.org"
NO_ORDERS = {"proposal", "plan", "directive", "option"}
TO_SERVICE = re.compile(
    r"^referral (?:to|for) (?:an? |the )?(.+?)(?: (?:service|clinic|department))?(?: \(procedure\))?$", re.IGNORECASE
)
QUALIFIER = re.compile(r"\s*\((?:procedure|qualifier value|occupation|regime/therapy)\)$")
DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:T[0-9:.Z+-]{0,40})?$")
PATIENTS = {"Patient", "RelatedPerson"}


class Parent(NamedTuple):
    """The request on which one is based: its reference, and what its number may be when it is not in the file."""

    target: str
    number: str


@dataclass(slots=True)
class Request:
    """A request: where it stands in its file, why it is refused ('' when it is a referral), and what is taken of it."""

    line: int
    refused: str = ""
    number: str = ""
    status: str = ""
    received: str = ""
    appointment: str = ""
    service: str = ""
    category: str = ""
    changed: str = ""
    requesters: list[Link] = field(default_factory=list)
    performers: list[Link] = field(default_factory=list)
    places: list[Link] = field(default_factory=list)
    parents: list[Parent] = field(default_factory=list)
    contained: dict[str, Party] = field(default_factory=dict)

    @property
    def is_by_patient(self) -> bool:
        """Whether the patient asks: a self-referral."""
        return any(link.kind in PATIENTS for link in self.requesters)


def request_of(resource: Json, line: int) -> Request:
    """What is taken of a ServiceRequest or ReferralRequest."""
    asks = part(resource.get("requester"))
    agent = asks.get("agent") if "agent" in asks else asks  # STU3 wraps it
    behalf = [asks["onBehalfOf"]] if "onBehalfOf" in asks else []
    performers = [*parts(resource.get("performer")), *parts(resource.get("recipient"))]
    found = Request(
        line,
        number=_number(resource),
        status=words(resource.get("status")).lower(),
        received=_day(resource, "authoredOn", "dateSent", "date"),
        service=clean(_service(resource)),
        category=clean(_category(resource)),
        changed=words(part(resource.get("meta")).get("lastUpdated")),
        requesters=[link_of(one) for one in (agent, *behalf) if one],
        performers=[link_of(one) for one in performers][:20],
        places=[link_of(one) for one in parts(resource.get("locationReference"))][:20],
        parents=_parents(resource),
        contained=_contained(resource),
    )
    found.appointment = _appointment(resource, found.received)
    found.refused = _why_refused(resource, found)
    return found


def _parents(resource: Json) -> list[Parent]:
    """The requests among what it is based on; a care plan is none."""
    found = []
    for one in parts(resource.get("basedOn")):
        link = link_of(one)
        number = words(part(one.get("identifier")).get("value")) or id_in(link.target)
        if link.kind in REQUESTS or link.target.startswith("urn:"):
            found.append(Parent(link.target, clean(number)))
    return found[:20]


def _contained(resource: Json) -> dict[str, Party]:
    inside = parts(resource.get("contained"))
    return {f"#{words(one.get('id'))}": party_of(one) for one in inside if words(one.get("resourceType")) in PARTIES}


def _number(resource: Json) -> str:
    """The identifier that is official or its sender's own, else the first, else the resource's id."""
    known = [one for one in parts(resource.get("identifier")) if words(one.get("value"))]
    own = next(
        (one for one in known if words(one.get("use")) == "official" or _is_placer(one)), known[0] if known else {}
    )
    return clean(words(own.get("value")) or words(resource.get("id")))


def _is_placer(identifier: Json) -> bool:
    return any(words(coding.get("code")) == "PLAC" for coding in codings(identifier.get("type")))


def _day(resource: Json, *names: str) -> str:
    """The day of the first date that is there; the time and what is no date are left away."""
    found = next((text for name in names if (text := words(resource.get(name)))), "")
    match = DAY.match(found)
    return match[1] if match else ""


def _appointment(resource: Json, received: str) -> str:
    """The day on which the service is to take place. A period of several days is a time limit, and a day before the
    request no appointment that it led to."""
    period = part(resource.get("occurrencePeriod") or resource.get("fulfillmentTime"))
    day = _day(resource, "occurrenceDateTime")
    if not day and _day(period, "start") == _day(period, "end"):
        day = _day(period, "start")
    return day if day >= received else ""


def _why_refused(resource: Json, found: Request) -> str:
    if resource.get("resourceType") == "ReferralRequest":
        return ""
    if resource.get("doNotPerform") is True:
        return "The request says that something is not to be done"
    if words(resource.get("intent")) in NO_ORDERS:
        return "The request is a proposal or a plan, not an order"
    if _says_referral(resource):
        return ""
    if _is_order(resource):
        return "The request is a laboratory, imaging or diagnostic order, not a referral"
    if not found.requesters or not found.performers + found.places:
        return "The request does not say that it is a referral, nor both who asks and who is to act"
    if not _are_known_kinds(found):
        return "The request does not say that it is a referral, nor what kind of party asks and is to act"
    return ""


def _are_known_kinds(found: Request) -> bool:
    """Whether both sides are no patients, as far as references tell."""
    inside = set(found.contained)
    return all(
        any(link.kind in PARTIES or link.target in inside or link.target.startswith("urn:") for link in links)
        for links in (found.requesters, found.performers + found.places)
    )


def _says_referral(resource: Json) -> bool:
    concepts = (resource.get("category"), resource.get("code"))
    in_text = any(REFERRAL_WORDS.search(words(one.get("text"))) for concept in concepts for one in parts(concept))
    return in_text or any(map(_is_referral_code, codings(*concepts)))


def _is_referral_code(coding: Json) -> bool:
    code = words(coding.get("code"))
    said = f"{code.replace('-', ' ')} {words(coding.get('display'))}"
    return code in REFERRAL_CODES or bool(REFERRAL_WORDS.search(said))


def _is_order(resource: Json) -> bool:
    is_by_category = any(
        words(coding.get("code")).lower() in ORDER_CODES for coding in codings(resource.get("category"))
    )
    is_measured = any(words(coding.get("system")) == LOINC for coding in codings(resource.get("code")))
    return is_by_category or is_measured or "specimen" in resource


def _service(resource: Json) -> str:
    specialty = shown(resource.get("performerType"), resource.get("specialty"))
    if specialty:
        return QUALIFIER.sub("", specialty)
    for coding in codings(resource.get("code"), resource.get("category")):
        if named := TO_SERVICE.match(words(coding.get("display"))):
            return named[1][:1].upper() + named[1][1:]
    return ""


def _category(resource: Json) -> str:
    """A coded category, unless all it says is that this is a referral."""
    for coding in codings(resource.get("category")):
        display = words(coding.get("display"))
        if display and words(coding.get("code")) not in REFERRAL_CODES and not REFERRAL_WORDS.search(display):
            return QUALIFIER.sub("", display)
    return ""
