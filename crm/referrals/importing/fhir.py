"""Takes referrals out of FHIR: single resources, Bundles, bulk exports (NDJSON); R4, STU3 and DSTU2. Pure.

References are followed inside the file, whatever the order of its resources. A request that is based on another one of
the file is part of it and counts once with it. Tasks and appointments that belong to a request tell how far it got.
`fhir_requests.py` says which requests are referrals; what is not named there or in `fhir_parties.py` is forgotten while
it is read.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, field
from itertools import chain
from typing import IO, Any

from crm.core.errors import Invalid, TooLarge
from crm.core.formats import number
from crm.referrals.importing.fhir_json import PARTIES, REQUESTS, Json, UnreadableError, parsed, parts, words
from crm.referrals.importing.fhir_lines import Progress, line_of, progress_of
from crm.referrals.importing.fhir_parties import Directory, Party, behind, link_of, party_of, shortened
from crm.referrals.importing.fhir_requests import Request, request_of
from crm.referrals.importing.messages import MAX_KEPT, NoReferralError, Taken, sheet_of
from crm.referrals.importing.sheets import Limits, Sheet

OpenText = Callable[[], IO[str]]
LINE_ENDINGS = (".ndjson", ".jsonl")
MAX_PARENTS = 20
MAX_DOCUMENT = 100_000_000  # characters; the lines of NDJSON are read one by one


@dataclass
class _Found:
    """Everything that was taken of the resources of a file."""

    limits: Limits
    count: int = 0
    line: int = 0
    requests: list[Request] = field(default_factory=list)
    unreadable: list[Taken] = field(default_factory=list)
    parties: dict[str, Party] = field(default_factory=dict)
    by_reference: dict[str, Request] = field(default_factory=dict)
    tasks: dict[str, Progress] = field(default_factory=dict)
    appointments: dict[str, Progress] = field(default_factory=dict)

    def add_one(self) -> None:
        """Count one more resource. Raises TooLarge when too much of the file is needed to be held."""
        self.count += 1
        most = min(self.limits.max_rows, MAX_KEPT)
        held: tuple[Sized, ...] = (self.requests, self.unreadable, self.parties, self.tasks, self.appointments)
        if sum(map(len, held)) > most:
            raise TooLarge(f"The file has more than {most:,} requests and parties. Split it, by month say.")


def read_fhir(files: Iterable[tuple[str, OpenText]], limits: Limits) -> Sheet:
    """The referrals in one or several files, each with its name and a way to read its text. The lines of NDJSON and the
    entries of Bundles are numbered through all of them. Raises Invalid; NoReferralError when nothing is a referral."""
    found = _Found(limits)
    for name, open_text in files:
        if name.lower().endswith(LINE_ENDINGS):
            _take_lines(found, open_text)
        else:
            _take_document(found, open_text)
    if not found.count:
        raise NoReferralError("The JSON in this file is no FHIR. Export referrals as FHIR, or as CSV.")
    if not found.requests and not found.unreadable:
        many = f"none of its {number(found.count)} FHIR resources is a ServiceRequest"
        why = "its FHIR resource is no ServiceRequest" if found.count == 1 else many
        raise NoReferralError(f"This file holds no referral: {why}.")
    return sheet_of(chain(found.unreadable, _taken(found)), limits)


def _take_lines(found: _Found, open_text: OpenText) -> None:
    with open_text() as text:
        for line in text:
            found.line += 1
            if not line.strip():
                continue
            try:
                _take(found, parsed(line), found.line)
            except UnreadableError as problem:
                found.add_one()
                found.unreadable.append(Taken(found.line, refused=f"The line cannot be read: {problem}"))


def _take_document(found: _Found, open_text: OpenText) -> None:
    with open_text() as text:
        try:
            content = text.read(MAX_DOCUMENT + 1)
            if len(content) > MAX_DOCUMENT:
                raise TooLarge(
                    "A file that is one FHIR document may have up to 100 MB. Export NDJSON instead, or split it."
                )
            document = parsed(content)
        except UnreadableError as problem:
            raise Invalid(f"This FHIR file cannot be read: {problem}.") from None
    for resource in parts(document):
        found.line += 1
        _take(found, resource, found.line)


def _take(found: _Found, resource: Any, line: int, url: str | None = None) -> None:
    """One resource; a Bundle's entries one after the other, numbered from where the Bundle stands."""
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        return
    found.add_one()
    if resource["resourceType"] == "Bundle" and url is None:
        for found.line, entry in enumerate(parts(resource.get("entry")), line):
            _take(found, entry.get("resource"), found.line, words(entry.get("fullUrl")))
    else:
        _take_one(found, resource, line, url)


def _take_one(found: _Found, resource: Json, line: int, url: str | None) -> None:
    kind = resource["resourceType"]
    if kind in PARTIES:
        found.parties |= dict.fromkeys(_names(resource, url), party_of(resource))
    elif kind in REQUESTS:
        request = request_of(resource, line)
        found.requests.append(request)
        found.by_reference |= dict.fromkeys(_names(resource, url), request)
    elif kind == "Task":
        _take_progress(found.tasks, resource, resource.get("focus"), resource.get("basedOn"))
    elif kind == "Appointment":
        _take_progress(found.appointments, resource, resource.get("basedOn"))


def _names(resource: Json, url: str | None) -> list[str]:
    """What references may call a resource."""
    key = words(resource.get("id"))
    return [name for name in (f"{resource['resourceType']}/{key}" if key else "", url) if name]


def _take_progress(known: dict[str, Progress], resource: Json, *about: object) -> None:
    """Keep the newest of what is said about a request, when it says anything."""
    progress = progress_of(resource)
    for reference in (one for found in about for one in parts(found)):
        target = shortened(link_of(reference).target)
        if progress.word and target and (target not in known or known[target].changed <= progress.changed):
            known[target] = progress


def _taken(found: _Found) -> Iterator[Taken]:
    names: dict[int, list[str]] = {}
    for name, request in found.by_reference.items():
        names.setdefault(id(request), []).append(shortened(name))
    # What a request says itself stands above what was made of it, so parts come before their wholes.
    for request in sorted(found.requests, key=lambda request: not _parent(found, request)):
        if request.refused:
            yield Taken(request.line, refused=request.refused)
            continue
        called = names.get(id(request), [])
        task = next((found.tasks[name] for name in called if name in found.tasks), None)
        appointment = next((found.appointments[name] for name in called if name in found.appointments), None)
        directory = Directory(found.parties, request.contained)
        yield line_of(request, _number(found, request), directory, task, appointment)


def _parent(found: _Found, request: Request) -> Request | None:
    known = (behind(found.by_reference, parent.target) for parent in request.parents)
    return next((parent for parent in known if parent is not None), None)


def _number(found: _Found, request: Request) -> str:
    """The number of the request on which this one is based, and so on; a circle ends where it began."""
    seen = {id(request)}
    while (parent := _parent(found, request)) is not None and id(parent) not in seen and len(seen) < MAX_PARENTS:
        request = parent
        seen.add(id(parent))
    outside = next((parent.number for parent in request.parents if parent.number), "")
    return request.number if _parent(found, request) else outside or request.number
