"""Tests of reading filters from an address and writing them back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.analytics.filters import CHOICES, Filters, Period, parse
from crm.referrals.models import PayerClass, RevenueKind

NOVEMBER_2025 = 2025 * 12 + 10


def test_an_empty_address_is_the_last_twelve_months_of_everything() -> None:
    assert parse({}) == Filters(period=Period.MONTHS_12)
    assert parse({}).params() == {}


def test_every_choice_is_read() -> None:
    args = {
        "period": "year", "territory": "3", "line": "2", "site": "0", "payer": "medicare", "source": "17",
        "money": "net",
    }  # fmt: skip
    found = parse(args)
    assert found == Filters(Period.YEAR, None, None, 3, 2, 0, "medicare", 17, "net")
    assert found.params() == args


def test_own_months_are_put_in_order_and_win_over_the_period() -> None:
    found = parse({"period": "24", "from": "2026-10", "to": "2025-11"})
    assert (found.period, found.first, found.last) == (Period.OWN, NOVEMBER_2025, NOVEMBER_2025 + 11)
    assert found.params() == {"from": "2025-11", "to": "2026-10"}


def test_one_own_month_is_both_ends() -> None:
    assert parse({"from": "2025-11"}).params() == {"from": "2025-11", "to": "2025-11"}


@pytest.mark.parametrize(
    "args",
    [
        {"period": "own"}, {"period": "13"}, {"territory": "-1"}, {"line": "1e3"}, {"site": "9999999999"},
        {"payer": "gold"},
        {"source": "1 OR 1=1"}, {"money": "gross"}, {"from": "2025-13"}, {"to": "99999-01"}, {"from": "\ud800"},
        {"source": "٣"}, {"line": "\0"}, {"territory": "0"},
    ],
)  # fmt: skip
def test_nonsense_counts_as_not_given(args: dict[str, str]) -> None:
    assert parse(args) == Filters()


@given(st.dictionaries(st.sampled_from([*CHOICES, "period", "from", "to", "x"]), st.text(max_size=12)))
def test_no_text_breaks_it(args: dict[str, str]) -> None:
    assert parse(parse(args).params()) == parse(args)


@given(
    period=st.sampled_from([p for p in Period if p is not Period.OWN]),
    numbers=st.fixed_dictionaries(dict.fromkeys(("line", "site", "source"), st.none() | st.integers(0, 999_999_999))),
    territory=st.none() | st.integers(1, 999_999_999),
    payer=st.none() | st.sampled_from([p.value for p in PayerClass]),
    money=st.none() | st.sampled_from([k.value for k in RevenueKind]),
)
def test_an_address_gives_back_its_filters(
    period: Period, numbers: dict[str, int | None], territory: int | None, payer: str | None, money: str | None
) -> None:
    filters = Filters(period=period, territory=territory, payer=payer, money=money, **numbers)
    assert parse(filters.params()) == filters
