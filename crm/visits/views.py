"""Pages of the room visits: the list, the calendar, logging, planning, one visit, and what is done with it."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.queries import get_organization, list_users
from crm.accounts.viewer import Viewer
from crm.core import clock, formats, geo
from crm.core.arguments import arg_day, arg_words
from crm.core.calendar_files import calendar_file
from crm.core.db import commit, db
from crm.core.errors import Conflict, NotFound
from crm.core.web import allow, arg_int, is_htmx, page, partial, safe_next
from crm.directory.models import Practice
from crm.directory.practice_queries import suggest_practices
from crm.directory.queries import find_practice, get_practice, list_people, list_territories
from crm.meetings import queries as meetings_queries
from crm.route_planning.map_links import google_leg
from crm.tasks.grouping import next_working_day
from crm.tasks.queries import list_for_visit
from crm.visits import calendar, queries, services
from crm.visits.cadence import cadence_days, cadences_of, due_on
from crm.visits.calendar_event import visit_event
from crm.visits.forms import LogForm, MoveForm, PlanForm, VisitPart, shown
from crm.visits.list_filters import PERIODS, ListQuery, read_query
from crm.visits.log_form import NewLogForm, likely, met_before, new_client_key, offer_choices, topics
from crm.visits.models import Visit, VisitMode, VisitState
from crm.visits.people import extra_choices, name_of

bp = Blueprint("visits", __name__, url_prefix="/visits")


@bp.route("")
@allow(Permission.VISITS_VIEW)
def visits() -> ResponseReturnValue:
    """The list of visits."""
    viewer = current_viewer()
    query = read_query(dict(request.args.lists()))
    found = queries.list_visits(db.session(), viewer, query.filter(clock.today()), query.sort, arg_int("page"))
    found.url_for = lambda number: _link(query, page=number)
    return page(
        "visits/visits.html",
        visits=found,
        query=query,
        link=lambda **changes: _link(query, **changes),
        sort_url=lambda value: _link(query, sort=value),
        periods=PERIODS,
        modes=list(VisitMode),
        states_all=list(VisitState),
        owners=list_users(db.session(), Permission.VISITS_EDIT),
        territories=list_territories(db.session(), viewer),
        practice=find_practice(db.session(), viewer, query.practice_id) if query.practice_id else None,
        name_of=name_of,
    )


def _link(query: ListQuery, **changes: Any) -> str:
    values = {**query.arguments(), **changes}
    return url_for("visits.visits", **{name: value for name, value in values.items() if value})


@bp.route("/calendar")
@allow(Permission.VISITS_VIEW)
def visit_calendar() -> ResponseReturnValue:
    """Visits and meetings of a week or a month."""
    viewer = current_viewer()
    day, view = arg_day("day") or clock.today(), "month" if request.args.get("view") == "month" else "week"
    owner_id = _calendar_owner(viewer)
    weeks = calendar.weeks_of_month(day) if view == "month" else [calendar.week_of(day)]
    entries = _entries(viewer, weeks[0][0], weeks[-1][-1], owner_id)
    before, after = _neighbors(day, view)
    return page(
        "visits/visit_calendar.html",
        view=view,
        day=day,
        weeks=weeks,
        days=calendar.by_day(entries),
        lanes=calendar.lanes,
        hours=calendar.hours_shown(entries),
        before=_calendar_link(before, view, owner_id),
        after=_calendar_link(after, view, owner_id),
        link=lambda to=day, kind=view, owner=owner_id: _calendar_link(to, kind, owner),
        owner_id=owner_id,
        owners=list_users(db.session(), Permission.VISITS_EDIT),
        now=clock.local(clock.now()),
    )


def _calendar_owner(viewer: Viewer) -> int | None:
    # A liaison's calendar is their own; whoever sees everything begins with everybody's.
    if request.args.get("owner") == "all":
        return None
    return arg_int("owner") or (None if viewer.territory_ids is None else viewer.id)


def _calendar_link(day: date, view: str, owner_id: int | None) -> str:
    return url_for("visits.visit_calendar", view=view, day=day.isoformat(), owner=owner_id or "all")


def _neighbors(day: date, view: str) -> tuple[date, date]:
    if view == "month":
        return calendar.month_before(day), calendar.month_after(day)
    return day - timedelta(days=7), day + timedelta(days=7)


def _entries(viewer: Viewer, first: date, last: date, owner_id: int | None) -> list[calendar.Entry]:
    visits = queries.list_between(db.session(), viewer, first, last, owner_id)
    found = [_visit_entry(visit) for visit in visits]
    if viewer.may(Permission.MEETINGS_VIEW):
        start, end = clock.at(first, 0), clock.at(last + timedelta(days=1), 0)
        for meeting in meetings_queries.list_between(db.session(), viewer, start, end, owner_id):
            found += calendar.of_span(
                clock.local(meeting.starts_at),
                clock.local(meeting.ends_at),
                title=meeting.title,
                url=url_for("meetings.meeting", meeting_id=meeting.id),
                kind="meeting",
                place=meeting.place or (meeting.practice.name if meeting.practice else ""),
                owner=meeting.owner.name,
                is_fixed=True,
            )
    return [entry for entry in found if first <= entry.day <= last]


def _visit_entry(visit: Visit) -> calendar.Entry:
    start = visit.starts_at.hour * 60 + visit.starts_at.minute if visit.starts_at else None
    return calendar.Entry(
        visit.visit_on,
        visit.practice.name,
        url_for("visits.visit", visit_id=visit.id),
        visit.state.value,
        start,
        start + visit.minutes if start is not None and visit.minutes else None,
        visit.practice.city,
        visit.owner.name,
        visit.is_promised,
    )


@bp.route("/new", methods=["GET", "POST"])
@allow(Permission.VISITS_EDIT)
def visit_new() -> ResponseReturnValue:
    """Log a visit: first which practice, then the form, with everything filled in that is known."""
    viewer = current_viewer()
    if (practice_id := arg_int("practice")) is None:
        return _choose_practice(viewer, "visits.visit_new", "Log visit")
    practice = get_practice(db.session(), viewer, practice_id)
    form = NewLogForm()
    planned = _planned(viewer, practice, form)
    if request.method == "GET" and planned is not None and planned.state is not VisitState.PLANNED:
        flash(f"This visit is {planned.state.label.lower()} already.", "info")
        return redirect(url_for("visits.visit", visit_id=planned.id))
    offer_choices(db.session(), viewer, practice, form, planned)
    if request.method == "GET":
        form.process(data=likely(db.session(), viewer, practice, planned))
    if form.is_sent():
        with form.problems():
            plan = services.plan_of(planned) if planned else None
            entry = form.values(services.entry_of(planned) if planned else None)
            visit = services.log_visit(
                db.session(), viewer, practice, entry, planned=planned, client_key=form.key,
                follow_ups=form.chosen_follow_ups, newcomer=form.someone_else.data or "",
            )  # fmt: skip
            commit()
            if (session.get("saved_visit") or {}).get("id") != visit.id:
                session["saved_visit"] = {"id": visit.id, "plan": plan}
            return redirect(url_for("visits.visit_saved", visit_id=visit.id))
    return page("visits/visit_new.html", form=form, practice=practice, planned=planned)


def _planned(viewer: Viewer, practice: Practice, form: NewLogForm) -> Visit | None:
    """The planned visit that is being logged: the one of the form, of the address, or the likeliest."""
    if request.method == "GET" and "visit" not in request.args:
        is_separate = "separate" in request.args
        return None if is_separate else queries.find_planned(db.session(), viewer, practice.id, clock.today())
    known = request.args.get("visit", "") if request.method == "GET" else form.planned_id.data or ""
    if not known:
        return None
    found = queries.get_visit(db.session(), viewer, int(known) if known.isdecimal() else 0)
    if found.practice_id != practice.id:
        raise NotFound
    return found


def _choose_practice(viewer: Viewer, endpoint: str, title: str) -> ResponseReturnValue:
    words = arg_words("q")
    found = suggest_practices(db.session(), viewer, words, 12) if words else None
    if is_htmx():
        return partial("visits/_found.html", found=found, words=words, endpoint=endpoint)
    today = clock.today()
    on_plan = queries.list_between(db.session(), viewer, today, today, viewer.id)
    return page(
        "visits/choose_practice.html",
        title=title,
        endpoint=endpoint,
        words=words,
        found=found,
        on_plan=[visit for visit in on_plan if visit.state is VisitState.PLANNED],
        recent=queries.recent_practices(db.session(), viewer),
        due=queries.due_practices(db.session(), viewer, today, limit=5),
    )


@bp.route("/plan", methods=["GET", "POST"])
@allow(Permission.VISITS_EDIT)
def visit_plan() -> ResponseReturnValue:
    """Plan a visit."""
    viewer = current_viewer()
    if (practice_id := arg_int("practice")) is None:
        return _choose_practice(viewer, "visits.visit_plan", "Plan visit")
    practice = get_practice(db.session(), viewer, practice_id)
    objective = queries.open_objective(db.session(), viewer, practice.id)
    form = PlanForm(
        data={
            "client_key": new_client_key(),
            "visit_on": arg_day("day") or next_working_day(clock.today()),
            "mode": VisitMode.IN_PERSON.value,
            "objective": objective,
        }
    )
    form.offer_people(list_people(db.session(), practice), met_before(db.session(), viewer, practice))
    if form.is_sent():
        with form.problems():
            visit = services.plan_visit(db.session(), viewer, practice, form.values(), client_key=form.key)
            commit()
            flash(f"Visit planned for {formats.weekday_day(visit.visit_on)}.", "good")
            return redirect(url_for("visits.visit", visit_id=visit.id))
    return page("visits/visit_plan.html", form=form, practice=practice)


@bp.route("/<int:visit_id>")
@allow(Permission.VISITS_VIEW)
def visit(visit_id: int) -> ResponseReturnValue:
    """One visit."""
    viewer = current_viewer()
    found = queries.get_visit(db.session(), viewer, visit_id)
    form = MoveForm(data={"visit_on": found.visit_on, "starts_at": found.starts_at})
    return _visit_page(viewer, found, form, 200)


def _visit_page(viewer: Viewer, found: Visit, form: MoveForm, status: int) -> ResponseReturnValue:
    tasks = list_for_visit(db.session(), viewer, found.id) if viewer.may(Permission.TASKS_VIEW) else []
    before = queries.list_for_practice(db.session(), viewer, found.practice_id, limit=6)
    others = [row for row in before if row.id != found.id][:5]
    text, _ = page("visits/visit.html", visit=found, tasks=tasks, move_form=form, name_of=name_of, others=others)
    return text, status


@bp.route("/<int:visit_id>/edit", methods=["GET", "POST"])
@allow(Permission.VISITS_EDIT)
def visit_edit(visit_id: int) -> ResponseReturnValue:
    """Change a visit."""
    viewer = current_viewer()
    found = queries.get_visit(db.session(), viewer, visit_id)
    is_logged = found.state in queries.LOGGED
    form: VisitPart = LogForm(data=shown(found)) if is_logged else PlanForm(data=shown(found))
    form.subject = found
    people = list_people(db.session(), found.practice)
    form.offer_people(people, {services.key_of(person) for person in found.people}, extra_choices(found.people))
    if isinstance(form, LogForm):
        form.offer_topics(topics(db.session(), viewer))
    if form.is_sent():
        with form.problems():
            entry = form.values(services.entry_of(found))
            services.change_visit(db.session(), found, entry, version=form.seen_version)
            commit()
            flash("Saved.", "good")
            return redirect(url_for("visits.visit", visit_id=visit_id))
    return page("visits/visit_edit.html", form=form, visit=found, is_logged=is_logged)


@bp.route("/<int:visit_id>/log")
@allow(Permission.VISITS_EDIT)
def visit_log(visit_id: int) -> ResponseReturnValue:
    """Log a planned visit: the form of its practice, filled in from the plan."""
    found = queries.get_visit(db.session(), current_viewer(), visit_id)
    return redirect(url_for("visits.visit_new", practice=found.practice_id, visit=visit_id))


@bp.route("/<int:visit_id>/saved")
@allow(Permission.VISITS_VIEW)
def visit_saved(visit_id: int) -> ResponseReturnValue:
    """The receipt of a logged visit, and where to go next."""
    viewer, today = current_viewer(), clock.today()
    found = queries.get_visit(db.session(), viewer, visit_id)
    own_day = queries.list_between(db.session(), viewer, today, today, viewer.id)
    following = queries.next_planned(db.session(), viewer, today)
    due = queries.due_practices(db.session(), viewer, today, limit=1) if following is None else []
    stop = following.practice if following else (due[0].practice if due else None)
    last_on = queries.last_visits(db.session(), [stop.id]).get(stop.id) if stop else None
    next_url = url_for("visits.visit", visit_id=following.id) if following else ""
    return page(
        "visits/visit_saved.html",
        visit=found,
        tasks=list_for_visit(db.session(), viewer, visit_id) if viewer.may(Permission.TASKS_VIEW) else [],
        can_undo=(session.get("saved_visit") or {}).get("id") == visit_id,
        own_day=own_day,
        strip=calendar.day_strip(map(_visit_entry, own_day), next_url),
        now=calendar.hour_of(clock.local(clock.now())),
        following=following,
        due=due[0] if due else None,
        stop=stop,
        last_on=last_on,
        miles=geo.miles(found.practice.point, stop.point) if stop and stop.point and found.practice.point else None,
        directions=google_leg(stop.point) if stop and stop.point else None,
        next_due=_next_due(found.practice),
        name_of=name_of,
    )


def _next_due(practice: Practice) -> date | None:
    last_on = queries.last_visits(db.session(), [practice.id]).get(practice.id)
    cadences = cadences_of(get_organization(db.session()))
    return due_on(last_on, cadence_days(practice.tier, practice.cadence_days, cadences))


@bp.route("/<int:visit_id>/take-back", methods=["POST"])
@allow(Permission.VISITS_EDIT)
def visit_take_back(visit_id: int) -> ResponseReturnValue:
    """Undo the visit that was just logged in this session."""
    found = queries.get_visit(db.session(), current_viewer(), visit_id)
    saved = session.get("saved_visit") or {}
    if saved.get("id") != visit_id:
        raise Conflict("Only the visit that you just saved can be taken back. Edit or cancel this one instead.")
    practice_id, plan = found.practice_id, saved.get("plan")
    services.take_back_visit(db.session(), found, plan)
    commit()
    session.pop("saved_visit", None)
    flash("Visit taken back. It is planned again." if plan else "Visit taken back, with its follow-ups.", "good")
    return redirect(url_for("visits.visit_new", practice=practice_id))


@bp.route("/<int:visit_id>/move", methods=["POST"])
@allow(Permission.VISITS_EDIT)
def visit_move(visit_id: int) -> ResponseReturnValue:
    """Move a planned visit to another day."""
    found = queries.get_visit(db.session(), current_viewer(), visit_id)
    form = MoveForm()
    if form.is_sent() and form.visit_on.data:
        with form.problems():
            services.move_visit(db.session(), found, form.visit_on.data, form.starts_at.data)
            commit()
            flash(f"Visit moved to {formats.weekday_day(found.visit_on)}.", "good")
            return _back(visit_id)
    viewer = current_viewer()
    return _visit_page(viewer, queries.get_visit(db.session(), viewer, visit_id), form, 422)


@bp.route("/<int:visit_id>/cancel", methods=["POST"])
@allow(Permission.VISITS_EDIT)
def visit_cancel(visit_id: int) -> ResponseReturnValue:
    """Cancel a planned visit."""
    services.cancel_visit(db.session(), queries.get_visit(db.session(), current_viewer(), visit_id))
    commit()
    _say_with_undo("Visit cancelled.", visit_id)
    return _back(visit_id)


@bp.route("/<int:visit_id>/no-access", methods=["POST"])
@allow(Permission.VISITS_EDIT)
def visit_no_access(visit_id: int) -> ResponseReturnValue:
    """Note that nobody could be met."""
    services.record_no_access(db.session(), queries.get_visit(db.session(), current_viewer(), visit_id))
    commit()
    _say_with_undo("Noted: no access.", visit_id)
    return _back(visit_id)


@bp.route("/<int:visit_id>/reopen", methods=["POST"])
@allow(Permission.VISITS_EDIT)
def visit_reopen(visit_id: int) -> ResponseReturnValue:
    """Put a cancelled visit, or one without access, back on the plan."""
    services.reopen_visit(db.session(), queries.get_visit(db.session(), current_viewer(), visit_id))
    commit()
    flash("The visit is planned again.", "good")
    return _back(visit_id)


@bp.route("/<int:visit_id>.ics")
@allow(Permission.VISITS_VIEW)
def visit_file(visit_id: int) -> ResponseReturnValue:
    """The visit as a calendar file."""
    found = queries.get_visit(db.session(), current_viewer(), visit_id)
    event = visit_event(found, url_for("visits.visit", visit_id=visit_id, _external=True))
    headers = {"Content-Disposition": f'attachment; filename="visit-{visit_id}.ics"'}
    return calendar_file(event, clock.zone()), 200, {"Content-Type": "text/calendar; charset=utf-8", **headers}


def _say_with_undo(text: str, visit_id: int) -> None:
    message = {"text": text, "undo_url": url_for("visits.visit_reopen", visit_id=visit_id)}
    flash(message, "good")  # type: ignore[arg-type]  # base.html draws the button


def _back(visit_id: int) -> ResponseReturnValue:
    return redirect(safe_next(request.form.get("next"), url_for("visits.visit", visit_id=visit_id)))
