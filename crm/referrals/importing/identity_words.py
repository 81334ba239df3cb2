"""Names of columns that identify patients: one rule per kind, for `headers.header_key` of the column's name.

Rules in ALWAYS hold in every file. Rules in EVENTS hold where one row is one referral, for there any person is a patient
unless the name says whose it is: in a directory or a monthly count the same column belongs to a provider or a practice.
The kinds are those of HIPAA's Safe Harbor list, 45 CFR 164.514(b)(2), and clinical details.
"""

import re

NAME = r"(?:name|names|nm|fullname|firstname|lastname|middlename|maidenname|preferredname|legalname|first|last|middle|fname|lname|mname|initials?)"
NUMBER = r"(?:id|ids|no|num|nbr|number|code|key|identifier)"
PERSON = r"(?:patients?|pat|pts?|clients?|members?|subscribers?|guarantors?|insureds?|beneficiar(?:y|ies)|bene|residents?|enrollees?|dependents?|policyholders?|inmates?)"
RELATIVE = (
    r"(?:nextofkin|nok|mothers?|fathers?|guardians?|spouses?|emergencycontacts?|responsibleparty|caregivers?|parents?)"
)

# What looks like a patient's column and is a number about patients, or a rule of the trade.
HARMLESS = re.compile(
    r"^(?:no|num|number|count|total|new|unique|distinct|avg|average|of|is|active|percent|pct)*"
    r"(?:(?:patients?|pts?|clients?|members?|beneficiaries|bene)"
    r"(?:count|counts|cnt|volume|volumes|total|totals|visits?|visit(?:yn|flag)|encounters|seen|treated|referred|days|share|mix|load|type|class|status|panel)?)$"
)
# "Patient" alone is a column of patients; so is a bare abbreviation of it.
BARE = re.compile(r"^(?:patient|pat|pt|client|member|subscriber|guarantor|insured|beneficiary|resident|enrollee)$")

# In a file of single referrals a number; anything else under such a name is a person.
PATIENTS = re.compile(r"^(?:patients|pts|clients|members|beneficiaries|residents)$")

ALWAYS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("Social security number", re.compile(r"^ssn|(?<![nlrc][ea])ssn(?:no|num|number|last4)?$|socialsec|socsec|^ss(?:no|num|number)?$|^last4(?:ofssn)?$|^itin$")),
    ("Birth date", re.compile(r"dob(?:dt|date|yr|year|value|text)?\d?$|^dob|birth|^bday$|^bdate$|^born(?:on)?$|dateofbirth|^yob$")),
    ("Patient name", re.compile(rf"^(?:{PERSON}|{RELATIVE}){NAME}\d?$|^(?:name|lastname|firstname|fullname)of?{PERSON}$|^(?:nextofkin|nok|mother|father|guardian|spouse|emergencycontact)s?$")),
    ("Plan number", re.compile(
        rf"^(?:mbi|hicn?|hicnumber|hicno)$|^(?:medicare|medicaid){NUMBER}$|^(?:medicare|medicaid)(?:beneficiary|recipient|member).*$"
        rf"|^(?:member|subscriber|insured|policyholder|enrollee|beneficiary)s?{NUMBER}$|^{PERSON}plan{NUMBER}?$"
        rf"|^(?:insurance|ins|policy|plan|health?plan|payer|payor|coverage)(?:member|subscriber|policy|card){NUMBER}?$"
        rf"|^policy{NUMBER}?$|^(?:primary|pri|prim|secondary|sec)?(?:insurance|ins|coverage|payer|payor)(?:id|no|num|nbr|number)+$|^(?:ins|insurance)?group(?:id|no|num|nbr|number)$"
    )),
    ("Medical record number", re.compile(
        rf"mrn|^(?:emrn|empi|eid|epicid|epicmrn|csn|har|enterpriseid)$|^med(?:ical)?rec(?:ord)?s?{NUMBER}?$|^medrec"
        rf"|^chart{NUMBER}?$|^{PERSON}{NUMBER}$|^health?record{NUMBER}$|^ehr{NUMBER}$|^emr{NUMBER}$|^hospital{NUMBER}$"
    )),
    ("Patient detail", re.compile(rf"^(?:{PERSON}|{RELATIVE})(?:s)?(?:addr|address|street|city|state|zip|postal|county|country|geo|phone|tel|cell|mobile|home"
                                  rf"|fax|email|mail|age|sex|gender|race|ethnic|language|marital|religion|employer|photo|image|account|acct|dl|license|url|ip|contact|portal"
                                  rf"|dod|death|birth|admit|discharge|ssn|mrn|insurance|diagnosis|dx|condition|note|comment|info|demographic)")),
    ("Driver's license", re.compile(r"^(?:drivers?lic|dlno|dlnum|dlnumber|driverslicense)")),
    ("Vehicle", re.compile(r"^(?:vin|vinno|vinnumber|licenseplate|plateno|platenumber|vehicleid)$")),
    ("Face or fingerprint", re.compile(r"^(?:photo|facephoto|headshot|fingerprint|biometric|voiceprint|retina)")),
    ("Death date", re.compile(r"^(?:dod|dateofdeath|deathdate|deceased|deceasedon|deceaseddate)$")),
)  # fmt: skip

EVENTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("Name of a person", re.compile(
        rf"^(?:last|first|middle|full|maiden|preferred|legal|sur|given|family)names?$|^[lfm]name$|^surname$|^name(?:last|first|full)$|^initials$|^apptname$"
        rf"|^apptfor$|^contactname$|^person(?:name)?$|^{NAME}$"
    )),
    ("Patient", re.compile(
        r"^(?:subject|subjectreference|pid\d*|pid.+|individual|paciente.*|nombres?|nombre(?:completo|(?:del)?paciente)|apellidos?)$|fecha(?:de)?nacimiento"
    )),
    ("Age or sex", re.compile(r"^(?:age|ages|ageyears|ageyrs|ageatvisit|ageatreferral|ageinyears|currentage|sex|gender|gndr|genderidentity|birthsex|race|ethnicity|ethnicgroup|language|"
                              r"preferredlanguage|maritalstatus|religion|pronouns)$")),
    ("Date of care", re.compile(r"^(?:hosp(?:ital)?)?(?:admit|admsn|admission|discharge|disch(?:dt|date|time)|dischg|dos\d?$|dosfrom|dosto|dateofservice|servicedate|servicedt|svcdate|svcdt|date(?:admitted|discharged|oflast)|lastseenby|firstdos|anydos|surgerydate|"
                                r"procedure?date|dateofinjury|doi$|injurydate|onset)")),
    ("Address", re.compile(r"^(?:address|addr|street|home|mailing|residen|city|town|zip|zipcode|zip5|zip4|postal|postalcode|county|latitude|longitude|lat$|lon$|lng$|geocode)")),
    ("Phone, fax or email", re.compile(r"^(?:phone|telephone|tel$|telno|cell|mobile|fax|email|emailaddress|mail$|workphone|homephone|primaryphone|contactphone|contactemail)")),
    ("Account or claim", re.compile(rf"^(?:account|acct|encounter|enc|visit|claim|case|episode|stay|admission|invoice|bill|authorization|auth|precert|member){NUMBER}$"
                                    r"|^(?:fin|account|acct|encounter|claim|hospitalaccount)$")),
    ("Plan number", re.compile(r"^(?:member|subscriber|medicaid|medicare)(?:id|no|num|number)?$|^policy")),
    ("License or certificate", re.compile(r"^(?:license|licence|certificate|cert)(?:no|num|number|id)?$|^passport")),
    ("Device", re.compile(r"^(?:udi|serial|serialno|serialnumber|deviceid|deviceserial|implant)")),
    ("Web or network address", re.compile(r"^(?:url|website|webaddress|ip|ipaddress|ipaddr)$")),
    ("Diagnosis or treatment", re.compile(
        r"^(?:dx|diag|diagnos|primarydx|primarydiag|secondarydx|icd|cpt|hcpcs|drg|procedure|proccode|allerg|medication|meds$|drug|ndc|result|labresult|"
        r"complaint|chiefcomplaint|symptom|condition|problem|snomed|loinc|dxid|injury|bodypart|equipmentname)"
    )),
)  # fmt: skip

# In a file of single referrals whatever is of the patient, also of the one who was referred by or to somebody of ours.
OF_PATIENTS = re.compile(
    r"(?<!in)(?<!out)patient(?!s?(?:first|care|cent|access|service|regist|location|types?$|class$|status$|count|cnt|vol|total|visit|seen|load|mix|panel|new))"
    r"|subscriber|guarantor|insuredid|policyholder|nextofkin|emergencycontact|ssn$"
    r"|(?:marital|vital|smoking|employment|citizenship|pregnancy|student|veteran|disability|immigration|living|hiv|covid|vaccination)status"
    r"|^(?:primary|secondary|pri|sec)?(?:insurance|ins|plan|coverage).*(?:subscriber|member|group|policy|card|cert)"
    r"|^(?:referral|referred|order|visit|appt|appointment)(?:phone|tel|cell|mobile|home|email|address|addr|street|dob|age|pt(?!ype))"
)
# Whose a column is when its name says so: never the patient's.
OURS = re.compile(
    r"^(?:refer|ref(?!us)|refd|source|provider|prov|physician|phys(?!ical)|practice|doctor|dr(?!g|ug)|clinic(?!al)|office|facility|site|org|hospital|location|"
    r"dest|our(?:s|site|prov)|treating|attending|ordering|rendering|pcp|group(?:name|npi)|liaison|rep(?:name|id)?$|staff|sales|"
    r"(?:to|from)(?:npi|org|loc|site|fac|practice|prov|clinic|city|zip|hospital)|account(?:owner|manager|name|rep|type))"
)
# What a referral's own words may stand in front of without making them harmless: `Referral diagnosis`.
OF_THE_REFERRAL = re.compile(
    r"^(?:referral|referring|refer|ref|order|visit|appt|appointment)(?=dx|diag|icd|cpt|hcpcs|proc|age$|sex$|gender)"
)
FREE_TEXT = re.compile(
    r"comment|^notes?$|notes?$|^note[a-z]|remark|^memo|narrative|freetext|^messages?$|^details?$|instruction|^description$|^reason|reason$|^rsn|rsn[a-z]*name$|"
    r"^summary$|^history$|^info$|additionalinfo|closersn|denyrsn"
)
