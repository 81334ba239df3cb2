"""Who refers and to whom in FHIR: practitioners, roles, organizations, locations, and the references to them. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from crm.referrals.importing.fhir_json import PARTIES, Json, codings, part, parts, words
from crm.referrals.importing.messages import clean

NPI_SYSTEMS = ("http://hl7.org/fhir/sid/us-npi", "https://hl7.org/fhir/sid/us-npi", "urn:oid:2.16.840.1.113883.4.6")
TYPED = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]+)?$")
# A conditional reference of a transaction: the NPI stands in the reference itself.
CONDITIONAL = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)\?identifier=(.*)\|(\d{10})$")
# Where a party says to what it belongs.
LINKS = ("practitioner", "organization", "managingOrganization", "providedBy", "location", "healthcareService")
MAX_STEPS, MAX_LINKS = 3, 20
T = TypeVar("T")


class Link(NamedTuple):
    """A reference: the kind it says it leads to ('' when it does not say), where, and the name and NPI beside it."""

    kind: str
    target: str
    name: str = ""
    npi: str = ""


@dataclass(slots=True)
class Party:
    """A practitioner, role, organization, location or service: its own particulars and what it belongs to."""

    kind: str
    name: str = ""
    npi: str = ""
    city: str = ""
    zip: str = ""
    specialty: str = ""
    links: list[Link] = field(default_factory=list)


def link_of(reference: object) -> Link:
    """A reference as it is followed. What stands beside it counts only where it says that it leads to a party, be it by
    an NPI, which no patient has."""
    found = part(reference)
    target, npi = words(found.get("reference")), npi_of(found.get("identifier"))
    if conditional := CONDITIONAL.search(target):
        kind = conditional[1]
        npi = conditional[3] if conditional[2] in NPI_SYSTEMS else npi
    else:
        typed = TYPED.search(target)
        kind = (typed[1] if typed else words(found.get("type"))) or ("Practitioner" if npi else "")
    if kind not in PARTIES:
        return Link(kind, target)
    return Link(kind, target, clean(words(found.get("display"))), npi)


def id_in(target: str) -> str:
    """The id at the end of a reference; '' when it does not lead to a kind of resource."""
    typed = TYPED.search(target)
    return typed[2] if typed else ""


def shortened(target: str) -> str:
    """A reference without its server and version: `Practitioner/1`."""
    typed = TYPED.search(target)
    return f"{typed[1]}/{typed[2]}" if typed else target


def behind(known: Mapping[str, T], target: str) -> T | None:
    """What is known under a reference: as it is written, else by kind and id wherever its server is."""
    return known[target] if target in known else known.get(shortened(target))


def npi_of(identifiers: object) -> str:
    """The identifier in the national system, or the one that is typed as an NPI."""
    for identifier in parts(identifiers):
        is_typed = any(words(coding.get("code")) == "NPI" for coding in codings(identifier.get("type")))
        if words(identifier.get("system")) in NPI_SYSTEMS or is_typed:
            return clean(words(identifier.get("value")))
    return ""


def party_of(resource: Json) -> Party:
    """What is taken of a practitioner, role, organization, location or service."""
    kind = words(resource.get("resourceType"))
    name = resource.get("name")
    place = part(resource.get("address"))
    of_service = parts(resource.get("type")) if kind == "HealthcareService" else []
    return Party(
        kind,
        clean(words(name) if isinstance(name, str) else _human_name(name)),
        npi_of(resource.get("identifier")),
        "" if words(place.get("use")) == "home" else clean(words(place.get("city"))),
        "" if words(place.get("use")) == "home" else clean(words(place.get("postalCode"))),
        shown(resource.get("specialty"), of_service),
        [link_of(one) for name in LINKS for one in parts(resource.get(name))][:MAX_LINKS],
    )


def _human_name(names: object) -> str:
    known = parts(names)
    chosen = next((name for name in known if words(name.get("use")) == "official"), known[0] if known else {})
    pieces = [*_texts(chosen.get("given")), *_texts(chosen.get("family"))]
    degrees = _texts(chosen.get("suffix"))
    return ", ".join([" ".join(pieces), *degrees]) if pieces else words(chosen.get("text"))


def _texts(value: object) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [words(text) for text in found if words(text)]


def shown(*concepts: object) -> str:
    """The words of the first coding that has any; the free text beside codings is never taken."""
    return next(
        (clean(words(coding.get("display"))) for coding in codings(*concepts) if words(coding.get("display"))), ""
    )


@dataclass(frozen=True)
class Directory:
    """The parties of a file by their references. Those contained in a resource are known only inside it."""

    known: Mapping[str, Party]
    contained: Mapping[str, Party] = field(default_factory=dict)

    def find(self, link: Link) -> Party | None:
        """The party behind a reference, else what stands beside the reference itself; None for anything but a party."""
        found = self.contained.get(link.target) or behind(self.known, link.target)
        if found is None and (link.name or link.npi):
            return Party(link.kind, link.name, link.npi)
        return found

    def around(self, link: Link) -> list[Party]:
        """The party behind a reference and all that it belongs to, the nearest first."""
        found: list[Party] = []
        ahead = [link]
        for _ in range(MAX_STEPS):
            parties = [party for one in ahead if (party := self.find(one)) and party not in found]
            found += parties
            ahead = [further for party in parties for further in party.links][:MAX_LINKS]
        return found
