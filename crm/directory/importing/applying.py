"""Brings one row into the drafts: the provider, the practice, the work of one at the other, or the end of an NPI."""

from functools import lru_cache

from crm.core import clock
from crm.directory.importing.counts import Counts, Outcome
from crm.directory.importing.drafts import ADDRESS, PlaceDraft, ProviderDraft
from crm.directory.importing.placing import place_of_organization, place_of_person
from crm.directory.importing.rows import FileKind, NameRank, Record, Site
from crm.directory.importing.working import Working, locate
from crm.directory.phones import e164

DIGITS = 10
EXCHANGE = 6


def apply(record: Record, working: Working, counts: Counts) -> Outcome | None:
    """Bring a row in and say what it did; None for the end of an NPI that the directory does not know."""
    if record.ended_on is not None:
        return _end(record, working, counts)
    if record.person is None:
        return _organization(record, working, counts)
    return _person(record, working, counts)


def _person(record: Record, working: Working, counts: Counts) -> Outcome:
    source = working.kind.value
    provider = working.providers.get(record.npi)
    outcome = Outcome.UNCHANGED
    if provider is None:
        provider = _new_provider(record, working)
        counts.providers_added += 1
        outcome = Outcome.ADDED
    elif record.is_first:
        outcome = max(outcome, provider.take(source, record.person or {}), _bring_back(provider, source))
    if record.site is None:
        counts.without_place += 1
        if number := phone_number(record.phone):
            outcome = max(outcome, provider.fill(source, {"phone": number}))
        return outcome
    return max(outcome, _work(record, record.site, provider, working, counts))


def _new_provider(record: Record, working: Working) -> ProviderDraft:
    own = {name: value for name, value in (record.person or {}).items() if value}
    values = own | {"source": working.kind.label}
    provider = ProviderDraft(None, record.npi, values, {working.kind.value: own})
    working.providers[record.npi] = provider
    return provider


def _work(record: Record, site: Site, provider: ProviderDraft, working: Working, counts: Counts) -> Outcome:
    """The practice of a clinician's row, and that the clinician works there."""
    place, is_new = place_of_person(working, provider, site)
    counts.practices_added += is_new
    outcome = max(Outcome.ADDED if is_new else Outcome.UNCHANGED, _fill_place(place, site, working))
    is_joining = not provider.is_at(place)
    if working.kind is FileKind.NPPES:
        outcome = max(outcome, _settle(provider, place, site.key, counts, is_joining=is_joining))
    if not is_joining:
        return outcome
    provider.join(place)
    counts.affiliations_added += 1
    person = record.person or {}
    place.greet(person.get("first_name", ""), person.get("last_name", ""))
    return Outcome.ADDED


def _settle(provider: ProviderDraft, place: PlaceDraft, key: str, counts: Counts, *, is_joining: bool) -> Outcome:
    """NPPES knows one place of work. Has it become another, the work that the last import noted has ended."""
    own = provider.wrote.setdefault(FileKind.NPPES.value, {})
    before = own.get("practice") or 0
    if own.get("key") != key:
        own["key"], provider.is_touched = key, True
    if is_joining:
        provider.settled = place
    if not before or before == place.id:
        return Outcome.UNCHANGED
    own["practice"] = 0  # until the new one has a number; a place of work that somebody typed is never ours to end
    if provider.leave(before):
        counts.affiliations_ended += 1
    provider.is_touched = True
    return Outcome.UPDATED


def _fill_place(place: PlaceDraft, site: Site, working: Working) -> Outcome:
    """What a clinician's row may add to a practice: what is missing, its group, a better name."""
    outcome = Outcome.UNCHANGED
    if site.pac_id and not working.group_of(place):
        place.group, place.is_touched = site.pac_id, True
        working.group_names.setdefault(site.pac_id, site.group_name)
        outcome = Outcome.UPDATED
    if site.rank is NameRank.GROUP:
        outcome = max(outcome, place.give_name(site.name, NameRank.GROUP))
    missing = {name: number for name in ("phone", "fax") if (number := _missing(place, site, name))}
    return max(outcome, place.fill(working.kind.value, missing)) if missing else outcome


def _missing(place: PlaceDraft, site: Site, name: str) -> str | None:
    """A number that a practice lacks; reading one takes long, so it is not read for nothing."""
    text = getattr(site, name)
    return phone_number(text) if text and not place.values.get(name) else None


def _organization(record: Record, working: Working, counts: Counts) -> Outcome:
    source, site = working.kind.value, record.site
    if site is None:
        return Outcome.UNCHANGED
    place, is_new = place_of_organization(working, record, site)
    counts.practices_added += is_new
    outcome = Outcome.ADDED if is_new else Outcome.UNCHANGED
    numbers = {name: phone_number(getattr(site, name)) for name in ("phone", "fax")}
    given = {"npi": record.npi, "taxonomy": site.code, "kind": site.kind, **numbers}
    outcome = max(outcome, place.take(source, given), place.give_name(site.name, NameRank.OWN))
    address = {name: getattr(site, name) for name in ADDRESS}
    if place.take_together(source, address, ADDRESS):
        outcome = max(outcome, Outcome.UPDATED)
        locate(place)
        if site.key and place.values.get("source") and place.put("source_key", site.key):
            place.key = site.key
    working.by_npi[record.npi] = place
    return max(outcome, _bring_back(place, source))


def _end(record: Record, working: Working, counts: Counts) -> Outcome | None:
    """A deactivated NPI retires its owner, once: who was brought back by hand stays, and so do typed practices."""
    source, ended_on = working.kind.value, record.ended_on
    place = working.by_npi.get(record.npi)
    draft = working.providers.get(record.npi) or (place if place is not None and place.is_known else None)
    if draft is None or ended_on is None:
        return None
    own = draft.wrote.setdefault(source, {})
    if own.get("retired_on") == ended_on.isoformat() or draft.is_retired:
        return Outcome.UNCHANGED
    own["retired_on"], draft.is_retired = ended_on.isoformat(), True
    draft.put("retired_on", min(ended_on, clock.today()))
    counts.retired += 1
    return Outcome.UPDATED


def _bring_back(draft: ProviderDraft | PlaceDraft, source: str) -> Outcome:
    """An NPI that is active again brings back whom its end had retired."""
    own = draft.wrote.get(source, {})
    retired_on = draft.values.get("retired_on")
    if not retired_on or own.get("retired_on") != retired_on.isoformat():
        return Outcome.UNCHANGED
    own["retired_on"], draft.is_retired = "", False
    draft.put("retired_on", None)
    return Outcome.UPDATED


def phone_number(text: str) -> str | None:
    """A number in E.164. Its first six digits tell whether it is valid in the US, so that is looked up once."""
    if len(text) == DIGITS and text.isascii() and text.isdecimal():
        return f"+1{text}" if _is_exchange(text[:EXCHANGE]) else None
    return e164(text) if text else None


@lru_cache(maxsize=1 << 16)
def _is_exchange(start: str) -> bool:
    return e164(start + "0142") is not None
