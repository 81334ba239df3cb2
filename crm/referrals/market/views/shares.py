"""Shares of care: the table of sources, its file."""

from dataclasses import dataclass
from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core.db import db, separate_transaction
from crm.core.paging import PAGE_SIZE, Page, page_number
from crm.core.web import allow, arg_int, page
from crm.directory.models import Tier
from crm.directory.queries import list_territories
from crm.exports import csv_writer
from crm.referrals.market import file_queries, share_queries, table
from crm.referrals.market.blueprint import bp
from crm.referrals.market.filters import Level, ShareFilter, read_share_filter
from crm.referrals.market.models import MarketImport
from crm.referrals.market.period import period_words
from crm.referrals.market.share import Basis, Segment, Thresholds
from crm.referrals.market.share_queries import Comparison
from crm.referrals.market.table import Line, Shares

ORDERS = {
    "name": "by name", "-name": "by name, backwards", "share": "smallest share first", "-share": "largest share first",
    "ours": "fewest with us first", "-ours": "most with us first", "others": "fewest with others first",
    "-others": "most with others first",
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What the page and its file are made of."""

    chosen: ShareFilter
    comparison: Comparison
    thresholds: Thresholds
    shares: Shares
    lines: list[Line]


@bp.get("")
@allow(Permission.REFERRALS_VIEW)
def share() -> ResponseReturnValue:
    """Which part of their patients the sources in scope share with us."""
    session, viewer = db.session(), current_viewer()
    files = file_queries.list_done(session)
    if not files:
        return page("referrals/market/share.html", found=None)
    found = _found(files, read_share_filter(request.args))
    rows = _page_of(found)
    return page(
        "referrals/market/share.html",
        found=found,
        page=rows,
        competitors=_competitors(found, rows.rows),
        files=[(file.id, f"{file.source}, {period_words(file.first_month, file.last_month)}") for file in files],
        months=period_words(found.comparison.file.first_month, found.comparison.file.last_month),
        has_ours=bool(file_queries.list_our_npis(session)),
        territories=[(territory.id, territory.name) for territory in list_territories(session, viewer)],
        tiers=[(tier.value, f"Tier {tier}") for tier in Tier],
        segments=list(Segment),
        bases=[(basis.value, basis.label) for basis in Basis],
        levels=_levels(found.chosen),
        chips=_chips(found.chosen),
        order=ORDERS[found.chosen.sort],
        url=lambda **changed: _address(found.chosen, **changed),
        sort_url=lambda sort: _address(found.chosen, sort=sort),
    )


def _found(files: list[MarketImport], chosen: ShareFilter) -> Found:
    session = db.session()
    file = next((file for file in files if file.id == chosen.file), files[0])
    comparison = share_queries.compare(session, file, chosen.basis)
    thresholds = share_queries.thresholds(session)
    sources = share_queries.list_sources(session, current_viewer(), comparison, chosen)
    shares = table.shares_of(sources, thresholds)
    return Found(chosen, comparison, thresholds, shares, table.arranged(shares.lines, chosen.segment, chosen.sort))


def _page_of(found: Found) -> Page[Line]:
    total = len(found.lines)
    number = page_number(arg_int("page"), total)
    lines = found.lines[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    return Page(lines, number, PAGE_SIZE, total, lambda other: _address(found.chosen, page=other))


def _competitors(found: Found, lines: Any) -> dict[int, list[share_queries.Competitor]]:
    keys = [line.key for line in lines]
    return share_queries.top_competitors(db.session(), found.comparison, found.chosen.by, keys)


def _address(chosen: ShareFilter, page: int | None = None, **changed: Any) -> str:
    query = chosen.query(**changed)
    if page is not None and page > 1:
        query += f"{'&' if query else '?'}page={page}"
    return url_for("market.share") + query


def _levels(chosen: ShareFilter) -> list[dict[str, Any]]:
    return [
        {"label": level.capitalize(), "url": _address(chosen, by=level), "is_current": level is chosen.by}
        for level in Level
    ]


def _chips(chosen: ShareFilter) -> list[dict[str, str]]:
    """What is set, in words, each with the address of the table without it."""
    territories = {t.id: t.name for t in list_territories(db.session(), current_viewer())}
    words = {
        "territory": territories.get(chosen.territory, "Unknown territory") if chosen.territory else None,
        "tier": f"Tier {chosen.tier}" if chosen.tier else None,
        "segment": chosen.segment.label if chosen.segment else None,
    }
    return [{"label": text, "url": _address(chosen, **{name: None})} for name, text in words.items() if text]


@bp.get("/shares.csv")
@allow(Permission.REFERRALS_VIEW)
def share_csv() -> ResponseReturnValue:
    """The table as it is filtered, as a file; taking it is recorded. Without market data it has no lines."""
    files, chosen = file_queries.list_done(db.session()), read_share_filter(request.args)
    found = _found(files, chosen) if files else None
    competitors = _competitors(found, found.lines) if found else {}
    rows = [table.file_row(line, competitors.get(line.key, [])) for line in (found.lines if found else [])]
    head = table.file_head(is_person=chosen.by is Level.PROVIDERS)
    with separate_transaction() as session:
        filters = dict(chosen.pairs())
        record(session, Action.EXPORTED, "market", label="Shares of care, CSV", rows=len(rows), filters=filters)
    headers = {"Content-Disposition": "attachment; filename=shares-of-care.csv"}
    return Response(b"".join(csv_writer.lines(head, rows)), mimetype="text/csv", headers=headers)
