"""The page-checking client: every HTML answer that a test gets is parsed strictly and held to the rules of a page."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any

import flask
import html5lib
import pytest
from bs4 import BeautifulSoup, Tag
from bs4.builder import HTML5TreeBuilder
from flask import Flask
from flask_wtf.csrf import generate_csrf
from sqlalchemy import event
from werkzeug.test import TestResponse

from crm.accounts.models import User
from crm.accounts.sign_in import open_session
from crm.core.db import db
from crm.jobs import worker

LABELLED = ("input", "select", "textarea")
UNLABELLED_TYPES = ("hidden", "submit", "button", "image", "reset")
# html5lib calls these errors, but browsers and the standard take them in SVG and in templates.
FORGIVEN = {"expected-doctype-but-got-start-tag", "expected-doctype-but-got-chars"}


class BadPage(AssertionError):
    """A page that breaks a rule of ours."""


class _Builder(HTML5TreeBuilder):
    """Builds the soup as a browser would, and keeps what was wrong: a page is parsed once for both."""

    def feed(self, markup: Any) -> None:
        """Parse the markup into the soup."""
        parser = html5lib.HTMLParser(tree=self.create_treebuilder)
        self.underlying_builder.parser = parser
        parser.parse(markup)
        self.underlying_builder.parser = None
        self.errors = parser.errors


def check_page(html: str) -> BeautifulSoup:
    """Parse a page or a piece of one; raise BadPage with every rule that it breaks."""
    builder = _Builder(store_line_numbers=False)
    soup = BeautifulSoup(html, builder=builder)
    tags, errors = list(soup.find_all(True)), builder.errors
    faults = list(_scripts(tags))
    if html.lstrip().lower().startswith("<!doctype"):
        faults += [*_structure(soup, tags), *_labels(tags), *_ids(tags), *_forms(tags)]
    else:
        parser = html5lib.HTMLParser(namespaceHTMLElements=False)
        parser.parseFragment(html)
        errors = parser.errors
    faults += [f"{code} {detail}" for _, code, detail in errors if code not in FORGIVEN]
    if faults:
        raise BadPage("; ".join(faults))
    return soup


def _structure(soup: BeautifulSoup, tags: list[Tag]) -> Iterator[str]:
    names = [tag.name for tag in tags]
    if names.count("h1") != 1:
        yield f"{names.count('h1')} h1 instead of one"
    title = soup.title.get_text(strip=True) if soup.title else ""
    if not title:
        yield "no title"
    if names.count("main") != 1:
        yield "not one main"
    if not soup.html or not soup.html.get("lang"):
        yield "no language"


def _scripts(tags: list[Tag]) -> Iterator[str]:
    for tag in tags:
        if tag.name == "script" and not tag.get("src") and tag.get("type") != "application/json":
            yield "an inline script"
        if tag.name == "style":
            yield "an inline style sheet"
        for name, value in tag.attrs.items():
            if name == "style" or (name.startswith("on") and tag.name != "svg"):
                yield f"attribute {name} on {tag.name}"
            if name in ("href", "src", "action") and str(value).strip().lower().startswith(
                ("javascript:", "data:text")
            ):
                yield f"{name}={value}"


def _labels(tags: list[Tag]) -> Iterator[str]:
    labelled = {tag.get("for") for tag in tags if tag.name == "label"}
    for tag in tags:
        if tag.name in LABELLED and not (tag.name == "input" and tag.get("type") in UNLABELLED_TYPES):
            has_label = tag.get("aria-label") or tag.get("aria-labelledby") or tag.find_parent("label")
            if not has_label and not (tag.get("id") and tag["id"] in labelled):
                yield f"{tag.name} {tag.get('name')} has no label"
        if tag.name in ("a", "button") and not _has_name(tag):
            yield f"{tag.name} without a name: {str(tag)[:120]}"


def _has_name(tag: Tag) -> bool:
    return bool(
        tag.get_text(strip=True) or tag.get("aria-label") or tag.find(attrs={"aria-label": True}) or tag.find("title")
    )


def _ids(tags: list[Tag]) -> Iterator[str]:
    seen: set[Any] = set()
    for tag in tags:
        if "id" in tag.attrs:
            if tag["id"] in seen:
                yield f"id {tag['id']} twice"
            seen.add(tag["id"])
    for tag in tags:
        for name in str(tag.get("aria-describedby", "")).split():
            if name not in seen:
                yield f"aria-describedby names {name}, which is not there"


def _forms(tags: list[Tag]) -> Iterator[str]:
    for form in tags:
        is_post = form.name == "form" and str(form.get("method", "get")).lower() == "post"
        if is_post and not form.find("input", attrs={"name": "csrf_token"}):
            yield f"form to {form.get('action')} has no CSRF token"


@dataclass
class Answer:
    """An answer with its parsed page."""

    response: TestResponse
    soup: BeautifulSoup | None

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def text(self) -> str:
        """What a person reads on the page (or the raw text of something that is no page), spaces folded."""
        raw = self.soup.get_text(" ", strip=True) if self.soup else self.response.get_data(as_text=True)
        return re.sub(r"\s+", " ", raw)

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return self.response.headers.get("Location", "")

    @property
    def json(self) -> Any:
        """The JSON of the answer."""
        return self.response.get_json()

    def form(self, action: str | None = None) -> Tag:
        """The page's first POST form (within main), or the one whose action ends so."""
        assert self.soup is not None, "this is no page"
        scope = self.soup.find("main") or self.soup
        for form in scope.find_all("form"):
            is_post = str(form.get("method", "")).lower() == "post"
            if is_post and (action is None or str(form.get("action", "")).endswith(action)):
                return form
        raise AssertionError(f"no POST form with action {action!r} here")


