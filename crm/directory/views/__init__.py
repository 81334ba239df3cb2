"""Pages of the room directory, one file per kind of thing; importing them fills the blueprint."""

from crm.directory.blueprint import bp
from crm.directory.views import (
    affiliations,
    contacts,
    permissions,
    practice_bulk,
    practice_edit,
    practice_list,
    practice_page,
    providers,
    territories,
)

__all__ = [
    "affiliations",
    "bp",
    "contacts",
    "permissions",
    "practice_bulk",
    "practice_edit",
    "practice_list",
    "practice_page",
    "providers",
    "territories",
]
