"""What all pairs of a file add up to: who receives how many patients, and how many go from whom to which kind. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Pair = tuple[str, str, int, int | None]  # from, to, patients, transactions


class Sums:
    """Sums over the pairs of a file, which come piece by piece; `words` are name and kind of each who receives."""

    def __init__(self, words: Mapping[str, tuple[str, str]]) -> None:
        self.words, self.pairs = words, 0
        self.received: Counter[str] = Counter()
        self.transactions: Counter[str] = Counter()
        self.reached: Counter[tuple[str, str]] = Counter()

    def add(self, pairs: Iterable[Pair]) -> None:
        """Count more pairs."""
        for from_npi, to_npi, patients, transactions in pairs:
            self.pairs += 1
            self.received[to_npi] += patients
            self.reached[from_npi, self.words.get(to_npi, ("", ""))[1]] += patients
            if transactions is not None:
                self.transactions[to_npi] += transactions

    def destinations(self) -> Iterator[dict[str, Any]]:
        """Who receives, with name, kind and sums; without any transactions where the file has none."""
        for npi, patients in self.received.items():
            name, kind = self.words.get(npi, ("", ""))
            yield {
                "npi": npi, "name": name, "kind": kind, "patients": patients,
                "transactions": self.transactions.get(npi),
            }  # fmt: skip

    def reaches(self) -> Iterator[dict[str, Any]]:
        """From whom to which kind how many patients go."""
        for (from_npi, kind), patients in self.reached.items():
            yield {"from_npi": from_npi, "kind": kind, "patients": patients}
