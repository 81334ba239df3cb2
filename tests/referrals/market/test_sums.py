"""Sums over the pairs of a file, in whatever pieces they come."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from crm.referrals.market.sums import Pair, Sums

npis = st.sampled_from(["a", "b", "c", "d"])
pairs = st.lists(st.tuples(npis, npis, st.integers(11, 10**6), st.none() | st.integers(0, 10**6)), max_size=30)
WORDS = {"a": ("Harbor", "Hospital"), "b": ("Canal", "Hospital"), "c": ("", "Clinic")}


@given(pairs, st.integers(1, 7))
def test_nothing_is_lost_and_nothing_counted_twice(several: list[Pair], size: int) -> None:
    sums = Sums(WORDS)
    for start in range(0, len(several), size):
        sums.add(several[start : start + size])
    received = {row["npi"]: row for row in sums.destinations()}
    for npi, row in received.items():
        own = [pair for pair in several if pair[1] == npi]
        assert row["patients"] == sum(pair[2] for pair in own)
        known = [pair[3] for pair in own if pair[3] is not None]
        assert row["transactions"] == (sum(known) if known else None)
        assert (row["name"], row["kind"]) == WORDS.get(npi, ("", ""))
    naive: Counter[tuple[str, str]] = Counter()
    for from_npi, to_npi, patients, _ in several:
        naive[from_npi, WORDS.get(to_npi, ("", ""))[1]] += patients
    assert {(row["from_npi"], row["kind"]): row["patients"] for row in sums.reaches()} == dict(naive)
    assert sums.pairs == len(several)
