"""Every page as an address: the GET routes of the app with ids of what is in the database, and who may open them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.accounts.models import User
from crm.accounts.permissions import Permission, permissions_of
from crm.analytics.catalog import CHARTS
from crm.core import clock
from crm.core.db import Base
from crm.demo import services as demo
from crm.demo.scale import SCALES, Scale
from crm.referrals.models import TYPED_IN, ImportRefusal, ReferralImport

TINY = Scale("tiny", 30, 60, 50, 80, 100, 90, 4, 30, 12)
MISSING_ID = 987_654
# Arguments that are no id of a table of their own name.
TABLES = {
    "user_id": "user_account", "line_id": "service_line", "list_id": "contact_list",
    "view_id": "saved_view", "session_id": "user_session", "stop_id": "route_stop", "plan_id": "route_plan",
    "permission_id": "contact_permission", "attendee_id": "meeting_attendee", "profile_id": "mapping_profile",
}  # fmt: skip


@dataclass(frozen=True)
class Address:
    """A page that can be asked for: with the path of a thing that exists, if there is one."""

    endpoint: str
    path: str
    permission: str

    @property
    def names_nothing(self) -> bool:
        """Whether no such thing was there to be named."""
        return str(MISSING_ID) in self.path


def make_tiny_demo(session: Session, folder: Path, monkeypatch: Any, today: date | None = None) -> None:
    """The demo organization in a second: some of every kind of record."""
    monkeypatch.setitem(SCALES, "tiny", TINY)
    demo.create_demo(session, scale="tiny", data_dir=folder, today=today or clock.today())
    session.commit()


def addresses(app: Flask, session: Session) -> Iterator[Address]:
    """Every GET route; one address for each chart, one for any other route."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if rule.endpoint == "static" or "GET" not in (rule.methods or set()):
                continue
            permission = getattr(app.view_functions[rule.endpoint], "permission", "public")
            for values in _values(session, rule.endpoint, rule.arguments):
                path = rule.build(values, append_unknown=False)
                assert path is not None, rule.rule
                yield Address(rule.endpoint, path[1], permission)


def _values(session: Session, endpoint: str, arguments: set[str]) -> Iterator[dict[str, Any]]:
    if arguments == {"name"} and endpoint.startswith("analytics."):
        yield from ({"name": name} for name in CHARTS)
    else:
        yield {name: _value(session, endpoint.partition(".")[0], name) for name in arguments}


def _value(session: Session, room: str, name: str) -> Any:
    if name in ("day", "date", "plan_on"):
        return clock.today().isoformat()
    if name == "line":
        newest = select(func.max(ReferralImport.id)).scalar_subquery()
        return (
            session.scalar(select(func.max(ImportRefusal.line)).where(ImportRefusal.import_id == newest)) or MISSING_ID
        )
    if name == "import_id":
        name = "directory_import_id" if room.startswith("directory") else "referral_import_id"
    table = Base.metadata.tables[TABLES.get(name, name.removesuffix("_id"))]
    last = session.scalar(select(func.max(table.c.id))) or MISSING_ID
    return last - TYPED_IN if name == "referral_id" and last > TYPED_IN else last


def may_open(user: User, address: Address) -> bool:
    """Whether a person's roles include what the page needs."""
    held = permissions_of({row.role for row in user.roles})
    return address.permission in ("public", "") or Permission(address.permission) in held
