"""Reads of territories: one of them, all with what is in them, and where practices would go by their ZIP."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.accounts.models import User, UserTerritory
from crm.core.errors import NotFound
from crm.directory.models import Practice, Territory
from crm.directory.prefixes import territory_of
from crm.directory.queries import MAX_ID


@dataclass(frozen=True)
class TerritoryRow:
    """A territory with how many practices are in it and who looks after it."""

    territory: Territory
    practices: int
    people: list[str]


@dataclass(frozen=True)
class Move:
    """Practices that belong elsewhere by their ZIP. None: no territory."""

    from_id: int | None
    to_id: int
    practice_ids: tuple[int, ...]


def get_territory(session: Session, territory_id: int) -> Territory:
    """A territory, or NotFound."""
    territory = session.get(Territory, territory_id) if 0 < territory_id <= MAX_ID else None
    if territory is None:
        raise NotFound("This territory does not exist.")
    return territory


def find_territory_by_name(session: Session, name: str) -> Territory | None:
    """A territory by its name, in whatever case."""
    return session.scalar(select(Territory).where(func.lower(Territory.name) == name.lower()))


def list_territory_rows(session: Session) -> list[TerritoryRow]:
    """All territories with their counts and people; three statements."""
    counts = _practice_counts(session)
    people: dict[int, list[str]] = {}
    query = select(UserTerritory.territory_id, User.name).join(User, User.id == UserTerritory.user_id)
    for territory_id, name in session.execute(query.where(User.is_active).order_by(User.name)):
        people.setdefault(territory_id, []).append(name)
    territories = session.scalars(select(Territory).order_by(Territory.name))
    return [TerritoryRow(t, counts.get(t.id, 0), people.get(t.id, [])) for t in territories]


def count_without_territory(session: Session) -> int:
    """How many practices nobody looks after, because they are in no territory."""
    return _practice_counts(session).get(None, 0)


def zip_prefixes(session: Session, *, except_id: int | None = None) -> dict[int, str]:
    """The ZIP prefixes of each territory, but for one of them."""
    rows = session.execute(select(Territory.id, Territory.zip_prefixes))
    return {id_: prefixes for id_, prefixes in rows if id_ != except_id}


def list_moves(session: Session, *, is_only_unplaced: bool) -> list[Move]:
    """Which practices would change their territory if ZIP prefixes decided, the largest group first."""
    prefixes = zip_prefixes(session)
    query = select(Practice.id, Practice.zip, Practice.territory_id).where(Practice.retired_on.is_(None))
    if is_only_unplaced:
        query = query.where(Practice.territory_id.is_(None))
    groups: dict[tuple[int | None, int], list[int]] = {}
    for practice_id, zip_code, now in session.execute(query.order_by(Practice.id)):
        then = territory_of(zip_code, prefixes)
        if then is not None and then != now:
            groups.setdefault((now, then), []).append(practice_id)
    moves = [Move(now, then, tuple(ids)) for (now, then), ids in groups.items()]
    return sorted(moves, key=lambda move: -len(move.practice_ids))


def _practice_counts(session: Session) -> dict[int | None, int]:
    query = select(Practice.territory_id, func.count()).where(Practice.retired_on.is_(None))
    return {row[0]: row[1] for row in session.execute(query.group_by(Practice.territory_id))}


def list_user_ids(session: Session, territory_id: int) -> list[int]:
    """Who looks after a territory."""
    query = select(UserTerritory.user_id).where(UserTerritory.territory_id == territory_id)
    return list(session.scalars(query.order_by(UserTerritory.user_id)))
