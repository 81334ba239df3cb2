"""The 18 identifiers of HIPAA's Safe Harbor, 45 CFR 164.514(b)(2), and clinical details: what systems call their columns.

`headers` are column names as exports write them (Epic, Cerner, athena, eClinicalWorks, NextGen, Open Dental, Dentrix,
WebPT, Caredove, Meditech, Allscripts and people). Where `by_value` is set, values alone must give the column away.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.referrals.corpus import words


@dataclass(frozen=True)
class Kind:
    """One kind of identifier. Values shorter than five signs cannot be searched for; the column must be gone."""

    number: str
    name: str
    headers: tuple[str, ...]
    value: Callable[[Random], str]
    by_value: bool = False


def _kind(number: str, name: str, headers: str, value: Callable[[Random], str], *, by_value: bool = False) -> Kind:
    return Kind(number, name, tuple(part.strip() for part in " ".join(headers.split()).split("|")), value, by_value)


KINDS = (
    _kind("1", "name", """Patient Name|PAT_NAME|PatientName|Pt. Name|Patient Full Name|Patient Last Name|PATIENT_FIRST_NAME|
        Last Name|FNAME|LName|Name (Last, First)|Patient|PT|Name|NAME_FULL_FORMATTED|PERSON_NAME|patient_lastname|
        Client Name|Member Name|Subscriber Name|Guarantor Name|Responsible Party|Next of Kin|Emergency Contact Name|
        Mother's Maiden Name|Parent/Guardian|Spouse Name|Legal Name|Preferred Name|Pt Last, First|Patient (Last, First MI)|
        Name of Patient|Referred Patient|Appt Patient|PATIENT NM|Insured's Name|Policy Holder|Nombre del paciente|
        Employer|Household Member|Alias|Maiden Name|Patients|Resident Name""", words.full_name),
    _kind("2", "place", """Patient Address|PAT_ADDRESS|Patient Street|Address 1|ADDR_LINE_1|Street Address|Home Address|
        Mailing Address|Pt Address|Address Line 2|Residence|Patient Addr|Addr1|HmAddress""", words.street),
    _kind("2", "town", "Patient City|City|PAT_CITY|Town|Home City|Patient County|County|Res City|City of residence", words.town),
    _kind("2", "zip", "Patient Zip|ZIP|Zip Code|PAT_ZIP|Postal Code|Patient ZIP+4|Pt Zip|Home Zip|Zip5", lambda c: words.digits(c, 5)),
    _kind("3", "birth date", """DOB|D.O.B.|Date of Birth|BIRTH_DATE|BirthDt|Patient DOB|PAT_DOB|pt_dob|Birthdate|BDATE|
        Birthday|DtOfBirth|DateOfBirth|patientdob|Dt of Birth|Birth|Born|Member DOB|Subscriber DOB|Fecha de nacimiento""", words.birth_date, by_value=True),
    _kind("3", "day of care", """Admit Date|ADMISSION_DATE|Discharge Date|DISCH_DT|DOS|Date of Service|Service Date|SVC_DT|
        Admit Dt|Date Admitted|HOSP_ADMSN_TIME|Surgery Date|Procedure Date|Date of Injury|Date of Death|DOD|Death Date|
        Last Seen by Patient|Onset Date""", words.day),
    _kind("3", "age", "Age|Patient Age|Age at Visit|AGE_YEARS|Pt Age|Age (yrs)|Age at Referral|Current Age", lambda c: str(c.randint(18, 97))),
    _kind("4", "phone", """Patient Phone|Home Phone|HOME_PHONE|Cell|Cell Phone|Mobile Phone|Phone|Phone Number|WirelessPhone|HmPhone|
        Pt Phone #|Contact Phone|Patient Tel|Telephone|Work Phone|Phone 1|Best Contact Number|Emergency Phone""", words.phone, by_value=True),
    _kind("5", "fax", "Fax|Patient Fax|Fax Number|Home Fax", words.phone, by_value=True),
    _kind("6", "email", "Email|E-mail|Patient Email|EMAIL_ADDRESS|Pt E-Mail|Email Addr|MyChart Email", words.email, by_value=True),
    _kind("7", "social security number", """SSN|SSN#|Patient SSN|SOC_SEC_NO|Social Security Number|Social Security #|SS#|
        Soc Sec|SSNumber|PAT_SSN|Social""", words.ssn, by_value=True),
    _kind("7", "last four", "SSN Last 4|Last4|Last 4 of SSN|SSN4|Last Four SSN|ssn_last_four", lambda c: words.digits(c, 4)),
    _kind("8", "record number", """MRN|MRN #|PAT_MRN_ID|Patient MRN|Medical Record Number|Med Rec #|MED_REC_NBR|Medical Record No.|
        Chart #|ChartNumber|Chart No|PAT_ID|Patient ID|PatientID|PatNum|PatID|Pt ID|PERSON_ID|person_nbr|EPI|Epic ID|EMPI|
        CMRN|MPI ID|Unit Number|Patient Number|Patient No.|Enterprise ID|Hospital Number|Medical Record|MR Number|MR#|
        External Patient ID|Client ID|Client Number|Athena Patient ID|Subject ID|Study ID|Other ID|ID|UID|GUID|Record ID""",
        lambda c: words.digits(c, 8)),
    _kind("9", "plan number", """Medicare ID|MBI|HICN|Medicaid ID|Medicaid #|Member ID|MEMBER_ID|Member #|Subscriber ID|SUBSCR_NUM|
        Policy Number|Policy #|Insurance ID|Ins ID|Insurance ID Number|Group Number|Group #|Health Card Number|Health Plan ID|
        Insurance Policy No|Primary Insurance ID|Primary Ins Member ID|Pri Subscriber #|Card Number|Plan Member Number|
        Insured ID|RX BIN|Beneficiary ID|HCN|PHN|Certificate #|MCD Number""",
        lambda c: f"W{words.digits(c, 9)}"),
    _kind("9", "Medicare number", "Medicare Number|MBI Number|Medicare Beneficiary Identifier|Field 3|Extra", words.mbi, by_value=True),
    _kind("10", "account", """Account Number|Acct #|ACCT_NBR|Patient Acct No|Account No.|Encounter ID|ENCNTR_ID|Encounter #|enc_nbr|CSN|
        PAT_ENC_CSN_ID|HAR|HSP_ACCOUNT_ID|FIN|FIN NBR|Visit ID|Visit Number|Claim Number|Claim #|Case ID|Case Number|Episode ID|
        Invoice #|Auth Number|Authorization #|Prior Auth #|Pre-cert Number|Appointment ID|Appt ID|Bill No|Ticket Number""",
        lambda c: words.digits(c, 9)),
    _kind("11", "license", "Driver's License|DL Number|Drivers Lic #|License Number|Certificate Number|Passport No|DL#|State ID",
        lambda c: f"RT{words.digits(c, 6)}"),
    _kind("12", "vehicle", "VIN|Vehicle ID|License Plate|Plate #|Field 9|Vehicle", words.vin, by_value=True),
    _kind("13", "device", "Device Serial|Serial Number|UDI|Implant Serial #|Device ID|Device Identifier|Implant|Equipment Serial No", lambda c: f"SN{words.digits(c, 8)}"),
    _kind("14", "web address", "URL|Patient Portal URL|Portal Link|Website|Link|Field 4", words.web, by_value=True),
    _kind("15", "network address", "IP Address|IP|Client IP|Device IP|Last IP|Field 5", words.address_of_device, by_value=True),
    _kind("16", "finger or voice", "Fingerprint ID|Biometric ID|Voiceprint|Retina Scan|Finger Print|Palm Scan ID", lambda c: words.digits(c, 12)),
    _kind("17", "photo", "Photo|Patient Photo|Photo URL|Headshot|Face Image|Picture", words.web),
    _kind("18", "other code", "Field 2|Token|Hash|Unique Key|Row GUID|Patient Token|Datavant Token", words.uuid, by_value=True),
    _kind("18", "running code", "Field 6|Code|Key|Ref2|Study Code|Wristband|External ID|Ext Ref", lambda c: f"K{words.digits(c, 7)}"),
    _kind("+", "diagnosis", """Diagnosis|Primary Dx|Primary Dx Code|ICD-10|ICD10|DX_CODE|Dx 1|Diagnosis Code|Referral Diagnosis|
        Diag1|DIAGNOSIS_NAME|Admitting Dx|Reason for Visit|Chief Complaint|Problem List|Medication|CPT|CPT Code|HCPCS|DRG|Procedure Code|
        Allergies|Lab Result|Condition|REASON_FOR_REFERRAL|Procedure|Referral Dx|Condition Code|Rx|Meds""",
        lambda c: c.choice(words.ICD)),
    _kind("+", "sex or race", "Sex|Gender|Patient Sex|Race|Ethnicity|Marital Status|Preferred Language|Religion|PAT_SEX|Gender Identity|Birth Sex|Language",
        lambda c: c.choice(("Female", "Male", "Other"))),
    _kind("+", "free text", """Notes|Comments|Referral Notes|Remarks|Reason for Referral|Message|Other|Misc|Additional Info|Clinical Notes|
        Scheduling Comment|Special Instructions|Memo|Details|History|Description|Narrative|Internal Note|Patient Notes|Other Info""", words.note),
)  # fmt: skip
BY_VALUE = tuple(kind for kind in KINDS if kind.by_value)
