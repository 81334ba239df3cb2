"""Tables of the room accounts: the organisation, its users, their roles, sessions and sign-in attempts."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.accounts.permissions import Role
from crm.core import clock
from crm.core.db import Audited, Key, Model, Moment, Name, Short, Timestamped, UtcDateTime, Versioned, choice


class Organization(Audited, Versioned, Timestamped, Model):
    """The organisation that this installation belongs to; there is one row."""

    __tablename__ = "organization"

    id: Mapped[Key]
    name: Mapped[Name]
    city: Mapped[Name] = mapped_column(default="")
    time_zone: Mapped[Short] = mapped_column(default=clock.DEFAULT_ZONE)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    address: Mapped[Name] = mapped_column(default="")
    cadence_a_days: Mapped[int] = mapped_column(default=30)
    cadence_b_days: Mapped[int] = mapped_column(default=60)
    cadence_c_days: Mapped[int] = mapped_column(default=90)
    lapsed_after_days: Mapped[int] = mapped_column(default=90)
    # What becomes of a file of referrals with patients in it, and of referrals that come one by one.
    refuses_patient_files: Mapped[bool] = mapped_column(default=False)
    counts_only: Mapped[bool] = mapped_column(default=False)
    # Keys the one-way fingerprints of referral rows; it never leaves the database.
    row_key_secret: Mapped[str] = mapped_column(String(64))
    is_demo: Mapped[bool] = mapped_column(default=False)

    audit_hides: ClassVar[frozenset[str]] = frozenset({"row_key_secret"})


class User(Audited, Versioned, Timestamped, Model):
    """Somebody who can sign in. Users are disabled, never deleted: the trail keeps naming them."""

    __tablename__ = "user_account"

    id: Mapped[Key]
    email: Mapped[Name] = mapped_column(unique=True)  # normalised: NFKC, lower case
    name: Mapped[Name]
    password_hash: Mapped[str] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    temporary_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # of a password that somebody else chose
    home_address: Mapped[Name] = mapped_column(default="")
    home_latitude: Mapped[float | None]
    home_longitude: Mapped[float | None]
    welcomed_on: Mapped[date | None]

    roles: Mapped[list["UserRole"]] = relationship(back_populates="user", cascade="all, delete-orphan", lazy="selectin")
    territories: Mapped[list["UserTerritory"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", lazy="selectin"
    )

    audit_hides: ClassVar[frozenset[str]] = frozenset({"password_hash"})

    @property
    def must_change_password(self) -> bool:
        """Whether the password is a temporary one."""
        return self.temporary_until is not None

    @property
    def role_set(self) -> set[Role]:
        """The roles as values."""
        return {row.role for row in self.roles}


class UserRole(Audited, Model):
    """A role that a user holds."""

    __tablename__ = "user_role"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[Role] = mapped_column(choice(Role), primary_key=True)

    user: Mapped[User] = relationship(back_populates="roles")

    @property
    def audit_label(self) -> str:
        """Named after its role."""
        return f"Role {self.role.label}"


class UserTerritory(Audited, Model):
    """A territory that a user looks after."""

    __tablename__ = "user_territory"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    territory_id: Mapped[int] = mapped_column(ForeignKey("territory.id", ondelete="CASCADE"), primary_key=True)

    user: Mapped[User] = relationship(back_populates="territories")

    @property
    def audit_label(self) -> str:
        """Named after its keys."""
        return f"Territory {self.territory_id} of user {self.user_id}"


class UserSession(Model):
    """One sign-in on one device. Without its row the cookie is worth nothing; only a hash of the cookie is kept."""

    __tablename__ = "user_session"

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    started_at: Mapped[Moment]
    last_used_at: Mapped[Moment]
    address: Mapped[Short] = mapped_column(default="")
    device: Mapped[Name] = mapped_column(default="")

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class SignInAttempt(Model):
    """A failed try to sign in, for throttling by account and by address; old ones are swept away."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index("ix_sign_in_attempt_account", "account_hash", "tried_at"),)

    id: Mapped[Key]
    account_hash: Mapped[str] = mapped_column(String(64))
    address: Mapped[Short] = mapped_column(index=True)
    tried_at: Mapped[Moment] = mapped_column(index=True)


class SavedView(Timestamped, Model):
    """A list's filters, sorting and columns that a person saved under a name."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("user_id", "page", "name"),)

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    page: Mapped[Short]
    name: Mapped[Short]
    query: Mapped[str] = mapped_column(String(2000))
