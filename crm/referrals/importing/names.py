"""The numbers of the names in files: of service lines, sites and sources. An import makes those that are missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar, cast

import numpy as np
from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.orm import Session

from crm.accounts.queries import get_organization
from crm.core import bulk
from crm.core.db import glance, turn
from crm.referrals import import_queries
from crm.referrals.importing.facts import NONE, Ints
from crm.referrals.importing.keys import Keys
from crm.referrals.importing.rows import Named, Rows
from crm.referrals.models import Referral, ReferralSource, ServiceLine, Site, SourceKind

LAST_POSITION = 8
TURN_SOURCES = 2_000
LINES, SITES = cast(Table, ServiceLine.__table__), cast(Table, Site.__table__)
SOURCES = cast(Table, ReferralSource.__table__)
NAMELESS = (
    SOURCES.c.kind == SourceKind.PRACTICE, SOURCES.c.decided_kind == SourceKind.PRACTICE, SOURCES.c.name == "",
    SOURCES.c.provider_name == "", SOURCES.c.npi.is_(None),
)  # fmt: skip
T = TypeVar("T")


@dataclass(frozen=True)
class Unknown:
    """Names of service lines and sites that are not there yet."""

    lines: list[str]
    sites: list[str]

    def __bool__(self) -> bool:
        return bool(self.lines or self.sites)


@dataclass
class Names:
    """Service lines and sites by their names in small letters, and sources as the file names them."""

    lines: dict[str, int]
    sites: dict[str, int]
    keys: Keys
    sources: dict[Named, int] = field(default_factory=dict)
    # In the order of the file.
    source_ids: list[int] = field(default_factory=list)

    @classmethod
    def load(cls, session: Session) -> "Names":
        """The service lines and sites that are there; sources are looked up as they come."""
        keys = Keys(get_organization(session).row_key_secret)
        return cls(import_queries.name_ids(session, ServiceLine), import_queries.name_ids(session, Site), keys)

    def columns(self, rows: Rows) -> dict[str, Ints]:
        """The numbers of the names of rows, all of which are known by now."""
        lines, sites = ([name.casefold() for name in names] for names in (rows.service_lines, rows.sites))
        return {
            "service_line_id": _numbers([self.lines[name] for name in lines], rows.columns["service_line"]),
            "site_id": _numbers([self.sites[name] for name in sites], rows.columns["site"]),
            "source_id": _numbers(self.source_ids, rows.columns["source"]),
        }

    def unknown(self, rows: Rows) -> Unknown:
        """The names of lines and sites that are not there yet, each once, as they are written first."""
        return Unknown(_new(rows.service_lines, self.lines), _new(rows.sites, self.sites))

    def imagine(self, session: Session, rows: Rows) -> None:
        """Give unknown names negative numbers, for a dry run."""
        unknown = self.unknown(rows)
        for known, names in ((self.lines, unknown.lines), (self.sites, unknown.sites)):
            for name in names:
                known[name.casefold()] = -1 - len(known)
        made: dict[bytes, int] = {}
        for key, source in self._new_sources(session, rows):
            self.sources[source] = made.setdefault(key, -1 - len(self.sources))
        self._note(rows)

    def make(self, session: Session, unknown: Unknown) -> dict[str, list[int]]:
        """Make service lines and sites of unknown names; returns the numbers of both."""
        used = session.scalar(select(func.count()).select_from(ServiceLine)) or 0
        made: dict[str, list[int]] = {"service_lines": [], "sites": []}
        for place, name in enumerate(unknown.lines, used + 1):
            number = _insert(session, LINES, name=name, position=min(place, LAST_POSITION))
            self.lines[name.casefold()] = number
            made["service_lines"].append(number)
        for name in unknown.sites:
            number = self.sites[name.casefold()] = _insert(session, SITES, name=name)
            made["sites"].append(number)
        return made

    def make_sources(self, session: Session, rows: Rows) -> None:
        """Write down how the rows name their sources, where that is new. Commits its turns."""
        new = self._new_sources(session, rows)
        self._name_again(session, rows.sources[len(self.source_ids) :])
        once = iter(dict(reversed(new)).items())
        while some := list(islice(once, TURN_SOURCES)):
            with turn(session):
                columns: dict[str, Sequence[Any]] = {"key": [key for key, _ in some]}
                for place, name in enumerate(Named._fields):
                    columns[name] = [source[place] for _, source in some]
                bulk.load(session, SOURCES, columns)
        self._find(session, new)
        self._note(rows)

    def _note(self, rows: Rows) -> None:
        self.source_ids += [self.sources[source] for source in rows.sources[len(self.source_ids) :]]

    def _new_sources(self, session: Session, rows: Rows) -> list[tuple[bytes, Named]]:
        unknown = [source for source in rows.sources[len(self.source_ids) :] if source not in self.sources]
        keys = self.keys.of_sources(source.key for source in unknown)
        return self._find(session, list(zip(keys, unknown, strict=True)))

    def _name_again(self, session: Session, sources: Sequence[Named]) -> None:
        """Practices that have no name because they were taken for a patient, and are named again."""
        with glance(session):
            nameless = set(session.scalars(select(SOURCES.c.id).where(*NAMELESS)))
        named = {self.sources[source]: source for source in sources if self.sources.get(source) in nameless}
        for id_, source in named.items():
            with turn(session):
                session.execute(update(SOURCES).where(SOURCES.c.id == id_).values(source._asdict()))

    def _find(self, session: Session, named: list[tuple[bytes, Named]]) -> list[tuple[bytes, Named]]:
        """Look up sources; returns those that are not there."""
        with glance(session):
            ids = import_queries.source_ids(session, [key for key, _ in named])
        self.sources.update((source, ids[key]) for key, source in named if key in ids)
        return [(key, source) for key, source in named if key not in ids]


def _numbers(ids: list[int], column: Ints) -> Ints:
    known = np.array([*ids, NONE], dtype=np.int64)
    return known[np.where(column == NONE, len(ids), column)]


def _new(names: Iterable[str], known: dict[str, int]) -> list[str]:
    found: dict[str, str] = {}
    for name in names:
        if name.casefold() not in known:
            found.setdefault(name.casefold(), name)
    return list(found.values())


def _insert(session: Session, table: Table, **values: object) -> int:
    return int(session.execute(insert(table).values(**values).returning(table.c.id)).scalar_one())


def apart_ids(session: Session) -> Ints:
    """The sources that are no practices."""
    query = select(ReferralSource.id).where(ReferralSource.kind != SourceKind.PRACTICE)
    return np.array(session.scalars(query).all(), dtype=np.int64)


def remove_unused(session: Session, made: dict[str, list[int]]) -> None:
    """Take away service lines and sites that an import made and that no row uses."""
    for table, column, ids in (
        (LINES, Referral.service_line_id, made.get("service_lines", [])),
        (SITES, Referral.site_id, made.get("sites", [])),
    ):
        if ids:
            is_used = select(Referral.id).where(column == table.c.id).exists()
            session.execute(delete(table).where(table.c.id.in_(ids), ~is_used))
