"""Tables of the room exports: saved lists, and the receipt and file of each export."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, deferred, mapped_column

from crm.core.db import Audited, Key, Model, Name, Short, Timestamped, UtcDateTime, Versioned, choice


class ExportFormat(StrEnum):
    """The kinds of file an export can be."""

    CSV = "csv"
    XLSX = "xlsx"


class ContactList(Audited, Versioned, Timestamped, Model):
    """Filters saved under a name; who is on the list is looked up anew each time."""

    __tablename__ = "contact_list"

    id: Mapped[Key]
    name: Mapped[Name] = mapped_column(unique=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    filters: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    retired_on: Mapped[date | None]


class Export(Timestamped, Model):
    """The receipt of one export: who took which people, for which channel, and how many were held back."""

    __tablename__ = "export"

    id: Mapped[Key]
    title: Mapped[Name]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    list_id: Mapped[int | None] = mapped_column(ForeignKey("contact_list.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    channel: Mapped[Short] = mapped_column(default="")
    purpose: Mapped[Name] = mapped_column(default="")
    filters: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    in_words: Mapped[list[str]] = mapped_column(JSON, default=list)  # the filters as they read on that day
    columns: Mapped[list[str]] = mapped_column(JSON, default=list)
    file_format: Mapped[ExportFormat] = mapped_column(choice(ExportFormat))
    rows: Mapped[int | None]
    suppressed: Mapped[int | None]
    reasons: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)  # how many were held back for each reason
    sha256: Mapped[str] = mapped_column(String(64), default="")
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ExportFile(Model):
    """The bytes of an export, kept apart from its receipt and removed after seven days.

    Beside the people stand those who were held back though they have an address, for the sender's own suppression list.
    """

    __tablename__ = "export_file"

    export_id: Mapped[int] = mapped_column(ForeignKey("export.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[Name]
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
    suppression: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
