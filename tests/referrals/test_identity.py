"""Tests of patient identity: an invented corpus of identifiers in many spellings and places, and clean files."""

import csv
import io
from itertools import product

import pytest

from crm.core.errors import Invalid
from crm.referrals.importing import identity
from crm.referrals.importing.headers import header_key
from crm.referrals.importing.identity import Ruling
from crm.referrals.importing.reading import read_file
from crm.referrals.importing.sign_patterns import is_vin
from crm.referrals.importing.survey import Survey, survey
from crm.referrals.models import Grain
from tests.referrals.files import BECKER, OKONJO, csv_bytes, workbook

# One row per referral, clean; a patient column is put into it at every place.
BASE = ("Referral Date", "Referring Provider NPI", "Referring Practice", "Department", "Status")
ROWS = [
    ("03/02/2026", OKONJO, "Olentangy Family Medicine", "Orthopedics", "Scheduled"),
    ("03/03/2026", BECKER, "Southgate Internal Medicine", "Cardiology", "Completed"),
    ("03/05/2026", OKONJO, "Olentangy Family Medicine", "Imaging", "Pending Review"),
]
# Names that identify a patient, with harmless-looking values: the name alone must do.
TELLING_NAMES = (
    """
Patient Name|PATIENT_NAME|PatientName|patient.full.name|Pt Name|PT_NAME|ptName|Pat Name|Patient|Pt|
Patient First Name|Patient Last|PAT_LAST_NAME|Member Name|Subscriber Name|Guarantor|Guarantor Name|Insured Name|
Next of Kin|Mother's Name|Emergency Contact|Client Name|Last Name|First Name|LName|FName|Full Name|Surname|Name|
Appt Name|Initials|DOB|D.O.B.|Pt DOB|Date of Birth|Birth Date|BIRTHDATE|Patient Birth Date|Birthday|Birth Year|Age|
Patient Age|Age at Visit|Sex|Gender|SSN|Patient SSN|SSN_LAST4|Last4|Social Security #|Soc Sec No|
SocialSecurityNumber|MRN|Patient MRN|PAT_MRN|MRN #|Medical Record Number|Med Rec No|Medical Rec #|Chart #|
Chart Number|Epic ID|EMPI|CSN|HAR|FIN|Patient ID|PAT_ID|Patient Number|Patient No.|Pt ID|PatientKey|Client ID|MBI|
HICN|Medicare ID|Medicaid ID|Medicaid #|Member ID|Subscriber ID|Policy Number|Policy #|Insurance ID|Group Number|
Patient Address|Patient Street|Patient City|Patient Zip|Pt Zip Code|Address|Street Address|Home Address|City|ZIP|
Zip Code|County|Patient Phone|Home Phone|Cell Phone|Mobile|Phone|Phone Number|Patient Email|Email|Email Address|Fax|
Account Number|Acct #|Encounter ID|Visit ID|Claim Number|Case Number|License Number|Driver's License|VIN|
License Plate|Device Serial|UDI|IP Address|Photo|Fingerprint|Admit Date|Admission Date|Discharge Date|DOS|
Date of Service|Service Date|Date of Death|Deceased|Diagnosis|Primary Dx|Primary Dx Code|ICD-10|ICD10 Code|
Referral Diagnosis|CPT Code|HCPCS|DRG|Procedure|Medication|Allergies|Lab Result|Race|Ethnicity|Marital Status|
Preferred Language|subject|PID-5|PID.3
""".replace("\n", "")
    .strip("|")
    .split("|")
)
# Values that identify a patient under a name that says nothing.
TELLING_VALUES = {
    "ssn": ["218-44-1029", "", "219-55-2030"],
    "ssn with blanks": ["218 44 1029", "x", "y"],
    "ssn in a text": ["ok", "her SSN 218-44-1029 on file", "ok"],
    "mbi": ["1EG4-TE5-MK72", "2FA9-AA0-AA11", ""],
    "mbi plain": ["1EG4TE5MK72", "", ""],
    "birth date in a text": ["DOB 03/04/1951", "ok", "ok"],
    "record number in a text": ["fine", "MRN: 00482915", "fine"],
    "birth dates": ["04/02/1951", "11/23/1987", "07/07/2014"],
    "birth dates of one decade": ["04/02/1951", "11/23/1957", "07/07/1954"],
    "birth dates with short years": ["4/2/51", "11/23/87", "7/7/14"],
    "emails": ["zeb.quill@mail.example", "", "ada@mail.example"],
    "phones": ["(614) 555-0142", "614-555-0177", "614.555.0100"],
    "icd": ["E11.9", "M54.5", "I10"],
    "uuid": [
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "7f2504e0-4f89-41d3-9a0c-0305e82c3302",
        "9f2504e0-4f89-41d3-9a0c-0305e82c3303",
    ],
    "vin": ["1HGBH41JXMN109186", "1M8GDM9AXKP042788", "5GZCZ43D13S812715"],
    "urls": ["https://portal.example/p/1", "https://portal.example/p/2", "https://portal.example/p/3"],
}


