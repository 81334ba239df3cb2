"""Where an import came from: through which door, by which profile it was read, and the fingerprint of its file."""

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Model, choice


class Door(StrEnum):
    """How a file came in."""

    PAGE = "page"
    COMMAND = "command"
    FOLDER = "folder"

    @property
    def label(self) -> str:
        """The door in words, for an import that nobody in particular asked for."""
        return {"page": "the import page", "command": "a command", "folder": "the watched folder"}[self.value]


class ImportOrigin(Model):
    """Beside each import since profiles have names; an import without one is older.

    The fingerprint (HMAC) tells only whether two files are the same, byte for byte.
    """

    __tablename__ = "import_origin"
    __table_args__ = (
        Index("ix_import_origin_file_key", "file_key"),
        Index("ix_import_origin_profile_id", "profile_id"),
    )

    import_id: Mapped[int] = mapped_column(ForeignKey("referral_import.id", ondelete="CASCADE"), primary_key=True)
    door: Mapped[Door] = mapped_column(choice(Door))
    file_key: Mapped[str] = mapped_column(String(43))
    counted_key: Mapped[str | None] = mapped_column(String(32))  # whose file it is, where it became counts at the door
    profile_id: Mapped[int | None] = mapped_column(ForeignKey("mapping_profile.id", ondelete="SET NULL"))
