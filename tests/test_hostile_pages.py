"""No address and no stored text does harm: hostile query strings are answered calmly, hostile text stays text."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import Column, Enum, String, select, update
from sqlalchemy.orm import Session

from crm.accounts.models import User
from crm.accounts.permissions import Role
from crm.core.db import Base, db
from tests.cast import Cast
from tests.pages import PageClient
from tests.test_list_statements import add_sets
from tests.walk import addresses, make_tiny_demo, may_open

# Parameters that pages may read, besides those that stand in their own links and forms.
COMMON = {"page", "sort", "q", "day", "view", "owner", "practice", "visit", "query", "next", "month", "size", "kind"}
HOSTILE = [
    "-1",
    "99999999999999999999",
    quote("name; DROP TABLE practice"),
    "a%00b",
    "%ED%A0%80",  # half a surrogate pair
    "%FF%FE%80",  # no UTF-8
    "x" * 10_000,
    "1e309",
    "2026-13-45",
    "9999-12-31",
    quote("١²"),  # digits, but not ours
    quote("//evil.example/"),
    quote("\u202eabc"),
]
MARKER = '"><svg/onload=alert(1)>{{7777*7}}</script>'
SCRIPT = "javascript:alert(1)"
ELEMENT = "<svg/"  # escaped it is none, wherever it stands; our own drawings never begin so
COMPUTED = "54439"  # what a template would make of it
SCHEMES = {"", "https", "http", "tel", "mailto", "sms"}
# Text that the program itself writes and reads: keys, hashes, codes, addresses of its own pages.
OWN_WORDS = {
    "search_key", "row_key", "row_key_secret", "token_hash", "account_hash", "password_hash", "time_zone", "npi",
    "source_npi", "from_npi", "to_npi", "taxonomy", "sha256", "header_key", "request_id", "client_key", "result_url",
    "payer", "kind", "channel", "state", "content_hash", "zip", "pac_id", "object_kind", "room",
}  # fmt: skip


def names_read(soup: BeautifulSoup | None, path: str) -> set[str]:
    """The parameters in the links and forms of a page that lead back to itself."""
    if soup is None:
        return COMMON
    links = [urlsplit(str(tag["href"])) for tag in soup.find_all("a", href=True)]
    found = {name for link in links if link.path in ("", path) for name, _ in parse_qsl(link.query)}
    main = soup.find("main")
    forms = main.find_all("form", attrs={"method": "get"}) if main else []
    return COMMON | found | {str(tag["name"]) for form in forms for tag in form.find_all(attrs={"name": True})}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["maren", "adam"])
def test_hostile_query_strings_never_break_a_page(app: Flask, cast: Cast, sign_in: Any, name: str) -> None:
    add_sets(db.session(), cast, range(2))
    browser = sign_in(cast.everybody[name])
    faults, endpoints = [], set()
    for address in list(addresses(app, db.session())):
        is_seen_by_another = name != "maren" and may_open(cast.maren, address)
        if address.endpoint in endpoints or is_seen_by_another or not may_open(cast.everybody[name], address):
            continue
        endpoints.add(address.endpoint)
        names = sorted(names_read(soup_of(browser, address.path), address.path))
        for query in queries(names):
            faults += [f"{address.path}?{query[:120]}: {fault}" for fault in answer_of(browser, address.path, query)]
    assert len(endpoints) >= (50 if name == "maren" else 5)
    assert not faults, "\n".join(faults)


def queries(names: list[str]) -> Iterator[str]:
    """Each hostile value in all parameters at once; lists where one value is expected; names that nobody knows."""
    for value in HOSTILE:
        few = names if len(value) < 100 else names[:3]
        yield "&".join(f"{quote(name)}={value}" for name in few)
    yield "&".join(f"{quote(name)}=1&{quote(name)}=x&{quote(name)}[]=2&{quote(name)}[a]=3" for name in names)
    yield "=&&=1&%00=%00&__proto__=1&csrf_token=x"


def soup_of(browser: PageClient, path: str) -> BeautifulSoup | None:
    answer = browser.raw.get(path)
    is_page = answer.mimetype == "text/html" and answer.status_code == 200
    return BeautifulSoup(answer.get_data(as_text=True), "html.parser") if is_page else None


def answer_of(browser: PageClient, path: str, query: str) -> Iterator[str]:
    """What is wrong with the answer to a query string."""
    try:
        answer = browser.raw.get(f"{path}?{query}")
    except Exception as problem:  # noqa: BLE001 an exception is what is looked for
        yield repr(problem)
        return
    if answer.status_code >= 500:
        yield str(answer.status_code)
    if "evil.example" in answer.headers.get("Location", ""):
        yield f"leads to {answer.headers['Location']}"


def spoil(session: Session) -> int:
    """Put the marker into every text of every row; returns how many columns there were."""
    count = 0
    for table in Base.metadata.sorted_tables:
        if table.name == "audit_event":  # its rows cannot be changed
            continue
        for column in table.c:
            if is_typed_by_people(column):
                count += 1
                spoil_column(session, column)
    session.commit()
    return count


def is_typed_by_people(column: Column[Any]) -> bool:
    """Whether people (or files of theirs) fill a column with words."""
    is_text = isinstance(column.type, String) and not isinstance(column.type, Enum)
    return is_text and column.name not in OWN_WORDS and not column.foreign_keys


def spoil_column(session: Session, column: Column[Any]) -> None:
    """Every row of a column gets the marker, with a number where rows must differ."""
    table, most = column.table, getattr(column.type, "length", None) or 1000
    keys = list(table.primary_key.columns)
    rows = session.execute(select(*keys).where(column.is_not(None))).all()
    for number, row in enumerate(rows):
        text = SCRIPT if column.name == "website" else f"{number}{MARKER}"[:most]
        where = [key == value for key, value in zip(keys, row, strict=True)]
        session.execute(update(table).where(*where).values({column.name: text}))


@pytest.mark.one_database
@pytest.mark.timeout(400)
def test_stored_text_stays_text(
    app: Flask, database: Any, sign_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session: Session = database()
    make_tiny_demo(session, tmp_path, monkeypatch)
    assert spoil(session) > 40
    users = list(session.scalars(select(User).order_by(User.id)))
    people = [next(user for user in users if role in {row.role for row in user.roles}) for role in Role]
    faults, shown = [], 0
    for user in people:
        browser = sign_in(user)
        for address in list(addresses(app, session)):
            if not may_open(user, address):
                continue
            answer = browser.raw.get(address.path)
            text = answer.get_data(as_text=True)
            shown += "7777*7" in text
            faults += [f"{address.path}: {fault}" for fault in harm_of(text, answer.mimetype, answer.status_code)]
    assert shown > 60, "the marker was hardly ever shown"
    assert not faults, "\n".join(faults)


def harm_of(text: str, mimetype: str, status: int) -> Iterator[str]:
    """What a hostile text did to an answer."""
    if status >= 500:
        yield str(status)
    if COMPUTED in text:
        yield "computed in a template"
    if mimetype == "application/json":
        json.loads(text)
    elif mimetype == "text/html" and ELEMENT in text:
        yield f"became an element: {text[max(0, text.index(ELEMENT) - 60) :][:120]}"
    elif mimetype == "text/html" and SCRIPT in text:
        for tag in BeautifulSoup(text, "html5lib").find_all(True):
            addresses_of_tag = [str(tag[name]) for name in ("href", "src", "action", "formaction") if tag.get(name)]
            if any(urlsplit(where).scheme not in SCHEMES for where in addresses_of_tag):
                yield f"became an address: {str(tag)[:120]}"
