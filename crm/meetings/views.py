"""Pages of the room meetings: the list, planning, one meeting, its record and its calendar file."""

from datetime import time, timedelta
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission
from crm.accounts.queries import get_user, list_users
from crm.accounts.viewer import Viewer
from crm.core import clock
from crm.core.arguments import arg_day, arg_words
from crm.core.calendar_files import calendar_file
from crm.core.db import commit, db
from crm.core.errors import Invalid, NotFound
from crm.core.web import allow, arg_int, page
from crm.directory.models import Practice
from crm.directory.people_queries import get_contact, get_provider
from crm.directory.practice_queries import suggest_practices
from crm.directory.queries import get_practice, list_people
from crm.meetings import queries, services
from crm.meetings.calendar_event import meeting_event
from crm.meetings.forms import InviteForm, MeetingForm, NewMeetingForm, name_of, record_form, shown
from crm.meetings.models import Attendance, Meeting
from crm.tasks.queries import list_for_meeting

bp = Blueprint("meetings", __name__, url_prefix="/meetings")
VIEWS = {"upcoming": "Coming up", "past": "Past", "cancelled": "Cancelled"}
SUGGESTED = 10
USUAL_TIME, USUAL_END = time(12, 0), time(13, 0)


@bp.route("")
@allow(Permission.MEETINGS_VIEW)
def meetings() -> ResponseReturnValue:
    """The list of meetings."""
    view = request.args.get("view", "")
    view = view if view in VIEWS else "upcoming"
    found = queries.list_meetings(db.session(), current_viewer(), clock.now(), view, arg_int("page"))
    found.url_for = lambda number: url_for("meetings.meetings", view=view, page=number)
    return page("meetings/meetings.html", meetings=found, view=view, views=VIEWS, local=clock.local, name_of=name_of)


@bp.route("/new", methods=["GET", "POST"])
@allow(Permission.MEETINGS_EDIT)
def meeting_new() -> ResponseReturnValue:
    """Plan a meeting."""
    viewer = current_viewer()
    form = NewMeetingForm(
        data={
            "practice_id": arg_int("practice"), "starts_on": arg_day("day") or clock.today() + timedelta(days=7),
            "starts_at": USUAL_TIME, "ends_at": USUAL_END,
        }
    )  # fmt: skip
    practice = _practice(viewer, form, arg_int("practice"))
    users = [user for user in list_users(db.session(), Permission.MEETINGS_VIEW) if user.id != viewer.id]
    form.offer(users, list_people(db.session(), practice) if practice else None)
    if form.is_sent():
        with form.problems():
            meeting = services.plan_meeting(db.session(), viewer, form.entry(), practice=practice, guests=form.guests())
            commit()
            flash("Meeting planned.", "good")
            return redirect(url_for("meetings.meeting", meeting_id=meeting.id))
    return page("meetings/meeting_new.html", form=form, practice=practice)


def _practice(viewer: Viewer, form: MeetingForm, given: int | None = None) -> Practice | None:
    """The practice that the form names, or on opening the one of the address; out of scope is NotFound."""
    practice_id = form.practice_id.data if request.method == "POST" else given
    return get_practice(db.session(), viewer, practice_id) if practice_id else None


@bp.route("/<int:meeting_id>")
@allow(Permission.MEETINGS_VIEW)
def meeting(meeting_id: int) -> ResponseReturnValue:
    """One meeting."""
    viewer = current_viewer()
    found = queries.get_meeting(db.session(), viewer, meeting_id)
    return _meeting_page(viewer, found, InviteForm(), 200)


def _meeting_page(viewer: Viewer, found: Meeting, form: InviteForm, status: int) -> ResponseReturnValue:
    tasks = list_for_meeting(db.session(), viewer, found.id) if viewer.may(Permission.TASKS_VIEW) else []
    text, _ = page(
        "meetings/meeting.html", meeting=found, tasks=tasks, invite_form=form, local=clock.local, name_of=name_of,
        has_begun=found.starts_at <= clock.now(), answers=[Attendance.ACCEPTED, Attendance.DECLINED],
    )  # fmt: skip
    return text, status


@bp.route("/<int:meeting_id>/edit", methods=["GET", "POST"])
@allow(Permission.MEETINGS_EDIT)
def meeting_edit(meeting_id: int) -> ResponseReturnValue:
    """Change a meeting."""
    viewer = current_viewer()
    found = queries.get_meeting(db.session(), viewer, meeting_id)
    form = MeetingForm(data=shown(found))
    form.subject = found
    practice = _practice(viewer, form, found.practice_id)
    if form.is_sent():
        with form.problems():
            services.change_meeting(db.session(), found, form.entry(), practice=practice, version=form.seen_version)
            commit()
            flash("Saved.", "good")
            return redirect(url_for("meetings.meeting", meeting_id=meeting_id))
    return page("meetings/meeting_edit.html", form=form, meeting=found, practice=practice)


@bp.route("/<int:meeting_id>/record", methods=["GET", "POST"])
@allow(Permission.MEETINGS_EDIT)
def meeting_record(meeting_id: int) -> ResponseReturnValue:
    """Note who came and what was said."""
    found = queries.get_meeting(db.session(), current_viewer(), meeting_id)
    came = {f"came_{row.id}": row.attendance.value for row in found.attendees}
    form = record_form(found)(data={"minutes": found.minutes, "version": found.version, **came})
    form.subject = found
    if form.is_sent():
        with form.problems():
            services.record_meeting(
                db.session(), found, minutes=form.minutes.data or "", attendance=form.attendance(found),
                version=form.seen_version, names_no_patient=bool(form.names_no_patient.data),
            )  # fmt: skip
            commit()
            flash("Meeting recorded.", "good")
            return redirect(url_for("meetings.meeting", meeting_id=meeting_id))
    return page("meetings/meeting_record.html", form=form, meeting=found)


