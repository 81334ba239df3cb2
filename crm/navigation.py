"""The menu: group by group, each entry with the permission that its page needs."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from crm.accounts.permissions import Permission as P
from crm.accounts.viewer import Viewer


@dataclass(frozen=True)
class Item:
    """One entry. `room` marks it as current on every page whose endpoint begins so; `unless` hides it from whoever has
    that permission, and finds the page elsewhere."""

    label: str
    icon: str
    endpoint: str
    permission: str
    room: str = ""
    url: str = ""
    is_current: bool = False
    badge: int | None = None
    unless: str = ""


HOMES = {
    "today": Item("Today", "sun", "home.today", P.PLAN_VIEW, "home"),
    "overview": Item("Overview", "speedometer2", "home.overview", P.ANALYTICS_VIEW, "home"),
    "lists": Item("Home", "house", "home.lists", P.LISTS_VIEW, "home"),
    "welcome": Item("First steps", "flag", "home.welcome", "", "home"),
}
GROUPS: tuple[tuple[Item, ...], ...] = (
    (
        Item("Directory", "building", "directory.practices", P.DIRECTORY_VIEW),
        Item("Visits", "geo-alt", "visits.visits", P.VISITS_VIEW),
        Item("Meetings", "calendar3", "meetings.meetings", P.MEETINGS_VIEW),
        Item("Tasks", "check2-square", "tasks.tasks", P.TASKS_VIEW),
        Item("Plan", "signpost-split", "route_planning.today", P.PLAN_VIEW),
        Item("Referrals", "arrow-left-right", "referrals.referrals", P.REFERRALS_VIEW),
        Item("Market", "pie-chart", "market.share", P.REFERRALS_VIEW),
        Item("Analytics", "graph-up", "analytics.growth", P.ANALYTICS_VIEW),
        Item("Lists", "list-check", "exports.lists", P.LISTS_VIEW),
    ),
    (
        Item("Audit", "shield-check", "audit.log", P.AUDIT_VIEW),
        Item("Territories", "map", "directory.territories", P.TERRITORIES_EDIT, unless=P.DIRECTORY_VIEW),
        Item("People", "people", "admin.users", P.USERS_EDIT, "admin.user"),
        Item("Settings", "gear", "admin.settings", P.SETTINGS_EDIT, "admin.settings"),
    ),
)
QUICK_ADD: tuple[Item, ...] = (
    Item("Log visit", "geo-alt", "visits.visit_new", P.VISITS_EDIT),
    Item("Plan visit", "calendar-plus", "visits.visit_plan", P.VISITS_EDIT),
    Item("Add task", "check2-square", "tasks.task_new", P.TASKS_EDIT),
    Item("Plan meeting", "calendar3", "meetings.meeting_new", P.MEETINGS_EDIT),
    Item("Add referral", "arrow-left-right", "referrals.referral_new", P.REFERRALS_IMPORT),
    Item("Add practice", "building", "directory.practice_new", P.DIRECTORY_EDIT),
)


def menu(viewer: Viewer, endpoint: str, url_for: Callable[[str], str], badges: dict[str, int]) -> list[list[Item]]:
    """The groups of the rail for a person on a page; `badges` counts by endpoint."""
    groups = [(HOMES[viewer.home], *GROUPS[0]), *GROUPS[1:]]
    shown = [[_resolve(i, endpoint, url_for, badges) for i in group if _is_for(viewer, i)] for group in groups]
    return [group for group in shown if group]


def _is_for(viewer: Viewer, item: Item) -> bool:
    return viewer.may(item.permission) and not (item.unless and viewer.may(item.unless))


def quick_add(viewer: Viewer, url_for: Callable[[str], str]) -> list[Item]:
    """What a person may add from anywhere."""
    return [_resolve(i, "", url_for, {}) for i in QUICK_ADD if viewer.may(i.permission)]


def tab_bar(viewer: Viewer, endpoint: str, url_for: Callable[[str], str]) -> list[Item]:
    """The phone's bottom bar: home, a place, the plus, a place, More (plus and More open sheets: no address)."""
    rooms = {i.endpoint: i for group in GROUPS for i in group}
    order = (
        "route_planning.today", "directory.practices", "analytics.growth", "exports.lists", "tasks.tasks",
        "admin.users", "audit.log",
    )  # fmt: skip
    places = [HOMES[viewer.home], *(rooms[name] for name in order if viewer.may(rooms[name].permission))][:3]
    shown = [_resolve(i, endpoint, url_for, {}) for i in places]
    shown = [replace(i, label="Practices") if i.label == "Directory" else i for i in shown]
    return [*shown[:2], Item("Add", "plus-lg", "", ""), *shown[2:], Item("More", "list", "", "")]


def _resolve(item: Item, endpoint: str, url_for: Callable[[str], str], badges: dict[str, int]) -> Item:
    room = item.room or item.endpoint.split(".")[0]
    is_current = endpoint.startswith(room) and not (room == "home" and "search" in endpoint)
    return replace(item, url=url_for(item.endpoint), is_current=is_current, badge=badges.get(item.endpoint))
