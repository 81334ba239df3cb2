"""Tests of tables as files: numbers stay numbers, text never becomes a formula."""

import csv
import io

import pytest

from crm.analytics.tables import Column, Kind, Row, Table, file_rows, known
from crm.exports import csv_writer

NAME = Column("Practice", Kind.TEXT)


def read(table: Table) -> list[list[str]]:
    head, rows = file_rows(table)
    text = b"".join(csv_writer.lines(head, rows)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_units_stand_in_the_head_and_values_are_plain() -> None:
    columns = (
        NAME, Column("Referrals"), Column("Paid", Kind.MONEY), Column("Share", Kind.PERCENT),
        Column("Change", Kind.SIGNED_PERCENT, "%"),
    )  # fmt: skip
    rows = read(
        Table(columns, [Row(("Olentangy", 1204, 123_456, 0.07243, -0.313))], Row(("All", 1204, None, None, None)))
    )
    assert rows == [
        ["Practice", "Referrals", "Paid, $", "Share, %", "Change, %"],
        ["Olentangy", "1204", "1234.56", "7.24", "-31.3"],
        ["All", "1204", "", "", ""],
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\x01=cmd", "＝1", "\xa0=1"])
def test_a_name_is_never_a_formula(name: str) -> None:
    assert read(Table((NAME,), [Row((name,))]))[1][0].startswith("'")


def test_a_negative_amount_stays_a_number() -> None:
    assert read(Table((NAME, Column("Paid", Kind.MONEY)), [Row(("A", -500))]))[1] == ["A", "-5.0"]


@pytest.mark.parametrize(
    ("value", "expected"), [(float("nan"), None), (float("inf"), None), (3.0, 3), (None, None), (2.5, 2.5), ("a", "a")]
)
def test_unknown_values_are_empty(value: object, expected: object) -> None:
    assert known(value) == expected
