"""Pages of the room referrals, one file per kind of thing; importing them fills the blueprint."""

from crm.referrals.blueprint import bp
from crm.referrals.views import (
    import_corrections,
    import_sources,
    import_steps,
    imports,
    profiles,
    rows,
    service_lines,
    sources,
)

__all__ = [
    "bp",
    "import_corrections",
    "import_sources",
    "import_steps",
    "imports",
    "profiles",
    "rows",
    "service_lines",
    "sources",
]
