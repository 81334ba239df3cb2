"""Clean rows of referrals and of monthly counts, into which the corpus puts its patients."""

from collections.abc import Sequence

NPIS = ("1730482910", "1588203640")
PRACTICES = (
    "Olentangy Family Medicine",
    "Southgate Internal Medicine",
    "Dr. Ada Okonjo MD LLC",
    "Becker & Hale Pediatrics",
)
DEPARTMENTS = ("Orthopedics", "Cardiology", "Imaging", "Physical Therapy")
STATUSES = ("Scheduled", "Completed", "Pending Review", "No Show")
PAYERS = ("Medicare", "Aetna PPO", "Medicaid", "Self Pay")
EVENT_HEADER = (
    "Referral ID", "Referral Date", "Referring Provider NPI", "Referring Practice", "Department", "Status",
    "Appt Date", "Primary Insurance", "Payments",
)  # fmt: skip
COUNT_HEADER = ("Month", "Referring Provider NPI", "Practice Name", "Service Line", "# Of Patients", "Payments")


def event(number: int) -> list[str]:
    """One referral of 2026 without anything of a patient."""
    return [
        f"R-{100_000 + number}", f"{number % 8 + 1:02d}/{number % 27 + 1:02d}/2026", NPIS[number % 2],
        PRACTICES[number % 4], DEPARTMENTS[number % 4], STATUSES[number % 4], f"{number % 8 + 2:02d}/28/2026",
        PAYERS[number % 4], f"{number % 7 * 40 + 15}.50",
    ]  # fmt: skip


def events(count: int) -> list[list[str]]:
    """So many referrals."""
    return [event(number) for number in range(1, count + 1)]


def counts(count: int) -> list[list[str]]:
    """Monthly counts of practices."""
    return [
        [f"2026-{n % 8 + 1:02d}", NPIS[n % 2], PRACTICES[n % 4], DEPARTMENTS[n % 4], str(n % 9 + 1), f"{n * 31}.00"]
        for n in range(1, count + 1)
    ]


def with_column(rows: Sequence[Sequence[str]], header: str, values: Sequence[str], place: int) -> list[list[str]]:
    """The rows with one more column at a place; the first row is the header."""
    return [[*row[:place], value, *row[place:]] for row, value in zip(rows, (header, *values), strict=True)]


def replaced(rows: Sequence[Sequence[str]], line: int, place: int, value: str) -> list[list[str]]:
    """The rows with another value in one cell."""
    return [
        [value if (at, column) == (line, place) else cell for column, cell in enumerate(row)]
        for at, row in enumerate(rows)
    ]
