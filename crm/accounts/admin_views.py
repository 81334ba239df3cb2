"""Pages of the room accounts for administrators: colleagues and the organisation's settings."""

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from crm.accounts import queries, services
from crm.accounts.forms import OrganizationForm, UserForm
from crm.accounts.guard import current_viewer
from crm.accounts.models import User
from crm.accounts.permissions import Permission
from crm.core import clock, geo
from crm.core.db import commit, db
from crm.core.errors import Invalid
from crm.core.web import allow, page
from crm.directory.queries import list_territories

USUAL_ZONES = {
    "America/New_York": "Eastern (New York)", "America/Chicago": "Central (Chicago)",
    "America/Denver": "Mountain (Denver)", "America/Phoenix": "Mountain without daylight saving (Phoenix)",
    "America/Los_Angeles": "Pacific (Los Angeles)", "America/Anchorage": "Alaska (Anchorage)",
    "Pacific/Honolulu": "Hawaii (Honolulu)", "America/Puerto_Rico": "Atlantic (Puerto Rico)",
    "Pacific/Guam": "Guam",
}  # fmt: skip
bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.get("/users")
@allow(Permission.USERS_EDIT)
def users() -> ResponseReturnValue:
    """Everybody who has an account."""
    territories = {territory.id: territory.name for territory in list_territories(db.session(), current_viewer())}
    return page(
        "accounts/users.html",
        users=queries.list_users(db.session(), include_disabled=True),
        territories=territories,
    )


@bp.route("/users/new", methods=["GET", "POST"])
@allow(Permission.USERS_EDIT)
def user_new() -> ResponseReturnValue:
    """Add a colleague; their first password is shown once."""
    form = _user_form(UserForm())
    if form.is_sent():
        with form.problems():
            first = services.first_password()
            user = services.create_user(
                db.session(), email=form.typed("email"), name=form.typed("name"), password=first,
                roles=form.role_values,
                territory_ids=set(form.territories.data or []), is_temporary=True,
            )  # fmt: skip
            shown: dict[str, Any] = {
                "user": {"name": user.name, "email": user.email},
                "password": first,
                "is_new": True,
                "sees_nothing": _sees_nothing(user),
            }
            commit()
            return page("accounts/user_password.html", **shown)
    return page("accounts/user_edit.html", form=form, user=None)


@bp.route("/users/<int:user_id>", methods=["GET", "POST"])
@allow(Permission.USERS_EDIT)
def user_edit(user_id: int) -> ResponseReturnValue:
    """Change a colleague's name, roles and territories, or close the account."""
    user = queries.get_user(db.session(), user_id)
    form = _user_form(UserForm(data=_user_values(user)))
    if form.is_sent():
        with form.problems():
            services.change_user(
                db.session(), user, name=form.typed("name"), email=form.typed("email"), roles=form.role_values,
                territory_ids=set(form.territories.data or []), is_active=form.is_active.data,
                version=_version(form.version.data),
            )  # fmt: skip
            sees_nothing = _sees_nothing(user)
            commit()
            flash(f"Saved. {user.name}'s rights hold from the next page on.", "good")
            if sees_nothing:
                flash(f"{user.name} looks after no territory, and so sees no practice.", "due")
            return redirect(url_for("admin.users"))
        form.version.data = str(queries.get_user(db.session(), user_id).version)
    return page("accounts/user_edit.html", form=form, user=queries.get_user(db.session(), user_id))


@bp.post("/users/<int:user_id>/password")
@allow(Permission.USERS_EDIT)
def user_password(user_id: int) -> ResponseReturnValue:
    """Give a colleague a temporary password, shown once; they choose their own at the next sign-in."""
    user = queries.get_user(db.session(), user_id)
    password = services.reset_password(db.session(), user)
    shown: dict[str, Any] = {"user": {"name": user.name, "email": user.email}, "password": password, "is_new": False}
    commit()
    return page("accounts/user_password.html", **shown)


@bp.route("/settings", methods=["GET", "POST"])
@allow(Permission.SETTINGS_EDIT)
def settings() -> ResponseReturnValue:
    """The organisation's name, place, time zone and visit rhythm."""
    organization = queries.get_organization(db.session())
    form = OrganizationForm(obj=organization)
    form.time_zone.choices = _zones()
    if form.is_sent():
        with form.problems():
            services.change_organization(
                db.session(),
                organization,
                _organization_values(form),
                version=_version(form.version.data),
            )
            commit()
            flash("Settings saved.", "good")
            return redirect(url_for("admin.settings"))
        form.version.data = str(queries.get_organization(db.session()).version)
    return page("accounts/settings.html", form=form, organization=queries.get_organization(db.session()))


def _sees_nothing(user: User) -> bool:
    """Whether somebody's rights end at territories of which they have none."""
    viewer = queries.viewer_of(user)
    return user.is_active and viewer.may(Permission.DIRECTORY_VIEW) and viewer.territory_ids == frozenset()


def _zones() -> list[tuple[str, str]]:
    """The zones as people call them, and below them the others from here to the Pacific."""
    known = sorted(zone for zone in clock.zone_names() if zone.startswith(("America/", "Pacific/", "US/")))
    others = [zone for zone in known if zone not in USUAL_ZONES]
    return [*USUAL_ZONES.items(), *((zone, zone.replace("_", " ")) for zone in others)]


def _organization_values(form: OrganizationForm) -> dict[str, object]:
    names = (
        "name",
        "time_zone",
        "cadence_a_days",
        "cadence_b_days",
        "cadence_c_days",
        "lapsed_after_days",
        "refuses_patient_files",
        "counts_only",
    )
    values: dict[str, object] = {name: form[name].data for name in names}
    values |= {"city": form.city.data or "", "address": form.address.data or ""}
    if form.zip.data:
        point = geo.zip_point(form.zip.data)
        if point is None:
            raise Invalid(zip="The census knows no such ZIP code. Use the one of the street address, not of a PO box.")
        values |= {"latitude": point.lat, "longitude": point.lon}
    return values


def _user_values(user: User) -> dict[str, Any]:
    return {
        "name": user.name, "email": user.email, "is_active": user.is_active, "version": str(user.version),
        "roles": [role.value for role in user.role_set],
        "territories": [row.territory_id for row in user.territories],
    }  # fmt: skip


def _user_form(form: UserForm) -> UserForm:
    form.territories.choices = [(t.id, t.name) for t in list_territories(db.session(), current_viewer())]
    if form.is_submitted() and form.territories.data is None:
        form.territories.data = []
    return form


def _version(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004 fits an integer
