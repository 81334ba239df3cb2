"""Pages of contacts: the list, one contact, add and edit."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.core.db import commit, db
from crm.core.errors import Invalid
from crm.core.web import allow, arg_int, page
from crm.directory import people_queries, people_services, queries
from crm.directory.blueprint import bp
from crm.directory.models import ContactRole
from crm.directory.people_forms import RELATIONSHIPS, ContactForm, NewContactForm
from crm.directory.people_queries import CONTACT_SORTS
from crm.directory.views.people_list import people_address, read_people
from crm.directory.views.pills import pills_of

FIELDS = "first_name last_name job_title email phone mobile fax relationship_strength prefers note version"


@bp.get("/contacts")
@allow(Permission.DIRECTORY_VIEW)
def contacts() -> ResponseReturnValue:
    """The contacts that match the filters of the address."""
    viewer, session = current_viewer(), db.session()
    filters = read_people(request.args)
    address = people_address("directory.contacts", filters, request.args.get("sort"), CONTACT_SORTS)
    found = people_queries.list_contacts(session, viewer, filters, address.sort, arg_int("page"))
    found.url_for = address.page
    return page(
        "directory/contacts.html",
        page=found,
        pills=pills_of(found.rows),
        filters=filters,
        address=address,
        roles=list(ContactRole),
        relationships=RELATIONSHIPS,
        territories=queries.list_territories(session, viewer),
    )


@bp.get("/contacts/<int:contact_id>")
@allow(Permission.DIRECTORY_VIEW)
def contact(contact_id: int) -> ResponseReturnValue:
    """Everything about one contact."""
    viewer = current_viewer()
    found = people_queries.get_contact(db.session(), viewer, contact_id)
    return page(
        "directory/contact.html",
        contact=found,
        pills=pills_of([found])[found.__tablename__, found.id],
        relationships=RELATIONSHIPS,
        may_edit=viewer.may(Permission.DIRECTORY_EDIT),
    )


@bp.route("/contacts/new", methods=["GET", "POST"])
@allow(Permission.DIRECTORY_EDIT)
def contact_new() -> ResponseReturnValue:
    """Add a contact to a practice."""
    form = NewContactForm(data={"practice_id": arg_int("practice"), "role": ContactRole.REFERRAL_COORDINATOR.value})
    place = queries.find_practice(db.session(), current_viewer(), form.practice_id.data or 0)
    if form.is_sent():
        with form.problems():
            if place is None:
                raise Invalid(practice_id="Choose the practice where this person works.")
            people_services.create_contact(db.session(), place, form.values("practice_id"))
            target = url_for("directory.practice", practice_id=place.id)
            commit()
            flash("Added the contact.", "good")
            return redirect(target)
    return page("directory/contact_edit.html", form=form, contact=None, place=place.name if place else "")


@bp.route("/contacts/<int:contact_id>/edit", methods=["GET", "POST"])
@allow(Permission.DIRECTORY_EDIT)
def contact_edit(contact_id: int) -> ResponseReturnValue:
    """Change a contact."""
    found = people_queries.get_contact(db.session(), current_viewer(), contact_id)
    form = ContactForm(data={name: getattr(found, name) for name in FIELDS.split()} | {"role": found.role.value})
    form.subject = found
    if form.is_sent():
        with form.problems():
            people_services.change_contact(db.session(), found, form.values(), version=form.seen_version)
            commit()
            flash("Saved.", "good")
            return redirect(url_for("directory.contact", contact_id=contact_id))
    return page("directory/contact_edit.html", form=form, contact=found, place="")


@bp.post("/contacts/<int:contact_id>/retire")
@allow(Permission.DIRECTORY_EDIT)
def contact_retire(contact_id: int) -> ResponseReturnValue:
    """Take a contact out of lists."""
    found = people_queries.get_contact(db.session(), current_viewer(), contact_id)
    people_services.retire_person(db.session(), found)
    commit()
    undo = url_for("directory.contact_bring_back", contact_id=contact_id)
    flash({"text": "The contact is retired.", "undo_url": undo}, "good")  # type: ignore[arg-type]
    return redirect(url_for("directory.contact", contact_id=contact_id))


@bp.post("/contacts/<int:contact_id>/bring-back")
@allow(Permission.DIRECTORY_EDIT)
def contact_bring_back(contact_id: int) -> ResponseReturnValue:
    """Put a retired contact back into lists."""
    found = people_queries.get_contact(db.session(), current_viewer(), contact_id)
    people_services.bring_back_person(db.session(), found)
    commit()
    flash("The contact is back.", "good")
    return redirect(url_for("directory.contact", contact_id=contact_id))
