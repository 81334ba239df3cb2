"""Tables of the room directory: territories, practices, providers, affiliations, contacts, permissions to contact."""

from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from zlib import crc32

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, event
from sqlalchemy.orm import Mapped, Mapper, mapped_column, relationship

from crm.accounts.models import User
from crm.core.db import Audited, Key, Model, Name, Short, Timestamped, Versioned, choice
from crm.core.geo import Point
from crm.directory.search_keys import MAX_KEY, person_key, practice_key


def _practice_default(context: Any) -> str:
    values = context.get_current_parameters()
    return practice_key(values.get("name"), values.get("city"))


def _person_default(context: Any) -> str:
    values = context.get_current_parameters()
    return person_key(values.get("last_name"), values.get("first_name"))


# Compared byte by byte on both databases, so that an index finds what begins with a text.
SEARCH_TEXT = String(MAX_KEY).with_variant(String(MAX_KEY, collation="C"), "postgresql")
PracticeSearchKey = Annotated[str, mapped_column(SEARCH_TEXT, default=_practice_default, index=True)]
PersonSearchKey = Annotated[str, mapped_column(SEARCH_TEXT, default=_person_default, index=True)]


class PracticeKind(StrEnum):
    """What sort of place refers."""

    PHYSICIAN = "physician"
    HOSPITAL = "hospital"
    SNF = "snf"
    HOME_HEALTH = "home_health"
    PAYER = "payer"
    PUBLIC_HEALTH = "public_health"
    SCHOOL = "school"
    EARLY_INTERVENTION = "early_intervention"
    MENTAL_HEALTH = "mental_health"
    PHARMACY = "pharmacy"
    COMMUNITY = "community"

    @property
    def label(self) -> str:
        """The kind in words."""
        names = {
            "physician": "Physician practice", "snf": "Skilled nursing", "public_health": "Public health agency",
            "mental_health": "Mental-health agency", "community": "Community resource",
        }  # fmt: skip
        return names.get(self, self.value.replace("_", " ").capitalize())


class Tier(StrEnum):
    """How much a practice matters: A refers most now, B could sooner, C could later."""

    A = "A"
    B = "B"
    C = "C"


class PracticeStatus(StrEnum):
    """How we stand with a practice."""

    TARGET = "target"
    ACTIVE = "active"
    LAPSED = "lapsed"
    DO_NOT_VISIT = "do_not_visit"

    @property
    def label(self) -> str:
        """The status in words."""
        return self.value.replace("_", " ").capitalize()


