"""The database session, the model base and the column types that behave alike on SQLite and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import CheckConstraint, DateTime, Enum, MetaData, String, event
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator

from crm.core import clock, engine
from crm.core.errors import Conflict

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every model. Every constraint has a name, so that migrations can find it again."""

    metadata = MetaData(naming_convention=NAMES)


LONGEST_TURN = 1.0  # seconds, when nobody waits

db = SQLAlchemy(model_class=Base)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment. SQLite forgets the offset, so it is stored in UTC there and read back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse a naive moment; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give back an aware UTC moment."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def choice(options: type[StrEnum], *, is_checked: bool = True) -> Enum:
    """A column type for one of a few named values: text with a CHECK, the same on both databases.

    Without `is_checked` the table brings its own, `one_of`: SQLite builds a small table for each IN of each row, which
    takes twice as long as everything else about inserting it.
    """
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in options.__name__).lstrip("_")
    values = [option.value for option in options]
    return Enum(
        options,
        native_enum=False,
        create_constraint=is_checked,
        name=name,
        length=32,
        values_callable=lambda _: values,
    )


def one_of(column: str, options: type[StrEnum]) -> CheckConstraint:
    """A CHECK that a column holds one of a few named values, for tables into which a million rows go at once."""
    return CheckConstraint(" OR ".join(f"{column} = '{option.value}'" for option in options), name=column)


Key = Annotated[int, mapped_column(primary_key=True)]
Name = Annotated[str, mapped_column(String(200))]
Short = Annotated[str, mapped_column(String(60))]
Moment = Annotated[datetime, mapped_column(UtcDateTime)]


class Timestamped:
    """When a row was made and last changed."""

    created_at: Mapped[Moment] = mapped_column(default=clock.now)
    updated_at: Mapped[Moment] = mapped_column(default=clock.now, onupdate=clock.now)


class Versioned:
    """A row that people edit in forms: two edits of the same version cannot both win."""

    version: Mapped[int] = mapped_column(default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 SQLAlchemy passes the class
        return {"version_id_col": cls.version}


class Audited:
    """A model whose every change by a person is written to the audit trail, with its old and new values."""

    is_audited: ClassVar[bool] = True
    # Long or free text is named in the trail but not copied into it.
    audit_hides: ClassVar[frozenset[str]] = frozenset()

    @property
    def audit_label(self) -> str:
        """What the trail calls this row."""
        return str(getattr(self, "name", None) or getattr(self, "title", None) or f"{type(self).__name__} {self.id}")  # type: ignore[attr-defined]


@event.listens_for(Audited, "attribute_instrument", propagate=True)
def _keep_old_value(_class: type, _key: str, attribute: Any) -> None:
    """Without this, the old value of a column that was not loaded yet would be missing from the trail."""
    if hasattr(attribute.property, "columns"):
        event.listen(attribute, "set", _look, active_history=True)


def _look(_target: object, _value: object, _old: object, _initiator: object) -> None:
    """Only asks for the old value to be loaded."""


def check_version(row: Any, seen: int | None) -> None:
    """Raise Conflict when the row is no longer the one that a form was filled in from."""
    if seen is not None and row.version != seen:
        raise Conflict("Somebody saved a change after you opened this form.")


@contextmanager
def separate_transaction() -> Iterator[Session]:
    """A short writing transaction of its own, committed at the end of the block.

    For what must be kept whatever becomes of the request: a refusal's audit event, a sign-in attempt, the time a
    session was last used. The request's own transaction is ended first: on SQLite its lock would block this one.
    """
    db.session.rollback()
    with engine.writing(), Session(db.engine, join_transaction_mode="create_savepoint") as session:
        session.info.update(db.session.info)
        yield session
        session.commit()


@contextmanager
def turn(session: Session) -> Iterator[None]:
    """One short transaction of a long work, committed at the end of the block; may be the first of many."""
    yield
    end_turn(session)


@contextmanager
def step(session: Session) -> Iterator[None]:
    """One step of many like it, each of a few hundredths of a second. They share transactions, for every commit costs;
    but when somebody waits, the transaction ends with its step. `end_turn` belongs behind the last one."""
    began = session.info.setdefault("turn_began", clock.stopwatch())
    yield
    queue = engine.queue_of(session.connection())
    if clock.stopwatch() - began > LONGEST_TURN or (queue and queue.is_anybody_waiting()):
        end_turn(session)


def pause(session: Session) -> Iterator[None]:
    """Yields once between two turns, and not within one: there long work may report, or be stopped."""
    if not session.in_transaction():
        yield


def end_turn(session: Session) -> None:
    """Commit the steps since the last turn, and let those write who waited for it."""
    session.info.pop("turn_began", None)
    if not session.in_transaction():
        return
    queue = engine.queue_of(session.connection())
    session.commit()
    if queue:
        queue.give_way()


@contextmanager
def glance(session: Session) -> Iterator[None]:
    """One short reading transaction of a long work, ended at the end of the block; within another it only reads."""
    is_own = not session.in_transaction()
    try:
        with engine.writing(on=False):
            yield
    finally:
        if is_own:
            session.rollback()


def write_transaction() -> None:
    """Begin anew, with the right to write, in a request that began by reading (or after a slow step)."""
    db.session.rollback()
    engine.set_reading(on=False)


def commit() -> None:
    """End the transaction of this request, job or command: the doors call it, once."""
    db.session.commit()
