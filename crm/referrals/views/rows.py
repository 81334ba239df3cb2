"""The list of referrals, its CSV, and typing in one referral or a month's count."""

from collections.abc import Iterator
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.viewer import Viewer
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock, formats
from crm.core.db import commit, db, separate_transaction
from crm.core.web import allow, arg_int, page
from crm.directory.models import Practice
from crm.directory.queries import find_practice, list_territories
from crm.exports import csv_writer
from crm.referrals import row_queries, services
from crm.referrals.blueprint import bp
from crm.referrals.forms import EntryForm, optional_id
from crm.referrals.kinds import KIND_WORDS, says_coverage, says_source
from crm.referrals.list_filters import ENDED, RowFilter, month_text, read_filter
from crm.referrals.models import PayerClass, ReferralStatus, SourceKind

CSV_PIECE = 2_000
CSV_HEADER = (
    "Received on",
    "Month",
    "Practice",
    "Source in the file",
    "Kind of source",
    "NPI",
    "Provider",
    "Service line",
    "Site",
    "Payer class",
    "Status",
    "Appointment on",
    "Seen on",
    "Report sent on",
    "Referrals",
    "Import",
)
RECENT_MONTHS = 36
ENDED_SAYS = "Declined or lost"


@bp.get("")
@allow(Permission.REFERRALS_VIEW)
def referrals() -> ResponseReturnValue:
    """All referrals that the person sees, the newest first."""
    viewer = current_viewer()
    chosen = read_filter(request.args)
    rows = row_queries.list_rows(db.session(), viewer, chosen, arg_int("page"))
    rows.url_for = lambda number: _address(chosen, page=number)
    return page(
        "referrals/referrals.html",
        page=rows,
        chosen=chosen,
        chips=_chips(viewer, chosen),
        url=lambda **changed: _address(chosen, **changed),
        months=_recent_months(),
        chosen_month=month_text(chosen.month) if chosen.month else "",
        status_choices=[*((s.value, s.label) for s in ReferralStatus), (ENDED, ENDED_SAYS)],
        payer_choices=[(p.value, p.label) for p in PayerClass],
        line_choices=[(n.id, n.name) for n in row_queries.list_service_lines(db.session())],
        site_choices=[(n.id, n.name) for n in row_queries.list_sites(db.session())],
        # It is about all referrals, so it stands beside all of them only.
        coverage="" if chosen.count else _coverage(viewer),
        kind_choices=[(kind.value, words) for kind, words in KIND_WORDS.items()],
        says_source=says_source,
    )


def _coverage(viewer: Viewer) -> str:
    matched, received, apart = row_queries.count_coverage(db.session(), viewer)
    return says_coverage(matched, received, apart) if received else ""


def _address(chosen: RowFilter, **changed: object) -> str:
    query = chosen.query(**changed)
    return url_for("referrals.referrals") + (f"?{query}" if query else "")


def _recent_months() -> list[tuple[str, str]]:
    this = formats.month_of(clock.today())
    return [(month_text(month), formats.month(month)) for month in range(this, this - RECENT_MONTHS, -1)]


def _chips(viewer: Viewer, chosen: RowFilter) -> list[dict[str, str]]:
    """What is set, in words, each with the address of the list without it."""
    lines = {0: "No service line"} | {n.id: n.name for n in row_queries.list_service_lines(db.session())}
    sites = {0: "No site"} | {n.id: n.name for n in row_queries.list_sites(db.session())}
    territories = {t.id: t.name for t in list_territories(db.session(), viewer)}
    source = find_practice(db.session(), viewer, chosen.source) if chosen.source else None
    words: dict[str, str | None] = {
        "month": formats.month(chosen.month) if chosen.month else None,
        "first": f"From {formats.month(chosen.first)}" if chosen.first else None,
        "last": f"To {formats.month(chosen.last)}" if chosen.last else None,
        "territory": territories.get(chosen.territory, "Unknown territory") if chosen.territory else None,
        "source": _says_practice(source, chosen),
        "status": chosen.status.label if chosen.status else None,
        "ended": ENDED_SAYS if chosen.ended else None,
        "line": lines.get(chosen.line, "Unknown service line") if chosen.line is not None else None,
        "site": sites.get(chosen.site, "Unknown site") if chosen.site is not None else None,
        "payer": chosen.payer.label if chosen.payer else None,
        "batch": f"Import {chosen.batch}" if chosen.batch else None,
        "unmatched": "Matches no practice" if chosen.unmatched else None,
        "kind": f"From: {KIND_WORDS[chosen.kind].lower()}" if chosen.kind else None,
        "booked": "With an appointment" if chosen.booked else None,
        "reported": "With a report" if chosen.reported else None,
    }
    return [{"label": text, "url": _address(chosen, **{name: None})} for name, text in words.items() if text]


