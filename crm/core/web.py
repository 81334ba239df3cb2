"""What every page is made with: who may open it, how it answers, and where it may send people."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from flask import current_app, request
from flask import render_template as _render
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter, Map, RequestRedirect

from crm.core.forms import Form

View = TypeVar("View", bound=Callable[..., Any])
MAX_ID = 2**31 - 1
LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20]*")


class DatabaseId(IntegerConverter):
    """A number in an address, no larger than every database's integer: beyond that there is no such page."""

    def __init__(self, map: Map) -> None:  # noqa: A002 Werkzeug's name
        super().__init__(map, max=MAX_ID)


def allow(permission: str) -> Callable[[View], View]:
    """Declare the permission that a page needs. The guard in `accounts` checks it before the page runs."""

    def declare(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return declare


def public(view: View) -> View:
    """Declare a page that needs no sign-in; `tests/test_access.py` holds the short list of them."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Declare a page for everybody who is signed in, whatever their role (their own account, say)."""
    view.permission = ""  # type: ignore[attr-defined]
    return view


def passive(view: View) -> View:
    """Declare a page that the browser asks for by itself: it does not keep a session alive."""
    view.is_passive = True  # type: ignore[attr-defined]
    return view


def takes_file(view: View) -> View:
    """Declare a page to which a file may be sent: its body may be as large as MAX_UPLOAD_MB."""
    view.takes_file = True  # type: ignore[attr-defined]
    return view


def page(template: str, *, form: Form | None = None, **context: Any) -> tuple[str, int]:
    """Render a page. A form with faults answers 422 and shows them beside what was typed."""
    return _render(template, form=form, **context), 422 if form is not None and form.has_faults else 200


def partial(template: str, **context: Any) -> str:
    """Render a piece of a page, for htmx."""
    return _render(template, **context)


def is_htmx() -> bool:
    """Whether htmx asked, and wants a piece of a page."""
    return request.headers.get("HX-Request") == "true"


def safe_next(target: str | None, otherwise: str) -> str:
    """`target` when it is a page of this site, else `otherwise`.

    A path is checked by its form and against the site's own URL map: `urlsplit` alone calls `/\\evil.example` safe.
    """
    if not target or not LOCAL_PATH.fullmatch(target) or not _is_page(urlsplit(target).path):
        return otherwise
    return target


def _is_page(path: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    if adapter is None:
        return False
    try:
        adapter.match(path, method="GET")
    except RequestRedirect:
        return True
    except HTTPException:
        return False
    return True


def asset(filename: str) -> str:
    """The address of a static file, with its age in it, so that browsers may keep it for good."""
    # A page asks some fifty times, mostly for its icons; only who is changing the files wants each to be looked up.
    stamped = _stamped.__wrapped__ if current_app.debug else _stamped
    return f"{request.script_root}{current_app.static_url_path}/{stamped(current_app.static_folder or '', filename)}"


@cache
def _stamped(folder: str, filename: str) -> str:
    path = Path(folder) / filename
    stamp = f"{path.stat().st_mtime_ns:x}" if path.is_file() else "missing"
    return f"{quote(filename)}?v={stamp[-10:]}"


def arg_int(name: str) -> int | None:
    """A whole number from the query string; anything else counts as not given."""
    text = request.args.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004 fits every database's integer
