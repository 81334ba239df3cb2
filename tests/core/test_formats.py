"""How numbers, money and days are written."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core import clock, formats


@pytest.mark.parametrize(
    ("cents", "short", "exact"),
    [
        (0, "$0", "$0"), (95_00, "$95", "$95"), (1_234_56, "$1,235", "$1,234.56"), (71_200_00, "$71.2k", "$71,200"),
        (2_841_200_00, "$2.84M", "$2,841,200"), (-71_200_00, "−$71.2k", "−$71,200"), (None, "–", "–"),
        (999_600_00, "$1M", "$999,600"),
    ],
)  # fmt: skip
def test_money(cents: int | None, short: str, exact: str) -> None:
    assert formats.money(cents) == short
    assert formats.money_exact(cents) == exact


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0.0834, "+8.3%"), (-0.3126, "−31.3%"), (0, "0.0%"), (-0.0001, "0.0%"), (None, "–"), (12.5, "+1,250.0%")],
)
def test_signed_percent(ratio: float | None, text: str) -> None:
    assert formats.signed_percent(ratio) == text


def test_names_and_numbers() -> None:
    assert formats.number(-1204) == "−1,204"
    assert formats.phone("+16145550142") == "(614) 555-0142"
    assert formats.phone("+4930123456") == "+4930123456"
    assert formats.npi("1730482915") == "1730 482 915"
    assert formats.initials("Maren Oakes-Lindqvist") == "ML"
    assert formats.initials("  ") == "?"
    assert formats.plural(1, "practice") == "1 practice"
    assert formats.plural(1204, "practice") == "1,204 practices"


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1)))
def test_month_numbers_count_months(day: date) -> None:
    month = formats.month_of(day)
    start = formats.month_start(month)
    assert (start.year, start.month, start.day) == (day.year, day.month, 1)
    assert formats.month_of(formats.month_start(month + 1)) == month + 1


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_money_is_always_short(cents: int) -> None:
    assert len(formats.money(cents)) <= 14


@pytest.mark.parametrize(
    ("at", "says"),
    [(time(0, 5), "12:05 am"), (time(9), "9:00 am"), (time(12), "12:00 pm"), (time(13, 5), "1:05 pm"), (None, "–")],
)
def test_times_are_told_as_offices_write_them(at: time | None, says: str) -> None:
    assert formats.time_of_day(at) == says
    moment = clock.at(date(2026, 7, 3), at.hour, at.minute) if at else None
    assert formats.time_of_day(moment) == says
