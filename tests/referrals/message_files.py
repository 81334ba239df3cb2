"""Invented HL7 messages and FHIR resources for the tests of imports, with a patient wherever one may stand."""

import io
import json
import zipfile
from typing import Any

from tests.referrals.files import BECKER, OKONJO

CANARY = "Zqcanary"
Json = dict[str, Any]
NPI = "http://hl7.org/fhir/sid/us-npi"
SNOMED = "http://snomed.info/sct"


def referral(
    event: str = "I12", number: str = "R-1", *, status: str = "P^Pending^HL70283", sent: str = "202603020915",
    on: str = "20260301", npi: str = OKONJO, kind: str = "REF", between: str = "\r",
) -> str:  # fmt: skip
    """A referral message; every segment about the patient holds the canary."""
    days = f"{on}|20260601|||X-{number}^EXT|||{CANARY} why"
    practice = "Olentangy Family Medicine"
    source = f"^^^{practice}|^WPN^PH||PLN1001^SL~{npi}^NPI|||{practice}^L|12 Canal Rd^^Dublin^OH^43017-1234"
    segments = [
        f"MSH|^~\\&|EHR|Olentangy|RHH|Riverbend|{sent}||{kind}^{event}^{kind}_{event}|{number}-{event}|P|2.5.1",
        f"RF1|{status}|R^Routine^HL70280|Med^Medical^HL70281||O|{number}^EHR|{days}",
        f"AUT|{CANARY}^plan||{CANARY}",
        f"PRD|RP^Referring Provider^HL70286|Okonjo^Amara^J^^Dr^MD|9 Home St^^Hometown^OH^43000^USA^H|{source}",
        "PRD|RT^Referred to Provider^HL70286|Reyes^Lucia^^^^DO||^^^GI clinic|||1881647320^NPI|||Riverbend \\T\\ Sons|",
        f"CTD|PR|{CANARY}^Contact",
        f"PID|1||{CANARY}123^^^MR||{CANARY}^Zebulon||19510402|M|||12 {CANARY} St^^Dublin||(614)555-0177|||||{CANARY}",
        f"NK1|1|{CANARY}^Mother|MTH|{CANARY} Rd",
        f"GT1|1||{CANARY}^Guarantor",
        f"IN1|1|{CANARY}|1EG4TE5MK72|{CANARY} Plan",
        f"DG1|1||K63.3^{CANARY} ulcer^I10",
        f"OBX|1|ST|1^{CANARY}||{CANARY}",
        f"ROL|1|AD|AT^Attending|1588203640^{CANARY}^Attending",
        f"PRT|1|AD||AD^Admitting|{CANARY}^Admitting",
        f"PV1|1|O|{CANARY}|||||{CANARY}^Refer",
        f"NTE|1||{CANARY} note\\.br\\more",
    ]
    return between.join(segments) + between


def hl7(*messages: str) -> bytes:
    """A file of messages."""
    return "".join(messages).encode()


def reference(kind: str, key: str, display: str = "") -> Json:
    """A reference inside a file."""
    return {"reference": f"{kind}/{key}"} | ({"display": display} if display else {})


def coded(code: str, display: str, system: str = SNOMED) -> Json:
    """A CodeableConcept with one coding; the words beside it are a canary."""
    return {"coding": [{"system": system, "code": code, "display": display}], "text": f"{CANARY} free text"}


def service_request(key: str = "sr1", **changed: Any) -> Json:
    """A referral to cardiology; every element about the patient holds the canary."""
    found = {
        "resourceType": "ServiceRequest",
        "id": key,
        "text": {"status": "generated", "div": f"<div>{CANARY}</div>"},
        "extension": [{"url": "http://x.example/e", "valueString": CANARY}],
        "contained": [{"resourceType": "Patient", "id": "pat", "name": [{"family": CANARY}]}],
        "identifier": [{"system": "urn:ehr", "value": f"REF-{key}"}],
        "status": "active",
        "intent": "order",
        "category": [coded("3457005", "Patient referral")],
        "code": coded("183519002", "Referral to cardiology service"),
        "subject": {"reference": "Patient/pat1", "display": CANARY},
        "encounter": {"reference": "Encounter/1", "display": CANARY},
        "authoredOn": "2026-03-01T09:15:00-05:00",
        "requester": reference("PractitionerRole", "role1"),
        "performer": [reference("Organization", "org2")],
        "reasonCode": [{"text": CANARY, "coding": [{"code": "K63.3", "display": CANARY}]}],
        "reasonReference": [{"reference": "Condition/1", "display": CANARY}],
        "orderDetail": [{"text": CANARY}],
        "bodySite": [{"text": CANARY}],
        "note": [{"text": CANARY}],
        "patientInstruction": CANARY,
        "insurance": [{"reference": "Coverage/1", "display": CANARY}],
        "supportingInfo": [{"reference": "#pat", "display": CANARY}],
        **changed,
    }
    return {name: value for name, value in found.items() if value is not None}


def practitioner(key: str, given: str, family: str, npi: str = "") -> Json:
    """A practitioner."""
    identifier = [{"system": "urn:license", "value": "L-1"}, *([{"system": NPI, "value": npi}] if npi else [])]
    name = [
        {"use": "nickname", "text": "Doc"},
        {"use": "official", "family": family, "given": [given], "suffix": ["MD"]},
    ]
    return {"resourceType": "Practitioner", "id": key, "identifier": identifier, "name": name}


def parties() -> list[Json]:
    """Who refers (a role of Okonjo at Olentangy), and to whom (Riverbend)."""
    return [
        practitioner("okonjo", "Amara", "Okonjo", OKONJO),
        practitioner("becker", "Jonas", "Becker", BECKER),
        {"resourceType": "Organization", "id": "org1", "name": "Olentangy Family Medicine",
         "address": [{"city": "Dublin", "postalCode": "43017"}]},
        {"resourceType": "Organization", "id": "org2", "name": "Riverbend Heart"},
        {"resourceType": "Location", "id": "loc2", "name": "Riverbend Dublin"},
        {"resourceType": "PractitionerRole", "id": "role1", "practitioner": reference("Practitioner", "okonjo"),
         "organization": reference("Organization", "org1")},
        {"resourceType": "PractitionerRole", "id": "role2", "practitioner": reference("Practitioner", "becker"),
         "organization": reference("Organization", "org2"), "location": [reference("Location", "loc2")],
         "specialty": [coded("394579002", "Cardiology")]},
    ]  # fmt: skip


def patient() -> list[Json]:
    """Resources that are not needed of a referral."""
    return [
        {"resourceType": "Patient", "id": "pat1", "name": [{"family": CANARY}], "identifier": [{"value": CANARY}]},
        {"resourceType": "RelatedPerson", "id": "rel1", "name": [{"family": CANARY}]},
        {"resourceType": "Condition", "id": "1", "code": {"text": CANARY}, "subject": {"display": CANARY}},
        {"resourceType": "Observation", "id": "1", "valueString": CANARY},
    ]  # fmt: skip


def bundle(*resources: Json, kind: str = "collection", urls: str = "") -> bytes:
    """A Bundle; with `urls`, its entries have full URLs that begin so."""
    entries = [
        ({"fullUrl": f"{urls}{resource['resourceType']}/{resource['id']}"} if urls else {}) | {"resource": resource}
        for resource in resources
    ]
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}).encode()


def ndjson(*resources: Json) -> bytes:
    """A bulk export."""
    return b"".join(json.dumps(resource).encode() + b"\n" for resource in resources)


def zipped(members: dict[str, bytes]) -> bytes:
    """A .zip of files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return packed.getvalue()
