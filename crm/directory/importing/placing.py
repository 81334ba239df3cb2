"""Which practice a row means: one that is known at its address, or a new one.

Several organizations may share an address (a hospital and the pharmacy in its lobby), so the address alone does not
decide: a provider's present place of work, the group, the name and the kind of place do.
"""

from crm.directory.importing.drafts import ADDRESS, PlaceDraft, ProviderDraft
from crm.directory.importing.rows import Record, Site
from crm.directory.importing.working import Working, is_alike, locate
from crm.directory.models import PracticeKind

# Places at which clinicians of any kind may work, the likeliest first; others take only their own kind.
HOSTS = (
    PracticeKind.PHYSICIAN, PracticeKind.HOSPITAL, PracticeKind.MENTAL_HEALTH, PracticeKind.PUBLIC_HEALTH,
    PracticeKind.SNF, PracticeKind.EARLY_INTERVENTION, PracticeKind.SCHOOL,
)  # fmt: skip


def place_of_person(working: Working, provider: ProviderDraft, site: Site) -> tuple[PlaceDraft, bool]:
    """Where a clinician's row says that they work, and whether that practice is new."""
    own = provider.wrote.get(working.kind.value, {})
    if own.get("key") == site.key and own.get("practice") in working.places:
        return working.places[own["practice"]], False  # as in the last import, even if the practice has moved since
    there = working.by_key.get(site.key, [])
    found = _of_group(working, provider, there, site) if site.pac_id else None
    if found is None and not site.pac_id:
        known = [place for place in there if provider.is_at(place)]
        found = _best(known or [place for place in there if _takes(place, site.kind)], site.kind)
    if found is not None:
        return found, False
    return new_place(working, site), True


def place_of_organization(working: Working, record: Record, site: Site) -> tuple[PlaceDraft, bool]:
    """The practice that an organization's row means, and whether it is new: its NPI decides, then its address."""
    found = working.by_npi.get(record.npi)
    if found is None and site.key:
        free = [place for place in working.by_key.get(site.key, []) if not place.values.get("npi")]
        alike = [place for place in free if is_alike(place.values["name"], site.name)]
        nameless = [place for place in free if place.is_named_by_people and _takes_name(place, site)]
        found = next(iter(alike or nameless), None)
    if found is not None:
        return found, False
    return new_place(working, site), True


def new_place(working: Working, site: Site) -> PlaceDraft:
    """A practice that nobody knows yet: a target without a tier, in the territory of its ZIP."""
    own = {name: getattr(site, name) for name in ADDRESS} | {"kind": site.kind, "taxonomy": site.code}
    more = {
        "name": "", "source": working.kind.label, "source_key": site.key or None,
        "territory_id": working.territory_of(site.zip) if site.zip else None,
    }  # fmt: skip
    place = PlaceDraft(None, own | more, {working.kind.value: own}, site.key)
    locate(place)
    working.add_place(place)
    return place


def _of_group(working: Working, provider: ProviderDraft, there: list[PlaceDraft], site: Site) -> PlaceDraft | None:
    """A group's practice at an address, or one without a group that must be it."""
    own = [place for place in there if working.group_of(place) == site.pac_id]
    if own:
        return own[0]
    free = [place for place in there if not working.group_of(place)]
    sure = [place for place in free if provider.is_at(place) or is_alike(place.values["name"], site.name)]
    unnamed = [place for place in free if place.is_named_by_people]
    typed = [place for place in free if not place.is_known] if len(there) == 1 else []
    return next(iter(sure or unnamed or typed), None)


def _takes(place: PlaceDraft, kind: PracticeKind) -> bool:
    return place.kind in HOSTS or place.kind is kind


def _takes_name(place: PlaceDraft, site: Site) -> bool:
    return site.kind in HOSTS or place.kind is site.kind


def _best(places: list[PlaceDraft], kind: PracticeKind) -> PlaceDraft | None:
    def rank(place: PlaceDraft) -> tuple[bool, bool, int]:
        order = HOSTS.index(place.kind) if place.kind in HOSTS else len(HOSTS)
        return place.is_retired, place.kind is not kind, order

    return min(places, key=rank, default=None)
