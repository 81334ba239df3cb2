"""The months of a file: guessed from its name when that says them, in words for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.referrals.market.period import guess_period, guess_source, period_words, problem_with

NOW = 2026 * 12 + 10


def months(year: int, first: int, last: int) -> tuple[int, int]:
    return year * 12 + first - 1, year * 12 + last - 1


@pytest.mark.parametrize(
    ("name", "period"),
    [
        ("DocGraph_Hop_Teaming_2018.csv", months(2018, 1, 12)),
        ("hop_2016-01_2016-09.csv.gz", months(2016, 1, 9)),
        ("hop 201601-201609.csv", months(2016, 1, 9)),
        ("teaming_2015Q3.csv", months(2015, 7, 9)),
        ("physician-shared-patient-patterns-2014-days30.txt", months(2014, 1, 12)),
        ("pairs_2014_2015.txt", (2014 * 12, 2015 * 12 + 11)),
        ("hop_teaming_nashville_15col.csv", None),
        ("pairs_2031.csv", None),
        ("pairs_20180131.csv", None),
        ("export_120182.csv", None),
    ],
)
def test_names_that_say_months(name: str, period: tuple[int, int] | None) -> None:
    assert guess_period(name, NOW) == period


def test_the_source_says_within_how_many_days() -> None:
    assert guess_source("shared-2014-days180.txt", "CMS") == "CMS, 180 days"
    assert guess_source("shared_30_days.txt", "CMS") == "CMS, 30 days"
    assert guess_source("holidays30.txt", "CMS") == "CMS"


def test_words_of_periods() -> None:
    assert period_words(*months(2018, 1, 12)) == "2018"
    assert period_words(2014 * 12, 2015 * 12 + 11) == "2014 to 2015"
    assert period_words(*months(2018, 1, 9)) == "Jan 2018 to Sep 2018"
    assert period_words(*months(2018, 3, 3)) == "Mar 2018"
    assert period_words(None, None) == ""


def test_months_that_cannot_be() -> None:
    assert problem_with(24001, 24000, NOW)
    assert problem_with(NOW, NOW + 1, NOW)
    assert problem_with(NOW - 120, NOW, NOW)
    assert not problem_with(NOW - 119, NOW, NOW)


@given(st.text(max_size=60))
def test_any_name_gives_months_that_can_be_or_none(name: str) -> None:
    found = guess_period(name, NOW)
    assert found is None or not problem_with(*found, NOW)
