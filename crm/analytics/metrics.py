"""Pure rules over frames: what is counted, compared and ranked. DataFrame in, DataFrame out; no database, no clock.

A month without data of anybody is unknown (NaN), never zero; a month that is not over is shown but never compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crm.analytics import significance
from crm.analytics.periods import YEAR, Window, says_months
from crm.core.formats import number, percent

FEW = 10  # below this many, a percentage says nothing without the counts
RIPE = 2  # whole months that a referral needs to be seen, mostly
MEDIAN, HIGH = 0.5, 0.9
STEPS = ("Received", "Scheduled or later", "Seen", "Still waiting", "Declined", "Lost")
ESTIMATED = -1  # stands among service lines for what is estimated
CONTACTS = {
    "in_person": "In person", "drop_off": "In person", "lunch": "Lunch-and-learn", "phone": "Phone or video",
    "video": "Phone or video",
}  # fmt: skip
NO_ACCESS = "No access"
CONTACT_COLORS = {"In person": "chart1", "Lunch-and-learn": "chart2", "Phone or video": "chart3", NO_ACCESS: "last"}
CONTACT_KINDS = tuple(CONTACT_COLORS)


@dataclass(frozen=True)
class Comparison:
    """Two sums over the same months of two years."""

    now: float
    before: float
    months: tuple[int, ...]

    @property
    def ratio(self) -> float | None:
        """The change as a share of the year before; None when there was nothing."""
        return self.now / self.before - 1 if self.before > 0 else None

    @property
    def is_small(self) -> bool:
        """Whether the counts are too small for a percentage to stand alone."""
        return min(self.now, self.before) < FEW

    @property
    def says(self) -> str:
        """`Jan to Oct 2026 is up 6.1% on the year before: 12,502 against 11,782`."""
        counts = f"{number(self.now)} against {number(self.before)}"
        if self.ratio is None or self.is_small:
            return f"{says_months(self.months)} against the year before: {counts}"
        word = "up" if self.ratio > 0 else "down"
        change = f"{word} {percent(abs(self.ratio))} on" if self.now != self.before else "level with"
        return f"{says_months(self.months)} is {change} the year before: {counts}"


def records(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of a frame as named tuples."""
    return frame.itertuples(index=False)


def by_month(frame: pd.DataFrame, months: Sequence[int] | range, known: frozenset[int], column: str) -> pd.Series:
    """One number per month: zero where others have data and this choice has none, NaN where nobody has."""
    found = frame.groupby("month")[column].sum() if len(frame) else pd.Series(dtype="float64")
    values = [float(found.get(month, 0.0)) if month in known else np.nan for month in months]
    return pd.Series(values, index=list(months), dtype="float64")


def growth(frame: pd.DataFrame, window: Window, column: str = "received") -> pd.DataFrame:
    """Month, value, the value a year before, the change of whole months."""
    known = window.span.months
    now = by_month(frame, window.months, known, column)
    before = by_month(frame, [m - YEAR for m in window.months], known, column)
    table = pd.DataFrame({"month": list(window.months), "now": now.to_numpy(), "before": before.to_numpy()})
    whole = set(window.whole)
    table["is_whole"] = [month in whole for month in table["month"]]
    table["change"] = (table["now"] - table["before"]).where(table["is_whole"])
    table["ratio"] = (table["change"] / table["before"].where(table["before"] > 0)).astype("float64")
    return table


def compare(table: pd.DataFrame) -> Comparison | None:
    """The whole months of a growth table that have a year before, summed; None when there is none."""
    rows = table[table["is_whole"] & table["now"].notna() & table["before"].notna()]
    if rows.empty:
        return None
    return Comparison(float(rows["now"].sum()), float(rows["before"].sum()), tuple(int(m) for m in rows["month"]))


def running_total(table: pd.DataFrame) -> pd.DataFrame:
    """A growth table with the sums since its first month; unknown from the first unknown month on."""
    sums = table.assign(
        now=table["now"].where(table["is_whole"]).cumsum(skipna=False),
        before=table["before"].cumsum(skipna=False),
    )
    sums["change"] = sums["now"] - sums["before"]
    sums["ratio"] = sums["change"] / sums["before"].where(sums["before"] > 0)
    return sums


