"""The numbers above and beside the charts: figures of Growth, states and rows of Sources, tiles of the Overview."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from crm.analytics import frames, links, metrics, significance
from crm.analytics.filters import Period
from crm.analytics.periods import YEAR, says_months, says_short, says_so_far
from crm.analytics.question import Question
from crm.analytics.revenue import money_of
from crm.analytics.sources import says_change, sparks
from crm.core.formats import money, number, percent, signed_percent

SHOWN, MOST_SHOWN = 25, 200
QUARTER = 3
CLEAR_CHANGE = 0.1  # of money or days, for which there is no simple test
CHANGED = 4


@dataclass(frozen=True)
class SourceRow:
    """One source in a ranking; `level` is the dots of its change."""

    practice_id: int
    name: str
    tier: str | None
    now: int
    before: int
    share: float | None
    change: int
    ratio: float | None
    level: int
    state: str
    spark: list[float | None]
    url: str
    practice_url: str

    @property
    def is_sure(self) -> bool:
        """Whether the change is more than chance."""
        return self.level > significance.WITHIN_CHANCE


def growth(question: Question) -> list[dict[str, str]]:
    """Last whole month, year to date, the period, and the month that is still filling."""
    window, items = question.window, []
    if window.whole:
        items.append(_compared(question, "Last whole month", window.whole[-1:]))
        items.append(_compared(question, "Year to date", tuple(question.to_date.months)))
        if len(window.whole) > 1 and window.whole != tuple(question.to_date.months):
            items.append(_compared(question, question.filters.period.label, window.whole))
    if window.incomplete is not None:
        url = links.referral_rows(question.filters, [window.incomplete])
        note = f"{says_so_far(window) or says_months((window.incomplete,))}, not compared"
        value = number(question.in_window("received", [window.incomplete]))
        items.append({"label": "This month so far", "value": value, "note": note, "url": url})
    return items


def states(question: Question) -> list[tuple[str, int, str]]:
    """State, number of sources, and what changed in them; nothing without a year before."""
    if not question.has_year_before:
        return []
    counted = metrics.count_states(question.ranked)
    return [(state, size, f"{says_change(change)} on last year") for state, (size, change) in counted.items()]


def source_rows(question: Question, *, is_all: bool = False, limit: int = SHOWN) -> list[SourceRow]:
    """The largest sources; with `is_all` many more of them."""
    return _rows(question, question.ranked.head(MOST_SHOWN if is_all else limit))


def changed_rows(question: Question) -> list[SourceRow]:
    """The largest changes that are likely or clear."""
    return _rows(question, metrics.changed(question.ranked, CHANGED)) if question.has_year_before else []


def says_changed(question: Question) -> str:
    """How many sources changed, and how many would seem to by chance alone."""
    ranked = question.ranked
    sure = int((ranked["level"] > significance.WITHIN_CHANCE).sum())
    chance = round(len(ranked) * significance.LIKELY_P)
    return f"{number(sure)} of {number(len(ranked))} sources; chance alone would show up to {number(max(chance, 1))}"


def _rows(question: Question, table: pd.DataFrame) -> list[SourceRow]:
    lines = sparks(question, [int(id_) for id_ in table["practice"]])
    return [
        SourceRow(
            practice_id=int(r.practice), name=str(r.name), tier=r.tier, now=int(r.now), before=int(r.before),
            share=_known(r.share), change=int(r.change), ratio=_known(r.ratio), level=int(r.level), state=str(r.state),
            spark=lines.get(int(r.practice), []),
            url=links.referral_rows(question.filters, question.compared, source=int(r.practice)),
            practice_url=links.practice_page(int(r.practice)),
        )
        for r in metrics.records(table)
    ]  # fmt: skip


def tiles(question: Question, period: Period) -> list[dict[str, Any]]:
    """The four headline tiles of the Overview; the fourth is money only for those who may see it."""
    months = _tile_months(question, period)
    if not months:
        return []
    ripe = _ripe(months)
    found = [_received(question, months), _seen_rate(question, ripe), _days(question, months)]
    return [*found, _revenue(question, months) if question.viewer.sees_revenue else _declined(question, ripe)]


def _tile_months(question: Question, period: Period) -> tuple[int, ...]:
    end = question.window.span.last_whole
    if end is None or end < (question.window.span.first or end):
        return ()
    first = {Period.QUARTER: end - 2, Period.YEAR: end - end % YEAR}.get(period, end)
    return tuple(range(first, end + 1))


def _ripe(months: tuple[int, ...]) -> tuple[int, ...]:
    """As many months, so long ago that their referrals have had time to be seen; a year to date is cut short."""
    if len(months) > QUARTER:
        return tuple(month for month in months if month <= months[-1] - metrics.RIPE)
    return tuple(month - metrics.RIPE for month in months)


def _received(question: Question, months: tuple[int, ...]) -> dict[str, Any]:
    now, before = _pair(question, "received", months)
    told = _is_told(question, months)
    kind = _kind(now, before, significance.level(before, now) > significance.WITHIN_CHANCE)
    return {
        "label": "Referrals received", "period": says_short(months), "value": number(now),
        "change": _change(now, before, kind) if told else None,
        "from_text": f"from {number(before)} last year" if told else "No year before",
        "spark": _spark(question, "received"), "coverage": question.coverage(months).replace("referrals ", ""),
        "url": links.referral_rows(question.filters, months),
    }  # fmt: skip


def _seen_rate(question: Question, months: tuple[int, ...]) -> dict[str, Any]:
    (seen, seen_before), (all_, before) = _pair(question, "seen", months), _pair(question, "received", months)
    rate, rate_before = _rate(seen, all_), _rate(seen_before, before)
    told = rate is not None and rate_before is not None and _is_told(question, months)
    points = ((rate or 0) - (rate_before or 0)) * 100
    level = significance.share_level(seen, all_, seen_before, before)
    kind = _kind(points, 0, level > significance.WITHIN_CHANCE)
    return {
        "label": "Seen rate", "period": f"Received {says_short(months)}", "unit": "%" if rate is not None else None,
        "value": number(rate * 100, 1) if rate is not None else "–",
        "change": _says(f"{number(abs(points), 1)} points", points, kind) if told else None,
        "from_text": f"from {percent(rate_before)} last year" if told else "No year before",
        "spark": [None if v is None else round(v * 100, 1) for v in _rates(question)][: -metrics.RIPE or None],
        "coverage": f"{number(seen)} seen of {number(all_)} received",
        "url": links.referral_rows(question.filters, months, status="seen"),
    }  # fmt: skip


def _days(question: Question, months: tuple[int, ...]) -> dict[str, Any]:
    earlier = [month - YEAR for month in months]
    wanted = {*months, *earlier, *question.window.whole}
    frame = frames.waits(question.session, question.viewer, question.filters, wanted, "month")
    count, median, _ = metrics.wait_total(frame[frame["month"].isin(months)])
    _, median_before, _ = metrics.wait_total(frame[frame["month"].isin(earlier)])
    told = median is not None and median_before is not None
    change = (median or 0) - (median_before or 0)
    is_clear = told and abs(change) >= max(1.0, CLEAR_CHANGE * (median_before or 0))
    unit = "day" if median == 1 else "days"
    words = f"{number(abs(change))} {'day' if abs(change) == 1 else 'days'} {'faster' if change < 0 else 'slower'}"
    by_month = metrics.wait_summary(frame, "month").set_index("month")["median"]
    return {
        "label": "Days to appointment", "period": f"Median, {says_short(months)}",
        "value": number(median) if median is not None else "–", "unit": unit if median is not None else None,
        "change": _says(words if change else "No change", change, _kind(-change, 0, is_clear)) if told else None,
        "from_text": f"from {number(median_before)} last year" if told else "No year before",
        "spark": [_known(by_month.get(month)) for month in question.window.whole],
        "coverage": f"{number(count)} of {number(question.in_window('received', months))} have an appointment",
        "url": links.referral_rows(question.filters, months, booked=1),
    }  # fmt: skip


def _revenue(question: Question, months: tuple[int, ...]) -> dict[str, Any]:
    question = question.with_money()
    chosen = money_of(question)
    kind = chosen.kind or "paid"
    now, before = _pair(question, kind, months)
    told = _is_told(question, months) and before > 0 and chosen.kind is not None
    priced, received = question.in_window("priced", months), question.in_window("received", months)
    is_clear = told and abs(now / before - 1) >= CLEAR_CHANGE
    return {
        "label": f"Revenue {chosen.label}", "period": says_short(months),
        "value": money(now) if chosen.kind else "–",
        "change": _says(percent(abs(now / before - 1)), now - before, _kind(now, before, is_clear)) if told else None,
        "from_text": f"from {money(before)} last year" if told else "No year before",
        "spark": [None if v is None else round(v / 100) for v in _spark(question, kind)] if chosen.kind else None,
        "coverage": f"Amount known for {percent(priced / received, 0) if received else '0%'} of referrals",
        "url": links.referral_rows(question.filters, months),
    }  # fmt: skip


def _declined(question: Question, months: tuple[int, ...]) -> dict[str, Any]:
    """In place of money: referrals that ended without a visit."""
    lost = question.in_window("declined", months) + question.in_window("lost", months)
    received = question.in_window("received", months)
    return {
        "label": "Declined or lost", "period": f"Received {says_short(months)}", "value": number(lost),
        "from_text": f"{percent(lost / received)} of those received" if received else "None received",
        "coverage": f"Of {number(received)} received", "url": links.referral_rows(question.filters, months, ended=1),
    }  # fmt: skip


def _compared(question: Question, label: str, months: tuple[int, ...]) -> dict[str, str]:
    now, before = _pair(question, "received", months)
    note = f"{says_months(months)}, no year before"
    if _is_told(question, months):
        small = min(now, before) < metrics.FEW
        note = f"{says_months(months)}, from {number(before)}" + (
            "" if small else f", {signed_percent(now / before - 1)}"
        )
    return {"label": label, "value": number(now), "note": note, "url": links.referral_rows(question.filters, months)}


def _pair(question: Question, column: str, months: tuple[int, ...]) -> tuple[int, int]:
    return question.in_window(column, months), question.in_window(column, [month - YEAR for month in months])


def _is_told(question: Question, months: tuple[int, ...]) -> bool:
    """Whether all these months have a year before."""
    known = question.window.span.months
    return all(month in known and month - YEAR in known for month in months)


def _change(now: float, before: float, kind: str) -> dict[str, Any]:
    is_small = min(now, before) < metrics.FEW
    return _says(says_change(now - before) if is_small else percent(abs(now / before - 1)), now - before, kind)


def _says(text: str, change: float, kind: str) -> dict[str, Any]:
    return {"text": text, "direction": "up" if change > 0 else "down" if change < 0 else None, "kind": kind}


def _kind(now: float, before: float, is_clear: bool) -> str:  # noqa: FBT001 one of three plain values
    return "quiet" if not is_clear or now == before else "good" if now > before else "bad"


def _spark(question: Question, column: str) -> list[float | None]:
    known = question.window.span.months
    return [_known(v) for v in metrics.by_month(question.monthly, question.window.whole, known, column)]


def _rates(question: Question) -> list[float | None]:
    seen, received = _spark(question, "seen"), _spark(question, "received")
    return [None if not a or s is None else s / a for s, a in zip(seen, received, strict=True)]


def _rate(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _known(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
