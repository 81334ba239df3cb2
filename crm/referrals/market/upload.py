"""The pairs of a file that concern us while they wait for their import: compressed lines of NPIs and numbers."""

import csv
import gzip
import io
from collections.abc import Iterator
from typing import BinaryIO

from crm.referrals.market.reading import Edge, Reading, read_edges

LEVEL = 1
NAME = "name"  # what begins a line about somebody who receives, instead of a pair


def pack(stream: BinaryIO, known: frozenset[str], max_bytes: int | None) -> tuple[bytes, Reading]:
    """Read a file once and keep its pairs that concern somebody of `known`. Raises Invalid or TooLarge."""
    packed = io.BytesIO()
    readings: list[Reading] = []
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=LEVEL, mtime=0) as zipped:
        text = io.TextIOWrapper(zipped, encoding="utf-8", errors="replace", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows(read_edges(stream, known, readings, max_bytes))
        writer.writerows((NAME, npi, *words) for npi, words in readings[0].names.items())
        text.flush()
    return packed.getvalue(), readings[0]


def unpack_edges(packed: bytes) -> Iterator[Edge]:
    """The kept pairs, in the order of the file."""
    for first, *rest in _lines(packed):
        if first != NAME:
            to_npi, patients, transactions, same_day, wait = rest
            yield Edge(
                first, to_npi, int(patients), int(transactions) if transactions else None,
                int(same_day) if same_day else None, float(wait) if wait else None,
            )  # fmt: skip


def unpack_names(packed: bytes) -> Iterator[tuple[str, str, str]]:
    """Who receives: NPI, name and kind as the file says them."""
    yield from ((line[1], line[2], line[3]) for line in _lines(packed) if line[0] == NAME)


def _lines(packed: bytes) -> Iterator[list[str]]:
    with gzip.open(io.BytesIO(packed), "rt", encoding="utf-8", newline="") as text:
        yield from csv.reader(text)
