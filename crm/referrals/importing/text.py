"""Reads delimited text: finds encoding and delimiter, and says on which line a file is damaged.

Nothing beyond these two is guessed: every cell stays the text that it is (an NPI keeps its zeros, NA stays a surname),
and line numbers are those of the file.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import compress, repeat
from typing import IO

from crm.core.errors import Invalid
from crm.referrals.importing.sheets import MEGABYTE, EvenPiece, Limits, Piece, Sheet, counted
from crm.referrals.importing.source import Source

DELIMITERS = ",\t;|"
SAMPLE = 64_000
START = 1_000
CHUNK = 1 << 16  # characters: few enough that they stay close to the processor
LARGE = 8 * MEGABYTE
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
UNFINISHED = "unexpected end"
CUT_OFF = "The file is cut off in the middle of a character. Export it again."
NOT_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"
QUOTED_NULL = tuple('"NULL"'.encode(code) for code in ("ascii", "utf-16-le", "utf-16-be"))


def text_sheet(source: Source, limits: Limits) -> Sheet:
    """A text file as one sheet. Raises Invalid; faults inside the text show when its lines are read."""
    start = source.read(SAMPLE)
    encoding = _encoding(source, start[:START])
    sample = _decoded(start, encoding)
    if bad := CONTROL.search(sample):
        raise Invalid(f"Line {_line_of(sample, bad.start())} holds binary data: this is no text file.")
    delimiter = guess_delimiter(sample)

    def pieces() -> Iterator[Piece]:
        with io.TextIOWrapper(source.open(), encoding=encoding, errors="strict", newline="") as text:
            yield from counted(_read(text, delimiter), limits)

    is_large = source.size > LARGE
    return Sheet("", pieces, null_is_empty=not _holds_quoted_null(source, encoding), is_large=is_large)


def open_text(source: Source, newline: str | None) -> Callable[[], IO[str]]:
    """A way to read a source as text, as often as needed, in the encoding that was found for it. Raises Invalid."""
    encoding = _encoding(source, source.read(START))
    return lambda: io.TextIOWrapper(source.open(), encoding=encoding, errors="replace", newline=newline)


def _encoding(source: Source, start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        if source.size % 2:
            raise Invalid(CUT_OFF)
        return "utf-16"
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return _utf16_without_mark(start) if b"\x00" in start else _one_byte_encoding(source)


def _one_byte_encoding(source: Source) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in source.pieces():
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as problem:
        if problem.reason == "unexpected end of data":
            raise Invalid(CUT_OFF) from None
        return "latin-1" if any(byte in piece for piece in source.pieces() for byte in NOT_IN_CP1252) else "cp1252"
    return "utf-8"


def _holds_quoted_null(source: Source, encoding: str) -> bool:
    wanted = QUOTED_NULL[1:] if encoding.startswith("utf-16") else QUOTED_NULL[:1]
    before = b""
    for piece in source.pieces():
        seen = before + piece
        if any(null in seen for null in wanted):
            return True
        before = seen[-len(wanted[0]) :]  # it may begin here and end in the next piece
    return False


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


def _read(text: IO[str], delimiter: str) -> Iterator[Piece]:
    line, more = 1, ""
    chunks = _chunks(text)
    while True:
        try:
            chunk = next(chunks, "")
        except UnicodeError:
            says = f"Line {line} or a later one holds bytes that are no text. Export the file again, as UTF-8."
            raise Invalid(says) from None
        if not chunk and not more:
            return
        piece, lines = _split(more + chunk, delimiter, line) or _parsed(
            more + chunk, delimiter, line, is_last=not chunk
        )
        # A quoted value may go on behind the end of a chunk.
        more = "" if piece else more + chunk
        line += lines
        if piece and piece.numbers:
            yield piece


def _chunks(text: IO[str]) -> Iterator[str]:
    """The text in pieces of whole lines, if not of whole records."""
    rest = ""
    while read := text.read(CHUNK):
        rest += read
        # The last sign may be the first half of the end of a line.
        end = max(rest.rfind("\n"), rest.rfind("\r", 0, -1)) + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


def _split(chunk: str, delimiter: str, line: int) -> tuple[Piece, int] | None:
    """The lines of a chunk, of which the first has this number, and how many they are; None when it takes more than
    splitting at each delimiter."""
    text = chunk.replace("\r\n", "\n").removesuffix("\n")
    lines = text.split("\n")
    blanks = lines[0].count(delimiter) * delimiter
    # Blanks before a value do not belong to it.
    if not blanks or text[0] == " " or any(said in text for said in ('"', "\0", "\r", "\n ", f"{delimiter} ")):
        return None
    if len(text) > csv.field_size_limit() or blanks in lines:
        return None
    if set(map(str.count, lines, repeat(delimiter))) != {len(blanks)}:
        return None
    cells = text.replace("\n", delimiter).split(delimiter)
    return EvenPiece(range(line, line + len(lines)), cells, len(blanks) + 1, len(text)), len(lines)


def _parsed(chunk: str, delimiter: str, line: int, *, is_last: bool) -> tuple[Piece | None, int]:
    """The same for any chunk; no piece when it ends within a quoted value, and is not the last. Raises Invalid."""
    reader = csv.reader(io.StringIO(chunk, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    piece, numbers = Piece([], []), [line]
    try:
        for values in reader:
            piece.rows.append(values)
            numbers.append(line + reader.line_num)
    except csv.Error as problem:
        if UNFINISHED in str(problem) and not is_last:
            return None, 0
        raise Invalid(_csv_fault(str(problem), numbers[-1])) from None
    piece.numbers = numbers[:-1]
    return _checked(piece), reader.line_num


def _checked(piece: Piece) -> Piece:
    """The same piece without blank lines. Raises Invalid."""
    for number, row in zip(piece.numbers, piece.rows, strict=True):
        if "\x00" in "".join(row):
            raise Invalid(f"Line {number} holds binary data: the file is damaged.")
    filled = list(map(any, piece.rows))
    if all(filled):
        return piece
    return Piece(list(compress(piece.numbers, filled)), list(compress(piece.rows, filled)))


def _csv_fault(problem: str, line: int) -> str:
    if UNFINISHED in problem:
        return f"The file ends inside a quoted value that begins on line {line}. It may be cut off: export it again."
    if "field larger" in problem:
        return f"A value on line {line} never ends. A closing quotation mark may be missing there."
    return f"Line {line} has a quotation mark in the wrong place. Export the file again as CSV."
