"""Makes referrals and visits for the tests of analytics, and keeps the rollups as the program does."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from crm.core.formats import month_of, month_start
from crm.directory.models import Practice, Territory, Tier
from crm.referrals.models import PayerClass, Referral, ReferralStatus, RevenueKind, ServiceLine, Site
from crm.referrals.rollup import rebuild_rollup
from crm.visits.models import Visit, VisitMode, VisitState
from tests.referral_rows import a_referral

TODAY = date(2026, 11, 20)
NOV = month_of(TODAY)
STATUSES = [ReferralStatus.RECEIVED, ReferralStatus.SCHEDULED, *[ReferralStatus.SEEN] * 5, ReferralStatus.LOST]


@dataclass
class Volumes:
    """Rows to come; `store` puts them and their rollups into the database."""

    session: Session
    prefix: str = "key"
    rows: list[Referral] = field(default_factory=list)

    def add(self, practice: Practice | None, month: int, count: int = 1, **values: Any) -> None:
        """Single referrals of a practice, spread over a month (and not beyond today)."""
        first = month_start(month)
        length = (month_start(month + 1) - first).days if month < NOV else TODAY.day
        for number in range(count):
            self.row(practice, first + timedelta(days=(number * 7 + length - 1) % length), **values)

    def row(self, practice: Practice | None, received_on: date, **values: Any) -> None:
        """One referral."""
        usual = {
            "month": month_of(received_on),
            "received_on": received_on,
            "practice_id": practice.id if practice else None,
            "status": ReferralStatus.SEEN,
        }
        self.rows.append(a_referral(**{**usual, **values}))

    def monthly(self, practice: Practice | None, month: int, count: int, **values: Any) -> None:
        """A monthly count: no day is known."""
        self.row(practice, month_start(month), count=count, **values)
        self.rows[-1].received_on = None

    def store(self) -> None:
        """Write the rows and their rollups."""
        self.session.add_all(self.rows)
        rebuild_rollup(self.session)
        self.session.commit()


def service_lines(session: Session) -> list[ServiceLine]:
    """Two lines of care."""
    lines = [ServiceLine(name="Cardiology", position=1), ServiceLine(name="Imaging", position=2)]
    session.add_all(lines)
    session.flush()
    return lines


def sites(session: Session) -> list[Site]:
    """Two places of ours."""
    found = [Site(name="Harbor Downtown"), Site(name="Harbor Dublin")]
    session.add_all(found)
    session.flush()
    return found


def busy_practices(session: Session, territory: Territory, number: int) -> list[Practice]:
    """Many practices of a territory."""
    found = [Practice(name=f"Practice {n:02d}", territory_id=territory.id, tier=Tier.B) for n in range(number)]
    session.add_all(found)
    session.flush()
    return found


def random_referrals(session: Session, practices: list[Practice], *, number: int, seed: int) -> Volumes:
    """Referrals with every dimension, money of every kind (also taken back), waits, and some without a source."""
    dice, volumes = random.Random(seed), Volumes(session, prefix=f"seed{seed}")
    lines, places = [*service_lines(session), None], [*sites(session), None]
    for _ in range(number):
        line, site = dice.choice(lines), dice.choice(places)
        day = TODAY - timedelta(days=dice.randrange(800))
        kind = dice.choice([None, *RevenueKind])
        volumes.row(
            dice.choice([*practices, *practices, None]), day,
            service_line_id=line.id if line else None, site_id=site.id if site else None,
            payer=dice.choice(list(PayerClass)), status=dice.choice(STATUSES), revenue_kind=kind,
            revenue_cents=dice.randrange(-50_000, 500_000) if kind else None,
            appointment_on=day + timedelta(days=dice.randrange(45)) if dice.random() < 0.7 else None,
        )  # fmt: skip
    volumes.store()
    return volumes


def add_visit(session: Session, practice: Practice, owner_id: int, day: date, **values: Any) -> None:
    """A visit that was made, in person unless said otherwise."""
    usual = {"state": VisitState.DONE, "mode": VisitMode.IN_PERSON}
    session.add(Visit(practice_id=practice.id, owner_id=owner_id, visit_on=day, **{**usual, **values}))
    session.flush()
