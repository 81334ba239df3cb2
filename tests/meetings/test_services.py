"""Meetings: who sees them, when they are across the change of clocks, who is invited, and what becomes of them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.core import clock
from crm.core.errors import Conflict, Invalid, NotFound
from crm.directory.models import Channel, Consent, ContactPermission
from crm.meetings import queries, services
from crm.meetings.calendar_event import meeting_event
from crm.meetings.models import Attendance, Attendee, Meeting, MeetingState
from crm.meetings.services import Guest, MeetingEntry
from tests.cast import Cast

DAY = date(2026, 11, 17)


def entry(**values: Any) -> MeetingEntry:
    return MeetingEntry(**({"title": "Review", "starts_on": DAY, "starts_at": time(12), "ends_at": time(13)} | values))


def meeting(database: Any, owner: Any, place: Any = None, **values: Any) -> Meeting:
    usual = {"title": "Review", "starts_at": clock.at(DAY, 12), "ends_at": clock.at(DAY, 13), "owner_id": owner.id}
    row = Meeting(practice_id=place.id if place else None, **(usual | values))
    database.add(row)
    database.flush()
    return row


def test_each_role_sees_its_meetings(database: Any, cast: Cast) -> None:
    north, south = meeting(database, cast.dana, cast.olentangy), meeting(database, cast.tomas, cast.southgate)
    own, other = meeting(database, cast.dana), meeting(database, cast.maren)
    invited = meeting(database, cast.maren, attendees=[Attendee(user_id=cast.dana.id)])
    now = clock.at(DAY, 8)

    def sees(who: Any) -> set[Meeting]:
        return set(queries.list_meetings(database, cast.viewer(who), now).rows)

    assert sees(cast.dana) == {north, own, invited}
    assert sees(cast.tomas) == {south}
    assert sees(cast.maren) == sees(cast.priya) == {north, south, own, other, invited}
    for hidden in (south.id, other.id, 10**6, 2**40):
        with pytest.raises(NotFound):
            queries.get_meeting(database, cast.viewer(cast.dana), hidden)
    assert queries.list_for_practice(database, cast.viewer(cast.dana), cast.southgate.id) == []
    assert queries.list_for_practice(database, cast.viewer(cast.dana), cast.olentangy.id) == [north]


def test_lists_by_time(database: Any, cast: Cast) -> None:
    viewer, now = cast.viewer(cast.dana), clock.at(DAY, 12, 30)
    running = meeting(database, cast.dana)
    past = meeting(database, cast.dana, starts_at=clock.at(DAY, 8), ends_at=clock.at(DAY, 9))
    off = meeting(database, cast.dana, state=MeetingState.CANCELLED)
    assert queries.list_meetings(database, viewer, now).rows == [running]
    assert queries.list_meetings(database, viewer, now, "past").rows == [past]
    assert queries.list_meetings(database, viewer, now, "cancelled").rows == [off]
    assert queries.list_meetings(database, viewer, now, "nonsense").rows == [running]
    assert queries.list_between(database, viewer, clock.at(DAY, 8, 30), clock.at(DAY, 12)) == [past]
    assert queries.list_between(database, viewer, clock.at(DAY, 9), clock.at(DAY, 12)) == []
    assert queries.list_between(database, viewer, clock.at(DAY, 0), clock.at(DAY, 23), cast.tomas.id) == []


def test_a_meeting_keeps_its_wall_clock_time_across_the_change_of_clocks(database: Any, cast: Cast) -> None:
    viewer = cast.viewer(cast.dana)
    summer = services.plan_meeting(database, viewer, entry(starts_on=date(2026, 7, 1)), practice=None)
    winter = services.plan_meeting(database, viewer, entry(starts_on=date(2026, 12, 1)), practice=None)
    assert summer.starts_at == datetime(2026, 7, 1, 16, tzinfo=UTC)
    assert winter.starts_at == datetime(2026, 12, 1, 17, tzinfo=UTC)
    assert clock.local(summer.starts_at).time() == clock.local(winter.starts_at).time() == time(12)


def test_a_time_that_the_clocks_skip_is_refused(database: Any, cast: Cast) -> None:
    typed = entry(starts_on=date(2026, 3, 8), starts_at=time(2, 30), ends_at=time(4))
    with pytest.raises(Invalid) as refusal:
        services.plan_meeting(database, cast.viewer(cast.dana), typed, practice=None)
    assert refusal.value.fields.keys() == {"starts_at"}


def test_a_meeting_over_the_change_of_clocks_lasts_its_real_time(database: Any, cast: Cast) -> None:
    typed = entry(starts_on=date(2026, 11, 1), starts_at=time(0, 30), ends_at=time(3, 30))
    row = services.plan_meeting(database, cast.viewer(cast.dana), typed, practice=None)
    assert row.ends_at - row.starts_at == timedelta(hours=4)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dates(date(2001, 1, 1), date(2099, 12, 1)), st.times(), st.times())
def test_a_meeting_never_ends_before_it_begins(day: date, starts_at: time, ends_at: time) -> None:
    starts_at, ends_at = starts_at.replace(second=0, microsecond=0), ends_at.replace(second=0, microsecond=0)
    try:
        start, end = services.span(entry(starts_on=day, starts_at=starts_at, ends_at=ends_at))
    except Invalid:
        return
    assert start < end
    assert (clock.local(start).date(), clock.local(start).time()) == (day, starts_at)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": "  "}, "title"),
        ({"ends_at": time(11)}, "ends_at"),
        ({"ends_at": time(12)}, "ends_at"),
        ({"starts_on": date(1999, 1, 1)}, "starts_on"),
        ({"ends_on": DAY - timedelta(days=1)}, "ends_on"),
        ({"ends_on": DAY + timedelta(days=15)}, "ends_on"),
        ({"agenda": "SSN 219-09-9999", "names_no_patient": True}, "agenda"),
        ({"title": "About patient Smith"}, "title"),
    ],
)
def test_a_meeting_that_breaks_a_rule_is_refused(database: Any, cast: Cast, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        services.plan_meeting(database, cast.viewer(cast.dana), entry(**values), practice=None)
    assert field in refusal.value.fields


def test_colleagues_and_people_of_the_practice_are_invited(database: Any, cast: Cast) -> None:
    guests = [Guest("user", cast.maren.id), Guest("provider", cast.okonjo.id), Guest("contact", cast.marisol.id)]
    row = services.plan_meeting(
        database, cast.viewer(cast.dana), entry(), practice=cast.olentangy, guests=[*guests, guests[0]]
    )
    assert [services.guest_of(attendee) for attendee in row.attendees] == guests
    for stranger in (Guest("contact", cast.lena.id), Guest("user", 10**8), Guest("provider", cast.becker.id)):
        with pytest.raises(Invalid):
            services.plan_meeting(database, cast.viewer(cast.dana), entry(), practice=cast.olentangy, guests=[stranger])


def test_inviting_twice_is_once_and_taking_off_can_be_undone(database: Any, cast: Cast) -> None:
    row, guest = meeting(database, cast.dana), Guest("contact", cast.marisol.id)
    services.invite(database, row, guest)
    services.invite(database, row, guest)
    assert len(row.attendees) == 1
    assert services.uninvite(database, row, row.attendees[0].id) == guest
    assert row.attendees == []
    assert services.uninvite(database, row, 10**6) is None


@pytest.mark.parametrize("text", ["", "user", "user-", "user-x", "pet-3", "user--3", "user-99999999999", "user-1-2"])
def test_a_guest_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Guest.read(text)


def test_a_meeting_is_recorded_once_it_has_begun(database: Any, cast: Cast) -> None:
    ahead = clock.now() + timedelta(hours=1)
    row = meeting(database, cast.dana, starts_at=ahead, ends_at=ahead + timedelta(hours=1))
    services.invite(database, row, Guest("contact", cast.marisol.id))
    with pytest.raises(Conflict):
        services.record_meeting(database, row, minutes="x", attendance={}, version=row.version)
    row.starts_at = clock.now() - timedelta(minutes=5)
    came = {row.attendees[0].id: Attendance.CAME}
    with pytest.raises(Invalid):
        services.record_meeting(database, row, minutes="SSN 219-09-9999", attendance=came, version=None)
    services.record_meeting(database, row, minutes="Mrs. Trent agreed.", attendance=came, version=row.version)
    assert (row.state, row.minutes) == (MeetingState.HELD, "Mrs. Trent agreed.")
    assert row.attendees[0].attendance is Attendance.CAME
    with pytest.raises(Conflict):
        services.cancel_meeting(database, row)


def test_a_cancelled_meeting_takes_nobody_and_can_be_put_back(database: Any, cast: Cast) -> None:
    row = meeting(database, cast.dana)
    services.cancel_meeting(database, row)
    for act in (
        lambda: services.invite(database, row, Guest("user", cast.maren.id)),
        lambda: services.record_meeting(database, row, minutes="", attendance={}, version=None),
        lambda: services.cancel_meeting(database, row),
    ):
        with pytest.raises(Conflict):
            act()
    services.reopen_meeting(database, row)
    assert row.state is MeetingState.PLANNED


def test_two_changes_of_one_version_cannot_both_win(database: Any, cast: Cast) -> None:
    row = meeting(database, cast.dana)
    seen = row.version
    services.change_meeting(database, row, entry(title="First"), practice=cast.olentangy, version=seen)
    with pytest.raises(Conflict):
        services.change_meeting(database, row, entry(title="Second"), practice=None, version=seen)
    assert (row.title, row.practice) == ("First", cast.olentangy)


def test_addresses_that_opted_out_stay_out_of_the_calendar_file(database: Any, cast: Cast) -> None:
    row = meeting(database, cast.dana, cast.olentangy)
    for guest in (Guest("provider", cast.okonjo.id), Guest("contact", cast.marisol.id), Guest("user", cast.maren.id)):
        services.invite(database, row, guest)
    database.add(
        ContactPermission(
            channel=Channel.EMAIL, address="nadia.okonjo@olentangy.example", consent=Consent.OPTED_OUT,
            decided_on=clock.today(),
        )
    )  # fmt: skip
    database.flush()
    emails = {email for _, email in meeting_event(database, row, "https://rounds.example").attendees}
    assert emails == {"marisol@olentangy.example", cast.maren.email}


def test_suggestions_are_colleagues_and_people_in_scope(database: Any, cast: Cast) -> None:
    dana = cast.viewer(cast.dana)
    assert [row.label for row in queries.suggest_guests(database, dana, "maren", 5)] == ["Maren Oakes"]
    assert [row.value for row in queries.suggest_guests(database, dana, "okonjo", 5)] == [f"provider-{cast.okonjo.id}"]
    assert [row.value for row in queries.suggest_guests(database, dana, "marisol", 5)] == [f"contact-{cast.marisol.id}"]
    assert queries.suggest_guests(database, dana, "lena", 5) == []
