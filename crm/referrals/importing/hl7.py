"""Takes referrals out of HL7 version 2 files: REF^I12 (referral), I13 (changed), I14 (canceled). Pure.

Only MSH, RF1, PRD and the referring and referred-to roles of ROL and PRT are read; the segments of the patient and of
the care (PID, NK1, GT1, IN1, DG1, OBX, NTE, PV1 and so on) are never parted into fields. The number is RF1-6, else
RF1-11; the day RF1-7, else RF1-9, else that of the message; the status RF1-1 by HL7 table 0283, and I14 is a
cancellation; the service is the referral type RF1-3 where it is coded, never the reason.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from crm.core.errors import TooLarge
from crm.directory.npi import is_npi
from crm.referrals.importing.headers import STATUSES
from crm.referrals.importing.hl7_syntax import MalformedError, Message, messages
from crm.referrals.importing.messages import MAX_KEPT, Cell, Taken, clean, sheet_of
from crm.referrals.importing.sheets import Limits, Sheet
from crm.referrals.importing.unsaid import Part

WANTED = frozenset({"RF1", "PRD", "ROL", "PRT"})
EVENTS = {"I12", "I13", "I14"}
CANCELED = "I14"
REFERRING, REFERRED_TO = "RP", "RT"
# HL7 table 0283, and table 0281 as far as its codes do not speak for themselves.
STATUS_CODES = {"A": "Accepted", "P": "Pending", "R": "Rejected", "E": "Expired"}
TYPE_CODES = {"HOM": "Home care", "LAB": "Laboratory", "MED": "Medical", "PSY": "Psychiatric", "SKN": "Skilled nursing"}
# Kinds of messages that may be named in a refusal; anything else might be a word of the message.
OTHER_KINDS = frozenset(
    {
        "ACK", "ADT", "BAR", "DFT", "MDM", "MFN", "OMG", "OMI", "OML", "ORM", "ORR", "ORU", "QRY", "RDE", "RDS", "RPA",
        "RQA", "RQI", "RRI", "SIU", "SRM", "VXU",
    }
)  # fmt: skip
NAME_AT, IDS_AT, ORGANIZATION_AT = 2, 7, 10  # fields of PRD
NULLED = {Cell.STATUS: 1, Cell.SERVICE: 3}  # fields of RF1
PARTY = {Cell.NPI: IDS_AT, Cell.PROVIDER: NAME_AT, Cell.ORGANIZATION: ORGANIZATION_AT}
ABOUT: dict[Part, tuple[Cell, ...]] = {
    Part.RECEIVED: (Cell.RECEIVED,),
    Part.SOURCE: (Cell.NPI, Cell.PROVIDER, Cell.ORGANIZATION),
    Part.SERVICE: (Cell.SERVICE,),
    Part.SITE: (Cell.SITE,),
    Part.STATUS: (Cell.STATUS,),
}
NPI_AUTHORITY = "2.16.840.1.113883.4.6"
UNTYPED = {"", "L", "PI", "PN", "PRN", "XX"}
HOME = "H"
DAY = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:\d{2,6}(?:\.\d+)?)?(?:[+-]\d{4})?")


def read_hl7(files: Iterable[Callable[[], IO[str]]], limits: Limits) -> Sheet:
    """The referrals in one or several files, each given as a way to read its text; messages are numbered through all of
    them. Raises Invalid; NoReferralError when nothing is a referral."""
    return sheet_of(_all_taken(files, limits), limits)


def _all_taken(files: Iterable[Callable[[], IO[str]]], limits: Limits) -> Iterator[Taken]:
    number, most = 0, min(limits.max_rows, MAX_KEPT)
    for open_text in files:
        with open_text() as lines:
            for message in messages(lines, WANTED, number + 1):
                number = message.number
                if number > most:
                    raise TooLarge(f"The file has more than {most:,} messages. Split it, by month say.")
                yield taken(message)


def taken(message: Message) -> Taken:
    """What a message says of its referral, or why it is refused."""
    try:
        return _taken(message)
    except MalformedError as problem:
        return Taken(message.number, refused=str(problem))


def _taken(message: Message) -> Taken:
    if message.malformed:
        raise MalformedError(message.malformed)
    event = _event(message)
    if "RF1" not in message.segments:
        raise MalformedError("The message has no RF1 segment")
    sent = re.match(r"\d{8,14}", message.first("MSH", 7))
    received = _day(message, 7) or _day(message, 9)
    cells = {
        Cell.NUMBER: clean(message.first("RF1", 6) or message.first("RF1", 11)),
        Cell.RECEIVED: received,
        Cell.STATUS: "Canceled" if event == CANCELED else _status(message),
        Cell.SERVICE: clean(_service(message)),
        **_parties(message),
    }
    day, emptied = sent[0] if sent else "", _emptied(message)
    unsaid = frozenset(
        part for part, about in ABOUT.items() if not any(cells[cell] or cell in emptied for cell in about)
    )
    return Taken(message.number, cells, sent=day, sent_on=_iso(day), unsaid=unsaid, emptied=emptied)


def _emptied(message: Message) -> frozenset[Cell]:
    """What is nothing any more: a field of two quotes deletes, one that is not there changes nothing."""
    found = {cell for cell, number in NULLED.items() if message.is_null(message.first_of("RF1"), number)}
    for role, cells in ((REFERRING, PARTY), (REFERRED_TO, {Cell.SITE: ORGANIZATION_AT})):
        provider = _providers(message).get(role, [])
        found |= {cell for cell, number in cells.items() if message.is_null(provider, number)}
    return frozenset(found)


def _event(message: Message) -> str:
    kind, event = message.first("MSH", 9), message.first("MSH", 9, 2)
    if kind == "REF" and event in EVENTS:
        return event
    named = f" ({kind})" if kind in OTHER_KINDS else ""
    raise MalformedError(f"The message is no referral{named}")


def _day(message: Message, number: int) -> str:
    text = message.first("RF1", number)
    if text and not DAY.fullmatch(text):
        raise MalformedError(f"The date in RF1-{number} cannot be read")
    return _iso(text)


def _iso(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if text else ""


def _status(message: Message) -> str:
    code, words = message.first("RF1", 1), message.first("RF1", 1, 2)
    if not code and not words:
        return ""
    found = STATUS_CODES.get(code.upper()) or next((text for text in (words, code) if text.lower() in STATUSES), "")
    if not found:
        raise MalformedError("The status in RF1-1 is not known")
    return found


def _service(message: Message) -> str:
    """The referral type: by its code where HL7 lists it, else the words beside a sender's own code."""
    code, words = message.first("RF1", 3), message.first("RF1", 3, 2)
    return TYPE_CODES.get(code.upper(), words or code) if code else ""


