"""National provider identifiers: ten digits that begin with 1 or 2 and end with a check digit."""

import re

LENGTH = 10
ISSUER = "80840"  # health care, United States: part of the number for the check digit (ISO 7812)
NOT_DIGITS = re.compile(r"[\s.-]+")


def clean_npi(text: str) -> str:
    """The digits as they are stored: without blanks, dots and hyphens."""
    return NOT_DIGITS.sub("", text)


def is_npi(text: str) -> bool:
    """Whether a text (already cleaned) can be an NPI: its form and its check digit are right."""
    has_form = len(text) == LENGTH and text.isascii() and text.isdecimal() and text[0] in "12"
    return has_form and _luhn_sum(ISSUER + text) % 10 == 0


def _luhn_sum(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 the digits of 10 to 18 add up to this
    return total