def _says_practice(practice: Practice | None, chosen: RowFilter) -> str | None:
    if chosen.source is None:
        return None
    return "No known practice" if chosen.source == 0 else practice.name if practice else "Unknown practice"


@bp.get("/referrals.csv")
@allow(Permission.REFERRALS_VIEW)
def referrals_csv() -> ResponseReturnValue:
    """The filtered list as a CSV file, written piece by piece."""
    viewer = current_viewer()
    chosen = read_filter(request.args)
    header = (*CSV_HEADER, "Revenue", "Revenue is") if viewer.sees_revenue else CSV_HEADER
    with separate_transaction() as session:
        record(session, Action.EXPORTED, "referral", label="Referrals, CSV", filters=dict(chosen.pairs()))
    bind = db.session().get_bind()

    def body() -> Iterator[bytes]:
        # A session of its own: the request's has ended when the answer is sent piece by piece.
        with Session(bind, join_transaction_mode="create_savepoint") as own:
            rows = row_queries.rows_in_pieces(own, viewer, chosen, CSV_PIECE)
            yield from csv_writer.lines(header, (_csv_row(viewer, row) for row in rows))

    return Response(body(), mimetype="text/csv", headers={"Content-Disposition": "attachment; filename=referrals.csv"})


def _csv_row(viewer: Viewer, row: Any) -> list[Any]:
    provider = f"{row.first_name or ''} {row.last_name or ''}".strip()
    days = (row.appointment_on, row.seen_on, row.report_sent_on)
    cells = [
        row.received_on.isoformat() if row.received_on else "",
        month_text(row.month),
        row.practice,
        row.source_name,
        KIND_WORDS[row.source_kind or SourceKind.PRACTICE],
        row.source_npi,
        provider,
        row.line,
        row.site,
        row.payer.label,
        row.status.label,
        *(day.isoformat() if day else "" for day in days),
        row.count,
        row.file_name or "Typed in",
    ]
    if viewer.sees_revenue:
        cells += [
            None if row.revenue_cents is None else row.revenue_cents / 100,
            row.revenue_kind.label if row.revenue_kind else "",
        ]
    return cells


@bp.route("/new", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
def referral_new() -> ResponseReturnValue:
    """Type in one referral or the count of a month."""
    viewer = current_viewer()
    source = arg_int("source")
    month = month_text(formats.month_of(clock.today()))
    form = EntryForm(data={"practice_id": source, "received_on": clock.today(), "month": month, "kind": "event"})
    _fill_choices(form)
    if form.is_sent():
        with form.problems():
            _, replaced = services.enter_referral(db.session(), viewer, form.entry())
            commit()
            flash("Saved." if replaced is None else f"Saved, in place of the earlier count of {replaced:,}.", "good")
            return redirect(url_for("referrals.referrals"))
    return page("referrals/referral_new.html", form=form, **_chosen(viewer, form))


@bp.route("/<int:referral_id>/edit", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
def referral_edit(referral_id: int) -> ResponseReturnValue:
    """Correct what was typed in."""
    viewer = current_viewer()
    row = row_queries.get_typed_in(db.session(), viewer, referral_id)
    form = EntryForm(data=EntryForm.values_of(row))
    _fill_choices(form)
    if form.is_sent():
        with form.problems():
            services.change_referral(db.session(), viewer, row, form.entry())
            commit()
            flash("Saved.", "good")
            return redirect(url_for("referrals.referrals"))
    return page("referrals/referral_edit.html", form=form, referral_id=referral_id, **_chosen(viewer, form))


@bp.post("/<int:referral_id>/delete")
@allow(Permission.REFERRALS_IMPORT)
def referral_delete(referral_id: int) -> ResponseReturnValue:
    """Remove what was typed in."""
    row = row_queries.get_typed_in(db.session(), current_viewer(), referral_id)
    services.delete_referral(db.session(), row)
    commit()
    flash("Deleted.", "good")
    return redirect(url_for("referrals.referrals"))


def _fill_choices(form: EntryForm) -> None:
    form.service_line_id.choices = [
        ("", "None"),
        *((n.id, n.name) for n in row_queries.list_service_lines(db.session())),
    ]
    form.site_id.choices = [("", "None"), *((n.id, n.name) for n in row_queries.list_sites(db.session()))]


def _chosen(viewer: Viewer, form: EntryForm) -> dict[str, Any]:
    """The names of what the two search fields hold."""
    practice_id, provider_id = optional_id(form.practice_id.data), optional_id(form.provider_id.data)
    return {
        "practice": find_practice(db.session(), viewer, practice_id) if practice_id else None,
        "provider": row_queries.find_provider(db.session(), provider_id) if provider_id else None,
    }