def _parties(message: Message) -> dict[Cell, str]:
    providers = _providers(message)
    source, target = providers.get(REFERRING, []), providers.get(REFERRED_TO, [])
    by_role = _people(message)
    city, zip_code = _place(message, source)
    name, npi = by_role.get(REFERRING, ("", ""))
    to_name = _name(message, target) or by_role.get(REFERRED_TO, ("", ""))[0]
    return {
        Cell.NPI: clean(_npi(message, message.repetitions(source, IDS_AT), type_at=2) or npi),
        Cell.PROVIDER: clean(_name(message, source) or name),
        Cell.ORGANIZATION: clean(_organization(message, source)),
        Cell.CITY: clean(city),
        Cell.ZIP: clean(zip_code),
        Cell.SITE: clean(_organization(message, target) or to_name),
        Cell.TO_PROVIDER: clean(to_name),
    }


def _providers(message: Message) -> dict[str, list[str]]:
    """The first PRD segment of each role."""
    found: dict[str, list[str]] = {}
    for segment in message.segments.get("PRD", []):
        for role in _roles(message, segment, 1):
            found.setdefault(role, segment)
    return found


def _roles(message: Message, segment: list[str], number: int) -> list[str]:
    return [message.component(part, 1).upper() for part in message.repetitions(segment, number)]


def _people(message: Message) -> dict[str, tuple[str, str]]:
    """Name and NPI of the referring and referred-to persons in ROL and PRT."""
    found: dict[str, tuple[str, str]] = {}
    for kind, role_at, person_at in (("ROL", 3, 4), ("PRT", 4, 5)):
        for segment in message.segments.get(kind, []):
            persons = message.repetitions(segment, person_at)
            for role in {REFERRING, REFERRED_TO} & set(_roles(message, segment, role_at)):
                if persons:
                    person = (_person(message, persons[0], 2), _npi(message, persons, type_at=13))
                    found.setdefault(role, person)
    return found


def _name(message: Message, provider: list[str]) -> str:
    names = message.repetitions(provider, NAME_AT)
    return _person(message, names[0], 1) if names else ""


def _person(message: Message, text: str, first: int) -> str:
    """`Robert H Powell Jr, MD` from a name that begins at a component with the family name."""
    family = message.subcomponent(text, first)
    given, middle, suffix, _, degree = (message.component(text, first + n) for n in range(1, 6))
    name = " ".join(part for part in (given, middle, family, suffix) if part)
    return f"{name}, {degree}" if name and degree else name


def _npi(message: Message, ids: list[str], type_at: int) -> str:
    """The identifier that is called an NPI; else one of no kind that can only be one."""
    for text in ids:
        if "NPI" in text.upper().split(message.signs.component) or NPI_AUTHORITY in text:
            return message.component(text, 1)
    plain = (message.component(text, 1) for text in ids if message.component(text, type_at).upper() in UNTYPED)
    return next((text for text in plain if is_npi(text)), "")


def _organization(message: Message, provider: list[str]) -> str:
    """The organization of a provider (PRD-10), else its facility (PRD-4)."""
    for text in message.repetitions(provider, ORGANIZATION_AT):
        if name := message.component(text, 1):
            return name
    places = message.repetitions(provider, 4)
    return message.subcomponent(places[0], 4) or message.component(places[0], 9) if places else ""


def _place(message: Message, provider: list[str]) -> tuple[str, str]:
    """City and ZIP of the organization (PRD-11), else of the provider (PRD-3), unless that is a home."""
    for text in (*message.repetitions(provider, 11), *message.repetitions(provider, 3)):
        if message.component(text, 7).upper() != HOME and message.component(text, 3):
            return message.component(text, 3), message.component(text, 5)
    return "", ""
