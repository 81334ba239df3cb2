"""Tests of what is read: scope, money, and that every number equals the rows behind it, for random filters."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from crm.accounts.viewer import Viewer
from crm.analytics import frames
from crm.analytics.filters import Filters, Period
from crm.analytics.periods import window_of
from crm.core.formats import month_of
from crm.referrals.models import ImportState, PayerClass, Referral, ReferralImport, RevenueKind
from crm.visits.models import VisitMode, VisitState
from tests.analytics.volumes import NOV, TODAY, Volumes, add_visit, random_referrals
from tests.cast import Cast, practice

MONTHS = range(NOV - 12, NOV + 1)
Matches = Callable[[Referral], bool]


@pytest.fixture
def session(database: Any, cast: Cast) -> Session:
    found: Session = database()
    return found


@pytest.fixture
def rows(session: Session, cast: Cast) -> list[Referral]:
    """A few hundred referrals of three practices and of nobody, with every dimension."""
    nowhere = practice(session, "Crossroads Clinic", None)
    return random_referrals(session, [cast.olentangy, cast.southgate, nowhere], number=400, seed=7).rows


def liaison(cast: Cast) -> Viewer:
    return cast.viewer(cast.dana)


choices = st.fixed_dictionaries(
    {
        "territory": st.sampled_from([None, None, 1, 2]),
        "line": st.sampled_from([None, None, 0, 1]),
        "site": st.sampled_from([None, None, 0, 1]),
        "payer": st.sampled_from([None, None, *(p.value for p in PayerClass)]),
        "source": st.sampled_from([None, None, None, 0, 1]),
    }
)


def resolved(chosen: dict[str, Any], cast: Cast, rows: list[Referral]) -> Filters:
    """Filters with real ids for the numbers 1 and 2."""
    line = next(r.service_line_id for r in rows if r.service_line_id)
    site = next(r.site_id for r in rows if r.site_id)
    return Filters(
        territory={1: cast.north.id, 2: cast.south.id}.get(chosen["territory"]),
        line={0: 0, 1: line}.get(chosen["line"]),
        site={0: 0, 1: site}.get(chosen["site"]),
        payer=chosen["payer"],
        source={0: 0, 1: cast.olentangy.id}.get(chosen["source"]),
    )


def behind(filters: Filters, cast: Cast, *, only_north: bool = False) -> Matches:
    """Whether a row is one of those that the filters mean, told without any SQL."""
    places = {cast.olentangy.id: cast.north.id, cast.southgate.id: cast.south.id}

    def matches(row: Referral) -> bool:
        place = places.get(row.practice_id or 0)
        return (
            (filters.territory is None or place == filters.territory)
            and (filters.line is None or (row.service_line_id or 0) == filters.line)
            and (filters.site is None or (row.site_id or 0) == filters.site)
            and (filters.payer is None or row.payer == filters.payer)
            and (filters.source is None or (row.practice_id or 0) == filters.source)
            and (not only_north or place == cast.north.id)
        )

    return matches


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=choices, first=st.integers(NOV - 24, NOV), length=st.integers(1, 14), only_north=st.booleans())
def test_every_total_equals_the_rows_behind_it(
    session: Session,
    cast: Cast,
    rows: list[Referral],
    chosen: dict[str, Any],
    first: int,
    length: int,
    only_north: bool,
) -> None:
    filters, months = resolved(chosen, cast, rows), range(first, first + length)
    viewer = liaison(cast) if only_north else cast.viewer(cast.maren)
    matches = behind(filters, cast, only_north=only_north)
    wanted = [row for row in rows if row.month in months and matches(row)]

    frame = frames.volumes(session, viewer, filters, months, "month", "line", money=True)
    assert int(frame["received"].sum()) == len(wanted)
    assert int(frame["matched"].sum()) == sum(row.practice_id is not None for row in wanted)
    assert int(frame["lost"].sum()) == sum(row.status == "lost" for row in wanted)
    sources = frames.sources(session, viewer, filters, months, [m - 12 for m in months], money=True)
    assert int(sources["now"].sum()) == len(wanted)
    earlier = [row for row in rows if row.month + 12 in months and matches(row)]
    assert int(sources["before"].sum()) == len(earlier)
    assert int(sources["both"].sum()) == len([row for row in wanted if row.month + 12 in months])
    waits = frames.waits(session, viewer, filters, months, "site")
    assert int(waits["referrals"].sum()) == sum(row.appointment_on is not None for row in wanted)
    if not only_north:
        for kind in RevenueKind:
            cents = sum(row.revenue_cents or 0 for row in wanted if row.revenue_kind == kind)
            assert round(float(frame[kind.value].sum())) == cents
            assert round(float(sources[f"{kind.value}_now"].sum())) == cents


def test_money_is_not_even_read_for_those_who_may_not_see_it(
    session: Session, cast: Cast, rows: list[Referral]
) -> None:
    volumes = frames.volumes(session, liaison(cast), Filters(), MONTHS, "month", money=True)
    sources = frames.sources(session, liaison(cast), Filters(), MONTHS, [], money=True)
    assert list(volumes.columns) == ["month", "received", "scheduled", "seen", "declined", "lost", "matched", "apart"]
    assert list(sources.columns) == ["practice", "name", "city", "tier", "now", "before", "both"]


def test_a_liaison_reads_only_the_own_territory(session: Session, cast: Cast, rows: list[Referral]) -> None:
    viewer = liaison(cast)
    assert set(frames.sources(session, viewer, Filters(), MONTHS, [])["name"]) == {"Olentangy Family Medicine"}
    foreign = Filters(territory=cast.south.id)
    assert frames.volumes(session, viewer, foreign, MONTHS, "month").empty
    assert frames.waits(session, viewer, Filters(source=cast.southgate.id), MONTHS).empty


def test_absurd_amounts_are_added_up_without_a_fault(session: Session, cast: Cast) -> None:
    volumes = Volumes(session)
    for _ in range(4):
        volumes.row(
            cast.olentangy, TODAY, revenue_cents=2_000_000_000_000_000_000, revenue_kind=RevenueKind.PAID,
            payer=list(PayerClass)[len(volumes.rows)],
        )  # fmt: skip
    volumes.store()
    found = frames.volumes(session, cast.viewer(cast.maren), Filters(), MONTHS, "month", money=True)
    assert float(found["paid"].sum()) == 8e18


def test_the_span_of_nothing(session: Session) -> None:
    assert frames.span(session, TODAY).last is None


def test_the_span_says_how_far_the_data_go(session: Session, cast: Cast) -> None:
    volumes = Volumes(session)
    volumes.add(cast.olentangy, NOV - 14, 3)
    volumes.monthly(None, NOV - 2, 40)
    volumes.add(cast.southgate, NOV, 2)
    volumes.row(None, date(2031, 1, 1))  # somebody mistyped a year
    volumes.store()
    span = frames.span(session, TODAY)
    assert (span.first, span.last, span.is_incomplete) == (NOV - 14, NOV, True)
    assert {NOV - 14, NOV - 2, NOV} < set(span.months)
    assert span.through == max(row.received_on for row in volumes.rows if row.month == NOV and row.received_on)


def test_a_month_of_monthly_counts_that_is_over_is_whole(session: Session, cast: Cast) -> None:
    volumes = Volumes(session)
    volumes.monthly(cast.olentangy, NOV - 1, 40)
    volumes.store()
    span = frames.span(session, TODAY)
    assert (span.last, span.through, span.is_incomplete) == (NOV - 1, None, False)


def test_rows_of_an_unfinished_import_do_not_move_the_last_day(session: Session, cast: Cast) -> None:
    batch = ReferralImport(file_name="nov.csv", grain="event", state=ImportState.RUNNING)
    session.add(batch)
    session.flush()
    volumes = Volumes(session)
    volumes.row(cast.olentangy, date(2026, 11, 3))
    volumes.row(cast.olentangy, date(2026, 11, 19), import_id=batch.id)
    volumes.store()
    assert frames.span(session, TODAY).through == date(2026, 11, 3)


def test_visits_are_counted_by_month_mode_and_scope(session: Session, cast: Cast) -> None:
    add_visit(session, cast.olentangy, cast.dana.id, date(2026, 10, 31))
    add_visit(session, cast.olentangy, cast.dana.id, date(2026, 11, 1), mode=VisitMode.LUNCH)
    add_visit(session, cast.southgate, cast.tomas.id, date(2026, 11, 2), state=VisitState.NO_ACCESS)
    add_visit(session, cast.southgate, cast.tomas.id, date(2026, 11, 25), state=VisitState.PLANNED)
    seen = frames.visits(session, cast.viewer(cast.maren), Filters(), MONTHS)
    assert {(r.month, r.mode, r.state, r.visits) for r in seen.itertuples()} == {
        (NOV - 1, "in_person", "done", 1), (NOV, "lunch", "done", 1), (NOV, "in_person", "no_access", 1),
    }  # fmt: skip
    assert int(frames.visits(session, liaison(cast), Filters(), MONTHS)["visits"].sum()) == 2
    assert int(frames.visits(session, cast.viewer(cast.maren), Filters(), [NOV])["visits"].sum()) == 2
    assert frames.visits(session, cast.viewer(cast.maren), Filters(), []).empty


def test_the_most_visited_come_first(session: Session, cast: Cast) -> None:
    for day in (3, 10):
        add_visit(session, cast.southgate, cast.tomas.id, date(2026, 11, day))
    add_visit(session, cast.olentangy, cast.dana.id, date(2026, 11, 4))
    found = frames.visited(session, cast.viewer(cast.maren), Filters(), MONTHS, 5)
    assert list(found["name"]) == ["Southgate Internal Medicine", "Olentangy Family Medicine"]
    assert list(found["visits"]) == [2, 1]
    assert found["last_on"][0] == date(2026, 11, 10)


def test_a_window_of_the_span_reads_what_it_shows(session: Session, cast: Cast) -> None:
    volumes = Volumes(session)
    volumes.add(cast.olentangy, NOV - 1, 5)
    volumes.add(cast.olentangy, NOV - 13, 4)
    volumes.store()
    window = window_of(Filters(period=Period.MONTH), frames.span(session, date(2026, 11, 2)))
    assert window.comparable == (month_of(date(2026, 10, 1)),)
