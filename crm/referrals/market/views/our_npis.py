"""Our NPIs: which receiving numbers are ours, suggestions of more, and where segments begin."""

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.permissions import Permission
from crm.core.db import commit, db
from crm.core.web import allow, page
from crm.referrals import row_queries
from crm.referrals.market import file_queries, services, share_queries
from crm.referrals.market.blueprint import bp
from crm.referrals.market.forms import OurNpiForm, ThresholdForm
from crm.referrals.market.models import OurNpi
from crm.referrals.market.period import period_words

SUGGESTED = 12


@bp.route("/our-npis", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
def our_npis() -> ResponseReturnValue:
    """The list, and adding one to it."""
    form = _npi_form()
    if form.is_sent():
        with form.problems():
            row = services.add_our_npi(
                db.session(), npi=form.typed("npi"), name=form.typed("name"), site_id=form.site_id.data
            )
            flash(f"{row.audit_label} counts as ours from now on.", "good")
            commit()
            return redirect(url_for("market.our_npis"))
    return page("referrals/market/our_npis.html", form=form, **_context())


def _npi_form(row: OurNpi | None = None) -> OurNpiForm:
    form = OurNpiForm(obj=row)
    form.site_id.choices = [("", "None"), *((site.id, site.name) for site in row_queries.list_sites(db.session()))]
    return form


def _context() -> dict[str, Any]:
    session = db.session()
    newest = next(iter(file_queries.list_done(session)), None)
    usual = share_queries.thresholds(session)
    return {
        "rows": file_queries.list_our_npis(session),
        "sites": {site.id: site.name for site in row_queries.list_sites(session)},
        "newest": newest,
        "months": period_words(newest.first_month, newest.last_month) if newest else "",
        "suggested": file_queries.top_destinations(session, newest.id, SUGGESTED, without_ours=True) if newest else [],
        "thresholds": ThresholdForm(data={"loyal_from": usual.loyal_from, "splitter_from": usual.splitter_from}),
    }


@bp.post("/our-npis/segments")
@allow(Permission.REFERRALS_IMPORT)
def segments() -> ResponseReturnValue:
    """Change where segments begin."""
    form = ThresholdForm()
    if form.is_sent():
        with form.problems():
            services.change_thresholds(db.session(), form.thresholds())
            commit()
            flash("Saved. The segments of all sources follow.", "good")
            return redirect(url_for("market.our_npis"))
    context = _context() | {"thresholds": form}
    body, _ = page("referrals/market/our_npis.html", form=_npi_form(), **context)
    return body, 422


@bp.route("/our-npis/<int:our_npi_id>", methods=["GET", "POST"])
@allow(Permission.REFERRALS_IMPORT)
def our_npi_edit(our_npi_id: int) -> ResponseReturnValue:
    """Another name or site."""
    row = file_queries.get_our_npi(db.session(), our_npi_id)
    form = _npi_form(row)
    form.npi.data = row.npi
    if form.is_sent():
        with form.problems():
            services.change_our_npi(db.session(), row, name=form.typed("name"), site_id=form.site_id.data)
            commit()
            flash("Saved.", "good")
            return redirect(url_for("market.our_npis"))
    return page("referrals/market/our_npi_edit.html", form=form, npi=row.npi, our_npi_id=our_npi_id)


@bp.post("/our-npis/<int:our_npi_id>/remove")
@allow(Permission.REFERRALS_IMPORT)
def our_npi_remove(our_npi_id: int) -> ResponseReturnValue:
    """Take one off the list; its patients count as those of another place from then on."""
    row = file_queries.get_our_npi(db.session(), our_npi_id)
    flash(f"{row.audit_label} no longer counts as ours.", "good")
    services.remove_our_npi(db.session(), row)
    commit()
    return redirect(url_for("market.our_npis"))
