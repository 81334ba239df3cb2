"""Pages of affiliations: which provider works at which practice, on which days, from when to when."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.core.db import commit, db
from crm.core.errors import Invalid, NotFound
from crm.core.web import allow, page
from crm.directory import people_queries, people_services, queries
from crm.directory.blueprint import bp
from crm.directory.models import Provider
from crm.directory.people_forms import AffiliationForm, NewAffiliationForm, affiliation_data, weekday_bits


@bp.route("/practices/<int:practice_id>/providers/new", methods=["GET", "POST"])
@allow(Permission.DIRECTORY_EDIT)
def affiliation_new(practice_id: int) -> ResponseReturnValue:
    """Say that a provider of the directory also works at a practice."""
    practice = queries.get_practice(db.session(), current_viewer(), practice_id)
    form = NewAffiliationForm()
    provider = _find_provider(form.provider_id.data)
    if form.is_sent():
        with form.problems():
            if provider is None:
                raise Invalid(provider_id="Choose a provider of the list.")
            people_services.add_affiliation(
                db.session(), provider, practice, weekdays=weekday_bits(form.weekdays.data),
                is_primary=bool(form.is_primary.data), starts_on=form.starts_on.data,
            )  # fmt: skip
            commit()
            flash("Added to the people of this practice.", "good")
            return redirect(url_for("directory.practice", practice_id=practice_id))
    name = provider.name if provider else ""
    return page("directory/affiliation_new.html", form=form, practice=practice, provider_name=name)


@bp.route("/affiliations/<int:affiliation_id>/edit", methods=["GET", "POST"])
@allow(Permission.DIRECTORY_EDIT)
def affiliation_edit(affiliation_id: int) -> ResponseReturnValue:
    """Change on which days, and from when to when, a provider works at a practice."""
    found = people_queries.get_affiliation(db.session(), current_viewer(), affiliation_id)
    practice_id = found.practice_id
    form = AffiliationForm(data=affiliation_data(found))
    form.subject = found
    if form.is_sent():
        with form.problems():
            people_services.change_affiliation(
                db.session(), found, weekdays=weekday_bits(form.weekdays.data), is_primary=bool(form.is_primary.data),
                starts_on=form.starts_on.data, ends_on=form.ends_on.data, version=form.seen_version,
            )  # fmt: skip
            commit()
            flash("Saved.", "good")
            return redirect(url_for("directory.practice", practice_id=practice_id))
    return page("directory/affiliation_edit.html", form=form, affiliation=found)


@bp.post("/affiliations/<int:affiliation_id>/end")
@allow(Permission.DIRECTORY_EDIT)
def affiliation_end(affiliation_id: int) -> ResponseReturnValue:
    """The provider no longer works at the practice."""
    found = people_queries.get_affiliation(db.session(), current_viewer(), affiliation_id)
    practice_id = found.practice_id
    people_services.end_affiliation(db.session(), found)
    commit()
    flash("The provider no longer works here, from tomorrow on.", "good")
    return redirect(url_for("directory.practice", practice_id=practice_id))


def _find_provider(provider_id: int | None) -> Provider | None:
    if provider_id is None:
        return None
    try:
        return people_queries.get_provider(db.session(), current_viewer(), provider_id)
    except NotFound:
        return None