def rank_sources(frame: pd.DataFrame) -> pd.DataFrame:
    """Sources, largest first, with share of all received, change, p-value, dots and state; without practice 0."""
    total = float(frame["now"].sum())
    table = frame[frame["practice"] > 0].copy()
    table["share"] = table["now"] / total if total > 0 else np.nan
    table["change"] = table["now"] - table["before"]
    table["ratio"] = table["change"] / table["before"].where(table["before"] > 0).astype("float64")
    # Months in both periods (two years against the two years a year before) say nothing about a change.
    apart = table[["before", "now"]].sub(table["both"], axis=0).to_numpy(dtype=float)
    table["p"] = significance.p_values(apart[:, 0], apart[:, 1])
    table["level"] = significance.levels(table["p"].to_numpy())
    table["state"] = _states(table)
    table = table[(table["now"] > 0) | (table["before"] > 0)]
    return table.sort_values(["now", "before", "practice"], ascending=[False, False, True]).reset_index(drop=True)


def _states(table: pd.DataFrame) -> list[str]:
    conditions = [
        (table["before"] == 0).to_numpy(),
        (table["now"] == 0).to_numpy(),
        ((table["level"] > 1) & (table["change"] > 0)).to_numpy(),
        ((table["level"] > 1) & (table["change"] < 0)).to_numpy(),
    ]
    return [str(word) for word in np.select(conditions, ["new", "lapsed", "growing", "declining"], "steady")]


