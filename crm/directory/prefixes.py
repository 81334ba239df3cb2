"""ZIP prefixes of territories: reading what somebody typed, and whose a ZIP is. The longest prefix wins."""

import re
from collections.abc import Mapping

BETWEEN = re.compile(r"[\s,;]+")
PREFIX = re.compile(r"[0-9]{1,5}")


def read_prefixes(text: str | None) -> tuple[list[str], list[str]]:
    """`43085, 430*` -> (["430", "43085"], []); the second list holds what is no prefix."""
    parts = [part for part in BETWEEN.split((text or "").strip()) if part]
    good = {part.rstrip("*") for part in parts if PREFIX.fullmatch(part.rstrip("*"))}
    return sorted(good), [part for part in parts if part.rstrip("*") not in good]


def territory_of(zip_code: str | None, prefixes: Mapping[int, str]) -> int | None:
    """The territory whose prefix is the longest that a ZIP begins with; the oldest one among equals."""
    zip_text = (zip_code or "").strip()
    best: tuple[int, int] | None = None
    for territory_id in sorted(prefixes):
        for prefix in prefixes[territory_id].split():
            if zip_text and zip_text.startswith(prefix) and (best is None or len(prefix) > best[0]):
                best = (len(prefix), territory_id)
    return best[1] if best else None
