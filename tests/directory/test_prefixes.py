"""Tests of ZIP prefixes: reading them, and whose a ZIP is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.directory.prefixes import read_prefixes, territory_of


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("43085, 430*", ["430", "43085"], []),
        ("430 430;431\n432", ["430", "431", "432"], []),
        ("430 4308X 430851", ["430"], ["4308X", "430851"]),
        ("", [], []),
        (None, [], []),
    ],
)
def test_read_prefixes(text: str | None, good: list[str], bad: list[str]) -> None:
    assert read_prefixes(text) == (good, bad)


@pytest.mark.parametrize(
    ("zip_code", "territory"),
    [("43085", 2), ("43085-1234", 2), ("43099", 1), ("43199", None), ("", None), (None, None)],
)
def test_longest_prefix_wins(zip_code: str | None, territory: int | None) -> None:
    assert territory_of(zip_code, {1: "430", 2: "43085 999", 3: ""}) == territory


def test_the_oldest_of_equals_wins() -> None:
    assert territory_of("43085", {7: "430", 3: "430"}) == 3


zips = st.from_regex(r"[0-9]{5}", fullmatch=True)
prefixes = st.dictionaries(st.integers(1, 5), st.lists(st.from_regex(r"[0-9]{1,5}", fullmatch=True)).map(" ".join))


@given(zips, prefixes)
def test_no_other_territory_has_a_longer_prefix(zip_code: str, held: dict[int, str]) -> None:
    def best(territory: int) -> int:
        return max((len(p) for p in held[territory].split() if zip_code.startswith(p)), default=0)

    found = territory_of(zip_code, held)
    assert (found is None) == all(best(t) == 0 for t in held)
    assert found is None or best(found) == max(best(t) for t in held)
