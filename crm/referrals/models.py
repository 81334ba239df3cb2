"""Tables of the room referrals: service lines, sites, imports, referrals, and the monthly rollups over them.

A row of `referral` is one referral event (`count` = 1, `received_on` set) or one monthly count (`received_on` empty).
Rows belong to an import, or to none when typed in. `month` numbers are `year * 12 + month - 1` (formats.month_of).
Pages read the rollups; only lists of single rows read `referral`.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    column,
    false,
    literal_column,
)  # fmt: skip
from sqlalchemy.orm import Mapped, deferred, mapped_column

from crm.core.db import Audited, Key, Model, Name, Short, Timestamped, UtcDateTime, choice

# SQLite keeps such a table in the order of its key, so that a span of months is read in one piece.
CLUSTERED = {"sqlite_with_rowid": False}


def only_where(condition: ColumnElement[bool]) -> dict[str, Any]:
    """Options of an index over some rows only, the same on both databases."""
    return {"sqlite_where": condition, "postgresql_where": condition}


class ReferralStatus(StrEnum):
    """How far a referral has come. Each later step includes the earlier ones; declined and lost end it."""

    RECEIVED = "received"
    SCHEDULED = "scheduled"
    SEEN = "seen"
    DECLINED = "declined"
    LOST = "lost"

    @property
    def label(self) -> str:
        """The status in words."""
        return self.value.capitalize()


class PayerClass(StrEnum):
    """What kind of insurance pays."""

    COMMERCIAL = "commercial"
    MEDICARE = "medicare"
    MEDICARE_ADVANTAGE = "medicare_advantage"
    MEDICAID = "medicaid"
    WORKERS_COMP = "workers_comp"
    SELF_PAY = "self_pay"
    OTHER = "other"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """The payer class in words."""
        names = {
            "workers_comp": "Workers' compensation",
            "medicare_advantage": "Medicare Advantage",
            "self_pay": "Self-pay",
        }
        return names.get(self, self.value.capitalize())


class RevenueKind(StrEnum):
    """What an amount of money is. Amounts of different kinds are never added up."""

    BILLED = "billed"
    PAID = "paid"
    NET = "net"

    @property
    def label(self) -> str:
        """The kind in words."""
        return self.value.capitalize()


class Grain(StrEnum):
    """What one row of an imported file stands for."""

    EVENT = "event"
    MONTH = "month"

    @property
    def label(self) -> str:
        """The grain in words."""
        return "One row per referral" if self is Grain.EVENT else "Monthly counts"


class ImportState(StrEnum):
    """Where an import stands. Only the rows of a done import are ever counted."""

    CHECKING = "checking"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    TAKING_BACK = "taking_back"
    TAKEN_BACK = "taken_back"

    @property
    def label(self) -> str:
        """The state in words."""
        return {"checking": "Being checked", "done": "Imported"}.get(self, self.value.replace("_", " ").capitalize())


class ServiceLine(Audited, Model):
    """A line of care that we offer. `position` fixes its colour in every chart (1 to 8, then grey)."""

    __tablename__ = "service_line"

    id: Mapped[Key]
    name: Mapped[Short] = mapped_column(unique=True)
    position: Mapped[int] = mapped_column(default=8)


class Site(Audited, Model):
    """A place of ours to which patients are referred."""

    __tablename__ = "site"

    id: Mapped[Key]
    name: Mapped[Short] = mapped_column(unique=True)


class ReferralImport(Audited, Timestamped, Model):
    """One file that went in: how it was read, what came of each row, and everything needed to take it back.

    `read_rows = added_rows + updated_rows + unchanged_rows + refused_rows`; `unmatched_rows` counts rows that went in
    without a known source.
    """

    __tablename__ = "referral_import"

    id: Mapped[Key]
    file_name: Mapped[Name]
    sheet: Mapped[Name] = mapped_column(default="")
    grain: Mapped[Grain] = mapped_column(choice(Grain))
    state: Mapped[ImportState] = mapped_column(choice(ImportState), default=ImportState.CHECKING)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    # How the file is read: "columns" (letter, header, target, how sure, part filled), "dropped" (refused and free text:
    # sheet, letter, header, rule, rows), "options" (month, service_line, site), "layout", "revision", "check" (the
    # summary of the dry run), "made" (service lines and sites that it made). Never a value of a patient.
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    read_rows: Mapped[int] = mapped_column(default=0)
    added_rows: Mapped[int] = mapped_column(default=0)
    updated_rows: Mapped[int] = mapped_column(default=0)
    unchanged_rows: Mapped[int] = mapped_column(default=0)
    refused_rows: Mapped[int] = mapped_column(default=0)
    unmatched_rows: Mapped[int] = mapped_column(default=0)
    first_month: Mapped[int | None]
    last_month: Mapped[int | None]
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    says: Mapped[str] = mapped_column(String(500), default="")
    # What it brought (or, taken back, took away) stands in layers of the rollups that count and are being merged.
    is_settling: Mapped[bool] = mapped_column(default=False, server_default=false())

    audit_hides: ClassVar[frozenset[str]] = frozenset({"mapping"})

    @property
    def audit_label(self) -> str:
        """Named after its file."""
        return self.file_name


class ImportUpload(Model):
    """The cleaned rows of a file between upload and import: patient and free-text columns are not in it.

    Compressed CSV; removed when the import ends, is given up, or after a day.
    """

    __tablename__ = "import_upload"

    import_id: Mapped[int] = mapped_column(ForeignKey("referral_import.id", ondelete="CASCADE"), primary_key=True)
    rows: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    row_count: Mapped[int]


class ImportRefusal(Model):
    """A row that did not go in, and why; the file's own line number, never a patient's value."""

    __tablename__ = "import_refusal"
    __table_args__ = (Index("ix_import_refusal_line", "import_id", "line"),)

    id: Mapped[Key]
    import_id: Mapped[int] = mapped_column(ForeignKey("referral_import.id", ondelete="CASCADE"))
    line: Mapped[int]
    column: Mapped[Name] = mapped_column(default="")
    reason: Mapped[Name]


class Referral(Model):
    """One version of a referral event or of a monthly count, without any patient identity.

    An import never changes a row: it adds its own version and names itself in `replaced_by` of the version before. A
    row counts when its import is done and the one that replaced it is not; so all rows of an import begin, or cease, to
    count in the moment in which the state of the import changes.
    """

    __tablename__ = "referral"
    __table_args__ = (
        Index("ix_referral_cell", "practice_id", "month"),
        Index("ix_referral_month", "month"),
        Index("ix_referral_import", "import_id", "month", "practice_id"),
        Index("ix_referral_newest", "row_key", unique=True, **only_where(column("replaced_by").is_(None))),
        Index("ix_referral_earlier", "row_key", **only_where(column("replaced_by").is_not(None))),
        Index(
            "ix_referral_replaced",
            "replaced_by",
            "month",
            "practice_id",
            **only_where(column("replaced_by").is_not(None)),
        ),
        CheckConstraint("count >= 0", name="count_not_negative"),
    )

    id: Mapped[Key]
    # One-way fingerprint (HMAC) of what makes a row of its sender the same row again.
    row_key: Mapped[str] = mapped_column(String(43))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("referral_import.id"))
    replaced_by: Mapped[int | None] = mapped_column(ForeignKey("referral_import.id"))
    month: Mapped[int]
    received_on: Mapped[date | None]
    practice_id: Mapped[int | None] = mapped_column(ForeignKey("practice.id"))
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("provider.id"))
    source_name: Mapped[Name] = mapped_column(default="")  # as the file names the source, kept for unmatched rows
    source_npi: Mapped[str | None] = mapped_column(String(10))
    service_line_id: Mapped[int | None] = mapped_column(ForeignKey("service_line.id"))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"))
    payer: Mapped[PayerClass] = mapped_column(choice(PayerClass), default=PayerClass.UNKNOWN)
    status: Mapped[ReferralStatus] = mapped_column(choice(ReferralStatus), default=ReferralStatus.RECEIVED)
    appointment_on: Mapped[date | None]
    seen_on: Mapped[date | None]
    report_sent_on: Mapped[date | None]
    count: Mapped[int] = mapped_column(default=1)
    revenue_cents: Mapped[int | None] = mapped_column(BigInteger)
    revenue_kind: Mapped[RevenueKind | None] = mapped_column(choice(RevenueKind))


def layers_index(table: str, *columns: str) -> Index:
    """An index over the layers above 0, of which there are few and mostly none."""
    return Index(f"ix_{table}_layers", *columns, **only_where(column("layer") > literal_column("0")))


class Layered:
    """A rollup whose sums may stand in several rows, to be added up: those of layer 0, and those by which an import (or
    its taking back) changes them. The layers above 0 count while an import `is_settling`; before that nobody sees them.
    """

    layer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, sort_order=1)


class Volume(Layered):
    """The columns that every rollup of volumes has.

    `received` counts every referral of the cell; `scheduled`, `seen`, `declined`, `lost` count those whose status
    is exactly that, so `received - scheduled - seen - declined - lost` are still waiting.
    """

    entries: Mapped[int]  # rows of `referral`; a monthly count is one row of several referrals
    received: Mapped[int]
    scheduled: Mapped[int]
    seen: Mapped[int]
    declined: Mapped[int]
    lost: Mapped[int]
    billed_cents: Mapped[int] = mapped_column(BigInteger)
    paid_cents: Mapped[int] = mapped_column(BigInteger)
    net_cents: Mapped[int] = mapped_column(BigInteger)
    priced: Mapped[int]  # how many of the received carry an amount


class ReferralMonth(Volume, Model):
    """Rollup: volumes per source, month and everything that pages filter by. 0 stands for 'none'."""

    __tablename__ = "referral_month"
    __table_args__ = (
        layers_index("referral_month", "month", "practice_id"),
        Index("ix_referral_month_month", "month", "practice_id"),
    )

    practice_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    provider_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    service_line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    payer: Mapped[str] = mapped_column(String(32), primary_key=True)


class ReferralPracticeMonth(Volume, Model):
    """Rollup: `referral_month` per source and month alone, for rankings of thousands of sources."""

    __tablename__ = "referral_practice_month"
    __table_args__ = (
        layers_index("referral_practice_month", "month", "practice_id"),
        Index("ix_referral_practice_month_practice", "practice_id", "month"),
        CLUSTERED,
    )

    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    practice_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class ReferralTotalMonth(Volume, Model):
    """Rollup: `referral_month` of all sources together, for charts over months."""

    __tablename__ = "referral_total_month"
    __table_args__ = (
        layers_index("referral_total_month", "month"),
        CLUSTERED,
    )

    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    service_line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    payer: Mapped[str] = mapped_column(String(32), primary_key=True)
    matched: Mapped[int]  # how many of the received have a known source


class ReferralWait(Layered, Model):
    """Rollup: how many referrals waited how many days from received to appointment. 0 stands for 'none'."""

    __tablename__ = "referral_wait"
    __table_args__ = (
        layers_index("referral_wait", "month", "practice_id"),
        Index("ix_referral_wait_month", "month"),
    )

    practice_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    service_line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    payer: Mapped[str] = mapped_column(String(32), primary_key=True)
    days: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    referrals: Mapped[int]


class ReferralTotalWait(Layered, Model):
    """Rollup: `referral_wait` of all sources together."""

    __tablename__ = "referral_total_wait"
    __table_args__ = (
        layers_index("referral_total_wait", "month"),
        CLUSTERED,
    )

    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    service_line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    payer: Mapped[str] = mapped_column(String(32), primary_key=True)
    days: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    referrals: Mapped[int]


class MappingProfile(Audited, Timestamped, Model):
    """How the files of one sending system are read: under a name, known again by the names of their columns."""

    __tablename__ = "mapping_profile"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[Key]
    name: Mapped[Name]
    grain: Mapped[Grain] = mapped_column(choice(Grain))
    # "columns": header and target of each, in the order of the file; "options": service_line, site, day_first.
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    audit_hides: ClassVar[frozenset[str]] = frozenset({"mapping"})
