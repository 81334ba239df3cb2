"""Tests of how single cells are understood."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.referrals.importing import values
from crm.referrals.importing.values import Unreadable
from crm.referrals.models import PayerClass, ReferralStatus


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-09",
        "03/09/2026",
        "3/9/26",
        "3-9-2026",
        "20260309",
        "09 Mar 2026",
        "9-Mar-26",
        "March 9, 2026",
        "2026-03-09T10:22:00Z",
        "03/09/2026 10:30 AM",
        "2026/3/9",
        "2026-03-09 00:00:00",
        "20260309102200",
    ],
)
def test_dates_as_exports_write_them(text: str) -> None:
    assert values.parse_date(text) == date(2026, 3, 9)


def test_dates_with_the_day_first_when_the_column_says_so() -> None:
    assert values.parse_date("9/3/2026", day_first=True) == date(2026, 3, 9)


@pytest.mark.parametrize(
    "text",
    ["0001-01-01", "12/31/9999", "2026-02-30", "13/13/2026", "yesterday", "2026", "1.5", "1/2", "NaN", "٣/٩/٢٠٢٦x"],
)
def test_dates_that_are_none(text: str) -> None:
    with pytest.raises(Unreadable):
        values.parse_date(text)


@pytest.mark.parametrize("text", ["2026-03", "03/2026", "Mar 2026", "March-26", "202603", "2026 Mar", "3/14/2026"])
def test_months_as_reports_write_them(text: str) -> None:
    assert values.parse_month(text) == 2026 * 12 + 2


@pytest.mark.parametrize("text", ["2026-13", "0/2026", "Foo 2026", "0001-05", ""])
def test_months_that_are_none(text: str) -> None:
    with pytest.raises(Unreadable):
        values.parse_month(text)


def test_counts() -> None:
    assert [values.parse_count(text) for text in ("0", "1,204", "12.0", " 7 ")] == [0, 1204, 12, 7]


@pytest.mark.parametrize("text", ["-1", "1.5", "NaN", "inf", "1e309", "1e20", "two", "", "--1", "1,2,3", "1" * 400])
def test_counts_that_are_none(text: str) -> None:
    with pytest.raises(Unreadable):
        values.parse_count(text)


def test_money() -> None:
    cases = {"$1,180.00": 118_000, "412.5": 41_250, "(45.00)": -4_500, "-45": -4_500, "0": 0, "USD 12": 1_200}
    assert {text: values.parse_cents(text) for text in cases} == cases


@pytest.mark.parametrize("text", ["NaN", "1e309", "1e300", "free", "$", "(", "1.2.3"])
def test_money_that_is_none(text: str) -> None:
    with pytest.raises(Unreadable):
        values.parse_cents(text)


def fault_of(parse: Callable[[str], object], text: str) -> str:
    try:
        parse(text)
    except Unreadable as problem:
        return str(problem)
    return ""


# Told apart from the value by being known beforehand; a value such as "Not a" may well be part of a message.
MESSAGES = {
    "", "Not a date", "Not a date in the calendar", "Date is outside the years that make sense", "Not a month",
    "Month is outside the years that make sense", "Not a number", "Not a number that can be counted with",
    "Count is negative", "Count is not a whole number", "Count is too large", "Not an amount of money",
    "Amount is too large", "Status not known",
}  # fmt: skip


@given(st.text(min_size=5, max_size=60))
def test_no_text_breaks_a_parser_or_stands_in_its_message(text: str) -> None:
    for parse in (values.parse_date, values.parse_month, values.parse_count, values.parse_cents, values.parse_status):
        assert fault_of(parse, text) in MESSAGES
    assert values.parse_payer(text) in PayerClass
    assert values.parse_npi(text) is None or len(values.parse_npi(text) or "") == 10


def test_npis_need_their_check_digit() -> None:
    assert values.parse_npi("1730482910.0") == "1730482910"
    assert values.parse_npi("1730-482-910") == "1730482910"
    assert values.parse_npi("1730482911") is None


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("RCVD", "received"),
        ("Authorized", "received"),
        ("Pending Review", "received"),
        ("SCHED", "scheduled"),
        ("Seen", "seen"),
        ("Specialist Visit Completed", "seen"),
        ("Denied", "declined"),
        ("Non-Admit", "declined"),
        ("Canceled", "lost"),
        ("PENDING_AUTH", "received"),
        ("IN_PROGRESS", "received"),
        ("No Show", "lost"),
        ("(Unassigned)", "received"),
    ],
)
def test_statuses_of_sending_systems(text: str, status: str) -> None:
    assert values.parse_status(text) is ReferralStatus(status)


@pytest.mark.parametrize(
    ("text", "payer"),
    [
        ("COMM", "commercial"),
        ("Blue Cross Blue Shield", "commercial"),
        ("MCR", "medicare"),
        ("Medicare Part B", "medicare"),
        ("Humana Medicare Advantage PPO", "medicare_advantage"),
        ("MCD", "medicaid"),
        ("Workers' Compensation", "workers_comp"),
        ("Self-Pay", "self_pay"),
        ("TRICARE", "other"),
        ("", "unknown"),
        ("Zebra Mutual", "other"),
    ],
)
def test_payers(text: str, payer: str) -> None:
    assert values.parse_payer(text) is PayerClass(payer)
