"""Filters as people write them: states, beginnings of ZIP codes, beginnings of taxonomy codes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from crm.core.errors import Invalid
from crm.directory.importing.cells import state_of
from crm.directory.importing.rows import RowFilter
from crm.directory.prefixes import read_prefixes

BETWEEN = re.compile(r"[\s,;]+")
CODE = re.compile(r"[0-9][0-9A-Z]{1,9}")
MAX_PARTS = 200


def read_filter(states: Iterable[str] = (), zips: Iterable[str] = (), codes: Iterable[str] = ()) -> RowFilter:
    """A filter from what was typed; Invalid names what cannot be understood, by field."""
    faults: dict[str, str] = {}
    found_states = _states(states, faults)
    good_zips, bad_zips = read_prefixes(" ".join(zips))
    if bad_zips:
        faults["zips"] = f"A ZIP code or its beginning has one to five digits: {_shown(bad_zips)} is not one."
    written = [code.rstrip("*").upper() for code in _split(codes)]
    bad_codes = [code for code in written if not CODE.fullmatch(code)]
    if bad_codes:
        faults["codes"] = f"Write a taxonomy code or its beginning, such as 207Q: {_shown(bad_codes)} is not one."
    if max(len(found_states), len(good_zips), len(written)) > MAX_PARTS:
        faults["zips"] = f"At most {MAX_PARTS} of each kind. Use shorter beginnings, such as 430 for 43000 to 43099."
    if faults:
        raise Invalid(**faults)
    return RowFilter(found_states, tuple(good_zips), tuple(sorted(set(written))))


def stored_filter(wanted: RowFilter) -> dict[str, Any]:
    """A filter as plain values, for the database."""
    return {"states": sorted(wanted.states), "zips": list(wanted.zips), "codes": list(wanted.codes)}


def filter_of(stored: Mapping[str, Any]) -> RowFilter:
    """Back from what `stored_filter` gave."""
    return RowFilter(frozenset(stored.get("states", ())), tuple(stored.get("zips", ())), tuple(stored.get("codes", ())))


def in_words(wanted: RowFilter) -> list[str]:
    """The parts of a filter as chips show them."""
    parts = (
        ("State", sorted(wanted.states)),
        ("ZIP", [f"{part}…" if len(part) < 5 else part for part in wanted.zips]),  # noqa: PLR2004 a whole ZIP
        ("Taxonomy", [f"{code}…" if len(code) < 10 else code for code in wanted.codes]),  # noqa: PLR2004 a whole code
    )
    return [f"{name} {_shown(values, 6)}" for name, values in parts if values]


def _states(states: Iterable[str], faults: dict[str, str]) -> frozenset[str]:
    """States by letters or by name; a name may have blanks, so only commas part them where there are any."""
    texts = [part.strip() for text in states for part in re.split(r"[,;]", text) if part.strip()]
    parts = [one for text in texts for one in ([text] if state_of(text) else text.split())]
    bad = [part for part in parts if not state_of(part)]
    if bad:
        faults["states"] = f"Write states as two letters, such as OH: {_shown(bad)} is not one."
    return frozenset(state_of(part) for part in parts) - {""}


def _split(texts: Iterable[str]) -> list[str]:
    return [part for text in texts for part in BETWEEN.split(text) if part]


def _shown(parts: Iterable[str], most: int = 3) -> str:
    listed = [part[:20] for part in parts]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
