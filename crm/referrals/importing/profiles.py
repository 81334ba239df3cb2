"""How well a saved profile fits the columns of a file, and what the columns become by it. Pure.

A profile fits exactly when the file has the same columns in the same order. It is likely when every column that it
reads is there, under the same name, and most of the others are known too: systems add, drop and move columns.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crm.referrals.importing.headers import DATES, MONEY, Target, header_key
from crm.referrals.importing.mapping import DateOrder, MappedColumn, Sure
from crm.referrals.models import Grain

KNOWN_SHARE = 0.5
NAMELESS = re.compile(r"Column [A-Z]{1,3}")
DATED = DATES | {Target.MONTH}
# What stands in the name of a file beside the name of the system: days, times, numbers.
PASSING = re.compile(r"(?<![A-Za-z])\d[\d.:T-]*\d(?![A-Za-z])|(?<![A-Za-z0-9])\d(?![A-Za-z0-9])")


class Fit(StrEnum):
    """How well a profile fits a file."""

    EXACT = "exact"
    LIKELY = "likely"
    PARTLY = "partly"  # the file lacks columns that the profile reads


@dataclass(frozen=True)
class SavedColumn:
    """A column as a profile remembers it."""

    header: str
    target: Target
    meanings: tuple[tuple[str, str], ...] = ()  # words of it, and what they mean


@dataclass(frozen=True)
class SavedOptions:
    """What a profile says in place of the file."""

    service_line: str = ""
    site: str = ""
    day_first: bool = False


@dataclass(frozen=True)
class Saved:
    """A profile as rules need it."""

    id: int
    name: str
    grain: Grain
    columns: tuple[SavedColumn, ...]
    options: SavedOptions = SavedOptions()

    @classmethod
    def from_json(cls, id_: int, name: str, grain: Grain, stored: dict[str, Any]) -> "Saved":
        """The profile that was stored."""
        columns = tuple(
            SavedColumn(column["header"], Target(column["target"]), tuple(column.get("meanings", {}).items()))
            for column in stored["columns"]
        )
        return cls(id_, name, grain, columns, SavedOptions(**stored["options"]))


@dataclass(frozen=True)
class Meeting:
    """A profile beside a file: what the file has more, and what it lacks."""

    saved: Saved
    fit: Fit
    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()  # columns that the profile leaves out anyway
    lacking: tuple[str, ...] = ()  # columns that the profile reads
    known: int = 0


def takes(saved: Saved, grain: Grain) -> bool:
    """Whether a profile may read files of this grain: single referrals may be counted, counts are never taken apart."""
    return saved.grain is grain or saved.grain is Grain.MONTH


def meet(saved: Saved, headers: Sequence[str]) -> Meeting:
    """A profile beside the column names of a file."""
    here, theirs = numbered(headers), numbered(column.header for column in saved.columns)
    there = dict(zip(theirs, saved.columns, strict=True))
    away = [column for key, column in there.items() if key not in here]
    # Messages that leave nothing unsaid have no such column.
    lacking = tuple(column.header for column in away if column.target not in (Target.LEAVE_OUT, Target.UNSAID))
    is_same = here == theirs and not is_nameless(headers)
    return Meeting(
        saved,
        Fit.PARTLY if lacking else Fit.EXACT if is_same else Fit.LIKELY,
        added=tuple(header for key, header in zip(here, headers, strict=True) if key not in there),
        gone=tuple(column.header for column in away if not column.target),
        lacking=lacking,
        known=sum(1 for key in here if key in there),
    )


def recognize(profiles: Iterable[Saved], headers: Sequence[str], grain: Grain) -> tuple[Meeting | None, list[str]]:
    """The profile that fits best, and the names of others that fit exactly too. Of equally good ones the first wins, so
    give the last used ones first."""
    met = [meet(saved, headers) for saved in profiles if takes(saved, grain)]
    able = [m for m in met if m.fit is not Fit.PARTLY and m.known >= max(len(headers) * KNOWN_SHARE, 1)]
    best = max(able, key=lambda m: (m.fit is Fit.EXACT, m.known, -len(m.gone)), default=None)
    return best, [m.saved.name for m in able if m is not best and m.fit is Fit.EXACT]


def apply(meeting: Meeting, columns: list[MappedColumn], *, adds: bool) -> None:
    """Give each column what the profile says.

    Columns that it does not know are left out, or, when `adds`, keep what was guessed for something that the profile
    does not have, to be checked.
    """
    saved = meeting.saved
    targets = dict(zip(numbered(c.header for c in saved.columns), saved.columns, strict=True))
    read = {column.target for column in saved.columns}
    for key, column in zip(numbered(c.header for c in columns), columns, strict=True):
        known = targets.get(key)
        column.meanings = dict(known.meanings) if known else {}
        if known:
            column.target, column.sure = known.target, Sure.SURE
        elif column.target is Target.UNSAID:
            column.sure = Sure.SURE
        elif adds and column.target and column.target not in read and not (column.target in MONEY and read & MONEY):
            column.sure = Sure.CHECK
        else:
            column.target, column.sure = Target.LEAVE_OUT, Sure.SURE
    set_date_order(columns, day_first=saved.options.day_first)


def set_date_order(columns: Iterable[MappedColumn], *, day_first: bool) -> None:
    """Say how dates are read: as their values prove, and where they prove nothing, as was said."""
    for column in columns:
        is_day_first = column.date_order is DateOrder.DAY or (column.date_order is DateOrder.UNKNOWN and day_first)
        column.day_first = column.target in DATED and is_day_first


def numbered(headers: Iterable[str]) -> list[tuple[str, int]]:
    """Names as they are compared; of equal ones each is another."""
    counts: Counter[str] = Counter()
    keys = []
    for header in headers:
        key = header_key(header) or header.casefold()
        counts[key] += 1
        keys.append((key, counts[key]))
    return keys


def is_nameless(headers: Sequence[str]) -> bool:
    """Whether a file has no header: then equal letters say little."""
    return all(NAMELESS.fullmatch(header) for header in headers)


def name_after(file_name: str) -> str:
    """A name for a profile from the name of a file: `epic_clarity-2026-03-01.csv` -> `Epic clarity`."""
    stem = file_name.rpartition(".")[0] or file_name
    plain = " ".join(re.sub(r"[\s_\-.()]+", " ", PASSING.sub(" ", stem)).split())
    return (plain[:1].upper() + plain[1:])[:60] or "Files without a name"
