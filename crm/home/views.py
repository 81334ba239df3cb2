"""Pages of the room home: where everybody starts, Today, the first steps, and the search."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.core import clock
from crm.core.db import db
from crm.core.web import allow, page, partial, passive, signed_in
from crm.home import agenda, first_steps, lists, overview, queries, search_everything
from crm.home.blueprint import bp
from crm.route_planning.map_links import google_leg
from crm.route_planning.schedule import clock_text

__all__ = ["bp", "lists", "overview"]  # their pages register themselves


@bp.route("/")
@signed_in
def index() -> ResponseReturnValue:
    """Send everybody to the home page of their role, or to the first steps while that page would be empty."""
    viewer = current_viewer()
    there = queries.find_set_up(db.session())
    if viewer.home == "welcome" or first_steps.belongs_on_welcome(there, viewer.home, viewer.may):
        return redirect(url_for("home.welcome"))
    return redirect(url_for(f"home.{viewer.home}"))


@bp.route("/today")
@allow(Permission.PLAN_VIEW)
def today() -> ResponseReturnValue:
    """The day of a liaison: the next stop, the rest, and what else is waiting."""
    viewer = current_viewer()
    loaded = agenda.load_today(db.session(), viewer, clock.now())
    return page(
        "home/today.html", day=loaded, summary=agenda.summary(loaded), google_leg=google_leg, clock_text=clock_text
    )


@bp.route("/welcome")
@signed_in
def welcome() -> ResponseReturnValue:
    """The first steps, for an organization that has just begun."""
    viewer = current_viewer()
    there = queries.find_set_up(db.session())
    return page("home/welcome.html", steps=first_steps.steps_for(there, viewer.may))


@bp.route("/search")
@signed_in
def search() -> ResponseReturnValue:
    """Everything that matches what was typed."""
    viewer = current_viewer()
    words = search_everything.clean(request.args.get("q", ""))
    found = search_everything.search_everything(db.session(), viewer, words)
    return page(
        "home/search.html", search_words=words, found=found, is_long_enough=search_everything.is_long_enough(words),
        may_search=viewer.may(Permission.DIRECTORY_VIEW),
    )  # fmt: skip


@bp.route("/search/suggest")
@signed_in
@passive
def search_suggest() -> ResponseReturnValue:
    """The answers under the search field, while somebody types."""
    words = search_everything.clean(request.args.get("q", ""))
    hits = search_everything.suggestions(db.session(), current_viewer(), words)
    is_enough = search_everything.is_long_enough(words)
    return partial(
        "home/_search_answers.html", words=words, hits=hits, is_enough=is_enough, icon_of=search_everything.icon_of
    )
