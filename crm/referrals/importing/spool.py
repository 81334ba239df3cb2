"""Holds changed rows until the end of an import, compressed in memory, to be written in one transaction."""

import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

from crm.referrals.importing.outcome import Change
from crm.referrals.importing.versions import from_json, to_json

PIECE = 5_000
Stored = tuple[int, int | None, dict[str, Any], dict[str, Any]]


class Spool:
    """Changes in the order in which they were found."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        self._zipped = gzip.GzipFile(fileobj=self._bytes, mode="wb", compresslevel=1, mtime=0)
        self.count = 0

    def add(self, changes: list[Change]) -> None:
        """Keep more changes."""
        for change in changes:
            line = [change.referral_id, change.import_id, to_json(change.before), to_json(change.after)]
            self._zipped.write(json.dumps(line).encode() + b"\n")
        self.count += len(changes)

    def pieces(self) -> Iterator[list[Stored]]:
        """All changes: row, whose version it was, the stored form of its values before, the values after."""
        self._zipped.close()
        self._bytes.seek(0)
        piece: list[Stored] = []
        with gzip.open(self._bytes, "rt", encoding="utf-8") as text:
            for line in text:
                referral_id, import_id, before, after = json.loads(line)
                piece.append((referral_id, import_id, before, from_json(after)))
                if len(piece) == PIECE:
                    yield piece
                    piece = []
        if piece:
            yield piece
