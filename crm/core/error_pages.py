"""One handler for everything that goes wrong: a clear sentence, a way on, and nothing of the inside."""

from collections.abc import Callable

import structlog
from flask import Flask, current_app, g, request
from flask import render_template as render
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, SecurityError

from crm.core.db import db
from crm.core.errors import NotAllowed, NotFound, RoundsError, TooMany
from crm.core.logs import fault
from crm.core.security import request_id
from crm.core.web import safe_next

log = structlog.get_logger()
WORDS = {
    400: ("This request could not be read", "Go back, reload the page and try again. Nothing was changed."),
    401: ("Please sign in", "Your sign-in has ended. What you typed is kept on this device."),
    403: ("You may not open this", "Your role does not include this page."),
    404: ("There is nothing here", "It may have been moved or taken away, or the address has a typing error."),
    405: ("This cannot be done here", "Go back and use the buttons of the page."),
    409: ("This was changed in the meantime", "Reload the page to see how it stands now."),
    413: ("This is too large", "Send a smaller file or less text. Nothing was changed."),
    422: ("Please check what was entered", "Go back and correct it. Nothing was changed."),
    429: ("Too many tries", "Wait a while, then try again."),
    500: ("Something went wrong on our side", "Nothing was half saved. If it stays, tell your administrator."),
    503: ("Busy for a moment", "Somebody else is writing just now. Nothing was changed; try again in a moment."),
    507: ("There is no room left", "The disk of the server is full. Nothing was changed. Tell your administrator."),
}  # fmt: skip
CSRF_SAYS = "This form was open since before you signed in. Go back, reload the page and send it again."
# What the two databases say, in lower case, when they cannot work for the moment, and when their disk is full.
BUSY_WORDS = (
    "locked", "busy", "lock timeout", "canceling statement", "deadlock", "could not serialize", "connection",
    "starting up", "shutting down",
)  # fmt: skip
FULL_WORDS = ("disk is full", "no space left", "disk i/o error")
MOST_BYTES = 100_000  # of a form that one button sends again; a larger one is sent again by going back


def install(app: Flask, record_refusal: Callable[[RoundsError], None]) -> None:
    """Turn every error into an answer. `record_refusal` writes refusals to the audit trail."""

    def refused(problem: RoundsError) -> ResponseReturnValue:
        db.session.rollback()
        if isinstance(problem, NotAllowed | NotFound):
            note(problem)
        return _refused(problem)

    def forged(_problem: CSRFError) -> ResponseReturnValue:
        db.session.rollback()
        refusal = RoundsError(CSRF_SAYS)
        refusal.status = 400
        note(refusal)
        return _answer(400, CSRF_SAYS)

    def note(problem: RoundsError) -> None:
        try:
            record_refusal(problem)
        except SQLAlchemyError as trouble:
            # A refusal stays one when the trail cannot be written just now.
            log.error("refusal not recorded", request=request_id(), endpoint=request.endpoint, **fault(trouble))

    app.register_error_handler(RoundsError, refused)
    app.register_error_handler(CSRFError, forged)
    app.register_error_handler(SecurityError, _foreign_host)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(StaleDataError, _overtaken)
    app.register_error_handler(IntegrityError, _overtaken)
    app.register_error_handler(Exception, _unexpected)


def _refused(problem: RoundsError) -> ResponseReturnValue:
    headers = {"Retry-After": str(problem.retry_after)} if isinstance(problem, TooMany) else {}
    return _answer(problem.status, "" if problem.says == problem.title else problem.says, headers)


def _foreign_host(_problem: SecurityError) -> ResponseReturnValue:
    # No page can be made: there is no address of ours to link to.
    return "This address is not served here. Set TRUSTED_HOSTS to serve it.", 400, {"Content-Type": "text/plain"}


def _http(problem: HTTPException) -> ResponseReturnValue:
    if problem.code is None or problem.code < 400:  # noqa: PLR2004 a redirect is no error
        return problem
    return _answer(problem.code, "", {name: value for name, value in problem.get_headers() if name == "Allow"})


def _database(problem: OperationalError) -> ResponseReturnValue:
    db.session.rollback()
    says = str(problem.orig).lower()
    if any(word in says for word in FULL_WORDS):
        log.error("disk full", request=request_id(), endpoint=request.endpoint)
        return _without_database(507)
    if any(word in says for word in BUSY_WORDS):
        log.warning("database busy", request=request_id(), endpoint=request.endpoint)
        return _without_database(503, {"Retry-After": "5"})
    return _unexpected(problem)


def _overtaken(problem: StaleDataError | IntegrityError) -> ResponseReturnValue:
    """Two people changed the same thing at the same moment, and this one came second."""
    db.session.rollback()
    log.warning("overtaken", request=request_id(), endpoint=request.endpoint, **fault(problem))
    return _answer(409)


def _unexpected(problem: Exception) -> ResponseReturnValue:
    db.session.rollback()
    log.error("unexpected", request=request_id(), endpoint=request.endpoint, **fault(problem))
    if current_app.testing:
        raise problem
    return _without_database(500)


def _without_database(status: int, headers: dict[str, str] | None = None) -> ResponseReturnValue:
    """An answer that asks the database for nothing: it would wait, or fail, a second time."""
    g.is_without_database = True
    return _answer(status, headers=headers)


def _sent_again() -> list[tuple[str, str]]:
    """The fields of a form that can be sent once more as it was; none for files and passwords, which are not kept."""
    is_form = request.method == "POST" and request.mimetype == "application/x-www-form-urlencoded"
    if not is_form or request.endpoint is None or (request.content_length or 0) > MOST_BYTES:
        return []
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    return [] if any("password" in name for name, _ in fields) else fields


def _answer(status: int, says: str = "", headers: dict[str, str] | None = None) -> ResponseReturnValue:
    title, sentence = WORDS.get(status, WORDS[400 if status < 500 else 500])  # noqa: PLR2004 server's fault or not
    if request.path.endswith((".json", ".csv")):
        return {"error": says or sentence, "request": request_id()}, status, headers or {}
    again = _sent_again() if status == 503 else []  # noqa: PLR2004
    words = {"code": status, "title": title, "text": says or sentence, "request_id": request_id(), "again": again}
    if status == 503 and request.method == "GET":  # noqa: PLR2004
        words |= {"action_label": "Try again", "action_url": safe_next(request.full_path.rstrip("?"), "/")}
    try:
        body = render("errors/error.html", **words)
    except SQLAlchemyError:
        db.session.rollback()
        g.is_without_database = True
        body = render("errors/error.html", **words)
    return body, status, headers or {}
