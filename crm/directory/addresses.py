"""The one form in which email addresses, numbers and postal addresses are compared: an answer binds all alike."""

import re
import unicodedata

from crm.directory.models import Channel
from crm.directory.phones import e164, without_extension

MAX_KEY = 200
NOT_WORDS = re.compile(r"[^0-9a-z]+")
SHORT_FORMS = {
    "street": "st", "avenue": "ave", "boulevard": "blvd", "drive": "dr", "road": "rd", "lane": "ln", "court": "ct",
    "parkway": "pkwy", "highway": "hwy", "place": "pl", "square": "sq", "suite": "ste", "floor": "fl",
    "building": "bldg", "north": "n", "south": "s", "east": "e", "west": "w",
}  # fmt: skip


def email_key(text: str | None) -> str:
    """An email address in lower case; '' when it cannot be one."""
    key = unicodedata.normalize("NFKC", text or "").strip().lower()
    local, at, domain = key.rpartition("@")
    return key if at and local and domain and not re.search(r"\s", key) and len(key) <= MAX_KEY else ""


def phone_key(text: str | None) -> str:
    """A number in E.164 without its extension; '' when it is not a number."""
    return without_extension(e164(text) or "")


def postal_key(address1: str | None, zip_code: str | None, address2: str | None = "") -> str:
    """`7420 Riverbend Parkway` in 43085-1234 -> `43085 7420 riverbend pkwy`; '' without a street or a ZIP."""
    zip5 = (zip_code or "").strip()[:5]
    if not (address1 or "").strip() or not zip5:
        return ""
    words = NOT_WORDS.sub(" ", _plain(f"{address1} {address2 or ''}")).split()
    return " ".join([zip5, *(SHORT_FORMS.get(word, word) for word in words)])[:MAX_KEY]


def key_for(channel: Channel, text: str | None) -> str:
    """What an address or number is stored and looked up by; a postal address must be a key already."""
    if channel is Channel.EMAIL:
        return email_key(text)
    if channel is Channel.MAIL:
        return " ".join((text or "").split()).lower()[:MAX_KEY].strip()
    return phone_key(text)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in folded if not unicodedata.combining(letter)).lower()
