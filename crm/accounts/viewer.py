"""The person on whose behalf something is read or changed; every query is scoped by one."""

from dataclasses import dataclass, field

from crm.accounts.permissions import Permission, Role, permissions_of
from crm.core import formats


@dataclass(frozen=True)
class Viewer:
    """A signed-in person (or a command or job) with what they may do and which territories they see."""

    id: int | None
    name: str
    roles: frozenset[Role] = frozenset()
    own_territory_ids: frozenset[int] = frozenset()
    extra: frozenset[Permission] = field(default_factory=frozenset)

    @property
    def permissions(self) -> frozenset[Permission]:
        """Everything this person may do."""
        return permissions_of(set(self.roles)) | self.extra

    def may(self, permission: str) -> bool:
        """Whether this person holds a permission; the empty one is held by everybody who is signed in."""
        return not permission or permission in self.permissions

    @property
    def territory_ids(self) -> frozenset[int] | None:
        """The territories that this person sees, or None for all of them (and for places in none)."""
        return None if self.may(Permission.ALL_TERRITORIES) else self.own_territory_ids

    @property
    def sees_revenue(self) -> bool:
        """Whether money may be shown, sorted by or exported."""
        return self.may(Permission.REVENUE_VIEW)

    @property
    def initials(self) -> str:
        """`MO` for Maren Oakes."""
        return formats.initials(self.name)

    @property
    def role_labels(self) -> str:
        """The roles in words."""
        return ", ".join(sorted(role.label for role in self.roles))

    @property
    def home(self) -> str:
        """Which home page this person starts on: `today`, `overview` or `lists`."""
        if Role.MANAGER in self.roles or Role.ANALYST in self.roles:
            return "overview"
        if Role.LIAISON in self.roles:
            return "today"
        return "lists" if Role.MARKETING in self.roles else "welcome"


SYSTEM = Viewer(id=None, name="Rounds", extra=frozenset(Permission))
