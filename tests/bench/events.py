"""Files of invented referral events, written row by row: as many as wanted, always the same ones."""

import csv
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from crm.demo.identifiers import npi

HEAD = (
    "Referral ID", "Referral Date", "Referring NPI", "Referring Practice", "Department", "Location", "Insurance Class",
    "Status", "Appt Date", "Paid Amount",
)  # fmt: skip
PLACES = (
    "Olentangy", "Southgate", "Westerville", "Arlington", "Dublin", "Grove City", "Linden", "Hilliard", "Gahanna",
    "Bexley", "Powell", "Delaware", "Newark", "Lancaster", "Marysville", "Pataskala", "Reynoldsburg", "Worthington",
)  # fmt: skip
FIELDS = ("Family", "Internal", "Primary", "Sports", "Heart", "Spine", "Women's", "Pediatric", "Joint", "Sleep")
FORMS = (
    "Medicine", "Associates", "Physicians, Inc.", "Group", "Clinic", "Care Center", "Partners", "Health", "Specialists",
    "Practice", "Institute", "Center",
)  # fmt: skip
LINES = ("Orthopedics", "Cardiology", "Imaging", "Physical Therapy", "Neurology", "Oncology", "Sleep", "Pain")
SITES = ("Main Campus", "North", "East Pavilion", "Riverside")
PAYERS = ("Medicare", "Commercial", "Medicaid", "Medicare Advantage", "Self Pay", "Workers Comp")
STATUSES = ("Seen", "Seen", "Seen", "Scheduled", "Scheduled", "Received", "Declined", "Lost")
SOURCES, DAYS, LAST = 2_000, 36 * 30, date(2026, 10, 31)
# So rarely a row names no NPI, or holds a day that there is not.
WITHOUT_NPI, SPOILED, CORRECTED = 50, 331, 100
Source = tuple[str, str]


def sources() -> list[Source]:
    """Name and NPI of the practices that refer."""
    names = [f"{place} {field} {form}" for field in FIELDS for form in FORMS for place in PLACES]
    return [(name, npi(number)) for number, name in enumerate(names[:SOURCES])]


def write(path: Path, rows: int, *, from_: list[Source] | None = None, is_corrected: bool = False) -> None:
    """A file of so many events of three years. A corrected one has other amounts in one of a hundred rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        writer.writerows(events(rows, from_ or sources(), is_corrected=is_corrected))


def expected(rows: int) -> tuple[int, int]:
    """How many rows of such a file go in, and how many a corrected one changes."""
    return rows - rows // SPOILED, rows // CORRECTED - rows // (CORRECTED * SPOILED)


def events(rows: int, from_: list[Source], *, is_corrected: bool = False) -> Iterator[list[str]]:
    """The rows of such a file. Few sources send much, most of them little."""
    dice = random.Random(20_261_122).random
    days = [f"{LAST - timedelta(days=DAYS - 1 - n):%m/%d/%Y}" for n in range(DAYS)]
    for n in range(rows):
        name, number = from_[int(len(from_) * dice() ** 2)]
        at = int((DAYS - 30) * dice())
        status = STATUSES[int(len(STATUSES) * dice())]
        cents = int(90_000 * dice()) + (is_corrected and (n + 1) % CORRECTED == 0)
        yield [
            f"R{n:08d}",
            days[at] if (n + 1) % SPOILED else "02/30/2026",
            number if (n + 1) % WITHOUT_NPI else "",
            name,
            LINES[int(len(LINES) * dice())],
            SITES[int(len(SITES) * dice())],
            PAYERS[int(len(PAYERS) * dice())],
            status,
            days[at + int(30 * dice())] if status in ("Seen", "Scheduled") else "",
            f"{100 + cents // 100}.{cents % 100:02d}",
        ]
