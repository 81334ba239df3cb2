"""Checksums of columns: the same for the same values in the same order, in whatever parts, and for no other."""

from itertools import pairwise

import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import strategies as st

from crm.core.checksums import ColumnSum, TableSum, differences

VALUES = st.none() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.decimals() | st.dates()


def checksum(*parts: list[object], kind: object = None) -> str:
    one = ColumnSum(kind or sa.Integer())
    for part in parts:
        one.add(part)
    return str(one)


@given(st.lists(VALUES, min_size=1), st.lists(st.integers(0, 20)))
def test_the_parts_do_not_matter(values: list[object], cuts: list[int]) -> None:
    places = sorted({0, len(values), *(min(cut, len(values)) for cut in cuts)})
    assert checksum(*(values[start:end] for start, end in pairwise(places))) == checksum(values)


@given(st.lists(VALUES), st.lists(VALUES))
@example(["007"], [7])
@example([7], [7.0])
@example([-1], [-2])
@example([None], ["None"])
@example([""], [None])
@example(["a,b"], ["a", "b"])
@example(["a", "b"], ["b", "a"])
@example([b""], [None])
def test_other_values_have_another_checksum(one: list[object], other: list[object]) -> None:
    for kind in (sa.Integer(), sa.LargeBinary()):
        assert (checksum(one, kind=kind) == checksum(other, kind=kind)) == (
            list(map(repr, one)) == list(map(repr, other))
        )


def test_another_type_is_another_checksum() -> None:
    assert checksum(["a"], kind=sa.String(20)) != checksum(["a"], kind=sa.String(2))


def test_only_what_was_there_before_is_compared() -> None:
    before = {"a": TableSum(1, {"x": "1", "y": "2"}), "b": TableSum()}
    assert differences(before, {"a": TableSum(1, {"x": "1"})}) == []
    assert differences(before, {"a": TableSum(1, {"x": "1", "y": "2", "z": "3"}), "c": TableSum(9)}) == []
    assert differences(before, {"a": TableSum(1, {"x": "1", "z": "2"})}) == ["a (y gone, z new)"]
    assert differences(before, {"b": TableSum(2, {})}) == ["a (rows: 1 before, 0 after)", "b (rows: 0 before, 2 after)"]
