"""Service lines and sites by the names that files use. An import makes those that are not there yet."""

from typing import cast

from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.orm import Session

from crm.referrals import import_queries
from crm.referrals.models import Referral, ServiceLine, Site

LAST_POSITION = 8
LINES, SITES = cast(Table, ServiceLine.__table__), cast(Table, Site.__table__)


class Names:
    """Finds or makes service lines and sites. A dry run makes none: unknown names get negative numbers."""

    def __init__(self, session: Session, *, is_dry: bool) -> None:
        self._session, self._is_dry = session, is_dry
        self._lines = import_queries.name_ids(session, ServiceLine)
        self._sites = import_queries.name_ids(session, Site)
        self.made: dict[str, list[int]] = {"service_lines": [], "sites": []}

    def service_line(self, name: str) -> int | None:
        """The number of a service line."""
        if not name:
            return None
        found = self._lines.get(name.casefold())
        return found if found is not None else self._add_line(name)

    def site(self, name: str) -> int | None:
        """The number of a site."""
        if not name:
            return None
        found = self._sites.get(name.casefold())
        return found if found is not None else self._add_site(name)

    def _add_line(self, name: str) -> int:
        if self._is_dry:
            number = -1 - len(self._lines)
        else:
            used = self._session.scalar(select(func.count()).select_from(ServiceLine)) or 0
            number = self._insert(LINES, "service_lines", name=name, position=min(used + 1, LAST_POSITION))
        self._lines[name.casefold()] = number
        return number

    def _add_site(self, name: str) -> int:
        number = -1 - len(self._sites) if self._is_dry else self._insert(SITES, "sites", name=name)
        self._sites[name.casefold()] = number
        return number

    def _insert(self, table: Table, kind: str, **values: object) -> int:
        statement = insert(table).values(**values).returning(table.c.id)
        number = int(self._session.execute(statement).scalar_one())
        self.made[kind].append(number)
        return number


def remove_unused(session: Session, made: dict[str, list[int]]) -> None:
    """Take away service lines and sites that an import made and that no row uses."""
    for table, column, ids in (
        (LINES, Referral.service_line_id, made.get("service_lines", [])),
        (SITES, Referral.site_id, made.get("sites", [])),
    ):
        if ids:
            is_used = select(Referral.id).where(column == table.c.id).exists()
            session.execute(delete(table).where(table.c.id.in_(ids), ~is_used))
