"""Brings a file that a test has written into the directory, and looks things up there."""

import io
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.directory.importing.counts import Counts
from crm.directory.importing.headers import recognize
from crm.directory.importing.importer import Progress, run_import
from crm.directory.importing.reading import open_table
from crm.directory.importing.rows import RowFilter
from crm.directory.models import Affiliation, Practice, Provider


def bring_in(database: Any, data: bytes, wanted: RowFilter | None = None, *, is_dry: bool = False) -> Counts:
    """Import a file, and check that every row is accounted for."""
    session: Session = database()

    def checkpoint(progress: Progress) -> None:
        assert progress.counts.adds_up, progress.counts
        session.rollback() if is_dry else session.commit()

    with open_table(io.BytesIO(data)) as table:
        counts = run_import(
            session, recognize(table.header), table.rows, wanted or RowFilter(), checkpoint, is_dry=is_dry
        )
    session.expire_all()
    return counts


def the_provider(database: Any, npi: str) -> Provider:
    """The provider with an NPI."""
    return database().scalars(select(Provider).where(Provider.npi == npi)).one()


def practices(database: Any) -> list[Practice]:
    """All practices, the oldest first."""
    return list(database().scalars(select(Practice).order_by(Practice.id)))


def places_of(database: Any, npi: str) -> list[str]:
    """The names of the practices at which a provider works now."""
    query = select(Practice.name).join(Affiliation).join(Provider).where(Provider.npi == npi)
    return list(database().scalars(query.where(Affiliation.ends_on.is_(None)).order_by(Practice.id)))


def snapshot(database: Any) -> list[Any]:
    """Everything that an import may write, in a form that can be compared."""
    session = database()
    columns = (
        select(Practice.id, Practice.name, Practice.npi, Practice.kind, Practice.address1, Practice.phone),
        select(Provider.id, Provider.npi, Provider.last_name, Provider.specialty, Provider.retired_on),
        select(Affiliation.provider_id, Affiliation.practice_id, Affiliation.ends_on, Affiliation.is_primary),
    )
    return [sorted(map(tuple, session.execute(query)), key=str) for query in columns]
