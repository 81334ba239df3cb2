"""Writes of visits: plan, log, change, move, cancel, take back; nothing is saved twice or with a patient in it."""

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.core import clock
from crm.core.errors import Conflict, Invalid
from crm.directory.models import PracticeStatus
from crm.directory.queries import list_people
from crm.tasks.models import Task
from crm.visits import services
from crm.visits.models import Outcome, Visit, VisitMode, VisitPerson, VisitState, VisitTopic
from crm.visits.services import FollowUp, PersonKey, VisitEntry
from tests.cast import Cast
from tests.visits.rows import visit

KEY = "11111111-2222-3333-4444-555555555555"


def today_and(days: int) -> date:
    return clock.today() + timedelta(days=days)


def entry(days: int = 0, **values: Any) -> VisitEntry:
    return VisitEntry(today_and(days), **values)


def count(database: Any, model: type) -> int:
    return database.scalar(select(func.count()).select_from(model)) or 0


def test_a_logged_visit_keeps_everything_and_gives_its_tasks(database: Any, cast: Cast) -> None:
    typed = entry(
        starts_at=time(10, 12), minutes=24, objective="Spine clinic", outcome=Outcome.MET,
        topics=("Reports", "Reports"),
        people=(PersonKey("provider", cast.okonjo.id), PersonKey("contact", cast.marisol.id)), note="Wants the guide.",
    )  # fmt: skip
    follow_ups = [FollowUp("Send spine guide", today_and(1)), FollowUp("Call Marisol Trent", today_and(7))]
    row = services.log_visit(database, cast.viewer(cast.dana), cast.olentangy, typed, follow_ups=follow_ups)
    assert (row.state, row.outcome, row.owner_id) == (VisitState.DONE, Outcome.MET, cast.dana.id)
    assert {services.key_of(person) for person in row.people} == set(typed.people)
    assert [topic.topic for topic in row.topics] == ["Reports"]
    tasks = database.scalars(select(Task).order_by(Task.due_on)).all()
    assert [(t.title, t.due_on, t.visit_id, t.practice_id, t.owner_id) for t in tasks] == [
        ("Send spine guide", today_and(1), row.id, cast.olentangy.id, cast.dana.id),
        ("Call Marisol Trent", today_and(7), row.id, cast.olentangy.id, cast.dana.id),
    ]


def test_no_access_has_no_outcome(database: Any, cast: Cast) -> None:
    typed = entry(objective="Spine clinic", is_no_access=True, outcome=Outcome.MET)
    row = services.log_visit(database, cast.viewer(cast.dana), cast.olentangy, typed)
    assert (row.state, row.outcome) == (VisitState.NO_ACCESS, None)


def test_the_same_form_saves_once(database: Any, cast: Cast) -> None:
    viewer = cast.viewer(cast.dana)
    first = services.log_visit(
        database,
        viewer,
        cast.olentangy,
        entry(),
        client_key=KEY,
        follow_ups=[FollowUp("Call", None)],
        newcomer="Jo Lin",
    )
    again = services.log_visit(
        database,
        viewer,
        cast.olentangy,
        entry(),
        client_key=KEY,
        follow_ups=[FollowUp("Call", None)],
        newcomer="Jo Lin",
    )
    assert again is first
    assert (count(database, Visit), count(database, Task)) == (1, 1)
    assert len(list_people(database, cast.olentangy).contacts) == 2
    assert services.plan_visit(database, viewer, cast.olentangy, entry(1), client_key=KEY) is first


def test_a_key_of_somebody_elses_form_gives_nothing_away(database: Any, cast: Cast) -> None:
    services.log_visit(database, cast.viewer(cast.tomas), cast.southgate, entry(), client_key=KEY)
    with pytest.raises(Conflict):
        services.log_visit(database, cast.viewer(cast.dana), cast.olentangy, entry(), client_key=KEY)


