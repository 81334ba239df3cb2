"""Pages of permissions to contact: what was said about an address or number, and by whom."""

from urllib.parse import urlsplit

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.core import clock
from crm.core.db import commit, db
from crm.core.errors import Invalid
from crm.core.paging import paginate
from crm.core.web import allow, arg_int, page, safe_next
from crm.directory import permission_queries, services
from crm.directory.addresses import key_for
from crm.directory.blueprint import bp
from crm.directory.models import Channel, Consent
from crm.directory.people_forms import PermissionForm
from crm.directory.practice_filters import clean_text
from crm.directory.queries import permissions_for
from crm.directory.views.list_address import ListAddress

UNKNOWN = "unknown"


@bp.get("/permissions")
@allow(Permission.DIRECTORY_PERMISSIONS)
def permissions() -> ResponseReturnValue:
    """Every answer that was recorded, for those who see every territory; a liaison records on a person's page."""
    text = clean_text(request.args.get("q", ""))
    consent = request.args.get("consent", "")
    filters = [("q", text)] if text else []
    filters += [("consent", consent)] if consent in list(Consent) else []
    address = ListAddress("directory.permissions", filters, "", "")
    query = permission_queries.select_permissions(current_viewer(), text, dict(filters).get("consent"))
    found = paginate(db.session(), query, arg_int("page"))
    found.url_for = address.page
    return page(
        "directory/permissions.html", page=found, address=address, q=text, consent=consent, consents=list(Consent)
    )


@bp.route("/permissions/new", methods=["GET", "POST"])
@allow(Permission.DIRECTORY_PERMISSIONS)
def permission_new() -> ResponseReturnValue:
    """Record what somebody said about a channel."""
    form = PermissionForm(data=_asked())
    back = safe_next(form.next.data, url_for("directory.permissions"))
    if form.is_sent():
        with form.problems():
            _record(form)
            commit()
            flash("Recorded.", "good")
            return redirect(back)
    return page("directory/permission_new.html", form=form, back=back)


def _asked() -> dict[str, object]:
    channel = request.args.get("channel", Channel.EMAIL.value)
    address = clean_text(request.args.get("address", ""))
    known = None
    if channel in list(Channel):
        key = (Channel(channel), key_for(Channel(channel), address))
        known = permissions_for(db.session(), [key]).get(key) if _is_in_scope(*key) else None
    return {
        "channel": channel,
        "address": address,
        "consent": known.consent.value if known else Consent.ALLOWED.value,
        "decided_on": known.decided_on if known else clock.today(),
        "source": known.source if known else "",
        "next": _path(request.args.get("next")),
    }


def _path(target: str | None) -> str:
    return urlsplit(target or "").path if len(target or "") < 500 else ""  # noqa: PLR2004 a page of ours is shorter


def _record(form: PermissionForm) -> None:
    channel, address = Channel(form.channel.data), form.address.data or ""
    key = key_for(channel, address)
    if not key:
        raise Invalid(address="This is not an address or number of that kind.")
    if not _is_in_scope(channel, key):
        raise Invalid(address="Nobody at the practices of your territories has this address or number.")
    if form.consent.data == UNKNOWN:
        services.forget_permission(db.session(), channel, key)
        return
    services.record_permission(
        db.session(), current_viewer(), channel, key, Consent(form.consent.data), form.decided_on.data,
        form.source.data or "",
    )  # fmt: skip


def _is_in_scope(channel: Channel, key: str) -> bool:
    return permission_queries.is_known_in_scope(db.session(), current_viewer(), channel, key)
