"""Marketing's main job in a real browser: build a list, see who is held back and why, and take the file."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.watching import Watch


def opted_out(page: Page) -> str:
    """The address of somebody on the list who opted out, as the list shows it."""
    row = page.locator("tbody tr", has=page.locator(".text-bad")).first
    expect(row).to_contain_text("Opted out")
    return str(row.locator("td[title]").get_attribute("title"))


def test_list_export_and_opt_outs(sign_in_as: Callable[..., Watch], size: str) -> None:
    watch = sign_in_as("marketing", size)
    page = watch.page
    watch.look()  # Lists
    page.goto("/exports/lists/new?channel=email&tier=A&tier=B&reachable=1")
    watch.look()
    page.get_by_role("navigation", name="Which people").get_by_role("link", name="Suppressed").click()
    watch.look()
    address = opted_out(page)
    page.get_by_label("Name of the list").fill(f"Invitation {size}")
    page.get_by_role("button", name="Save list").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Invitation {size}")

    page.get_by_role("link", name="Export", exact=False).filter(has_text="people").click()
    watch.look()
    page.get_by_label("What is it for?").fill("Invitation to the cardiology lunch")
    page.get_by_role("group", name="Format").get_by_text("CSV").click()
    page.get_by_role("main").get_by_role("button", name="Export").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("exported", timeout=20_000)
    watch.look()

    exported = int(page.get_by_role("heading", level=1).inner_text().split()[0].replace(",", ""))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert len(rows) == exported
    assert not any(address in row.values() for row in rows)
    assert all("opted out" not in " ".join(row.values()).lower() for row in rows)

    page.reload()
    expect(page.get_by_role("main")).not_to_contain_text("Not downloaded yet")