def test_logging_a_planned_visit_turns_it_into_a_done_one(database: Any, cast: Cast) -> None:
    planned = visit(database, cast.olentangy, cast.dana, state=VisitState.PLANNED, is_promised=True)
    typed = replace(services.entry_of(planned), note="Good talk")
    row = services.log_visit(database, cast.viewer(cast.dana), cast.olentangy, typed, planned=planned, client_key=KEY)
    assert row is planned
    assert (row.state, row.is_promised, row.note) == (VisitState.DONE, True, "Good talk")
    assert services.log_visit(
        database, cast.viewer(cast.dana), cast.olentangy, typed, planned=planned, client_key=KEY
    ) is row  # fmt: skip
    with pytest.raises(Conflict):
        services.log_visit(database, cast.viewer(cast.dana), cast.olentangy, typed, planned=planned)
    assert count(database, Visit) == 1


def test_somebody_new_becomes_a_contact_of_the_practice(database: Any, cast: Cast) -> None:
    row = services.log_visit(database, cast.viewer(cast.dana), cast.olentangy, entry(), newcomer="  Mary Ann   Lin ")
    contact = row.people[0].contact
    assert contact is not None
    assert (contact.first_name, contact.last_name, contact.practice_id) == ("Mary Ann", "Lin", cast.olentangy.id)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (entry(1), "visit_on"),
        (VisitEntry(date(1999, 12, 31)), "visit_on"),
        (VisitEntry(date.min), "visit_on"),
        (entry(objective="Spine clinic"), "outcome"),
        (entry(minutes=0), "minutes"),
        (entry(minutes=10**6), "minutes"),
        (entry(people=(PersonKey("contact", 10**8),)), "people"),
        (entry(note="SSN 219-09-9999"), "note"),
        (entry(objective="See Mrs. Whitcombe", outcome=Outcome.MET), "objective"),
        (entry(topics=("patient Smith",)), "other_topic"),
        (entry(materials="for patient Smith"), "materials"),
    ],
)
def test_a_log_that_breaks_a_rule_is_refused_at_its_field(
    database: Any, cast: Cast, typed: VisitEntry, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        services.log_visit(database, cast.viewer(cast.dana), cast.olentangy, typed)
    assert field in refusal.value.fields
    assert count(database, Visit) == 0


def test_people_of_another_practice_cannot_be_met_here(database: Any, cast: Cast) -> None:
    with pytest.raises(Invalid):
        services.log_visit(
            database, cast.viewer(cast.dana), cast.olentangy, entry(people=(PersonKey("contact", cast.lena.id),))
        )


def test_a_follow_up_is_checked_for_patients_too(database: Any, cast: Cast) -> None:
    follow_ups = [FollowUp("Call patient Smith", None)]
    with pytest.raises(Invalid) as question:
        services.log_visit(database, cast.viewer(cast.dana), cast.olentangy, entry(), follow_ups=follow_ups)
    assert question.value.fields.keys() == {"other_follow_up", "names_no_patient"}
    confirmed = entry(names_no_patient=True)
    services.log_visit(database, cast.viewer(cast.dana), cast.olentangy, confirmed, follow_ups=follow_ups)
    assert count(database, Task) == 1


def test_staff_may_be_named_in_the_note(database: Any, cast: Cast) -> None:
    typed = entry(note="Mrs. Trent wants the guide.")
    assert services.log_visit(database, cast.viewer(cast.dana), cast.olentangy, typed).note == typed.note


def test_a_plan_lies_ahead_at_a_practice_that_may_be_visited(database: Any, cast: Cast) -> None:
    viewer = cast.viewer(cast.dana)
    row = services.plan_visit(database, viewer, cast.olentangy, entry(3, objective="Spine", is_promised=True))
    assert (row.state, row.is_promised, row.outcome) == (VisitState.PLANNED, True, None)
    with pytest.raises(Invalid, match="over"):
        services.plan_visit(database, viewer, cast.olentangy, entry(-1))
    cast.olentangy.status = PracticeStatus.DO_NOT_VISIT
    with pytest.raises(Invalid, match="not to be visited"):
        services.plan_visit(database, viewer, cast.olentangy, entry(1))
    services.plan_visit(database, viewer, cast.olentangy, entry(1, mode=VisitMode.PHONE))
    cast.olentangy.retired_on = clock.today()
    with pytest.raises(Invalid, match="retired"):
        services.plan_visit(database, viewer, cast.olentangy, entry(1, mode=VisitMode.PHONE))


def test_a_change_keeps_what_it_does_not_touch(database: Any, cast: Cast) -> None:
    row = visit(database, cast.olentangy, cast.dana, people=(cast.marisol,), topics=("Reports",), note="Old")
    kept = row.people[0].id
    typed = replace(
        services.entry_of(row),
        note="New",
        people=(*services.entry_of(row).people, PersonKey("provider", cast.okonjo.id)),
    )
    services.change_visit(database, row, typed, version=row.version)
    assert row.note == "New"
    assert kept in {person.id for person in row.people}
    assert len(row.people) == 2
    services.change_visit(database, row, replace(services.entry_of(row), people=(), topics=()), version=row.version)
    assert (count(database, VisitPerson), count(database, VisitTopic)) == (0, 0)


def test_two_changes_of_one_version_cannot_both_win(database: Any, cast: Cast) -> None:
    row = visit(database, cast.olentangy, cast.dana)
    seen = row.version
    services.change_visit(database, row, replace(services.entry_of(row), note="First"), version=seen)
    with pytest.raises(Conflict):
        services.change_visit(database, row, replace(services.entry_of(row), note="Second"), version=seen)
    assert row.note == "First"


def test_a_planned_visit_is_moved_cancelled_and_put_back(database: Any, cast: Cast) -> None:
    row = visit(database, cast.olentangy, cast.dana, today_and(1), state=VisitState.PLANNED)
    services.move_visit(database, row, today_and(4), time(9, 0))
    assert (row.visit_on, row.starts_at) == (today_and(4), time(9, 0))
    with pytest.raises(Invalid):
        services.move_visit(database, row, today_and(-1), None)
    with pytest.raises(Conflict):
        services.record_no_access(database, row)
    services.cancel_visit(database, row)
    with pytest.raises(Conflict):
        services.cancel_visit(database, row)
    services.reopen_visit(database, row)
    services.move_visit(database, row, today_and(0), None)
    services.record_no_access(database, row)
    assert row.state is VisitState.NO_ACCESS
    services.reopen_visit(database, row)
    with pytest.raises(Conflict):
        services.reopen_visit(database, row)


def test_taking_back_removes_the_visit_with_its_tasks_only(database: Any, cast: Cast) -> None:
    viewer = cast.viewer(cast.dana)
    kept = services.log_visit(database, viewer, cast.olentangy, entry(), follow_ups=[FollowUp("Keep", None)])
    row = services.log_visit(
        database, viewer, cast.olentangy, entry(topics=("Reports",)), follow_ups=[FollowUp("Go", None)], client_key=KEY
    )
    services.take_back_visit(database, row, None)
    assert database.scalars(select(Visit)).all() == [kept]
    assert [task.title for task in database.scalars(select(Task))] == ["Keep"]
    assert count(database, VisitTopic) == 0
    services.log_visit(database, viewer, cast.olentangy, entry(), client_key=KEY)


def test_taking_back_a_planned_visit_plans_it_again(database: Any, cast: Cast) -> None:
    planned = visit(
        database, cast.olentangy, cast.dana, today_and(-2), state=VisitState.PLANNED, objective="Spine",
        people=(cast.marisol,),
    )  # fmt: skip
    plan = services.plan_of(planned)
    typed = entry(objective="Other", outcome=Outcome.MET, people=(PersonKey("provider", cast.okonjo.id),), note="Kept")
    services.log_visit(database, cast.viewer(cast.dana), cast.olentangy, typed, planned=planned, client_key=KEY)
    services.take_back_visit(database, planned, plan)
    assert services.plan_of(planned) == plan
    assert (planned.state, planned.outcome, planned.note) == (VisitState.PLANNED, None, "Kept")
