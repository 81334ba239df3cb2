"""The child process that reads one workbook from its input and writes its cells as text to its output.

Run alone (`python -I workbook_child.py CELLS CPU_SECONDS MEMORY_BYTES`), so it imports nothing of Rounds. The answer is
the name of a fault, or `ok` and the sheets. Each begins with 0x1D and `name 0x1F visible|hidden|comments`; then come
blocks of rows, each behind a 0x1C. Rows are parted by 0x1E and cells by 0x1F; the first cell is the number of the row.
Comments of cells come last, as one more sheet: nothing of them is imported, but what they hold is looked at.
"""

import gc
import html
import io
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

MAX_MEMBERS = 2_000
MAX_UNPACKED = 600_000_000
# One long text that many cells share packs to nothing; the parent process, without limits, gets it once for each cell.
MAX_TEXT = 100_000_000
PIECE = 1 << 20
BLOCK_ROWS = 500
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
        answer = b"ok\n" + b"".join([*_sheets(data, max_cells), *_comments(data)])
    except FaultyError as fault:
        answer = f"{fault}\n".encode()
    except PasswordError:
        answer = b"password\n"
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
        answer = b"damaged\n"
    sys.stdout.buffer.write(answer)
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
            if member.filename.endswith((".xml", ".rels")) and DOCTYPE.search(seen):
                raise FaultyError("doctype")
            if is_sheet and b"<f" in seen and NO_RESULT.search(seen):
                raise FaultyError("formulas")
            before = piece[-SEAM:]
    return unpacked


def _sheets(data: bytes, max_cells: int) -> list[bytes]:
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
    parts: list[bytes] = []
    cells = 0
    for about in workbook.sheets_metadata:
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        sheet = workbook.get_sheet_by_name(about.name)
        cells += sheet.height * sheet.width
        if cells > max_cells:
            raise FaultyError("cells")
        size = sum(map(len, parts))
        body = _body(sheet.start or (0, 0), sheet.to_python(), MAX_TEXT - size)
        if body:
            visible = "visible" if about.visible == SheetVisibleEnum.Visible else "hidden"
            name = re.sub(r"[\x00-\x1f]", " ", about.name)
            parts.append(f"\x1d{name}\x1f{visible}".encode("utf-8", "replace") + body)
    return parts


def _body(start: tuple[int, int], rows: Sequence[Sequence[object]], room: int = MAX_TEXT) -> bytes:
    """The rows with cells in them as blocks, as long as their text has room."""
    first_line, indent = start[0] + 1, ("",) * start[1]
    blocks: list[bytes] = []
    for begin in range(0, len(rows), BLOCK_ROWS):
        texts = zip(*map(_texts, zip(*rows[begin : begin + BLOCK_ROWS], strict=True)), strict=True)
        lines = [
            "\x1f".join((str(number), *indent, *cells))
            for number, cells in enumerate(texts, first_line + begin)
            if any(cells)
        ]
        if lines:
            blocks.append(("\x1c" + "\x1e".join(lines)).encode("utf-8", "replace"))
            room -= len(blocks[-1])
        if room < 0:
            raise FaultyError("bomb")
    return b"".join(blocks)


def _texts(cells: Sequence[object]) -> list[str]:
    """The cells of a column as text, without the signs that part the answer."""
    texts = [cell if isinstance(cell, str) else TEXTS.get(type(cell), str)(cell) for cell in cells]
    whole = "".join(texts)
    return [text.translate(BLANKED) for text in texts] if any(chr(sign) in whole for sign in BLANKED) else texts


def _comments(data: bytes) -> list[bytes]:
    """The texts of comments and notes of cells, one to a line."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        members = [member for member in packed.infolist() if COMMENT_PART.fullmatch(member.filename)]
        if sum(member.file_size for member in members) > MAX_COMMENTS:
            raise FaultyError("bomb")
        parts = [packed.read(member).decode("utf-8", "replace") for member in members]
    said = [COMMENT_TEXT.findall(comment) for part in parts for comment in re.split(r"</(?:threadedC|c)omment>", part)]
    body = _body((0, 0), [[html.unescape("".join(texts))] for texts in said if texts])
    return [b"\x1dComments of cells\x1fcomments" + body] if body else []


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
