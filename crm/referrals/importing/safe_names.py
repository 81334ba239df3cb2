"""What is kept of the name of a file or a sheet: one that might name a patient is replaced by one that says nothing.

Who brings a file chooses its name, so it is kept unless it shows a sign of a patient. The names of sheets are made by
systems and colleagues and looked at by nobody, so they are kept only where each word of them is known. Pure.
"""

import re
from pathlib import PurePath

from crm.core.patient_words import folded, signs_in

MAX_NAME = 200
PLAIN_FILE, PLAIN_SHEET = "file.csv", "Sheet"
# A name with one of these words is about a single patient, whatever else stands in it.
ABOUT_ONE = re.compile(
    r"(?:^|[^a-z])(?:mrn|dob|ssn|mbi|chart|medrec|birth|born|member id|acct|face ?sheet)(?:[^a-z]|$)",
    re.IGNORECASE,
)
PATIENT = re.compile(r"(?:^|[^a-z])(?:patients?|pts?)[^a-z0-9]+([^\W\d_]+)", re.IGNORECASE)
PERSON = re.compile(r"^\W*[^\W\d_]{2,}, ?[^\W\d_]{2,}(?: [^\W\d_]\.?)?\W*$")
LONG_NUMBER = re.compile(r"\d{7,}")
# Days and moments of exports, which are long numbers too.
MOMENT = re.compile(
    r"(?<!\d)20\d\d(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12]\d|3[01])(?:[T_-]?\d{4,6})?)?(?!\d)"
    r"|(?<!\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])20\d\d(?!\d)"
)
OLD_DAY = re.compile(r"(?<!\d)(?:19\d\d|(?:\d{1,2}[._-]){2}(?:19)?[4-9]\d)(?!\d)")
PHONE = re.compile(r"\(?[2-9]\d{2}\)?[ ._-]\d{3}[ ._-]\d{4}(?!\d)")
SHEET_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        sheet tab page data table export report reports summary detail details list lists raw clean final draft
        new old copy results result all other main info log referral referrals referring ref refs order orders
        inbound outbound incoming outgoing received event events count counts volume volumes total totals
        monthly month months by per of and the to from for with weekly daily quarter quarterly year yearly
        annual ytd mtd date dates day days week weeks q1 q2 q3 q4 fy source sources practice practices provider
        providers physician physicians doctor doctors clinic clinics npi npis organization organizations
        facility facilities location locations site sites department departments dept service services line
        lines specialty specialties payer payers payor status revenue payments charges appointments appointment
        visits visit scheduled completed lost declined jan feb mar apr may jun jul aug sep sept oct nov dec
        january february march april june july august september october november december epic cerner athena
        webpt nextgen allscripts meditech hubspot salesforce caredove dentrix cardiology orthopedics imaging
        radiology neurology oncology therapy physical pt ot slp surgery primary care home health hospital
        hospice dental pediatrics hop teaming team crosswalk notes readme instructions cover legend key lookup
        pivot chart dashboard directory comments cells access flow mix share panel types type existing shared
        pattern patterns pair pairs
        """,
    )
)


def safe_file_name(name: str) -> str:
    """The name of a file without its folder; `file.csv` in place of one that might name a patient."""
    plain = "".join(sign for sign in PurePath(name.replace("\\", "/")).name if sign.isprintable())
    plain = plain.encode("utf-8", "ignore").decode()
    path = PurePath(plain or PLAIN_FILE)
    return f"file{path.suffix[:10]}" if _may_name_patient(path.stem) else path.name[:MAX_NAME]


def safe_sheet_name(name: str) -> str:
    """The name of a sheet where each word of it is known, else `Sheet`; '' stays ''."""
    words = re.findall(r"q[1-4]|[^\W\d_]+|\d+", folded(name).casefold())
    is_known = all(word in SHEET_WORDS or _is_small(word) for word in words)
    return name[:MAX_NAME] if is_known and not _may_name_patient(name) else PLAIN_SHEET


def _is_small(word: str) -> bool:
    """A number of a sheet, a day, a month or a year of these decades."""
    return word.isdecimal() and (len(word) <= 2 or (len(word) == 4 and word.startswith("20")))  # noqa: PLR2004 digits


def _may_name_patient(name: str) -> bool:
    text = folded(name)
    without_moments = MOMENT.sub(" ", text)
    of_patients = [found[1].casefold() for found in PATIENT.finditer(text)]
    return (
        "@" in text
        or bool(signs_in(text.replace("_", " ")))
        or any(pattern.search(text) for pattern in (ABOUT_ONE, OLD_DAY, PHONE))
        or bool(PERSON.search(text) and SHEET_WORDS.isdisjoint(re.findall(r"\w+", text.casefold())))
        or not SHEET_WORDS.issuperset(of_patients)
        or bool(LONG_NUMBER.search(without_moments))
    )
