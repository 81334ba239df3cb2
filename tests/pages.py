"""The page-checking client: every HTML answer that a test gets is parsed strictly and held to the rules of a page."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import html5lib
import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
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


def check_page(html: str) -> BeautifulSoup:
    """Parse a page or a piece of one; raise BadPage with every rule that it breaks."""
    is_whole = html.lstrip().lower().startswith("<!doctype")
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    if is_whole:
        parser.parse(html)
    else:
        parser.parseFragment(html)
    faults = [f"{code} {detail}" for _, code, detail in parser.errors if code not in FORGIVEN]
    soup = BeautifulSoup(html, "html5lib")
    faults += (
        [*_structure(soup), *_scripts(soup), *_labels(soup), *_ids(soup), *_forms(soup)] if is_whole else _scripts(soup)
    )
    if faults:
        raise BadPage("; ".join(faults))
    return soup


def _structure(soup: BeautifulSoup) -> Iterator[str]:
    if len(soup.find_all("h1")) != 1:
        yield f"{len(soup.find_all('h1'))} h1 instead of one"
    title = soup.title.get_text(strip=True) if soup.title else ""
    if not title:
        yield "no title"
    if len(soup.find_all("main")) != 1:
        yield "not one main"
    if not soup.html or not soup.html.get("lang"):
        yield "no language"


def _scripts(soup: BeautifulSoup) -> Iterator[str]:
    for script in soup.find_all("script"):
        if not script.get("src") and script.get("type") != "application/json":
            yield "an inline script"
    if soup.find_all("style"):
        yield "an inline style sheet"
    for tag in soup.find_all(True):
        for name, value in tag.attrs.items():
            if name == "style" or (name.startswith("on") and tag.name != "svg"):
                yield f"attribute {name} on {tag.name}"
            if name in ("href", "src", "action") and str(value).strip().lower().startswith(
                ("javascript:", "data:text")
            ):
                yield f"{name}={value}"


def _labels(soup: BeautifulSoup) -> Iterator[str]:
    for tag in soup.find_all(LABELLED):
        if tag.name == "input" and tag.get("type") in UNLABELLED_TYPES:
            continue
        has_label = tag.get("aria-label") or tag.get("aria-labelledby") or tag.find_parent("label")
        if not has_label and not (tag.get("id") and soup.find("label", attrs={"for": tag["id"]})):
            yield f"{tag.name} {tag.get('name')} has no label"
    for tag in soup.find_all(["a", "button"]):
        if not (
            tag.get_text(strip=True)
            or tag.get("aria-label")
            or tag.find(attrs={"aria-label": True})
            or tag.find("title")
        ):
            yield f"{tag.name} without a name: {str(tag)[:120]}"


def _ids(soup: BeautifulSoup) -> Iterator[str]:
    seen: set[str] = set()
    for tag in soup.find_all(id=True):
        if tag["id"] in seen:
            yield f"id {tag['id']} twice"
        seen.add(tag["id"])
    for tag in soup.find_all(attrs={"aria-describedby": True}):
        for name in str(tag["aria-describedby"]).split():
            if name not in seen:
                yield f"aria-describedby names {name}, which is not there"


def _forms(soup: BeautifulSoup) -> Iterator[str]:
    for form in soup.find_all("form"):
        if str(form.get("method", "get")).lower() == "post" and not form.find("input", attrs={"name": "csrf_token"}):
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
        """A CSRF token of this session."""
        if not self.token:
            page = self.raw.get("/account" if self.user else "/sign-in")
            found = BeautifulSoup(page.get_data(as_text=True), "html5lib").find("input", attrs={"name": "csrf_token"})
            assert found is not None, f"no CSRF token on {page.request.path} ({page.status_code})"
            self.token = str(found["value"])
        return self.token

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
            values[str(name)] = tag.get_text().lstrip("\n") if tag.name == "textarea" else tag.get("value", "")
    return values


@pytest.fixture
def sign_in(app: Flask) -> Callable[..., PageClient]:
    """Make somebody's browser: `sign_in(cast.dana)`, or `sign_in()` for nobody's."""
    return lambda user=None: PageClient(app, user)


@pytest.fixture
def run_jobs(app: Flask) -> Callable[[], int]:
    """Run all waiting jobs as the worker would; returns how many."""
    from contextvars import Context

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
