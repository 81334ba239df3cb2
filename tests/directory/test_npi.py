"""Tests of the check digit of national provider identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.directory.npi import clean_npi, is_npi


# 1234567893 is the example of CMS's own description of the check digit.
@pytest.mark.parametrize("text", ["1234567893", "1730482910", "1588203640"])
def test_correct_numbers_pass(text: str) -> None:
    assert is_npi(text)


@pytest.mark.parametrize(
    "text", ["", "123456789", "12345678933", "3234567893", "1234567890", "12345678٩3", "123456789X"]
)
def test_wrong_numbers_fail(text: str) -> None:
    assert not is_npi(text)


@pytest.mark.parametrize("text", ["1234 567 893", "1234-567-893", " 1234567893 ", "1234.567.893"])
def test_blanks_and_hyphens_do_not_count(text: str) -> None:
    assert clean_npi(text) == "1234567893"


@given(st.from_regex(r"[12][0-9]{8}", fullmatch=True))
def test_exactly_one_last_digit_is_right(first_nine: str) -> None:
    assert sum(is_npi(f"{first_nine}{digit}") for digit in range(10)) == 1


@given(st.from_regex(r"[12][0-9]{8}", fullmatch=True), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(first_nine: str, place: int, step: int) -> None:
    whole = next(f"{first_nine}{digit}" for digit in range(10) if is_npi(f"{first_nine}{digit}"))
    wrong = whole[:place] + str((int(whole[place]) + step) % 10) + whole[place + 1 :]
    assert not is_npi(wrong)
