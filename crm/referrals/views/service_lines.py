"""Service lines and sites: what referrals are for and where they go."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.core.db import commit, db
from crm.core.web import allow, page
from crm.referrals import row_queries, services
from crm.referrals.blueprint import bp
from crm.referrals.forms import ServiceLineForm, SiteForm


@bp.route("/service-lines", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
def service_lines() -> ResponseReturnValue:
    """All service lines and sites; add a service line."""
    form = SiteForm()
    if form.is_sent():
        with form.problems():
            services.save_service_line(db.session(), None, form.name.data or "")
            commit()
            flash("Service line added.", "good")
            return redirect(url_for("referrals.service_lines"))
    return _lists(form)


def _lists(form: SiteForm) -> ResponseReturnValue:
    session = db.session()
    return page(
        "referrals/service_lines.html",
        form=form,
        lines=row_queries.list_service_lines(session),
        sites=row_queries.list_sites(session),
        line_uses=row_queries.uses_by_line(session),
        site_uses=row_queries.uses_by_site(session),
    )


@bp.route("/service-lines/<int:line_id>/edit", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
def service_line_edit(line_id: int) -> ResponseReturnValue:
    """Change a service line's name, color and average value."""
    viewer = current_viewer()
    line = row_queries.get_service_line(db.session(), line_id)
    form = ServiceLineForm(data=ServiceLineForm.values_of(line, sees_revenue=viewer.sees_revenue))
    if form.is_sent():
        with form.problems():
            services.save_service_line(db.session(), line, form.name.data or "", form.position.data)
            services.value_service_line(db.session(), viewer, line, form.line_value())
            commit()
            flash("Saved.", "good")
            return redirect(url_for("referrals.service_lines"))
    used = row_queries.is_used(db.session(), row_queries.get_service_line(db.session(), line_id))
    return page("referrals/service_line_edit.html", form=form, line_id=line_id, is_used=used)


@bp.post("/service-lines/<int:line_id>/delete")
@allow(Permission.REFERRALS_IMPORT)
def service_line_delete(line_id: int) -> ResponseReturnValue:
    """Delete a service line that no referral names."""
    services.delete_unused(db.session(), row_queries.get_service_line(db.session(), line_id))
    commit()
    flash("Deleted.", "good")
    return redirect(url_for("referrals.service_lines"))


@bp.route("/sites/new", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
def site_new() -> ResponseReturnValue:
    """Add a site."""
    form = SiteForm()
    if form.is_sent():
        with form.problems():
            services.save_site(db.session(), None, form.name.data or "")
            commit()
            flash("Site added.", "good")
            return redirect(url_for("referrals.service_lines"))
    return page("referrals/site_edit.html", form=form, site_id=None, is_used=True)


@bp.route("/sites/<int:site_id>/edit", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
def site_edit(site_id: int) -> ResponseReturnValue:
    """Change a site's name."""
    site = row_queries.get_site(db.session(), site_id)
    form = SiteForm(obj=site)
    if form.is_sent():
        with form.problems():
            services.save_site(db.session(), site, form.name.data or "")
            commit()
            flash("Saved.", "good")
            return redirect(url_for("referrals.service_lines"))
    used = row_queries.is_used(db.session(), row_queries.get_site(db.session(), site_id))
    return page("referrals/site_edit.html", form=form, site_id=site_id, is_used=used)


@bp.post("/sites/<int:site_id>/delete")
@allow(Permission.REFERRALS_IMPORT)
def site_delete(site_id: int) -> ResponseReturnValue:
    """Delete a site that no referral names."""
    services.delete_unused(db.session(), row_queries.get_site(db.session(), site_id))
    commit()
    flash("Deleted.", "good")
    return redirect(url_for("referrals.service_lines"))
