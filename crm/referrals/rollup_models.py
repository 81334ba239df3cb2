"""Tables of the rollups: sums over `referral` per month, which pages read. Only lists of single rows read rows.

Each is clustered by month, so that a span of months is read in one piece. 0 stands for 'none' in every key.
"""

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Model
from crm.referrals.models import CLUSTERED


class Layered:
    """A rollup whose sums may stand in several rows, to be added up: those of layer 0, and those of imports.

    A layer counts unless it is the `hidden_layer` of an import.
    """

    layer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, sort_order=1)


class Volume(Layered):
    """The columns that every rollup of volumes has.

    `received` counts every referral of the cell; `scheduled`, `seen`, `declined`, `lost` count those whose status
    is exactly that, so `received - scheduled - seen - declined - lost` are still waiting.
    """

    entries: Mapped[int]  # rows of `referral`, without counts of 0; a monthly count is one row of several referrals
    received: Mapped[int]
    scheduled: Mapped[int]
    seen: Mapped[int]
    declined: Mapped[int]
    lost: Mapped[int]
    billed_cents: Mapped[int] = mapped_column(BigInteger)
    paid_cents: Mapped[int] = mapped_column(BigInteger)
    net_cents: Mapped[int] = mapped_column(BigInteger)
    priced: Mapped[int]  # how many of the received carry an amount


class ReferralPracticeMonth(Volume, Model):
    """Rollup: volumes per month and source, for rankings of thousands of sources."""

    __tablename__ = "referral_practice_month"
    __table_args__ = (CLUSTERED,)

    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    practice_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class ReferralLineMonth(Volume, Model):
    """Rollup: volumes per month, service line and source."""

    __tablename__ = "referral_line_month"
    __table_args__ = (CLUSTERED,)

    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    service_line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    practice_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class ReferralTotalMonth(Volume, Model):
    """Rollup: volumes of all sources together, for charts over months."""

    __tablename__ = "referral_total_month"
    __table_args__ = (CLUSTERED,)

    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    service_line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    payer: Mapped[str] = mapped_column(String(32), primary_key=True)
    matched: Mapped[int]  # how many of the received have a known practice as their source
    apart: Mapped[int]  # how many of the received came from no practice: from a patient, an advert, by themselves


class ReferralTotalWait(Layered, Model):
    """Rollup: how many referrals took how many days, from one step to another."""

    __tablename__ = "referral_total_wait"
    __table_args__ = (CLUSTERED,)

    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    service_line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    payer: Mapped[str] = mapped_column(String(32), primary_key=True)
    wait: Mapped[str] = mapped_column(String(32), primary_key=True)  # a Wait
    days: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    referrals: Mapped[int]
