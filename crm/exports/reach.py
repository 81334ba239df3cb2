"""Which address of a person a channel uses, as it is written and in the one form in which answers are looked up.

Email and text go to the person's own address only. Calls and faxes fall back to the practice's line, letters go to
the practice.
"""

import re
from dataclasses import dataclass

from crm.core import formats
from crm.directory.addresses import email_key, phone_key, postal_key
from crm.directory.models import Channel
from crm.directory.phones import without_extension
from crm.exports.suppression import Candidate

# Numbers that imports and forms stored are in this form already; reading each of many anew would be slow.
STORED_NUMBER = re.compile(r"\+1[2-9][0-9]{9}(;ext=[0-9]+)?")


@dataclass(frozen=True)
class Addresses:
    """Everything by which somebody might be reached."""

    email: str = ""
    phone: str = ""
    mobile: str = ""
    fax: str = ""
    practice_phone: str = ""
    practice_fax: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""

    @property
    def postal_line(self) -> str:
        """The postal address on one line."""
        place = f"{self.city}, {self.state} {self.zip}".strip(" ,")
        return ", ".join(part for part in (self.address1, self.address2, place) if part) if self.address1 else ""


def written_for(channel: Channel, addresses: Addresses) -> str:
    """The address that a channel uses, as it is stored; '' when there is none."""
    return {
        Channel.EMAIL: addresses.email,
        Channel.PHONE: addresses.phone or addresses.mobile or addresses.practice_phone,
        Channel.TEXT: addresses.mobile,
        Channel.FAX: addresses.fax or addresses.practice_fax,
        Channel.MAIL: addresses.postal_line,
    }[channel]


def candidate_for(channel: Channel, addresses: Addresses, *, name: str, is_at_do_not_visit: bool) -> Candidate:
    """What the suppression rule looks at."""
    written = written_for(channel, addresses)
    if channel is Channel.MAIL:
        key = postal_key(addresses.address1, addresses.zip, addresses.address2)
        return Candidate(written, key, is_at_do_not_visit, " ".join(name.lower().split()))
    key = email_key(written) if channel is Channel.EMAIL else number_key(written)
    return Candidate(written, key, is_at_do_not_visit)


def number_key(text: str) -> str:
    """A number's key, without reading it anew when it is stored in that form already."""
    return without_extension(text) if STORED_NUMBER.fullmatch(text) else phone_key(text)


def shown(channel: Channel, written: str) -> str:
    """The address as people read it."""
    return formats.phone(written) if channel in (Channel.PHONE, Channel.TEXT, Channel.FAX) else written


def exported(channel: Channel, written: str) -> str:
    """The address as it goes into a file: the form that mailing and dialling tools read, without stray blanks."""
    return shown(channel, written).strip()
