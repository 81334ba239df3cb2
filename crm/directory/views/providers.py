"""Pages of providers: the list, one provider, add and edit."""

from flask import flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.viewer import Viewer
from crm.core.db import commit, db
from crm.core.errors import Invalid
from crm.core.web import allow, arg_int, page, passive
from crm.directory import people_queries, people_services, practice_queries, queries
from crm.directory.blueprint import bp
from crm.directory.models import Provider
from crm.directory.people_forms import NewProviderForm, ProviderForm, weekday_bits
from crm.directory.people_queries import PROVIDER_SORTS
from crm.directory.views.people_list import people_address, read_people
from crm.directory.views.pills import pills_of

SUGGESTED = 12
FIELDS = (
    "first_name middle_name last_name suffix credentials npi specialty taxonomy email phone mobile fax note version"
)


@bp.get("/providers")
@allow(Permission.DIRECTORY_VIEW)
def providers() -> ResponseReturnValue:
    """The providers that match the filters of the address."""
    viewer, session = current_viewer(), db.session()
    filters = read_people(request.args)
    address = people_address("directory.providers", filters, request.args.get("sort"), PROVIDER_SORTS)
    found = people_queries.list_providers(session, viewer, filters, address.sort, arg_int("page"))
    found.url_for = address.page
    places: dict[int, list[str]] = {}
    for row in people_queries.list_affiliations(session, viewer, [provider.id for provider in found.rows]):
        if row.ends_on is None:
            places.setdefault(row.provider_id, []).append(row.practice.name)
    return page(
        "directory/providers.html",
        page=found,
        places=places,
        filters=filters,
        address=address,
        specialties=practice_queries.list_specialties(session),
        territories=queries.list_territories(session, viewer),
    )


@bp.get("/providers/suggest")
@passive
@allow(Permission.DIRECTORY_VIEW)
def suggest_providers() -> ResponseReturnValue:
    """Providers to choose from in a form, as JSON."""
    text = request.args.get("q", "")[:200]
    rows = people_queries.suggest_providers(db.session(), current_viewer(), text, SUGGESTED)
    return jsonify([{"id": row.id, "label": row.name, "note": row.specialty} for row in rows])


@bp.get("/providers/<int:provider_id>")
@allow(Permission.DIRECTORY_VIEW)
def provider(provider_id: int) -> ResponseReturnValue:
    """Everything about one provider."""
    viewer, session = current_viewer(), db.session()
    found = people_queries.get_provider(session, viewer, provider_id)
    return page(
        "directory/provider.html",
        provider=found,
        affiliations=people_queries.list_affiliations(session, viewer, [found.id]),
        pills=pills_of([found])[found.__tablename__, found.id],
        may_edit=viewer.may(Permission.DIRECTORY_EDIT),
    )


@bp.route("/providers/new", methods=["GET", "POST"])
@allow(Permission.DIRECTORY_EDIT)
def provider_new() -> ResponseReturnValue:
    """Add a provider, at a practice."""
    viewer, session = current_viewer(), db.session()
    form = NewProviderForm(data={"practice_id": arg_int("practice"), "weekdays": list("01234")})
    place = queries.find_practice(session, viewer, form.practice_id.data or 0)
    if form.is_sent():
        with form.problems():
            if place is None and (form.practice_id.data or viewer.territory_ids is not None):
                raise Invalid(practice_id="Choose the practice where the provider works.")
            weekdays = weekday_bits(form.weekdays.data)
            values = form.values("practice_id", "weekdays")
            made = people_services.create_provider(session, values, practice=place, weekdays=weekdays)
            target = url_for("directory.provider", provider_id=made.id)
            target = url_for("directory.practice", practice_id=place.id) if place else target
            commit()
            flash("Added the provider.", "good")
            return redirect(target)
    return _edit_page(form, viewer, None, place.name if place else "")


@bp.route("/providers/<int:provider_id>/edit", methods=["GET", "POST"])
@allow(Permission.DIRECTORY_EDIT)
def provider_edit(provider_id: int) -> ResponseReturnValue:
    """Change a provider."""
    viewer = current_viewer()
    found = people_queries.get_provider(db.session(), viewer, provider_id)
    form = ProviderForm(data={name: getattr(found, name) for name in FIELDS.split()})
    form.subject = found
    if form.is_sent():
        with form.problems():
            people_services.change_provider(db.session(), found, form.values(), version=form.seen_version)
            commit()
            flash("Saved.", "good")
            return redirect(url_for("directory.provider", provider_id=provider_id))
    return _edit_page(form, viewer, found, "")


@bp.post("/providers/<int:provider_id>/retire")
@allow(Permission.DIRECTORY_EDIT)
def provider_retire(provider_id: int) -> ResponseReturnValue:
    """Take a provider out of lists."""
    found = people_queries.get_provider(db.session(), current_viewer(), provider_id)
    people_services.retire_person(db.session(), found)
    commit()
    undo = url_for("directory.provider_bring_back", provider_id=provider_id)
    flash({"text": "The provider is retired.", "undo_url": undo}, "good")  # type: ignore[arg-type]
    return redirect(url_for("directory.provider", provider_id=provider_id))


@bp.post("/providers/<int:provider_id>/bring-back")
@allow(Permission.DIRECTORY_EDIT)
def provider_bring_back(provider_id: int) -> ResponseReturnValue:
    """Put a retired provider back into lists."""
    found = people_queries.get_provider(db.session(), current_viewer(), provider_id)
    people_services.bring_back_person(db.session(), found)
    commit()
    flash("The provider is back.", "good")
    return redirect(url_for("directory.provider", provider_id=provider_id))


def _edit_page(form: ProviderForm, viewer: Viewer, found: Provider | None, place: str) -> ResponseReturnValue:
    return page(
        "directory/provider_edit.html",
        form=form,
        provider=found,
        place=place,
        same_npi=_same_npi(form, viewer),
        specialties=practice_queries.list_specialties(db.session()),
    )


def _same_npi(form: ProviderForm, viewer: Viewer) -> Provider | None:
    """The provider who has the NPI already, for a link, when the viewer may see them."""
    if people_services.NPI_TAKEN not in form.npi.errors:
        return None
    text = form.npi.data or ""
    return next(iter(people_queries.suggest_providers(db.session(), viewer, text, 1)), None)
