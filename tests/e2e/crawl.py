"""Follows the links of a site as one person sees them, each kind of address once."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

from playwright.sync_api import APIRequestContext

MOST_PAGES = 150
# Numbers and days in an address are examples: one page of each kind is enough.
EXAMPLES = re.compile(r"\d{4}-\d{2}(-\d{2})?|\d+")


@dataclass(frozen=True)
class Found:
    """An address that was followed: from where, and what the server answered."""

    url: str
    linked_from: str
    status: int
    is_page: bool
    is_new_kind: bool

    @property
    def kind(self) -> str:
        """The pattern of its path."""
        return kind_of(self.url)


@dataclass
class Crawl:
    """Breadth first from a start; gets addresses with the cookies of `request`, and never sends a form."""

    request: APIRequestContext
    base: str
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _kinds: set[str] = field(default_factory=set)

    def walk(self, start: str = "/") -> Iterator[Found]:
        """Every kind of address that links lead to."""
        waiting = deque([(urljoin(self.base, start), "the start")])
        count = 0
        while waiting and count < MOST_PAGES:
            url, linked_from = waiting.popleft()
            if not self._is_new(url):
                continue
            count += 1
            answer = self.request.get(url, max_redirects=5)
            is_page = answer.headers.get("content-type", "").startswith("text/html")
            is_new_kind = kind_of(url) not in self._kinds
            self._kinds.add(kind_of(url))
            yield Found(url, linked_from, answer.status, is_page, is_new_kind)
            if is_page and answer.ok:
                waiting.extend((link, url) for link in links_of(answer.text(), answer.url) if self._is_ours(link))

    def _is_new(self, url: str) -> bool:
        """Whether the path or one of its questions has not been asked in this way yet."""
        asked = {(kind_of(url), name) for name, _ in parse_qsl(urlsplit(url).query)} | {(kind_of(url), "")}
        is_new = not asked <= self._seen
        self._seen |= asked
        return is_new

    def _is_ours(self, url: str) -> bool:
        return url.startswith(self.base + "/") and not urlsplit(url).path.startswith("/static/")


def kind_of(url: str) -> str:
    """The path of an address without its examples."""
    return EXAMPLES.sub("n", urlsplit(url).path)


def links_of(html: str, base: str) -> list[str]:
    """Where the links of a page lead."""
    reader = _Links()
    reader.feed(html)
    return [urldefrag(urljoin(base, link)).url for link in dict.fromkeys(reader.found)]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the address of a link."""
        if tag == "a" and (href := dict(attrs).get("href")):
            self.found.append(href)
