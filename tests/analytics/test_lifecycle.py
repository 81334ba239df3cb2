"""Tests of what came of referrals: the seen rate of months that are old enough, and how soon reports were sent."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from crm.analytics import metrics
from crm.analytics.periods import Span, Window
from crm.referrals.models import ReferralStatus
from tests.analytics.volumes import NOV, TODAY, Volumes, service_lines
from tests.cast import Cast
from tests.pages import PageClient

SignIn = Callable[..., PageClient]
NAMES = ("seen-by-month", "seen-by-line", "report-by-month", "report-by-line")


@pytest.fixture
def followed(november: None, database: Any, cast: Cast) -> Session:
    """Ten referrals a month for half a year, of which six are seen and four get a report after a week, one after 30."""
    session: Session = database()
    cardiology, imaging = service_lines(session)
    volumes = Volumes(session)
    for month in range(NOV - 5, NOV + 1):
        first = date(month // 12, month % 12 + 1, 1)
        for number in range(10):
            is_seen = number < 6
            seen_on = first + timedelta(days=10)
            report = {0: 30, 1: 7, 2: 7, 3: 7, 4: 7}.get(number)
            volumes.row(
                cast.olentangy, first, status=ReferralStatus.SEEN if is_seen else ReferralStatus.SCHEDULED,
                seen_on=seen_on if is_seen else None,
                report_sent_on=seen_on + timedelta(days=report) if is_seen and report else None,
                service_line_id=(cardiology if number % 2 else imaging).id,
            )  # fmt: skip
    volumes.row(cast.olentangy, TODAY)
    volumes.store()
    return session


def test_the_seen_rate_is_told_of_months_that_are_old_enough(followed: Session, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.maren)
    table = client.get("/analytics/charts/seen-by-month/table", htmx=True).text
    assert "Aug 2026 10 6 60.0" in table
    assert "Sep 2026 10 6 – Too recent" in table
    assert "Oct 2026 10 6 – Too recent" in table
    page = client.get("/analytics/service").text
    assert "60.0% were seen, 18 of 30" in page
    lines = client.get("/analytics/charts/seen-by-line/table", htmx=True).text
    assert "Cardiology 15 9 60.0" in lines
    assert "All 30 18 60.0" in lines


def test_reports_are_told_with_their_share_median_and_90th_percentile(
    followed: Session, cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(cast.maren)
    months = client.get("/analytics/charts/report-by-month/table", htmx=True)
    assert "Aug 2026 6 5 83" in months.text
    lines = client.get("/analytics/charts/report-by-line/table", htmx=True).text
    assert "Imaging 18 18 100.0 7 30" in lines
    assert "Cardiology 18 12 66.7 7 7" in lines
    row = months.soup.select_one("tbody tr a") if months.soup else None
    assert row is not None
    rows = client.get(str(row["href"])).text
    assert "5 rows" in rows
    assert "With a report" in rows
    assert "of 37 seen" in client.get("/analytics/service").text


def test_a_territory_has_its_own_lifecycle_and_outsiders_none(followed: Session, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.maren)
    for name in NAMES:
        north = client.get(f"/analytics/charts/{name}/table?territory={cast.north.id}", htmx=True)
        assert north.soup is not None
        assert north.soup.select("tbody tr"), name
        south = client.get(f"/analytics/charts/{name}/table?territory={cast.south.id}", htmx=True)
        assert south.soup is not None
        assert not south.soup.select("tbody tr"), name
        assert sign_in(cast.dana).get(f"/analytics/charts/{name}.json").status == 403


def test_young_data_and_no_data_say_so(november: None, database: Any, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.maren)
    volumes = Volumes(database())
    for name in NAMES:
        assert "no referrals yet" in client.get(f"/analytics/charts/{name}.json").text, name
    volumes.row(cast.olentangy, TODAY)
    volumes.store()
    says = {name: json.loads(client.get(f"/analytics/charts/{name}.json").text)["empty"] for name in NAMES}
    assert "old enough" in says["seen-by-month"]
    assert "old enough" in says["seen-by-line"]
    assert "report was sent" in says["report-by-month"]
    assert "report was sent" in says["report-by-line"]


def test_practice_figures_say_what_came_of_its_referrals(followed: Session, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.maren)
    practice = client.get(f"/directory/practices/{cast.olentangy.id}")
    assert "What came of its referrals" in practice.text
    assert practice.soup is not None
    found = client.get(f"/analytics/practices/{cast.olentangy.id}/figures", htmx=True)
    assert "Seen 60% 18 of 30 received Jun to Aug 2026" in found.text
    assert "Visit to report 7 days, median nine of ten within 30; 30 of 37 seen have a report" in found.text
    assert "Received to appointment – No file says when" in found.text
    assert found.soup is not None
    assert "30 rows" in client.get(str(found.soup.select("a")[-1]["href"])).text
    own = sign_in(cast.dana).get(f"/analytics/practices/{cast.olentangy.id}/figures", htmx=True)
    assert "18 of 30" in own.text


def test_practice_figures_of_few_recent_or_no_referrals(
    november: None, database: Any, cast: Cast, sign_in: SignIn
) -> None:
    client, volumes = sign_in(cast.maren), Volumes(database())
    path = f"/analytics/practices/{cast.olentangy.id}/figures"
    assert "No referrals of this practice yet." in client.get(path, htmx=True).text
    assert "What came of its referrals" not in client.get(f"/directory/practices/{cast.olentangy.id}").text
    volumes.row(cast.olentangy, TODAY, appointment_on=TODAY + timedelta(days=1), seen_on=TODAY, report_sent_on=TODAY)
    volumes.rows[-1].status = ReferralStatus.SCHEDULED
    volumes.store()
    text = client.get(path, htmx=True).text
    assert "Seen – Too recent to say" in text
    assert "1 day, median 1 of 1 have an appointment day" in text
    assert "0 days, median 1 have a report" in text
    old = Volumes(database(), "old")
    old.row(cast.olentangy, date(2026, 6, 2))
    old.store()
    assert "Seen 1 of 1 received Jun to Aug 2026" in client.get(path, htmx=True).text


def test_practice_figures_of_another_territory_are_not_there(followed: Session, cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.dana).get(f"/analytics/practices/{cast.southgate.id}/figures").status == 404
    assert sign_in(cast.carol).get(f"/analytics/practices/{cast.olentangy.id}/figures").status == 403


counts = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 40), st.integers(0, 40)), max_size=12)


@given(counts)
def test_a_seen_rate_lies_between_none_and_all(rows: list[tuple[int, int, int]]) -> None:
    frame = pd.DataFrame([(k, max(a, b), min(a, b)) for k, a, b in rows], columns=["line", "received", "seen"])
    found = metrics.seen_rates(frame, "line")
    assert int(found["seen"].sum()) == int(frame["seen"].sum())
    told = found[found["received"] > 0]
    assert told["rate"].between(0, 1).all()
    assert found[found["received"] == 0]["rate"].isna().all()


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 90), st.integers(1, 9)), max_size=12), counts)
def test_no_report_and_no_seen_referral_gets_lost(
    waits: list[tuple[int, int, int]], rows: list[tuple[int, int, int]]
) -> None:
    reports = pd.DataFrame(waits, columns=["line", "days", "referrals"]).astype("int64")
    volumes = pd.DataFrame([(k, a) for k, a, _ in rows], columns=["line", "seen"]).astype("int64")
    found = metrics.report_summary(reports, volumes, "line")
    assert int(found["referrals"].sum()) == int(reports["referrals"].sum())
    assert int(found["seen"].sum()) == int(volumes["seen"].sum())
    assert found["share"].dropna().between(0, 1).all()
    assert found.loc[found["referrals"] > found["seen"], "share"].isna().all()


def test_ripe_months_end_two_before_the_last_whole_one() -> None:
    span = Span(frozenset(range(100, 113)), 112, None, is_incomplete=True)
    assert metrics.ripe_months(Window(range(105, 113), span)) == (105, 106, 107, 108, 109)
    assert metrics.ripe_months(Window(range(0), Span())) == ()
