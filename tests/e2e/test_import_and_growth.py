"""A manager's main job in a real browser: import referrals, read growth, and take the import back."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.watching import Watch, settle

PATIENT = "Zebulon Quixworth"
GOOD, BAD = 6, 2
HEADER = ["Referral ID", "Referral Date", "Referring Practice", "Dept", "Patient Name", "Status"]


def last_month() -> date:
    """A day in the last whole month: charts leave a month that is not over out of what they compare."""
    return date.today().replace(day=1) - timedelta(days=3)  # noqa: DTZ011 the demo is made for the same today


def referral_file(practices: list[str], prefix: str) -> bytes:
    """Six referrals, and two rows that cannot go in: a day that is none, and a row without a source."""
    day = f"{last_month():%m/%d/%Y}"
    rows = [[f"{prefix}-{n}", day, practices[n % 3], "Orthopedics", PATIENT, "Seen"] for n in range(GOOD)]
    rows += [
        [f"{prefix}-8", "32/45/2026", practices[0], "Orthopedics", PATIENT, "Seen"],
        [f"{prefix}-9", "", practices[0], "Orthopedics", PATIENT, "Seen"],
    ]
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode()


def received_last_month(page: Page) -> int:
    """What the growth chart says of the last whole month."""
    answer = page.request.get("/analytics/charts/referrals-by-month.json").json()
    return int(next(trace for trace in answer["data"] if trace.get("name") == "This period")["y"][-2])


def counts_of(page: Page) -> dict[str, int]:
    """The lines of the panel that says what an import will do."""
    lines = page.locator(".import-counts > div").all()
    return {line.locator("dt").inner_text(): int(line.locator("dd").inner_text().replace(",", "")) for line in lines}


def test_import_read_growth_and_take_back(sign_in_as: Callable[..., Watch], size: str) -> None:
    watch = sign_in_as("manager", size)
    page = watch.page
    watch.look()  # Overview
    page.goto("/directory/practices?sort=name")
    practices = [link.inner_text() for link in page.locator("a.row-name").all()[:3]]
    before = received_last_month(page)

    page.goto("/referrals/imports/new")
    watch.look()
    file = {"name": f"extract-{size}.csv", "mimeType": "text/csv", "buffer": referral_file(practices, size)}
    page.set_input_files("input[type=file]", file)  # type: ignore[arg-type]  # a mapping of Playwright's own shape
    page.get_by_role("button", name="Read the file").click()

    expect(page.get_by_text("Nothing is written until you press Import", exact=False).first).to_be_visible()
    watch.look()
    main = page.get_by_role("main")
    expect(main.locator("tr.is-refused")).to_contain_text("Patient Name")
    assert PATIENT not in page.content()
    problems = page.get_by_role("region", name="Rows with a problem").locator("tbody tr")
    assert sum(int(cell.inner_text()) for cell in problems.locator("td.num b").all()) == BAD
    counts = counts_of(page)
    assert counts["With a problem"] == BAD
    assert counts["New referrals"] == GOOD
    assert counts["Rows in the file"] == GOOD + BAD

    page.get_by_role("button", name=f"Import {GOOD} rows").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{GOOD} rows imported", timeout=20_000)
    expect(main).to_contain_text(f"{GOOD} + 0 + 0 + {BAD} = {GOOD + BAD} rows in extract-{size}.csv")
    watch.look()
    receipt = page.url
    assert received_last_month(page) == before + GOOD

    read_growth(watch)

    page.goto(receipt)
    page.get_by_role("button", name="Take back import").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("was taken back", timeout=20_000)
    watch.look()
    assert received_last_month(page) == before


def read_growth(watch: Watch) -> None:
    """The chart is drawn, and its table and its file say the same."""
    page = watch.page
    page.goto("/analytics")
    watch.look()
    card = page.locator("#referrals-by-month")
    expect(card.locator(".scatterlayer .point").first).to_be_visible()
    drawn = drawn_months(page)
    assert len(drawn) >= 12

    phone_tools = card.get_by_role("button", name="Tools of the chart")
    if phone_tools.is_visible():
        phone_tools.click()
    card.get_by_role("button", name="Show as a table").click()
    expect(card.get_by_role("region")).to_be_visible()
    settle(page)
    cells = [row.locator("th, td").all_inner_texts() for row in card.locator("tbody tr").all()]
    shown = {row[0]: int(row[1].replace(",", "")) for row in cells}
    assert drawn == list(shown.values())[: len(drawn)]
    watch.look()

    (phone_tools if phone_tools.is_visible() else card.get_by_role("button", name="Download")).click()
    with page.expect_download() as download:
        card.get_by_role("link", name="Numbers, CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert {row[0]: int(row[1]) for row in list(csv.reader(io.StringIO(text)))[1:]} == shown


def drawn_months(page: Page) -> list[int]:
    """The whole months of the chart as Plotly has drawn them."""
    values: list[Any] = page.evaluate(
        """() => [...document.querySelector("#referrals-by-month [data-chart-canvas]").data
                 .find((trace) => trace.name === "This period").y].filter((value) => Number.isFinite(value))"""
    )
    return [round(value) for value in values]
