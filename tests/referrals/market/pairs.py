"""Invented files of shared patients, and the steps that several tests of market data take."""

import io
from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.referrals.market import services
from crm.referrals.market.models import MarketImport
from crm.referrals.market.services import About
from crm.referrals.market.writing import take_back_market, write_market
from tests.directory.cms_files import npi_of

OKONJO, BECKER = "1730482910", "1588203640"
HOP = "from_npi,to_npi,patient_count,transaction_count,average_day_wait,std_day_wait"
OURS, RIVAL, CLINIC = npi_of(500), npi_of(501), npi_of(502)
FIRST, LAST = 2018 * 12, 2018 * 12 + 11
HOSPITAL = "General Acute Care Hospital"


def hop_file(pairs: Iterable[Sequence[object]]) -> bytes:
    """A hop teaming file of six columns: from, to, patients of each pair."""
    lines = [f"{a},{b},{patients},{int(str(patients)) * 2},5.5,10.25" for a, b, patients in pairs]
    return "\n".join([HOP, *lines, ""]).encode()


def joined_file(pairs: Iterable[Sequence[object]]) -> bytes:
    """The same with the name and the kind of who receives: from, to, patients, name, kind."""
    head = (
        '"from_npi","to_npi","patient_count","transaction_count","average_day_wait","hospital_type","to_organization"'
    )
    lines = [f'"{a}","{b}","{n}","{n}","1.5","{kind}","{name}"' for a, b, n, name, kind in pairs]
    return "\n".join([head, *lines, ""]).replace('"NULL"', "NULL").encode()


def usual_pairs() -> bytes:
    """Okonjo (North) sends 80 to us, 20 to a rival; Becker (South) 30 to us, 60 to the rival, 400 to a clinic."""
    return joined_file(
        [
            (OKONJO, OURS, 80, "HARBOR HOSPITAL", HOSPITAL),
            (OKONJO, RIVAL, 20, "RIVERBEND HOSPITAL", HOSPITAL),
            (BECKER, OURS, 30, "HARBOR HOSPITAL", HOSPITAL),
            (BECKER, RIVAL, 60, "RIVERBEND HOSPITAL", HOSPITAL),
            (BECKER, CLINIC, 400, "CANAL ROAD CLINIC", "Clinic"),
            (npi_of(900), npi_of(901), 55, "FAR AWAY HOSPITAL", HOSPITAL),
        ]
    )


def take_in(session: Session, data: bytes, name: str = "hop_teaming_2018.csv") -> MarketImport:
    """Read a file as the page does."""
    return services.take_in(session, SYSTEM, name, io.BytesIO(data))


def bring_in(
    session: Session, data: bytes, name: str = "hop_teaming_2018.csv", *, replaces: int | None = None
) -> MarketImport:
    """Import a file of 2018 as the worker does."""
    batch = take_in(session, data, name)
    services.describe(session, batch, About(batch.source, FIRST, LAST, replaces))
    services.mark_running(session, batch)
    session.commit()
    write_market(session, batch.id, lambda _done, _total: session.commit())
    return session.get_one(MarketImport, batch.id)


def take_back(session: Session, batch: MarketImport) -> None:
    """Take a file back as the worker does."""
    services.begin_take_back(session, SYSTEM, batch)
    session.commit()
    take_back_market(session, batch.id, lambda _done, _total: session.commit())
    session.refresh(batch)


def is_ours(session: Session, npi: str = OURS) -> None:
    """An NPI is ours from now on."""
    services.add_our_npi(session, npi=npi, name="Harbor Main", site_id=None)
    session.commit()
