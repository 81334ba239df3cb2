"""The page that shows the audit trail."""

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, make_response, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts import queries as accounts
from crm.accounts.permissions import Permission
from crm.audit import queries
from crm.audit.forms import AuditFilterForm
from crm.audit.models import Action, AuditEvent
from crm.audit.trail import record
from crm.core import clock
from crm.core.arguments import arg_words
from crm.core.db import db, separate_transaction
from crm.core.paging import paginate
from crm.core.web import allow, arg_int, page
from crm.exports import csv_writer

bp = Blueprint("audit", __name__, url_prefix="/audit")
MAX_CSV_ROWS = 50_000
CSV_HEAD = ("at_utc", "action", "who", "kind", "id", "name", "detail", "address", "request")


@bp.get("/")
@allow(Permission.AUDIT_VIEW)
def log() -> ResponseReturnValue:
    """Who did what, newest first."""
    form, filters = _filters()
    events = paginate(db.session(), queries.events(filters), arg_int("page"))
    args: dict[str, Any] = request.args.to_dict()
    events.url_for = lambda number: url_for("audit.log", **{**args, "page": number})
    csv_url = url_for("audit.log_csv", **args)
    is_backwards = bool(filters.first_on and filters.last_on and filters.first_on > filters.last_on)
    shown: dict[str, Any] = {
        "events": events,
        "csv_url": csv_url,
        "chips": _chips(form, args),
        "is_backwards": is_backwards,
    }
    return page("audit/log.html", filter_form=form, **shown)


@bp.get("/log.csv")
@allow(Permission.AUDIT_VIEW)
def log_csv() -> ResponseReturnValue:
    """The same events as a file; taking it is an event itself."""
    _, filters = _filters()
    rows = [_cells(event) for event in db.session.scalars(queries.events(filters).limit(MAX_CSV_ROWS))]
    with separate_transaction() as session:
        record(session, Action.EXPORTED, "audit_event", label="Audit log", rows=len(rows))
    response = make_response(b"".join(csv_writer.lines(CSV_HEAD, rows)))
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="audit-{clock.today():%Y-%m-%d}.csv"'
    return response


def _cells(e: AuditEvent) -> list[csv_writer.Cell]:
    detail = json.dumps(e.detail, ensure_ascii=False)
    what = [e.actor_name, e.object_kind, e.object_id, e.object_label, detail, e.address, e.request_id]
    return [e.at.isoformat(), e.action.value, *what]


def _chips(form: AuditFilterForm, args: dict[str, Any]) -> list[dict[str, str]]:
    """Each filter that is set, in words, with the address of the page without it."""
    names = dict(accounts.user_names(db.session()))
    words: dict[str, Callable[[str], str]] = {
        "action": lambda v: Action(v).label,
        "actor": lambda v: names.get(int(v), v),
        "first_on": lambda v: f"From {v}",
        "last_on": lambda v: f"To {v}",
        "label": lambda v: f"Named {v}",
    }
    return [
        {
            "label": say(args[name]),
            "remove_url": url_for("audit.log", **{k: v for k, v in args.items() if k not in (name, "page")}),
        }
        for name, say in words.items()
        if args.get(name) and not form[name].errors
    ]


def _filters() -> tuple[AuditFilterForm, queries.AuditFilters]:
    form = AuditFilterForm(request.args)
    form.actor.choices = [("", "Everybody"), *accounts.user_names(db.session()).items()]
    form.validate()
    return form, queries.AuditFilters(
        action=Action(form.action.data) if form.action.data and not form.action.errors else None,
        actor_id=form.actor.data if not form.actor.errors else None,
        kind=arg_words("kind"),
        object_id=arg_int("object"),
        first_on=form.first_on.data if not form.first_on.errors else None,
        last_on=form.last_on.data if not form.last_on.errors else None,
        text=form.label.data if form.label.data and not form.label.errors else "",
    )
