"""What stands in one cell of a CMS file, freed of what spreadsheets and data tools did to it.

A file that went through pandas writes `1.0` for 1 and `688482168.0` for a ZIP; a spreadsheet takes leading zeros away.
Nothing is guessed where more than one value could be meant.
"""

import re
from datetime import date, datetime

from crm.directory.values import STATES

EMPTY = {"", "nan", "NaN", "<UNAVAIL>", "\\N", "NULL"}
FLOAT = re.compile(r"([0-9]+)\.0+")
BLANKS = re.compile(r"\s+")
ZIP = re.compile(r"([0-9]{5})[ -]([0-9]{4})|([0-9]{3,9})")
DATE_FORMATS = ("%m/%d/%Y", "%Y-%m-%d", "%m/%d/%y")
ZIP5, ZIP9 = 5, 9
STATE_NAMES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
    "connecticut": "CT", "delaware": "DE", "district of columbia": "DC", "florida": "FL", "georgia": "GA",
    "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY",
    "louisiana": "LA", "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH",
    "new jersey": "NJ", "new mexico": "NM", "new york": "NY", "north carolina": "NC", "north dakota": "ND",
    "ohio": "OH", "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "puerto rico": "PR", "rhode island": "RI",
    "south carolina": "SC", "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT",
    "virginia": "VA", "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
}  # fmt: skip
KNOWN_STATES = frozenset(STATES.split())


def text_of(cell: str) -> str:
    """The text of a cell on one line; what only says that there is none becomes ''."""
    if not cell:
        return ""
    text = cell.strip()
    if text in EMPTY:
        return ""
    return BLANKS.sub(" ", text) if "  " in text or not text.isprintable() else text


def number_of(cell: str) -> str:
    """The text of a cell that holds a number: `1234567893.0` is 1234567893."""
    text = text_of(cell)
    match = FLOAT.fullmatch(text)
    return match[1] if match else text


def zip_of(cell: str) -> str:
    """`430851234`, `43085-1234`, `43085.0`, `4416` (04416), `41023134` (04102-3134); '' when it is no ZIP."""
    text = number_of(cell)
    match = ZIP.fullmatch(text)
    digits = (match[3] or match[1] + match[2]) if match else ""
    if not digits or ZIP5 < len(digits) < ZIP9 - 2:
        return ""
    digits = digits.zfill(ZIP5 if len(digits) <= ZIP5 else ZIP9)
    five, four = digits[:ZIP5], digits[ZIP5:]
    return f"{five}-{four}" if four.strip("0") else five


def state_of(cell: str) -> str:
    """Two letters of a US state or territory, also for its name; '' for everything else."""
    text = text_of(cell).upper().rstrip(".")
    return text if text in KNOWN_STATES else STATE_NAMES.get(text.lower(), "")


def day_of(cell: str) -> date | None:
    """A day as CMS writes it, or None."""
    text = text_of(cell)[:10]
    for form in DATE_FORMATS if text else ():
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 a plain day has no zone
        except ValueError:
            continue
    return None


def is_blank(cells: list[str]) -> bool:
    """Whether a row holds nothing at all, as at the end of many spreadsheets."""
    return not any(cell and not cell.isspace() for cell in cells)
