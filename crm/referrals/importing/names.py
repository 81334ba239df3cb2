"""Service lines and sites by the names that files use. An import makes those that are not there yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.orm import Session

from crm.referrals import import_queries
from crm.referrals.importing.rows import Row
from crm.referrals.models import Referral, ServiceLine, Site

LAST_POSITION = 8
LINES, SITES = cast(Table, ServiceLine.__table__), cast(Table, Site.__table__)


class Names:
    """Service lines and sites by their names in small letters."""

    def __init__(self, session: Session) -> None:
        self._lines = import_queries.name_ids(session, ServiceLine)
        self._sites = import_queries.name_ids(session, Site)

    def service_line(self, name: str) -> int | None:
        """The number of a service line that is known."""
        return self._lines[name.casefold()] if name else None

    def site(self, name: str) -> int | None:
        """The number of a site that is known."""
        return self._sites[name.casefold()] if name else None

    def unknown(self, rows: Iterable[Row]) -> "Unknown":
        """The names in rows that are not there yet, each once, as they are written first."""
        lines: dict[str, str] = {}
        sites: dict[str, str] = {}
        for row in rows:
            for name, known, new in ((row.service_line, self._lines, lines), (row.site, self._sites, sites)):
                if name and name.casefold() not in known:
                    new.setdefault(name.casefold(), name)
        return Unknown(list(lines.values()), list(sites.values()))

    def imagine(self, unknown: "Unknown") -> None:
        """Give unknown names negative numbers, for a dry run."""
        for known, names in ((self._lines, unknown.lines), (self._sites, unknown.sites)):
            for name in names:
                known[name.casefold()] = -1 - len(known)

    def make(self, session: Session, unknown: "Unknown") -> dict[str, list[int]]:
        """Make service lines and sites of unknown names; returns the numbers of both."""
        used = session.scalar(select(func.count()).select_from(ServiceLine)) or 0
        made: dict[str, list[int]] = {"service_lines": [], "sites": []}
        for place, name in enumerate(unknown.lines, used + 1):
            number = _insert(session, LINES, name=name, position=min(place, LAST_POSITION))
            self._lines[name.casefold()] = number
            made["service_lines"].append(number)
        for name in unknown.sites:
            number = self._sites[name.casefold()] = _insert(session, SITES, name=name)
            made["sites"].append(number)
        return made


@dataclass(frozen=True)
class Unknown:
    """Names of service lines and sites that are not there yet."""

    lines: list[str]
    sites: list[str]

    def __bool__(self) -> bool:
        return bool(self.lines or self.sites)


def _insert(session: Session, table: Table, **values: object) -> int:
    return int(session.execute(insert(table).values(**values).returning(table.c.id)).scalar_one())


def remove_unused(session: Session, made: dict[str, list[int]]) -> None:
    """Take away service lines and sites that an import made and that no row uses."""
    for table, column, ids in (
        (LINES, Referral.service_line_id, made.get("service_lines", [])),
        (SITES, Referral.site_id, made.get("sites", [])),
    ):
        if ids:
            is_used = select(Referral.id).where(column == table.c.id).exists()
            session.execute(delete(table).where(table.c.id.in_(ids), ~is_used))
