"""What the lists of providers and of contacts share: reading their filters, writing their address."""

from collections.abc import Sequence

from werkzeug.datastructures import MultiDict

from crm.directory.models import ContactRole
from crm.directory.people_queries import PeopleFilter
from crm.directory.practice_filters import clean_text
from crm.directory.views.list_address import ListAddress

STRENGTHS = ("1", "2", "3", "4")


def read_people(args: "MultiDict[str, str]") -> PeopleFilter:
    """The filters of an address; whatever makes no sense there is left out."""
    role, territory, strength = (args.get(name, "") for name in ("role", "territory", "strength"))
    return PeopleFilter(
        q=clean_text(args.get("q", "")),
        specialty=clean_text(args.get("specialty", "")),
        role=ContactRole(role) if role in list(ContactRole) else None,
        territory=int(territory) if territory.isdecimal() and territory.isascii() and len(territory) < 10 else None,  # noqa: PLR2004 fits the column
        strength=int(strength) if strength in STRENGTHS else None,
        retired=args.get("retired") == "1",
    )


def people_address(endpoint: str, filters: PeopleFilter, sort: str | None, allowed: Sequence[str]) -> ListAddress:
    """The address of a list of people."""
    key = (sort or "").removeprefix("-")
    names = ("q", "specialty", "role", "territory", "strength")
    pairs = [(name, str(value)) for name in names if (value := getattr(filters, name)) not in ("", None)]
    pairs += [("retired", "1")] if filters.retired else []
    return ListAddress(endpoint, pairs, sort if sort and key in allowed else "name", "name")