class ContactRole(StrEnum):
    """What a contact does at the practice."""

    OFFICE_MANAGER = "office_manager"
    REFERRAL_COORDINATOR = "referral_coordinator"
    FRONT_DESK = "front_desk"
    NURSE = "nurse"
    SCHEDULER = "scheduler"
    SOCIAL_WORKER = "social_worker"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The role in words."""
        return "Other staff" if self is ContactRole.OTHER else self.value.replace("_", " ").capitalize()


class Channel(StrEnum):
    """A way to reach somebody."""

    EMAIL = "email"
    PHONE = "phone"
    TEXT = "text"
    FAX = "fax"
    MAIL = "mail"

    @property
    def label(self) -> str:
        """The channel in words."""
        return self.value.capitalize()


class Consent(StrEnum):
    """What somebody said about a channel. No row means that nobody asked yet."""

    ALLOWED = "allowed"
    OPTED_OUT = "opted_out"

    @property
    def label(self) -> str:
        """The answer in words."""
        return self.value.replace("_", " ").capitalize()


class Territory(Audited, Timestamped, Model):
    """A part of the map that liaisons look after. ZIP prefixes place imported practices in it."""

    __tablename__ = "territory"

    id: Mapped[Key]
    name: Mapped[Short] = mapped_column(unique=True)
    zip_prefixes: Mapped[str] = mapped_column(String(500), default="")  # "43085 430 432", longest match wins


class PracticeGroup(Audited, Timestamped, Model):
    """A parent organisation of several practices. CMS calls its number the organisation PAC ID."""

    __tablename__ = "practice_group"

    id: Mapped[Key]
    name: Mapped[Name] = mapped_column(index=True)
    pac_id: Mapped[str | None] = mapped_column(String(20), unique=True)


class Practice(Audited, Versioned, Timestamped, Model):
    """A place that refers."""

    __tablename__ = "practice"
    __table_args__ = (
        Index("ix_practice_place", "state", "zip"),
        Index("ix_practice_territory", "territory_id", "retired_on", "name"),
    )

    id: Mapped[Key]
    name: Mapped[Name] = mapped_column(index=True)
    kind: Mapped[PracticeKind] = mapped_column(choice(PracticeKind), default=PracticeKind.PHYSICIAN)
    status: Mapped[PracticeStatus] = mapped_column(choice(PracticeStatus), default=PracticeStatus.TARGET)
    tier: Mapped[Tier | None] = mapped_column(choice(Tier), index=True)
    npi: Mapped[str | None] = mapped_column(String(10), unique=True)  # the organisation's, not a person's
    group_id: Mapped[int | None] = mapped_column(ForeignKey("practice_group.id"), index=True)
    territory_id: Mapped[int | None] = mapped_column(ForeignKey("territory.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    taxonomy: Mapped[str | None] = mapped_column(String(10))  # NUCC code of its main specialty
    address1: Mapped[Name] = mapped_column(default="")
    address2: Mapped[Name] = mapped_column(default="")
    city: Mapped[Short] = mapped_column(default="")
    state: Mapped[str] = mapped_column(String(2), default="")
    zip: Mapped[str] = mapped_column(String(10), default="")  # text: 02139, 43085-1234
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    is_placed_by_zip: Mapped[bool] = mapped_column(default=False)  # the point is only the centre of the ZIP
    phone: Mapped[str | None] = mapped_column(String(30))  # E.164, extension after ";ext="
    fax: Mapped[str | None] = mapped_column(String(30))
    email: Mapped[Name | None]
    website: Mapped[Name | None]
    best_time: Mapped[Name] = mapped_column(default="")  # "Tue, Thu before 11:30"
    note: Mapped[str] = mapped_column(String(2000), default="")
    cadence_days: Mapped[int | None]  # instead of the tier's
    source: Mapped[Short] = mapped_column(default="")  # "NPPES", "CMS Doctors & Clinicians", "" = typed in
    source_key: Mapped[Name | None] = mapped_column(index=True)
    search_key: Mapped[PracticeSearchKey]
    retired_on: Mapped[date | None]

    owner: Mapped[User | None] = relationship()
    group: Mapped[PracticeGroup | None] = relationship()
    territory: Mapped[Territory | None] = relationship()
    affiliations: Mapped[list["Affiliation"]] = relationship(back_populates="practice")
    contacts: Mapped[list["Contact"]] = relationship(back_populates="practice")
    hours: Mapped[list["PracticeHours"]] = relationship(
        cascade="all, delete-orphan", order_by="PracticeHours.weekday, PracticeHours.opens"
    )
    tags: Mapped[list["PracticeTag"]] = relationship(cascade="all, delete-orphan", order_by="PracticeTag.tag")

    audit_hides: ClassVar[frozenset[str]] = frozenset({"note"})

    @property
    def point(self) -> Point | None:
        """Where it is, if that is known."""
        return None if self.latitude is None or self.longitude is None else Point(self.latitude, self.longitude)

    @property
    def address_line(self) -> str:
        """The address on one line."""
        place = f"{self.city}, {self.state} {self.zip}".strip(" ,")
        return ", ".join(part for part in (self.address1, self.address2, place) if part)


class PracticeHours(Model):
    """Open hours of one weekday (0 = Monday); a lunch closure makes two rows of a day."""

    __tablename__ = "practice_hours"

    id: Mapped[Key]
    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int]
    opens: Mapped[time]
    closes: Mapped[time]


class PracticeTag(Audited, Model):
    """A word that people filter by."""

    __tablename__ = "practice_tag"

    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[Short] = mapped_column(primary_key=True, index=True)

    @property
    def audit_label(self) -> str:
        """Named after its tag."""
        return f"Tag {self.tag} of practice {self.practice_id}"


class Provider(Audited, Versioned, Timestamped, Model):
    """A clinician, usually with a national provider identifier (NPI)."""

    __tablename__ = "provider"
    __table_args__ = (Index("ix_provider_name", "last_name", "first_name"),)

    id: Mapped[Key]
    npi: Mapped[str | None] = mapped_column(String(10), unique=True)
    last_name: Mapped[Short]
    first_name: Mapped[Short] = mapped_column(default="")
    middle_name: Mapped[Short] = mapped_column(default="")
    suffix: Mapped[str] = mapped_column(String(20), default="")
    credentials: Mapped[Short] = mapped_column(default="")
    taxonomy: Mapped[str | None] = mapped_column(String(10), index=True)  # NUCC code
    specialty: Mapped[Name] = mapped_column(default="", index=True)  # in words
    phone: Mapped[str | None] = mapped_column(String(30))
    mobile: Mapped[str | None] = mapped_column(String(30))
    fax: Mapped[str | None] = mapped_column(String(30))
    email: Mapped[Name | None]
    note: Mapped[str] = mapped_column(String(2000), default="")
    source: Mapped[Short] = mapped_column(default="")
    search_key: Mapped[PersonSearchKey]
    retired_on: Mapped[date | None]

    affiliations: Mapped[list["Affiliation"]] = relationship(back_populates="provider", cascade="all, delete-orphan")

    audit_hides: ClassVar[frozenset[str]] = frozenset({"note"})

    @property
    def name(self) -> str:
        """`Nadia Okonjo, MD`."""
        person = " ".join(part for part in (self.first_name, self.last_name, self.suffix) if part)
        return f"{person}, {self.credentials}" if self.credentials else person


class Affiliation(Audited, Timestamped, Model):
    """A provider at a practice, from a day to a day; working at several practices is normal."""

    __tablename__ = "affiliation"
    __table_args__ = (UniqueConstraint("provider_id", "practice_id", "starts_on"),)

    id: Mapped[Key]
    provider_id: Mapped[int] = mapped_column(ForeignKey("provider.id", ondelete="CASCADE"), index=True)
    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"), index=True)
    is_primary: Mapped[bool] = mapped_column(default=False)
    weekdays: Mapped[int] = mapped_column(default=31)  # bit 0 = Monday ... bit 6 = Sunday
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]

    provider: Mapped[Provider] = relationship(back_populates="affiliations")
    practice: Mapped[Practice] = relationship(back_populates="affiliations")

    @property
    def version(self) -> int:
        """A number that changes with its values, for a form that two people may have open."""
        values = (self.weekdays, self.is_primary, self.starts_on, self.ends_on)
        return crc32(repr(values).encode()) % 10**9

    @property
    def audit_label(self) -> str:
        """Named after its keys."""
        return f"Provider {self.provider_id} at practice {self.practice_id}"

    @property
    def days(self) -> list[int]:
        """The weekdays on which the provider works there (0 = Monday)."""
        return [weekday for weekday in range(7) if self.is_present(weekday)]

    def is_present(self, weekday: int) -> bool:
        """Whether the provider works there on a weekday (0 = Monday)."""
        return bool(self.weekdays >> weekday & 1)


class Contact(Audited, Versioned, Timestamped, Model):
    """Any other person at a practice: who books, who decides, who opens the door."""

    __tablename__ = "contact"
    __table_args__ = (Index("ix_contact_name", "last_name", "first_name"),)

    id: Mapped[Key]
    practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"), index=True)
    first_name: Mapped[Short] = mapped_column(default="")
    last_name: Mapped[Short]
    role: Mapped[ContactRole] = mapped_column(choice(ContactRole), default=ContactRole.OTHER)
    job_title: Mapped[Short] = mapped_column(default="")
    email: Mapped[Name | None]
    phone: Mapped[str | None] = mapped_column(String(30))
    mobile: Mapped[str | None] = mapped_column(String(30))
    fax: Mapped[str | None] = mapped_column(String(30))
    relationship_strength: Mapped[int] = mapped_column(default=0)  # 0 not known ... 4 strong
    prefers: Mapped[Name] = mapped_column(default="")  # "Text before 10:00, or the side window"
    note: Mapped[str] = mapped_column(String(2000), default="")
    search_key: Mapped[PersonSearchKey]
    retired_on: Mapped[date | None]

    practice: Mapped[Practice] = relationship(back_populates="contacts")

    audit_hides: ClassVar[frozenset[str]] = frozenset({"note"})

    @property
    def name(self) -> str:
        """`Marisol Trent`."""
        return f"{self.first_name} {self.last_name}".strip()


class ContactPermission(Audited, Timestamped, Model):
    """What we may send to an address or number. It hangs on the address itself, not on a person: whoever else has
    the same address, or is imported with it later, is bound by the same answer."""

    __tablename__ = "contact_permission"
    __table_args__ = (UniqueConstraint("channel", "address"),)

    id: Mapped[Key]
    channel: Mapped[Channel] = mapped_column(choice(Channel))
    address: Mapped[Name] = mapped_column(index=True)  # normalised: lower-case email, E.164 number, postal key
    consent: Mapped[Consent] = mapped_column(choice(Consent))
    decided_on: Mapped[date]
    source: Mapped[Name] = mapped_column(default="")  # "Told Dana Whitfield on a visit", "Unsubscribe link"

    @property
    def audit_label(self) -> str:
        """Named after the channel and address."""
        return f"{self.channel.label} {self.address}"


@event.listens_for(Practice, "before_update")
def _find_practice_by_new_name(_mapper: Mapper[Practice], _connection: object, practice: Practice) -> None:
    practice.search_key = practice_key(practice.name, practice.city)


@event.listens_for(Provider, "before_update")
@event.listens_for(Contact, "before_update")
def _find_person_by_new_name(_mapper: Mapper[Any], _connection: object, person: Provider | Contact) -> None:
    person.search_key = person_key(person.last_name, person.first_name)
