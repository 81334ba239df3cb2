"""Tests of estimated revenue: apart from what files state, only where a line has a value, only of its kind of money."""

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.analytics import metrics
from crm.analytics.filters import Filters
from crm.analytics.periods import Span, Window
from crm.analytics.queries import list_options
from crm.audit.models import AuditEvent
from crm.referrals.models import ReferralStatus, RevenueKind, ServiceLine
from crm.referrals.services import LineValue, value_service_line
from tests.analytics.volumes import NOV, Volumes, service_lines
from tests.cast import Cast
from tests.pages import PageClient

SignIn = Callable[..., PageClient]
TABLE = "/analytics/charts/revenue-by-month/table"


@pytest.fixture
def priced(november: None, database: Any, cast: Cast) -> Session:
    """In October five of Cardiology at $100 paid and three without an amount, another one lost;
    two of Imaging without an amount."""
    session: Session = database()
    cardiology, imaging = service_lines(session)
    volumes = Volumes(session)
    volumes.add(
        cast.olentangy, NOV - 1, 5, service_line_id=cardiology.id, revenue_cents=10_000, revenue_kind=RevenueKind.PAID
    )
    volumes.add(cast.olentangy, NOV - 1, 3, service_line_id=cardiology.id)
    volumes.add(cast.olentangy, NOV - 1, 1, service_line_id=cardiology.id, status=ReferralStatus.LOST)
    volumes.add(cast.southgate, NOV - 1, 2, service_line_id=imaging.id)
    volumes.store()
    return session


def state_value(session: Session, name: str, cents: int, kind: RevenueKind) -> None:
    """What a referral of a line is worth."""
    line = session.scalars(select(ServiceLine).where(ServiceLine.name == name)).one()
    line.value_cents, line.value_kind = cents, kind
    session.commit()


def test_without_a_value_nothing_is_estimated_nor_offered(priced: Session, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.maren)
    assert "With estimates" not in client.get("/analytics/revenue").text
    assert "Estimated" not in client.get(f"{TABLE}?estimate=1", htmx=True).text


def test_an_estimate_is_asked_for_and_stands_apart(priced: Session, cast: Cast, sign_in: SignIn) -> None:
    state_value(priced, "Cardiology", 20_000, RevenueKind.PAID)
    client = sign_in(cast.maren)
    plain = client.get("/analytics/revenue")
    assert "With estimates" in plain.text
    assert "Estimated" not in client.get(TABLE, htmx=True).text
    page = client.get("/analytics/revenue?estimate=1").text
    assert "5 of 11 referrals carry an amount; 3 of the others are estimated" in page
    assert "Oct 2026 $500 $500 $600" in client.get(f"{TABLE}?estimate=1", htmx=True).text
    file = client.get("/analytics/charts/revenue-by-month.csv?estimate=1").text
    assert '"Estimated, $"' in file
    assert '"Oct 2026","500' in file
    figure = json.loads(client.get("/analytics/charts/revenue-by-month.json?estimate=1").text)
    crossed = [trace for trace in figure["data"] if trace["name"] == "Estimated"]
    assert crossed[0]["marker"]["pattern"]["shape"] == "x"
    state_value(priced, "Imaging", 5_000, RevenueKind.PAID)
    both = client.get("/analytics/revenue?estimate=1").text
    assert "5 of 11 referrals carry an amount; 5 of the others are estimated" in both


def test_a_value_estimates_only_its_own_kind_of_money(priced: Session, cast: Cast, sign_in: SignIn) -> None:
    state_value(priced, "Imaging", 5_000, RevenueKind.NET)
    client = sign_in(cast.maren)
    assert "Estimated" not in client.get(f"{TABLE}?estimate=1&money=paid", htmx=True).text
    net = client.get(f"{TABLE}?estimate=1&money=net", htmx=True).text
    assert "Oct 2026 – $100" in net
    assert "Estimated" in net


def test_estimates_are_for_those_who_see_revenue(priced: Session, cast: Cast, sign_in: SignIn) -> None:
    state_value(priced, "Cardiology", 20_000, RevenueKind.PAID)
    assert sign_in(cast.dana).get(f"{TABLE}?estimate=1").status == 403


def test_the_value_of_a_line_is_both_or_none_and_in_the_trail(priced: Session, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.maren)
    line = priced.scalars(select(ServiceLine).where(ServiceLine.name == "Cardiology")).one()
    url, usual = f"/referrals/service-lines/{line.id}/edit", {"name": "Cardiology", "position": "1"}
    refused = client.post(url, {**usual, "value": "120.50", "value_kind": ""})
    assert refused.status == 422
    assert "Say what the value is: billed, paid or net." in refused.text
    assert client.post(url, {**usual, "value": "", "value_kind": "net"}).status == 422
    assert client.post(url, {**usual, "value": "-1", "value_kind": "net"}).status == 422
    assert client.post(url, {**usual, "value": "120.50", "value_kind": "net"}).status == 302
    priced.expire_all()
    assert (line.value_cents, line.value_kind) == (12_050, RevenueKind.NET)
    assert "$120.50 net on average" in client.get("/referrals/service-lines").text
    assert priced.scalars(select(AuditEvent).where(AuditEvent.object_label == "Cardiology")).all()
    assert client.post(url, {**usual, "value": "", "value_kind": ""}).status == 302
    priced.expire_all()
    assert (line.value_cents, line.value_kind) == (None, None)


def test_who_sees_no_revenue_changes_no_value(priced: Session, cast: Cast) -> None:
    state_value(priced, "Cardiology", 20_000, RevenueKind.PAID)
    line = priced.scalars(select(ServiceLine).where(ServiceLine.name == "Cardiology")).one()
    value_service_line(priced, cast.viewer(cast.dana), line, LineValue())
    assert line.value_cents == 20_000
    assert list_options(priced, cast.viewer(cast.dana), Filters()).values == {}
    assert list_options(priced, cast.viewer(cast.maren), Filters()).values == {line.id: (RevenueKind.PAID, 20_000)}


@given(
    st.lists(st.tuples(st.integers(100, 103), st.integers(0, 3), *[st.integers(0, 50)] * 4), max_size=20),
    st.dictionaries(st.integers(1, 3), st.tuples(st.sampled_from(["paid", "net"]), st.integers(1, 10**7))),
)
def test_an_estimate_is_what_is_missing_times_the_value(
    rows: list[tuple[int, int, int, int, int, int]], values: dict[int, tuple[str, int]]
) -> None:
    names = ["month", "line", "received", "priced", "declined", "lost"]
    records = [(m, line, waiting + p + d + ended, p, d, ended) for m, line, waiting, p, d, ended in rows]
    frame = pd.DataFrame(records, columns=names).astype("int64")
    window = Window(range(100, 104), Span(frozenset(range(100, 104)), 103))
    cents, referrals = metrics.estimated_money(frame, window, "paid", values)
    counted = [(row[2], values[row[1]][1]) for row in rows if row[1] in values and values[row[1]][0] == "paid"]
    assert referrals == sum(missing for missing, _ in counted)
    assert float(cents.sum()) == sum(missing * value for missing, value in counted)
