"""The child process that reads one workbook from its input and writes its cells as text to its output.

Run alone (`python -I workbook_child.py CELLS CPU_SECONDS MEMORY_BYTES`), so it imports nothing of Rounds. The answer is
the name of a fault, or `ok` and parts, each behind its kind and its length (`PART`). A sheet begins with its TITLE,
`name 0x1F visible|hidden|comments 0x1F number of blank columns before the others`. Its rows come in blocks: the NUMBERS
of some rows, and then for each column its WORDS, each different text once, parted by 0x1F, and the CODES that say which
of them stands in which row. Comments of cells come last, as one more sheet: nothing of them is imported, but what they
hold is looked at.
"""

import gc
import html
import io
import re
import resource
import struct
import sys
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import compress, islice
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

EXCEL_ROWS, EXCEL_COLUMNS = 1 << 20, 1 << 14
MAX_MEMBERS = 2_000
MAX_UNPACKED = 600_000_000
# One long text that many cells share packs to nothing; the parent process, without limits, gets it once for each cell.
MAX_TEXT = 100_000_000
PIECE = 1 << 20
PART = struct.Struct("<cQ")
TITLE, NUMBERS, WORDS, CODES = b"T", b"N", b"W", b"C"
# Of the first rows somebody looks at each, for the header; those behind it are looked at column by column.
FIRST_ROWS = 100
BLOCK_ROWS = 30_000
BLOCK_CELLS = 400_000
BLOCK_TEXT = 20_000_000
BETWEEN_CELLS = "\x1f"
BLANKED = dict.fromkeys((0x00, 0x1C, 0x1D, 0x1E, 0x1F), " ")
SEAM = 4_000
# A formula with no result beside it reads as an empty cell: better refused than lost.
NO_RESULT = re.compile(rb"<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:</c>|<v\s*/>|<v></v>)")
DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
COMMENT_PART = re.compile(r"xl/(?:comments|threadedComments)[^/]*(?:/[^/]*)?\.xml", re.IGNORECASE)
COMMENT_TEXT = re.compile(r"<t(?:ext)?(?:\s[^>]*)?>([^<]*)")
MAX_COMMENTS = 20_000_000


class FaultyError(Exception):
    """Why the workbook is not read; the parent process has the words for it."""


def main() -> None:
    """Read, check, write."""
    max_cells, cpu_seconds, memory = (int(argument) for argument in sys.argv[1:4])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":  # macOS does not keep this limit
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    gc.disable()  # it would look through a million cells again and again, and there are no cycles among them
    data = sys.stdin.buffer.read()
    try:
        _check_parts(data)
        answer = [b"ok\n", *_sheets(data, max_cells), *_comments(data)]
    except FaultyError as fault:
        answer = [f"{fault}\n".encode()]
    except PasswordError:
        answer = [b"password\n"]
    # zipfile tells encryption and unknown compression as a RuntimeError, and a spoiled stream as zlib does.
    except (
        CalamineError,
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        zlib.error,
        EOFError,
        ValueError,
        OSError,
        RuntimeError,
    ):
        answer = [b"damaged\n"]
    sys.stdout.buffer.writelines(answer)
    sys.stdout.buffer.flush()


