"""Turns the bytes of an uploaded file into sheets of text, or says in one sentence why that cannot be done.

Nothing is guessed beyond encoding and delimiter: every cell stays the text that it is (an NPI keeps its zeros, NA stays
a surname), and line numbers are those of the file.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import PurePath

from crm.core.errors import Invalid, TooLarge
from crm.referrals.importing.sheets import MEGABYTE, Limits, Line, Sheet, counted
from crm.referrals.importing.workbook import read_workbook

TEXT_ENDINGS = {".csv", ".tsv", ".tab", ".txt", ".ssv", ".psv"}
DELIMITERS = ",\t;|"
SAMPLE = 64_000
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
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


def read_file(name: str, data: bytes, limits: Limits | None = None) -> list[Sheet]:
    """The sheets of a file. Raises Invalid or TooLarge; faults inside the text show when its lines are read."""
    limits = limits or Limits()
    ending = PurePath(name).suffix.lower()
    if not data.strip():
        raise Invalid("The file is empty.")
    if len(data) > limits.max_bytes:
        raise TooLarge(f"The file has more than {limits.max_bytes // MEGABYTE} MB. Split it, by month say.")
    _check_kind(ending, data)
    if ending == ".xlsx":
        return read_workbook(data, limits)
    return [_text_sheet(data, limits)]


def _check_kind(ending: str, data: bytes) -> None:
    for start, kind in KINDS:
        if data.startswith(start):
            raise Invalid(f"This is {kind}.")
    is_zip = data.startswith(b"PK\x03\x04")
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


def _text_sheet(data: bytes, limits: Limits) -> Sheet:
    encoding = _encoding(data)
    sample = _decoded(data[:SAMPLE], encoding)
    if bad := CONTROL.search(sample):
        raise Invalid(f"Line {_line_of(sample, bad.start())} holds binary data: this is no text file.")
    delimiter = guess_delimiter(sample)
    has_quoted_null = any('"NULL"'.encode(code) in data for code in ("ascii", "utf-16-le", "utf-16-be"))

    def lines() -> Iterator[Line]:
        text = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, errors="strict", newline="")
        return counted(_read_lines(text, delimiter), limits)

    return Sheet("", lines, null_is_empty=not has_quoted_null)


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        if len(data) % 2:
            raise Invalid("The file is cut off in the middle of a character. Export it again.")
        return "utf-16"
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if b"\x00" in data[:1000]:
        return _utf16_without_mark(data[:1000])
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as problem:
        if problem.reason == "unexpected end of data":
            raise Invalid("The file is cut off in the middle of a character. Export it again.") from None
        return "cp1252" if not set(data) & set(b"\x81\x8d\x8f\x90\x9d") else "latin-1"
    return "utf-8"


def _utf16_without_mark(start: bytes) -> str:
    half = len(start) // 2
    if start[1::2].count(0) > half * 0.7:
        return "utf-16-le"
    if start[0::2].count(0) > half * 0.7:
        return "utf-16-be"
    raise Invalid("The file holds binary data: this is no text file.")


def _decoded(start: bytes, encoding: str) -> str:
    return start[: len(start) // 2 * 2].decode(encoding, errors="ignore")


def _line_of(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def guess_delimiter(sample: str) -> str:
    """The delimiter that splits the first lines most evenly; a comma where there is none."""
    lines = [line for line in _without_quoted(sample).splitlines()[:30] if line.strip()]
    if len(lines) > 1 and len(sample) >= SAMPLE // 2:
        lines = lines[:-1]  # the sample may end in the middle of it
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        counts = [line.count(delimiter) for line in lines]
        usual = max(set(counts), key=counts.count) if counts else 0
        score = usual and counts.count(usual) / len(counts) + min(usual, 50) / 1000
        if usual and score > best_score:
            best, best_score = delimiter, score
    return best


def _without_quoted(text: str) -> str:
    return re.sub(r'"[^"]*"', "", text)


def _read_lines(text: io.TextIOWrapper, delimiter: str) -> Iterator[Line]:
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=True)
    line = 1
    try:
        for values in reader:
            if any("\x00" in value for value in values):
                raise Invalid(f"Line {line} holds binary data: the file is damaged.")
            if any(values):
                yield line, values
            line = reader.line_num + 1
    except csv.Error as problem:
        raise Invalid(_csv_fault(str(problem), line)) from None
    except UnicodeError:
        raise Invalid(
            f"Line {line} or a later one holds bytes that are no text. Export the file again, as UTF-8."
        ) from None


def _csv_fault(problem: str, line: int) -> str:
    if "unexpected end" in problem:
        return f"The file ends inside a quoted value that begins on line {line}. It may be cut off: export it again."
    if "field larger" in problem:
        return f"A value on line {line} never ends. A closing quotation mark may be missing there."
    return f"Line {line} has a quotation mark in the wrong place. Export the file again as CSV."
