"""Pages of meetings: plan, change, invite, record, cancel, the calendar file and the suggestions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import func, select

from crm.core import clock
from crm.meetings.models import Attendance, Attendee, Meeting, MeetingState
from crm.tasks.models import Task
from tests.cast import Cast, practice
from tests.pages import PageClient, count_statements

SignIn = Callable[..., PageClient]


def meeting(database: Any, owner: Any, place: Any = None, **values: Any) -> Meeting:
    start = clock.now() - timedelta(minutes=10)
    usual = {"title": "Spine review", "starts_at": start, "ends_at": start + timedelta(hours=1), "owner_id": owner.id}
    row = Meeting(practice_id=place.id if place else None, **(usual | values))
    database.add(row)
    database.flush()
    return row


def only(database: Any) -> Meeting:
    database.expire_all()
    row: Meeting = database.scalars(select(Meeting)).one()
    return row


def test_meeting_new_plans_and_invites(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    form = dana.get(f"/meetings/new?practice={cast.olentangy.id}")
    answer = dana.submit(
        form,
        {"title": "Spine review", "starts_at": "12:00", "ends_at": "13:00", "agenda": "1. Forms",
         "colleagues": f"user-{cast.maren.id}", "people": [f"provider-{cast.okonjo.id}", f"contact-{cast.marisol.id}"]},
    )  # fmt: skip
    row = only(database)
    assert answer.location == f"/meetings/{row.id}"
    assert (row.practice_id, len(row.attendees), clock.local(row.starts_at).hour) == (cast.olentangy.id, 3, 12)
    page = dana.get(answer.location).text
    for words in ("Spine review", "Maren Oakes", "Nadia Okonjo, MD", "1. Forms", "12:00 pm to 1:00 pm"):
        assert words in page


def test_meeting_new_keeps_what_was_typed(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    form = dana.get("/meetings/new")
    for wrong in (
        {"title": ""},
        {"starts_on": "x"},
        {"ends_at": "11:00"},
        {"title": "x" * 201},
        {"agenda": "DOB 3/12/1952"},
    ):
        answer = dana.submit(form, {"title": "Review", "place": "Kept place", **wrong})
        assert answer.status == 422
        assert "Kept place" in str(answer.form())
    assert dana.submit(form, {"title": "Review", "practice_id": str(cast.southgate.id)}).status == 404
    assert dana.submit(form, {"title": "Review", "practice_id": "x"}).status == 422
    assert database.scalar(select(func.count(Meeting.id))) == 0


def test_meeting_new_out_of_scope_does_not_exist(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.dana).get(f"/meetings/new?practice={cast.southgate.id}").status == 404


def test_meeting_edit_shows_a_conflict_and_keeps_the_text(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = meeting(database, cast.dana, cast.olentangy)
    dana, maren = sign_in(cast.dana), sign_in(cast.maren)
    mine, hers = dana.get(f"/meetings/{row.id}/edit"), maren.get(f"/meetings/{row.id}/edit")
    maren.submit(hers, {"title": "Hers"})
    conflict = dana.submit(mine, {"title": "Mine"})
    assert (conflict.status, "Somebody saved a change" in conflict.text) == (422, True)
    assert dana.submit(conflict).status == 302
    assert (only(database).title, only(database).practice_id) == ("Mine", cast.olentangy.id)


def test_meeting_people_are_invited_answer_and_taken_off(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = meeting(database, cast.dana, cast.olentangy)
    dana = sign_in(cast.dana)
    page = dana.get(f"/meetings/{row.id}")
    assert "Nobody is invited yet" in page.text
    invited = dana.submit(page, {"guest": f"contact-{cast.marisol.id}"}, action="/invite", follow=True)
    assert "Marisol Trent is invited" in invited.text
    attendee = only(database).attendees[0]
    dana.submit(invited, {"attendance": "declined"}, action="/answer")
    assert only(database).attendees[0].attendance in (Attendance.DECLINED, Attendance.ACCEPTED)
    off = dana.post(f"/meetings/{row.id}/uninvite", {"attendee_id": attendee.id}, follow=True)
    assert only(database).attendees == []
    dana.submit(off, action="/invite")
    assert len(only(database).attendees) == 1


@pytest.mark.parametrize("guest", ["", "x", "contact-999999", "user-999999"])
def test_meeting_invite_refuses_nobody(database: Any, cast: Cast, sign_in: SignIn, guest: str) -> None:
    row = meeting(database, cast.dana, cast.olentangy)
    dana = sign_in(cast.dana)
    answer = dana.post(f"/meetings/{row.id}/invite", {"guest": guest})
    assert (answer.status, "Choose somebody of the list" in answer.text) == (422, True)
    assert dana.post(f"/meetings/{row.id}/answer", {"attendee_id": "x", "attendance": "maybe"}).status == 422
    assert only(database).attendees == []


def test_meeting_invite_of_somebody_out_of_scope_is_refused(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = meeting(database, cast.dana, cast.olentangy)
    answer = sign_in(cast.dana).post(f"/meetings/{row.id}/invite", {"guest": f"contact-{cast.lena.id}"})
    assert answer.status == 422
    assert "Lena" not in answer.text


def test_meeting_record_notes_who_came(database: Any, cast: Cast, sign_in: SignIn) -> None:
    people = [Attendee(contact_id=cast.marisol.id), Attendee(user_id=cast.maren.id)]
    row = meeting(database, cast.dana, cast.olentangy, attendees=people)
    dana = sign_in(cast.dana)
    form = dana.get(f"/meetings/{row.id}/record")
    asked = dana.submit(form, {"minutes": "Mrs. Whitcombe waits"})
    assert (asked.status, "reads like" in asked.text) == (422, True)
    dana.submit(form, {"minutes": "Agreed on forms", f"came_{people[0].id}": "came", f"came_{people[1].id}": "absent"})
    held = only(database)
    assert (held.state, held.minutes) == (MeetingState.HELD, "Agreed on forms")
    assert {a.attendance for a in held.attendees} == {Attendance.CAME, Attendance.ABSENT}
    assert "Agreed on forms" in dana.get(f"/meetings/{row.id}").text


def test_meeting_record_of_one_to_come_is_refused(database: Any, cast: Cast, sign_in: SignIn) -> None:
    later = clock.now() + timedelta(days=1)
    row = meeting(database, cast.dana, starts_at=later, ends_at=later + timedelta(hours=1))
    dana = sign_in(cast.dana)
    assert "Record meeting" not in dana.get(f"/meetings/{row.id}").text
    assert dana.submit(dana.get(f"/meetings/{row.id}/record"), {"minutes": "x"}).status == 422


def test_meeting_cancel_with_undo(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = meeting(database, cast.dana, cast.olentangy)
    dana = sign_in(cast.dana)
    cancelled = dana.submit(dana.get(f"/meetings/{row.id}"), action="/cancel", follow=True)
    assert only(database).state is MeetingState.CANCELLED
    assert "Spine review" in dana.get("/meetings?view=cancelled").text
    dana.submit(cancelled, action="/reopen")
    assert only(database).state is MeetingState.PLANNED


def test_meeting_follow_ups_are_tasks(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = meeting(database, cast.dana, cast.olentangy)
    dana = sign_in(cast.dana)
    dana.submit(dana.get(f"/tasks/new?meeting={row.id}"), {"title": "Send the forms"})
    task = database.scalars(select(Task)).one()
    assert (task.meeting_id, task.practice_id) == (row.id, cast.olentangy.id)
    assert "Send the forms" in dana.get(f"/meetings/{row.id}").text


def test_meetings_of_another_territory_do_not_exist(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = meeting(database, cast.tomas, cast.southgate)
    dana = sign_in(cast.dana)
    assert "Spine review" not in dana.get("/meetings").text
    for page in ("", "/edit", "/record", ".ics"):
        assert dana.get(f"/meetings/{row.id}{page}").status == 404
    for act in ("/edit", "/record", "/invite", "/uninvite", "/answer", "/cancel", "/reopen"):
        assert dana.post(f"/meetings/{row.id}{act}", {"guest": f"user-{cast.dana.id}"}).status == 404
    assert dana.get(f"/meetings/{2**40}").status == 404
    assert only(database).attendees == []


@pytest.mark.parametrize("who", ["arjun", "carol", "adam"])
def test_meetings_are_for_those_who_meet(database: Any, cast: Cast, sign_in: SignIn, who: str) -> None:
    row = meeting(database, cast.dana)
    outsider = sign_in(getattr(cast, who))
    for page in ("/meetings", "/meetings/new", f"/meetings/{row.id}", "/meetings/people.json?q=a"):
        assert outsider.get(page).status == 403
    assert outsider.post(f"/meetings/{row.id}/cancel").status == 403


def test_marketing_sees_and_plans_meetings(database: Any, cast: Cast, sign_in: SignIn) -> None:
    row = meeting(database, cast.dana, cast.olentangy)
    priya = sign_in(cast.priya)
    assert "Spine review" in priya.get("/meetings").text
    assert priya.get(f"/meetings/{row.id}").status == 200
    assert priya.submit(priya.get("/meetings/new"), {"title": "Open house"}).status == 302


def test_meetings_say_what_to_do_when_there_are_none(cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    for view in ("", "upcoming", "past", "cancelled", "x"):
        assert "Plan meeting" in dana.get(f"/meetings?view={view}&page=99999999999").text


def test_meeting_file_is_read_back(database: Any, cast: Cast, sign_in: SignIn) -> None:
    people = [Attendee(contact_id=cast.marisol.id)]
    row = meeting(database, cast.dana, cast.olentangy, agenda="1. Forms\r\nEND:VCALENDAR", attendees=people)
    answer = sign_in(cast.dana).get(f"/meetings/{row.id}.ics")
    assert (answer.status, answer.response.mimetype) == (200, "text/calendar")
    calendar = Calendar.from_ical(answer.response.data)
    event = calendar.walk("VEVENT")[0]
    assert calendar.walk("VTIMEZONE")
    assert abs(event.start - row.starts_at) < timedelta(seconds=1)
    assert event["SUMMARY"] == "Spine review"
    assert str(event["ATTENDEE"]) == "mailto:marisol@olentangy.example"


def test_meeting_suggestions_stay_in_scope(cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)
    assert [row["label"] for row in dana.get("/meetings/practices.json?q=olent").json] == ["Olentangy Family Medicine"]
    assert dana.get("/meetings/practices.json?q=southgate").json == []
    assert [row["label"] for row in dana.get("/meetings/people.json?q=marisol").json] == ["Marisol Trent"]
    assert dana.get("/meetings/people.json?q=lena").json == []
    for nonsense in ("", "%00", "%ED%A0%80", "%25"):
        assert dana.get(f"/meetings/people.json?q={nonsense}").status == 200


def test_meetings_cost_the_same_for_one_and_fifty(database: Any, cast: Cast, sign_in: SignIn) -> None:
    dana = sign_in(cast.dana)

    def cost() -> int:
        database.expire_all()
        with count_statements() as statements:
            dana.get("/meetings")
        return len(statements)

    meeting(database, cast.dana, cast.olentangy, attendees=[Attendee(user_id=cast.maren.id)])
    cost()
    one = cost()
    for n in range(49):
        meeting(
            database,
            cast.dana,
            practice(database, f"P{n}", cast.north),
            attendees=[Attendee(contact_id=cast.marisol.id)],
        )
    assert cost() == one
