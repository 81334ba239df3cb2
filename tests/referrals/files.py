"""Invented files for the tests of imports: extracts, workbooks, and hostile ones."""

import csv
import io
import zipfile
from collections.abc import Sequence

import xlsxwriter

HEADER = (
    "Referral ID",
    "Referral Date",
    "Ref NPI",
    "Referring Practice",
    "Dept",
    "Site",
    "Ins Class",
    "Status",
    "Appt Dt",
    "Payments",
)
OKONJO, BECKER = "1730482910", "1588203640"


def csv_bytes(rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER, delimiter: str = ",") -> bytes:
    """A CSV of a header and rows."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    return text.getvalue().encode()


def event(number: int, **changed: object) -> list[object]:
    """One referral in the layout of HEADER; arguments replace its values by header, blanks written as underscores."""
    values: dict[str, object] = {
        "Referral ID": f"REF-{number}",
        "Referral Date": f"{number % 9 + 1:02d}/14/2026",
        "Ref NPI": OKONJO,
        "Referring Practice": "Olentangy Family Medicine",
        "Dept": ("Orthopedics", "Cardiology")[number % 2],
        "Site": "Dublin",
        "Ins Class": "Medicare",
        "Status": "Scheduled",
        "Appt Dt": f"{number % 9 + 1:02d}/20/2026",
        "Payments": "120.50",
    }
    values |= {name.replace("_", " "): value for name, value in changed.items()}
    return [values[name] for name in HEADER]


def events(count: int, **changed: object) -> bytes:
    """A CSV of so many referrals."""
    return csv_bytes([event(number, **changed) for number in range(1, count + 1)])


def workbook(sheets: dict[str, Sequence[Sequence[object]]], hidden: Sequence[str] = ()) -> bytes:
    """An Excel workbook."""
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            if name in hidden:
                sheet.hide()
    return packed.getvalue()


def with_member(data: bytes, name: str, content: bytes) -> bytes:
    """The same packed file with one more member, or another content of one."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            if member.filename != name:
                new.writestr(member, old.read(member))
        new.writestr(name, content)
    return packed.getvalue()
