"""The table of shares: each source with its segment, filtered and in order; and its lines as cells of a file. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from crm.directory.models import Tier
from crm.referrals.market.share import Care, Segment, Thresholds, segment_of

PLACES = 3


class Source(Protocol):
    """What a line needs to know of a source."""

    @property
    def practice_id(self) -> int:
        """The practice that it belongs to."""

    @property
    def provider_id(self) -> int:
        """The provider, or 0 for the practice as a whole."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def place(self) -> str:
        """A practice's town, a provider's practice."""

    @property
    def tier(self) -> Tier | None:
        """How much the practice matters."""

    @property
    def care(self) -> Care:
        """Where its patients go."""


class Competitor(Protocol):
    """Another place that receives."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def patients(self) -> int:
        """How many it receives."""


@dataclass(frozen=True)
class Line:
    """One source with its segment."""

    source: Source
    segment: Segment

    @property
    def key(self) -> int:
        """By what its competitors are looked up."""
        return self.source.provider_id or self.source.practice_id


@dataclass(frozen=True)
class Shares:
    """All sources of somebody's scope: their lines, and what is outside of them."""

    lines: list[Line]
    total: Care
    counts: Mapping[Segment, int]
    not_compared: int  # sources that share patients with other kinds of places only


def shares_of(sources: Iterable[Source], thresholds: Thresholds) -> Shares:
    """Give each source its segment; add everything up."""
    lines, total, left = [], Care(), 0
    for source in sources:
        total += source.care
        segment = segment_of(source.care, thresholds)
        if segment is None:
            left += 1
        else:
            lines.append(Line(source, segment))
    return Shares(lines, total, Counter(line.segment for line in lines), left)


def arranged(lines: Iterable[Line], segment: Segment | None, sort: str) -> list[Line]:
    """The lines of one segment (or all), in the order that an address names; equals by name."""
    chosen = sorted((x for x in lines if segment in (None, x.segment)), key=lambda x: (x.source.name.casefold(), x.key))
    key = sort.removeprefix("-")
    if key == "name":
        return chosen[::-1] if sort.startswith("-") else chosen

    def value(line: Line) -> float:
        care = line.source.care
        return {"share": care.share or 0.0, "ours": care.ours, "others": care.others}[key]

    return sorted(chosen, key=value, reverse=sort.startswith("-"))


def file_head(*, is_person: bool) -> tuple[str, ...]:
    """The head of the file of the table."""
    who = ("Provider", "Practice") if is_person else ("Practice", "Town")
    others = tuple(f"{word} {n}" for n in range(1, PLACES + 1) for word in ("Other place", "Patients there"))
    return (
        *who, "Tier", "Segment", "Share of care", "Share, low", "Share, high", "Patients with us",
        "Patients with others", "Patients not compared", *others,
    )  # fmt: skip


def file_row(line: Line, competitors: Sequence[Competitor]) -> list[str | int | float | None]:
    """One line of the file of the table; shares as numbers from 0 to 1."""
    source, care = line.source, line.source.care
    low, high = care.interval
    cells: list[str | int | float | None] = [
        source.name, source.place, source.tier.value if source.tier else None, line.segment.label,
        round(care.share or 0.0, 4), round(low, 4), round(high, 4), care.ours, care.others, care.apart,
    ]  # fmt: skip
    for place in range(PLACES):
        known = place < len(competitors)
        cells += [competitors[place].name, competitors[place].patients] if known else [None, None]
    return cells
