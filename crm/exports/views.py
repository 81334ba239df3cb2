"""Pages of the room exports: saved lists, who is on one, exporting, and the receipts."""

import io
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, flash, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.queries import list_users, user_names
from crm.core import clock
from crm.core.db import commit, db, separate_transaction
from crm.core.errors import Conflict, NotFound
from crm.core.paging import PAGE_SIZE, Page
from crm.core.web import allow, arg_int, page, partial, passive
from crm.directory.models import Channel, ContactRole, PracticeKind, PracticeStatus, Tier
from crm.directory.practice_queries import list_specialties, list_tags
from crm.directory.queries import list_territories
from crm.exports import columns, filters, people_queries, queries, services
from crm.exports.detail_queries import details
from crm.exports.filters import ListFilter, in_words, read_filter
from crm.exports.forms import ExportForm, ListNameForm
from crm.exports.models import ContactList, Export, ExportFile, ExportFormat
from crm.exports.people_queries import Sifted
from crm.exports.reach import shown, written_for
from crm.exports.state_words import describe
from crm.exports.suppression import Reason

bp = Blueprint("exports", __name__, url_prefix="/exports")
MIME = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
TABS = (("", "Everybody"), ("out", "Will be exported"), ("held", "Suppressed"))


@bp.get("")
@allow(Permission.LISTS_VIEW)
def lists() -> ResponseReturnValue:
    """The saved lists and the latest exports."""
    session, viewer = db.session(), current_viewer()
    saved = queries.list_contact_lists(session)
    name_of = queries.namer(session)
    return page(
        "exports/lists.html",
        lists=[(row, read_filter(row.filters), _words(read_filter(row.filters), name_of)) for row in saved],
        exports=queries.recent_exports(session, viewer),
        opt_outs=queries.count_opt_outs(session),
        names=user_names(session),
    )


@bp.get("/lists/<int:list_id>/count")
@allow(Permission.LISTS_VIEW)
@passive
def list_count(list_id: int) -> ResponseReturnValue:
    """How many people of a list can be reached and how many are suppressed, for a line of the overview."""
    session = db.session()
    saved = queries.get_contact_list(session, list_id)
    found = people_queries.sift_list(session, current_viewer(), read_filter(saved.filters), clock.today())
    return partial("exports/_count.html", found=found)


@bp.route("/lists/new", methods=["GET", "POST"])
@allow(Permission.LISTS_EXPORT)
def list_new() -> ResponseReturnValue:
    """Choose people; save the choice as a list under a name."""
    form = ListNameForm()
    chosen = _asked()
    if form.is_sent():
        with form.problems():
            saved = services.create_list(db.session(), current_viewer(), str(form.name.data), chosen)
            commit()
            flash("List saved.", "good")
            return redirect(url_for("exports.contact_list", list_id=saved.id))
    return _people_page(form, chosen, None)


@bp.get("/lists/<int:list_id>")
@allow(Permission.LISTS_VIEW)
def contact_list(list_id: int) -> ResponseReturnValue:
    """Who is on a list now; with filters in the address, who would be."""
    saved = queries.get_contact_list(db.session(), list_id)
    chosen = _asked() if _has_filters() else read_filter(saved.filters)
    return _people_page(ListNameForm(name=saved.name, version=str(saved.version)), chosen, saved)


@bp.route("/lists/<int:list_id>/edit", methods=["GET", "POST"])
@allow(Permission.LISTS_EXPORT)
def list_edit(list_id: int) -> ResponseReturnValue:
    """Rename a list."""
    saved = queries.get_contact_list(db.session(), list_id)
    form = ListNameForm(name=saved.name, version=str(saved.version))
    if form.is_sent():
        with form.problems():
            services.rename_list(db.session(), saved, str(form.name.data), version=form.seen_version)
            commit()
            flash("Renamed.", "good")
            return redirect(url_for("exports.contact_list", list_id=list_id))
    return page("exports/list_edit.html", form=form, saved=saved)


@bp.post("/lists/<int:list_id>/filters")
@allow(Permission.LISTS_EXPORT)
def list_filters(list_id: int) -> ResponseReturnValue:
    """Save the filters of the page under the list's name."""
    saved = queries.get_contact_list(db.session(), list_id)
    services.change_filters(db.session(), saved, _asked(), version=_sent_version())
    commit()
    flash("Filters saved.", "good")
    return redirect(url_for("exports.contact_list", list_id=list_id))


