"""Pages of a long list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

PAGE_SIZE = 50
MAX_PAGE = 100_000

Row = TypeVar("Row")


@dataclass
class Page(Generic[Row]):
    """One page of rows, and where it stands among all of them. Numbers count from 1."""

    rows: Sequence[Row]
    number: int
    size: int
    total: int
    url_for: Callable[[int], str] = str

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """The place of the first row shown; 0 when there is none."""
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The place of the last row shown."""
        return (self.number - 1) * self.size + len(self.rows)


def page_number(number: int | None, total: int, size: int = PAGE_SIZE) -> int:
    """The page that is meant: the first when none is, the last when there are not so many."""
    return min(max(number or 1, 1), MAX_PAGE, max(1, -(-total // size)))


def paginate(
    session: Session,
    query: Select[Any],
    number: int | None,
    size: int = PAGE_SIZE,
    *,
    count: Select[int] | None = None,
) -> Page[Any]:
    """Run a query for one page: one statement for the count (`count`, if there is a shorter way), one for the rows.

    Selects of one entity give entities, others give rows.
    """
    if count is None:
        count = select(func.count()).select_from(query.order_by(None).subquery())
    total = session.scalar(count) or 0
    number = page_number(number, total, size)
    result = session.execute(query.limit(size).offset((number - 1) * size))
    rows = result.scalars().all() if len(query.column_descriptions) == 1 else result.all()
    return Page(rows, number, size, total)
