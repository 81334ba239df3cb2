"""One handler for everything that goes wrong: a clear sentence, a way on, and nothing of the inside."""

from collections.abc import Callable

import structlog
from flask import Flask, current_app, request
from flask import render_template as render
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, SecurityError

from crm.core.db import db
from crm.core.errors import NotAllowed, NotFound, RoundsError, TooMany
from crm.core.security import request_id

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
}  # fmt: skip
CSRF_SAYS = "This form was open since before you signed in. Go back, reload the page and send it again."
BUSY_WORDS = ("locked", "busy", "lock timeout", "canceling statement")


def install(app: Flask, record_refusal: Callable[[RoundsError], None]) -> None:
    """Turn every error into an answer. `record_refusal` writes refusals to the audit trail."""

    def refused(problem: RoundsError) -> ResponseReturnValue:
        db.session.rollback()
        if isinstance(problem, NotAllowed | NotFound):
            record_refusal(problem)
        return _refused(problem)

    def forged(_problem: CSRFError) -> ResponseReturnValue:
        db.session.rollback()
        refusal = RoundsError(CSRF_SAYS)
        refusal.status = 400
        record_refusal(refusal)
        return _answer(400, CSRF_SAYS)

    app.register_error_handler(RoundsError, refused)
    app.register_error_handler(CSRFError, forged)
    app.register_error_handler(SecurityError, _foreign_host)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)
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
    if any(word in str(problem.orig).lower() for word in BUSY_WORDS):
        log.warning("database busy", request=request_id(), endpoint=request.endpoint)
        return _answer(503, "", {"Retry-After": "5"})
    return _unexpected(problem)


def _unexpected(problem: Exception) -> ResponseReturnValue:
    db.session.rollback()
    # The record names where it happened, never the values: an exception's text may quote a row.
    kind, where = type(problem).__name__, _where(problem)
    log.error("unexpected", request=request_id(), endpoint=request.endpoint, kind=kind, where=where)
    if current_app.testing:
        raise problem
    return _answer(500)


def _where(problem: BaseException) -> list[str]:
    frames = []
    trace = problem.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-8:]


def _answer(status: int, says: str = "", headers: dict[str, str] | None = None) -> ResponseReturnValue:
    title, sentence = WORDS.get(status, WORDS[400 if status < 500 else 500])  # noqa: PLR2004 server's fault or not
    if request.path.endswith((".json", ".csv")):
        return {"error": says or sentence, "request": request_id()}, status, headers or {}
    body = render("errors/error.html", status=status, title=title, sentence=says or sentence, request_id=request_id())
    return body, status, headers or {}
