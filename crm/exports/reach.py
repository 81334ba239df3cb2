"""Which address of a person a channel uses, as it is written and in the one form in which answers are looked up.

Email and text go to the person's own address only. Calls and faxes fall back to the practice's line, letters go to
the practice.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from crm.core import formats
from crm.directory.addresses import email_key, phone_key, postal_key
from crm.directory.models import Channel
from crm.directory.phones import without_extension
from crm.exports.suppression import Candidate

# Numbers that imports and forms stored are in this form already; reading each of many anew would be slow.
STORED_NUMBER = re.compile(r"\+1[2-9][0-9]{9}(;ext=[0-9]+)?")


class Addresses(NamedTuple):
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


Written = Callable[[Addresses], str]
WRITTEN: dict[Channel, Written] = {
    Channel.EMAIL: lambda a: a.email,
    Channel.PHONE: lambda a: a.phone or a.mobile or a.practice_phone,
    Channel.TEXT: lambda a: a.mobile,
    Channel.FAX: lambda a: a.fax or a.practice_fax,
    Channel.MAIL: lambda a: a.postal_line,
}


def written_for(channel: Channel, addresses: Addresses) -> str:
    """The address that a channel uses, as it is stored; '' when there is none."""
    return WRITTEN[channel](addresses)


def candidate_for(channel: Channel, addresses: Addresses, *, name: str, is_at_do_not_visit: bool) -> Candidate:
    """What the suppression rule looks at."""
    return candidates(channel)(addresses, name, is_at_do_not_visit)


def candidates(channel: Channel) -> Callable[[Addresses, str, bool], Candidate]:
    """The same for many people of one channel: what depends on the channel is decided once."""
    if channel is Channel.MAIL:
        return _letter
    written_of, key_of = WRITTEN[channel], email_key if channel is Channel.EMAIL else number_key

    def candidate(addresses: Addresses, _name: str, is_at_do_not_visit: bool) -> Candidate:  # noqa: FBT001 one of thousands
        written = written_of(addresses)
        return Candidate(written, key_of(written), is_at_do_not_visit)

    return candidate


def _letter(addresses: Addresses, name: str, is_at_do_not_visit: bool) -> Candidate:  # noqa: FBT001 as above
    key = postal_key(addresses.address1, addresses.zip, addresses.address2)
    return Candidate(addresses.postal_line, key, is_at_do_not_visit, " ".join(name.lower().split()))


def number_key(text: str) -> str:
    """A number's key, without reading it anew when it is stored in that form already."""
    return without_extension(text) if STORED_NUMBER.fullmatch(text) else phone_key(text)


def shown(channel: Channel, written: str) -> str:
    """The address as people read it."""
    return formats.phone(written) if channel in (Channel.PHONE, Channel.TEXT, Channel.FAX) else written


def exported(channel: Channel, written: str) -> str:
    """The address as it goes into a file: the form that mailing and dialling tools read, without stray blanks."""
    return shown(channel, written).strip()
