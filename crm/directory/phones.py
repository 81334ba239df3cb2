"""Phone and fax numbers in the one form in which they are stored: E.164, an extension behind `;ext=`."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

COUNTRY = "US"
MAX_LENGTH = 30
EXTENSION = ";ext="


def e164(text: str | None) -> str | None:
    """`(614) 555-0142 x12` -> `+16145550142;ext=12`; None when it is not a phone number."""
    try:
        number = phonenumbers.parse(text or "", COUNTRY)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    plain = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    whole = f"{plain}{EXTENSION}{number.extension}" if number.extension else plain
    return whole if len(whole) <= MAX_LENGTH else None


def without_extension(number: str) -> str:
    """The line that is dialled, for comparing: two extensions of one number are the same line."""
    return number.partition(EXTENSION)[0]
