"""Search over everything: practices, people and visits, as far as somebody may see them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from crm.accounts.permissions import Permission
from crm.accounts.viewer import Viewer
from crm.core import formats
from crm.directory.search import Hit, search
from crm.visits import queries as visit_queries
from crm.visits.models import Visit

LEAST_LETTERS = 2
MOST_LETTERS = 200
VISITS_SHOWN = 8
KINDS = {
    "practice": ("Practices", "building"), "provider": ("Providers", "person-badge"), "contact": ("Contacts", "person"),
    "visit": ("Visits", "geo-alt"),
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What was found of one kind, and whether there is more."""

    title: str
    icon: str
    hits: Sequence[Hit]
    has_more: bool = False


def clean(text: str) -> str:
    """What was typed, as far as it can be searched for."""
    return "".join(letter for letter in text if letter.isprintable())[:MOST_LETTERS].strip()


def is_long_enough(text: str) -> bool:
    """Whether there is enough to look for."""
    return len(text) >= LEAST_LETTERS


def suggestions(session: Session, viewer: Viewer, text: str, limit: int = 8) -> list[Hit]:
    """A few practices and people for the list under the search field."""
    if not is_long_enough(text) or not viewer.may(Permission.DIRECTORY_VIEW):
        return []
    return search(session, viewer, text, limit)


def search_everything(session: Session, viewer: Viewer, text: str, limit: int = 30) -> list[Found]:
    """Everything that matches, by kind."""
    hits = suggestions(session, viewer, text, limit)
    found = [
        Found(title, icon, of_kind)
        for kind, (title, icon) in KINDS.items()
        if (of_kind := [hit for hit in hits if hit.kind == kind])
    ]
    if is_long_enough(text) and viewer.may(Permission.VISITS_VIEW):
        rows = visit_queries.list_about(session, viewer, text, VISITS_SHOWN + 1)
        if rows:
            visits = [_visit_hit(visit) for visit in rows[:VISITS_SHOWN]]
            found.append(Found(*KINDS["visit"], visits, has_more=len(rows) > VISITS_SHOWN))
    return found


def icon_of(hit: Hit) -> str:
    """The icon of a kind of thing."""
    return KINDS[hit.kind][1]


def _visit_hit(visit: Visit) -> Hit:
    detail = " · ".join(
        part for part in (visit.state.label, formats.day(visit.visit_on), visit.owner.name, visit.objective) if part
    )
    return Hit("visit", visit.id, visit.practice.name, detail, "visits.visit", {"visit_id": visit.id})
