"""Tables of imports from CMS files: the receipt of each, the upload until it is in, and what imports wrote last.

What an import wrote is kept beside the row that it wrote it into, so that the next one can tell its own values from
those that somebody typed since, and leaves the latter alone.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, deferred, mapped_column

from crm.core.db import Key, Model, Name, Timestamped, UtcDateTime, choice
from crm.directory.importing.rows import FileKind, Reason


class DirectoryImportState(StrEnum):
    """Where an import stands."""

    CHECKING = "checking"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"

    @property
    def label(self) -> str:
        """The state in words."""
        words = {"checking": "Being checked", "waiting": "Ready to import", "done": "Imported"}
        return words.get(self, self.value.capitalize())


class DirectoryImport(Timestamped, Model):
    """One file: how it was filtered, what came of its rows. The counts are those of `importing.counts.Counts`."""

    __tablename__ = "directory_import"

    id: Mapped[Key]
    kind: Mapped[FileKind] = mapped_column(choice(FileKind))
    file_name: Mapped[Name]
    state: Mapped[DirectoryImportState] = mapped_column(choice(DirectoryImportState), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    filters: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    total_rows: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    samples: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    says: Mapped[str] = mapped_column(String(500), default="")
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DirectoryImportFile(Model):
    """The columns of an upload that are used, compressed; gone as soon as they are in."""

    __tablename__ = "directory_import_file"

    import_id: Mapped[int] = mapped_column(
        ForeignKey("directory_import.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))


class DirectoryImportRefusal(Model):
    """A row that stayed out. The first ten thousand are kept; the counts hold them all."""

    __tablename__ = "directory_import_refusal"

    import_id: Mapped[int] = mapped_column(
        ForeignKey("directory_import.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reason: Mapped[Reason] = mapped_column(choice(Reason))


class ImportedProvider(Model):
    """What each kind of file wrote last into a provider: {kind: {column: value}}."""

    __tablename__ = "imported_provider"

    provider_id: Mapped[int] = mapped_column(
        ForeignKey("provider.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    wrote: Mapped[dict[str, Any]] = mapped_column(JSON)


class ImportedPractice(Model):
    """What each kind of file wrote last into a practice, and how its name came about."""

    __tablename__ = "imported_practice"

    practice_id: Mapped[int] = mapped_column(
        ForeignKey("practice.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    wrote: Mapped[dict[str, Any]] = mapped_column(JSON)
    name_rank: Mapped[int]
    made_name: Mapped[Name]
    people: Mapped[list[list[str]]] = mapped_column(JSON, default=list)  # first and last names of the first three
