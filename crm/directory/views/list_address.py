"""The address of a filtered list: what is in it, and the same address with something changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import url_for

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ListAddress:
    """Endpoint, filters, sorting and shown columns of a list."""

    endpoint: str
    filters: Pairs
    sort: str
    default_sort: str
    columns: Pairs = ()

    @property
    def query(self) -> str:
        """Everything behind the question mark but the page: this is what a saved view keeps."""
        return urlencode(self.pairs())

    def pairs(self) -> list[tuple[str, str]]:
        """Everything behind the question mark but the page, one by one."""
        sort = [("sort", self.sort)] if self.sort != self.default_sort else []
        return [*self.filters, *sort, *self.columns]

    def url(self, *more: tuple[str, str]) -> str:
        """The address of the list itself."""
        query = urlencode([*self.pairs(), *more])
        return url_for(self.endpoint) + (f"?{query}" if query else "")

    def sorted_by(self, sort: str) -> str:
        """The same list in another order."""
        return replace(self, sort=sort).url()

    def page(self, number: int) -> str:
        """Another page of the same list."""
        return self.url(("page", str(number))) if number > 1 else self.url()

    def filtered(self, filters: Pairs) -> str:
        """The same order and columns with other filters."""
        return replace(self, filters=filters).url()

    def without(self, name: str) -> str:
        """The same list without one filter."""
        return self.filtered([(key, value) for key, value in self.filters if key != name])

    def cleared(self) -> str:
        """The list without any filter."""
        return self.filtered([])

    def hidden(self, *names: str) -> list[tuple[str, str]]:
        """What a search form sends along, but for the fields that it has itself."""
        return [(key, value) for key, value in self.pairs() if key not in names]
