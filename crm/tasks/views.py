"""Pages of the room tasks: the list, one task, and what is done with it."""

from datetime import date

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.accounts.guard import current_viewer
from crm.accounts.permissions import Permission, Role
from crm.accounts.queries import list_users
from crm.accounts.viewer import Viewer
from crm.core import clock, formats
from crm.core.db import commit, db
from crm.core.errors import Invalid
from crm.core.web import allow, arg_int, is_htmx, page, partial, safe_next
from crm.directory.models import Practice
from crm.directory.queries import get_practice
from crm.meetings.queries import get_meeting
from crm.tasks import queries, services
from crm.tasks.forms import HandOverForm, PostponeForm, TaskForm
from crm.tasks.grouping import grouped, next_working_day, postponements
from crm.tasks.models import Task
from crm.visits.queries import get_visit

bp = Blueprint("tasks", __name__, url_prefix="/tasks")
VIEWS = ("open", "done")


@bp.route("")
@allow(Permission.TASKS_VIEW)
def tasks() -> ResponseReturnValue:
    """The list of tasks: one's own, or for a manager the team's."""
    viewer = current_viewer()
    is_team = _sees_team(viewer) and request.args.get("who") == "team"
    owner_id = (arg_int("owner") or None) if is_team else viewer.id
    view = "done" if request.args.get("view") == "done" else "open"
    rows = (queries.list_done if view == "done" else queries.list_open)(db.session(), viewer, owner_id)
    return page(
        "tasks/tasks.html",
        view=view,
        groups=grouped(rows, clock.today()) if view == "open" else {},
        tasks=rows,
        is_team=is_team,
        sees_team=_sees_team(viewer),
        owner_id=owner_id if is_team else None,
        owners=list_users(db.session(), Permission.TASKS_EDIT) if viewer.may(Permission.TASKS_EDIT) else [],
        postponements=postponements(clock.today()),
        looks_after=services.looks_after,
    )


def _sees_team(viewer: Viewer) -> bool:
    return Role.MANAGER in viewer.roles


@bp.route("/new", methods=["GET", "POST"])
@allow(Permission.TASKS_EDIT)
def task_new() -> ResponseReturnValue:
    """Give oneself or a colleague a task, perhaps from a practice, a visit or a meeting."""
    viewer = current_viewer()
    practice, visit_id, meeting_id = _origin(viewer)
    form = TaskForm(data={"owner_id": viewer.id, "due_on": next_working_day(clock.today())})
    form.offer_owners(list_users(db.session(), Permission.TASKS_EDIT))
    back = safe_next(request.values.get("next"), url_for("tasks.tasks"))
    if form.is_sent():
        with form.problems():
            task = services.add_task(
                db.session(), viewer, form.values(), practice=practice, visit_id=visit_id, meeting_id=meeting_id
            )
            commit()
            flash("Task added." if task.owner_id == viewer.id else f"Task given to {task.owner.name}.", "good")
            return redirect(back)
    return page("tasks/task_new.html", form=form, practice=practice, back=back)


def _origin(viewer: Viewer) -> tuple[Practice | None, int | None, int | None]:
    """What a new task comes from, if the viewer sees it: practice, visit and meeting."""
    visit_id, meeting_id, practice_id = arg_int("visit"), arg_int("meeting"), arg_int("practice")
    if visit_id is not None:
        return get_visit(db.session(), viewer, visit_id).practice, visit_id, None
    if meeting_id is not None:
        return get_meeting(db.session(), viewer, meeting_id).practice, None, meeting_id
    return (get_practice(db.session(), viewer, practice_id) if practice_id is not None else None), None, None


@bp.route("/<int:task_id>/edit", methods=["GET", "POST"])
@allow(Permission.TASKS_EDIT)
def task_edit(task_id: int) -> ResponseReturnValue:
    """Change a task."""
    viewer = current_viewer()
    task = queries.get_task(db.session(), viewer, task_id)
    form = TaskForm(obj=task)
    form.subject = task
    form.offer_owners(list_users(db.session(), Permission.TASKS_EDIT), task.owner)
    back = safe_next(request.values.get("next"), url_for("tasks.tasks"))
    if form.is_sent():
        with form.problems():
            services.change_task(db.session(), task, form.values(), version=form.seen_version)
            commit()
            flash("Saved.", "good")
            return redirect(back)
    return page("tasks/task_edit.html", form=form, task=task, back=back)


@bp.route("/<int:task_id>/done", methods=["POST"])
@allow(Permission.TASKS_EDIT)
def task_done(task_id: int) -> ResponseReturnValue:
    """Tick a task off."""
    task = queries.get_task(db.session(), current_viewer(), task_id)
    services.finish_task(db.session(), task)
    commit()
    return _answer(task, "Done.", url_for("tasks.task_reopen", task_id=task_id))


@bp.route("/<int:task_id>/reopen", methods=["POST"])
@allow(Permission.TASKS_EDIT)
def task_reopen(task_id: int) -> ResponseReturnValue:
    """Take a task back from the done ones."""
    task = queries.get_task(db.session(), current_viewer(), task_id)
    services.reopen_task(db.session(), task)
    commit()
    return _answer(task, "The task is open again.")


@bp.route("/<int:task_id>/postpone", methods=["POST"])
@allow(Permission.TASKS_EDIT)
def task_postpone(task_id: int) -> ResponseReturnValue:
    """Put a task off to another day."""
    task = queries.get_task(db.session(), current_viewer(), task_id)
    form = PostponeForm()
    if not form.is_sent():
        raise Invalid("Choose a day.")
    before = services.postpone_task(db.session(), task, form.due_on.data)
    commit()
    undo_url = url_for("tasks.task_postpone", task_id=task_id) if before else None
    return _answer(task, f"Due {_day_words(task.due_on)}.", undo_url, {"due_on": before.isoformat()} if before else {})


@bp.route("/<int:task_id>/hand-over", methods=["POST"])
@allow(Permission.TASKS_EDIT)
def task_hand_over(task_id: int) -> ResponseReturnValue:
    """Give a task to a colleague."""
    viewer = current_viewer()
    task = queries.get_task(db.session(), viewer, task_id)
    form = HandOverForm()
    if not form.is_sent() or not form.owner_id.data:
        raise Invalid("Choose somebody of the list.")
    before = task.owner_id
    owner = services.hand_over_task(db.session(), task, form.owner_id.data)
    commit()
    undo_url = url_for("tasks.task_hand_over", task_id=task_id)
    return _answer(task, f"{owner.name} has the task now.", undo_url, {"owner_id": str(before)})


def _answer(
    task: Task, says: str, undo_url: str | None = None, fields: dict[str, str] | None = None
) -> ResponseReturnValue:
    """The row again for htmx; otherwise back to where the button was, with the message and its undo."""
    if is_htmx():
        return partial("tasks/_row.html", task=task, postponements=postponements(clock.today()))
    message = {"text": f"{task.title}: {says}", "undo_url": undo_url, "fields": fields or {}}
    flash(message, "good")  # type: ignore[arg-type]  # base.html draws the button
    return redirect(safe_next(request.form.get("next"), url_for("tasks.tasks")))


def _day_words(day: date | None) -> str:
    return formats.weekday_day(day) if day else "any day"
