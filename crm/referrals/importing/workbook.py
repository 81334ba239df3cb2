"""Reads Excel workbooks in a child process with limits on CPU time and memory: a hostile one harms only that child.

The bytes go through pipes in both directions, never through a file. `workbook_child.py` is what runs there.
"""

import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from crm.core.errors import Invalid, TooLarge
from crm.referrals.importing.cells import Cells
from crm.referrals.importing.facts import Ints
from crm.referrals.importing.segments import Segment
from crm.referrals.importing.sheets import BETWEEN_CELLS, Limits, Meter, Piece, Sheet

PART = struct.Struct("<cQ")
TITLE, NUMBERS, WORDS = b"T", b"N", b"W"
CHILD = Path(__file__).with_name("workbook_child.py")
CPU_SECONDS = 40
WALL_SECONDS = 90
MEMORY_BYTES = 1_500_000_000
FAULTS = {
    "damaged": "The workbook is damaged or cut off. Open it in Excel, save it again, or export CSV.",
    "password": "The workbook is protected with a password. Save it without one.",
    "macros": "The workbook holds macros. Save it as a plain .xlsx, or export CSV.",
    "links": "The workbook takes values from other files. Save the values only, or export CSV.",
    "formulas": "The workbook holds formulas without results. Open it in Excel and save it, or export CSV.",
    "not_workbook": "This is no Excel workbook (.xlsx). Export CSV or XLSX.",
    "strange": "The workbook holds parts that no Excel writes, so it is not read.",
    "bomb": "The workbook unpacks to more than is read here. Export CSV, or split it.",
    "cells": "The workbook has more cells than are read here. Export CSV, or split it.",
}
SIZE_FAULTS = {"bomb", "cells"}


@dataclass
class _Block:
    """Some rows of a sheet as the child wrote them: their numbers, and for each column its words and its codes."""

    numbers: Ints
    indent: int  # so many blank columns stand before
    words: list[memoryview] = field(default_factory=list)
    codes: list[memoryview] = field(default_factory=list)

    @property
    def width(self) -> int:
        """How many columns it has."""
        return self.indent + len(self.words)

    def segment(self) -> Segment:
        """The rows column by column."""
        blank = Cells([""], np.zeros(len(self.numbers), dtype=np.uint8))
        columns = [
            Cells(str(words, "utf-8").split(BETWEEN_CELLS), np.frombuffer(codes, dtype=np.uint32))
            for words, codes in zip(self.words, self.codes, strict=True)
        ]
        return Segment(self.numbers, [blank] * self.indent + columns, {})

    def piece(self) -> Piece:
        """The same row by row."""
        texts = zip(*(column.texts() for column in self.segment().columns), strict=True)
        return Piece(self.numbers.tolist(), list(map(list, texts)))


def read_workbook(data: bytes, limits: Limits) -> list[Sheet]:
    """The sheets of a workbook, hidden ones too."""
    answer = _ask_child(data, limits)
    fault = answer[: answer.index(b"\n")]
    if fault != b"ok":
        says = FAULTS.get(fault.decode("ascii", "replace"), FAULTS["damaged"])
        raise (TooLarge if fault.decode("ascii", "replace") in SIZE_FAULTS else Invalid)(says)
    sheets = sheets_of(memoryview(answer)[len(fault) + 1 :], limits)
    if not sheets:
        raise Invalid("The workbook has no sheet with cells in it.")
    return sheets


def _ask_child(data: bytes, limits: Limits) -> bytes:
    command = [sys.executable, "-I", str(CHILD), str(limits.max_sheet_cells), str(CPU_SECONDS), str(MEMORY_BYTES)]
    with subprocess.Popen(  # noqa: S603 our own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
    ) as child:
        try:
            answer, _ = child.communicate(data, timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise TooLarge("Reading the workbook took too long. Export CSV, or split it.") from None
    if child.returncode:
        raise TooLarge("The workbook needs more time or memory to read than is allowed here. Export CSV, or split it.")
    return answer


def sheets_of(parts: bytes | memoryview, limits: Limits) -> list[Sheet]:
    """The sheets of which the child wrote these parts. Raises Invalid and TooLarge for more than the limits allow."""
    found: list[tuple[str, str, list[_Block]]] = []
    indent = ""
    for kind, body in _in_parts(memoryview(parts)):
        if kind == TITLE:
            name, visible, indent = str(body, "utf-8").split(BETWEEN_CELLS)
            found.append((name, visible, []))
        elif kind == NUMBERS:
            found[-1][2].append(_Block(np.frombuffer(body, dtype=np.int64), int(indent)))
        else:
            block = found[-1][2][-1]
            (block.words if kind == WORDS else block.codes).append(body)
    return [_sheet(*sheet, limits) for sheet in found]


def _in_parts(rest: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    while rest:
        kind, size = PART.unpack_from(rest)
        yield kind, rest[PART.size : PART.size + size]
        rest = rest[PART.size + size :]


def _sheet(name: str, kind: str, blocks: list[_Block], limits: Limits) -> Sheet:
    meter = Meter(limits)
    for block in blocks:
        meter.add(block.numbers.tolist(), [block.width] * len(block.numbers))
    return Sheet(
        name,
        pieces=lambda: map(_Block.piece, blocks),
        is_hidden=kind != "visible",
        may_end_early=True,
        has_header=kind != "comments",
        segments=lambda: map(_Block.segment, blocks),
    )
