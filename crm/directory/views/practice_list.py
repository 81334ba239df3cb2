"""The list of practices: filters, order, columns, saved views, and suggestions while somebody types."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from crm.accounts import queries as accounts
from crm.accounts import services as account_services
from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.viewer import Viewer
from crm.core.db import commit, db
from crm.core.web import allow, arg_int, page, passive
from crm.directory import practice_queries, queries
from crm.directory.blueprint import bp
from crm.directory.forms import ViewForm
from crm.directory.models import PracticeKind, PracticeStatus, Tier
from crm.directory.practice_filters import DEFAULT_SORT, NOBODY, PracticeFilter, read_filter, read_sort
from crm.directory.practice_queries import Sources
from crm.directory.views.list_address import ListAddress
from crm.directory.views.practice_sources import allowed_sorts, lines, sources_for

VIEWS = "directory.practices"
COLUMNS = {
    "kind": "Kind", "providers": "Providers", "last": "Last visit", "due": "Due", "referrals": "Referrals",
    "trend": "Trend", "change": "Change", "owner": "Owner",
}  # fmt: skip
ORDERS = {
    "name": "by name", "-name": "by name, backwards", "due": "most overdue first", "-due": "latest due first",
    "last": "longest not seen first", "-last": "last seen first", "referrals": "fewest referrals first",
    "-referrals": "most referrals first", "change": "steepest fall first", "-change": "steepest rise first",
    "tier": "by tier", "kind": "by kind", "owner": "by owner", "-providers": "most providers first",
}  # fmt: skip
SUGGESTED = 12
SHARED = ("tier", "status", "kind", "tag", "territory", "owner", "specialty", "zip", "unseen")


@bp.get("/practices")
@allow(Permission.DIRECTORY_VIEW)
def practices() -> ResponseReturnValue:
    """The practices that match the filters of the address."""
    viewer, session = current_viewer(), db.session()
    sources = sources_for(viewer)
    filters, address, columns = read_list(request.args, sources)
    found = practice_queries.page_of_ids(session, viewer, filters, address.sort, sources, arg_int("page"))
    found.url_for = address.page
    tabs = _tabs(viewer, address, sources, found.total)
    return page(
        "directory/practices.html",
        page=found,
        lines=lines(session, viewer, practice_queries.practice_rows(session, found.rows)),
        filters=filters,
        address=address,
        columns=columns,
        tabs=tabs,
        total=tabs[0]["count"],
        saved_view=next((tab["view_id"] for tab in tabs if tab["is_current"] and tab.get("view_id")), None),
        order=ORDERS.get(address.sort, ""),
        chips=_chips(viewer, filters, address),
        choices=_choices(viewer, sources),
        export_url=_export_url(filters) if viewer.may(Permission.LISTS_EXPORT) else "",
    )


@bp.route("/practices/views/new", methods=["GET", "POST"])
@allow(Permission.DIRECTORY_VIEW)
def practice_view_new() -> ResponseReturnValue:
    """Keep the filters of the list under a name."""
    form = ViewForm(data={"query": request.args.get("query", "")[:2000]})
    if form.is_sent():
        with form.problems():
            address = read_list(read_query(form.query.data), sources_for(current_viewer()))[1]
            name = form.name.data or ""
            account_services.save_view(db.session(), current_viewer(), page=VIEWS, name=name, query=address.query)
            target = address.url()
            commit()
            flash(f"Saved the view {name}.", "good")
            return redirect(target)
    address = read_list(read_query(form.query.data), sources_for(current_viewer()))[1]
    return page("directory/practice_view_new.html", form=form, address=address)


@bp.post("/practices/views/<int:view_id>/delete")
@allow(Permission.DIRECTORY_VIEW)
def practice_view_delete(view_id: int) -> ResponseReturnValue:
    """Take a saved view away; the practices stay."""
    account_services.delete_view(db.session(), current_viewer(), view_id)
    commit()
    flash("Deleted the view.", "good")
    return redirect(url_for("directory.practices"))


@bp.get("/practices/suggest")
@passive
@allow(Permission.DIRECTORY_VIEW)
def suggest_practices() -> ResponseReturnValue:
    """Practices to choose from in a form, as JSON."""
    text = request.args.get("q", "")[:200]
    rows = practice_queries.suggest_practices(db.session(), current_viewer(), text, SUGGESTED)
    return jsonify([{"id": row.id, "label": row.name, "note": row.city} for row in rows])


def read_query(text: str | None) -> "MultiDict[str, str]":
    """A query string as a request would have it; nonsense becomes an empty one."""
    try:
        return MultiDict(parse_qsl((text or "")[:4000], max_num_fields=200))
    except ValueError:
        return MultiDict()


def read_list(args: "MultiDict[str, str]", sources: Sources) -> tuple[PracticeFilter, ListAddress, list[str]]:
    """Filters, address and shown columns out of a query string."""
    filters = _permitted(read_filter(dict(args.lists())), sources)
    sort = read_sort(args.get("sort"), allowed_sorts(sources))
    hidden = [name for name in args.getlist("hide") if name in COLUMNS]
    address = ListAddress(
        "directory.practices", filters.pairs(), sort, DEFAULT_SORT, [("hide", name) for name in sorted(set(hidden))]
    )
    return filters, address, [name for name in _known_columns(sources) if name not in hidden]


def _permitted(filters: PracticeFilter, sources: Sources) -> PracticeFilter:
    """Nobody can filter by what they do not see: the filter is left out."""
    names = [] if sources.last_visit is not None else ["due", "unseen", "never"]
    names += [] if sources.recent is not None else ["trend"]
    for name in names:
        filters = filters.without(name)
    return filters


def _known_columns(sources: Sources) -> list[str]:
    unseen = set() if sources.last_visit is not None else {"last", "due"}
    unseen |= set() if sources.recent is not None else {"referrals", "trend", "change"}
    return [name for name in COLUMNS if name not in unseen]


def _export_url(filters: PracticeFilter) -> str:
    """The people of these practices as a contact list: it knows the filters by the same names."""
    query = urlencode([(name, value) for name, value in filters.pairs() if name in SHARED])
    return url_for("exports.list_new") + (f"?{query}" if query else "")


def _tabs(viewer: Viewer, address: ListAddress, sources: Sources, found: int) -> list[dict[str, Any]]:
    kept: list[tuple[str, str, int | None]] = [("All practices", "", None)]
    if sources.last_visit is not None:
        kept += [("Due soon, A and B", "tier=A&tier=B&due=14&sort=due", None), ("Never visited", "never=1", None)]
    if sources.recent is not None:
        kept.append(("Falling", "trend=down&sort=change", None))
    kept += [(view.name, view.query, view.id) for view in accounts.list_saved_views(db.session(), viewer, VIEWS)]
    return [_tab(viewer, address, sources, found, *row) for row in kept]


def _tab(
    viewer: Viewer, address: ListAddress, sources: Sources, found: int, label: str, query: str, view_id: int | None
) -> dict[str, Any]:
    filters, target, _ = read_list(read_query(query), sources)
    is_current = target.query == address.query
    count: int | None = found
    if not is_current:
        # Counting by referrals reads half a year of them: that is done only when somebody looks.
        count = None if filters.trend else practice_queries.count_practices(db.session(), viewer, filters, sources)
    return {"label": label, "url": target.url(), "count": count, "is_current": is_current, "view_id": view_id}


def _choices(viewer: Viewer, sources: Sources) -> dict[str, Any]:
    """What the panel of filters offers."""
    session = db.session()
    return {
        "tiers": list(Tier),
        "statuses": list(PracticeStatus),
        "kinds": list(PracticeKind),
        "territories": queries.list_territories(session, viewer),
        "owners": accounts.list_users(session, Permission.VISITS_EDIT),
        "tags": practice_queries.list_tags(session, viewer),
        "specialties": practice_queries.list_specialties(session),
        "has_visits": sources.last_visit is not None,
        "has_referrals": sources.recent is not None,
        "columns": [(name, COLUMNS[name]) for name in _known_columns(sources)],
    }


def _chips(viewer: Viewer, filters: PracticeFilter, address: ListAddress) -> list[dict[str, str]]:
    """The filters in plain words, each with the address of the list without it."""
    names = _names(viewer, filters)
    words = {name: _words(name, value, names) for name, value in filters.active() if name != "q"}
    return [{"label": text, "url": address.without(name)} for name, text in words.items()]


def _names(viewer: Viewer, filters: PracticeFilter) -> Mapping[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {("owner", NOBODY): "nobody"}
    if filters.owner:
        found |= {("owner", id_): name for id_, name in accounts.user_names(db.session()).items()}
    if filters.territory:
        found |= {("territory", t.id): t.name for t in queries.list_territories(db.session(), viewer)}
    return found


def _words(name: str, value: Any, names: Mapping[tuple[str, int], str]) -> str:
    plain = {
        "zip": f"ZIP {value}…",
        "due": "Due or overdue" if value == 0 else f"Due within {value} days",
        "unseen": f"Not seen for {value} days",
        "never": "Never visited",
        "trend": "Referrals falling" if value == "down" else "Referrals growing",
        "retired": "Retired",
    }
    if name in plain:
        return plain[name]
    if name in ("owner", "territory"):
        listed = _or(sorted(names.get((name, id_), "unknown") for id_ in value))
        return f"Owner {listed}" if name == "owner" else listed
    listed = _or([getattr(item, "label", None) or str(item) for item in value])
    return {"tier": f"Tier {listed}", "tag": f"Tag {listed}"}.get(name, listed)


def _or(words: Sequence[str]) -> str:
    return " or ".join(words) if len(words) < 4 else f"{' or '.join(words[:2])} or {len(words) - 2} more"  # noqa: PLR2004 a chip is short