@bp.route("/<int:meeting_id>/invite", methods=["POST"])
@allow(Permission.MEETINGS_EDIT)
def meeting_invite(meeting_id: int) -> ResponseReturnValue:
    """Invite a colleague, a provider or a contact."""
    viewer = current_viewer()
    found = queries.get_meeting(db.session(), viewer, meeting_id)
    form = InviteForm()
    if form.is_sent():
        with form.problems():
            guest = services.Guest.read(form.guest.data or "")
            name = _guest_name(viewer, guest)
            services.invite(db.session(), found, guest)
            commit()
            flash(f"{name} is invited.", "good")
            return _to(meeting_id)
    return _meeting_page(viewer, queries.get_meeting(db.session(), viewer, meeting_id), form, 422)


def _guest_name(viewer: Viewer, guest: services.Guest) -> str:
    """The name of somebody whom the viewer may invite; Invalid when they are out of sight."""
    try:
        if guest.kind == "user":
            return get_user(db.session(), guest.id).name
        person = (get_provider if guest.kind == "provider" else get_contact)(db.session(), viewer, guest.id)
    except NotFound:
        raise Invalid(guest="Choose somebody of the list.") from None
    return person.name


@bp.route("/<int:meeting_id>/uninvite", methods=["POST"])
@allow(Permission.MEETINGS_EDIT)
def meeting_uninvite(meeting_id: int) -> ResponseReturnValue:
    """Take somebody off the meeting."""
    found = queries.get_meeting(db.session(), current_viewer(), meeting_id)
    guest = services.uninvite(db.session(), found, _form_number("attendee_id"))
    commit()
    if guest is not None:
        undo_url = url_for("meetings.meeting_invite", meeting_id=meeting_id)
        _say_with_undo("Taken off the meeting.", undo_url, {"guest": guest.text})
    return _to(meeting_id)


@bp.route("/<int:meeting_id>/answer", methods=["POST"])
@allow(Permission.MEETINGS_EDIT)
def meeting_answer(meeting_id: int) -> ResponseReturnValue:
    """Note whether somebody comes."""
    found = queries.get_meeting(db.session(), current_viewer(), meeting_id)
    answer = request.form.get("attendance", "")
    if answer not in {attendance.value for attendance in Attendance}:
        raise Invalid("Choose an answer of the list.")
    services.answer_for(db.session(), found, _form_number("attendee_id"), Attendance(answer))
    commit()
    return _to(meeting_id)


@bp.route("/<int:meeting_id>/cancel", methods=["POST"])
@allow(Permission.MEETINGS_EDIT)
def meeting_cancel(meeting_id: int) -> ResponseReturnValue:
    """Cancel a planned meeting."""
    services.cancel_meeting(db.session(), queries.get_meeting(db.session(), current_viewer(), meeting_id))
    commit()
    _say_with_undo("Meeting cancelled.", url_for("meetings.meeting_reopen", meeting_id=meeting_id), {})
    return _to(meeting_id)


@bp.route("/<int:meeting_id>/reopen", methods=["POST"])
@allow(Permission.MEETINGS_EDIT)
def meeting_reopen(meeting_id: int) -> ResponseReturnValue:
    """Take a cancellation back."""
    services.reopen_meeting(db.session(), queries.get_meeting(db.session(), current_viewer(), meeting_id))
    commit()
    flash("The meeting takes place again.", "good")
    return _to(meeting_id)


@bp.route("/<int:meeting_id>.ics")
@allow(Permission.MEETINGS_VIEW)
def meeting_file(meeting_id: int) -> ResponseReturnValue:
    """The meeting as a calendar file."""
    found = queries.get_meeting(db.session(), current_viewer(), meeting_id)
    event = meeting_event(db.session(), found, url_for("meetings.meeting", meeting_id=meeting_id, _external=True))
    headers = {"Content-Disposition": f'attachment; filename="meeting-{meeting_id}.ics"'}
    return calendar_file(event, clock.zone()), 200, {"Content-Type": "text/calendar; charset=utf-8", **headers}


@bp.route("/practices.json")
@allow(Permission.MEETINGS_EDIT)
def meeting_practices() -> ResponseReturnValue:
    """Practices for the form, while somebody types."""
    words = arg_words("q")
    found = suggest_practices(db.session(), current_viewer(), words, SUGGESTED) if words else []
    return jsonify([{"id": row.id, "label": row.name, "note": row.city} for row in found])


@bp.route("/people.json")
@allow(Permission.MEETINGS_EDIT)
def meeting_people() -> ResponseReturnValue:
    """Colleagues, providers and contacts to invite, while somebody types."""
    words = arg_words("q")
    found = queries.suggest_guests(db.session(), current_viewer(), words, SUGGESTED) if words else []
    return jsonify([{"id": row.value, "label": row.label, "note": row.note} for row in found])


def _form_number(name: str) -> int:
    text = request.form.get(name, "")
    return int(text) if text.isdecimal() and len(text) <= 9 else 0  # noqa: PLR2004 fits the column


def _say_with_undo(text: str, undo_url: str, fields: dict[str, str]) -> None:
    message: Any = {"text": text, "undo_url": undo_url, "fields": fields}
    flash(message, "good")


def _to(meeting_id: int) -> ResponseReturnValue:
    return redirect(url_for("meetings.meeting", meeting_id=meeting_id))
