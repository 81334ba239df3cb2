"""Numbers and addresses that look right, pass every check, and belong to nobody.

NPIs: the standard allows a first digit of 1 or 2, and every NPI issued so far begins with 1. The demo's begin with 2,
with a correct check digit: they pass validation and no real person or organization has one.
Phones: 555-0100 to 555-0199 are set aside for fiction in each area code. A small demo gives each number once; larger
ones use numbers again. Mail and web addresses end in `.example`, which can never be registered (RFC 2606).
"""

import re

FICTION_LINES = 100
PRACTICE_AREAS = ("614", "380", "740", "220")
FAX_AREAS = ("937", "326", "513", "283")
MOBILE_AREAS = ("419", "567", "330", "234", "216", "440")
NPI_PREFIX = "80840"  # what an NPI's check digit is computed with
STRIDE = 7_919_317  # odd and no multiple of 5: steps through all eight-digit numbers before one comes again


def check_digit(digits: str) -> int:
    """The Luhn check digit that follows these digits."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 the sum of its two digits
    return -total % 10


def npi(number: int) -> str:
    """The nth invented NPI."""
    base = f"2{(20_260_101 + number * STRIDE) % 100_000_000:08d}"
    return f"{base}{check_digit(NPI_PREFIX + base)}"


def phone(number: int, areas: tuple[str, ...] = PRACTICE_AREAS) -> str:
    """The nth invented number of these areas, E.164."""
    number %= len(areas) * FICTION_LINES
    return f"+1{areas[number // FICTION_LINES]}55501{number % FICTION_LINES:02d}"


def slug(text: str) -> str:
    """`Scioto Valley Internal Medicine` -> `scioto-valley-internal-medicine`."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("'", "").replace("’", "")).strip("-")


def domain(practice_name: str, practice_id: int) -> str:
    """A practice's own domain."""
    return f"{slug(practice_name)[:40].strip('-')}-{practice_id}.example"


def mailbox(first: str, last: str) -> str:
    """`nadia.okonjo`."""
    return f"{slug(first)}.{slug(last)}"
