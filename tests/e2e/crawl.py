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
    marks: frozenset[str] = frozenset()  # what the page is made of: its elements with their classes

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
            if not is_page:
                yield Found(url, linked_from, answer.status, is_page)
                continue
            reader = _Reader()
            reader.feed(answer.text())
            yield Found(url, linked_from, answer.status, is_page, frozenset(reader.marks))
            links = (urldefrag(urljoin(answer.url, link)).url for link in dict.fromkeys(reader.links))
            waiting.extend((link, url) for link in links if self._is_ours(link))

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


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.marks: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element, and where it leads if it is a link."""
        values = dict(attrs)
        self.marks |= {f"{tag}.{name}" for name in (values.get("class") or "").split()} | {tag}
        if tag == "a" and (href := values.get("href")):
            self.links.append(href)
