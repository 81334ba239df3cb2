"""Steps that several tests of imports take: bring a file in, take an import back, look at what is there."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import MetaData, select
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.referrals import import_services
from crm.referrals.importing.facts import VALUES
from crm.referrals.importing.headers import Target
from crm.referrals.importing.taking_back import take_back_rows
from crm.referrals.importing.writing import write_import
from crm.referrals.models import ImportState, Referral, ReferralImport
from crm.referrals.origin_models import Door
from crm.referrals.queries import is_counted


def bring_in(
    session: Session, data: bytes, name: str = "referrals.csv", *, month: int | None = None, door: Door = Door.PAGE
) -> ReferralImport:
    """Import a file as the worker does."""
    batch = import_services.take_in_file(session, SYSTEM, name, data, month=month, door=door)
    batch.state = ImportState.RUNNING
    session.commit()
    write_import(session, batch.id, lambda _done, _total: session.commit())
    return session.get_one(ReferralImport, batch.id)


def take_back(session: Session, batch: ReferralImport) -> None:
    """Take an import back as the worker does."""
    batch.state = ImportState.TAKING_BACK
    session.commit()
    take_back_rows(session, batch.id, lambda _done, _total: session.commit())


def counts(batch: ReferralImport) -> tuple[int, int, int, int, int]:
    """Read, added, updated, unchanged, refused; the first is the sum of the others."""
    found = (batch.read_rows, batch.added_rows, batch.updated_rows, batch.unchanged_rows, batch.refused_rows)
    assert found[0] == sum(found[1:])
    return found


def rows(session: Session, *names: str) -> list[Any]:
    """What is counted, in the order of what it says; without names all values."""
    columns = [getattr(Referral, name) for name in names or VALUES]
    said = [getattr(Referral, name) for name in VALUES]
    found = session.execute(select(*columns).where(is_counted()).order_by(*said)).all()
    return [row[0] if len(names) == 1 else tuple(row) for row in found]


def targets(batch: ReferralImport) -> Sequence[Target]:
    """What the columns of a file were guessed to be."""
    return [Target(column["target"]) for column in batch.mapping["columns"]]


def whole_database(session: Session) -> str:
    """Every value of every table."""
    metadata = MetaData()
    metadata.reflect(session.connection())
    found = [str(row) for table in metadata.sorted_tables for row in session.execute(table.select())]
    assert found
    return "\n".join(found)
