"""Tests of the volumes that other rooms read: windows of ninety days, months, scope."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts.viewer import SYSTEM
from crm.referrals import queries, services
from crm.referrals.queries import RecentCounts
from crm.referrals.services import Entry
from tests.cast import Cast, practice
from tests.pages import count_statements

TODAY = date(2026, 11, 20)
NOVEMBER = 2026 * 12 + 10


@pytest.fixture
def session(cast: Cast, database: Any) -> Session:
    return database()  # type: ignore[no-any-return]


def enter(session: Session, practice_id: int, *days: date) -> None:
    for day in days:
        services.enter_referral(session, SYSTEM, Entry(practice_id, received_on=day))


def test_events_count_on_their_day(session: Session, cast: Cast) -> None:
    enter(
        session,
        cast.olentangy.id,
        TODAY,
        date(2026, 8, 23),
        date(2026, 8, 22),
        date(2026, 5, 25),
        date(2026, 5, 24),
        date(2025, 11, 30),
    )
    found = queries.recent_counts(session, SYSTEM, [cast.olentangy.id], TODAY)
    assert found == {cast.olentangy.id: RecentCounts(last90=2, before90=2, months12=found[cast.olentangy.id].months12)}
    assert sum(found[cast.olentangy.id].months12) == 5
    assert len(found[cast.olentangy.id].months12) == 12


def test_monthly_counts_weigh_by_the_days_in_the_window(session: Session, cast: Cast) -> None:
    services.enter_referral(
        session, SYSTEM, Entry(cast.olentangy.id, month=NOVEMBER - 3, count=31)
    )  # August: nine of its days
    services.enter_referral(session, SYSTEM, Entry(cast.olentangy.id, month=NOVEMBER - 1, count=10))
    found = queries.recent_counts(session, SYSTEM, [cast.olentangy.id], TODAY)[cast.olentangy.id]
    assert (found.last90, found.before90, sum(found.months12)) == (19, 22, 41)
    assert queries.share_of_month(NOVEMBER - 3, (date(2026, 8, 23), TODAY)) == pytest.approx(9 / 31)
    assert queries.share_of_month(NOVEMBER + 5, (date(2026, 8, 23), TODAY)) == 0


def test_a_liaison_sees_only_the_own_territory(session: Session, cast: Cast) -> None:
    enter(session, cast.olentangy.id, TODAY)
    enter(session, cast.southgate.id, TODAY)
    both = [cast.olentangy.id, cast.southgate.id]
    assert set(queries.recent_counts(session, cast.viewer(cast.dana), both, TODAY)) == {cast.olentangy.id}
    assert queries.months_for_practice(session, cast.viewer(cast.dana), cast.southgate.id, NOVEMBER, NOVEMBER) == {}
    assert queries.months_for_practice(session, cast.viewer(cast.tomas), cast.southgate.id, NOVEMBER - 1, NOVEMBER) == {
        NOVEMBER - 1: 0,
        NOVEMBER: 1,
    }


def test_volumes_join_to_practices(session: Session, cast: Cast) -> None:
    enter(session, cast.olentangy.id, TODAY, TODAY)
    volumes = queries.volume_subquery(NOVEMBER - 2, NOVEMBER)
    assert session.execute(select(volumes.c.practice_id, volumes.c.received)).all() == [(cast.olentangy.id, 2)]


def test_the_windows_of_all_practices_are_those_of_each(session: Session, cast: Cast) -> None:
    enter(session, cast.olentangy.id, TODAY, date(2026, 8, 22))
    enter(session, cast.southgate.id, date(2026, 10, 1))
    every = queries.recent_subquery(TODAY)
    found = {
        row[0]: (round(row[1]), round(row[2]))
        for row in session.execute(select(every.c.practice_id, every.c.last90, every.c.before90))
    }
    each = queries.recent_counts(session, SYSTEM, [cast.olentangy.id, cast.southgate.id], TODAY)
    assert found == {id_: (counts.last90, counts.before90) for id_, counts in each.items()}


def test_recent_counts_take_the_same_statements_for_many(session: Session, cast: Cast) -> None:
    more = [practice(session, f"Practice {n}", cast.north).id for n in range(50)]
    with count_statements() as one:
        queries.recent_counts(session, SYSTEM, more[:1], TODAY)
    with count_statements() as many:
        assert len(queries.recent_counts(session, SYSTEM, more, TODAY)) == 50
    assert len(one) == len(many) == 3
    assert queries.recent_counts(session, SYSTEM, [], TODAY) == {}


def test_each_provider_of_a_practice_has_its_own_count(session: Session, cast: Cast) -> None:
    whose = cast.okonjo.id
    days = (TODAY, TODAY - timedelta(days=89), TODAY - timedelta(days=90))
    for entry in (
        *(Entry(cast.olentangy.id, received_on=day, provider_id=whose) for day in days),
        Entry(cast.olentangy.id, month=NOVEMBER - 1, count=7, provider_id=whose),
        Entry(cast.olentangy.id, month=NOVEMBER - 1, count=5),
        Entry(cast.southgate.id, received_on=TODAY, provider_id=cast.becker.id),
    ):
        services.enter_referral(session, SYSTEM, entry)
    of_olentangy = queries.recent_by_provider(session, cast.viewer(cast.dana), cast.olentangy.id, TODAY)
    assert of_olentangy == {whose: 9}
    assert queries.recent_by_provider(session, cast.viewer(cast.dana), cast.southgate.id, TODAY) == {}
