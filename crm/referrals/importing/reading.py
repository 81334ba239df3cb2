"""Turns a file of any kind into sheets of text, or says in one sentence why that cannot be done.

Tables, HL7 messages and FHIR resources, alone or packed, all end as sheets. The messages in a packed file belong
together (an export has one file for each kind of resource), so they are read as one.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePath

from crm.core.errors import Invalid, TooLarge
from crm.referrals.importing import archive
from crm.referrals.importing.archive import Member
from crm.referrals.importing.fhir import read_fhir
from crm.referrals.importing.hl7 import read_hl7
from crm.referrals.importing.messages import NoReferralError
from crm.referrals.importing.sheets import MEGABYTE, Limits, Piece, Sheet
from crm.referrals.importing.source import Source, source_of
from crm.referrals.importing.text import SAMPLE, open_text, text_sheet
from crm.referrals.importing.workbook import read_workbook

TEXT_ENDINGS = {".csv", ".tsv", ".tab", ".txt", ".ssv", ".psv"}
HL7_ENDINGS = {".hl7", ".hl7v2"}
FHIR_ENDINGS = {".json", ".ndjson", ".jsonl"}
WORKBOOK = ".xlsx"
READ_HERE = TEXT_ENDINGS | HL7_ENDINGS | FHIR_ENDINGS | {WORKBOOK}
USE = "Use CSV, TSV, XLSX, HL7 or FHIR JSON, or a .zip of them"
START = 1_000  # bytes that tell what kind of file it is
HL7_START = re.compile(rb"(?:\xef\xbb\xbf)?[\x0b\s]*(?:MSH|FHS|BHS)[^A-Za-z0-9\s,;]")
FHIR_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[]")
# How other kinds of files begin, whatever they are named.
KINDS: tuple[tuple[bytes, str], ...] = (
    (
        b"\xd0\xcf\x11\xe0",
        "an old or password-protected Excel workbook. Save it as .xlsx without a password, or as CSV",
    ),
    (b"%PDF", "a PDF. Export the report as CSV or XLSX instead"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed file. Name it .gz, or unpack it first"),
    (b"{\\rtf", "a text document. Export the report as CSV or XLSX instead"),
    (b"SQLite format 3", "a database"),
)


def read_file(name: str, content: bytes | Path | Source, limits: Limits | None = None) -> list[Sheet]:
    """The sheets of a file. Raises Invalid or TooLarge; faults inside the text show when its lines are read.

    Text on the disk is read in pieces each time that its lines are, so the file must stay as it is meanwhile.
    """
    limits, source = limits or Limits(), source_of(content)
    ending = PurePath(name).suffix.lower()
    if all(piece.isspace() for piece in source.pieces()):
        raise Invalid("The file is empty.")
    if source.size > limits.max_bytes:
        raise TooLarge(f"The file has more than {limits.max_bytes // MEGABYTE} MB. Split it, by month say.")
    if ending == ".zip":
        archive.check_entries(source)
        if archive.is_workbook(source):
            return read_workbook(source.read(), limits)
    if ending in archive.PACKED:
        return _read_packed(archive.unpack(name, source, limits), limits)
    return _read_members([Member(1, name, source)], limits)


def _read_packed(members: list[Member], limits: Limits) -> list[Sheet]:
    known = [member for member in members if member.ending in READ_HERE and not _is_blank(member.source)]
    if not known:
        raise Invalid(f"The packed file holds no file that is read here. {USE}.")
    return _read_members(known, limits)


def _is_blank(source: Source) -> bool:
    return all(piece.isspace() for piece in source.pieces())


def _read_members(members: list[Member], limits: Limits) -> list[Sheet]:
    is_alone = len(members) == 1
    by_kind: dict[str, list[Member]] = {}
    for member in members:
        with _naming(member, is_alone=is_alone):
            by_kind.setdefault(_kind_of(member), []).append(member)
    sheets = [sheet for member in by_kind.get(TABLE, []) for sheet in _tables(member, limits, is_alone=is_alone)]
    problem: NoReferralError | None = None
    for kind, read in MESSAGES.items():
        try:
            sheets += [
                replace(read(found, limits), name="" if is_alone else kind) for found in [by_kind.get(kind)] if found
            ]
        except NoReferralError as found_none:
            problem = found_none
    if not sheets and problem:
        raise problem
    return sheets


def _read_hl7(members: list[Member], limits: Limits) -> Sheet:
    return read_hl7([open_text(member.source, None) for member in members], limits)


def _read_fhir(members: list[Member], limits: Limits) -> Sheet:
    return read_fhir([(member.name, open_text(member.source, "\n")) for member in members], limits)


TABLE, HL7, FHIR = "Tables", "HL7 messages", "FHIR resources"
MESSAGES: dict[str, Callable[[list[Member], Limits], Sheet]] = {HL7: _read_hl7, FHIR: _read_fhir}


def _tables(member: Member, limits: Limits, *, is_alone: bool) -> list[Sheet]:
    """The tables of one file. Among several, its name is that of the sheet."""
    with _naming(member, is_alone=is_alone):
        if member.ending == WORKBOOK:
            sheets = read_workbook(member.source.read(), limits)
        else:
            sheets = [text_sheet(member.source, limits)]
    return sheets if is_alone else [_inside(sheet, member) for sheet in sheets]


def _inside(sheet: Sheet, member: Member) -> Sheet:
    def pieces() -> Iterator[Piece]:
        with _naming(member, is_alone=False):
            yield from sheet.pieces()

    return replace(sheet, name=f"{member.name}: {sheet.name}" if sheet.name else member.name, pieces=pieces)


@contextmanager
def _naming(member: Member, *, is_alone: bool) -> Iterator[None]:
    """What is wrong with one of several files says which; by its number, for a name may be a patient's."""
    try:
        yield
    except (Invalid, TooLarge) as problem:
        if is_alone:
            raise
        raise type(problem)(f"File {member.number} in the packed file: {problem.says}") from None


def _kind_of(member: Member) -> str:
    """What a file is, by its ending and its first bytes. Raises Invalid for what is not read here."""
    start = member.source.read(START)
    for mark, kind in KINDS:
        if start.startswith(mark):
            raise Invalid(f"This is {kind}.")
    _check_ending(member.ending, start)
    if member.ending in HL7_ENDINGS or (member.ending in TEXT_ENDINGS and HL7_START.match(start)):
        return HL7
    if member.ending in FHIR_ENDINGS:
        return FHIR
    is_json = member.ending in TEXT_ENDINGS and FHIR_START.match(start)
    return FHIR if is_json and b'"resourceType"' in member.source.read(SAMPLE) else TABLE


def _check_ending(ending: str, start: bytes) -> None:
    is_zip = start.startswith(b"PK\x03\x04")
    if ending == WORKBOOK and not is_zip:
        raise Invalid(
            "The file is named .xlsx, but it is no Excel workbook. Export it again, or name it .csv if it is text."
        )
    if ending not in READ_HERE:
        shown = ending if re.fullmatch(r"\.[a-z0-9]{1,8}", ending) else "without a known ending"
        raise Invalid(f"Files {shown} are not read here. {USE}.")
    if ending != WORKBOOK and is_zip:
        raise Invalid(f"The file is named {ending}, but it is a workbook or a packed file. Name it .xlsx or .zip.")
