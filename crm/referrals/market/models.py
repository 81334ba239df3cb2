"""Tables of market data: files of shared patients, the pairs of providers in them, and which receiving NPIs are ours.

Nothing here is a referral of ours, and no patient is in it: a row is a pair of NPIs and how many patients they share.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, deferred, mapped_column

from crm.core.db import Audited, Key, Model, Name, Short, Timestamped, UtcDateTime, choice

# SQLite keeps such a table in the order of its key: all pairs of a provider lie together.
CLUSTERED = {"sqlite_with_rowid": False}
Npi = String(10)


class MarketLayout(StrEnum):
    """Which kind of file it is."""

    HOP_TEAMING = "hop_teaming"
    SHARED_PATIENTS = "shared_patients"

    @property
    def label(self) -> str:
        """The kind in words."""
        return self.value.replace("_", " ").capitalize()

    @property
    def usual_source(self) -> str:
        """Who usually publishes it."""
        return "DocGraph Hop Teaming" if self is MarketLayout.HOP_TEAMING else "CMS shared patient patterns"


class MarketState(StrEnum):
    """Where a file stands. Only the pairs of a file that is done are ever read."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    TAKING_BACK = "taking_back"
    TAKEN_BACK = "taken_back"

    @property
    def label(self) -> str:
        """The state in words."""
        words = {"waiting": "To be checked", "running": "Being imported", "done": "Imported", "failed": "Given up"}
        return words.get(self, self.value.replace("_", " ").capitalize())


class MarketImport(Audited, Timestamped, Model):
    """One file of market data, for the months that somebody stated: the file itself does not say them.

    `read_rows = kept_rows + elsewhere_rows + refused_rows`: pairs that concern somebody of ours, pairs of which neither
    side is in our directory, and rows that are no pair.
    """

    __tablename__ = "market_import"
    __table_args__ = (Index("ix_market_import_content", "content_hash"),)

    id: Mapped[Key]
    file_name: Mapped[Name]
    layout: Mapped[MarketLayout] = mapped_column(choice(MarketLayout))
    source: Mapped[Short]
    first_month: Mapped[int | None]
    last_month: Mapped[int | None]
    content_hash: Mapped[str] = mapped_column(String(64))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("market_import.id"))
    state: Mapped[MarketState] = mapped_column(choice(MarketState), default=MarketState.WAITING)
    read_rows: Mapped[int] = mapped_column(default=0)
    kept_rows: Mapped[int] = mapped_column(default=0)
    elsewhere_rows: Mapped[int] = mapped_column(default=0)
    refused_rows: Mapped[int] = mapped_column(default=0)
    small_rows: Mapped[int] = mapped_column(default=0)  # of the refused: pairs of fewer patients than may be told
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    says: Mapped[str] = mapped_column(String(500), default="")

    @property
    def audit_label(self) -> str:
        """Named after its file."""
        return self.file_name


class MarketUpload(Model):
    """The pairs of a file that concern us, between upload and import; compressed. Nothing else of it is ever kept."""

    __tablename__ = "market_upload"

    import_id: Mapped[int] = mapped_column(ForeignKey("market_import.id", ondelete="CASCADE"), primary_key=True)
    pairs: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))


class MarketEdge(Model):
    """A pair: so many patients were seen by the one provider first and then by the other, in the months of its file."""

    __tablename__ = "market_edge"
    __table_args__ = (Index("ix_market_edge_to", "import_id", "to_npi"), CLUSTERED)

    import_id: Mapped[int] = mapped_column(ForeignKey("market_import.id"), primary_key=True, autoincrement=False)
    from_npi: Mapped[str] = mapped_column(Npi, primary_key=True)
    to_npi: Mapped[str] = mapped_column(Npi, primary_key=True)
    patients: Mapped[int]
    transactions: Mapped[int | None]
    same_day: Mapped[int | None]
    wait_days: Mapped[float | None]


class MarketDestination(Model):
    """Who receives, as a file or the directory names it, and all that its pairs bring there. `kind` is what sort of
    place it is, empty when nobody says."""

    __tablename__ = "market_destination"
    __table_args__ = (CLUSTERED,)

    import_id: Mapped[int] = mapped_column(ForeignKey("market_import.id"), primary_key=True, autoincrement=False)
    npi: Mapped[str] = mapped_column(Npi, primary_key=True)
    name: Mapped[Name] = mapped_column(default="")
    kind: Mapped[Name] = mapped_column(default="")
    patients: Mapped[int]
    transactions: Mapped[int | None]


class MarketReach(Model):
    """Sums over the pairs of a file: how many patients a provider shares with all places of a kind, so that a page need
    not add up every pair. The pairs with ours are few, and are taken off when the page is made."""

    __tablename__ = "market_reach"
    __table_args__ = (CLUSTERED,)

    import_id: Mapped[int] = mapped_column(ForeignKey("market_import.id"), primary_key=True, autoincrement=False)
    from_npi: Mapped[str] = mapped_column(Npi, primary_key=True)
    kind: Mapped[Name] = mapped_column(primary_key=True)
    patients: Mapped[int]


class OurNpi(Audited, Timestamped, Model):
    """An NPI that receives patients for us. Without these nobody can say which part of the market is ours."""

    __tablename__ = "our_npi"

    id: Mapped[Key]
    npi: Mapped[str] = mapped_column(Npi, unique=True)
    name: Mapped[Name] = mapped_column(default="")
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id", ondelete="SET NULL"), index=True)

    @property
    def audit_label(self) -> str:
        """Named as people named it."""
        return self.name or f"NPI {self.npi}"


class MarketSetting(Audited, Model):
    """From which share on, in percent, a source counts as loyal and as a splitter. There is at most one row."""

    __tablename__ = "market_setting"
    __table_args__ = (
        CheckConstraint("0 < splitter_from AND splitter_from < loyal_from AND loyal_from <= 100", name="in_order"),
    )

    id: Mapped[Key]
    loyal_from: Mapped[int]
    splitter_from: Mapped[int]

    @property
    def audit_label(self) -> str:
        """There is one."""
        return "Segments of the market"
