"""Tests of the pages of analytics: they work, outsiders are refused, bad input is ignored, and nothing is no fault."""

import csv
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.analytics.answers import ANSWERS
from crm.analytics.catalog import CHARTS
from crm.audit.models import Action, AuditEvent
from crm.referrals.models import ReferralStatus
from crm.visits.models import VisitMode, VisitState
from tests.analytics.volumes import NOV, TODAY, Volumes, add_visit, busy_practices, random_referrals
from tests.cast import Cast
from tests.pages import PageClient, count_statements

SignIn = Callable[..., PageClient]
PAGES = ("/analytics", "/analytics/sources", "/analytics/revenue", "/analytics/service", "/analytics/outreach")
MONEY = ("revenue-by-month", "revenue-by-source")


def strict(text: str) -> Any:
    """JSON, without the words that only Python takes for numbers."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_every_chart_of_the_catalog_has_an_answer() -> None:
    assert set(CHARTS) == set(ANSWERS)
    assert all(chart.definition.endswith(".") for chart in CHARTS.values())


def test_growth_compares_whole_months_and_marks_the_running_one(
    two_years: Session, cast: Cast, sign_in: SignIn
) -> None:
    page = sign_in(cast.maren).get("/analytics")
    assert page.status == 200
    assert "Data through" in page.text
    # 22 a month in all of both years: Nov 2025 still had the old volumes, which add up to the same.
    assert "Nov 2025 to Oct 2026 is level with the year before: 264 against 264" in page.text
    assert "This month so far" in page.text
    assert "of 275 referrals matched a practice" in page.text


def test_the_year_before_is_told_with_counts(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    table = sign_in(cast.maren).get(f"/analytics/charts/referrals-by-month/table?source={cast.olentangy.id}", htmx=True)
    assert "Oct 2026 6 12 −6" in table.text
    assert "Nov 2026 3" in table.text
    assert "Incomplete, not compared" in table.text


def test_sources_tell_who_grows_and_who_declines(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.maren).get("/analytics/sources?period=year")
    assert page.status == 200
    rows = [row.get_text(" ", strip=True) for row in page.soup.select("main tbody tr")] if page.soup else []
    assert rows[0].startswith("1 Southgate Internal Medicine")
    assert "Clear Growing" in rows[0]
    assert "Clear Declining" in rows[1]


def test_the_first_months_of_data_are_drawn(november: None, database: Any, cast: Cast, sign_in: SignIn) -> None:
    volumes = Volumes(database())
    for month, count in ((NOV - 2, 4), (NOV - 1, 6)):
        volumes.add(cast.olentangy, month, count)
    volumes.store()
    client = sign_in(cast.maren)
    for path in ("/overview", *PAGES):
        page = client.get(path)
        assert "nan" not in str(page.soup.select("svg.spark")), path
    growth = client.get("/analytics").text
    assert "Year to date 10 Sep to Oct 2026" in growth
    table = client.get("/analytics/charts/year-to-date/table", htmx=True).text
    assert "Sep 2026 4" in table
    assert "Oct 2026 10" in table


def test_revenue_is_for_those_who_may_see_it(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.maren).get("/analytics/revenue").status == 200
    assert "Paid per month" in sign_in(cast.arjun).get("/analytics/revenue").text
    for outsider in (cast.dana, cast.priya, cast.carol, cast.adam):
        for path in PAGES:
            assert sign_in(outsider).get(path).status == 403
        for form in (".json", ".csv", "/table"):
            assert sign_in(outsider).get(f"/analytics/charts/sources{form}").status == 403


def test_a_chart_is_the_same_as_its_table_and_its_file(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.maren)
    for name in CHARTS:
        figure = strict(client.get(f"/analytics/charts/{name}.json").response.get_data(as_text=True))
        assert figure.get("empty") or figure["data"], name
        table = client.get(f"/analytics/charts/{name}/table", htmx=True)
        file = client.get(f"/analytics/charts/{name}.csv")
        assert file.response.mimetype == "text/csv"
        lines = file.response.get_data(as_text=True).removeprefix("\ufeff").splitlines()
        assert len(lines) == 1 + (len(table.soup.select("tbody tr")) if table.soup else 0), name


def test_the_total_of_a_table_leads_to_its_rows(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    table = sign_in(cast.maren).get("/analytics/charts/sources/table?period=quarter&payer=unknown", htmx=True)
    assert table.soup is not None
    links = [a["href"] for a in table.soup.select("tbody a")]
    span = "/referrals?from=2026-08&to=2026-10"
    assert links == [
        f"{span}&source={cast.southgate.id}&payer=unknown",
        f"{span}&source={cast.olentangy.id}&payer=unknown",
        f"{span}&source=0&payer=unknown",
        f"{span}&payer=unknown",
    ]
    month = sign_in(cast.maren).get("/analytics/charts/referrals-by-month/table", htmx=True)
    assert month.soup is not None
    assert month.soup.select("tbody a")[-2]["href"] == "/referrals?month=2026-11"


def test_taking_a_file_is_recorded(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    sign_in(cast.maren).get("/analytics/charts/sources.csv?period=year&payer=medicare")
    event = two_years.scalars(select(AuditEvent).where(AuditEvent.action == Action.EXPORTED)).one()
    assert (event.actor_name, event.object_kind, event.object_label) == (
        "Maren Oakes", "chart", "Referrals received by source",
    )  # fmt: skip
    assert event.detail["filters"] == {"period": "year", "payer": "medicare"}


def test_filters_are_chips_that_can_be_taken_off(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.maren).get(f"/analytics?source={cast.olentangy.id}&territory={cast.north.id}&payer=unknown")
    assert page.soup is not None
    removers = {a["aria-label"]: a["href"] for a in page.soup.select("main .chip-x")}
    assert set(removers) == {"Remove Olentangy Family Medicine", "Remove North", "Remove Payer: Unknown"}
    assert "territory" not in removers["Remove North"]
    assert "Clear all" in page.text


NONSENSE = (
    "period=never&territory=999999&line=-4&site=%00&payer=gold&source=1%20OR%201=1&money=gross&from=2026-99&to=x",
    "from=1990-01&to=1990-02", "from=2099-12", "source=987654", "line=0&site=0&source=0", "territory=%ED%A0%80",
    "period=36", "period=month", "money=billed", "from=2031-01&to=2020-01", "all=1", "months=abc&size=narrow",
)  # fmt: skip


def test_nonsense_in_the_address_is_no_fault(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.maren)
    for query in NONSENSE:
        for path in ("/analytics", "/analytics/sources", f"/analytics/practices/{cast.olentangy.id}.json"):
            assert client.get(f"{path}?{query}").status == 200
        for name in ("referrals-by-month", "sources", "revenue-by-month", "wait-by-source", "visits-and-referrals"):
            figure = strict(client.get(f"/analytics/charts/{name}.json?{query}").response.get_data(as_text=True))
            assert figure.get("empty") or figure["data"], f"{name}?{query}"


def test_an_unknown_chart_is_not_there(cast: Cast, sign_in: SignIn) -> None:
    for form in (".json", ".csv", "/table"):
        assert sign_in(cast.maren).get(f"/analytics/charts/growth-of-rumors{form}").status == 404


def test_without_any_data_each_page_says_so(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.maren)
    for path in PAGES:
        assert "No referrals yet" in client.get(path).text
    for name in CHARTS:
        figure = strict(client.get(f"/analytics/charts/{name}.json").response.get_data(as_text=True))
        assert figure["empty"]
        assert client.get(f"/analytics/charts/{name}/table", htmx=True).status == 200
        assert client.get(f"/analytics/charts/{name}.csv").status == 200


def check_everything(client: PageClient) -> str:
    """Open every page and chart; the text of all pages."""
    for name in CHARTS:
        figure = strict(client.get(f"/analytics/charts/{name}.json").response.get_data(as_text=True))
        assert figure.get("empty") or figure["data"]
        client.get(f"/analytics/charts/{name}/table", htmx=True)
    return " ".join(client.get(path).text for path in PAGES)


def test_one_month_cannot_be_compared(november: None, database: Any, cast: Cast, sign_in: SignIn) -> None:
    volumes = Volumes(database())
    volumes.add(cast.olentangy, NOV, 3)
    volumes.store()
    assert "No month of this period is over yet" in check_everything(sign_in(cast.maren))


def test_one_year_cannot_tell_changes(november: None, database: Any, cast: Cast, sign_in: SignIn) -> None:
    volumes = Volumes(database())
    for month in range(NOV - 5, NOV):
        volumes.add(cast.olentangy, month, 4)
    volumes.store()
    text = check_everything(sign_in(cast.maren))
    assert "no referrals for the same months a year before" in text
    assert "Growing" not in text.replace("Growing most", "")


def test_a_gap_is_told(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    from crm.referrals.models import Referral
    from crm.referrals.rollup import rebuild_rollup

    for row in two_years.scalars(select(Referral).where(Referral.month.in_([NOV - 4, NOV - 5]))):
        two_years.delete(row)
    two_years.flush()
    rebuild_rollup(two_years)
    two_years.commit()
    assert "Nobody's referrals are known for Jun to Jul 2026" in check_everything(sign_in(cast.maren))


def test_zeros_and_money_below_zero(november: None, database: Any, cast: Cast, sign_in: SignIn) -> None:
    volumes = Volumes(database())
    for month in range(NOV - 25, NOV + 1):
        volumes.monthly(cast.olentangy, month, 0)
        volumes.add(
            cast.southgate, month, 1, revenue_cents=-9_000_000_000_000, revenue_kind="net", status=ReferralStatus.LOST
        )
    volumes.store()
    text = check_everything(sign_in(cast.maren))
    assert "Net per month" in text


def test_the_number_of_statements_does_not_grow_with_the_sources(
    november: None, database: Any, cast: Cast, sign_in: SignIn
) -> None:
    session, counts = database(), []
    for practices in ([cast.olentangy], [cast.olentangy, *busy_practices(session, cast.north, 49)]):
        if len(practices) == 1:
            volumes = Volumes(session)
            volumes.add(cast.olentangy, NOV - 1, 2)
            volumes.store()
        else:
            random_referrals(session, practices, number=600, seed=3)
        client, seen = sign_in(cast.maren), {}
        for path in (*PAGES, *(f"/analytics/charts/{name}.json" for name in CHARTS)):
            with count_statements() as statements:
                client.get(path)
            seen[path] = len(statements)
        counts.append(seen)
    assert all(counts[1][path] <= counts[0][path] + 1 for path in counts[0]), counts
    assert max(counts[1].values()) < 25


def test_practice_chart_shows_months_and_visits(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    add_visit(two_years, cast.olentangy, cast.dana.id, date(2026, 9, 16), mode=VisitMode.LUNCH)
    add_visit(two_years, cast.olentangy, cast.dana.id, date(2026, 9, 2), state=VisitState.NO_ACCESS)
    two_years.commit()
    address = f"/analytics/practices/{cast.olentangy.id}.json"
    bars, *rest = strict(sign_in(cast.dana).get(address).response.get_data(as_text=True))["data"]
    marks = [trace for trace in rest if trace["type"] == "scatter"]
    assert bars["y"][-3:] == [6, 6, 3]
    assert len(bars["y"]) == 24
    assert bars["marker"]["color"] == ["last"] * 12 + ["accent"] * 12
    assert [mark["name"] for mark in marks] == ["In person, 1", "Lunch-and-learn, 1", "No access, 1"]
    short = strict(sign_in(cast.dana).get(f"{address}?months=12").response.get_data(as_text=True))
    assert len(short["data"][0]["y"]) == 12


def test_practice_chart_keeps_visits_from_those_who_may_not_see_them(
    two_years: Session, cast: Cast, sign_in: SignIn
) -> None:
    address = f"/analytics/practices/{cast.olentangy.id}.json"
    assert len(strict(sign_in(cast.arjun).get(address).response.get_data(as_text=True))["data"]) == 1


def test_practice_chart_of_another_territory_is_not_there(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    for ending in (".json", ".csv", "/table"):
        address = f"/analytics/practices/{cast.olentangy.id}{ending}"
        assert sign_in(cast.tomas).get(address).status == 404
        assert sign_in(cast.tomas).get(f"/analytics/practices/999999999999{ending}").status == 404
        assert sign_in(cast.priya).get(address).status == 403


def test_practice_chart_says_its_change_in_whole_months_and_names_its_marks(
    two_years: Session, cast: Cast, sign_in: SignIn
) -> None:
    address = f"/analytics/practices/{cast.olentangy.id}.json"
    figure = strict(sign_in(cast.dana).get(address).response.get_data(as_text=True))
    assert figure["headline"] == {
        "value": "18", "says": "Aug to Oct 2026, against 36 a year earlier", "change": "50.0%", "direction": "down",
        "kind": "bad",
    }  # fmt: skip
    assert [key["label"] for key in figure["legend"]] == ["This year", "Last year", "In person, 1"]


def test_practice_chart_has_the_same_numbers_as_table_and_file(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    address = f"/analytics/practices/{cast.olentangy.id}"
    table = sign_in(cast.dana).get(f"{address}/table").text
    text = sign_in(cast.dana).get(f"{address}.csv").response.get_data(as_text=True)
    lines = list(csv.reader(text.removeprefix("\ufeff").splitlines()))
    assert "Oct 2026" in table
    assert len(lines) == 1 + 24
    assert lines[0] == ["Month", "Referrals", "Year before", "Visits made", "Note"]
    assert lines[-2:] == [["Oct 2026", "6", "12", "1", ""], ["Nov 2026", "3", "12", "0", "Incomplete"]]
    event = two_years.scalars(select(AuditEvent).where(AuditEvent.action == Action.EXPORTED)).one()
    assert (event.detail["rows"], event.detail["practice_id"]) == (24, cast.olentangy.id)


def test_practice_chart_of_a_silent_practice_says_so(two_years: Session, cast: Cast, sign_in: SignIn) -> None:
    (silent,) = busy_practices(two_years, cast.north, 1)
    two_years.commit()
    figure = strict(sign_in(cast.dana).get(f"/analytics/practices/{silent.id}.json").response.get_data(as_text=True))
    assert figure["empty"] == "No referrals and no visits in the last 24 months."


def test_the_rows_behind_a_waiting_time_are_those_with_an_appointment(
    november: None, database: Any, cast: Cast, sign_in: SignIn
) -> None:
    volumes = Volumes(database())
    for number in range(12):
        day = date(2026, 10, 1) + timedelta(days=number)
        booked = {"appointment_on": day + timedelta(days=9)} if number % 3 else {}
        volumes.row(cast.olentangy, day, **booked)
    volumes.store()
    client = sign_in(cast.maren)
    for name in ("wait-by-month", "wait-by-site", "wait-by-payer", "wait-by-source"):
        table = client.get(f"/analytics/charts/{name}/table", htmx=True)
        row = table.soup.select_one("tbody tr") if table.soup else None
        assert row is not None, name
        assert row.select("td")[0].get_text(strip=True) == "8", name
        rows = client.get(str(row.select_one("a")["href"])).text
        assert "8 rows" in rows, name
        assert "With an appointment" in rows, name


def test_time_to_appointment_is_told_in_words(november: None, database: Any, cast: Cast, sign_in: SignIn) -> None:
    volumes = Volumes(database())
    for wait in range(1, 21):
        day = TODAY - timedelta(days=60)
        volumes.row(cast.olentangy, day, appointment_on=day + timedelta(days=wait))
    volumes.store()
    text = sign_in(cast.maren).get("/analytics/service").text
    assert "Half of the patients got an appointment within 10 days, nine of ten within 18" in text
    assert "20 of 20 referrals have an appointment day" in text