def _check_parts(data: bytes) -> None:
    """Macros, links to other files, document types, formulas without results; and the declared and the counted size."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        members = packed.infolist()
        names = [member.filename for member in members]
        if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED:
            raise FaultyError("bomb")
        if not any(name.startswith("xl/workbook") for name in names):
            raise FaultyError("not_workbook")
        if any(name.lower().endswith("vbaproject.bin") for name in names):
            raise FaultyError("macros")
        if any(name.startswith("xl/externalLinks/") for name in names):
            raise FaultyError("links")
        unpacked = 0
        for member in members:
            unpacked = _check_part(packed, member, unpacked)


def _check_part(packed: zipfile.ZipFile, member: zipfile.ZipInfo, unpacked: int) -> int:
    is_sheet = member.filename.startswith("xl/worksheets/")
    with packed.open(member) as part:
        before = b""
        while piece := part.read(PIECE):
            unpacked += len(piece)
            if unpacked > MAX_UNPACKED:
                raise FaultyError("bomb")
            seen = before + piece
            # Single bytes that hardly any part holds are found many times faster than what begins with them.
            if member.filename.endswith((".xml", ".rels")) and b"!" in seen and DOCTYPE.search(seen):
                raise FaultyError("strange")
            if is_sheet and b"f" in seen and NO_RESULT.search(seen):
                raise FaultyError("formulas")
            before = piece[-SEAM:]
    return unpacked


def _sheets(data: bytes, max_cells: int) -> list[bytes]:
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
    parts: list[bytes] = []
    cells, room = 0, MAX_TEXT
    for about in workbook.sheets_metadata:
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        sheet = workbook.get_sheet_by_name(about.name)
        start, end = sheet.start or (0, 0), sheet.end or (0, 0)
        if end[0] >= EXCEL_ROWS or end[1] >= EXCEL_COLUMNS:
            raise FaultyError("strange")
        cells += sheet.height * sheet.width
        if cells > max_cells:
            raise FaultyError("cells")
        visible = "visible" if about.visible == SheetVisibleEnum.Visible else "hidden"
        rows = Rows(room)
        rows.add(sheet.iter_rows(), sheet.width)
        room = rows.room
        parts += rows.under(about.name, visible, start[1])
    return parts


class Rows:
    """The rows of a sheet with cells in them, in blocks, as long as their text has room."""

    def __init__(self, room: int = MAX_TEXT) -> None:
        self.room = room
        self._parts: list[bytes] = []

    def add(self, rows: Iterable[Sequence[object]], width: int) -> None:
        """Add the rows from the first one of the sheet on, blank ones too."""
        rest, size, number = iter(rows), FIRST_ROWS, 1
        while some := list(islice(rest, size)):
            filled = list(map(any, some))
            if not all(filled):
                filled = list(map(_is_filled, some))
            numbers = array("q", compress(range(number, number + len(some)), filled))
            if numbers:
                self._add_block(numbers, list(zip(*compress(some, filled), strict=True)))
            number, size = number + len(some), min(BLOCK_ROWS, BLOCK_CELLS // width + 1)

    def _add_block(self, numbers: "array[int]", cells: list[tuple[object, ...]]) -> None:
        columns = list(map(_Column, cells))
        size = sum(column.size for column in columns)
        if size > BLOCK_TEXT and len(numbers) > 1:
            half = len(numbers) // 2
            self._add_block(numbers[:half], [column[:half] for column in cells])
            self._add_block(numbers[half:], [column[half:] for column in cells])
            return
        self.room -= size
        if self.room < 0:
            raise FaultyError("bomb")
        self._parts += _part(NUMBERS, numbers)
        for column in columns:
            self._parts += _part(WORDS, column.words)
            self._parts += _part(CODES, column.codes)

    def under(self, name: str, kind: str, indent: int = 0) -> list[bytes]:
        """The blocks behind the title of their sheet; nothing if there are none."""
        title = _encoded(BETWEEN_CELLS.join((re.sub(r"[\x00-\x1f]", " ", name), kind, str(indent))))
        return [*_part(TITLE, title), *self._parts] if self._parts else []


def _is_filled(row: Sequence[object]) -> bool:
    return any(row) or any(cell not in ("", None) for cell in row)  # 0 and FALSE fill a cell


class _Coder(dict[Any, int]):
    """Numbers cells in the order in which they come first."""

    def __missing__(self, cell: Any) -> int:
        number = self[cell] = len(self)
        return number


class _Column:
    """The different cells of a column as text, without the signs that part the answer, and which stands where."""

    def __init__(self, cells: Sequence[Any]) -> None:
        types = set(map(type, cells))
        if bool in types:  # to a dictionary TRUE is the same as 1
            cells, types = list(map(_text, cells)), {str}
        coder = _Coder()
        self.codes = array("I", map(coder.__getitem__, cells))
        words = list(coder) if types == {str} else list(map(_text, coder))
        whole = "".join(words)
        if any(chr(sign) in whole for sign in BLANKED):
            words = [word.translate(BLANKED) for word in words]
        self.words = _encoded(BETWEEN_CELLS.join(words))
        # In bytes: the texts of all cells, each as often as it stands here, and a sign behind each.
        if types == {str} and whole.isascii():
            self.size = len(cells) + sum(map(len, cells))
        else:
            lengths = list(map(len, words if whole.isascii() else map(_encoded, words)))
            self.size = len(cells) + sum(map(lengths.__getitem__, self.codes))


def _part(kind: bytes, content: "bytes | array[int]") -> tuple[bytes, bytes]:
    body = bytes(content)
    return PART.pack(kind, len(body)), body


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _comments(data: bytes) -> list[bytes]:
    """The texts of comments and notes of cells, one to a line."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        members = [member for member in packed.infolist() if COMMENT_PART.fullmatch(member.filename)]
        if sum(member.file_size for member in members) > MAX_COMMENTS:
            raise FaultyError("bomb")
        parts = [packed.read(member).decode("utf-8", "replace") for member in members]
    said = [COMMENT_TEXT.findall(comment) for part in parts for comment in re.split(r"</(?:threadedC|c)omment>", part)]
    rows = Rows()
    rows.add(([html.unescape("".join(texts))] for texts in said if texts), 1)
    return rows.under("Comments of cells", "comments")


def _text(cell: object) -> str:
    return cell if isinstance(cell, str) else TEXTS.get(type(cell), str)(cell)


def _number(cell: float) -> str:
    return repr(cell + 0.0).removesuffix(".0")  # no number is -0


def _moment(cell: datetime) -> str:
    return cell.isoformat(" ", "seconds").removesuffix(" 00:00:00")


TEXTS: dict[type, Callable[[Any], str]] = {
    bool: lambda cell: "TRUE" if cell else "FALSE",
    float: _number,
    datetime: _moment,
    date: date.isoformat,
    timedelta: lambda cell: f"{cell.total_seconds():.0f} s",
    type(None): lambda _: "",
}


if __name__ == "__main__":
    main()