def looked_at(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> Survey:
    return survey(read_file("a.csv", csv_bytes(rows, header)))


def with_column(name: str, values: list[str], place: int) -> Survey:
    header = (*BASE[:place], name, *BASE[place:])
    return looked_at(header, [(*row[:place], value, *row[place:]) for row, value in zip(ROWS, values, strict=True)])


@pytest.mark.parametrize("name", TELLING_NAMES)
def test_a_column_with_a_telling_name_is_refused_wherever_it_stands(name: str) -> None:
    for place in (0, 2, len(BASE)):
        found = with_column(name, ["Zeb", "Ada", "Kit"], place)
        verdict = found.main.columns[place].verdict
        assert verdict.ruling is Ruling.REFUSE, (name, place)
        assert verdict.rows == 3
        assert [column.key for column in found.main.kept] == [header_key(column) for column in BASE]


@pytest.mark.parametrize("kind", sorted(TELLING_VALUES))
def test_a_column_with_telling_values_is_refused_whatever_its_name(kind: str) -> None:
    for name, place in product(("Field 7", "Extra", ""), (0, len(BASE))):
        verdict = with_column(name, TELLING_VALUES[kind], place).main.columns[place].verdict
        assert verdict.ruling is Ruling.REFUSE, (kind, name, place)


def test_near_unique_codes_and_names_are_refused_in_referrals() -> None:
    for values in (
        [f"Quill, Zeb {n}" for n in range(40)],
        [f"{7_000_000 + n * 13}" for n in range(40)],
        [f"H{n}X{n}" for n in range(40)],
    ):
        rows = [(*ROWS[0], value) for value in values]
        assert looked_at((*BASE, "Ref"), rows).main.columns[-1].verdict.ruling is Ruling.REFUSE


def test_free_text_is_left_out_and_never_shown() -> None:
    found = looked_at((*BASE, "Comments", "Reason for referral"), [(*row, "call back", "knee") for row in ROWS])
    assert [column.verdict.ruling for column in found.main.columns[-2:]] == [Ruling.LEAVE_OUT] * 2


def test_all_values_are_looked_at_not_a_sample() -> None:
    rows = [(*ROWS[0], "fine") for _ in range(12_000)] + [(*ROWS[0], "218-44-1029")]
    verdict = looked_at((*BASE, "Extra"), rows).main.columns[-1].verdict
    assert (verdict.ruling, verdict.rows) == (Ruling.REFUSE, 1)


def test_other_and_hidden_sheets_are_looked_at_too() -> None:
    data = workbook({"Main": [BASE, *ROWS], "Extra": [("Patient Name", "x"), ("Zeb Quill", "1")]}, hidden=["Extra"])
    found = survey(read_file("a.xlsx", data))
    assert found.main.sheet.name == "Main"
    refused = [column for column in found.others[0].dropped if column.verdict.ruling is Ruling.REFUSE]
    assert [(column.header, column.verdict.rule) for column in refused] == [("Patient Name", "Patient name")]


def test_a_title_above_the_header_does_not_hide_it() -> None:
    data = csv_bytes(
        [("", "", "", ""), ("Referral Date", "Ref NPI", "PT_NAME", "Status"), ("03/02/2026", OKONJO, "Zeb", "Open")],
        ("Report", "", "", ""),
    )
    found = survey(read_file("a.csv", data))
    assert found.main.header_line == 3
    assert found.main.rows == 1
    assert [column.header for column in found.main.dropped] == ["PT_NAME"]


def test_a_file_without_a_header_shows_no_value_as_one() -> None:
    rows = [("Quill, Zeb", f"03/{n:02d}/2026", OKONJO) for n in range(1, 9)]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    found = survey(read_file("a.csv", text.getvalue().encode()))
    assert found.main.header_line == 0
    assert [column.header for column in found.main.columns] == ["Column A", "Column B", "Column C"]


def test_a_header_that_is_a_value_is_not_shown() -> None:
    data = csv_bytes([("03/02/2026", OKONJO, "x")], ("Referral Date", "Ref NPI", "zeb@mail.example"))
    assert survey(read_file("a.csv", data)).main.columns[2].header == "Column C"


CLEAN_COUNTS = [
    ("Month", "NPI", "Provider Name", "Email", "Phone", "# Of Patients"),
    ("Month", "Referring Provider NPI", "Last Name", "First Name", "Address", "ZIP", "Referral Count"),
    ("from_npi", "to_npi", "patient_count", "transaction_count", "full_name", "credential_text", "middle_name"),
    ("Period", "Referral Source", "City", "County", "Total Referrals", "New Patients", "Payments"),
    ("laboratory", "provider_npi", "claim_id_count"),
    ("Month", "Practice Name", "Account Number", "License Number", "Gender", "Count"),
]


@pytest.mark.parametrize("header", CLEAN_COUNTS)
def test_counts_of_providers_and_practices_keep_all_their_columns(header: tuple[str, ...]) -> None:
    value = {"Email": "front@olentangy.example", "Phone": "(614) 555-0142", "Month": "2026-03", "Period": "2026-03"}
    row = tuple(value.get(name, OKONJO if "npi" in name.lower() else "7") for name in header)
    found = looked_at(header, [row, row])
    assert found.grain is Grain.MONTH
    assert found.main.dropped == []


CLEAN_EVENT_NAMES = (
    """
Referral Received Date|ENTRY_DATE|RFL_RECEIVED_DATE|Referring Physician|Referring Physician NPI|Referring Prov Dept|
Referring Organization|REFERRING_PROV_NAM|Referral Contact|Referred By|Referral Source|Facility Name|Practice Name|
Provider Name|PCP Physician|PCP Physician NPI|Treating Practitioner|Location|Primary Treatment Clinic|
REFD_TO_SPEC_C_NAME|Specialty|Service Line|RFL_STATUS_C_NAME|SCHED_STATUS_C_NAME|Appt Status|Appt Date|
Appointment Date|Visit Date|RPT_SENT_DATE|PAYOR_ID_PAYOR_NAME|Primary Insurance|Insurance Type|Financial Class|
Charges|Payments|Net Revenue|Referral ID|Reference #|Parent Reference #|Priority|RFL_TYPE_C_NAME|Appt Type|
Visit Type|Created Date|State|Referring City|Referring Zip|Practice Phone|Referring Provider Email|Clinic Fax|
Provider Address|New Patient|Is New Patient Visit|Business Name|Witness|Class Name|Address Book Entry
""".replace("\n", "")
    .strip("|")
    .split("|")
)


@pytest.mark.parametrize("name", CLEAN_EVENT_NAMES[:-1])
def test_a_column_about_the_referral_or_its_source_is_not_refused(name: str) -> None:
    assert identity.rule_by_name(header_key(name), Grain.EVENT) == ""


@pytest.mark.parametrize(
    "name",
    [
        "Patient Count",
        "# of Patients",
        "New Patients",
        "Patients Seen",
        "Patient Visits",
        "Number of Patients",
        "Total Patients",
    ],
)
def test_numbers_about_patients_are_no_identity(name: str) -> None:
    assert identity.rule_by_name(header_key(name), Grain.EVENT) == ""


def test_practice_numbers_are_no_ssn_phone_or_record_number() -> None:
    values = {
        "zip4": ["43085-1234"] * 3,
        "ein": ["31-1234567"] * 3,
        "npi": [OKONJO, BECKER, OKONJO],
        "id": ["482915", "482915", "482916"],
    }
    for name, column in values.items():
        assert with_column(f"Site {name}", column, 2).main.columns[2].verdict.ruling is not Ruling.REFUSE, name


def test_a_directory_is_sent_to_the_directory() -> None:
    header = ("NPI", "Provider Last Name", "Facility Name", "City/Town", "ZIP Code")
    with pytest.raises(Invalid, match="Directory"):
        looked_at(header, [(OKONJO, "Okonjo", "Olentangy", "Worthington", "43085")])


def test_the_verdict_never_holds_a_value() -> None:
    found = with_column("Extra", ["218-44-1029", "219-55-2030", ""], 1)
    assert "218" not in repr(found.main.columns[1].verdict)
    assert "218" not in repr(found.main.columns[1].header)


def test_the_check_digit_of_a_vehicle() -> None:
    assert is_vin("1HGBH41JXMN109186")
    assert not is_vin("1HGBH41J1MN109186")
