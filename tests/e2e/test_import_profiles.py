"""A manager saves how a sending system writes its files, finds it again with the next file, and changes it."""

import csv
import io
import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.watching import Watch

HEADER = ["Order No", "Referral Date", "Referring Practice", "Clinic Code", "Status"]


def extract(size: str, first: int) -> dict[str, object]:
    """A file of a system that calls the service line a clinic code."""
    rows = [[f"{size}-{first + n}", f"03/{n % 28 + 1:02d}/2026", "Somebody new", "Imaging", "Seen"] for n in range(30)]
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return {"name": f"orders-{size}.csv", "mimeType": "text/csv", "buffer": text.getvalue().encode()}


def upload(page: Page, file: dict[str, object]) -> None:
    page.goto("/referrals/imports/new")
    page.set_input_files("input[type=file]", file)  # type: ignore[arg-type]  # a mapping of Playwright's own shape
    page.get_by_role("button", name="Read the file").click()
    page.wait_for_url(re.compile(r"/referrals/imports/\d+$"))


def test_a_profile_is_saved_found_again_changed_and_deleted(sign_in_as: Callable[..., Watch], size: str) -> None:
    watch = sign_in_as("manager", size)
    page = watch.page
    name = f"Orders {size}"
    upload(page, extract(size, 0))
    expect(page.locator("#check")).to_contain_text("New layout")
    page.get_by_text("Use or save a profile").click()
    with page.expect_response(re.compile("/mapping$")):
        page.get_by_label("Clinic Code goes to").select_option("service_line")
    watch.look()
    page.get_by_label("Save as a profile named").fill(name)
    page.locator(".import-profile").get_by_role("button", name="Save").click()
    expect(page.locator("#check")).to_contain_text(f"Recognized as {name}")
    page.get_by_role("button", name="Give up this file").click()

    upload(page, extract(size, 100))
    expect(page.locator("#check")).to_contain_text(f"Recognized as {name}")
    expect(page.get_by_label("Clinic Code goes to")).to_have_value("service_line")
    page.get_by_role("button", name="Give up this file").click()

    page.goto("/referrals/profiles")
    watch.look()
    page.get_by_role("link", name=name).click()
    watch.look()
    page.get_by_label("Site, where none is named").fill("Easton")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name=name).click()
    expect(page.get_by_label("Site, where none is named")).to_have_value("Easton")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("main")).not_to_contain_text(name)


def test_a_file_that_cannot_be_read_is_told_beside_it_and_one_too_large_is_not_sent(
    sign_in_as: Callable[..., Watch], size: str
) -> None:
    watch = sign_in_as("manager", size)
    page = watch.page
    watch.expected.append("status of 422")
    page.goto("/referrals/imports/new")
    page.set_input_files("input[type=file]", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"})
    page.get_by_role("button", name="Read the file").click()
    summary = page.locator("[data-error-summary]")
    expect(summary).to_contain_text("This is a PDF")
    expect(summary).to_be_focused()
    watch.look()
    page.locator("#upload").evaluate("form => { form.dataset.maxBytes = '1000000'; }")
    large = {"name": "large.csv", "mimeType": "text/csv", "buffer": b"x" * 2_000_000}
    page.set_input_files("input[type=file]", large)  # type: ignore[arg-type]
    page.get_by_role("button", name="Read the file").click()
    expect(page.locator("[data-file-drop-name]")).to_contain_text(
        "large.csv has 2.0 MB, and at most 1.0 MB can be sent"
    )
    expect(page).to_have_url(re.compile(r"/referrals/imports/new$"))
