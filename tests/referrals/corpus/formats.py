"""Writes a table as the bytes of a file: CSV in the encodings and delimiters of exports, XLSX by two writers."""

import csv
import io
from collections.abc import Callable, Sequence

import openpyxl
import xlsxwriter

Table = Sequence[Sequence[object]]


def text(table: Table, *, delimiter: str = ",", encoding: str = "utf-8", quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    """A text file."""
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerows(table)  # type: ignore[arg-type]
    return written.getvalue().encode(encoding, "replace")


def workbook(table: Table) -> bytes:
    """A workbook as xlsxwriter writes it."""
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Referrals")
        for number, row in enumerate(table):
            for place, value in enumerate(row):
                sheet.write_string(number, place, str(value))
    return packed.getvalue()


def other_workbook(table: Table) -> bytes:
    """A workbook as openpyxl writes it."""
    book = openpyxl.Workbook()
    for row in table:
        book.active.append([str(value) for value in row])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


FORMATS: dict[str, tuple[str, Callable[[Table], bytes]]] = {
    "comma": (".csv", text),
    "semicolon": (".csv", lambda table: text(table, delimiter=";")),
    "tab": (".tsv", lambda table: text(table, delimiter="\t")),
    "pipe": (".txt", lambda table: text(table, delimiter="|")),
    "quoted": (".csv", lambda table: text(table, quoting=csv.QUOTE_ALL)),
    "utf-8 with mark": (".csv", lambda table: text(table, encoding="utf-8-sig")),
    "utf-16": (".csv", lambda table: text(table, encoding="utf-16", delimiter="\t")),
    "cp1252": (".csv", lambda table: text(table, encoding="cp1252")),
    "xlsxwriter": (".xlsx", workbook),
    "openpyxl": (".xlsx", other_workbook),
}