@bp.post("/lists/<int:list_id>/retire")
@allow(Permission.LISTS_EXPORT)
def list_retire(list_id: int) -> ResponseReturnValue:
    """Take a list off the overview; it can be put back."""
    saved = queries.get_contact_list(db.session(), list_id)
    services.retire_list(db.session(), saved)
    commit()
    undo = {"text": f"{saved.name} was retired.", "undo_url": url_for("exports.list_restore", list_id=list_id)}
    flash(undo, "good")  # type: ignore[arg-type]  # the frame draws the undo button
    return redirect(url_for("exports.lists"))


@bp.post("/lists/<int:list_id>/restore")
@allow(Permission.LISTS_EXPORT)
def list_restore(list_id: int) -> ResponseReturnValue:
    """Put a retired list back."""
    saved = queries.get_contact_list(db.session(), list_id, include_retired=True)
    services.restore_list(db.session(), saved)
    commit()
    flash("The list is back.", "good")
    return redirect(url_for("exports.contact_list", list_id=list_id))


@bp.route("/new", methods=["GET", "POST"])
@allow(Permission.LISTS_EXPORT)
def export_new() -> ResponseReturnValue:
    """Choose columns, format and purpose, and order the export."""
    session, viewer = db.session(), current_viewer()
    list_id = arg_int("list")
    saved = queries.get_contact_list(session, list_id) if list_id else None
    chosen = read_filter(saved.filters) if saved and not _has_filters() else _asked()
    form = ExportForm(title=saved.name if saved else "")
    if form.is_sent():
        with form.problems():
            export = services.order_export(session, viewer, _order(form, chosen, saved))
            commit()
            return redirect(url_for("exports.receipt", export_id=export.id))
    return page(
        "exports/export_new.html",
        form=form, saved=saved, chosen=chosen, words=_words(chosen, queries.namer(session)),
        found=people_queries.sift_list(session, viewer, chosen, clock.today()),
        reasons=Reason, address_head=columns.ADDRESS_HEADS[chosen.channel], back=_list_url(saved, chosen),
    )  # fmt: skip


@bp.get("/all")
@allow(Permission.LISTS_VIEW)
def exports() -> ResponseReturnValue:
    """Every export that the viewer may see."""
    found = queries.list_exports(db.session(), current_viewer(), arg_int("page"))
    found.url_for = lambda number: url_for("exports.exports", page=number)
    return page("exports/exports.html", exports=found, names=user_names(db.session()))


@bp.get("/<int:export_id>")
@allow(Permission.LISTS_VIEW)
def receipt(export_id: int) -> ResponseReturnValue:
    """The receipt of an export, or its progress while it is being made."""
    session, viewer = db.session(), current_viewer()
    export = queries.get_export(session, viewer, export_id)
    kept_until = export.finished_at + queries.FILE_KEPT if export.finished_at else None
    is_kept = queries.find_file(session, export) is not None
    opted_out = queries.count_opt_outs_since(session, export) if is_kept else 0
    return page(
        "exports/receipt.html",
        export=export, job=queries.find_job(session, export),
        has_file=is_kept and not opted_out, opted_out=opted_out, kept_until=kept_until,
        names=user_names(session), reasons=Reason, columns=columns.COLUMNS,
        address_head=columns.ADDRESS_HEADS[Channel(export.channel)],
        downloads=queries.list_downloads(session, export), again=_again(export),
    )  # fmt: skip


@bp.get("/<int:export_id>/file")
@allow(Permission.LISTS_EXPORT)
def export_file(export_id: int) -> ResponseReturnValue:
    """Download the file; each time is noted in the audit trail."""
    export, kept = _kept_file(export_id)
    return _download(export_id, kept.content, kept.name, MIME[export.file_format.value], "People")


@bp.get("/<int:export_id>/suppressed")
@allow(Permission.LISTS_EXPORT)
def export_suppressed(export_id: int) -> ResponseReturnValue:
    """Download the addresses to which nothing may be sent; each time is noted in the audit trail."""
    _, kept = _kept_file(export_id)
    name = f"{kept.name.rpartition('.')[0]}-suppressed.csv"
    return _download(export_id, kept.suppression, name, MIME["csv"], "Suppressed addresses")


def _kept_file(export_id: int) -> tuple[Export, ExportFile]:
    export = queries.get_export(db.session(), current_viewer(), export_id)
    kept = queries.find_file(db.session(), export)
    if kept is None:
        raise NotFound("The file is removed after seven days. Export the list again for a new one.")
    if queries.count_opt_outs_since(db.session(), export):
        raise Conflict("Somebody opted out since this file was made. Export the list again for a new one.")
    return export, kept