def count_states(ranked: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Per state: how many sources, and the change of their referrals."""
    found = ranked.groupby("state")["change"].agg(["size", "sum"]) if len(ranked) else pd.DataFrame()
    states = ("new", "growing", "steady", "declining", "lapsed")
    return {s: (int(found["size"][s]), int(found["sum"][s])) if s in found.index else (0, 0) for s in states}


def movers(ranked: pd.DataFrame, direction: int, limit: int) -> pd.DataFrame:
    """The sources with the largest change up (1) or down (-1)."""
    moved = ranked[ranked["change"] * direction > 0]
    order = moved["change"].abs().sort_values(ascending=False, kind="stable").index
    return moved.loc[order].head(limit).reset_index(drop=True)


def changed(ranked: pd.DataFrame, limit: int) -> pd.DataFrame:
    """The largest changes that are likely or clear, up and down."""
    sure = ranked[ranked["level"] > significance.WITHIN_CHANCE]
    order = sure["change"].abs().sort_values(ascending=False, kind="stable").index
    return sure.loc[order].head(limit).reset_index(drop=True)


def funnel(frame: pd.DataFrame) -> pd.DataFrame:
    """How far referrals came. "Scheduled or later" counts those seen, too."""
    total = {name: int(frame[name].sum()) for name in ("received", "scheduled", "seen", "declined", "lost")}
    waiting = total["received"] - total["scheduled"] - total["seen"] - total["declined"] - total["lost"]
    counts = [
        total["received"], total["scheduled"] + total["seen"], total["seen"], waiting, total["declined"], total["lost"],
    ]  # fmt: skip
    shares = [count / total["received"] if total["received"] else np.nan for count in counts]
    return pd.DataFrame({"step": STEPS, "referrals": counts, "share": shares})


def wait_summary(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """Per value of `key`: how many have an appointment, and the days to it (median, 90th percentile)."""
    rows = [
        (value, int(group["referrals"].sum()), *_median_and_high(group))
        for value, group in frame.groupby(key, sort=True)
    ]
    return pd.DataFrame(rows, columns=[key, "referrals", "median", "high"])


def wait_total(frame: pd.DataFrame) -> tuple[int, float | None, float | None]:
    """The same over everything: number, median, 90th percentile; None where there is too little."""
    if frame.empty:
        return 0, None, None
    median, high = _median_and_high(frame)
    return int(frame["referrals"].sum()), None if np.isnan(median) else median, None if np.isnan(high) else high


def _median_and_high(group: pd.DataFrame) -> tuple[float, float]:
    few = int(group["referrals"].sum()) < FEW
    return days_within(group, MEDIAN), np.nan if few else days_within(group, HIGH)


def days_within(frame: pd.DataFrame, share: float) -> float:
    """The smallest number of days within which at least this share got an appointment (nearest rank)."""
    ordered = frame.groupby("days")["referrals"].sum().sort_index()
    reached = ordered.cumsum()
    total = float(ordered.sum())
    if total <= 0:
        return float("nan")
    return float(reached.index[int(np.argmax(reached.to_numpy() >= share * total - 1e-9))])


def ripe_months(window: Window) -> tuple[int, ...]:
    """The whole months of a window whose referrals have had two more whole months to be seen."""
    end = window.span.last_whole
    return tuple(m for m in window.whole if end is not None and m <= end - RIPE)


def seen_rates(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """Per value of `key`: received, seen, and the share seen of those received (NaN without any)."""
    table = frame.groupby(key, as_index=False)[["received", "seen"]].sum()
    table["rate"] = (table["seen"] / table["received"].where(table["received"] > 0)).astype("float64")
    return table


def report_summary(waits: pd.DataFrame, volumes: pd.DataFrame, key: str) -> pd.DataFrame:
    """Per value of `key`: seen, reports sent, their share of those seen (NaN where there are more), median and high."""
    seen = volumes.groupby(key, as_index=False)[["seen"]].sum()
    table = seen.merge(wait_summary(waits, key), on=key, how="outer").sort_values(key, ignore_index=True)
    table[["seen", "referrals"]] = table[["seen", "referrals"]].fillna(0).astype("int64")
    table[["median", "high"]] = table[["median", "high"]].astype("float64")
    table["share"] = (table["referrals"] / table["seen"].where(table["seen"] > 0)).astype("float64")
    table["share"] = table["share"].where(table["share"] <= 1)
    return table[(table["seen"] > 0) | (table["referrals"] > 0)].reset_index(drop=True)


def histogram(frame: pd.DataFrame, width: int, last: int) -> pd.DataFrame:
    """Referrals per span of `width` days; everything from `last` days on is one span."""
    edge = (frame["days"].clip(lower=0, upper=last) // width * width).astype("int64")
    counts = frame.assign(days=edge).groupby("days")["referrals"].sum() if len(frame) else pd.Series(dtype="int64")
    starts = list(range(0, last + 1, width))
    return pd.DataFrame({"days": starts, "referrals": [int(counts.get(start, 0)) for start in starts]})


def money_kind(kinds: Sequence[str], wanted: str | None) -> str | None:
    """Which money to show: the wanted kind, else the first of those that there are."""
    return wanted if wanted in kinds else next(iter(kinds), None)


def money_kinds(frame: pd.DataFrame) -> list[str]:
    """The kinds of money of which there is any, in the order of preference."""
    return [kind for kind in ("paid", "net", "billed") if kind in frame and bool((frame[kind] != 0).any())]


def money_by_line(frame: pd.DataFrame, window: Window, kind: str, lines: Mapping[int, str]) -> pd.DataFrame:
    """Months as rows, service lines as columns, cents as values; unknown months are NaN. Empty lines are left out."""
    columns = {
        line: by_month(frame[frame["line"] == line], window.months, window.span.months, kind)
        for line in [*lines, *sorted(set(frame["line"]) - set(lines))]
        if bool((frame.loc[frame["line"] == line, kind] != 0).any())
    }
    return pd.DataFrame(columns, index=list(window.months), dtype="float64")


def estimated_money(
    frame: pd.DataFrame, window: Window, kind: str, values: Mapping[int, tuple[str, int]]
) -> tuple[pd.Series, int]:
    """Per month the referrals without an amount times the average value of their service line, in cents, and how many
    referrals that is. Those declined or lost bring nothing. Only values of this kind count; months of which nobody has
    data are unknown."""
    worth = {line: cents for line, (of, cents) in values.items() if of == kind}
    told = frame[frame["line"].isin(list(worth))]
    ended = told["declined"] + told["lost"]
    missing = (told["received"] - ended - told["priced"]).clip(lower=0)
    cents = missing * told["line"].map(worth).astype("float64")
    sums = by_month(told.assign(estimate=cents), window.months, window.span.months, "estimate")
    return sums, int(missing.sum())


def visits_by_month(frame: pd.DataFrame, months: Sequence[int] | range) -> pd.DataFrame:
    """Months as rows, the four kinds of contact as columns, whole numbers."""
    counted = frame.assign(kind=contact_kinds(frame)).pivot_table(
        index="month", columns="kind", values="visits", aggfunc="sum"
    )
    return counted.reindex(index=list(months), columns=list(CONTACT_KINDS)).fillna(0).astype("int64")


def contact_kinds(frame: pd.DataFrame) -> list[str]:
    """The kind of contact of each visit: how it was made, or that nobody let us in."""
    return [
        NO_ACCESS if str(state) == "no_access" else CONTACTS[str(mode)]
        for mode, state in zip(frame["mode"], frame["state"], strict=True)
    ]
