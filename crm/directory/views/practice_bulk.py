"""What can be done with many practices of the list at once."""

from typing import Any

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.core.db import commit, db
from crm.core.errors import Invalid
from crm.core.formats import plural
from crm.core.forms import optional_int
from crm.core.web import allow
from crm.directory import practice_queries, services
from crm.directory.blueprint import bp
from crm.directory.models import Tier
from crm.directory.views.practice_list import read_list, read_query
from crm.directory.views.practice_sources import sources_for


@bp.post("/practices/bulk/owner")
@allow(Permission.DIRECTORY_EDIT)
def bulk_owner() -> ResponseReturnValue:
    """Give the chosen practices an owner."""
    try:
        owner_id = optional_int(request.form.get("owner"))
    except ValueError:
        raise Invalid("Choose one of the list.") from None
    return _change(owner_id=owner_id)


@bp.post("/practices/bulk/tier")
@allow(Permission.DIRECTORY_EDIT)
def bulk_tier() -> ResponseReturnValue:
    """Put the chosen practices into a tier."""
    text = request.form.get("tier", "")
    if text and text not in list(Tier):
        raise Invalid("Choose one of the list.")
    return _change(tier=Tier(text) if text else None)


@bp.post("/practices/bulk/tag")
@allow(Permission.DIRECTORY_EDIT)
def bulk_tag() -> ResponseReturnValue:
    """Put a tag on the chosen practices."""
    text = (request.form.get("tag") or "").strip()
    if not text or not text.isprintable():
        flash("Type a tag first.", "due")
        return redirect(_back())
    return _change(tag=text)


def _change(**what: Any) -> ResponseReturnValue:
    target, chosen = _back(), _chosen()
    if not chosen:
        flash("Choose practices first.", "due")
        return redirect(target)
    changed = services.change_many(db.session(), current_viewer(), chosen, **what)
    commit()
    same = len(chosen) - changed
    rest = f" {plural(same, 'was', 'were')} so already." if same else ""
    flash(f"Changed {plural(changed, 'practice')}.{rest}", "good")
    return redirect(target)


def _back() -> str:
    return read_list(read_query(request.form.get("query")), sources_for(current_viewer()))[1].url()


def _chosen() -> list[int]:
    """The chosen ids, or those of every row that the filters match."""
    if request.form.get("everything") == "1":
        viewer = current_viewer()
        sources = sources_for(viewer)
        filters = read_list(read_query(request.form.get("query")), sources)[0]
        found = practice_queries.select_practice_ids(viewer, filters, "name", sources)
        return list(db.session.scalars(found.limit(services.MAX_BULK + 1)))
    ids = [int(text) for text in request.form.getlist("ids") if text.isdecimal() and text.isascii() and len(text) < 10]  # noqa: PLR2004 fits the column
    return list(dict.fromkeys(ids))
