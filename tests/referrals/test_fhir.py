"""Tests of FHIR: which requests are referrals, how parties are found in a file, and that a patient is never taken."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.errors import Invalid, TooLarge
from crm.referrals.importing.fhir_json import parsed
from crm.referrals.importing.mapping import Sure, guess
from crm.referrals.importing.reading import read_file
from crm.referrals.importing.sheets import Limits, Sheet
from crm.referrals.importing.survey import survey
from crm.referrals.models import Grain
from tests.referrals.files import BECKER, OKONJO
from tests.referrals.message_files import (
    CANARY,
    NPI,
    Json,
    bundle,
    coded,
    ndjson,
    parties,
    patient,
    practitioner,
    reference,
    service_request,
)

LAB = "The request is a laboratory, imaging or diagnostic order, not a referral"
NO_PARTIES = "The request does not say that it is a referral, nor both who asks and who is to act"
NO_KINDS = "The request does not say that it is a referral, nor what kind of party asks and is to act"


def sheet_of(data: bytes, name: str = "r.json") -> Sheet:
    (sheet,) = read_file(name, data)
    return sheet


def rows(data: bytes, name: str = "r.json") -> list[dict[str, str]]:
    """The referrals of a file by the names of their columns; `line` is where each stands."""
    sheet = sheet_of(data, name)
    (_, header), *lines = sheet.lines()
    return [
        {"line": str(at), **dict(zip(header, cells, strict=True))} for at, cells in lines if at not in sheet.refused
    ]


def row(*resources: Json) -> dict[str, str]:
    (found,) = rows(bundle(*resources, *parties(), *patient()))
    return found


def refusal(**changed: Any) -> str:
    """Why a request is refused, beside a referral."""
    data = bundle(service_request(), service_request("sr2", **changed), *parties())
    return dict(sheet_of(data).refused).get(2, "")


def test_a_referral_is_taken_with_both_parties_day_status_and_service() -> None:
    assert row(service_request()) == {
        "line": "1",
        "Referral ID": "REF-sr1",
        "Referral Received Date": "2026-03-01",
        "Referring NPI": OKONJO,
        "Referring Provider": "Amara Okonjo, MD",
        "Referring Organization": "Olentangy Family Medicine",
        "Referring Provider City": "Dublin",
        "Referring Provider Zip": "43017",
        "Department": "Cardiology",
        "Referred To Location": "Riverbend Heart",
        "Referred To Provider": "",
        "Referral Status": "Active",
    }


def test_its_columns_are_known_surely_and_none_is_refused() -> None:
    performer = [reference("PractitionerRole", "role2")]
    requests = [
        service_request(f"sr{n}", occurrenceDateTime="2026-04-02T10:00:00Z", performer=performer) for n in range(30)
    ]
    found = survey([sheet_of(bundle(*requests, *parties()))])
    mapped = {column.header: column for column in guess(found.main.kept, found.grain, found.main.rows)}
    assert found.grain is Grain.EVENT
    assert found.main.dropped == []
    assert mapped["Appointment Date"].target.value == "appointment_on"
    assert mapped["Referred To Location"].target.value == "site"
    assert len([column for column in mapped.values() if column.target]) == 11
    assert {column.sure for column in mapped.values()} == {Sure.SURE}


def everything() -> list[Json]:
    """A file in which a patient stands in every place that is not needed, and tries those that are."""
    hostile: list[Json] = [
        {"requester": {"reference": "Patient/pat1", "display": CANARY}},
        {"requester": {"display": CANARY}},
        {"requester": {"reference": "Patient/x", "display": CANARY, "identifier": {"system": NPI, "value": CANARY}}},
        {"requester": {"reference": "RelatedPerson/rel1", "display": CANARY, "type": "RelatedPerson"}},
        {"requester": {"reference": "#pat", "display": CANARY}},
        {"requester": {"reference": "urn:uuid:unknown", "display": CANARY}},
        {"performer": [{"reference": "Patient/pat1", "display": CANARY}, {"display": CANARY}]},
        {"performerType": {"text": CANARY}, "code": {"text": f"Referral of {CANARY}"}, "category": [{"text": CANARY}]},
        {"status": CANARY},
        {"intent": CANARY, "category": None, "code": None},
        {"authoredOn": CANARY, "occurrenceDateTime": CANARY},
        {"basedOn": [{"reference": "CarePlan/1", "display": CANARY, "identifier": {"value": CANARY}}]},
    ]
    return [service_request(f"sr{n}", **changed) for n, changed in enumerate([{}, *hostile])]


def test_no_cell_and_no_reason_holds_anything_of_the_patient() -> None:
    resources = [*everything(), *parties(), *patient()]
    for name, data in (("r.json", bundle(*resources)), ("r.ndjson", ndjson(*resources) + CANARY.encode())):
        sheet = sheet_of(data, name)
        assert CANARY not in repr(list(sheet.lines())) + repr(sheet.refused)


def test_what_is_not_needed_is_forgotten_while_it_is_read() -> None:
    found = parsed(bundle(service_request(contained=None, code=None, category=None), *patient()).decode())
    request, *others = [entry["resource"] for entry in found["entry"]]
    assert CANARY not in repr(found)
    assert sorted(request) == [
        "authoredOn", "id", "identifier", "intent", "performer", "requester", "resourceType", "status", "text",
    ]  # fmt: skip
    assert [list(resource) for resource in others] == [["resourceType"]] * 4


def test_a_patient_who_asks_is_a_self_referral_without_a_name() -> None:
    found = row(service_request(requester={"reference": "Patient/pat1", "display": CANARY}))
    assert (found["Referring Organization"], found["Referring Provider"]) == ("Self-referral", "")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"intent": "plan"}, "The request is a proposal or a plan, not an order"),
        ({"doNotPerform": True}, "The request says that something is not to be done"),
        ({"category": [coded("108252007", "Laboratory procedure")], "code": coded("2", "BMP")}, LAB),
        ({"category": [coded("363679005", "Imaging")], "code": None}, LAB),
        ({"category": None, "code": coded("2345-7", "Glucose", "http://loinc.org")}, LAB),
        ({"category": None, "code": None, "specimen": [{"reference": "#s"}]}, LAB),
        ({"category": None, "code": coded("1", "Ambulation"), "performer": None}, NO_PARTIES),
        ({"category": None, "code": None, "requester": {"display": "Ollie Ortho, MD"}}, NO_KINDS),
        ({"category": None, "code": None, "performer": [{"reference": "Patient/pat1"}]}, NO_KINDS),
        ({"status": "waiting"}, "The status of the request is not one of FHIR’s"),
        ({"category": None, "code": coded("73761001", "Colonoscopy")}, ""),
        ({"category": [coded("409063005", "Counselling")], "code": None}, ""),
        ({"category": [coded("r", "Referral", "urn:own")], "code": None, "performer": None}, ""),
        ({"category": None, "code": {"text": "Food pantry referral"}, "performer": None}, ""),
        ({"category": [coded("patient-referral-request", "")], "performer": None}, ""),
    ],
)
def test_the_rule_says_which_requests_are_referrals(changed: Json, says: str) -> None:
    assert refusal(**changed) == says


def test_a_file_without_referrals_says_what_its_requests_are() -> None:
    lab = {"category": [coded("108252007", "Laboratory procedure")], "code": None}
    with pytest.raises(Invalid, match="no referral") as problem:
        rows(bundle(service_request(**lab), service_request("sr2", intent="plan"), *parties()))
    assert problem.value.says == (
        "This file holds no referral. The first of 2: the request is a laboratory, imaging or diagnostic order, not a "
        "referral, and 1 other reason."
    )
    with pytest.raises(Invalid, match="none of its 8 FHIR resources is a ServiceRequest"):
        rows(bundle(*parties()))


def test_parties_are_found_however_they_are_referred_to() -> None:
    doctor = practitioner("okonjo", "Amara", "Okonjo", OKONJO)
    urn = "urn:uuid:0f21af2c-9880-54cb-14a5-5493a766da42"
    with_urn = {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"fullUrl": urn, "resource": doctor}, {"resource": service_request(requester={"reference": urn})},
    ]}  # fmt: skip
    inside = service_request(contained=[doctor], requester={"reference": "#okonjo"})
    absolute = service_request(requester={"reference": "https://ehr.example/fhir/Practitioner/okonjo/_history/2"})
    logical = service_request(requester={"type": "Practitioner", "identifier": {"system": NPI, "value": OKONJO}})
    conditional = service_request(requester={"reference": f"Practitioner?identifier={NPI}|{OKONJO}"})
    untyped = service_request(requester={"identifier": {"system": NPI, "value": OKONJO}, "display": "Amara Okonjo"})
    files = [
        bundle(untyped),
        json.dumps(with_urn).encode(),
        bundle(inside),
        bundle(absolute, doctor),
        bundle(absolute, doctor, kind="searchset", urls="https://ehr.example/fhir/"),
        bundle(logical),
        bundle(conditional),
        json.dumps([service_request(requester=reference("Practitioner", "okonjo")), doctor]).encode(),
        json.dumps(inside, indent=1).encode(),
    ]
    assert [rows(data)[0]["Referring NPI"] for data in files] == [OKONJO] * len(files)


def test_an_identifier_of_the_type_npi_is_one() -> None:
    doctor = practitioner("okonjo", "Amara", "Okonjo")
    doctor["identifier"].append({"type": {"coding": [{"code": "NPI"}]}, "value": OKONJO})
    (found,) = rows(bundle(service_request(requester=reference("Practitioner", "okonjo")), doctor))
    assert found["Referring NPI"] == OKONJO


def test_a_name_beside_a_reference_stands_in_for_a_party_that_is_not_in_the_file() -> None:
    request = service_request(
        requester=reference("Practitioner", "x", "Dr. Lin"), performer=[reference("Organization", "y", "Hill Clinic")]
    )
    (found,) = rows(json.dumps(request).encode())
    assert (found["Referring Provider"], found["Referred To Location"]) == ("Dr. Lin", "Hill Clinic")


def test_the_receiving_side_is_the_place_then_the_organization() -> None:
    role = [reference("PractitionerRole", "role2")]
    found = row(service_request(performer=role, code=None))
    assert found["Referred To Location"] == "Riverbend Heart"
    assert (found["Referred To Provider"], found["Department"]) == ("Jonas Becker, MD", "Cardiology")
    placed = row(service_request(performer=role, locationReference=[reference("Location", "loc2")]))
    assert placed["Referred To Location"] == "Riverbend Dublin"


@pytest.mark.parametrize(
    ("changed", "service"),
    [
        ({"performerType": coded("17561000", "Cardiologist (occupation)")}, "Cardiologist"),
        ({"code": coded("1", "Referral to the pain clinic (procedure)")}, "Pain"),
        ({"code": coded("73761001", "Colonoscopy (procedure)")}, ""),
        ({"code": None, "category": [coded("3457005", "Referral"), coded("1", "Social service")]}, "Social service"),
    ],
)
def test_the_service_is_a_specialty_and_never_a_procedure(changed: Json, service: str) -> None:
    assert row(service_request(**changed)).get("Department", "") == service


@pytest.mark.parametrize(
    ("changed", "day"),
    [
        ({"occurrenceDateTime": "2026-03-09T10:00:00Z"}, "2026-03-09"),
        ({"occurrencePeriod": {"start": "2026-03-09T10:00:00Z", "end": "2026-03-09T11:00:00Z"}}, "2026-03-09"),
        ({"occurrencePeriod": {"start": "2026-03-09", "end": "2026-05-09"}}, ""),
        ({"occurrencePeriod": {"start": "2026-03-09"}}, ""),
        ({"occurrenceDateTime": "2026-02-01"}, ""),
        ({"occurrenceDateTime": "2026-03"}, ""),
    ],
)
def test_an_occurrence_on_one_later_day_is_the_appointment(changed: Json, day: str) -> None:
    assert row(service_request(**changed)).get("Appointment Date", "") == day


def task(status: str, on: str = "2026-03-05", about: str = "ServiceRequest/sr1") -> Json:
    return {
        "resourceType": "Task", "id": f"t{status}{on}", "status": status, "lastModified": f"{on}T00:00:00Z",
        "focus": {"reference": about}, "for": {"reference": "Patient/pat1", "display": CANARY}, "description": CANARY,
    }  # fmt: skip


def appointment(status: str) -> Json:
    return {
        "resourceType": "Appointment", "id": f"a{status}", "status": status, "start": "2026-03-20T09:00:00Z",
        "basedOn": [reference("ServiceRequest", "sr1")], "participant": [{"actor": {"display": CANARY}}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "others", "word"),
    [
        ("completed", [], "Completed"),
        ("revoked", [task("accepted")], "Canceled"),
        ("entered-in-error", [], "Canceled"),
        ("on-hold", [], "Pending"),
        ("unknown", [], ""),
        ("active", [task("accepted"), task("requested", "2026-03-02")], "Accepted"),
        ("active", [task("rejected", about="https://ehr.example/ServiceRequest/sr1")], "Rejected"),
        ("active", [task("draft")], "Active"),
        ("active", [appointment("booked")], "Scheduled"),
        ("active", [appointment("booked"), task("accepted")], "Scheduled"),
        ("active", [appointment("fulfilled")], "Completed"),
        ("active", [appointment("booked"), task("completed")], "Completed"),
        ("active", [appointment("cancelled")], "Active"),
        ("active", [task("rejected", about="ServiceRequest/other")], "Active"),
    ],
)
def test_tasks_and_appointments_tell_how_far_a_referral_got(status: str, others: list[Json], word: str) -> None:
    assert row(service_request(status=status), *others)["Referral Status"] == word


def test_an_appointment_gives_its_day() -> None:
    assert row(service_request(), appointment("booked"))["Appointment Date"] == "2026-03-20"


def test_a_part_counts_once_with_its_whole() -> None:
    child = service_request("sr2", basedOn=[reference("ServiceRequest", "sr1")], requester=None, status="completed",
                            occurrenceDateTime="2026-03-09")  # fmt: skip
    grandchild = service_request("sr3", basedOn=[reference("ServiceRequest", "sr2")])
    for resources in ((service_request(), child, grandchild), (grandchild, child, service_request())):
        found = row(*resources)
        assert (found["Referral ID"], found["Referral Status"]) == ("REF-sr1", "Active")
        assert (found["Referring NPI"], found["Appointment Date"]) == (OKONJO, "2026-03-09")
    outside = service_request("sr4", basedOn=[reference("ServiceRequest", "sr9"), reference("CarePlan", "p")])
    assert row(outside)["Referral ID"] == "sr9"
    circle = service_request("sr1", basedOn=[reference("ServiceRequest", "sr1")])
    assert row(circle)["Referral ID"] == "REF-sr1"


def test_several_versions_of_one_referral_are_one_row_with_the_last() -> None:
    newer = service_request(status="completed", meta={"lastUpdated": "2026-03-09T00:00:00Z"})
    older = service_request(meta={"lastUpdated": "2026-03-02T00:00:00Z"})
    assert row(newer, older)["Referral Status"] == "Completed"


def test_the_number_is_the_senders_own_else_the_id() -> None:
    placer = {"type": {"coding": [{"code": "PLAC"}]}, "value": "P-7"}
    assert row(service_request(identifier=[{"value": "F-1"}, placer]))["Referral ID"] == "P-7"
    assert row(service_request(identifier=None))["Referral ID"] == "sr1"


def test_a_bulk_export_is_read_line_by_line() -> None:
    lab = service_request("sr2", category=[coded("108252007", "Laboratory procedure")], code=None)
    data = ndjson(service_request(), *patient(), lab, *parties()) + b"\r\n{broken " + CANARY.encode() + b"\n"
    for name in ("r.ndjson", "r.jsonl"):
        (found,) = rows(data, name)
        assert (found["line"], found["Referring NPI"]) == ("1", OKONJO)
        refused = dict(sheet_of(data, name).refused)
        assert refused == {6: LAB, 15: "The line cannot be read: it is no JSON from its line 1 on"}


def test_older_releases_have_referral_requests() -> None:
    r3 = {
        "resourceType": "ReferralRequest", "id": "r3", "status": "active", "intent": "order",
        "authoredOn": "2018-02-14", "specialty": coded("1", "Neurology"), "description": CANARY,
        "requester": {"agent": reference("Practitioner", "okonjo"), "onBehalfOf": reference("Organization", "org1")},
        "recipient": [reference("Practitioner", "becker")], "subject": {"display": CANARY},
    }  # fmt: skip
    r2 = {
        "resourceType": "ReferralRequest", "id": "r2", "status": "requested", "date": "2016-02-14",
        "requester": reference("Practitioner", "becker"), "recipient": [reference("Organization", "org2")],
        "patient": {"reference": "Patient/pat1", "display": CANARY}, "reason": {"text": CANARY},
    }  # fmt: skip
    first, second = rows(bundle(r3, r2, *parties()))
    assert (first["Referring NPI"], first["Referring Organization"]) == (OKONJO, "Olentangy Family Medicine")
    assert (first["Department"], first["Referred To Provider"]) == ("Neurology", "Jonas Becker, MD")
    assert (second["Referring NPI"], second["Referral Received Date"]) == (BECKER, "2016-02-14")
    assert (second["Referral Status"], second["Referred To Location"]) == ("Requested", "Riverbend Heart")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON from its line 1"),
        ('{"resourceType": "Bundle",\n "entry": [}', "no JSON from its line 2"),
        ("[" * 200_000, "nested deeper"),
        ('{"a":' * 200_000, "nested deeper"),
        ('{"resourceType": "ServiceRequest", "id": "a", "id": "b"}', "names a field twice"),
        ('{"resourceType": "ServiceRequest", "quantity": NaN}', "NaN"),
        ('{"resourceType": "ServiceRequest", "quantity": -Infinity}', "NaN or Infinity"),
        ('[{"a": "1"}]', "no FHIR"),
        ('"text"', "no FHIR"),
        ("<Bundle/>", "no JSON"),
        ('{"resourceType": ["Bundle"]}', "no FHIR"),
        ('{"resourceType": "ServiceRequest", "x": ' + "9" * 100_000 + "}", "not say that it is a referral"),
    ],
)
def test_what_is_no_fhir_is_refused_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(Invalid) as problem:
        rows(text.encode())
    assert says in problem.value.says
    assert problem.value.says.endswith(".")


def test_broken_characters_become_blanks() -> None:
    request = json.dumps(service_request(requester=reference("Practitioner", "x", "Dr. \ud800 Li\u0000n")))
    assert rows(request.encode())[0]["Referring Provider"] == "Dr. Li n"


def test_more_resources_than_the_limit_are_refused() -> None:
    with pytest.raises(TooLarge, match="more than 3 requests and parties"):
        read_file("r.json", bundle(*parties()), Limits(max_rows=3))
    with pytest.raises(TooLarge, match="more than 3 requests and parties"):
        read_file("r.ndjson", b"x\n" * 5, Limits(max_rows=3))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["Patient/pat1", CANARY]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(service_request())), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(service_request())), anything, max_size=4))
def test_any_value_in_any_place_is_read_or_refused(changed: Json) -> None:
    data = bundle(service_request("ok"), {**service_request("sr2"), **changed})
    assert len(list(sheet_of(data).lines())) in (2, 3)
