"""Pages of the room route_planning: the day, its stops and their order."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.queries import get_organization, list_users
from crm.accounts.viewer import Viewer
from crm.core import clock, formats
from crm.core.db import commit, db
from crm.core.errors import Conflict, Invalid, NotFound
from crm.core.web import allow, arg_int, page, passive
from crm.directory import practice_queries
from crm.directory.practice_filters import read_filter
from crm.referrals.queries import recent_subquery
from crm.route_planning import day_page, map_links, queries, services
from crm.route_planning.day_calendar import day_file
from crm.route_planning.forms import BasicsForm
from crm.route_planning.models import RoutePlan
from crm.route_planning.schedule import clock_text
from crm.visits import queries as visits
from crm.visits.cadence import cadences_of

bp = Blueprint("route_planning", __name__, url_prefix="/route-planning")
STEPS = {"up": -1, "down": 1, "first": -services.MOST_STOPS, "last": services.MOST_STOPS}


@bp.get("")
@allow(Permission.PLAN_VIEW)
def today() -> ResponseReturnValue:
    """The plan of today."""
    return _day_page(clock.today())


@bp.get("/<day>")
@allow(Permission.PLAN_VIEW)
def day(day: str) -> ResponseReturnValue:
    """The plan of a day; managers may look at anybody's."""
    return _day_page(_read_day(day))


@bp.post("/<day>/basics")
@allow(Permission.PLAN_EDIT)
def basics(day: str) -> ResponseReturnValue:
    """Change where and when the day starts and ends."""
    viewer, on = current_viewer(), _read_day(day)
    form = _form(viewer, on)
    if form.is_sent():
        with form.problems():
            services.change_basics(db.session(), viewer, on, form.chosen(), version=form.seen_version)
            commit()
            flash("Saved.", "good")
            return _back(on)
    return _day_page(on, form)


@bp.post("/stops", defaults={"day": ""})
@bp.post("/<day>/stops")
@allow(Permission.PLAN_EDIT)
def add(day: str) -> ResponseReturnValue:
    """Put practices on the plan: one, several, or all that a list's filters match."""
    viewer, on = current_viewer(), _read_day(day or request.form.get("day") or clock.today().isoformat())
    ids = _chosen_ids(viewer)
    if not ids:
        flash("Choose a practice first.", "due")
        return _back(on)
    try:
        added = services.add_stops(db.session(), viewer, on, ids)
    except Invalid as problem:
        db.session.rollback()
        flash(problem.says, "due")
        return _back(on)
    commit()
    _say_added(added)
    return _back(on)


@bp.post("/<day>/stops/<int:stop_id>/remove")
@allow(Permission.PLAN_EDIT)
def remove(day: str, stop_id: int) -> ResponseReturnValue:
    """Take a stop off the plan."""
    on, plan = _own_plan(day)
    stop = queries.get_stop(db.session(), plan.owner_id, on, stop_id)
    name, practice_id = stop.practice.name, stop.practice_id
    try:
        visit = services.remove_stop(db.session(), plan, stop)
    except Invalid as problem:
        db.session.rollback()
        flash(problem.says, "due")
        return _back(on)
    visit_id = visit.id if visit else None
    commit()
    undo: dict[str, Any] = {"text": f"{name} is off the plan."}
    if visit_id is None:
        undo |= {"undo_url": url_for("route_planning.add", day=on.isoformat()), "fields": {"ids": practice_id}}
    else:
        undo |= {"text": f"{name} is off the plan, and its planned visit is cancelled."}
        undo |= {"undo_url": url_for("visits.visit_reopen", visit_id=visit_id)}
    flash(undo, "good")  # type: ignore[arg-type]  # the frame draws the undo button
    return _back(on)


@bp.post("/<day>/stops/<int:stop_id>/move")
@allow(Permission.PLAN_EDIT)
def move(day: str, stop_id: int) -> ResponseReturnValue:
    """Move a stop up or down; from then on the order is the person's own."""
    on, plan = _own_plan(day)
    steps = STEPS.get(request.form.get("to", ""))
    if steps is None:
        raise Invalid("Say whether the stop moves up or down.")
    stop = queries.get_stop(db.session(), plan.owner_id, on, stop_id)
    services.move_stop(db.session(), current_viewer(), plan, stop, steps)
    commit()
    return _back(on)


@bp.post("/<day>/order")
@allow(Permission.PLAN_EDIT)
def order(day: str) -> ResponseReturnValue:
    """Order the stops by travel time."""
    on, plan = _own_plan(day)
    services.order_for_me(db.session(), current_viewer(), plan)
    commit()
    flash("Ordered by travel time.", "good")
    return _back(on)


@bp.post("/<day>/visits")
@allow(Permission.PLAN_EDIT)
def save(day: str) -> ResponseReturnValue:
    """Turn the stops into planned visits."""
    on, plan = _own_plan(day)
    try:
        made = services.save_as_visits(db.session(), current_viewer(), plan)
    except Invalid as problem:
        db.session.rollback()
        flash(problem.says, "due")
        return _back(on)
    commit()
    says = f"{formats.plural(made, 'visit')} planned." if made else "The times of the planned visits are up to date."
    flash(says, "good")
    return _back(on)


