"""Reads what the filters offer: territories, service lines, sites and the chosen source, in the viewer's scope."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.analytics.filters import Filters
from crm.directory.models import Practice
from crm.directory.queries import list_territories, scope_practices
from crm.referrals.models import PayerClass, RevenueKind, ServiceLine, Site

PALETTE_SIZE = 8
UNKNOWN_SOURCE = "No known practice"


@dataclass(frozen=True)
class Options:
    """What can be chosen, by id, in the order in which it is shown. `colors` are palette names of service lines,
    `values` what a referral of one is worth on average, for those who may see revenue."""

    territories: dict[int, str] = field(default_factory=dict)
    lines: dict[int, str] = field(default_factory=dict)
    sites: dict[int, str] = field(default_factory=dict)
    payers: dict[str, str] = field(default_factory=dict)
    sources: dict[int, str] = field(default_factory=dict)
    colors: dict[int, str] = field(default_factory=dict)
    values: dict[int, tuple[RevenueKind, int]] = field(default_factory=dict)

    def known(self, filters: Filters) -> Filters:
        """The filters without what does not exist, or lies outside what the viewer may see."""
        choices = {
            "territory": self.territories, "line": self.lines, "site": self.sites, "source": self.sources,
        }  # fmt: skip
        gone = {name: None for name, options in choices.items() if getattr(filters, name) not in (None, *options)}
        return filters.changed(**gone)

    def label(self, name: str, value: object) -> str:
        """A choice in words."""
        known: dict[str, dict[int, str] | dict[str, str]] = {
            "territory": self.territories, "line": self.lines, "site": self.sites, "payer": self.payers,
            "source": self.sources,
        }  # fmt: skip
        return str(known[name].get(value, "Not known"))  # type: ignore[call-overload]


def list_options(session: Session, viewer: Viewer, filters: Filters) -> Options:
    """Everything that the filters of a page offer; the sources hold only the chosen one, for there are too many."""
    lines = session.scalars(select(ServiceLine).order_by(ServiceLine.position, ServiceLine.name)).all()
    sites = session.execute(select(Site.id, Site.name).order_by(Site.name))
    return Options(
        territories={row.id: row.name for row in list_territories(session, viewer)},
        lines={**{line.id: line.name for line in lines}, 0: "No service line"},
        sites={**{row.id: row.name for row in sites}, 0: "No site"},
        payers={payer.value: payer.label for payer in PayerClass},
        sources=_chosen_source(session, viewer, filters.source),
        colors={line.id: f"chart{line.position}" for line in lines if 1 <= line.position <= PALETTE_SIZE},
        values=_values(lines) if viewer.sees_revenue else {},
    )


def _values(lines: Sequence[ServiceLine]) -> dict[int, tuple[RevenueKind, int]]:
    return {line.id: (line.value_kind, line.value_cents) for line in lines if line.value_kind and line.value_cents}


def _chosen_source(session: Session, viewer: Viewer, practice_id: int | None) -> dict[int, str]:
    if practice_id is None:
        return {}
    if practice_id == 0:
        return {0: UNKNOWN_SOURCE} if viewer.territory_ids is None else {}
    query = scope_practices(select(Practice.name).where(Practice.id == practice_id), viewer)
    name = session.scalar(query)
    return {practice_id: name} if name is not None else {}