@dataclass
class PageClient:
    """Somebody's browser. Redirects are not followed unless asked for."""

    app: Flask
    user: User | None = None
    raw: Any = field(init=False)
    token: str = ""

    def __post_init__(self) -> None:
        """Open the browser, signed in as the user if there is one."""
        self.raw = self.app.test_client()
        if self.user is not None:
            token = open_session(db.session(), self.user, address="127.0.0.1", device="test")
            db.session.commit()
            with self.raw.session_transaction() as session:
                session["token"] = token

    def get(self, url: str, *, follow: bool = False, htmx: bool = False, **kwargs: Any) -> Answer:
        """GET a page and check it."""
        headers = {**kwargs.pop("headers", {}), **({"HX-Request": "true"} if htmx else {})}
        return self._checked(self.raw.get(url, follow_redirects=follow, headers=headers, **kwargs))

    def post(
        self, url: str, data: dict[str, Any] | None = None, *, follow: bool = False, htmx: bool = False, **kwargs: Any
    ) -> Answer:
        """POST with a valid CSRF token."""
        headers = {**kwargs.pop("headers", {}), **({"HX-Request": "true"} if htmx else {})}
        values = {"csrf_token": self.csrf(), **(data or {})}
        return self._checked(self.raw.post(url, data=values, follow_redirects=follow, headers=headers, **kwargs))

    def submit(
        self, answer: Answer, values: dict[str, Any] | None = None, *, action: str | None = None, follow: bool = False
    ) -> Answer:
        """Fill in a form of a page as a person would (what is there already stays), and send it."""
        form = answer.form(action)
        target = str(form.get("action") or answer.response.request.path)
        return self.post(target, {**filled_in(form), **(values or {})}, follow=follow)

    def csrf(self) -> str:
        """A CSRF token of this session, made as the form of a page would make it."""
        if not self.token:
            self.token = Context().run(self._made_token)  # apart from the test, whose context may hold another's
        return self.token

    def _made_token(self) -> str:
        with self.app.test_request_context(), self.raw.session_transaction() as session:
            flask.session.update(session)
            token = generate_csrf()
            session.update(flask.session)
        return token

    def _checked(self, response: TestResponse) -> Answer:
        assert response.status_code < 500, f"{response.status_code} from {response.request.path}"
        is_page = response.mimetype == "text/html" and response.data and response.status_code not in (301, 302, 303)
        return Answer(response, check_page(response.get_data(as_text=True)) if is_page else None)


def filled_in(form: Tag) -> dict[str, Any]:
    """What a browser would send if the form were sent as it stands."""
    values: dict[str, Any] = {}
    for tag in form.find_all(LABELLED):
        name, kind = tag.get("name"), tag.get("type")
        if not name or tag.has_attr("disabled") or kind in ("submit", "button", "file", "reset", "image"):
            continue
        if kind in ("checkbox", "radio"):
            if tag.has_attr("checked"):
                values.setdefault(str(name), []).append(tag.get("value", "on"))
        elif tag.name == "select":
            chosen = tag.find_all("option", selected=True) or (
                [] if tag.has_attr("multiple") else tag.find_all("option")[:1]
            )
            values[str(name)] = [option.get("value", option.get_text()) for option in chosen]
        else:
            values[str(name)] = tag.get_text().lstrip("\r\n") if tag.name == "textarea" else tag.get("value", "")
    return values


@pytest.fixture
def sign_in(app: Flask) -> Callable[..., PageClient]:
    """Make somebody's browser: `sign_in(cast.dana)`, or `sign_in()` for nobody's."""
    return lambda user=None: PageClient(app, user)


@pytest.fixture
def run_jobs(app: Flask) -> Callable[[], int]:
    """Run all waiting jobs as the worker would; returns how many."""

    def run() -> int:
        db.session.commit()
        count = Context().run(worker.run_waiting, app, app.extensions["job_handlers"])
        db.session.expire_all()
        return count

    return run


@contextmanager
def count_statements() -> Iterator[list[str]]:
    """The SQL statements that run inside the block, savepoints aside."""
    statements: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "PRAGMA")):
            statements.append(statement)

    from sqlalchemy import Engine

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)
