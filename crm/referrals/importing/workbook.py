"""Reads Excel workbooks in a child process with limits on CPU time and memory: a hostile one harms only that child.

The bytes go through pipes in both directions, never through a file. `workbook_child.py` is what runs there.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from crm.core.errors import Invalid, TooLarge
from crm.referrals.importing.sheets import Limits, Piece, Sheet, counted

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
    "doctype": "The workbook holds parts that no Excel writes, so it is not read.",
    "bomb": "The workbook unpacks to more than is read here. Export CSV, or split it.",
    "cells": "The workbook has more cells than are read here. Export CSV, or split it.",
}
SIZE_FAULTS = {"bomb", "cells"}


def read_workbook(data: bytes, limits: Limits) -> list[Sheet]:
    """The sheets of a workbook, hidden ones too."""
    answer = _ask_child(data, limits)
    fault, _, body = answer.partition(b"\n")
    if fault != b"ok":
        says = FAULTS.get(fault.decode("ascii", "replace"), FAULTS["damaged"])
        raise (TooLarge if fault.decode("ascii", "replace") in SIZE_FAULTS else Invalid)(says)
    sheets = [_sheet(part, limits) for part in body.split(b"\x1d") if part]
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


def _sheet(part: bytes, limits: Limits) -> Sheet:
    title, _, body = part.partition(b"\x1c")
    name, _, kind = title.decode("utf-8").partition("\x1f")

    def pieces() -> Iterator[Piece]:
        return counted(_pieces(body), limits)

    return Sheet(name, pieces, is_hidden=kind != "visible", may_end_early=True, has_header=kind != "comments")


def _pieces(body: bytes) -> Iterator[Piece]:
    begin = 0
    while begin <= len(body):
        end = body.find(b"\x1c", begin)
        end = len(body) if end < 0 else end
        rows = [line.split("\x1f") for line in body[begin:end].decode("utf-8").split("\x1e")]
        yield Piece([int(row[0]) for row in rows], [row[1:] for row in rows])
        begin = end + 1