@bp.get("/<day>/map.json")
@allow(Permission.PLAN_VIEW)
@passive
def map_json(day: str) -> ResponseReturnValue:
    """The stops and legs of the day, for the map."""
    found = _load(_read_day(day))
    return jsonify(day_page.map_data(found, lambda id_: url_for("directory.practice", practice_id=id_)))


@bp.get("/<day>/plan.ics")
@allow(Permission.PLAN_VIEW)
def calendar(day: str) -> ResponseReturnValue:
    """The day as a calendar file."""
    on = _read_day(day)
    answer = Response(day_file(_load(on)), mimetype="text/calendar")
    answer.headers["Content-Disposition"] = f"attachment; filename=plan-{on:%Y-%m-%d}.ics"
    return answer


def _load(on: date) -> day_page.DayPage:
    """A day of the viewer, or of the person that the address names."""
    viewer, session = current_viewer(), db.session()
    return day_page.load_day(session, viewer, queries.owner_of(session, viewer, arg_int("person")), on)


def _day_page(on: date, form: BasicsForm | None = None) -> ResponseReturnValue:
    viewer, session = current_viewer(), db.session()
    found = _load(on)
    owner = found.owner
    is_own = owner.id == viewer.id and viewer.may(Permission.PLAN_EDIT)
    return page(
        "route_planning/day.html",
        form=form or _form(viewer, on), plan=found, is_own=is_own,
        is_past=on < clock.today(), is_future=on > clock.today(),
        due=day_page.list_due(session, viewer, found) if is_own else (),
        map_url=url_for("route_planning.map_json", day=on.isoformat(), person=_person(owner.id)),
        links=day_page.links(found), strip=day_page.strip(found), clock_text=clock_text,
        google_leg=map_links.google_leg, apple_leg=map_links.apple_leg,
        before=_address(on - timedelta(days=1), owner.id), after=_address(on + timedelta(days=1), owner.id),
        here=_address(on, owner.id), people=_people(viewer), most_stops=services.MOST_STOPS,
    )  # fmt: skip


def _form(viewer: Viewer, on: date) -> BasicsForm:
    session = db.session()
    owner = queries.owner_of(session, viewer, None)
    plan = queries.find_plan(session, owner.id, on)
    frame = queries.basics_of(plan) if plan else queries.usual_basics(session, owner)
    return BasicsForm(frame, queries.usual_places(session, owner), plan.version if plan else None)


def _people(viewer: Viewer) -> list[Any]:
    """Whose plans the viewer may look at."""
    return list_users(db.session(), Permission.PLAN_EDIT) if viewer.may(Permission.ALL_TERRITORIES) else []


def _own_plan(day: str) -> tuple[date, RoutePlan]:
    on, viewer = _read_day(day), current_viewer()
    plan = queries.find_plan(db.session(), viewer.id or 0, on)
    if plan is None:
        plan = _first_plan(viewer, on)
    return on, plan


def _first_plan(viewer: Viewer, on: date) -> RoutePlan:
    """A day with planned visits and no plan yet: its plan begins with the first thing that somebody does to it."""
    frame = queries.usual_basics(db.session(), queries.owner_of(db.session(), viewer, None))
    if frame.start is None:
        raise Conflict("Say first where the day starts.")
    return services.change_basics(db.session(), viewer, on, frame, version=None)


def _chosen_ids(viewer: Viewer) -> list[int]:
    if request.form.get("everything") == "1":
        return _ids_of_list(viewer, request.form.get("query", ""))
    return [int(text) for text in request.form.getlist("ids") if text.isdecimal() and text.isascii() and len(text) < 10]  # noqa: PLR2004 fits every integer


def _ids_of_list(viewer: Viewer, query: str) -> list[int]:
    """The practices that the filters of the directory's list match, one more than a day takes."""
    session = db.session()
    try:
        values = MultiDict(parse_qsl(query[:4000], max_num_fields=200))
    except ValueError:
        return []
    last, cadences = visits.last_visit_subquery(), cadences_of(get_organization(session))
    sources = practice_queries.Sources(
        last_visit=last, cadence=visits.cadence_column(cadences),
        late=visits.late_column(clock.today(), last, cadences), recent=recent_subquery(clock.today()),
    )  # fmt: skip
    found = practice_queries.select_practice_ids(viewer, read_filter(dict(values.lists())), "name", sources)
    return list(session.scalars(found.limit(services.MOST_STOPS + 1)))


def _say_added(added: services.Added) -> None:
    said = [f"{formats.plural(added.added, 'stop')} added." if added.added else "Nothing was added."]
    if added.there_already:
        said.append(f"{formats.plural(added.there_already, 'was', 'were')} on the plan already.")
    if added.not_found:
        said.append(f"{formats.plural(added.not_found, 'practice')} cannot be planned.")
    flash(" ".join(said), "good" if added.added else "due")


def _read_day(text: str) -> date:
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None  # noqa: PLR2004 2026-11-20
    except ValueError:
        found = None
    if found is None or not clock.is_in_our_time(found):
        raise NotFound("There is no such day.")
    return found


def _address(on: date, owner_id: int) -> str:
    return url_for("route_planning.day", day=on.isoformat(), person=_person(owner_id))


def _person(owner_id: int) -> int | None:
    return owner_id if owner_id != current_viewer().id else None


def _back(on: date) -> ResponseReturnValue:
    return redirect(url_for("route_planning.day", day=on.isoformat()))
