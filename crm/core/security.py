"""Headers, nonces and limits of every answer, whatever page made it, and of the process that makes it."""

import io
import resource
import secrets
from typing import IO

from flask import Flask, Request, Response, g, request

# Plotly adds an empty <style> element and fills it through the CSSOM; this is the hash of the empty text.
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
FOR_FILES = "default-src 'none'; sandbox"  # a downloaded file that a browser opens after all can do nothing
YEAR_SECONDS = 31_536_000
FILE_STATUSES = (200, 206, 304)


class InMemoryRequest(Request):
    """A request whose uploads stay in memory: Werkzeug would spool them to a file, and a referral extract
    may hold patient columns until they are refused. `MAX_CONTENT_LENGTH` bounds the memory."""

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002 Werkzeug's signature
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        return io.BytesIO()


def csp_nonce() -> str:
    """This answer's nonce, 128 random bits; made when first asked for, so that an early refusal has one too."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def request_id() -> str:
    """A short name of this request, shown on error pages and written to the log."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(6)
    return str(g.request_id)


def leave_no_core_image() -> None:
    """Whatever crashes from here on leaves no image of its memory: a file may be in it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def install(app: Flask, *, hsts: bool, tiles: str) -> None:
    """Give every answer its security headers."""
    app.request_class = InMemoryRequest
    images = "'self' data:" + (f" https://{tiles.split('/')[2].replace('{s}', '*')}" if tiles else "")

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.setdefault(
            "Content-Security-Policy",
            f"default-src 'self'; script-src 'nonce-{csp_nonce()}' 'strict-dynamic'; style-src 'self' {EMPTY_STYLE}; "
            f"img-src {images}; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'none'",
        )
        if response.headers.get("Content-Disposition", "").startswith("attachment"):
            response.headers["Content-Security-Policy"] = FOR_FILES
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(self)"
        if hsts:
            response.headers["Strict-Transport-Security"] = f"max-age={YEAR_SECONDS}; includeSubDomains"
        # What is no file is a page, and knows who asked.
        if request.endpoint == "static" and response.status_code in FILE_STATUSES:
            response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
        else:
            response.headers["Cache-Control"] = "no-store"
            response.vary.add("Cookie")
        return response
