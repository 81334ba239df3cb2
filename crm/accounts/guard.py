"""The guard in front of every page: who is it, may they, from which host, and is the answer safe to keep."""

from datetime import timedelta
from typing import cast
from urllib.parse import urlsplit

import flask
import structlog
from flask import Flask, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user
from sqlalchemy.exc import OperationalError

from config import Config
from crm.accounts import queries, sign_in
from crm.accounts.models import UserSession
from crm.accounts.viewer import Viewer
from crm.audit.models import Action
from crm.audit.trail import Actor, record
from crm.core import clock, engine
from crm.core.db import db, separate_transaction
from crm.core.errors import NotAllowed, RoundsError
from crm.core.security import request_id
from crm.core.web import safe_next

log = structlog.get_logger()
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
login_manager = LoginManager()


class SignedIn(UserMixin):
    """Who Flask-Login's `current_user` is: a viewer with the sign-in that it came by."""

    def __init__(self, row: UserSession) -> None:
        self.id = row.user_id
        self.session_id = row.id
        self.must_change_password = row.user.must_change_password
        self.viewer = queries.viewer_of(row.user)


def current_viewer() -> Viewer:
    """The person who asked. Only for pages that need a sign-in."""
    viewer = find_viewer()
    if viewer is None:
        raise NotAllowed
    return viewer


def find_viewer() -> Viewer | None:
    """The person who asked, or None on a public page."""
    return cast(Viewer, current_user.viewer) if current_user.is_authenticated else None


def limits() -> sign_in.Limits:
    """How long sign-ins last here."""
    config = cast(Config, current_app.config["ROUNDS"])
    return sign_in.Limits(timedelta(minutes=config.idle_minutes), timedelta(hours=config.session_hours))


def install(app: Flask) -> None:
    """Put the guard in front of every route of an app. Call before CSRFProtect's own hook."""
    # Templates know the viewer from `crm.app`; Flask-Login's own word would ask the database on error pages too.
    login_manager.init_app(app, add_context_processor=False)
    app.before_request(_prepare)
    app.before_request(_check)


def check_declared(app: Flask) -> None:
    """Refuse to start with a route that declares no permission."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.endpoint != "static" and not (hasattr(view, "permission") or hasattr(view, "is_public")):
            raise RuntimeError(f"{rule.endpoint} declares no permission: use @allow, @signed_in or @public")


@login_manager.request_loader  # type: ignore[untyped-decorator]
def _load(_request: flask.Request) -> SignedIn | None:
    token = flask.session.get("token")
    row = queries.find_session(db.session(), sign_in.fingerprint(token)) if isinstance(token, str) else None
    if row is None or sign_in.is_over(row, limits(), clock.now()):
        return None
    if sign_in.needs_touch(row, clock.now()) and not _has("is_passive"):
        row = _touched(row.id)
        if row is None:
            return None
    return SignedIn(row)


def _touched(session_id: int) -> UserSession | None:
    """Note that a sign-in is in use; when nothing can be written just now, pages can still be read."""
    try:
        sign_in.touch(session_id)
    except OperationalError:
        db.session.rollback()
    return db.session.get(UserSession, session_id)


def _has(mark: str) -> bool:
    """Whether the page asked for carries a mark of `core.web`."""
    return bool(getattr(current_app.view_functions.get(request.endpoint or ""), mark, False))


def _prepare() -> None:
    """Begin the request: a fresh read-only or writing transaction, and the organisation's zone."""
    db.session.info.clear()
    engine.set_reading(on=request.method in SAFE_METHODS)
    engine.set_holder(f"{request.method} {request.endpoint}")
    if request.endpoint == "static":
        return
    if _has("takes_file"):
        # Before CSRFProtect reads the form, and with it the file.
        config: Config = current_app.config["ROUNDS"]
        request.max_content_length = config.max_upload_mb * 1_000_000
    organization = queries.find_organization(db.session())
    g.organization = organization
    clock.set_zone(organization.time_zone if organization else clock.DEFAULT_ZONE)


def _check() -> ResponseReturnValue | None:
    """Let a request through only when its page is public, or the person holds the permission that it declares."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    viewer = find_viewer()
    db.session.info["actor"] = Actor(
        viewer.id if viewer else None, viewer.name if viewer else "", request.remote_addr or "", request_id()
    )
    if request.method not in SAFE_METHODS and _is_sent_from_elsewhere():
        raise NotAllowed("This form was sent from another site.")
    view = current_app.view_functions[request.endpoint]
    if getattr(view, "is_public", False):
        return None
    if viewer is None:
        return _send_to_sign_in()
    if current_user.must_change_password and request.endpoint not in ("accounts.password", "accounts.sign_out"):
        return redirect(url_for("accounts.password"))
    if not viewer.may(getattr(view, "permission")):  # noqa: B009 mypy knows no attributes of functions
        raise NotAllowed("Your role does not include this. Ask an administrator if you need it.")
    return None


def _is_sent_from_elsewhere() -> bool:
    """Whether the browser says that another site sent this; a second lock beside the token of the form."""
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def _send_to_sign_in() -> ResponseReturnValue:
    """To the sign-in page, and after it back to the page where the person was: what they typed waits there."""
    is_htmx = request.headers.get("HX-Request") == "true"
    if request.method == "GET" and not is_htmx:
        return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")))
    was_at = urlsplit(request.headers.get("HX-Current-URL" if is_htmx else "Referer", ""))
    path = f"{was_at.path}?{was_at.query}" if was_at.query else was_at.path
    address = url_for("accounts.sign_in", next=safe_next(path, "") or None)
    return ("", 401, {"HX-Redirect": address}) if is_htmx else redirect(address)


def record_refusal(problem: RoundsError) -> None:
    """Keep in the trail that somebody was refused, or in the log when nobody was signed in."""
    actor = db.session.info.get("actor")
    if actor is None or actor.id is None:
        # Nobody who is not signed in can fill the trail.
        address = request.remote_addr or ""
        log.warning("refused", request=request_id(), endpoint=request.endpoint, address=address, status=problem.status)
        return
    with separate_transaction() as session:
        record(
            session,
            Action.REFUSED,
            "page",
            label=request.endpoint or "",
            actor=actor,
            status=problem.status,
            method=request.method,
        )
