"""Turns a file of any kind into sheets of text, or says in one sentence why that cannot be done."""

import re
from pathlib import Path, PurePath

from crm.core.errors import Invalid, TooLarge
from crm.referrals.importing.sheets import MEGABYTE, Limits, Sheet
from crm.referrals.importing.source import Source, source_of
from crm.referrals.importing.text import text_sheet
from crm.referrals.importing.workbook import read_workbook

TEXT_ENDINGS = {".csv", ".tsv", ".tab", ".txt", ".ssv", ".psv"}
START = 1_000  # bytes that tell what kind of file it is
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
    (b"\x1f\x8b", "a compressed file. Unpack it first"),
    (b"{\\rtf", "a text document. Export the report as CSV or XLSX instead"),
    (b"SQLite format 3", "a database"),
    (b"MSH|", "an HL7 message. Export the report as CSV or XLSX instead"),
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
    _check_kind(ending, source.read(START))
    if ending == ".xlsx":
        return read_workbook(source.read(), limits)
    return [text_sheet(source, limits)]


def _check_kind(ending: str, start: bytes) -> None:
    for mark, kind in KINDS:
        if start.startswith(mark):
            raise Invalid(f"This is {kind}.")
    is_zip = start.startswith(b"PK\x03\x04")
    if ending == ".xlsx" and not is_zip:
        raise Invalid(
            "The file is named .xlsx, but it is no Excel workbook. Export it again, or name it .csv if it is text."
        )
    if ending in TEXT_ENDINGS and is_zip:
        raise Invalid(
            f"The file is named {ending}, but it is a workbook or a packed file. Name it .xlsx, or unpack it first."
        )
    if ending not in TEXT_ENDINGS | {".xlsx"}:
        shown = ending if re.fullmatch(r"\.[a-z0-9]{1,8}", ending) else "without a known ending"
        raise Invalid(f"Files {shown} are not read here. Use CSV, TSV or XLSX.")
