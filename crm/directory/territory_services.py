"""Writes about territories: create, change, who looks after them, and moving practices by their ZIP."""

from collections.abc import Collection, Iterable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.accounts.models import User, UserTerritory
from crm.audit.models import Action
from crm.audit.trail import record
from crm.core import clock
from crm.core.errors import Conflict, Invalid
from crm.directory.models import Practice, Territory
from crm.directory.prefixes import read_prefixes
from crm.directory.services import flush
from crm.directory.territory_queries import Move, find_territory_by_name, list_moves, zip_prefixes

CHUNK = 500
MAX_PREFIXES = 500


def create_territory(session: Session, *, name: str, prefixes: str, user_ids: Collection[int] = ()) -> Territory:
    """Add a territory."""
    territory = Territory(name="")
    _fill(session, territory, name, prefixes)
    session.add(territory)
    flush(session)
    _set_people(session, territory, user_ids)
    return territory


def change_territory(
    session: Session, territory: Territory, *, name: str, prefixes: str, user_ids: Collection[int]
) -> None:
    """Change a territory's name, its ZIP prefixes and who looks after it. Practices stay where they are."""
    _fill(session, territory, name, prefixes)
    _set_people(session, territory, user_ids)
    flush(session)


def move_by_prefix(session: Session, *, is_only_unplaced: bool, expected: int) -> int:
    """Put practices into the territory of their ZIP; Conflict when the preview has become stale."""
    moves = list_moves(session, is_only_unplaced=is_only_unplaced)
    total = sum(len(move.practice_ids) for move in moves)
    if total != expected:
        raise Conflict("Practices were changed after you looked. Look again before you move them.")
    for move in moves:
        _move(session, move)
    return total


def _move(session: Session, move: Move) -> None:
    for chunk in _chunks(move.practice_ids):
        session.execute(
            update(Practice)
            .where(Practice.id.in_(chunk))
            .values(territory_id=move.to_id, version=Practice.version + 1, updated_at=clock.now()),
            execution_options={"synchronize_session": False},
        )
    session.expire_all()
    record(
        session, Action.CHANGED, "territory", object_id=move.to_id, label="Practices moved by ZIP prefix",
        practices=len(move.practice_ids), from_territory=move.from_id,
    )  # fmt: skip


def _chunks(ids: Collection[int]) -> Iterable[list[int]]:
    listed = list(ids)
    return (listed[start : start + CHUNK] for start in range(0, len(listed), CHUNK))


def _fill(session: Session, territory: Territory, name: str, prefixes: str) -> None:
    with session.no_autoflush:
        other = find_territory_by_name(session, name)
    if not name:
        raise Invalid(name="Give the territory a name.")
    if other is not None and other is not territory:
        raise Invalid(name="There is a territory of this name already.")
    good, bad = read_prefixes(prefixes)
    if bad:
        raise Invalid(zip_prefixes=f"A prefix is one to five digits: {', '.join(bad[:5])} is not.")
    text = " ".join(good)
    if len(text) > MAX_PREFIXES:
        raise Invalid(zip_prefixes="These are too many prefixes. Use shorter ones, such as 430 for 43000 to 43099.")
    _check_not_taken(session, territory, good)
    territory.name, territory.zip_prefixes = name, text


def _check_not_taken(session: Session, territory: Territory, prefixes: list[str]) -> None:
    with session.no_autoflush:
        others = zip_prefixes(session, except_id=territory.id)
    taken = {prefix for text in others.values() for prefix in text.split()} & set(prefixes)
    if taken:
        raise Invalid(zip_prefixes=f"Another territory has {', '.join(sorted(taken)[:5])} already.")


def _set_people(session: Session, territory: Territory, user_ids: Collection[int]) -> None:
    users = session.scalars(select(User).where(User.id.in_(list(user_ids)))).all()
    wanted = {user.id for user in users}
    held = session.scalars(select(UserTerritory).where(UserTerritory.territory_id == territory.id)).all()
    for row in held:
        if row.user_id not in wanted:
            session.delete(row)
    known = {row.user_id for row in held}
    session.add_all(UserTerritory(user_id=id_, territory_id=territory.id) for id_ in sorted(wanted - known))
    flush(session)
    session.expire_all()