def _download(export_id: int, content: bytes, name: str, mime: str, what: str) -> Response:
    viewer, actor = current_viewer(), db.session.info.get("actor")
    with separate_transaction() as session:
        session.info["actor"] = actor
        services.record_download(session, queries.get_export(session, viewer, export_id), what)
    answer = send_file(io.BytesIO(content), mimetype=mime, as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _people_page(form: ListNameForm, chosen: ListFilter, saved: ContactList | None) -> ResponseReturnValue:
    session, viewer = db.session(), current_viewer()
    found = people_queries.sift_list(session, viewer, chosen, clock.today())
    which = request.args.get("show", "")
    rows = _page_of(found, which, lambda number: _list_url(saved, chosen, show=which, page=str(number)))
    known = details(session, [member.key for member, _ in rows.rows])
    return page(
        "exports/people.html",
        form=form, saved=saved, chosen=chosen, words=_words(chosen, queries.namer(session)), found=found, rows=rows,
        details=known, which=which, tabs=_tabs(found, saved, chosen, which), url=lambda f: _list_url(saved, f),
        is_changed=saved is not None and chosen != read_filter(saved.filters),
        query=urlencode(chosen.pairs()), choices=_choices(), describe=describe, shown=shown, written_for=written_for,
        exports=queries.exports_of_list(session, viewer, saved.id) if saved else (),
    )  # fmt: skip


def _page_of(found: Sifted, which: str, url: Any) -> Page[Any]:
    rows = found.shown(which)
    pages = max(1, -(-len(rows) // PAGE_SIZE))
    number = min(max(arg_int("page") or 1, 1), pages)
    part = rows[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    return Page(part, number, PAGE_SIZE, len(rows), url)


def _tabs(found: Sifted, saved: ContactList | None, chosen: ListFilter, which: str) -> list[dict[str, Any]]:
    counts = {"": len(found.rows), "out": found.exported, "held": found.suppressed}
    return [
        {"label": label, "count": counts[key], "is_current": key == which, "url": _list_url(saved, chosen, show=key)}
        for key, label in TABS
    ]


def _choices() -> dict[str, list[tuple[Any, str]]]:
    """What the panel of filters offers."""
    session, viewer = db.session(), current_viewer()
    return {
        "channel": _labelled(Channel), "who": _labelled(filters.Who), "role": _labelled(ContactRole),
        "tier": [(tier.value, tier.value) for tier in Tier], "status": _labelled(PracticeStatus),
        "kind": _labelled(PracticeKind), "territory": [(row.id, row.name) for row in list_territories(session, viewer)],
        "owner": [(0, "Nobody"), *((user.id, user.name) for user in list_users(session, Permission.VISITS_EDIT))],
        "tag": [(tag, tag) for tag in list_tags(session, viewer)],
        "specialty": [(name, name) for name in list_specialties(session)],
        "at_least": [(step, f"{step} or more") for step in filters.AT_LEAST_STEPS],
        "at_most": [(step, f"{step} or fewer" if step else "None") for step in filters.AT_MOST_STEPS],
        "months": [(step, f"{step} months") for step in filters.MONTH_STEPS],
        "unseen": [(step, f"{step} days or longer, or never") for step in filters.DAY_STEPS],
        "seen": [(step, f"the last {step} days") for step in filters.DAY_STEPS],
    }  # fmt: skip


def _labelled(options: type[Any]) -> list[tuple[str, str]]:
    return [(option.value, option.label) for option in options]


def _asked() -> ListFilter:
    return read_filter(request.args.to_dict(flat=False))


def _has_filters() -> bool:
    return "channel" in request.args


def _words(chosen: ListFilter, name_of: filters.Namer) -> Sequence[filters.Words]:
    return in_words(chosen, name_of)


def _list_url(saved: ContactList | None, chosen: ListFilter, **more: str) -> str:
    url = url_for("exports.contact_list", list_id=saved.id) if saved else url_for("exports.list_new")
    return f"{url}?{urlencode([*chosen.pairs(), *((name, value) for name, value in more.items() if value)])}"


def _again(export: Export) -> str:
    return f"{url_for('exports.export_new')}?{urlencode(read_filter(export.filters).pairs())}"


def _order(form: ExportForm, chosen: ListFilter, saved: ContactList | None) -> services.Order:
    return services.Order(
        title=str(form.title.data), filters=chosen, columns=list(form.columns.data or []),
        file_format=ExportFormat(form.file_format.data), purpose=str(form.purpose.data),
        list_id=saved.id if saved else None,
    )  # fmt: skip


def _sent_version() -> int | None:
    text = request.form.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004 fits every integer
