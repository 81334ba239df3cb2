"""Who may do what: one permission list per room, and what each role holds."""

from enum import StrEnum


class Role(StrEnum):
    """What a person is in the organisation; one person may be several things."""

    LIAISON = "liaison"
    MANAGER = "manager"
    MARKETING = "marketing"
    ANALYST = "analyst"
    COMPLIANCE = "compliance"
    ADMIN = "admin"

    @property
    def label(self) -> str:
        """The role in words."""
        return {"liaison": "Liaison", "manager": "Outreach manager", "admin": "Administrator"}.get(
            self, self.capitalize()
        )


class Permission(StrEnum):
    """Something a page lets a person do. Every route declares one."""

    DIRECTORY_VIEW = "directory.view"
    DIRECTORY_EDIT = "directory.edit"
    DIRECTORY_IMPORT = "directory.import"
    DIRECTORY_PERMISSIONS = "directory.permissions"  # record what people allow us to send
    TERRITORIES_EDIT = "directory.territories"
    VISITS_VIEW = "visits.view"
    VISITS_EDIT = "visits.edit"
    MEETINGS_VIEW = "meetings.view"
    MEETINGS_EDIT = "meetings.edit"
    TASKS_VIEW = "tasks.view"
    TASKS_EDIT = "tasks.edit"
    REFERRALS_VIEW = "referrals.view"  # counts, never money
    REFERRALS_IMPORT = "referrals.import"
    ANALYTICS_VIEW = "analytics.view"
    REVENUE_VIEW = "analytics.revenue"
    LISTS_VIEW = "exports.view"
    LISTS_EXPORT = "exports.export"
    PLAN_VIEW = "route_planning.view"
    PLAN_EDIT = "route_planning.edit"
    JOBS_VIEW = "jobs.view"
    AUDIT_VIEW = "audit.view"
    USERS_EDIT = "accounts.users"
    SETTINGS_EDIT = "accounts.settings"
    ALL_TERRITORIES = "scope.all_territories"


P = Permission
FIELD_WORK = {
    P.VISITS_VIEW,
    P.VISITS_EDIT,
    P.MEETINGS_VIEW,
    P.MEETINGS_EDIT,
    P.TASKS_VIEW,
    P.TASKS_EDIT,
    P.PLAN_VIEW,
    P.PLAN_EDIT,
}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.LIAISON: frozenset(
        {P.DIRECTORY_VIEW, P.DIRECTORY_EDIT, P.DIRECTORY_PERMISSIONS, P.REFERRALS_VIEW, P.JOBS_VIEW} | FIELD_WORK
    ),
    Role.MANAGER: frozenset(set(P) - {P.USERS_EDIT, P.AUDIT_VIEW}),
    Role.MARKETING: frozenset(
        {P.DIRECTORY_VIEW, P.DIRECTORY_PERMISSIONS, P.MEETINGS_VIEW, P.MEETINGS_EDIT, P.TASKS_VIEW, P.TASKS_EDIT}
        | {P.LISTS_VIEW, P.LISTS_EXPORT, P.JOBS_VIEW, P.ALL_TERRITORIES}
    ),
    Role.ANALYST: frozenset(
        {P.DIRECTORY_VIEW, P.REFERRALS_VIEW, P.REFERRALS_IMPORT, P.ANALYTICS_VIEW, P.REVENUE_VIEW}
        | {P.JOBS_VIEW, P.ALL_TERRITORIES}
    ),
    Role.COMPLIANCE: frozenset({P.DIRECTORY_VIEW, P.AUDIT_VIEW, P.LISTS_VIEW, P.ALL_TERRITORIES}),
    Role.ADMIN: frozenset(
        {P.USERS_EDIT, P.SETTINGS_EDIT, P.AUDIT_VIEW, P.JOBS_VIEW, P.ALL_TERRITORIES, P.TERRITORIES_EDIT}
    ),
}


def permissions_of(roles: set[Role]) -> frozenset[Permission]:
    """Everything that a person with these roles may do."""
    return frozenset().union(*(ROLE_PERMISSIONS[role] for role in roles))
