"""Writes what an import has drafted: groups, practices, providers, places of work, and what it wrote into each."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.orm import Session

from crm.core import clock
from crm.core.db import Model
from crm.directory.import_models import ImportedPractice, ImportedProvider
from crm.directory.importing.drafts import Draft, PlaceDraft, ProviderDraft
from crm.directory.importing.working import PRACTICE_COLUMNS, PROVIDER_COLUMNS, Working
from crm.directory.models import Affiliation, Practice, PracticeGroup, PracticeStatus, Provider
from crm.directory.search_keys import person_key, practice_key

_NEVER_NULL = "address1 address2 city state zip first_name middle_name suffix credentials specialty"
NEVER_NULL = frozenset(_NEVER_NULL.split())
SAME_PLACE = ("npi", "source_key", "group_id", "kind", "name")


def store(working: Working) -> None:
    """Write everything that was drafted and let go of it. A dry run only gives what is new a number."""
    if working.is_dry:
        _pretend(working)
    else:
        _store_groups(working)
        _store_places(working)
        _store_providers(working)
        working.session.flush()
    working.new_places = []
    working.forget()


def _pretend(working: Working) -> None:
    taken = min([0, *working.places])
    for place in working.new_places:
        taken -= 1
        place.id, place.is_new = taken, False
        working.places[taken] = place
    for provider in working.providers.values():
        provider.is_new = False
        _settle(provider)
        provider.place_ids |= {place.id or 0: 0 for place, _ in provider.joined}
        provider.joined = []


def _store_groups(working: Working) -> None:
    missing = {id_: name for id_, name in working.group_names.items() if id_ not in working.groups}
    rows = [{"pac_id": pac_id, "name": name} for pac_id, name in missing.items()]
    ids = _insert(working.session, PracticeGroup, rows, ("pac_id",))
    working.groups |= dict(zip(missing, ids, strict=True))
    working.group_names = {}


def _store_places(working: Working) -> None:
    session = working.session
    old = [place for place in working.places.values() if place.is_touched]
    for place in (*old, *working.new_places):
        if place.group and place.values.get("group_id") is None:
            place.put("group_id", working.groups[place.group])
    rows = [_practice_row(place) for place in working.new_places]
    for place, id_ in zip(working.new_places, _insert(session, Practice, rows, SAME_PLACE), strict=True):
        place.id = id_
    _update(session, Practice, [(place, _changes(place, _practice_key)) for place in old if place.changed])
    _store_imported(session, ImportedPractice, "practice_id", [*old, *working.new_places])


def _store_providers(working: Working) -> None:
    session = working.session
    touched = [provider for provider in working.providers.values() if provider.is_touched]
    new = [provider for provider in touched if provider.is_new]
    ids = _insert(session, Provider, [_provider_row(provider) for provider in new], ("npi",))
    for provider, id_ in zip(new, ids, strict=True):
        provider.id = id_
    changed = [provider for provider in touched if provider.changed and not provider.is_new]
    _update(session, Provider, [(provider, _changes(provider, _person_key)) for provider in changed])
    _store_work(session, touched)
    for provider in touched:
        _settle(provider)
    _store_imported(session, ImportedProvider, "provider_id", touched)


def _store_work(session: Session, providers: list[ProviderDraft]) -> None:
    end = {"ends_on": clock.today(), "is_primary": False}
    ended = [{"id": id_, **end} for row in providers for id_ in row.ended]
    if ended:
        _execute_many(session, _table(Affiliation), "id", tuple(end), ended, {"updated_at": clock.now()})
    rows = [
        {"provider_id": provider.id, "practice_id": place.id, "is_primary": is_primary}
        for provider in providers
        for place, is_primary in provider.joined
    ]
    if rows:
        session.execute(insert(_table(Affiliation)), rows)


def _settle(provider: ProviderDraft) -> None:
    """Remember where NPPES says that somebody works, now that the practice has a number."""
    if provider.settled is not None:
        provider.wrote["nppes"]["practice"] = provider.settled.id
        provider.settled = None


def _practice_row(place: PlaceDraft) -> dict[str, Any]:
    row = _row(place, PRACTICE_COLUMNS)
    row["is_placed_by_zip"] = bool(row["is_placed_by_zip"])
    return {**row, "status": PracticeStatus.TARGET, "search_key": _practice_key(place.values)}


def _provider_row(provider: ProviderDraft) -> dict[str, Any]:
    return {**_row(provider, PROVIDER_COLUMNS), "npi": provider.npi, "search_key": _person_key(provider.values)}


def _row(draft: Draft, columns: Iterable[str]) -> dict[str, Any]:
    return {name: draft.values.get(name) or ("" if name in NEVER_NULL else None) for name in columns}


def _practice_key(values: dict[str, Any]) -> str:
    return practice_key(values.get("name"), values.get("city"))


def _person_key(values: dict[str, Any]) -> str:
    return person_key(values.get("last_name"), values.get("first_name"))


def _changes(draft: Draft, key: Any) -> dict[str, Any]:
    changes = {name: draft.values[name] for name in draft.changed}
    if draft.changed & {"name", "city", "last_name", "first_name"}:
        changes["search_key"] = key(draft.values)
    return changes


def _insert(session: Session, model: type[Model], rows: list[dict[str, Any]], names: Sequence[str]) -> list[int]:
    """Insert rows and give their numbers in the same order. The columns `names` tell the rows apart.

    SQLite gives back the rows of one statement in no certain order, so each is found again by what it holds; rows that
    hold the same go into statements of their own.
    """
    table = _table(model)
    statement = insert(table).returning(table.c.id, *(table.c[name] for name in names))
    ids: dict[int, int] = {}
    waiting = list(enumerate(rows))
    while waiting:
        batch: dict[tuple[Any, ...], tuple[int, dict[str, Any]]] = {}
        rest = []
        for place, row in waiting:
            token = tuple(row[name] for name in names)
            if token in batch:
                rest.append((place, row))
            else:
                batch[token] = place, row
        for id_, *held in session.execute(statement, [row for _, row in batch.values()]):
            ids[batch[tuple(held)][0]] = id_
        waiting = rest
    return [ids[place] for place in range(len(rows))]


def _update(session: Session, model: type[Model], changed: list[tuple[Draft, dict[str, Any]]]) -> None:
    """Update rows, those with the same columns at once. Their version rises, so that an open form notices."""
    table = _table(model)
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for draft, values in changed:
        names = tuple(sorted(values))
        groups.setdefault(names, []).append({"id": draft.id, **values})
    for names, rows in groups.items():
        more = {"version": table.c.version + 1, "updated_at": clock.now()}
        _execute_many(session, table, "id", names, rows, more)


def _store_imported(session: Session, model: type[Model], key: str, drafts: Iterable[Draft]) -> None:
    """Keep what was written into each row, for the next import."""
    new: list[dict[str, Any]] = []
    old: list[dict[str, Any]] = []
    for draft in drafts:
        row: dict[str, Any] = {key: draft.id, "wrote": draft.wrote}
        if isinstance(draft, PlaceDraft):
            row |= {"name_rank": draft.name_rank, "made_name": draft.made_name, "people": draft.people}
        (old if draft.is_known and not draft.is_new else new).append(row)
    table = _table(model)
    if new:
        session.execute(insert(table), new)
    if old:
        _execute_many(session, table, key, tuple(name for name in old[0] if name != key), old, {})


def _execute_many(
    session: Session, table: Table, key: str, names: tuple[str, ...], rows: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    """One UPDATE for many rows. Names of parameters may not be those of columns, hence the prefix."""
    values: dict[str, Any] = {name: bindparam(f"b_{name}") for name in names}
    statement = update(table).where(table.c[key] == bindparam(f"b_{key}")).values(**values, **more)
    session.connection().execute(statement, [{f"b_{name}": value for name, value in row.items()} for row in rows])


def _table(model: type[Model]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 for the type checker: models are tables here
    return table
