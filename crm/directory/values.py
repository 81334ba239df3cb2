"""Checks and tidies what people type about practices and persons: numbers, addresses, coordinates, codes."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from crm.core.errors import Invalid
from crm.directory.npi import clean_npi, is_npi
from crm.directory.phones import e164

STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR "
    "PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI"
)
ZIP = re.compile(r"([0-9]{5})(?:-?([0-9]{4}))?")
TAXONOMY = re.compile(r"[0-9]{3}[0-9A-Z]{6}X")
MAX_TAG = 40
MAX_TAGS = 30
MAX_LATITUDE, MAX_LONGITUDE = 90, 180


def read_npi(text: str) -> str:
    """An NPI without blanks; Invalid when the check digit or the form is wrong."""
    npi = clean_npi(text)
    if not is_npi(npi):
        raise ValueError("This is not an NPI: ten digits with a correct check digit.")
    return npi


def read_phone(text: str) -> str:
    """A number in E.164."""
    number = e164(text)
    if number is None:
        raise ValueError("This is not a phone number. Write it as (614) 555-0142.")
    return number


def read_email(text: str) -> str:
    """An email address with its domain in lower case."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        raise ValueError("This is not an email address.") from None


def read_zip(text: str) -> str:
    """`43085` or `43085-1234`, also typed as nine digits."""
    match = ZIP.fullmatch(text.strip())
    if not match:
        raise ValueError("A ZIP code has five digits, or nine as 43085-1234.")
    return f"{match[1]}-{match[2]}" if match[2] else match[1]


def read_state(text: str) -> str:
    """Two letters of a US state or territory."""
    state = text.strip().upper()
    if state not in STATES.split():
        raise ValueError("Write the state as two letters, such as OH.")
    return state


def read_website(text: str) -> str:
    """A web address; without a scheme it becomes https."""
    address = text if re.match(r"[a-z]+:", text, re.IGNORECASE) else f"https://{text}"
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or "." not in parts.netloc or re.search(r"[\s\"'<>\\]", address):
        raise ValueError("This is not a web address.")
    return address


def read_taxonomy(text: str) -> str:
    """A NUCC taxonomy code."""
    code = text.strip().upper()
    if not TAXONOMY.fullmatch(code):
        raise ValueError("A taxonomy code has ten characters and ends with X, such as 207Q00000X.")
    return code


READERS: dict[str, Callable[[str], str]] = {
    "npi": read_npi, "phone": read_phone, "mobile": read_phone, "fax": read_phone, "email": read_email,
    "zip": read_zip, "state": read_state, "website": read_website, "taxonomy": read_taxonomy,
}  # fmt: skip
# Columns that hold '' instead of nothing.
TEXTS = {
    "address1", "address2", "city", "state", "zip", "best_time", "note", "first_name", "middle_name", "suffix",
    "credentials", "specialty", "job_title", "prefers", "source",
}  # fmt: skip


def read_record(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored; Invalid names every field that is wrong."""
    stored: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, value in values.items():
        try:
            stored[name] = _read(name, value)
        except ValueError as fault:
            faults[name] = str(fault)
    if faults:
        raise Invalid(**faults)
    return stored


def _read(name: str, value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip()
    if value in (None, ""):
        return "" if name in TEXTS else None
    return READERS[name](value) if name in READERS else value


def check_point(latitude: float | None, longitude: float | None) -> None:
    """Refuse half a point, and points that are not on the earth."""
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        raise Invalid(**{missing: "Give both latitude and longitude, or neither."})
    if latitude is not None and not -MAX_LATITUDE <= latitude <= MAX_LATITUDE:
        raise Invalid(latitude="Latitude lies between -90 and 90.")
    if longitude is not None and not -MAX_LONGITUDE <= longitude <= MAX_LONGITUDE:
        raise Invalid(longitude="Longitude lies between -180 and 180.")


def read_tags(text: str | None) -> list[str]:
    """`Imaging champion, portal` -> its tags in order, each once whatever its case."""
    tags: dict[str, str] = {}
    for part in (text or "").split(","):
        tag = " ".join(part.split())
        if tag:
            tags.setdefault(tag.casefold(), tag)
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in tags.values()):
        raise Invalid(tags=f"At most {MAX_TAGS} tags of {MAX_TAG} characters each.")
    return list(tags.values())
