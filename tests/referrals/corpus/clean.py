"""The clean half of the corpus: files without any patient, each with the columns that must stay.

Lists of practices and providers are not imported as referrals; of them is asked that they are sent to the Directory and
not refused for a patient. Everything comes from one seed.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

import xlsxwriter

from tests.referrals.corpus.formats import FORMATS, text, workbook
from tests.referrals.corpus.tables import DEPARTMENTS, NPIS, PAYERS, PRACTICES, STATUSES, counts, event

SEED = 20_260_302
ROWS = 24
# Practices and clinicians that read like patients, or like something else that is none.
LIKE_PERSONS = (
    "Okonjo, Ada MD", "Becker, Hal DO", "Dr. Zeb Quill", "Mary Ann Fields NP", "Hale, Ottoline", "James Miller",
    "Pt. Pleasant Family Medicine", "PT Solutions of Dublin", "Patient First Dublin", "St. Ann's Medical Group",
    "Mercy Health - 614 Physicians", "Route 161 Internal Medicine", "1st Choice Pediatrics", "Ms. Fields Midwifery LLC",
    "Dr. Birth Center", "O'Brien & Sons Orthopedics", "Chart House Pediatrics", "The Born Clinic", "MR Imaging of Ohio",
    "Social Circle Family Practice",
)  # fmt: skip


@dataclass(frozen=True)
class Clean:
    """One file without a patient. `kept` are the columns that must stay; without them it is a list for the Directory."""

    label: str
    name: str
    data: bytes
    kept: tuple[str, ...] = ()


def clean_files() -> Iterator[Clean]:
    """All of them, in an order that never changes."""
    chance = Random(SEED)
    for part in (_events, _strange_values, _counts, _other_counts, _directories, _workbooks):
        yield from part(chance)


# What each column of an event file holds, by the target that its name stands for.
VALUES: dict[str, tuple[str, ...]] = {
    "day": tuple(f"{n % 8 + 1:02d}/{n % 27 + 1:02d}/2026" for n in range(ROWS)),
    "later": tuple(f"2026-{n % 8 + 2:02d}-28" for n in range(ROWS)),
    "npi": tuple(NPIS[n % 2] for n in range(ROWS)),
    "practice": tuple(PRACTICES[n % 4] for n in range(ROWS)),
    "provider": tuple(("Okonjo, Ada MD", "Becker, Hal", "Fields, Mary NP")[n % 3] for n in range(ROWS)),
    "department": tuple(DEPARTMENTS[n % 4] for n in range(ROWS)),
    "status": tuple(STATUSES[n % 4] for n in range(ROWS)),
    "payer": tuple(PAYERS[n % 4] for n in range(ROWS)),
    "money": tuple(f"{n * 17 + 80}.50" for n in range(ROWS)),
    "number": tuple(f"REF-{70_000 + n}" for n in range(ROWS)),
    "site": tuple(("Dublin", "Easton", "Room 204")[n % 3] for n in range(ROWS)),
    "city": tuple(("Columbus", "Dublin")[n % 2] for n in range(ROWS)),
    "zip": tuple(("43085", "43017-1234")[n % 2] for n in range(ROWS)),
}
# Exports as systems name their columns, without those of patients.
LAYOUTS: dict[str, dict[str, str]] = {
    "plain": {"Referral Date": "day", "Referring Provider NPI": "npi", "Referring Practice": "practice", "Department": "department", "Status": "status"},
    "epic": {"REFERRAL_ID": "number", "ENTRY_DATE": "day", "RFL_STATUS_C_NAME": "status", "REFD_TO_SPEC_C_NAME": "department", "REFERRING_PROV_NAM": "provider",
             "REFD_BY_LOC_POS_ID_LOC_NAME": "practice", "REFD_TO_LOC_POS_ID_LOC_NAME": "site", "PAYOR_ID_PAYOR_NAME": "payer"},
    "cross": {"EXTERNAL_ID_NUM": "number", "EXT_REF_DATE": "day", "Referring Physician NPI": "npi", "Referring Organization": "practice", "SCHED_STATUS_C_NAME": "status"},
    "webpt": {"Referral Received Date": "day", "Referring Physician": "provider", "Referring Physician NPI": "npi", "Referral Source": "practice",
              "Primary Insurance": "payer", "Primary Treatment Clinic": "site", "Charges": "money"},
    "athena": {"referral date": "day", "referring provider": "provider", "referringprovidernpi": "npi", "specialty": "department", "appointment date": "later"},
    "ecw": {"Date Referred": "day", "Ref Provider": "provider", "Referred From": "practice", "Referred To": "site", "Appt Date": "later", "Status": "status"},
    "caredove": {"Referral ID": "number", "Date Received": "day", "Referring Organization": "practice", "Service": "department", "Current Status": "status"},
    "dental": {"Date Refer": "day", "Referral Name": "provider", "Production": "money", "Practice Name": "practice"},
    "orders": {"Order Date": "day", "Ordering Provider NPI": "npi", "Ordering Provider": "provider", "Modality": "department", "Reference #": "number"},
    "money": {"Received Date": "day", "Source": "practice", "Service Line": "department", "Net Revenue": "money", "Payer Class": "payer"},
    "hospice": {"Referral Dt": "day", "Referral Source": "practice", "SOC Date": "later", "Payor": "payer", "Referral Status": "status"},
    "places": {"Referral Date": "day", "Source Practice": "practice", "Referring City": "city", "Referring Zip": "zip", "Site": "site", "Report Sent Date": "later"},
}  # fmt: skip
# Columns that are not imported and are nobody's identity: they must not make the file be refused.
HARMLESS_EXTRAS = (
    "Practice Phone", "Referring Provider Email", "Clinic Fax", "Provider Address", "Practice ID", "Facility Website",
    "Priority", "Liaison", "Referral Type", "New Patient", "# of Visits", "Days to schedule",
)  # fmt: skip
EXTRA_VALUES = {
    "Practice Phone": "(614) 555-0142", "Referring Provider Email": "front@olentangy.example", "Clinic Fax": "614-555-0143",
    "Provider Address": "12 High Street", "Practice ID": "10482915", "Facility Website": "https://olentangy.example",
    "Priority": "Routine", "Liaison": "Dana", "Referral Type": "Consult", "New Patient": "Yes", "# of Visits": "2",
    "Days to schedule": "7",
}  # fmt: skip


def _events(chance: Random) -> Iterator[Clean]:
    """Each layout in each format, with a harmless column more."""
    for number, ((layout, columns), (kind, (ending, write))) in enumerate(product(LAYOUTS.items(), FORMATS.items())):
        extra = HARMLESS_EXTRAS[number % len(HARMLESS_EXTRAS)]
        rows = [[VALUES[what][line] for what in columns.values()] + [EXTRA_VALUES[extra]] for line in range(ROWS)]
        chance.shuffle(rows)
        yield Clean(
            f"{layout}, {kind}, {extra}", f"{layout}{ending}", write([[*columns, extra], *rows]), tuple(columns)
        )


def _strange_values(_chance: Random) -> Iterator[Clean]:
    """Values of practices that look like those of patients."""
    base = LAYOUTS["epic"]
    strange: dict[str, tuple[str, Sequence[str]]] = {
        "names like persons": ("practice", LIKE_PERSONS),
        "numbers of ten digits": ("number", [str(4_000_123_400 + n) for n in range(ROWS)]),
        "numbers of nine digits": ("number", [str(302_114_000 + n * 7) for n in range(ROWS)]),
        "numbers with dashes": ("number", [f"2026-03-{n:05d}" for n in range(ROWS)]),
        "numbers that are UUIDs": ("number", [f"3f2504e0-4f89-41d3-9a0c-0305e82c33{n:02d}" for n in range(ROWS)]),
        "near-unique practices": ("practice", [f"Riverbend Clinic {n}" for n in range(ROWS)]),
        "clinicians only": ("provider", [f"{name} MD" for name in LIKE_PERSONS]),
        "codes of departments": ("department", ["ORTHO-01", "CARD 2", "IMG", "10021"]),
        "departments with numbers": ("department", ["Physical Therapy [10101010]", "Imaging [10101011]"]),
        "clinicians with numbers": ("provider", ["OKONJO, ADA [1234567]", "BECKER, HAL [7654321]"]),
        "rooms": ("site", ["Room 204", "Suite 100", "Bldg B, 3rd floor"]),
        "payers": ("payer", ["BCBS OH PPO", "Medicare A/B", "WC", "UHC Medicare Advantage", "N/A"]),
        "long names": (
            "practice",
            ["The Ohio Valley University Wexford Medical Center and Affiliated Physicians, Inc."],
        ),
        "accents": ("practice", ["Clínica de la Família", "Ärztehaus Dublin", "Cabinet Médical – Est"]),
        "sites with a suite": ("site", ["1200 W 5th Ave #210", "Easton #2"]),
        "dates with times": ("day", [f"03/{n % 27 + 1:02d}/2026 {n % 12 + 1}:15 PM" for n in range(ROWS)]),
        "dates with names": ("day", [f"{n % 27 + 1} Mar 2026" for n in range(ROWS)]),
        "long dates": ("day", [f"March {n % 27 + 1}, 2026" for n in range(ROWS)]),
        "moments": ("day", [f"2026-03-{n % 27 + 1:02d}T08:15:00Z" for n in range(ROWS)]),
        "an extract of 20 years": ("day", [f"03/01/{2005 + n % 20}" for n in range(ROWS)]),
        "clinicians by number": ("provider", [str(1_002_345 + n % 5) for n in range(ROWS)]),
    }
    for label, (what, values) in strange.items():
        for layout in ("epic", "webpt"):
            columns = LAYOUTS[layout] if what in LAYOUTS[layout].values() else base
            rows = [
                [values[line % len(values)] if w == what else VALUES[w][line] for w in columns.values()]
                for line in range(ROWS)
            ]
            yield Clean(f"{label}, {layout}", "strange.csv", text([list(columns), *rows]), tuple(columns))


COUNT_LAYOUTS: dict[str, dict[str, str]] = {
    "macpractice": {"Month": "2026-03", "Referral Name": "Okonjo, Ada MD", "Referral Type": "Doctor", "Charges": "1200.00", "Payments": "880.00", "# Of Patients": "12"},
    "webpt": {"Month": "2026-03", "Referring Physician": "Becker, Hal", "Referring Physician NPI": NPIS[0], "Patient Count": "4"},
    "hop teaming": {"from_npi": NPIS[0], "to_npi": NPIS[1], "patient_count": "76", "transaction_count": "134", "average_day_wait": "15.582"},
    "named hops": {"from_npi": NPIS[0], "to_npi": NPIS[1], "patient_count": "76", "to_organization": "HARBOR HOSPITAL", "full_name": "ADA OKONJO", "middle_name": "NULL"},
    "lab orders": {"laboratory": "Riverbend Lab", "provider_npi": NPIS[0], "claim_id_count": "31"},
    "hmis": {"Period": "2026-03", "Referral Source": "Southgate Internal Medicine", "City": "Columbus", "County": "Franklin", "Total Referrals": "9", "New Patients": "4"},
    "tracker": {"Month": "Mar 2026", "Practice Name": "Becker & Hale Pediatrics", "Phone": "(614) 555-0142", "Email": "front@hale.example", "Referrals": "7"},
    "providers": {"Month": "2026-03", "NPI": NPIS[1], "Last Name": "Becker", "First Name": "Hal", "Address": "12 High St", "ZIP": "43085-1234", "Referral Count": "3"},
    "licenses": {"Month": "2026-03", "Practice Name": "Olentangy Family Medicine", "Account Number": "10482915", "License Number": "35.012345", "EIN": "31-1234567", "Gender": "F", "Count": "8"},
    "revenue": {"Month": "2026-03", "Practice Name": "Olentangy Family Medicine", "Service Line": "Imaging", "Payments": "12,400.00"},
    "ages": {"Year-Month": "2026-03", "Source": "Olentangy Family Medicine", "Patients": "14", "Avg Age": "54"},
    "days": {"Referral Date": "03/02/2026", "Referral Source": "Olentangy Family Medicine", "Total Referrals": "3"},
}  # fmt: skip


def _counts(chance: Random) -> Iterator[Clean]:
    """Counts by month, in several formats."""
    for number, (layout, columns) in enumerate(COUNT_LAYOUTS.items()):
        for kind in list(FORMATS)[number % 2 :: 2]:
            ending, write = FORMATS[kind]
            rows = [list(columns.values()) for _ in range(chance.randint(3, ROWS))]
            yield Clean(f"counts of {layout}, {kind}", f"counts{ending}", write([list(columns), *rows]), tuple(columns))


def _other_counts(_chance: Random) -> Iterator[Clean]:
    """Counts with practices that look like persons or numbers."""
    header = ("Month", "Referring Provider NPI", "Practice Name", "Service Line", "# Of Patients", "Payments")
    for name in LIKE_PERSONS:
        rows = [[*row[:2], name, *row[3:]] for row in counts(8)]
        yield Clean(f"counts of {name}", "named.csv", text([header, *rows]), header)


def _directories(_chance: Random) -> Iterator[Clean]:
    """Lists of practices and providers: for the Directory, and no patient in them."""
    person = {
        "NPI": NPIS[0], "Provider Last Name": "Okonjo", "Provider First Name": "Ada", "Credential": "MD", "Gender": "F",
        "Specialty": "Family Medicine", "Facility Name": "Olentangy Family Medicine", "Address": "12 High Street",
        "City": "Columbus", "State": "OH", "ZIP Code": "43085-1234", "Phone": "(614) 555-0142", "Fax": "614-555-0143",
        "Email": "ada@olentangy.example", "License Number": "35.012345", "DEA": "AO1234563", "Tax ID": "31-1234567",
        "Website": "https://olentangy.example", "Contract Date": "03/01/2019", "Room": "204", "CAQH ID": "10482915",
    }  # fmt: skip
    keys = list(person)
    for start, kind in product(range(8), ("comma", "semicolon", "utf-16", "xlsxwriter", "openpyxl")):
        chosen = ["NPI", *[key for key in keys[1:] if keys.index(key) % 8 != start]]
        ending, write = FORMATS[kind]
        rows = [[person[key] for key in chosen] for _ in range(6)]
        yield Clean(f"providers without column {start}, {kind}", f"providers{ending}", write([chosen, *rows]))


def _workbooks(_chance: Random) -> Iterator[Clean]:
    """Workbooks with a title, a legend on another sheet, comments about nobody."""
    columns = LAYOUTS["plain"]
    rows = [[VALUES[what][line] for what in columns.values()] for line in range(ROWS)]
    for above in range(1, 6):
        title = [["Referrals received, March 2026"], *[[""] for _ in range(above - 1)]]
        yield Clean(f"title {above} above", "titled.xlsx", workbook([*title, list(columns), *rows]), tuple(columns))
    for note in ("checked", "Patients first", "see the legend"):
        packed = io.BytesIO()
        with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
            sheet = book.add_worksheet("March 2026")
            for number, row in enumerate([list(columns), *rows]):
                sheet.write_row(number, 0, row)
            sheet.write_comment("B2", note)
            legend = book.add_worksheet("Legend")
            legend.write_row(0, 0, ["Status", "Meaning"])
            legend.write_row(1, 0, ["Scheduled", "has a date"])
        yield Clean(f"comment {note}", "legend.xlsx", packed.getvalue(), tuple(columns))
    long = [list(columns)] + [
        [event(n)[1], event(n)[2], event(n)[3], event(n)[4], event(n)[5]] for n in range(1, 5_001)
    ]
    yield Clean("five thousand rows", "long.csv", text(long), tuple(columns))
