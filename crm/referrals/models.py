"""Tables of the room referrals: service lines, sites, imports, sources, referrals. The rollups: `rollup_models`.

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
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    column,
    false,
)  # fmt: skip
from sqlalchemy.orm import Mapped, deferred, mapped_column

from crm.core.db import Audited, Key, Model, Name, Short, Timestamped, UtcDateTime, choice, one_of

# SQLite keeps such a table in the order of its key, so that a span of months is read in one piece.
CLUSTERED = {"sqlite_with_rowid": False}


KEY_BYTES = 16
ROWS_OF_IMPORT = 1 << 32  # so many ids each import has
UNMATCHED = ("source_id", "import_id", "replaced_by", "count", "practice_id")
TYPED_IN = 1 << 52  # ids of rows that were typed in begin here: they stand first where the newest do


def ids_of(import_id: int) -> range:
    """The ids of the rows of an import."""
    return range(import_id * ROWS_OF_IMPORT, (import_id + 1) * ROWS_OF_IMPORT)


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


class SourceKind(StrEnum):
    """Who referred: a practice, or somebody who is kept apart from practices."""

    PRACTICE = "practice"
    PATIENT = "patient"
    ADVERT = "advert"
    SELF = "self"

    @property
    def label(self) -> str:
        """The kind in words."""
        names = {"patient": "Another patient", "advert": "Advertising", "self": "The patient themself"}
        return names.get(self, self.value.capitalize())


class Wait(StrEnum):
    """Between which steps of a referral days are counted."""

    APPOINTMENT = "appointment"
    REPORT = "report"

    @property
    def label(self) -> str:
        """The wait in words."""
        return {
            "appointment": "From received to appointment",
            "report": "From visit to report",
        }[self.value]


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
    # What a referral of this line is worth on average, to estimate revenue that no file tells.
    value_cents: Mapped[int | None] = mapped_column(BigInteger)
    value_kind: Mapped[RevenueKind | None] = mapped_column(choice(RevenueKind))


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
    # Its layer of the rollups is its id, that of taking it back is the negative. The one that must not count just now:
    hidden_layer: Mapped[int | None]
    # What it brought, or took away, counts, and is being merged into layer 0.
    is_settling: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Its sums per practice stay a layer of their own, which is exactly its rows.
    has_own_layer: Mapped[bool] = mapped_column(default=False, server_default=false())

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
    # What people said in place of cells that could not go in (`importing.corrections`), in the order in which they did.
    corrections: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, server_default="[]")
    # The largest sources that match no practice, by key, and what people said of them (`importing.unmatched`).
    unknown: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")


class ImportRefusal(Model):
    """A row that did not go in, and why; the file's own line number, never a patient's value."""

    __tablename__ = "import_refusal"
    __table_args__ = (Index("ix_import_refusal_line", "import_id", "line"),)

    id: Mapped[Key]
    import_id: Mapped[int] = mapped_column(ForeignKey("referral_import.id", ondelete="CASCADE"))
    line: Mapped[int]
    column: Mapped[Name] = mapped_column(default="")
    reason: Mapped[Name]


class ReferralSource(Model):
    """Who referred, as files name it: every way of writing it once, and what a person decided about it.

    `practice_id` is the decision of a person; what is recognized without one stands in the rows only. So is
    `decided_kind`, which `kind` follows as soon as the rollups do. A patient has no name here: the key remembers.
    """

    __tablename__ = "referral_source"
    __table_args__ = (UniqueConstraint("key"), one_of("decided_kind", SourceKind))

    id: Mapped[Key]
    key: Mapped[bytes] = mapped_column(LargeBinary(KEY_BYTES))  # one-way fingerprint (HMAC) of all that names it
    kind: Mapped[SourceKind] = mapped_column(choice(SourceKind), default=SourceKind.PRACTICE)
    decided_kind: Mapped[SourceKind | None] = mapped_column(choice(SourceKind, is_checked=False))
    npi: Mapped[str | None] = mapped_column(String(10))
    name: Mapped[Name] = mapped_column(default="")
    provider_name: Mapped[Name] = mapped_column(default="")
    city: Mapped[Name] = mapped_column(default="")
    zip: Mapped[str] = mapped_column(String(5), default="")
    practice_id: Mapped[int | None] = mapped_column(ForeignKey("practice.id"))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Referral(Model):
    """One version of a referral event or of a monthly count, without any patient identity.

    An import never changes a row: it adds its own version, which names in `replaces_id` the one before, and names
    itself in `replaced_by` of that. A row counts when its import is done and the one that replaced it is not; so all
    rows of an import begin, or cease, to count in the moment in which the state of the import changes.

    The id of an imported row is its import and its place in it (`ids_of`), so the rows of an import lie together, in
    the order of their practices. There are no foreign keys: PostgreSQL takes three times as long with them. Practices
    and providers are never deleted, and `importing.writing` looks whether all that its rows name is still there.
    """

    __tablename__ = "referral"
    __table_args__ = (
        Index("ix_referral_cell", "practice_id", "month", **only_where(column("practice_id").is_not(None))),
        Index("ix_referral_month", "month"),
        # All that the queue of sources counts, so that it reads no rows: SQLite asks for practice_id, too.
        Index("ix_referral_unmatched", *UNMATCHED, **only_where(column("practice_id").is_(None))),
        Index("ix_referral_replaces", "replaces_id", **only_where(column("replaces_id").is_not(None))),
        CheckConstraint("count >= 0", name="count_not_negative"),
        one_of("payer", PayerClass),
        one_of("status", ReferralStatus),
        one_of("revenue_kind", RevenueKind),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    import_id: Mapped[int | None]
    replaced_by: Mapped[int | None]
    replaces_id: Mapped[int | None] = mapped_column(BigInteger)
    month: Mapped[int]
    received_on: Mapped[date | None]
    practice_id: Mapped[int | None]
    provider_id: Mapped[int | None]
    source_id: Mapped[int | None]  # none where it was typed in
    service_line_id: Mapped[int | None]
    site_id: Mapped[int | None]
    payer: Mapped[PayerClass] = mapped_column(choice(PayerClass, is_checked=False), default=PayerClass.UNKNOWN)
    status: Mapped[ReferralStatus] = mapped_column(
        choice(ReferralStatus, is_checked=False), default=ReferralStatus.RECEIVED
    )
    appointment_on: Mapped[date | None]
    seen_on: Mapped[date | None]
    report_sent_on: Mapped[date | None]
    count: Mapped[int] = mapped_column(default=1)
    revenue_cents: Mapped[int | None] = mapped_column(BigInteger)
    revenue_kind: Mapped[RevenueKind | None] = mapped_column(choice(RevenueKind, is_checked=False))

    @property
    def number(self) -> int:
        """The number of a row that was typed in, as addresses and the audit trail name it."""
        return self.id - TYPED_IN


class ReferralKeyPage(Model):
    """Some keys of the rows of one import, in order, by which its rows are known again; and the place of each row.

    A key is a one-way fingerprint (HMAC) of what makes a row of its sender the same row again. A million of them are a
    few hundred pages, which come with an import and go with it: as rows of a table they would take as long as the
    referrals. Several imports may have the same key; the newest row of it is the one that nothing replaced.
    """

    __tablename__ = "referral_key_page"
    __table_args__ = (Index("ix_referral_key_page_import", "import_id"),)

    id: Mapped[Key]
    import_id: Mapped[int] = mapped_column(ForeignKey("referral_import.id", ondelete="CASCADE"))
    first_key: Mapped[bytes] = mapped_column(LargeBinary(KEY_BYTES))
    last_key: Mapped[bytes] = mapped_column(LargeBinary(KEY_BYTES))
    keys: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))  # KEY_BYTES each
    places: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))  # four bytes each, the lowest first


class MappingProfile(Audited, Timestamped, Model):
    """How the files of one sending system are read: under a name, known again by the names of their columns."""

    __tablename__ = "mapping_profile"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[Key]
    name: Mapped[Name]
    grain: Mapped[Grain] = mapped_column(choice(Grain))
    # "columns": header and target of each, in the order of the file, and "meanings", what words of it mean (which may
    # be kept, says importing.meanings); "options": service_line, site, day_first.
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    audit_hides: ClassVar[frozenset[str]] = frozenset({"mapping"})
