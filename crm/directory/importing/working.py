"""What an import knows of the directory while it works on a piece of a file: loaded for the rows at hand, then let go.

A dry run never writes; it keeps what it would have written and lets go of the rest, so that later rows find it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core import geo
from crm.directory.import_models import ImportedPractice, ImportedProvider
from crm.directory.importing.addresses import place_key, street_lines
from crm.directory.importing.drafts import PlaceDraft, ProviderDraft
from crm.directory.importing.rows import FileKind, Record
from crm.directory.models import Affiliation, Practice, PracticeGroup, Provider
from crm.directory.prefixes import territory_of
from crm.directory.search_keys import folded
from crm.directory.territory_queries import zip_prefixes

# Words that say nothing about which organization it is.
_BUSINESS = (
    "inc llc pllc pc pa ltd llp lp corp corporation company co incorporated limited the of and professional p c l a "
    "md mds do dds associates assoc group medical"
)
BUSINESS_WORDS = frozenset(_BUSINESS.split())
MANY = 500  # bound values in one statement
PROVIDER_COLUMNS = (
    "last_name", "first_name", "middle_name", "suffix", "credentials", "taxonomy", "specialty", "phone", "source",
    "retired_on",
)  # fmt: skip
PRACTICE_COLUMNS = (
    "name", "kind", "npi", "group_id", "territory_id", "taxonomy", "address1", "address2", "city", "state", "zip",
    "latitude", "longitude", "is_placed_by_zip", "phone", "fax", "source", "source_key", "retired_on",
)  # fmt: skip

_PROVIDER, _PRACTICE = Provider.__table__, Practice.__table__  # plain rows: objects of the ORM cost several times more


class Working:
    """Drafts of the providers, practices and groups that the rows at hand are about."""

    def __init__(self, session: Session, kind: FileKind, *, is_dry: bool) -> None:
        self.session, self.kind, self.is_dry = session, kind, is_dry
        self.providers: dict[str, ProviderDraft] = {}
        self.places: dict[int, PlaceDraft] = {}
        self.by_npi: dict[str, PlaceDraft] = {}
        self.by_key: dict[str, list[PlaceDraft]] = {}
        self.groups: dict[str, int] = {}
        self.group_names: dict[str, str] = {}  # of groups that are not there yet
        self.pac_ids: dict[int, str] = {}
        self.new_places: list[PlaceDraft] = []
        self._prefixes = zip_prefixes(session)
        self._territories: dict[str, int | None] = {}
        self._typed = self._typed_places()

    def load(self, records: Sequence[Record]) -> None:
        """Fetch what these rows are about and what is not here yet."""
        numbers = {record.npi for record in records}
        people = numbers - self.providers.keys()
        self._load_providers(people)
        organizations = {record.npi for record in records if record.person is None} - self.by_npi.keys()
        keys = {record.site.key for record in records if record.site and record.site.key} - self.by_key.keys()
        typed = [id_ for key in keys for id_ in self._typed.get(key, ()) if id_ not in self.places]
        self._load_places(_PRACTICE.c.npi, organizations)
        self._load_places(_PRACTICE.c.source_key, keys)
        self._load_places(_PRACTICE.c.id, typed)
        self._load_places(_PRACTICE.c.id, self._settled(records) - self.places.keys())
        self._index(keys)
        self._load_groups({record.site.pac_id for record in records if record.site and record.site.pac_id})

    def add_place(self, place: PlaceDraft) -> None:
        """Know a practice that this import adds."""
        self.new_places.append(place)
        if place.key:
            self.by_key.setdefault(place.key, []).append(place)

    def reset(self) -> None:
        """Let go of everything, after its transaction was undone."""
        self.providers, self.places, self.by_npi, self.by_key = {}, {}, {}, {}
        self.groups, self.group_names, self.pac_ids, self.new_places = {}, {}, {}, []

    def forget(self) -> None:
        """Let go of everything; a dry run keeps what it would have written."""
        kept = [draft for draft in self.providers.values() if self.is_dry and draft.is_touched]
        places = [draft for draft in self.places.values() if self.is_dry and draft.is_touched]
        self.providers = {draft.npi: draft for draft in kept}
        self.places = {draft.id: draft for draft in places if draft.id is not None}
        self.by_npi = {draft.values["npi"]: draft for draft in places if draft.values.get("npi")}
        self.by_key = {}
        if not self.is_dry:
            self.groups, self.pac_ids = {}, {}

    def territory_of(self, zip_code: str) -> int | None:
        """The territory of a ZIP."""
        five = zip_code[:5]
        if five not in self._territories:
            self._territories[five] = territory_of(five, self._prefixes)
        return self._territories[five]

    def group_of(self, place: PlaceDraft) -> str:
        """The PAC ID of a practice's group, '-' for a group without one, '' without a group."""
        group_id = place.values.get("group_id")
        return place.group or ("" if group_id is None else self.pac_ids.get(group_id, "-"))

    def _settled(self, records: Sequence[Record]) -> set[int]:
        """Where the last import saw the people of these rows, as far as they have not moved."""
        found = ((record.site, self.providers.get(record.npi)) for record in records)
        pairs = ((site, provider.wrote.get(self.kind.value, {})) for site, provider in found if site and provider)
        return {own["practice"] for site, own in pairs if own.get("practice") and own.get("key") == site.key}

    def _index(self, keys: set[str]) -> None:
        """Say for each of these addresses which practices are there, the oldest first."""
        found: dict[str, list[PlaceDraft]] = {key: [] for key in keys}
        for place in self.places.values():
            if place.key in keys:
                found[place.key].append(place)
        for key, places in found.items():
            places += [self.places[id_] for id_ in self._typed.get(key, ()) if id_ in self.places]
            places.sort(key=_age)
        self.by_key |= found

    def _typed_places(self) -> dict[str, list[int]]:
        """Practices that people typed, by the key of their address: those of imports carry it in `source_key`."""
        columns = (Practice.id, Practice.address1, Practice.address2, Practice.zip)
        found: dict[str, list[int]] = {}
        for id_, line1, line2, zip_code in self.session.execute(
            select(*columns).where(Practice.source_key.is_(None), Practice.address1 != "")
        ):
            if key := place_key(*street_lines(line1, line2), zip_code):
                found.setdefault(key, []).append(id_)
        return found

    def _rows(self, query: Any, column: Any, wanted: Iterable[Any]) -> Iterator[Any]:
        """The rows whose column has one of many values; locked against others' changes until the piece is in."""
        values = sorted(wanted)
        for start in range(0, len(values), MANY):
            part = query.where(column.in_(values[start : start + MANY]))
            yield from self.session.execute(part if self.is_dry else part.with_for_update())

    def _load_providers(self, numbers: Iterable[str]) -> None:
        query = select(_PROVIDER.c.id, _PROVIDER.c.npi, *(_PROVIDER.c[name] for name in PROVIDER_COLUMNS))
        loaded: dict[int, ProviderDraft] = {}
        for id_, npi, *values in self._rows(query, _PROVIDER.c.npi, numbers):
            loaded[id_] = ProviderDraft(id_, npi, dict(zip(PROVIDER_COLUMNS, values, strict=True)), None)
        self.providers |= {draft.npi: draft for draft in loaded.values()}
        imported = ImportedProvider.__table__
        for id_, wrote in self._rows(select(imported), imported.c.provider_id, loaded):
            loaded[id_].wrote, loaded[id_].is_known = wrote, True
        table = Affiliation.__table__
        work = select(table.c.id, table.c.provider_id, table.c.practice_id, table.c.is_primary, table.c.ends_on)
        for id_, provider_id, practice_id, is_primary, ends_on in self._rows(work, table.c.provider_id, loaded):
            draft = loaded[provider_id]
            draft.place_ids[practice_id] = draft.place_ids.get(practice_id) or (0 if ends_on else id_)
            draft.primary_at = practice_id if is_primary and ends_on is None else draft.primary_at

    def _load_places(self, column: Any, wanted: Iterable[Any]) -> None:
        loaded: dict[int, PlaceDraft] = {}
        query = select(_PRACTICE.c.id, *(_PRACTICE.c[name] for name in PRACTICE_COLUMNS))
        for id_, *values in self._rows(query, column, wanted):
            if id_ not in self.places:
                known = dict(zip(PRACTICE_COLUMNS, values, strict=True))
                loaded[id_] = PlaceDraft(id_, known, None, known["source_key"] or "")
        imported = ImportedPractice.__table__
        columns = (imported.c[name] for name in ("practice_id", "wrote", "name_rank", "made_name", "people"))
        for id_, wrote, rank, made_name, people in self._rows(select(*columns), imported.c.practice_id, loaded):
            draft = loaded[id_]
            draft.wrote, draft.is_known = wrote, True
            draft.name_rank, draft.made_name, draft.people = rank, made_name, people
        self.places |= loaded
        self.by_npi |= {draft.values["npi"]: draft for draft in loaded.values() if draft.values["npi"]}
        self._load_pac_ids({draft.values["group_id"] for draft in loaded.values()} - {None} - self.pac_ids.keys())

    def _load_pac_ids(self, group_ids: Iterable[int]) -> None:
        query = select(PracticeGroup.id, PracticeGroup.pac_id)
        self.pac_ids |= {id_: pac_id or "-" for id_, pac_id in self._rows(query, PracticeGroup.id, group_ids)}

    def _load_groups(self, pac_ids: set[str]) -> None:
        query = select(PracticeGroup.pac_id, PracticeGroup.id)
        self.groups |= dict(self._rows(query, PracticeGroup.pac_id, pac_ids - self.groups.keys()))
        self.pac_ids |= {id_: pac_id for pac_id, id_ in self.groups.items()}


def _age(place: PlaceDraft) -> tuple[bool, int]:
    """Practices that a dry run would add have numbers below zero."""
    id_ = place.id or 0
    return id_ < 0, abs(id_)


def locate(place: PlaceDraft) -> None:
    """Put a practice at the centre of its ZIP, unless somebody has placed it."""
    if place.values.get("latitude") is not None and not place.values.get("is_placed_by_zip"):
        return
    point = geo.zip_point(place.values.get("zip"))
    place.put("latitude", point.lat if point else None)
    place.put("longitude", point.lon if point else None)
    place.put("is_placed_by_zip", point is not None)


def is_alike(one: str, other: str) -> bool:
    """Whether two names of organizations mean the same, forms of business aside."""
    first, second = ({*folded(name).split()} - BUSINESS_WORDS for name in (one, other))
    short, long = sorted((first, second), key=len)
    return bool(short) and (short == long or (len(short) > 1 and short < long))
